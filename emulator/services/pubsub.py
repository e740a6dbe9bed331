"""Pub/Sub: topics and subscriptions; messages wait in memory until they are acknowledged, or too old.

What was pulled comes again when its deadline is over, or when that is set to 0
(https://docs.cloud.google.com/pubsub/docs/subscription-properties, 2026-11). `returnImmediately` or not, a pull never
waits here; and what is there comes in order, which Google does not promise.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .. import crud, merge
from ..call import Call
from ..errors import ApiError, bad_value, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from ..world import Resource, moment
from .common import by_id, labels, need, need_account, seconds

Json = dict[str, Any]
Waiting = dict[str, tuple[Json, datetime]]
handlers = Handlers()
NAME = r"(?!goog)[a-zA-Z][\w.~+%-]{2,254}"


def topic(call: Call, body: Json, _old: Json | None) -> None:
    """A topic is its name and its labels."""
    labels(body)
    body["name"] = call.path
    body["state"] = "ACTIVE"


def subscription(call: Call, body: Json, old: Json | None) -> None:
    """A topic that is there, waits within limits, a safe address to push to."""
    labels(body)
    body["name"] = call.path
    if old is None:
        body.setdefault("expirationPolicy", {"ttl": "2678400s"})  # one without a ttl never expires
    if old is None or old["topic"] != "_deleted-topic_":
        body["topic"] = need(call, "pubsub", str(body.get("topic"))).path
    wait = body["ackDeadlineSeconds"] = body.get("ackDeadlineSeconds") or 10
    if not 10 <= wait <= 600:
        raise bad_value("subscription.ack_deadline_seconds", wait, "Must be between 10 and 600.")
    if not 600 <= seconds(body["messageRetentionDuration"]) <= 31 * 86_400:
        raise bad_value(
            "subscription.message_retention_duration",
            body["messageRetentionDuration"],
            "Must be 10 minutes to 31 days.",
        )
    push = body.setdefault("pushConfig", {})
    if push.get("pushEndpoint") and not push["pushEndpoint"].startswith("https://"):
        raise bad_value("subscription.push_config.push_endpoint", push["pushEndpoint"], "Must be an https:// URL.")
    need_account(call, part(push, "oidcToken").get("serviceAccountEmail", ""), "push_config.oidc_token")
    if dead := part(body, "deadLetterPolicy").get("deadLetterTopic"):
        need(call, "pubsub", dead)
    body["state"] = "ACTIVE"


def forget(call: Call, resource: Resource) -> None:
    """A deleted topic leaves its subscriptions behind, without a topic."""
    for sub in call.world.of("pubsub", "projects/subscriptions"):
        if sub.body["topic"] == resource.path:
            sub.body["topic"] = "_deleted-topic_"


@handlers.on("pubsub.projects.topics.patch", "pubsub.projects.subscriptions.patch")
def patch(call: Call) -> Any:
    """Here the mask is in the body (or, as the provider sends it, in the query after all)."""
    key = "topic" if "topics" in call.path else "subscription"
    mask = str(call.body.get("updateMask") or call.query.get("updateMask") or "")
    if not mask:
        raise invalid("The update_mask must be set.", ("update_mask", "required"))
    held = call.resource()
    schema = call.doc.schemas[key.capitalize()]
    body = merge.update(held.body, call.body.get(key) or {}, mask, schema, replace=False)
    attempt = Resource("pubsub", held.path, held.collection, body)
    crud.settle(call, call.kind, attempt, held.body)
    return call.world.put(attempt).body


@handlers.on("pubsub.projects.topics.publish")
def publish(call: Call) -> Any:
    """Every subscription of the topic gets the messages."""
    held = call.resource()
    stamp = call.world.now()
    messages = [{**m, "messageId": call.world.next_id(), "publishTime": stamp} for m in many(call.body, "messages")]
    if not messages:
        raise invalid("At least one message is needed.", ("messages", "empty"))
    for sub in call.world.of("pubsub", "projects/subscriptions"):
        if sub.body["topic"] == held.path:
            sub.secret = {**(sub.secret or {}), **{m["messageId"]: (m, call.world.time()) for m in messages}}
    return {"messageIds": [m["messageId"] for m in messages]}


@handlers.on("pubsub.projects.subscriptions.pull")
def pull(call: Call) -> Any:
    """What waits and nobody else has pulled just now; it comes again unless it is acknowledged in time."""
    held, most, now = call.resource(), int(call.body.get("maxMessages") or 0), call.world.time()
    if most <= 0:
        raise bad_value("max_messages", most, "Must be above 0.")
    if held.body["pushConfig"].get("pushEndpoint"):
        raise ApiError(400, "This method is not supported for this subscription type.", status="FAILED_PRECONDITION")
    free = [name for name, (_, due) in _waiting(call, held).items() if due <= now][:most]
    _due(held, free, now + timedelta(seconds=held.body["ackDeadlineSeconds"]))
    some = [{"ackId": name, "message": held.secret[name][0]} for name in free]
    return {"receivedMessages": some} if some else {}


@handlers.on("pubsub.projects.subscriptions.modifyAckDeadline")
def modify(call: Call) -> Any:
    """These come again so many seconds from now, with 0 at once."""
    held, wait = call.resource(), int(call.body.get("ackDeadlineSeconds") or 0)
    if not 0 <= wait <= 600:
        raise bad_value("ack_deadline_seconds", wait, "Must be between 0 and 600.")
    _due(held, many(call.body, "ackIds"), call.world.time() + timedelta(seconds=wait))
    return {}


@handlers.on("pubsub.projects.subscriptions.acknowledge")
def acknowledge(call: Call) -> Any:
    """These need not come again."""
    held = call.resource()
    held.secret = {name: each for name, each in _waiting(call, held).items() if name not in many(call.body, "ackIds")}
    return {}


def _waiting(call: Call, held: Resource) -> Waiting:
    """What a subscription still keeps, by its ids: each message, and from when on it may be pulled."""
    oldest = call.world.time() - timedelta(seconds=seconds(held.body["messageRetentionDuration"]))
    waiting: Waiting = held.secret or {}
    held.secret = {name: each for name, each in waiting.items() if moment(each[0]["publishTime"]) >= oldest}
    return held.secret


def _due(held: Resource, names: list[str], at: datetime) -> None:
    waiting: Waiting = held.secret or {}
    held.secret = {name: (each[0], at if name in names else each[1]) for name, each in waiting.items()}


@handlers.on("pubsub.projects.topics.subscriptions.list")
def subscriptions_of(call: Call) -> Any:
    """The names of a topic's subscriptions."""
    topic_path = by_id(call, call.path.removesuffix("/subscriptions"))
    names = [s.path for s in call.world.of("pubsub", "projects/subscriptions") if s.body["topic"] == topic_path]
    return {"subscriptions": names} if names else {}


_RETENTION = {"messageRetentionDuration": "604800s"}
KINDS = (
    Kind("pubsub", "projects/topics", name_field="", name_rule=NAME, fill=topic, blocked=forget),
    Kind(
        "pubsub",
        "projects/subscriptions",
        name_field="",
        name_rule=NAME,
        fill=subscription,
        defaults=_RETENTION,
        immutable=("topic", "enableMessageOrdering"),
    ),
)
SERVICE = Service("pubsub", ("v1",), kinds=KINDS, handlers=handlers)
