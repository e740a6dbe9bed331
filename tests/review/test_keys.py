"""Each key of the stack file: a change of it is told by what it does, or is harmless and not told."""

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from coursecloud.cli import schema
from coursecloud.cli.schema import keys
from coursecloud.review.dangers import one
from tests.review.conftest import Planner
from tests.review.made import Config, reviewed

GROUPS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("keys.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Way:
    """A group of keys changed at once, in one direction."""

    group: Mapping[str, Any]
    back: bool

    def __str__(self) -> str:
        return f"{self.group['about']}{', back' if self.back else ''}"

    def laid(self, config: Config, side: str) -> None:
        """Write one side of the group into a stack file."""
        config["gcp:project"] = "some-project-1"
        _lay(config, {f"coursecloud:{name}": values for name, values in self.group.get("base", {}).items()})
        for key, change in self.group["keys"].items():
            _put(config, key, copy.deepcopy(change[side]))

    def said(self) -> Iterator[tuple[str, str | None]]:
        """Give for each key the words that are said of its change."""
        for key, change in self.group["keys"].items():
            yield key, change.get("back" if self.back else "says")


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            _lay(under[key], cast("dict[str, Any]", value))
        else:
            under[key] = copy.deepcopy(cast("object", value))


def _put(config: Config, path: str, value: object) -> None:
    if path.startswith("gcp:"):
        config.update({path: value})
        return
    first, *parts, last = path.split(".")
    at = config.setdefault(f"coursecloud:{first}", {})
    for part in parts:
        at = at.setdefault(part, {})
    if value is None and path != "machines.trainer.dataDisk":
        at.pop(last, None)
    else:
        at[last] = value


WAYS = [Way(group, back) for group in GROUPS for back in (False, True)]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_change_of_a_key_is_told_by_what_it_does(way: Way, plan_of: Planner) -> None:
    one_side, other = (plan_of("full", functools.partial(way.laid, side=side)) for side in ("from", "to"))
    review = reviewed(other, one_side, "full") if way.back else reviewed(one_side, other, "full")
    (stack,) = review.stacks
    told = [*(each.text for each in stack.dangers), *(each.sentence for each in stack.protection)]
    done = [f"{change.operation} {one(change)}" for change in stack.changes]
    said = "\n".join([review.sentence, *told, *done])
    assert [f"{key}: {words}" for key, words in way.said() if words and not re.search(words, said)] == [], said
    assert review.level.name == way.group["levels"][way.back], said
    if wanted := way.group.get("sentence"):
        assert re.search(wanted[way.back], review.sentence)
    if review.level.name == "FINE":
        assert told == []


AS_A_WHOLE = ("guardrails.exceptions.", "training.jobs.")
"""Lists and maps whose entries are changed, not each key of an entry."""


def test_every_key_of_a_stack_file_is_changed_by_a_group() -> None:
    places = [place.removeprefix("coursecloud:") for place, _ in keys.places(schema.build()["properties"]["config"])]
    ends = [place for place in places if not any(other.startswith(f"{place}.") for other in places)]
    changed = {name for group in GROUPS for name in group["keys"]}
    one_by_one = [place for place in ends if not place.startswith(AS_A_WHOLE)]
    assert [place for place in one_by_one if not any(_is(name, place) for name in changed)] == []
    assert [name for name in changed if not any(_is(name, place) for place in places)] == []


def _is(name: str, place: str) -> bool:
    """Say whether a key is at a place, where `*` is any name; a map of free names may be changed as a whole."""
    patterns = (re.escape(each).replace(r"\*", "[^.]+") for each in (place, place.removesuffix(".*")))
    return any(re.fullmatch(pattern, name) for pattern in patterns)
