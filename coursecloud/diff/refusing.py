"""Finds the edits that cannot work, before anything is touched. Pure decisions on dated facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog import tables, types
from coursecloud.diff import copy_commands, property_diff
from coursecloud.diff.copy_commands import shown
from coursecloud.diff.edits import Edit, Inputs, Op, from_to, keys, what, why
from coursecloud.diff.property_diff import NOTHING
from coursecloud.diff.refusals import Kind, Refusal
from coursecloud.plan import provenance
from coursecloud.plan.import_ids import PREVIEWED_UNKNOWN
from coursecloud.plan.planning import holds


def refused(edits: Iterable[Edit]) -> list[Refusal]:
    """List the edits that cannot work, gravest first; where all of the stack moves to another project, only that."""
    listed = list(edits)
    if moved := _moved(listed):
        return [moved]
    found = [*(refusal for edit in listed for refusal in _of(edit, listed)), *_respelt(listed)]
    return sorted(found, key=lambda refusal: (list(Kind).index(refusal.kind), not refusal.fails, refusal.urn))


def _of(edit: Edit, listed: Sequence[Edit]) -> Iterator[Refusal]:
    if edit.goes and (refusal := _protected(edit)):
        yield refusal
        return
    yield from _locked(edit)
    yield from _shrinks(edit, listed)
    if edit.op is Op.UPDATE:
        yield from _fixed(edit)
        yield from _running(edit)


def _respelt(listed: Sequence[Edit]) -> Iterator[Refusal]:
    """Say of each member who is written in other letters that Google takes both for one, and that grants would go."""
    grants = [(edit, found.grants.to) for edit in listed if (found := types.of(edit.type)) and found.grants]
    come = {_grant(edit.type, edit.new, to): edit.will(to) for edit, to in grants if edit.op is Op.CREATE}
    lost: dict[str, list[Edit]] = {}
    for edit, to in grants:
        member = edit.was(to)
        other = come.get(_grant(edit.type, edit.old, to)) if edit.op is Op.DELETE else None
        if isinstance(member, str) and isinstance(other, str) and member != other:
            lost.setdefault(member, []).append(edit)
    for edits in lost.values():
        place, _ = why(edits[0])
        many = f"{len(edits)} grants of one member, such as" if edits[1:] else "a grant of one member,"
        yield Refusal(
            Kind.RESPELT,
            edits[0].urn,
            place,
            f"{many} {what(edits[0])}, would be deleted and made in other letters",
            "Google takes both spellings for one member: what is made is there already, and the deletion takes it away",
            "write the member as before; or take it out, run `coursecloud up`, and then write it in other letters",
            name=what(edits[0]),
        )


def _grant(kind: str, inputs: Inputs, to: str) -> str:
    """Write a grant so that two spellings of its member are one."""
    own = {key: value for key, value in inputs.items() if not key.startswith("__")}
    return json.dumps([kind, {**own, to: str(own.get(to)).lower()}], sort_keys=True, default=str)


def _moved(listed: Sequence[Edit]) -> Refusal | None:
    """Say that the stack's project is another one: all that both sides have has moved from one project to one other."""
    both = [edit for edit in listed if _project(edit.old) and _project(edit.new)]
    ways = {(_project(edit.old), _project(edit.new)) for edit in both}
    # A program may move one resource alone, and that is another matter.
    if len(ways) != 1 or len(both) < min(2, len(listed)):
        return None
    old, new = ways.pop()
    if old == new:
        return None
    stores = sum(_is_store(edit) for edit in both)
    stack = re.sub(r"[^\w-]", "", both[0].urn.split("::")[0].rpartition(":")[2])
    finish = f"`coursecloud finish --stack {stack}`"
    return Refusal(
        Kind.PROJECT,
        both[0].urn,
        "gcp:project",
        f"`gcp:project`: {shown(old)} -> {shown(new)}",
        f"this stack lives in {shown(old)}: the update would delete what it has there ({len(both)} resources,"
        f" {stores} of them with data), and end half-way",
        f"write {shown(old)} again. To move with the data: write a second stack file with the new project,"
        f" `coursecloud up` that, copy the data, and end this stack with {finish}. To move without it: {finish} first,"
        " and then make this edit",
    )


