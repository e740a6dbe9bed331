"""Which inputs of a resource are code that runs, or say which code runs; and what training jobs are told otherwise."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeGuard, cast

from catalog import types
from coursecloud.diff.changes import Change, PropertyChange
from coursecloud.plan.registration import Registration
from coursecloud.review.quoting import quoted
from infra.settings import Settings

_MACHINE = "gcp:compute/instance:Instance"
_USUAL = ("bootDisk.initializeParams.image", "metadata.startup-script")


def other(change: Change) -> list[str]:
    """Name the inputs of a change that are code, or say which code runs; what is a word with both sides."""
    known = types.of(change.resource.type)
    code = [path for path, word in known.classes.words.items() if word == "runs"] if known and known.classes else []
    told: dict[str, None] = {}
    for entry in (each for each in change.properties if not each.ignored):
        path = re.sub(r"\[[^\]]*\]", "[]", entry.path)
        # A block that comes or goes has the code in it.
        found = [each for each in code if f"{path}.".startswith((f"{each}.", f"{each}[")) or _has(entry, path, each)]
        if path in found and _is_word(entry.old) and _is_word(entry.new):
            found = [f"{path} is {quoted(entry.new)} and was {quoted(entry.old)}"]
        told |= dict.fromkeys(found)
    return list(told)


def _has(block: PropertyChange, path: str, code: str) -> bool:
    """Say whether a block that comes or goes has an input in it that is code."""
    inside = code.removeprefix(f"{path}.")
    sides = (side for side in (block.old, block.new) if inside != code)
    return any(value not in (None, "", [], {}) for side in sides for value in _values(side, inside))


def _is_word(value: object) -> TypeGuard[str]:
    """Say whether a value is short enough to stand in a sentence: an image, a branch, an account."""
    return isinstance(value, str) and re.fullmatch(r"\S{1,160}", value) is not None


def brought(resource: Registration, machines: Collection[str] = ()) -> list[str]:
    """Name the inputs of a resource that comes which are code; `machines` are those that the stack file names."""
    known = types.of(resource.type)
    words = known.classes.words.items() if known and known.classes else ()
    # Every machine of it has a script of the stack's; what the stack file gives one is told by its key.
    usual = _USUAL[: 2 if resource.name in machines else 1] if resource.type == _MACHINE else ()
    code = [path for path, word in words if word == "runs" and path not in usual]
    return [path for path in code if any(value not in (None, "", [], {}) for value in _values(resource.inputs, path))]


def _values(value: Any, path: str) -> Iterator[Any]:
    """Give what stands at a path of the classes, where [] is each element."""
    key, _, rest = path.partition(".")
    name = key.removesuffix("[]")
    inner = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    for entry in cast("list[Any]", inner) if key != name and isinstance(inner, list) else [inner]:
        if rest:
            yield from _values(entry, rest)
        else:
            yield entry


_TOLD = ("image", "args", "env", "jobs")
"""Of the settings of training, what a job is and is told."""


def of_jobs(before: Settings, after: Settings) -> list[str]:
    """Name the settings by which training jobs run other code: no resource of a stack stands for a job."""
    sides = [each.training.model_dump(mode="json", include=set(_TOLD)) for each in (before, after)]
    return [key for key in _TOLD if after.training.enabled and sides[0][key] != sides[1][key]]
