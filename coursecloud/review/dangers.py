"""What a reader must not miss: lost data or protection, wider access, what Pulumi would refuse, and the like."""

import enum
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from coursecloud.diff import copy_commands, data_loss, refusals
from coursecloud.diff.changes import Change, Operation, PropertyChange
from coursecloud.diff.refusals import Refusal
from coursecloud.diff.replacement import called
from coursecloud.plan import import_ids
from coursecloud.plan.effects import ALTERED
from coursecloud.plan.planning import Plan, holds
from coursecloud.plan.registration import Registration
from coursecloud.review import access, code_run, output_texts
from coursecloud.review.quoting import quoted


class Level(enum.IntEnum):
    """How much a change asks of its reader."""

    NOTHING = 0
    FINE = 1
    LOOK = 2
    STOP = 3


class Kind(enum.StrEnum):
    """The kinds of dangers, gravest first."""

    REFUSED = "refused"
    """It cannot work, and the whole update fails: see `coursecloud.diff.refusals`."""
    RENAMED = "renamed"
    """It comes under one name and goes under another, and is one and the same to Google."""
    DATA = "data"
    """What it holds is deleted with it."""
    UNPROTECTED = "unprotected"
    """It stays for now, but its protection goes: the next evening or `pulumi destroy` deletes it."""
    CREDIT = "credit"
    """The credit ends before the lease does, or sooner than before, or nobody can say any more whether it lasts."""
    PRICE = "price"
    """Something has no known price, and had none or was not there before."""
    SHRINKS = "shrinks"
    """It only grows: a smaller one is another one, empty."""
    OVER = "over"
    """The lease of the stack is over: what its members are granted has an end that is past, or is soon."""
    PRUNES = "prunes"
    """The resource stays, but what decides what of its content is deleted changes, and not towards keeping more."""
    PUBLIC = "public"
    """Everybody on the internet gets access."""
    ACCESS = "access"
    """Somebody who is no service account of the stack gets access, or the rule of who may come in changes."""
    PROTECTION = "protection"
    """What holds spending back, keeps data, keeps somebody out or tells somebody does so less than before."""
    PROGRAM = "program"
    """The program does what no list of resources shows: see `coursecloud.plan.effects`."""
    OUTPUTS = "outputs"
    """The program prints other commands, addresses or names than before, which people copy and workflows use."""
    GUARD = "guard"
    """The stack file loosens or changes what guards the stack: exceptions, limits, what the tables do not know."""
    RUNS = "runs"
    """Other code runs than before, as the account of a machine or of a build."""
    DEARER = "dearer"
    """An hour of the stack costs more than before, by a tenth of that or of what it may cost."""
    RESTARTS = "restarts"
    """A machine is stopped and started again."""
    RUNNING = "running"
    """It works only while the machine runs."""
    LEFT = "left"
    """Pulumi forgets it and Google keeps it, so it goes on billing."""
    UNKNOWN = "unknown"
    """Nobody knows whether the update replaces it."""


MERGED = (
    Kind.DATA, Kind.UNPROTECTED, Kind.PRUNES, Kind.PUBLIC, Kind.ACCESS, Kind.PROTECTION, Kind.OUTPUTS, Kind.GUARD,
    Kind.RUNS,
)  # fmt: skip
"""What an update that fails does not do, and the first one that works does."""


@dataclass(frozen=True)
class Danger:
    """One danger in a sentence: of one change, of several (the first stands for them), or of a setting (None)."""

    kind: Kind
    change: Change | None
    text: str


def dangers(changes: Iterable[Change], machines: Collection[str] = ()) -> tuple[Danger, ...]:
    """List every danger but what is refused, gravest first; `machines` are those that the stack file names."""
    listed = list(changes)
    found = [danger for change in listed for danger in _of(change, machines)]
    found += _renamed(listed)
    found += [Danger(Kind.PUBLIC, change, text) for change, text in access.public(listed)]
    found += [Danger(Kind.ACCESS, change, text) for change, text in access.widened(listed)]
    return ordered(found)


