"""What an update does with each resource, whoever says so: two plans as a review compares them, or Pulumi's preview."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from coursecloud.diff import property_diff
from coursecloud.diff.copy_commands import shown
from coursecloud.diff.property_diff import NOTHING
from coursecloud.diff.replacement import called
from coursecloud.plan import provenance
from coursecloud.plan.import_ids import PREVIEWED_UNKNOWN
from coursecloud.plan.registration import Registration

if TYPE_CHECKING:
    from coursecloud.diff import changes

Inputs = Mapping[str, Any]


class Op(enum.StrEnum):
    """What an update does with a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


@dataclass(frozen=True)
class Edit:
    """What an update does with one resource."""

    urn: str
    type: str
    op: Op
    old: Inputs = field(default_factory=dict[str, Any])
    """Its inputs until now; empty where it comes."""
    new: Inputs = field(default_factory=dict[str, Any])
    """Its inputs from now on; empty where it goes."""
    kept: bool = False
    """Pulumi refuses to delete it: it is protected, and so is what would come in its place."""
    parent: str | None = None
    because: tuple[str, ...] = ()
    """The inputs for which the provider makes it anew, as paths; none where it follows another."""
    outputs: Inputs = field(default_factory=dict[str, Any])
    """What was known of it when somebody last looked; empty where plans are compared."""

    @property
    def name(self) -> str:
        """What the program calls it, and `--lose` names it by."""
        return self.urn.rpartition("::")[2]

    @property
    def resource(self) -> Registration:
        """The resource, as far as its place in the stack file tells."""
        return Registration(
            self.urn, self.type, self.name, True, self.parent, self.old or self.new, (), {}, None, self.kept, {}
        )

    @property
    def goes(self) -> bool:
        """Say whether what is there is deleted, for good or for another one."""
        return self.op in (Op.REPLACE, Op.DELETE)

    def was(self, path: str) -> Any:
        """Take what an input was until now, or else what was known of it; NOTHING where neither says."""
        found = property_diff.at(self.old, path)
        return property_diff.at(self.outputs, path) if found is NOTHING else found

    def will(self, path: str) -> Any:
        """Take what an input will be; NOTHING where there is none."""
        return property_diff.at(self.new, path)


def of_review(compared: Iterable[changes.Change]) -> Iterator[Edit]:
    """Take the resources of two plans as a review has compared them."""
    for each in compared:
        before, after = each.before, each.after
        yield Edit(
            each.resource.urn,
            each.resource.type,
            Op.SAME if each.operation == "rename" else Op(str(each.operation)),
            before.inputs if before else {},
            after.inputs if after else {},
            each.refused,
            each.resource.parent,
            tuple(reason.property for reason in each.reasons if not reason.follows),
        )


def of_preview(steps: Iterable[Mapping[str, Any]]) -> Iterator[Edit]:
    """Take the steps of `pulumi preview --json --show-replacement-steps` (CLI 3.272), of one that failed as well.

    Where what is protected would go, Pulumi's preview ends with an error, and has printed its steps all the same. What
    stays as it is is not among them.
    """
    by_urn: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        by_urn.setdefault(str(step["urn"]), []).append(step)
    for urn, same in by_urn.items():
        ops = {str(step["op"]) for step in same}
        op = Op.REPLACE if ops & _REPLACING else next((Op(each) for each in ops if each in set(Op)), Op.SAME)
        old, new = _state(same, "oldState"), _state(same, "newState")
        either = new or old
        if not either.get("custom") or str(either.get("type", "")).startswith("pulumi:"):
            continue
        yield Edit(
            urn,
            str(either["type"]),
            op,
            old.get("inputs") or {},
            new.get("inputs") or {},
            bool(old.get("protect")) and (op is Op.DELETE or bool(new.get("protect"))),
            either.get("parent"),
            _reasons(same),
            old.get("outputs") or {},
        )


_REPLACING = {"replace", "create-replacement", "delete-replaced"}


def _state(steps: Sequence[Mapping[str, Any]], side: str) -> Inputs:
    none: Inputs = {}
    return next((cast("Inputs", step[side]) for step in steps if step.get(side)), none)


def _reasons(steps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    found = [str(reason) for step in steps for reason in step.get("replaceReasons") or ()]
    if "__meta" in found:
        # A rule with a condition fired, and the provider does not say on which of the inputs that differ.
        found += [str(reason) for step in steps for reason in step.get("diffReasons") or ()]
    return tuple(reason for reason in dict.fromkeys(found) if reason != "__meta")


def what(edit: Edit) -> str:
    """Name a resource as a reader would: bucket `data`."""
    return f"{called(edit.type, 1).removeprefix('1 ')} {shown(edit.name)}"


def keys(edit: Edit, path: str) -> str:
    """Say where in the stack file an input comes from, or else in which file of the program."""
    found = provenance.of(edit.resource, re.sub(r"\[[^\]]*\]", "[]", path))
    return plain(" or ".join(found.keys) or found.file)


def why(edit: Edit) -> tuple[str, str]:
    """Say for which keys it goes, as a place and as words after what happens."""
    if edit.op is Op.DELETE:
        found = provenance.part(edit.resource)
        place, file = plain(found.keys[0] if found.keys else found.file), plain(found.file)
        # Which of the two was edited, no plan says.
        either = f"`{place}`" if place == file else f"`{place}`, or the program in `{file}`,"
        return place, f": {either} asks for it no longer"
    if not edit.because:
        return plain(provenance.part(edit.resource).file), ", as what it hangs on is made anew"
    listed = list(dict.fromkeys(keys(edit, path) for path in edit.because))
    told = [f"`{keys(edit, path)}` ({from_to(edit, path)})" for path in edit.because[:3]]
    return ", ".join(listed[:3]), f", because of {', '.join(told)}"


_TOLD = ("location", "region", "repositoryId", "secretId", "size", "type", "zone")
"""Inputs whose values are said: no secret stands in them."""


def from_to(edit: Edit, path: str) -> str:
    """Say which input changes, and from what to what where that may be said."""
    old, new = edit.was(path), edit.will(path)
    if path.rpartition(".")[2] in _TOLD or all(isinstance(side, int) for side in (old, new)):
        return f"{shown(path)}: {_word(old)} -> {_word(new)}"
    return f"{shown(path)} changes"


def _word(value: Any) -> str:
    if value is NOTHING:
        return "(none)"
    return "?" if value == PREVIEWED_UNKNOWN or isinstance(value, dict | list) else shown(value, 60)


def plain(text: str) -> str:
    """Take out of a text what would end the backticks that it stands between."""
    return shown(text, 200)[1:-1]
