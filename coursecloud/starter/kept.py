"""What an earlier run has written, kept beside the files to be merged with what is written next."""

from __future__ import annotations

from pathlib import Path

from infra import files

KEPT = ".coursecloud"
"""Folder of what was last written, which no rule is about."""
FOLDER = f"{KEPT}/starter"
"""Where what was last written is kept, to be committed with the rest."""


def kept_at(path: str) -> str:
    """Say where the last written text of a file is kept: under no name that a tool would take for its own.

    >>> kept_at(".github/workflows/ci.yaml")
    '.coursecloud/starter/dot-github/workflows/ci.yaml.base'
    """
    parts = [f"dot-{part[1:]}" if part.startswith(".") else part for part in path.split("/")]
    return f"{FOLDER}/{'/'.join(parts)}.base"


def kept(root: Path) -> dict[str, str]:
    """Read what was last written, by the paths that it was written to."""
    folder = root / FOLDER
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.base")) if folder.is_dir() else ():
        if file.is_symlink() or not file.is_file():
            continue
        parts = file.relative_to(folder).as_posix().removesuffix(".base").split("/")
        path = "/".join(f".{part[4:]}" if part.startswith("dot-") else part for part in parts)
        try:
            found[path] = files.text_of(file)
        except (OSError, ValueError):
            continue  # as if it had never been kept: its file is then left alone
    return found