def ordered(found: Iterable[Danger]) -> tuple[Danger, ...]:
    """Put dangers in order, gravest first."""
    order = list(Kind)
    return tuple(sorted(found, key=lambda d: (order.index(d.kind), d.change.key if d.change else "", d.text)))


def of_refusals(found: Iterable[Refusal], changes: Iterable[Change]) -> Iterator[Danger]:
    """Say which edits cannot work, or only under a condition; what is protected from one change in one sentence."""
    by_urn = {change.resource.urn: change for change in changes}
    other = {refusals.Kind.RUNNING: Kind.RUNNING, refusals.Kind.SHRINKS: Kind.SHRINKS}
    listed = list(found)
    kept = [each for each in listed if each.fails and each.kind is refusals.Kind.PROTECTED]
    if len(kept) > 1:
        yield Danger(Kind.REFUSED, None, refusals.together(kept))
    for refusal in listed:
        if refusal in kept and len(kept) > 1:
            continue
        kind = Kind.REFUSED if refusal.fails else other.get(refusal.kind, Kind.DATA)
        yield Danger(kind, by_urn.get(refusal.urn), refusal.sentence)


def of_program(before: Plan | None, after: Plan, changes: Iterable[Change]) -> Iterator[Danger]:
    """Name what the program does beside asking for resources, and did not do before."""
    by_urn = {change.after.urn: change for change in changes if change.after}
    # The same deed of a resource that is called otherwise is no new one.
    done = {(deed.kind, deed.text, deed.name) for deed in (before.deeds if before else ())}
    renamed = {change.name: change.renamed_from for change in by_urn.values() if change.renamed_from}
    for deed in after.deeds:
        if deed.kind == ALTERED:
            continue  # a review names each line by which it is
        if (deed.kind, deed.text, renamed.get(deed.name, deed.name)) in done:
            continue
        change = by_urn.get(deed.urn or "")
        if deed.urn is None:
            yield Danger(Kind.PROGRAM, None, deed.text if deed.kind == "comment" else f"the program {deed.text}")
        else:
            what = one(change) if change else quoted(deed.name)
            yield Danger(Kind.PROGRAM, change, f"{what} {deed.text}")


def of_jobs(before: Plan, after: Plan) -> Iterator[Danger]:
    """Say what training jobs run otherwise."""
    if told := code_run.of_jobs(before.settings, after.settings):
        listed = ", ".join(quoted(f"training.{key}") for key in told)
        yield Danger(Kind.RUNS, None, f"training jobs run other code, or are told other things, than before: {listed}")


def of_salts(was: str | None, will: str | None) -> Iterator[Danger]:
    """Say that what decides which passphrase opens the stack's secrets changes."""
    if was is None or will is None or was == will:
        return
    how = "comes" if not was else "goes" if not will else "is another"
    then = (
        "Pulumi opens what is encrypted in the stack file and the state by it and the passphrase: with another one"
        " `pulumi up` fails with 'incorrect passphrase', and what was encrypted by the one before stays shut"
    )
    if not was:
        then = "from now on Pulumi opens what is encrypted in the stack file and the state by it and a passphrase"
    yield Danger(Kind.GUARD, None, f"`encryptionsalt` of the stack file {how}: {then}")


def of_outputs(outputs: Iterable[PropertyChange]) -> Iterator[Danger]:
    """Say what a program that changes prints otherwise, each with both sides."""
    for entry in outputs:
        old, new = output_texts.sides(entry)
        yield Danger(Kind.OUTPUTS, None, f"the output {quoted(entry.path)} says {new}; before: {old}")


