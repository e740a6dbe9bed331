"""What somebody deleted by hand and Google keeps for some days, with its id blocked: it is brought back.

The provider undeletes no pool, and of a deleted role it sees no change.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, cast

from catalog import types
from coursecloud.deploy.checkpoint import PendingResource, named
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.deploy.session import Day
from coursecloud.diff.engine_events import Told, called

Json = dict[str, Any]
SECONDS = 60
"""So long is waited until something is back."""


def bring_back(day: Day, refreshed: Iterable[Json], *, deleting: bool = False) -> bool:
    """Undelete what a refresh found deleted, where Google keeps it; True where something is back.

    `deleting`: only what the state still has, so that it can be deleted in order; of the rest nothing is left to do.
    Raises RefusedError where somebody says no, or Google does: nothing else could have the id.
    """
    found = list(_found(day, refreshed, deleting=deleting))
    if not found:
        return False
    day.say(
        "DELETED by hand, and kept by Google for some days, in which nothing else can have the id:",
        *(f"    {called(each['urn'])}, kept for {_days(each)} days" for each in found),
    )
    if not deleting and not day.agreed("Bring it back"):
        raise RefusedError(
            f"{day.stopped}: what Google keeps was not to be brought back",
            "its id is blocked until Google has forgotten it, so it cannot be made anew",
            "answer yes, or say --yes",
        )
    day.touched = True
    # A pool before its providers: an id is longer than that of what it is in.
    for each in sorted(found, key=lambda each: len(_id(each))):
        _undelete(day, each)
    return True


def blocking(day: Day, told: Told) -> list[PendingResource]:
    """Undelete what an update would make anew and cannot, and list it: it is to be taken over.

    An evening that was cut off has deleted it, and what it is in is there still, by the same id. A role the provider
    brings back by itself.
    """
    made = [named(step["urn"], step["newState"]) for step in told.steps if step["op"] == "create"]
    kept = [each for each in made if each and each.type in _IN_A_POOL]
    found = [{"urn": each.urn, "type": each.type, "old": {"id": each.id}} for each in kept]
    blocked = {str(each["urn"]): each for each in found if _deleted(day, each)}
    if blocked:
        what = [f"    {called(urn)}" for urn in blocked]
        why = "since an evening that was cut off, and brought back, as nothing else can have its id"
        day.say(f"KEPT by Google {why}:", *what)
    for each in blocked.values():
        _undelete(day, each)
    return [each for each in kept if each.urn in blocked]


_IN_A_POOL = ("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",)


def _found(day: Day, refreshed: Iterable[Json], *, deleting: bool) -> Iterator[Json]:
    for each in refreshed:
        new = cast("Json | None", each.get("new"))
        marked = new is not None and cast("Json", new.get("outputs") or {}).get("deleted") is True
        if _days(each) and (marked or (new is None and not deleting and _deleted(day, each))):
            yield each


def _days(each: Json) -> int | None:
    known = types.of(str(each["type"]))
    return known.undelete if known else None


def _id(each: Json) -> str:
    return str(cast("Json", each["old"]).get("id") or "")


def _deleted(day: Day, each: Json) -> bool:
    try:
        answer = day.cloud.get("iamBeta", _id(each))
    except CloudError:
        return False  # it is gone for good, or making it anew tells why not
    return answer.get("deleted") is True or answer.get("state") == "DELETED"


def _undelete(day: Day, each: Json) -> None:
    try:
        if _deleted(day, each):  # and did not come back with what it is in
            day.cloud.call("POST", "iamBeta", f"{_id(each)}:undelete", body={})
        until = time.monotonic() + SECONDS
        while _deleted(day, each) and time.monotonic() < until:
            time.sleep(1)
    except CloudError as error:
        raise RefusedError(
            f"{day.stopped}: {called(each['urn'])} cannot be brought back ({error.words})",
            "somebody deleted it by hand, and nothing else can have its id until Google has forgotten it",
            "ask somebody who may undelete it (an owner of the project), then the same command again",
        ) from None
    day.done.append(("brought back", each["urn"]))
