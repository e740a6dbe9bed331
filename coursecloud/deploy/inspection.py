"""What the cloud has, before anything is touched: what was changed by hand is said, and settled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

from coursecloud.common import stack_file
from coursecloud.deploy import checkpoint, data_stores, drift, openings, reconcile, remedies, soft_deleted, summary
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.deploy.recovery import owned
from coursecloud.deploy.session import Day
from coursecloud.diff import data_loss, edits, refusals, refusing
from coursecloud.diff.engine_events import Told, called
from coursecloud.plan import planning

Json = dict[str, Any]

SERVICE = "gcp:projects/service:Service"
TRIES, SECONDS = 8, 10
"""An API that was switched on answers after a minute or so: so many looks, and seconds between them."""


def before_update(day: Day, state: Json) -> Told:
    """See what the cloud has and what an update would do now; say what was changed by hand, and settle it."""
    if not checkpoint.resources(state):
        return day.pulumi.preview()
    with ThreadPoolExecutor(1) as beside:
        opened = beside.submit(openings.look, day.cloud, checkpoint.resources(state), day.settings.project)
        told = day.pulumi.preview("--refresh")
    if told.code and not told.unread and not _by_hand(told):
        return told
    _unread(day, told)
    _elsewhere(day, told)
    if soft_deleted.bring_back(day, told.refreshed):
        told = day.pulumi.preview("--refresh")
    found = drift.changes(told.refreshed)
    follow = reconcile.settle(day, found, opened.result())
    if follow:
        _follow(day, follow)
    if told.code or found:
        # What Pulumi told was for a state that followed the cloud in everything.
        told = day.pulumi.preview()
    return told


def _by_hand(told: Told) -> bool:
    """Say whether a preview may have failed for what somebody changed: a kept disk that grew would be made anew."""
    changed = {change.urn for change in drift.changes(told.refreshed)}
    return bool(changed & {*told.failed, *(step["urn"] for step in told.steps if step["op"] != "update")})


def before_deleting(day: Day, state: Json) -> Json:
    """Say what was changed by hand, and forget what is gone, so that it is no obstacle. Gives the state."""
    if not checkpoint.resources(state):
        _unknown(day)
        return state
    told = _switched_on(day, day.pulumi.look())
    _unread(day, told)
    soft_deleted.bring_back(day, told.refreshed, deleting=True)
    found = drift.changes(told.refreshed)
    day.say(*reconcile.said(found, deleting=True))
    _undeletable(day, found)
    day.grown |= {change.urn for change in found if change.kind == "grown"}
    in_the_way(day, checkpoint.resources(state))
    gone = [change.urn for change in found if change.kind == "gone"]
    if not gone:
        return state
    _follow(day, gone)
    return day.pulumi.state()


def in_the_way(day: Day, resources: list[Json]) -> None:
    """Say which firewall rules go along; refuse where a machine of somebody's own is on the stack's network."""
    try:
        day.in_the_way = openings.in_the_way(day.cloud, resources)
        strangers = openings.machines_on(day.cloud, resources)
    except CloudError:
        return  # whether something is there, the deletion of the network tells
    if strangers:
        raise RefusedError(
            f"{day.about} was not begun: on the stack's network is what the stack did not make, {', '.join(strangers)}",
            "Google deletes no network that a machine is on, and it would end half-way; nothing was deleted",
            "delete it (`gcloud compute instances delete NAME --zone=ZONE`), or make it anew on another network; then"
            f" `coursecloud {day.command} --stack {day.stack}` again",
        )
    for rule in day.in_the_way:
        day.say(f"In the way, and goes along: {rule}")


def _switched_on(day: Day, told: Told) -> Told:
    """Switch the stack's own APIs on again that somebody has switched off: without them nothing can be deleted."""
    off = [
        cast("Json", each["old"]["inputs"]) for each in told.refreshed if each["type"] == SERVICE and not each["new"]
    ]
    if not off:
        return told
    names = ", ".join(str(each.get("service")) for each in off)
    day.say(f"Switched off by hand, and on again, because nothing can be deleted without: {names}")
    day.touched = True
    for each in off:
        try:
            day.cloud.call(
                "POST", "serviceUsage", f"projects/{each['project']}/services/{each['service']}:enable", body={}
            )
        except CloudError as error:
            day.say(f"    NOT switched on: {each.get('service')}: {error.words}")
    for _ in range(TRIES):
        told = day.pulumi.look()
        texts = [told.failed.get(urn, "") for urn in told.unread]
        if not any(remedies.disabled(text) for text in texts):
            break
        time.sleep(SECONDS)
    return told