def _project(inputs: Inputs) -> str:
    found = inputs.get("project")
    return found if isinstance(found, str) and found != PREVIEWED_UNKNOWN else ""


def _protected(edit: Edit) -> Refusal | None:
    goes = "deleted" if edit.op is Op.DELETE else "deleted and made anew"
    place, because = why(edit)
    copied = copy_commands.how(edit.type, edit.old) if _is_store(edit) else None
    first = f"undo that edit. Or copy the data ({copied}), then " if copied else "undo that edit. Or "
    if edit.kept:
        keep = provenance.keep(edit.resource)
        off = f"set `{keep}: false`" if keep else f"lift the protection in {provenance.part(edit.resource).file}"
        again = _lose(edit) if _is_store(edit) else "`coursecloud up`"
        beside = "; or leave it, and write another one beside it under a second name" if _is_store(edit) else ""
        return Refusal(
            Kind.PROTECTED,
            edit.urn,
            place,
            f"{what(edit)} is kept, and would be {goes}{because}",
            "what is kept is neither deleted nor made anew: Pulumi refuses, and the whole update fails",
            f"{first}{off}, run `coursecloud up` with that alone, and make this edit with {again}{beside}",
            name=what(edit),
            store=_is_store(edit),
        )
    if option := _prevented(edit):
        return Refusal(
            Kind.PROTECTED,
            edit.urn,
            place,
            f"{what(edit)} would be {goes}{because}",
            f"its `{option}` is on: the provider refuses to delete it, and the update ends half-way",
            f"{first}switch `{option}` off in {provenance.part(edit.resource).file}, run `coursecloud up`, and then"
            " make this edit",
            name=what(edit),
            store=_is_store(edit),
            half_way=True,
        )
    return None


def _prevented(edit: Edit) -> str | None:
    """Name the input by which the provider is told never to delete it, as it is until now."""
    if edit.was("deletionPolicy") == "PREVENT":
        return "deletionPolicy"
    protection = edit.was("deletionProtection")
    known = types.of(edit.type)
    by_default = protection in (NOTHING, None) and known is not None and known.protected
    return "deletionProtection" if by_default or protection in (True, "PROTECTED") else None


def _locked(edit: Edit) -> Iterator[Refusal]:
    known = types.of(edit.type)
    lock = known.locked if known else None
    if not lock or edit.was(lock.holds) is not True:
        return
    if edit.op is Op.DELETE:
        place, because = why(edit)
        yield Refusal(
            Kind.LOCKED,
            edit.urn,
            place,
            f"{what(edit)} is locked, and would be deleted{because}",
            "Google deletes it only when the lock holds nothing in it any more",
            f"undo that edit; or wait until the last of it is old enough, and say {_lose(edit)}",
            lose=edit.name,
        )
        return
    old, new = edit.was(lock.keeps), edit.will(lock.keeps)
    loosened = new is NOTHING or (new != old if lock.how == "stays" else _less(new, old))
    for path, wrong in ((lock.keeps, loosened), (lock.holds, edit.will(lock.holds) is not True)):
        if wrong:
            yield Refusal(
                Kind.LOCKED,
                edit.urn,
                keys(edit, path),
                f"{what(edit)} is locked, and {from_to(edit, path)}",
                "a lock is lifted by nobody, and what it holds is never loosened",
                "write what was there; or make another one beside it under a second name",
            )
            return


