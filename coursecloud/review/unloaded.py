"""A stack of which a side does not load: what its file says otherwise, and what comes with the side that does.

A typing error hides nothing of what is changed beside it, and whoever mends it shows what was merged meanwhile.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import yaml

from coursecloud.common import stack_yaml
from coursecloud.diff import property_diff
from coursecloud.diff.changes import PropertyChange
from coursecloud.review import formatting
from coursecloud.review.dangers import Danger, Kind, ordered
from coursecloud.review.quoting import quoted
from coursecloud.review.stacks import WHOM, Stack, Status
from infra import files

Read = tuple[str, Mapping[str, object] | None]
"""The text of a stack file, and what it says, keyed as there; None where that cannot be read."""


def read(file: Path) -> Read:
    """Read a stack file as far as it can be."""
    text = ""
    try:
        text = files.bytes_of(file).decode(errors="replace")
        content = files.yaml_of(text, stack_yaml.Loader)
    except (OSError, ValueError, yaml.YAMLError):
        return text, None
    top = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    config = top.get("config")
    return text, cast("dict[str, object]", config) if isinstance(config, dict) else {}


def by_files(name: str, mistakes: tuple[tuple[str, str], ...], old: Read, new: Read) -> Stack:
    """Tell what two files of a stack say otherwise; by their lines where one cannot be read."""
    (before, was), (after, will) = old, new
    if was is None or will is None:
        return Stack(name, Status.BROKEN, mistakes=mistakes, dangers=tuple(_lines(before, after)))
    found = tuple(PropertyChange(_key(each.path), each.old, each.new) for each in property_diff.differences(was, will))
    return Stack(name, Status.BROKEN, mistakes=mistakes, settings=found, dangers=ordered(map(_danger, found)))


def _lines(before: str, after: str) -> Iterator[Danger]:
    """List the lines that come and go; what else a file that cannot be read says nobody knows."""
    found = [each for each in difflib.ndiff(before.splitlines(), after.splitlines()) if each[:2] in ("+ ", "- ")]
    for line in found:
        does = "has the line" if line[0] == "+" else "has no longer the line"
        yield Danger(Kind.GUARD, None, f"its file, which cannot be read, {does} {quoted(line[2:].strip())}")


def as_comes(mistakes: tuple[tuple[str, str], ...], found: Stack) -> Stack:
    """Tell of the side that loads what a stack that comes is told of: nothing of it was ever seen."""
    note = "before the change it did not load: all of it is shown as what comes, and may be there already"
    let_in = [Danger(Kind.ACCESS, None, each) for each in found.notes if each.startswith(WHOM)]
    dangers = ordered([*found.dangers, *let_in])
    return replace(found, status=Status.BROKEN, mistakes=mistakes, notes=(note, *found.notes), dangers=dangers)


def _key(path: str) -> str:
    """Write a path as a stack file has it: `coursecloud:lease.maxPerHour`."""
    return re.sub(r'^\["([^"]+)"\]', r"\1", path)


def _danger(found: PropertyChange) -> Danger:
    kind = Kind.ACCESS if found.path.startswith(_LETS_IN) else Kind.GUARD
    said = quoted(formatting.from_to(found))
    return Danger(kind, None, f"its file says otherwise, and no plan shows what follows: {quoted(found.path)}: {said}")


_LETS_IN = ("coursecloud:team", "coursecloud:github", "coursecloud:course.accounts")
