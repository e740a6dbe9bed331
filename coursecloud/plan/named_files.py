"""The files that a build trigger or a machine names, read where they are: what they do stands there."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coursecloud.plan import nested
from coursecloud.plan.registration import Registration
from infra.settings import Settings

TRIGGER = "gcp:cloudbuild/trigger:Trigger"
MACHINE = "gcp:compute/instance:Instance"
STARTER = "starter"
"""What a group's own repository begins with: read where the project itself has no such file."""

_LARGEST = 1_000_000
"""Bytes; a longer file is none that people wrote, and counts as one that was not read."""


def read(resource: Registration, root: Path, beside: Path, settings: Settings) -> Registration:
    """Read the files that a trigger names: from the project `root`, beside the stack file, or as the starter has it.

    Of a machine they are the scripts that the stack file names, from the project. The repository that is built has the
    last word on a trigger's, and is not here. A file of the starter therefore counts as well as the one that was not
    read.
    """
    if resource.type == MACHINE and (machine := settings.machines.get(resource.name)):
        scripts = [name for name in (machine.startup_script, machine.before_stop) if name]
        return dataclasses.replace(resource, files={name: _text(root, name) for name in scripts})
    if resource.type != TRIGGER:
        return resource
    found: dict[str, str | None] = {}
    for name in dict.fromkeys(_named(resource.inputs)):
        text = next((text for folder in (root, beside) if (text := _text(folder, name)) is not None), None)
        found[name] = text
        if text is None and (begun := _text(root / STARTER, name)) is not None:
            found[f"{STARTER}/{name}"] = begun
    return dataclasses.replace(resource, files=found)


def _named(inputs: Mapping[str, Any]) -> Iterator[str]:
    for name in (inputs.get("filename"), nested.at(inputs, "gitFileSource.path")):
        if isinstance(name, str) and name:
            yield name
    for step in nested.listed(nested.at(inputs, "build.steps")):
        words = [word for word in nested.listed(nested.at(step, "args")) if isinstance(word, str)]
        if words[:1] == ["build"]:
            yield from (word for option, word in itertools.pairwise(words) if option in ("--file", "-f"))
            yield from (match[1] for word in words if (match := re.match(r"--file=(.+)", word)))


def _text(folder: Path, name: str) -> str | None:
    """Read a file of a folder as text; None where there is none, or where it leads out of the folder."""
    try:
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()) or not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError):
        return None
