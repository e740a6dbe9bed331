"""The packages that a side wants: they run wherever the program is, and no plan shows what they do."""

import importlib.metadata
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*==\s*(?P<version>[\w.+!-]+)\s*(?P<marker>;[^#\\]*)?"
)
_HASH = re.compile(r"--hash=(\S+)")
_NOTHING = re.compile(r"\s*(#.*|--hash=\S+\s*\\?)?\s*")


@dataclass
class _Pin:
    """One pinned package as its line has it."""

    version: str
    extras: str = ""
    marker: str = ""
    hashes: set[str] = field(default_factory=set[str])

    def __str__(self) -> str:
        return self.version + (f" {self.extras}" if self.extras else "") + (f" {self.marker}" if self.marker else "")


def _read(path: Path) -> tuple[dict[str, _Pin], list[str]]:
    """Read the pinned packages of a file, and every line that pins none."""
    # A link could lead to any file of the user's.
    if path.is_symlink() or not path.is_file():
        return {}, []
    pinned: dict[str, _Pin] = {}
    odd: list[str] = []
    last: _Pin | None = None
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _PINNED.match(line):
            extras, marker = ("".join((match[part] or "").split()) for part in ("extras", "marker"))
            name = re.sub(r"[-_.]+", "-", match["name"].lower())
            # Two lines of one package: pip takes what fits, and a reader has to see both.
            odd += [_short(line)] if name in pinned else []
            last = pinned[name] = _Pin(match["version"], extras, marker)
            rest = re.sub(r"#.*|\\\s*$", "", _HASH.sub("", line[match.end() :])).strip()
            odd += [_short(line)] if rest else []
        elif not _NOTHING.fullmatch(line):
            odd.append(_short(line))
        if last:
            last.hashes.update(_HASH.findall(line))
    return pinned, odd


_NAMES = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)[\s=]*(?P<file>[^\s#]+)")


def _files(root: Path) -> set[str]:
    """Name the files of packages at the top of a project, and those inside of it that these name."""
    left = [path.name for path in root.glob("requirements*.txt")]
    found: set[str] = set()
    while left:
        name = left.pop()
        path = root / name
        if name in found or not _is_inside(path, root):
            continue
        found.add(name)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        named = [match["file"] for match in map(_NAMES.match, lines) if match]
        left += [os.path.normpath(Path(name).parent / each) for each in named]
    return found


def _is_inside(path: Path, root: Path) -> bool:
    """Say whether a path is a file of the project's own; a file of packages can name anything."""
    try:
        return not path.is_symlink() and path.is_file() and path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, links in a circle, or no name at all
        return False


def _short(line: str) -> str:
    return " ".join(line.split())


def other(root: Path) -> list[str]:
    """List what a side's requirements.txt wants otherwise than it is here, where that renders it."""
    pinned, odd = _read(root / "requirements.txt")
    found: list[str] = []
    for name, pin in pinned.items():
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not pin.marker:
                found.append(f"{name} {pin.version} (not installed)")
            continue
        if here != pin.version:
            found.append(f"{name} {pin.version} (here {here})")
    return [*found, *(f"{line} (no release of a package)" for line in odd)]


def changed(before: Path, after: Path) -> list[str]:
    """List the packages that differ: `name 1.0 (new)`, `name 1.0 -> 1.1`, `name 1.0 (gone)`, or the line as it stands.

    What is no other version of what was there stands first. Of the same version other extras, another marker and other
    hashes are told too: each brings other code.
    """
    found: list[str] = []
    raised: list[str] = []
    names = {name for root in (before, after) for name in _files(root)}
    for file in sorted(names):
        (old, odd), (new, more) = _read(before / file), _read(after / file)
        for name, pin in new.items():
            was = old.get(name)
            if was is None:
                found.append(f"{name} {pin} (new)")
            elif str(was) != str(pin):
                same = (was.extras, was.marker) == (pin.extras, pin.marker)
                (raised if same else found).append(f"{name} {was} -> {pin}")
            elif was.hashes and not was.hashes >= pin.hashes:
                found.append(f"{name} {pin} (other hashes: other files under the same version)")
            elif was.hashes and not pin.hashes:
                found.append(f"{name} {pin} (without hashes: whatever is served under that version)")
        found += [f"{name} {was} (gone)" for name, was in old.items() if name not in new]
        found += [f"{line} (no release of a package)" for line in more if line not in odd]
        found += [f"{line} (gone)" for line in odd if line not in more]
    return list(dict.fromkeys([*found, *raised]))
