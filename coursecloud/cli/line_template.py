"""The line that a plan shows of a resource: the template of its type's file (`line`), filled in with its inputs.

A template is a text, a list of parts (joined by commas; an empty one is left out), or a choice. In a text, `{PATH}` is
the input there, and `{PATH|FORM}` in another form (`FORMS`). A choice has the `line` that it shows, the `else` that it
shows otherwise (nothing, unless given), and one of:

- `when`: a path where something is, or with `is` that very value;
- `number`: a path where a number is;
- `each`: a path to a list; the line once for each of its elements, with paths that begin there;
- `first`: a path to a list; the line for the first element that has all values of `where`, by their paths.

Inputs are the program's, and of any shape: what is not there is `none`, what only the real run knows is `?`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from coursecloud.plan.nested import at, has_unknown, listed, mapping
from coursecloud.policy.reading import number
from infra.settings.times import Duration

Inputs = Mapping[str, Any]

_PLACE = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")
_MOST = 400
"""A value is shown up to here."""


def filled(template: Any, inputs: Inputs) -> str:
    """Fill a template in; an empty text for none."""
    return ", ".join(_parts(template, inputs))


def _parts(template: Any, inputs: Inputs) -> Iterator[str]:
    if isinstance(template, str):
        yield _PLACE.sub(lambda match: FORMS[match[2] or ""](at(inputs, match[1])), template)
    elif isinstance(template, list):
        for part in cast("list[Any]", template):
            yield from _parts(part, inputs)
    elif isinstance(template, Mapping):
        choice = cast("Mapping[str, Any]", template)
        found = list(_chosen(choice, inputs))
        for each in found:
            yield from _parts(choice["line"], each)
        if not found:
            yield from _parts(choice.get("else"), inputs)


def _chosen(choice: Mapping[str, Any], inputs: Inputs) -> Iterator[Inputs]:
    """Give what the line of a choice is filled in with, each time; nothing where it is not shown."""
    match choice:
        case {"when": path}:
            value = at(inputs, path)
            if value is not None and ("is" not in choice or (type(value), value) == (type(choice["is"]), choice["is"])):
                yield inputs
        case {"number": path}:
            if number(at(inputs, path)) is not None:
                yield inputs
        case {"each": path}:
            yield from map(mapping, listed(at(inputs, path)))
        case {"first": path, "where": wanted}:
            for each in listed(at(inputs, path)):
                if all(at(each, place) == value for place, value in wanted.items()):
                    yield each
                    return
        case _:
            raise ValueError(f"{choice} is no choice of a template")


def said(value: Any) -> str:
    """Write a value in few words, whatever it is."""
    if value is None:
        return "none"
    return "?" if has_unknown(value) else plain(str(value))[:_MOST]


def plain(text: str) -> str:
    """Write out what a terminal would obey, or what would turn or hide text."""
    return "".join(
        each if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else f"\\u{ord(each):04x}"
        for each in text
    )


def _counted(value: Any) -> str:
    return str(len(listed(value))) if isinstance(value, list) else said(value)


def _each_said(value: Any) -> str:
    return ", ".join(map(said, listed(value))) if isinstance(value, list) else said(value)


def _duration(value: Any) -> str:
    seconds = number(value)
    return said(value) if seconds is None else str(Duration(seconds))


FORMS: Mapping[str, Callable[[Any], str]] = {
    "": said,
    "count": _counted,
    "duration": _duration,
    "last": lambda value: said(value).rpartition("/")[2],
    "list": _each_said,
    "lower": lambda value: said(value).lower(),
}
"""The forms of a value: as it is, how many it has, seconds as people say them, what follows the last slash, all
elements of a list, and in small letters."""
