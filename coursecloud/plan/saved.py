"""Plans that were saved as JSON (`coursecloud plan --json`), read again; also those of another revision."""

import itertools
from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from coursecloud.plan import json_form as forms
from coursecloud.plan.json_form import VERSION
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Deed, Registration
from infra.settings import Settings


class UnreadableError(ValueError):
    """This is no saved plan, or one of a version that is not known here; the text says rule and remedy."""


def read(data: object) -> Plan:
    """Read the JSON form of a plan.

    Settings that this version does not know, or knows otherwise, are left out and named in `Plan.unread`: the
    resources, which are what the plan is about, do not depend on them. Raises UnreadableError.
    """
    if not isinstance(data, Mapping) or "resources" not in data:
        raise UnreadableError("this is not a saved plan\n    remedy  write one with `coursecloud plan --json`")
    form = cast("Mapping[str, Any]", data)
    if form.get("version") != VERSION:
        raise UnreadableError(
            f"the plan has version {form.get('version')!r}; this tool reads version {VERSION}"
            "\n    remedy  write it again with this version's `coursecloud plan --json`"
        )
    if found := forms.breaches(form):
        raise UnreadableError(
            f"the plan lacks what a plan has: {'; '.join(found)}"
            "\n    remedy  write it again with `coursecloud plan --json`"
        )
    try:
        settings, unread, guessed = _settings(form["settings"])
        resources = tuple(_registration(entry) for entry in form["resources"])
        # A plan of before this was recorded has none.
        program = tuple(map(_deed, form.get("program", ())))
        members = form.get("membersFile")
        there = members if isinstance(members, bool) else None
        return Plan(settings, resources, form["outputs"], unread, guessed, program, there)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(
            f"the plan lacks what a plan has: {error}\n    remedy  write it again with `coursecloud plan --json`"
        ) from None


def _deed(entry: Mapping[str, Any]) -> Deed:
    urn = entry["urn"]
    return Deed(str(entry["kind"]), str(entry["text"]), str(entry["name"]), None if urn is None else str(urn))


def _settings(written: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...], tuple[str, ...]]:
    """Read what can be read of settings; and say by path what was left out, and what of it a default stands for."""
    left, unread, guessed = dict(written), list[str](), list[str]()
    while True:
        try:
            return Settings.model_validate(left), tuple(sorted(unread)), tuple(sorted(guessed))
        except ValidationError as error:
            errors = error.errors()
            places = [_keys(details["loc"]) for details in errors]
            more = {place for place, each in zip(places, errors, strict=True) if each["type"] == "extra_forbidden"}
            known = [place for place in places if _has(left, place)]
            if not known:
                missing = ", ".join(".".join(place) for place in places)
                raise KeyError(f"settings without {missing}") from None
            for place in dict.fromkeys(known):
                unread.append(".".join(place))
                guessed += [] if place in more else [".".join(place)]
                left = _without(left, place)


def _keys(location: tuple[int | str, ...]) -> tuple[str, ...]:
    # A list goes as a whole: without a broken entry it would say something else.
    return tuple(itertools.takewhile(lambda part: isinstance(part, str) and part != "[key]", location))  # pyright: ignore[reportReturnType]


def _has(value: object, place: tuple[str, ...]) -> bool:
    if not place:
        return True
    return isinstance(value, Mapping) and place[0] in value and _has(cast("Any", value)[place[0]], place[1:])


def _without(value: Mapping[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = place
    others = {key: entry for key, entry in value.items() if key != first}
    return {**others, first: _without(value[first], tuple(rest))} if rest and first in value else others


def _registration(entry: Mapping[str, Any]) -> Registration:
    return Registration(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["name"],
        custom=entry["custom"],
        parent=entry["parent"],
        inputs=entry["inputs"],
        dependencies=tuple(entry["dependencies"]),
        property_dependencies={name: tuple(urns) for name, urns in entry["propertyDependencies"].items()},
        provider=entry["provider"],
        protect=entry["protect"],
        options=entry["options"],
        files={str(name): text if isinstance(text, str) else None for name, text in entry.get("files", {}).items()},
        at_run={str(key): str(text) for key, text in entry.get("atRun", {}).items()},
        declared=_place(entry.get("declared")),
    )


def _place(written: object) -> tuple[str, int] | None:
    """Take where a resource is declared; a plan of another revision may have anything there, or nothing."""
    place: Mapping[str, Any] = cast("Mapping[str, Any]", written) if isinstance(written, Mapping) else {}
    file: object = place.get("file")
    line: object = place.get("line")
    return (file, line) if isinstance(file, str) and isinstance(line, int) else None