def _shrinks(edit: Edit, listed: Sequence[Edit]) -> Iterator[Refusal]:
    known = types.of(edit.type)
    for path, fact in known.grows.items() if known else ():
        old, new = _size(edit, path), edit.will(path)
        # What is made anew for something else may have any size.
        anew = edit.op is Op.REPLACE and any(_within(path, reason) for reason in edit.because)
        if not _less(new, old) or not (anew or edit.op is Op.UPDATE):
            continue
        if any(edit.will(key) not in allowed for key, allowed in fact.only.items()):
            continue
        copied = copy_commands.how(edit.type, edit.old)
        by = f" ({copied})" if copied else ""
        if anew:
            other = f"copy what is on it first{by}, and say {_lose(edit)}"
        else:
            other = f"write a smaller one beside it, under a second name, and copy what is on this one{by}"
        yield Refusal(
            Kind.SHRINKS,
            edit.urn,
            keys(edit, path),
            f"{what(edit)} would shrink: `{keys(edit, path)}`: {old} -> {new}",
            f"{fact.what} only grows: "
            + (
                "a smaller one is another one, empty, and what is on this one is gone"
                if anew
                else "Google refuses a smaller one"
            ),
            f"write {old} or more{_swapped(edit, path, listed)}. Or {other}",
            lose=edit.name if anew else None,
        )


def _size(edit: Edit, path: str) -> Any:
    """Take the size that it has: the larger of what was asked for and what was last seen, as Google's disks grow."""
    sides = [property_diff.at(side, path) for side in (edit.old, edit.outputs)]
    return max((side for side in sides if _is_number(side)), default=NOTHING, key=float)


def _less(new: Any, old: Any) -> bool:
    return _is_number(new) and _is_number(old) and float(new) < float(old)


def _is_number(value: Any) -> bool:
    """Say whether a value is a number, also one that the provider writes as a text."""
    return isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())


def _swapped(edit: Edit, path: str, listed: Sequence[Edit]) -> str:
    """Ask whether two names were swapped, where another of its type changes the other way round."""
    ways = (_size(edit, path), edit.will(path))
    for other in listed:
        if other.type == edit.type and (other.will(path), _size(other, path)) == ways:
            return f" ({shown(other.name)} goes from {ways[1]} to {ways[0]}: if two names were swapped, swap them back)"
    return ""


def _fixed(edit: Edit) -> Iterator[Refusal]:
    known = types.of(edit.type)
    for path in known.within if known else ():
        old, new = (tables.machine_type(str(value).rpartition("/")[2]) for value in (edit.was(path), edit.will(path)))
        # What the table does not know is left to Google.
        if old and new and old.kin != new.kin:
            yield Refusal(
                Kind.FIXED,
                edit.urn,
                keys(edit, path),
                f"{what(edit)} would become another kind of machine: {from_to(edit, path)}",
                f"Google changes no machine in place {_between(old, new)}",
                f"write {shown(old.name)} again. Or write a machine with the new type beside it, under a second name,"
                " copy what is on the old one's disk, and take the old one out of the file",
            )


def _between(old: tables.MachineType, new: tables.MachineType) -> str:
    if old.architecture != new.architecture:
        return "between x86 and ARM"
    for kind in (new, old):
        if kind.local_ssd_gib:
            return f"to or from a type that comes with local SSD, as {kind.name} does"
    return f"to or from a series with GPUs of its own, as {next(k.name for k in (new, old) if k.gpu)} is of"


def _running(edit: Edit) -> Iterator[Refusal]:
    known = types.of(edit.type)
    paths = known.running if known else ()
    for found in (
        property_diff.differences(property_diff.clean(edit.old), property_diff.clean(edit.new)) if paths else ()
    ):
        if any(_within(found.pattern, path) for path in paths):
            yield Refusal(
                Kind.RUNNING,
                edit.urn,
                keys(edit, found.path),
                f"{what(edit)} changes {shown(found.path)} in place, by `{keys(edit, found.path)}`",
                "that works only while the machine runs; where it has stopped, the update ends half-way",
                f"start it first: {copy_commands.start(edit.old)}",
            )
            return


def _within(path: str, outer: str) -> bool:
    return f"{path}.".startswith((f"{outer}.", f"{outer}["))


def _lose(edit: Edit) -> str:
    return f"`coursecloud up --lose {copy_commands.word(edit.name, 'NAME')}`"


def _is_store(edit: Edit) -> bool:
    return bool(holds(edit.resource))
