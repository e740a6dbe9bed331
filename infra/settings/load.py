"""From the configuration of a stack to frozen settings, or to the list of everything that is wrong with it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pulumi
import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from infra import files, names
from infra.settings import checks, credentials, hardware, keys, levels, people
from infra.settings.keys import NAMESPACE
from infra.settings.model import ENCRYPTED_PROJECT, SECTIONS, Settings
from infra.settings.own_rules import breaches
from infra.settings.problem import MISSING, Findings, Problem, SettingsError, likely
from infra.settings.translate import REQUIRED, as_mapping, translated
from infra.settings.types import Principal, ProjectId, Section
from infra.settings.unpacking import unpacked

_PROVIDER = dict(zip(keys.OURS, (ProjectId, str, str), strict=True))
"""What the stack shares with its provider."""
_DEEPEST = 8
"""Levels of a section; the deepest that there is has five."""


def read(stack: str, folder: Path | None = None) -> Settings:
    """Read the settings of the stack that Pulumi runs.

    The only place that reads configuration: Pulumi's, and `members.STACK.yaml` in `folder` (the project's
    unless given). Raises SettingsError with every mistake.
    """
    encrypted = frozenset(pulumi.runtime.get_config_secret_keys_env())
    return load(pulumi.runtime.get_config_env(), stack, folder or Path.cwd(), encrypted=encrypted)


def load(
    config: Mapping[str, object],
    stack: str,
    folder: Path,
    *,
    beside: Path | None = None,
    encrypted: Collection[str] = frozenset(),
) -> Settings:
    """Check a stack's configuration, keyed as in the stack file (`gcp:project`, `coursecloud:lease` ...).

    A section is a mapping, or the JSON text of one, which is how Pulumi's engine hands it on; it hands on what is
    encrypted in the file as plain text, and `encrypted` says which keys those are. `folder` is the project's, and
    `beside` that of the stack file and of `members.STACK.yaml`, where it is another.
    Raises SettingsError with every mistake.
    """
    found = Findings()
    keys.check(config, found)
    for problem in credentials.plain(config, encrypted):
        found.add(problem, problem.path)
    values: dict[str, Any] = {"stack": stack, **_provider(config, found)}
    for section, annotation in SECTIONS.items():
        path = NAMESPACE + section
        if path in config and (value := _section(path, annotation, config[path], found)) is not None:
            values[section] = value

    # An emulator for the project lets the other rules speak; settings with a mistake are never returned.
    complete: dict[str, Any] = {"project": "broken-project"} | values
    settings = Settings(**complete)
    members = _members((beside or folder) / f"members.{stack}.yaml", found)
    by_file = tuple(names.member_key(member) for member in members if member not in settings.team.members)
    team = settings.team.model_copy(update={"members": (*settings.team.members, *members)})
    settings = settings.model_copy(update={"team": team, "members_by_file": by_file})

    problems = [*checks.check(settings, found, folder), *hardware.check(settings, found)]
    problems += people.check(settings, found)
    for section in SECTIONS:
        problems += breaches(NAMESPACE + section, getattr(settings, section), found)
    problems = [*found.problems, *(replace(each, path=found.in_file(each.path)) for each in problems)]
    if problems:
        raise SettingsError(stack, problems)
    return settings


def alone(config: Mapping[str, object]) -> list[Problem]:
    """List what is wrong with each key by itself, whatever else a stack file has: a part of one lacks nothing."""
    found = Findings()
    keys.check(config, found)
    for problem in credentials.plain(config, ()):
        found.add(problem, problem.path)
    for section, annotation in SECTIONS.items():
        if (path := NAMESPACE + section) in config:
            _section(path, annotation, config[path], found)
    return [problem for problem in found.problems if problem.rule != REQUIRED]


def _provider(config: Mapping[str, object], found: Findings) -> dict[str, str]:
    """Read what the stack shares with its provider: project, region and zone."""
    values: dict[str, str] = {}
    for name, annotation in _PROVIDER.items():
        path = f"gcp:{name}"
        value = unpacked(config.get(path))
        if isinstance(value, int | float):
            value = str(value)  # as the engine hands it on; a project's number is not its id
        if _is_encrypted(value):
            if name == "project":
                values[name] = ENCRYPTED_PROJECT + _told_apart(value)
            else:
                found.add(Problem(path, "(encrypted)", f"a plan needs to know the {name}", "write it plainly"))
        elif value is not None:
            readable = _readable(path, value, found)
            if readable is not _DROPPED and (text := _value(path, annotation, readable, found)):
                values[name] = text
        elif name == "project" and found.sound(path):
            meant = likely(path, config.keys() - {path})
            add = f"add `{path}: your-project-id` under `config:`"
            found.add(
                Problem(
                    path,
                    MISSING,
                    "a stack file names the Google Cloud project",
                    f"write `{path}` in place of `{meant}`" if meant and meant not in values else add,
                )
            )
    return values


def _section(path: str, annotation: Any, value: object, found: Findings) -> Any:
    """Validate a section; of a map of entries each on its own, so that one mistake hides no other."""
    value = unpacked(value)
    if path == credentials.SECRETS:
        wrong = list(credentials.values(value))
        for way in wrong:
            # What stood there may be what other sections name.
            found.add(credentials.refused(way), ".".join((path, *way)), f"{path}.names")
        value = credentials.cleaned(value, wrong) if wrong else value
    readable = _readable(path, {} if value is None else value, found)
    if readable is _DROPPED:
        return None
    if not isinstance(readable, Mapping):
        remedy = as_mapping(readable, _fields(annotation)) or "indent its keys under it"
        found.add(Problem(path, readable, "a section is a mapping of keys to values", remedy))
        return None
    if isinstance(annotation, type):  # a model; a map of entries is a generic alias, which is none
        fields = _fields(annotation)
        whole = {
            key: levels.named(f"{path}.{key}", fields.get(key), entry, found)
            for key, entry in cast("Mapping[str, object]", readable).items()
        }
        return _value(path, annotation, whole, found)
    readable = levels.named(path, annotation, cast("object", readable), found)
    key_type, entry_type = get_args(annotation)
    result: dict[str, Any] = {}
    for key, entry in cast("Mapping[str, object]", readable).items():
        name = _value(f"{path}.{key}", key_type, key, found)
        read_entry = _value(f"{path}.{key}", entry_type, {} if entry is None else entry, found)
        if name is not None and read_entry is not None:
            result[key] = read_entry
    return result


def _fields(annotation: Any) -> dict[str, Any]:
    """Give a section's keys with what belongs behind each; a map of entries has none of its own."""
    model = cast("type[Section]", annotation) if isinstance(annotation, type) else None
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()} if model else {}