def _of(change: Change, machines: Collection[str]) -> Iterable[Danger]:
    what = one(change)
    goes = "deleted" if change.operation is Operation.DELETE else "deleted and made anew, empty"
    if change.loses:
        text = f"{what} is {goes}: all {change.loses} in it {_are(change.loses)} gone{_but(change)}"
        assert change.before  # noqa: S101 - what loses something was there
        copied = copy_commands.how(change.before.type, change.before.inputs)
        yield Danger(Kind.DATA, change, text + (f"; copy it before: {copied}" if copied else ""))
    if change.unprotected and change.operation is not Operation.REPLACE:
        kept = holds(change.resource)
        inside = f", with all {kept} in it" if kept else ""
        yield Danger(Kind.UNPROTECTED, change, f"{what} is kept no longer: the next `make down` deletes it{inside}")
    if change.retained:
        yield Danger(Kind.LEFT, change, f"{what} is forgotten by Pulumi but stays at Google, and bills on")
    if change.operation in (Operation.UPDATE, Operation.REPLACE) and (code := code_run.other(change)):
        yield Danger(Kind.RUNS, change, f"{what} runs other code than before: {', '.join(code)}")
    if change.operation is Operation.CREATE and change.after and (code := code_run.brought(change.after, machines)):
        yield Danger(Kind.RUNS, change, f"{what} brings code that runs as an account of the stack: {', '.join(code)}")
    if change.operation is Operation.UPDATE:
        if pruned := _tops(entry for entry in change.properties if entry.prunes):
            yield Danger(
                Kind.PRUNES,
                change,
                f"{what} stays, but {', '.join(pruned)} {'changes' if len(pruned) == 1 else 'change'},"
                " which can delete what is in it",
            )
        if stops := _tops(entry for entry in change.properties if entry.restarts):
            yield Danger(
                Kind.RESTARTS,
                change,
                f"{what} is stopped and started again for {', '.join(stops)}: what runs on it ends",
            )
        if change.uncertain:
            yield Danger(
                Kind.UNKNOWN, change, f"{what}: its type is not in the dated table, so the update may be a replacement"
            )


def _renamed(changes: Sequence[Change]) -> Iterator[Danger]:
    """Find what the program calls otherwise than before without telling the engine the old name."""
    gone = {
        _same(change.before): change for change in changes if change.operation is Operation.DELETE and change.before
    }
    for change in changes:
        if change.operation is not Operation.CREATE or not change.after or _same(change.after) not in gone:
            continue
        old = gone[_same(change.after)].before
        assert old  # noqa: S101 - what is deleted was there
        alias = data_loss.Twin(change.after.type, old.urn, change.after.urn, "").alias
        yield Danger(
            Kind.RENAMED,
            change,
            f"{one(change)} is {one(gone[_same(change.after)])} under another name, without an alias: an update would"
            f" delete what is there. `coursecloud up` stops before that; give it aliases=[{alias}], or an alias to its"
            " component where that was renamed or moved",
        )


def _same(resource: Registration) -> str:
    """Say which of Google's things it is; where that is not known yet, by all that is said of it."""
    found = import_ids.identity(resource.type, resource.inputs)
    return found or f"{resource.type} {json.dumps(resource.inputs, sort_keys=True)}"


def _tops(properties: Iterable[PropertyChange]) -> list[str]:
    return list(dict.fromkeys(entry.top for entry in properties))


def _are(what: str) -> str:
    return "are" if what.endswith("s") else "is"


def _but(change: Change) -> str:
    """Say what stands in the way of the loss, or no longer does."""
    if change.refused:
        return ", if Pulumi did not refuse because it is protected"
    if change.unprotected:
        return "; the same change lifts its protection, so only `coursecloud up` still asks for its name (`--lose`)"
    inputs = change.resource.inputs if change.before is None else change.before.inputs
    stops = change.resource.type == "gcp:storage/bucket:Bucket" and inputs.get("forceDestroy") is not True
    return "; without forceDestroy, Google refuses unless it is empty" if stops else ""


def one(change: Change) -> str:
    """Name one resource as a reader would: `bucket data`."""
    return f"{called(change.resource.type, 1).removeprefix('1 ')} {change.name}"
