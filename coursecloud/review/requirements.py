"""The packages that a side wants: they run wherever the program is, and no plan shows what they do."""

import importlib.metadata
import re
from pathlib import Path

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(\[[\w,.-]*\])?==(?P<version>[\w.+!-]+)\s*(?P<marker>;?)")
_NOTHING = re.compile(r"\s*(#.*|--hash=\S+\s*\\?)?\s*")


def _read(path: Path) -> tuple[dict[str, tuple[str, bool]], list[str]]:
    """Read the pinned packages of a file, with whether a marker decides on each, and every line that pins none."""
    # A link could lead to any file of the user's.
    if path.is_symlink() or not path.is_file():
        return {}, []
    pinned: dict[str, tuple[str, bool]] = {}
    odd: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _PINNED.match(line):
            pinned[match["name"].lower().replace("_", "-")] = (match["version"], bool(match["marker"]))
        elif not _NOTHING.fullmatch(line):
            odd.append(" ".join(line.split())[:120])
    return pinned, odd


def other(root: Path) -> list[str]:
    """List what a side's requirements.txt wants otherwise than it is here, where that renders it."""
    pinned, odd = _read(root / "requirements.txt")
    found: list[str] = []
    for name, (wanted, marked) in pinned.items():
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not marked:
                found.append(f"{name} {wanted} (not installed)")
            continue
        if here != wanted:
            found.append(f"{name} {wanted} (here {here})")
    return [*found, *(f"{line} (no release of a package)" for line in odd)]


def changed(before: Path, after: Path) -> list[str]:
    """List the packages that differ: `name 1.0 (new)`, `name 1.0 -> 1.1`, or the line as it stands."""
    found: list[str] = []
    names = {path.name for root in (before, after) for path in root.glob("requirements*.txt")}
    for file in sorted(names):
        (old, odd), (new, more) = _read(before / file), _read(after / file)
        for name, (version, _) in new.items():
            if name not in old:
                found.append(f"{name} {version} (new)")
            elif old[name][0] != version:
                found.append(f"{name} {old[name][0]} -> {version}")
        found += [f"{line} (no release of a package)" for line in more if line not in odd]
    return list(dict.fromkeys(found))
