"""What leaves the program without the secrets in it: plans, checks and reviews, as every form of output shows them.

Rules and comparisons work on the values themselves; a command hides what it is about to print, and nothing else does.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

import yaml

from coursecloud.plan import sdk
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from infra import secrecy
from infra.secrecy import HIDDEN
from infra.settings import credentials
from infra.settings.types import Section

ANOTHER = "(another secret hidden)"
"""Stands on the new side of a change whose sides differ in nothing else."""

Shown = TypeVar("Shown")


def plan(plan: Plan) -> Plan:
    """Give a plan as it may be shown."""
    return deep(plan, words(plan))


def words(plan: Plan) -> frozenset[str]:
    """Gather the secrets in a plan, which may stand in messages about it, too."""
    found = [secrecy.words_of(resource.inputs) | secrecy.words_of(dict(resource.files)) for resource in plan.resources]
    settings = plan.settings.model_dump(mode="json", by_alias=True)
    marked = [secret for each in (plan.outputs, *(one.inputs for one in plan.resources)) for _, secret in held(each)]
    found.append(frozenset(text for secret in marked for text in _scalars(secret) if len(text) >= 6))
    return frozenset[str]().union(*found, secrecy.words_of(settings), secrecy.words_of(plan.outputs))


def held(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give what a program says is a secret (`pulumi.Output.secret`) and knows itself: its path, and the value."""
    if sdk.is_secret(value):
        if (known := value.get("value", UNKNOWN)) != UNKNOWN:
            yield path, known
    elif isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from held(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from held(entry, f"{path}[{index}]")


def of_file(text: str) -> frozenset[str]:
    """Gather what is, or may be, a secret in the text of a stack file: all that stands where values never may."""
    try:
        content: Any = yaml.safe_load(text)
        config: Any = content["config"]
        section: Any = config.get(credentials.SECRETS)
        found = {one for keys in credentials.values(section) for one in _scalars(_at(section, keys))}
        found |= {one for problem in credentials.plain(config, ()) for one in _scalars(config[problem.path])}
        found |= secrecy.words_of(content)
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()
    return frozenset(one for one in found if len(one) > 3)


def _at(section: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        section = section[key]
    return section


def _scalars(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [one for entry in cast("Mapping[Any, Any]", value).values() for one in _scalars(entry)]
    if isinstance(value, list):
        return [one for entry in cast("list[Any]", value) for one in _scalars(entry)]
    text = str(value)
    # NAME=value in a list, and what a message has cut.
    return [text, *(text.split("=", 1)[1:] if "=" in text else [])]


def deep(value: Shown, known: frozenset[str] = frozenset(), name: str = "") -> Shown:
    """Hide the secrets in any value of the program: texts in data classes, settings, mappings and lists.

    What holds none stays the very same object.
    """
    return _deep(value, known, name)


def _deep(value: Any, known: frozenset[str], name: str) -> Any:
    same: Any = value
    if isinstance(value, str | Mapping | list) or (name and isinstance(value, int | float)):
        hidden = _plain(same, known, name)
        return same if hidden == same else hidden
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        made = [_deep(entry, known, secrecy.option(items, index)) for index, entry in enumerate(items)]
        return items if all(a is b for a, b in zip(made, items, strict=True)) else tuple(made)
    if isinstance(value, Section):
        update = _fields(value, type(value).model_fields, known)
        return value.model_copy(update=update) if update else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.init]
        update = _changed(value, known) if {"path", "old", "new"} <= {*names} else _fields(value, names, known)
        return dataclasses.replace(value, **update) if update else value
    return value


def _fields(value: Any, names: Any, known: frozenset[str]) -> dict[str, Any]:
    made = {name: _deep(getattr(value, name), known, name) for name in names}
    return {name: entry for name, entry in made.items() if entry is not getattr(value, name)}


def _plain(value: Any, known: frozenset[str], name: str) -> Any:
    if sdk.is_secret(value):
        return {"$secret": True}
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {_plain(k, known, ""): _deep(v, known, secrecy.called(entries, str(k))) for k, v in entries.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_deep(entry, known, secrecy.option(items, index)) for index, entry in enumerate(items)]
    text = secrecy.hidden(value, name)
    return _without(text, known) if isinstance(text, str) else text


def _without(text: str, known: frozenset[str]) -> str:
    for word in known:
        if word[:_TOLD] in text:
            # Messages cut what is long.
            text = re.sub(re.escape(word[:_TOLD]) + (r"[^\s\"'`,)}\]]*" if word[_TOLD:] else ""), HIDDEN, text)
    return text


_TOLD = 24
"""Letters by which a longer secret is found where a message has cut it."""


def _changed(change: Any, known: frozenset[str]) -> dict[str, Any]:
    """Hide both sides of a change, and keep that it is one."""
    keys = re.findall(r"[^.\[\]\"]+", change.path)
    name = next((key for key in keys[::-1] if key != "value" and not key.isdigit()), "")
    path, old, new = _plain(change.path, known, ""), _deep(change.old, known, name), _deep(change.new, known, name)
    if old == new and change.old != change.new:
        new = _other(new)
    return {"path": path, "old": old, "new": new}


def _other(value: Any) -> Any:
    """Say of what is hidden on both sides that it is not the same."""
    if isinstance(value, str):
        return value.replace(HIDDEN, ANOTHER)
    if isinstance(value, Mapping):
        return {key: _other(entry) for key, entry in cast("Mapping[Any, Any]", value).items()}
    return [_other(entry) for entry in cast("list[Any]", value)] if isinstance(value, list) else value
