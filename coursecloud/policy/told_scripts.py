"""What runs as root on a machine at each start and stop: the stack file's own scripts, and the program's as shipped.

The program puts a start-up script together from parts (infra/startup.py). Here it is taken apart again, so that an
edit of that, or of a file in infra/scripts/, is held to the stack file and to what the scripts were.
"""

import functools
import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from coursecloud.plan import shipped
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.reading import UnknownError, at
from coursecloud.policy.told_values import said
from infra.settings.machines import Container, Machine

_SCRIPTS = "infra/scripts/"


@functools.cache
def _shipped() -> Mapping[str, str]:
    """Name each of the program's scripts, by the SHA-256 of what this version ships."""
    return {
        digest: name.removeprefix(_SCRIPTS) for name, digest in shipped.listed().items() if name.startswith(_SCRIPTS)
    }


_STOP, _STOP_SPOT = ("75", "10"), ("20", "5")
"""Seconds for the group's script and for the container's end: within what Google gives a machine, and a Spot one."""
_HEAD = "#!/bin/sh\nset -eu\nparts=$(mktemp -d)\n"
_STEP = re.compile(
    r"""cat > "\$parts/(?P<number>\d+)" <<'COURSECLOUD_PART_(?P=number)'\n"""
    r"""(?P<text>.*?\n)COURSECLOUD_PART_(?P=number)\n"""
    r"""chmod 700 "\$parts/(?P=number)"; (?P<shell>[^\n"]*?) ?"\$parts/(?P=number)"\n""",
    re.DOTALL,
)
_SET = re.compile(r"(?P<name>[A-Z_]+)=(?P<value>.*)")
_RUN = ["docker", "run", "--detach", "--name", "work", "--restart", "on-failure:3", "--log-driver", "gcplogs"]
_PLAIN = {("--gpus", "all"), ("--volume", "/mnt/disks/work:/mnt/disks/work")}


@dataclass(frozen=True)
class Told:
    """A machine of the stack file, with what its container runs and is told: full image name, variables."""

    machine: Machine
    image: str | None
    variables: Mapping[str, str]

    def settings_of(self, script: str) -> dict[str, str]:
        """Give what the program puts behind the first line of one of its scripts."""
        script_seconds, container_seconds = _STOP_SPOT if self.machine.spot else _STOP
        match script:
            case "before-stop.sh":
                return {"RUN": "/run", "SECONDS_SCRIPT": script_seconds, "SECONDS_CONTAINER": container_seconds}
            case "container.sh":
                return {"IMAGE": self.image or "", "REGISTRY": (self.image or "").partition("/")[0]}
            case _:
                return {}


def otherwise(resource: Registration, told: Told) -> Iterator[str]:
    """Say what a machine's scripts do that neither the stack file nor the program as shipped says.

    Raises UnknownError where a plan of an older version has not read the scripts that the stack file names.
    """
    machine = told.machine
    if any(name and name not in resource.files for name in (machine.startup_script, machine.before_stop)):
        raise UnknownError("the scripts that the stack file names")
    given = at(resource.inputs, "metadata")
    metadata = cast("Mapping[str, object]", given if isinstance(given, Mapping) else {})
    last = "before-stop" if machine.container else "shutdown-script"
    for key in ("startup-script", "shutdown-script", "before-stop"):
        if metadata.get(key) == UNKNOWN:
            yield f"`metadata.{key}` is known to the real run alone, and no script of the program is"
    for key in ("shutdown-script", "before-stop"):
        wanted = resource.files.get(machine.before_stop or "") if key == last else None
        if metadata.get(key) not in (wanted, UNKNOWN):
            yield f"`metadata.{key}` is not {_file(machine.before_stop if key == last else None)}"
    text = metadata.get("startup-script")
    if text != UNKNOWN:
        yield from _start(str(text or ""), resource, told)


def _file(name: str | None) -> str:
    return f"what the stack file names, {said(name)}" if name else "one that the stack file names"