def _follow(day: Day, urns: list[str]) -> None:
    """Let the state follow the cloud; raises RefusedError where it cannot, because what comes next builds on it."""
    told = day.write(lambda: day.pulumi.follow(urns))
    if told.code:
        raise RefusedError(
            "\n".join([f"{day.stopped}: what was changed by hand cannot be noted", *remedies.lines(told)])
        )


def _elsewhere(day: Day, told: Told) -> None:
    """Refuse before anything is put in order where the stack lives in another project: that one is not its own."""
    refused = refusing.refused(edits.of_preview(told.steps))
    if moved := [refusal for refusal in refused if refusal.kind is refusals.Kind.PROJECT]:
        raise RefusedError("\n".join([f"{day.stopped}: {refusals.headline(moved)}", *map(str, moved)]))


def _unknown(day: Day) -> None:
    """Refuse to say that nothing is left where the state knows nothing, and the cloud has what the program declares."""
    made = planning.make(day.stack, stack_file.path_of(day.stack, day.root), day.root)
    wanted = [
        checkpoint.named(resource.urn, {"type": resource.type, "inputs": resource.inputs})
        for resource in made.custom
        if not made.adopts(resource)
    ]
    if there := owned(day, [each for each in wanted if each]):
        raise RefusedError(
            f"{day.about} was not begun: the state in {day.here.backend} knows nothing of the stack, and Google has"
            f" {summary.listed(each.urn for each in there)}",
            "what the state does not know is not deleted, and goes on billing",
            "get the state of who deployed it; where it is lost,"
            f" `coursecloud up --stack {day.stack}` takes all of it over, and then `{day.command}` deletes it",
        )


def _undeletable(day: Day, found: Iterable[drift.Drift]) -> None:
    """Refuse to begin what would end half-way: somebody has protected a machine from being deleted, by hand."""
    protected = [
        change
        for change in found
        if any(value.path == "deletionProtection" and value.now is True for value in change.values)
    ]
    if protected:
        raise RefusedError(
            f"{day.about} was not begun: somebody has protected {summary.listed(each.urn for each in protected)} from"
            " being deleted, by hand",
            "Google refuses to delete it, and what it hangs on stays, too; nothing was deleted",
            "ask who did it; `gcloud compute instances update NAME --no-deletion-protection` takes it off, and so does"
            f" `coursecloud up --stack {day.stack}`",
        )


def inside(
    day: Day, resources: Sequence[Json], losses: Iterable[data_loss.Loss], *, empty: bool = False
) -> list[data_loss.Loss]:
    """Say how much is in what would go; what is known to hold nothing is left out, unless `empty`."""
    listed = list(losses)
    urns = {loss.urn for loss in listed}
    looked = data_stores.look(day.cloud, [resource for resource in resources if resource["urn"] in urns])
    counted = {store.urn: store for store in looked}

    def said(loss: data_loss.Loss) -> data_loss.Loss:
        store = counted.get(loss.urn)
        if not store:
            return loss
        what = store.says or f"{loss.what} ({store.unread})"
        return replace(loss, what=what, called=store.where if store.where.startswith("gs://") else loss.called)

    return [said(loss) for loss in listed if empty or not (loss.urn in counted and counted[loss.urn].empty)]


def _unread(day: Day, told: Told) -> None:
    """Say what could not be looked at; an error that concerns every call ends the command."""
    texts = {urn: told.failed[urn] for urn in told.unread if urn in told.failed}
    for text in (*texts.values(), *told.errors):
        if remedies.stops(text):
            raise RefusedError(
                f"Google did not answer: {remedies.words(text)}",
                "nothing was touched: what the cloud has is looked at before anything is changed",
                remedies.remedy(text),
            )
    if told.unread:
        day.say(f"NOT LOOKED AT, so what was changed there by hand is not known: {summary.listed(told.unread)}")
        day.say(*(f"    {called(urn)}: {remedies.words(text)}" for urn, text in texts.items()))
