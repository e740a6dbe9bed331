"""A POSIX shell in which programs only say how they were called: what a line that is pasted really runs."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

PROGRAMS = ("gcloud", "docker", "dvc", "curl")
_CALL = """\
#!/bin/sh
{{ printf '%s\\0' {name} "$@"; printf '\\n\\0'; }} >> "$CALLS"
echo answer
"""


def calls(folder: Path, lines: Iterable[str]) -> list[list[str]]:
    """Run lines, with `folder` as home and as the place where they stand; give each call of `PROGRAMS` by its words."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in PROGRAMS:
        (programs / name).write_text(_CALL.format(name=name), encoding="utf-8")
        (programs / name).chmod(0o755)
    log = folder / "calls"
    log.write_text("", encoding="utf-8")
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "CALLS": str(log)}
    for line in lines:
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=folder, env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    found = log.read_text(encoding="utf-8").split("\0\n\0")
    return [entry.split("\0") for entry in found if entry]
