"""Whether a program is the one that this version ships: rules judge what a program registers, not what it leaves out.

`python -m coursecloud.plan.shipped` writes the list anew, after each change of the program.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

LIST = Path(__file__).with_name("shipped.json")


def digests(root: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of a program by its path; ends of lines are those of no system in particular."""
    files = [root / "__main__.py", *sorted((root / "infra").rglob("*.py")), *sorted((root / "infra").rglob("*.sh"))]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for path in files
        if path.is_file()
    }


def listed() -> Mapping[str, str]:
    """Give the list that this version has."""
    return json.loads(LIST.read_text(encoding="utf-8"))


def altered(root: Path) -> list[str]:
    """List the files of a program that differ from those of this version, come or are gone; an unread one differs."""
    try:
        there, shipped = digests(root), listed()
    except (OSError, ValueError):
        return ["what cannot be read"]
    return sorted(name for name in there.keys() | shipped.keys() if there.get(name) != shipped.get(name))


if __name__ == "__main__":
    LIST.write_text(json.dumps(digests(Path(__file__).parents[2]), indent=1) + "\n", encoding="utf-8")
