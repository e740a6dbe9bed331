"""What an update that was cut off has left: its open operations are ended, and what it had made is taken over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from catalog import types
from coursecloud.deploy import checkpoint, last_update, remedies, summary
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.deploy.session import Day
from coursecloud.diff import data_loss
from coursecloud.diff.engine_events import Told, called
from infra.names import label_value

Json = dict[str, Any]

_UNREAD = ("deletionPolicy", "deletionProtection", "disableOnDestroy", "forceDestroy")
"""Inputs that say how the provider deletes; Google knows nothing of them."""


def question(there: Iterable[checkpoint.PendingResource]) -> str:
    """Ask whether what Google has already is this stack's own."""
    listed = "".join(f"\n    {found.name}: {found.id}" for found in there)
    return (
        f"Google has already what this stack wants to create:{listed}\n"
        "An update that was cut off leaves such things behind. Take them over? From then on `down` and `finish` "
        "delete them too"
    )


def settle(day: Day, *, mine: bool) -> Json:
    """End what an interrupted update left open, and give the state: what it was making is taken over, if it is there.

    What it was changing or deleting is found by the look that comes next. Raises RefusedError where the state cannot be
    written, and where another state made the last update, unless `mine`.
    """
    exported = day.pulumi.export()
    state = cast("Json", exported.get("deployment") or {})
    _newest(day, state, mine=mine)
    if not (pending := checkpoint.pending(state)):
        return state
    names = summary.listed(dict.fromkeys(operation["resource"]["urn"] for operation in pending))
    day.say(f"The last update was cut off while it worked on {names}. Looking at what came of it.")
    settled = {**exported, "deployment": {key: value for key, value in state.items() if key != "pending_operations"}}
    told = day.write(lambda: day.pulumi.write_state(settled))
    if told.code:
        raise RefusedError(
            f"the state of stack {day.stack} cannot be written: {remedies.words(' '.join(told.errors))}",
            "an update that was cut off is settled in the state first; nothing else was touched",
            "see that you may write where `backend` in Pulumi.yaml says, then the same command again",
        )
    if found := own(day, checkpoint.half_made(pending, day.pulumi.state())):
        take_over(day, found)
        inputs = {each["resource"]["urn"]: cast("Json", each["resource"].get("inputs") or {}) for each in pending}
        _write(day, {urn: {key: given[key] for key in _UNREAD if key in given} for urn, given in inputs.items()})
    return day.pulumi.state()


def complete(day: Day, told: Told) -> bool:
    """Write into the state of what was taken over those inputs that no read tells, and that would make it anew.

    The region of an endpoint is one: the state then has none, the program has one, and Pulumi sees a change. What the
    read did tell, and otherwise, stays: that is a difference. True where something was written; `told` is out of date
    then.
    """
    wanted: dict[str, Json] = {}
    for step in told.steps:
        if step["urn"] not in day.taken or step["op"] not in ("replace", "create-replacement"):
            continue
        keys = [str(key) for key in step["replaceReasons"]]
        old, new = step["oldState"], cast("Json", step["newState"].get("inputs") or {})
        sides = [cast("Json", old.get(side) or {}) for side in ("inputs", "outputs")]
        if keys and all(key in new and not any(side.get(key) for side in sides) for key in keys):
            wanted[step["urn"]] = {key: new[key] for key in keys}
    return _write(day, wanted) if wanted else False


def _write(day: Day, wanted: Mapping[str, Json]) -> bool:
    """Write inputs into the state that an import cannot read, because the provider keeps them to itself.

    Without those that say how it deletes, a deletion that comes next would fail: a bucket with objects, a service that
    is protected by default. True where something was written.
    """
    exported = day.pulumi.export()
    changed = False
    for resource in cast("list[Json]", cast("Json", exported.get("deployment") or {}).get("resources") or []):
        kept = wanted.get(resource["urn"], {})
        for side in ("inputs", "outputs"):
            held = cast("Json", resource.get(side) or {})
            if any(held.get(key) != value for key, value in kept.items()):
                resource[side] = held | kept
                changed = True
    return changed and not day.write(lambda: day.pulumi.write_state(exported)).code


