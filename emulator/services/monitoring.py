"""Cloud Monitoring: alert policies and notification channels (v3), dashboards (v1); time series are empty."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call
from ..errors import failed, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part
from ..world import Resource
from .common import by_id

Json = dict[str, Any]
handlers = Handlers()
CHANNELS = {
    "email": "email_address",
    "pubsub": "topic",
    "slack": "channel_name",
    "webhook_tokenauth": "url",
    "sms": "number",
    "webhook_basicauth": "url",
    "pagerduty": "service_key",
}
MOST_CONDITIONS, LONGEST_FILTER = 6, 2048


def policy(call: Call, body: Json, _old: Json | None) -> None:
    """Conditions that name a metric, channels that are there."""
    if not body.get("displayName") or not body.get("conditions"):
        raise invalid("An alert policy needs a display name and a condition.", ("alert_policy", "conditions"))
    if body.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED":
        raise invalid(
            'Field alert_policy.combiner had an invalid value of "COMBINE_UNSPECIFIED".', ("combiner", "required")
        )
    if len(body["conditions"]) > MOST_CONDITIONS:
        text = f"An alert policy has at most {MOST_CONDITIONS} conditions, this has {len(body['conditions'])}."
        raise invalid(text, ("alert_policy.conditions", text))
    for condition in body["conditions"]:
        if "conditionThreshold" in condition:
            threshold(condition["conditionThreshold"])
        found = condition.get("conditionThreshold") or part(condition, "conditionAbsent")
        if found and "metric.type" not in str(found.get("filter")):
            raise invalid(
                f'Field filter had an invalid value of "{found.get("filter")}": must name a metric.type.',
                ("alert_policy.conditions.filter", "no metric.type"),
            )
        condition.setdefault("name", f"{call.path}/conditions/{call.world.next_id()}")
    for channel in many(body, "notificationChannels"):
        if call.world.get("monitoring", by_id(call, channel)) is None:
            raise invalid(
                f"Notification channel {channel} does not exist.", ("alert_policy.notification_channels", channel)
            )
    record = {"mutateTime": call.world.now(), "mutatedBy": "operator@example.com"}
    body["mutationRecord"] = record
    body.setdefault("creationRecord", record)
    body.setdefault("enabled", True)


def threshold(found: Json) -> None:
    """A filter that fits and says of which resource, a comparison that there is, and whole minutes."""
    text = str(found.get("filter"))
    if len(text) > LONGEST_FILTER:
        raise invalid("Field filter is too long.", ("alert_policy.conditions.filter", f"{len(text)} characters"))
    if "resource.type" not in text and "metric.type" in text:
        said = f'Field filter had an invalid value of "{text}": must specify a restriction on "resource.type".'
        raise invalid(said, ("alert_policy.conditions.filter", "no resource.type"))
    if found.get("comparison") not in ("COMPARISON_GT", "COMPARISON_LT"):
        said = f"Field comparison had an invalid value of {found.get('comparison')}: only GT and LT are supported."
        raise invalid(said, ("alert_policy.conditions.comparison", said))
    if float(str(found.get("duration", "0s")).removesuffix("s")) % 60:
        said = f"Field duration had an invalid value of {found['duration']}: must be a multiple of a minute."
        raise invalid(said, ("alert_policy.conditions.duration", said))


def channel(call: Call, body: Json, _old: Json | None) -> None:
    """A known type with the label that it needs."""
    label = CHANNELS.get(str(body.get("type")))
    if label is None:
        raise invalid(
            f"Unknown notification channel type '{body.get('type')}'.", ("notification_channel.type", "unknown")
        )
    value = part(body, "labels").get(label)
    if not value or (label == "email_address" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value)):
        raise invalid(
            f"Notification channel of type {body['type']} needs the label {label}.",
            ("notification_channel.labels", label),
        )
    record = {"mutateTime": call.world.now()}
    body["mutationRecords"] = [record]
    body.setdefault("creationRecord", record)
    body.setdefault("enabled", True)


def channel_used(call: Call, resource: Resource) -> None:
    """A channel that an alert uses stays, unless forced."""
    if call.query.get("force"):
        return
    for alert in call.world.of("monitoring", "projects/alertPolicies"):
        if resource.path in [by_id(call, c) for c in many(alert.body, "notificationChannels")]:
            raise failed(f"Notification channel {resource.path} is in use by {alert.path}.")


def dashboard(_call: Call, body: Json, _old: Json | None) -> None:
    """A name and at most one layout."""
    if not body.get("displayName"):
        raise invalid("Field displayName is required.", ("dashboard.display_name", "required"))
    layouts = [k for k in ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout") if k in body]
    if len(layouts) > 1:
        raise invalid(f"A dashboard has one layout, this has {layouts}.", ("dashboard.layout", "more than one"))


@handlers.on("monitoring.projects.timeSeries.list")
def time_series(_call: Call) -> Any:
    """No machine ever measured anything."""
    return {}


@handlers.on("monitoring.projects.timeSeries.create")
def write_series(_call: Call) -> Any:
    """Taken and forgotten."""
    return {}


KINDS = (
    Kind("monitoring", "projects/alertPolicies", fill=policy),
    Kind("monitoring", "projects/notificationChannels", fill=channel, blocked=channel_used),
    Kind("monitoring", "projects/dashboards", etag="etag", fill=dashboard, number=True),
)
SERVICE = Service("monitoring", ("v1", "v3"), locations=("global",), kinds=KINDS, handlers=handlers)
