"""What a stack would be: a pure value made from a recording."""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from catalog import types
from catalog.types import short_type as short_type
from coursecloud.common import shadows, stack_file, stack_yaml
from coursecloud.plan import adoption, effects, engine, named_files, project_file, real_run, shipped
from coursecloud.plan.registration import UNKNOWN, Deed, Registration
from infra import files, secrecy
from infra.settings import Problem, Settings, SettingsError, load
from infra.settings.problem import MISSING
from infra.settings.unpacking import unpacked

PROJECT = "coursecloud"
"""The Pulumi project's name, as in Pulumi.yaml."""


@dataclass(frozen=True)
class Plan:
    """The resources of one stack before anything exists."""

    settings: Settings
    resources: tuple[Registration, ...]
    outputs: Mapping[str, Any]
    unread: tuple[str, ...] = ()
    """Of a saved plan: the settings that this version of the tool does not understand, and left out."""
    guessed: tuple[str, ...] = ()
    """Those among them that this version has, and takes no such value for: what stands there is a default."""
    program: tuple[Deed, ...] = ()
    """What the program did beside registering, and what it does otherwise in a real run."""
    members_file: bool | None = None
    """Whether members.STACK.yaml, which git never has, was there; None where nobody looked."""

    @functools.cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """All that the program does beside asking for resources with the inputs that are shown."""
        found = (
            effects.of_resource(each, adopted=self.adopts(each), keeps=effects.kept(each, self.settings))
            for each in self.resources
        )
        return (*self.program, *(deed for deeds in found for deed in deeds))

    def adopts(self, resource: Registration) -> bool:
        """Say whether a resource is the group's own, which the stack uses and never changes or deletes."""
        return adoption.adopted(resource, self.settings)

    @property
    def custom(self) -> tuple[Registration, ...]:
        """The resources that Google will hold; components only group them."""
        return tuple(resource for resource in self.resources if resource.custom)

    def counts(self) -> Counter[str]:
        """Count resources by short type, e.g. `storage.Bucket`."""
        return Counter(short_type(resource.type) for resource in self.custom)


def make(stack: str, file: Path, root: Path, *, twice: bool = False) -> Plan:
    """Plan the stack of a stack file with the program in `root`; with `twice` it is run as the real run, too.

    Raises SettingsError before the program runs where the file has mistakes, or where a file of the project would be
    run in place of a library.
    """
    if found := shadows.found(root):
        raise SettingsError(stack, [Problem(f"{shadow}", MISSING, shadows.RULE, shadows.REMEDY) for shadow in found])
    config = stack_file.read(stack, file, root)
    try:
        settings = load(config, stack, root, beside=file.parent)
    except SettingsError as error:
        raise stack_file.located(error, files.text_of(file), file.parent) from None
    people, another = f"members.{stack}.yaml", file.parent.resolve() != root.resolve()
    if another and settings.members_by_file:
        # The program looks in the project's folder, where `course up` puts the file that stands beside the stack file.
        config = {**config, "coursecloud:team": _with_members(config.get("coursecloud:team"), settings)}
    program = root / "__main__.py"
    recording = engine.record(program, project=PROJECT, stack=stack, config=config)
    done = (
        *_beside(file, settings.project),
        *_commented(file, root / "Pulumi.yaml"),
        *_altered(root),
        *project_file.deeds(root),
        *recording.deeds,
    )
    patterns: dict[str, dict[str, str]] = {}
    if twice:
        done += real_run.differences(program, recording, project=PROJECT, stack=stack, config=config, patterns=patterns)
    listed = sorted(recording.resources, key=lambda r: r.urn)
    listed = [replace(each, at_run=patterns[each.urn]) if each.urn in patterns else each for each in listed]
    resources = tuple(named_files.read(resource, root, file.parent, settings) for resource in listed)
    there = (file.parent / people).is_file()
    if another and (root / people).is_file():
        said = f"counts the {people} of the program's folder too, and an `up` by the stack file's folder does not"
        done += (Deed("unread", f"{said}: move it to where the stack file is"),)
    return Plan(settings, resources, recording.outputs, program=done, members_file=there)