def _is_encrypted(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    entries = cast("Mapping[object, object]", value)
    return set(entries) == {"secure"} and isinstance(entries["secure"], str)


def _told_apart(value: object) -> str:
    """Give eight digits for an encrypted value: another one has others, so that no plan takes it for the same."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


_DROPPED = object()


def _readable(path: str, value: object, found: Findings, depth: int = 0) -> Any:
    """Leave out what cannot be read: encrypted values, and nesting deeper than any section."""
    if path == f"{NAMESPACE}team.members" and isinstance(value, list):
        value = [
            # Pulumi's engine decrypts an encrypted member before the program runs; a plan without it cannot,
            # and shows a principal that cannot exist (RFC 2606) instead.
            f"user:encrypted-{_told_apart(member)}@encrypted.invalid" if _is_encrypted(member) else member
            for member in cast("list[object]", value)
        ]
    if _is_encrypted(value):
        found.add(
            Problem(
                path,
                "(encrypted)",
                "no coursecloud setting takes an encrypted value: what the program reads ends in its state",
                "a secret's value goes into Secret Manager by the command in the outputs, and here stands who reads it;"
                " what is no secret: write it plainly. Only single entries of team.members may be encrypted",
            )
        )
        return _DROPPED
    if isinstance(value, Mapping | list) and depth > _DEEPEST:
        found.add(Problem(path, MISSING, "nothing in a section is nested this deeply", "look at the indentation"))
        return _DROPPED
    if isinstance(value, Mapping):
        entries = {
            key: _readable(f"{path}.{key}", entry, found, depth + 1)
            for key, entry in cast("Mapping[str, object]", value).items()
        }
        return {key: entry for key, entry in entries.items() if entry is not _DROPPED}
    if isinstance(value, list):
        items = [
            _readable(f"{path}[{index}]", entry, found, depth + 1)
            for index, entry in enumerate(cast("list[object]", value))
        ]
        return _DROPPED if _DROPPED in items else items
    return value


def _value(path: str, annotation: Any, value: object, found: Findings) -> Any:
    """Validate a value. What is broken in it is left out, so that the rest can still be held to other rules."""
    adapter = TypeAdapter[Any](annotation)
    again = False
    while True:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            places: dict[tuple[int | str, ...], str] = {}
            for details in sorted(error.errors(include_url=False), key=_may_follow):
                problem, meant, place = translated(path, annotation, details)
                problem, read_at = replace(problem, path=found.in_file(problem.path)), problem.path
                # What is missing because it was misspelt or left out was said where that happened.
                if not (again or _may_follow(details)) or found.sound(read_at):
                    found.add(problem, *meant)
                places[place] = problem.path
        if () in places:
            return None
        again = True
        before = value
        # Of a list the last is left out first, as those behind it move.
        for place in sorted(places, key=lambda place: [part for part in place if isinstance(part, int)], reverse=True):
            value = _without(value, place)
        for place, where in places.items():
            if isinstance(place[-1], int):
                found.leave_out(where)
        if value == before:
            return None


def _may_follow(details: ErrorDetails) -> bool:
    return details["type"] in ("missing", "too_short")


def _without(value: object, place: tuple[int | str, ...]) -> object:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [item for index, item in enumerate(items) if index != place[0]]
    if not isinstance(value, Mapping):
        return value
    entries = cast("Mapping[str, object]", value)
    first, *rest = place
    others = {key: entry for key, entry in entries.items() if key != first}
    return {**others, str(first): _without(entries[str(first)], tuple(rest))} if rest and first in entries else others


def _members(path: Path, found: Findings) -> tuple[str, ...]:
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        found.add(Problem(path.name, MISSING, "this is a link that leaves the project", "put the list itself there"))
        return ()
    if not path.is_file():
        return ()
    try:
        content = files.yaml_of(files.text_of(path))
    except (OSError, yaml.YAMLError, ValueError) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        # No word of the file: it names people, and what else stands in it by mistake is not known.
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        said = error.problem if isinstance(error, files.BoundError) else "this is not YAML"
        rule = f"{error}" if isinstance(error, files.NotReadError) else f"{said}{where}"
        found.add(Problem(path.name, MISSING, rule, "write a list of principals"))
        return ()
    if content is not None and not isinstance(content, list):
        found.add(Problem(path.name, MISSING, "this file is a list of principals", "begin each line with '- '"))
        return ()
    return _value(path.name, tuple[Principal, ...], cast("object", content or []), found) or ()