def _start(text: str, resource: Registration, told: Told) -> Iterator[str]:
    machine = told.machine
    wanted = [
        *(["work-disk.sh"] if machine.data_disk else []),
        *(["before-stop.sh"] if machine.container and machine.before_stop else []),
        *(["container.sh"] if machine.container else []),
        *([machine.startup_script] if machine.startup_script else []),
    ]
    parts = list(_parts(text))
    named = [_name(part, resource, told) for part in parts]
    for part, name in zip(parts, named, strict=True):
        if name is None:
            yield f"its start-up script runs {_ends(part)}, which is neither the stack file's nor as shipped"
        elif name == "container.sh" and machine.container:
            yield from _container(part, machine.container, told)
    if gone := [name for name in wanted if name not in named]:
        yield f"its start-up script lacks {said(', '.join(gone))}"
    elif None not in named and named != wanted:
        there, ours = said(", ".join(map(str, named))), said(", ".join(wanted))
        yield f"its start-up script runs {there}, and the program runs {ours}"


def _parts(text: str) -> Iterator[str]:
    """Take a script apart: what each step of it writes and runs; what stands between them is a part too."""
    if not text:
        return
    if not text.startswith(_HEAD):
        yield text
        return
    place = len(_HEAD)
    for found in _STEP.finditer(text, place):
        if between := text[place : found.start()].strip():
            yield between
        first = found["text"].partition("\n")[0]
        shell = first[2:].strip() if first.startswith("#!") else "/bin/sh"
        yield found["text"] if found["shell"] == shell else f"{found['shell']} {found['text']}"
        place = found.end()
    if rest := text[place:].strip():
        yield rest


def _name(part: str, resource: Registration, told: Told) -> str | None:
    """Name the script that a part is; None for one that nobody named or shipped."""
    own = resource.files.get(told.machine.startup_script or "")
    if own is not None and part.rstrip() == own.rstrip():
        return told.machine.startup_script
    head, *lines = part.removesuffix("\n").split("\n")
    given: dict[str, str] = {}
    while lines and (found := _SET.fullmatch(lines[0])) and (word := _one_word(found["value"])) is not None:
        given[found["name"]] = word
        lines.pop(0)
    if "IMAGE" in given and lines:
        lines.pop()  # the command that runs the container
    digest = hashlib.sha256("\n".join([head, *lines, ""]).encode()).hexdigest()
    name = _shipped().get(digest)
    if name == "container.sh" and told.machine.container is None:
        return None
    return name if name and given == told.settings_of(name) else None


def _one_word(value: str) -> str | None:
    """Read what a shell reads as one word, written as the program writes it; None for anything that it would run."""
    try:
        words = shlex.split(value)
    except ValueError:
        return None
    return words[0] if len(words) == 1 and shlex.quote(words[0]) == value else None


def _ends(part: str) -> str:
    """Say where a part of a script begins and ends: which line of it is the odd one, nobody knows."""
    lines = [line for line in part.split("\n") if line.strip() and not line.startswith("#")] or [part]
    return said(lines[0]) if len(lines) == 1 else f"{len(lines)} lines from {said(lines[0])} to {said(lines[-1])}"


def _container(part: str, container: Container, told: Told) -> Iterator[str]:
    """Hold the command that runs the container to the stack file: its image, arguments, and what it is told."""
    line = part.removesuffix("\n").rpartition("\n")[2]
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    # Written in any other way a shell may read it otherwise.
    if words[: len(_RUN)] != _RUN or shlex.join(words) != line:
        yield f"its container is run by {said(line)}, which is not the program's command"
        return
    rest, given = words[len(_RUN) :], dict[str, str]()
    while len(rest) > 1 and rest[0].startswith("-"):
        option, value, *rest = rest
        if option == "--env":
            name, _, given[name] = value.partition("=")
        elif (option, value) not in _PLAIN:
            yield f"its container runs with {said(f'{option} {value}')}, which is not the program's command"
    if rest[:1] != [told.image]:
        yield f"its container is {said(rest[0] if rest else '')}, and the stack file says {said(told.image)}"
    if rest[1:] != [*container.args]:
        yield f"its container is given {said(shlex.join(rest[1:]))}, which the stack file does not say"
    for name in sorted(given.keys() | told.variables.keys()):
        if given.get(name) != told.variables.get(name):
            there = f"told `{name}` as {said(given[name])}" if name in given else f"not told `{name}`"
            yield f"its container is {there}, which is not what the stack file says"