def _with_members(team: object, settings: Settings) -> dict[str, object]:
    given = unpacked(team)
    members = list(dict.fromkeys(settings.team.members))
    return {**(cast("dict[str, object]", given) if isinstance(given, dict) else {}), "members": members}


@functools.cache
def _altered(root: Path) -> tuple[Deed, ...]:
    """Say that the program is another one than this version's, whose rules were made for that; once a process."""
    names = shipped.named(root)
    listed = names.replace("`", "'")
    said = f"is not the one that this version ships: `{listed}`"
    return (Deed(effects.ALTERED, said),) if names else ()


def _commented(file: Path, project: Path) -> Iterator[Deed]:
    """Say which lines of the stack file, and of Pulumi.yaml, hold the value of a secret beside all values of settings:
    in a comment, an anchor, a tag, a description.
    """
    text = files.text_of(file)
    comments = dict(stack_yaml.comments(text))
    for number, comment in comments.items():
        for found in secrecy.find(comment):
            yield Deed("comment", f"line {number} of its file is a comment that holds a secret ({found.what})")
    told = [each for _, each, _ in secrecy.texts(files.yaml_of(text, stack_yaml.Loader))]
    for number, line in enumerate(stack_yaml.split(text), start=1):
        for found in secrecy.issued(line):
            if not any(line[found.start : found.end] in each for each in (*told, comments.get(number, ""))):
                yield Deed("comment", f"line {number} of its file holds a secret ({found.what}) that is no setting")
    for number, line in enumerate(stack_yaml.split(files.text_of(project) if project.is_file() else ""), start=1):
        for found in secrecy.find(line):
            yield Deed("comment", f"line {number} of {project.name} holds a secret ({found.what})")


_PULUMIS = {
    "encryptedkey": "with which Pulumi reads the secrets of the stack",
    "pulumi:disable-default-providers": "which takes the provider of others than Google away",
    "pulumi:tags": "which Pulumi Cloud shows beside the stack; no resource takes them",
    "pulumi:template": "which says what the project was begun with",
    "secretsprovider": "which encrypts the secrets of the stack; who deploys needs to be let use it",
}
"""Pulumi's own keys that change no resource, and what each does."""


_OWN_KEY = re.compile(r"(?:passphrase|default|service)\0|gcpkms://projects/(?P<of>[^/]+)/.*\0(?P=of)\Z")


def _beside(file: Path, project: str) -> Iterator[Deed]:
    """Name what the stack file gives Pulumi or a provider: it can send all elsewhere, and no resource shows it."""
    for key, value in sorted(stack_file.beside(file).items()):
        encrypted = isinstance(value, dict) and "secure" in value
        said = "(encrypted)" if encrypted else json.dumps(value, default=str)[:200].replace("`", "'")
        namespace = key.partition(":")[0] if ":" in key else ""
        kind, means = "option", _PULUMIS.get(key, "")
        if not means and namespace in ("", "gcp", "pulumi"):
            hidden = "from which Pulumi takes settings that no plan shows"
            kind, means = "provider", hidden if key == "environment" else "which no setting of the project shows"
        elif not means:
            means = f"which is for a provider `{namespace}`: a resource of that would be named here"
        if key == "secretsprovider" and not _OWN_KEY.match(f"{value}\0{project}"):
            kind, means = "provider", "a key that is not of the stack's project: whoever has it reads the secrets"
        yield Deed(kind, f"is run with `{key}: {said}` of the stack file, {means}")


def bills(resource: Registration) -> str:
    """Say how a resource bills: free, storage, hourly or usage; `unknown` for a type nobody has classed."""
    known, grants = types.of(resource.type), types.grants(short_type(resource.type))
    return (known.bills if known else None) or ("free" if grants and grants.iam else "unknown")


def holds(resource: Registration) -> str | None:
    """Say what is lost with a resource, or None."""
    known = types.of(resource.type)
    return known.holds if known else None


def unknowns(resource: Registration) -> list[str]:
    """List the paths of a resource's inputs that only the real run can know."""
    return list(_unknown(resource.inputs))


def _unknown(value: Any, path: str = "") -> Iterator[str]:
    if value == UNKNOWN:
        yield path
    elif isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from _unknown(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from _unknown(entry, f"{path}[{index}]")
