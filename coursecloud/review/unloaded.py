"""A stack of which a side does not load: what its file says otherwise, and what comes with the side that does.

A typing error hides nothing of what is changed beside it, and whoever mends it shows what was merged meanwhile.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.review import formatting
from coursecloud.review.dangers import Danger, Kind, ordered
from coursecloud.review.quoting import quoted
from coursecloud.review.stacks import Stack, Status

Said = Mapping[str, object]
"""What a stack file says, keyed as there."""


def by_files(name: str, mistakes: tuple[tuple[str, str], ...], old: Said, new: Said) -> Stack:
    """Tell what two files of a stack say otherwise, as far as they can be read at all."""
    found = tuple(PropertyChange(_key(each.path), each.old, each.new) for each in property_diff.differences(old, new))
    return Stack(name, Status.BROKEN, mistakes=mistakes, settings=found, dangers=ordered(map(_danger, found)))


def as_comes(mistakes: tuple[tuple[str, str], ...], found: Stack) -> Stack:
    """Tell of the side that loads what a stack that comes is told of: nothing of it was ever seen."""
    note = "before the change it did not load: all of it is shown as what comes, and may be there already"
    return replace(found, status=Status.BROKEN, mistakes=mistakes, notes=(note, *found.notes))


def _key(path: str) -> str:
    """Write a path as a stack file has it: `coursecloud:lease.maxPerHour`."""
    return re.sub(r'^\["([^"]+)"\]', r"\1", path)


def _danger(found: PropertyChange) -> Danger:
    kind = Kind.ACCESS if found.path.startswith(_LETS_IN) else Kind.GUARD
    said = quoted(formatting.from_to(found, 300))
    return Danger(kind, None, f"its file says otherwise, and no plan shows what follows: {quoted(found.path)}: {said}")


_LETS_IN = ("coursecloud:team", "coursecloud:github", "coursecloud:course.accounts")
