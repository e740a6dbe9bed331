"""Pub/Sub: topics and subscriptions; messages wait in memory until they are pulled."""

from __future__ import annotations

from typing import Any

from .. import crud, merge
from ..call import Call
from ..errors import bad_value, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from ..world import Resource
from .common import by_id, labels, need, need_account, seconds

Json = dict[str, Any]
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
            sub.secret = [*(sub.secret or []), *messages]
    return {"messageIds": [m["messageId"] for m in messages]}


@handlers.on("pubsub.projects.subscriptions.pull")
def pull(call: Call) -> Any:
    """What waits; it waits on until it is acknowledged."""
    waiting: list[Json] = call.resource().secret or []
    some = waiting[: int(call.body.get("maxMessages") or 1)]
    return {"receivedMessages": [{"ackId": m["messageId"], "message": m} for m in some]} if some else {}


@handlers.on("pubsub.projects.subscriptions.acknowledge")
def acknowledge(call: Call) -> Any:
    """These need not come again."""
    held = call.resource()
    waiting: list[Json] = held.secret or []
    held.secret = [m for m in waiting if m["messageId"] not in many(call.body, "ackIds")]
    return {}


@handlers.on("pubsub.projects.topics.subscriptions.list")
def subscriptions_of(call: Call) -> Any:
    """The names of a topic's subscriptions."""
    topic_path = by_id(call, call.path.removesuffix("/subscriptions"))
    names = [s.path for s in call.world.of("pubsub", "projects/subscriptions") if s.body["topic"] == topic_path]
    return {"subscriptions": names} if names else {}


_RETENTION = {"messageRetentionDuration": "604800s", "expirationPolicy": {"ttl": "2678400s"}}
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