def _newest(day: Day, state: Json, *, mine: bool) -> None:
    """Refuse to work with an older or copied state: it would delete, or make anew, what has been made since."""
    day.last, said = last_update.read_marker(day.cloud, day.bucket())
    if said and remedies.stops(said):
        raise RefusedError(
            f"{day.stopped}: Google did not answer ({remedies.words(said)})",
            "what the cloud has is looked at before anything is changed",
            remedies.remedy(said),
        )
    # In a new project nobody has switched Storage on yet, so nobody can have noted anything.
    if said and (checkpoint.resources(state) or not remedies.disabled(said)):
        day.say(said)
    note = last_update.read_note(day.pulumi.backend_folder(), day.stack)
    found = last_update.compare(day.last, note, day.here, empty_state=not checkpoint.resources(state))
    if isinstance(found, last_update.Older) and not mine:
        raise RefusedError(f"{day.stopped}.\n{found.text}")


def take_over(day: Day, found: list[checkpoint.PendingResource]) -> None:
    """Import what is there. Pulumi stops at the first that is not, so it is asked again for the rest."""
    known = now = checkpoint.urns(day.pulumi.state())
    left = found
    while left:
        # What an import has done is no work of this command.
        listed = checkpoint.import_file(left)
        code = day.write(lambda listed=listed: _quiet(day.pulumi.take_over(listed))).code
        now = checkpoint.urns(day.pulumi.state())
        missing = [each for each in left if each.urn not in now]
        if not code or len(missing) == len(left):
            break
        left = missing
    if took := [each.urn for each in found if each.urn in now - known]:
        day.taken.update(took)
        day.say(f"Taken over, because Google has it already: {summary.listed(took)}")


def own(day: Day, found: Iterable[checkpoint.PendingResource]) -> list[checkpoint.PendingResource]:
    """Leave out what is another's, by its labels, and say so.

    What takes no labels is told by its name alone, which has the stack's in it; what cannot be read, too.
    """
    ours: list[checkpoint.PendingResource] = []
    for each in found:
        labels = _labels(day, each)
        if labels is None or _is_own(day, labels):
            ours.append(each)
            continue
        whose = ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "none"
        day.say(
            f"{called(each.urn)}: {each.id} is there and not this stack's (its labels: {whose}); it is left alone. "
            "Delete it, or give this stack another name"
        )
    return ours


def owned(day: Day, wanted: Iterable[checkpoint.PendingResource]) -> list[checkpoint.PendingResource]:
    """List what Google has under these names with this stack's own labels; what takes no labels is not asked for."""
    found = [(each, _labels(day, each)) for each in wanted if _told_by(each.type)]
    return [each for each, labels in found if labels and _is_own(day, labels)]


def _is_own(day: Day, labels: Json) -> bool:
    # A label takes fewer letters than a stack's name may have.
    return labels.get("stack") == label_value(day.stack) and labels.get("managed-by") == "coursecloud"


def _told_by(kind: str) -> str | None:
    """Name the API that tells the labels of a type; None of a type that takes none."""
    known = types.of(kind)
    return known.cloud if known and known.labelled else None


def _labels(day: Day, found: checkpoint.PendingResource) -> Json | None:
    """Ask for the labels of what Google has; None where it takes none, is not there or cannot be read."""
    api = _told_by(found.type)
    if not api:
        return None
    region = found.id.partition("/locations/")[2].partition("/")[0]
    try:
        answer = day.cloud.get(api, f"b/{found.id}" if api == "storage" else found.id, region=region)
    except CloudError:
        return None
    return cast("Json", answer.get("labels") or {})


def there(day: Day, done: Told, state: Json, taken: Collection[str]) -> list[checkpoint.PendingResource]:
    """List what Google has already and may be taken over, after asking."""
    found, twins = checkpoint.already_there(list(done.failed.items()), done.wanted, state)
    found = own(day, (each for each in found if each.urn not in taken))
    for twin in twins:
        day.say(f"{twin.name}: the state holds {twin.id} already, under another name; {data_loss.ALIAS}")
    return found if found and day.agreed(question(found)) else []


def _quiet(told: Told) -> Told:
    told.done.clear()
    return told
