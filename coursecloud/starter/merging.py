"""What an earlier run has written, what the group made of it and what would be written now: how they come together."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coursecloud.starter.kept import kept, kept_at

State = Literal["new", "same", "changed", "merged", "conflict", "theirs", "removed", "obsolete"]
"""What comes of a file: `new`, `changed` (nobody had edited it) and `merged` are written, the others are left as they
are. `theirs` was there before and was not written here; `removed` was taken away by the group; `obsolete` the stack no
longer asks for."""


@dataclass(frozen=True)
class MergedFile:
    """What comes of one file."""

    path: str
    state: State
    before: str | None
    """Its text as it is; None where it is not there."""
    after: str | None
    """Its text as it will be; None where it is not written."""
    base: str | None
    """What would be kept as last written; None where that stays as it is."""
    said: str = ""
    """What a person should know of it."""


class MergeError(Exception):
    """No merge could be tried; the text says why and what to do."""


def outcomes(root: Path, wanted: Mapping[str, str]) -> list[MergedFile]:
    """Say what comes of each file. Raises MergeError."""
    bases = kept(root)
    found = [_outcome(root, path, text, bases.get(path)) for path, text in wanted.items()]
    for path in sorted(bases.keys() - wanted.keys()):
        if (root / path).is_file():
            said = f"the stack asks for it no longer; remove it yourself, and {kept_at(path)} with it"
            found.append(MergedFile(path, "obsolete", None, None, None, said))
    return found


def _outcome(root: Path, path: str, text: str, base: str | None) -> MergedFile:
    file = root / path
    if not file.is_file():
        if base is None:
            return MergedFile(path, "new", None, text, text)
        said = f"you have removed it; to have it written again, remove {kept_at(path)}"
        return MergedFile(path, "removed", None, None, None, said)
    if file.is_symlink():
        return MergedFile(path, "theirs", None, None, None, "it is a link, which was not followed")
    try:
        there = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return MergedFile(path, "theirs", None, None, None, "it is there, and cannot be read as text")
    windows = there.count("\r\n") * 2 > there.count("\n")
    plain = there.replace("\r\n", "\n")
    if base is None and not plain.strip() and path == ".dvc/config":  # as `dvc init` leaves it
        return MergedFile(path, "new", there, text, text)
    if plain == text:
        return MergedFile(path, "same", there, None, None if base == text else text)
    if base is None:
        return MergedFile(
            path, "theirs", there, None, None, "it is yours and stays as it is; what it lacks is said below"
        )
    if base == text:
        return MergedFile(path, "same", there, None, None, "with your edits")
    if base == plain:
        return MergedFile(path, "changed", there, text.replace("\n", "\r\n") if windows else text, text)
    merged, conflicts = merge(plain, base, text)
    if conflicts:
        said = f"your edits and what the stack now asks for meet in {', '.join(conflicts)}"
        return MergedFile(path, "conflict", there, None, None, said)
    if merged == plain:
        return MergedFile(path, "same", there, None, text, "with your edits")
    return MergedFile(path, "merged", there, merged.replace("\n", "\r\n") if windows else merged, text)


def merge(ours: str, base: str, theirs: str) -> tuple[str, list[str]]:
    """Merge two descendants of a text: the result, and where they meet, as `line 12` of ours. Raises MergeError."""
    with tempfile.TemporaryDirectory(prefix="coursecloud-") as folder:
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")
        words = ["git", "merge-file", "-p", "--quiet", "--marker-size=31", *names]
        try:
            done = subprocess.run(
                words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            raise MergeError(
                "git is not there, or does not answer\n    rule    git merges your edits with what the stack"
                " now asks for"
                "\n    remedy  install git (`sudo apt install git`) and run this again"
            ) from None
    text = done.stdout.decode()
    if done.returncode == 0:
        return text, []
    if done.returncode > 127:
        raise MergeError(
            f"git merge-file ended with {done.returncode}\n    rule    git merges your edits with what the"
            " stack now asks"
            " for\n    remedy  look at what it says: " + done.stderr.decode(errors="replace").strip()[:200]
        )
    return text, _places(text)


def _places(text: str) -> list[str]:
    """Say in which lines of ours the conflicts are, from the text with git's marks."""
    found: list[str] = []
    number, within = 0, ""
    first = 0
    for line in text.split("\n"):
        if line.startswith("<" * 31):
            within, first = "ours", number + 1
        elif within and line.startswith("=" * 31):
            within = "theirs"
            found.append(f"line {first}" if number <= first else f"lines {first} to {number}")
        elif within and line.startswith(">" * 31):
            within = ""
        elif within != "theirs":
            number += 1
    return found
