"""What the billing account's budget has told a project of the bill: read from its subscription, and left there."""

from __future__ import annotations

import contextlib
from typing import Any, cast

from coursecloud.deploy.cloud import Cloud, CloudError, escaped
from coursecloud.spend import billed
from coursecloud.spend.billed import Billed
from infra.names import Names

Json = dict[str, Any]
PULLS = 4
"""Questions at most: Google may answer with a part of what waits, or with nothing the first time."""
MOST = 1000
"""Messages of one answer (Pub/Sub API, `PullRequest.maxMessages`); a day has some dozens."""


def look(cloud: Cloud, project: str, stack: str) -> Billed:
    """Read the newest message. Raises nothing: where there is none it is told why, in words.

    Nothing is acknowledged, and what was read is given back at once, so that the next who asks gets it, too.
    """
    names = Names(project, stack)
    held = names.resource("budget")
    path = f"projects/{escaped(project)}/subscriptions/{escaped(held)}"
    try:
        found = _waiting(cloud, path)
    except CloudError as error:
        return Billed(None, _unseen(error, held))
    return billed.of(found, names.budget)


def _waiting(cloud: Cloud, path: str) -> list[Json]:
    """Pull all that waits, and give it back. Raises CloudError where the first question fails."""
    found, ids = list[Json](), list[str]()
    try:
        for _ in range(PULLS):
            # Google discourages it for those who wait for work; who wants to know what there is waits for nothing.
            asked = {"maxMessages": MOST, "returnImmediately": True}
            answer = cloud.call("POST", "pubsub", f"{path}:pull", body=asked)
            some = [cast("Json", each) for each in cast("list[object]", answer.get("receivedMessages") or [])
                    if isinstance(each, dict)]  # fmt: skip
            if found and not some:
                break
            found += [cast("Json", each["message"]) for each in some if isinstance(each.get("message"), dict)]
            ids += [str(each.get("ackId")) for each in some if each.get("ackId")]
    except CloudError:
        if not found:
            raise
    finally:
        for start in range(0, len(ids), MOST):
            back: Json = {"ackIds": ids[start : start + MOST], "ackDeadlineSeconds": 0}
            with contextlib.suppress(CloudError):  # else they are free again in ten seconds
                cloud.call("POST", "pubsub", f"{path}:modifyAckDeadline", body=back)
    return found


def _unseen(error: CloudError, held: str) -> str:
    if error.off or error.gone:
        return billed.NOWHERE.reason
    if error.status == 403:
        return (
            f"you may not read subscription `{held}` of the project, or there is none: whoever made the budget lets in"
            " the members that the stack file names (docs/billing.md)"
        )
    return error.words
