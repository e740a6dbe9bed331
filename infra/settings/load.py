"""From the configuration of a stack to frozen settings, or to the list of everything that is wrong with it."""

import contextlib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from infra.settings import checks
from infra.settings.model import DEFAULT_REGION, SECTIONS, Settings
from infra.settings.problem import MISSING, Problem, RefusedError, SettingsError, nearest
from infra.settings.types import Principal, ProjectId

NAMESPACE = "coursecloud:"


def read(stack: str, folder: Path | None = None) -> Settings:
    """Read the settings of the stack that Pulumi runs.

    The only place that reads configuration: Pulumi's, and `members.STACK.yaml` in `folder` (the project's
    unless given). Raises SettingsError with every mistake.
    """
    return load(pulumi.runtime.get_config_env(), stack, folder or Path.cwd())


def load(config: Mapping[str, object], stack: str, folder: Path) -> Settings:
    """Check a stack's configuration, keyed as in the stack file (`gcp:project`, `coursecloud:lease` ...).

    A section is a mapping, or the JSON text of one, which is how Pulumi's engine hands it on.
    Raises SettingsError with every mistake.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {"stack": stack}

    for key in config:
        section = key.removeprefix(NAMESPACE)
        if key.startswith(NAMESPACE) and section not in SECTIONS:
            problems.append(Problem(key, MISSING, "this section is not known", nearest(section, SECTIONS)))
    for section, annotation in SECTIONS.items():
        if config.get(NAMESPACE + section) is not None:
            values[section] = _section(NAMESPACE + section, annotation, config[NAMESPACE + section], problems)

    if "gcp:project" in config:
        values["project"] = _value("gcp:project", ProjectId, config["gcp:project"], problems)
    else:
        problems.append(
            Problem(
                "gcp:project",
                MISSING,
                "a stack file names the Google Cloud project",
                "add `gcp:project: your-project-id` under `config:`",
            )
        )
    for key, field in (("gcp:region", "region"), ("gcp:zone", "zone")):
        if config.get(key) is not None:
            values[field] = _value(key, str, config[key], problems)
    values.setdefault("region", DEFAULT_REGION)

    members = _members(folder / f"members.{stack}.yaml", problems)
    broken = {name for name, value in values.items() if value is None} | {
        problem.path.removeprefix(NAMESPACE).removeprefix("gcp:").split(".")[0] for problem in problems
    }
    sound: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    placeholders: dict[str, Any] = {"project": "broken-project", "region": DEFAULT_REGION}
    settings = Settings(**placeholders | sound)
    if members:
        team = settings.team.model_copy(update={"members": (*settings.team.members, *members)})
        settings = settings.model_copy(update={"team": team})
    problems += checks.check(settings, broken, folder)
    if problems:
        raise SettingsError(stack, problems)
    return settings


def _section(path: str, annotation: Any, value: object, problems: list[Problem]) -> Any:
    """Validate a section; of a map of entries each on its own, so that one mistake hides no other."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    if not isinstance(value, Mapping):
        problems.append(Problem(path, value, "a section is a mapping of keys to values", "indent its keys under it"))
        return None
    entries = typing.cast("Mapping[str, object]", value)
    if path == NAMESPACE + "team" and isinstance(entries.get("members"), list):
        entries = {**entries, "members": _without_encryption(entries["members"])}
    problems += [
        Problem(
            secret,
            "(encrypted)",
            "no coursecloud setting takes an encrypted value: what the program reads ends in its state",
            "write it plainly; only entries of team.members may be encrypted, and secret values belong into Secret"
            " Manager by the command in the outputs",
        )
        for secret in _encrypted(path, entries)
    ]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _value(path, annotation, entries, problems)
    key_type, entry_type = typing.get_args(annotation)
    result: dict[str, Any] = {}
    for key, entry in entries.items():
        name = _value(f"{path}.{key}", key_type, key, problems)
        read_entry = _value(f"{path}.{key}", entry_type, {} if entry is None else entry, problems)
        if name is not None and read_entry is not None:
            result[key] = read_entry
    return result


def _value(path: str, annotation: Any, value: object, problems: list[Problem]) -> Any:
    try:
        return TypeAdapter[Any](annotation).validate_python(value)
    except ValidationError as error:
        problems += [_problem(path, annotation, details) for details in error.errors()]
        return None


def _without_encryption(members: Any) -> list[Any]:
    # Pulumi's engine decrypts an encrypted member before the program runs; a plan without it cannot, and
    # shows a principal that cannot exist (RFC 2606) instead.
    return [
        f"user:encrypted-{index}@encrypted.invalid"
        if isinstance(member, Mapping) and set(typing.cast("Mapping[str, object]", member)) == {"secure"}
        else member
        for index, member in enumerate(members)
    ]


def _encrypted(path: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        mapping = typing.cast("Mapping[str, object]", value)
        if set(mapping) == {"secure"}:
            yield path
        for key, entry in mapping.items():
            yield from _encrypted(f"{path}.{key}", entry)
    elif isinstance(value, list):
        for index, entry in enumerate(typing.cast("list[object]", value)):
            yield from _encrypted(f"{path}[{index}]", entry)


def _members(path: Path, problems: list[Problem]) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, MISSING, f"this is not YAML: {error}", "write a list of principals"))
        return ()
    return _value(path.name, tuple[Principal, ...], content or [], problems) or ()


def _problem(path: str, annotation: Any, details: ErrorDetails) -> Problem:
    """Say a pydantic error as the value, the rule and the remedy."""
    location = details["loc"]
    model, description = _described(annotation, location)
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part != "[key]")
    refused = details.get("ctx", {}).get("error")
    value = details["input"]
    if isinstance(refused, RefusedError):
        # A rule between several keys is shown at their section, without repeating all of it.
        shown = MISSING if isinstance(value, Mapping) else value
        return Problem(where, shown, refused.rule, refused.remedy)
    match details["type"]:
        case "extra_forbidden":
            known = [field.alias or name for name, field in model.model_fields.items()] if model else []
            return Problem(where, MISSING, "this key is not known", nearest(str(location[-1]), known))
        case "missing":
            return Problem(where, MISSING, "this key is required", description)
        case _:
            rule = details["msg"][0].lower() + details["msg"][1:]
            return Problem(where, value, rule, description)


def _described(annotation: Any, location: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, str]:
    """Find the innermost model on the way to a location, and the description of the key there."""
    model, description = _model(annotation), "see the README's table of the stack file"
    for part in location:
        field = next(
            (field for name, field in (model.model_fields if model else {}).items() if part in (field.alias, name)),
            None,
        )
        if field:
            description = " ".join((field.description or description).split())
            model = _model(field.annotation) or (model if part == location[-1] else None)
    return model, description


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for argument in typing.get_args(annotation):
            if found := _model(argument):
                return found
    return None
