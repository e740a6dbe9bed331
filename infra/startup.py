"""The start-up script of a machine: pure text from its settings, run as root at each start."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from infra.settings.machines import Container, Machine

SCRIPTS = Path(__file__).parent / "scripts"
WORK = "/mnt/disks/work"
"""Where the data disk is mounted; Container-Optimized OS allows mounts below /mnt/disks only."""

BEFORE_STOP, BEFORE_STOP_SPOT = (75, 10), (20, 5)
"""Seconds for the script that runs in a container before a stop, and for the container's own end: together less than
what Google gives a machine, and a Spot machine."""


def script(machine: Machine, image: str | None, environment: Mapping[str, str], *, gpu: bool) -> str | None:
    """Put the parts together: mount the data disk, then run the container or the group's own script.

    `image` is the full name of the container's image, `environment` what its code is told beside its own
    variables. None where nothing has to run.
    """
    parts: list[str] = []
    if machine.data_disk:
        parts.append(_part("work-disk.sh"))
    if machine.container and machine.before_stop:
        parts.append(_before_stop(spot=machine.spot))
    if machine.container and image:
        parts.append(
            _container(
                machine.container,
                image,
                {**environment, **machine.container.env},
                gpu=gpu,
                work=machine.data_disk is not None,
            )
        )
    if machine.startup_script:
        parts.append(Path(machine.startup_script).read_text(encoding="utf-8"))
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    # Each part is a program of its own: a script may name another shell in its first line, or exit early.
    steps = [
        f"cat > \"$parts/{number}\" <<'COURSECLOUD_PART_{number}'\n{part.rstrip()}\nCOURSECLOUD_PART_{number}\n"
        f'chmod 700 "$parts/{number}"; {_interpreter(part)}"$parts/{number}"'
        for number, part in enumerate(parts)
    ]
    return "\n".join(["#!/bin/sh", "set -eu", "parts=$(mktemp -d)", *steps, ""])


def _interpreter(part: str) -> str:
    """Name the shell of a part by its first line: /tmp may forbid running programs, not reading them."""
    first = part.partition("\n")[0]
    return f"{first[2:].strip()} " if first.startswith("#!") else "/bin/sh "


def _container(container: Container, image: str, environment: Mapping[str, str], *, gpu: bool, work: bool) -> str:
    options = ["--detach", "--name", "work", "--restart", "on-failure:3", "--log-driver", "gcplogs"]
    options += ["--gpus", "all"] if gpu else []
    options += ["--volume", f"{WORK}:{WORK}"] if work else []
    for name, value in sorted(environment.items()):
        options += ["--env", f"{name}={value}"]
    script = _with("container.sh", IMAGE=image, REGISTRY=image.partition("/")[0])
    return f"{script}{shlex.join(['docker', 'run', *options, image, *container.args])}\n"


def _before_stop(*, spot: bool) -> str:
    script, container = BEFORE_STOP_SPOT if spot else BEFORE_STOP
    return _with("before-stop.sh", RUN="/run", SECONDS_SCRIPT=f"{script}", SECONDS_CONTAINER=f"{container}")


def last_words(machine: Machine) -> dict[str, str]:
    """Give the metadata with the script that runs before the machine stops.

    On the machine Google's guest environment runs it. In a container it would come too late, so that what a start-up
    script of ours sets up fetches it from the metadata: an edit works from the next stop on.
    """
    if not machine.before_stop:
        return {}
    text = Path(machine.before_stop).read_text(encoding="utf-8")
    return {"before-stop" if machine.container else "shutdown-script": text}


def _with(name: str, **values: str) -> str:
    """Put settings behind the first line of a script."""
    header, _, body = _part(name).partition("\n")
    settings = "\n".join(f"{key}={shlex.quote(value)}" for key, value in values.items())
    return f"{header}\n{settings}\n{body}"


def _part(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")
