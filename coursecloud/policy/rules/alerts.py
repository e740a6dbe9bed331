"""Alerts fire at the first error, and tell those that the stack file names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import expected
from coursecloud.policy.example import Edit, Example, add, put, settings, then
from coursecloud.policy.reading import at, entries, number
from coursecloud.policy.rule import ResourceRule
from coursecloud.policy.told_values import said
from infra.settings import Settings

_ALERTS = frozenset({"monitoring.AlertPolicy"}).__contains__
_WAIT = 3600
"""Seconds for which an error may go on before anybody is told."""


def _tells(alert: Registration, settings: Settings) -> Iterator[str]:
    named = {expected.channel(settings.project, each) for each in settings.monitoring.channels}
    given = list(entries(alert.inputs, "notificationChannels"))
    channels = {each for each in given if isinstance(each, str)}
    if other := sorted(channels - named):
        yield f"it tells {', '.join(other)}, which the stack file does not name"
    if alert.name == "errors" and (left := sorted(named - channels)) and len(channels) == len(given):
        yield f"it does not tell {', '.join(left)}, which the stack file names"
    both, watched = settings.services and settings.builds.triggers, nested.listed(alert.inputs.get("conditions"))
    if alert.name == "errors" and both and len(watched) < 2:
        yield "it watches services or builds alone, and the stack file has both"
    for index, condition in enumerate(entries(alert.inputs, "conditions")):
        keys = ("thresholdValue", "duration", "comparison")
        over, wait, compared = (at(condition, f"conditionThreshold.{key}") for key in keys)
        if alert.name == "errors" and (number(over or 0) or compared != _OVER):
            yield f"it fires at {over} errors in {expected.PERIOD} s ({compared}), not above 0"
        if alert.name == "errors" and (count := at(condition, "conditionThreshold.trigger.count", 1)) != 1:
            yield f"it fires only once {count} of what it watches fail together"
        asked = nested.at(condition, _FILTER, "")
        asked = str(nested.filled(asked, alert.at_run, f"conditions[{index}].{_FILTER}"))
        if alert.name == "errors" and asked not in ("", str(UNKNOWN)):
            yield from _watches(asked, settings)
        if alert.name == "errors":
            yield from _counts(nested.mapping(at(condition, "conditionThreshold", {})))
        if _long(wait or 0):
            yield f"it fires only once that has gone on for {wait}"
    prompts = [str(each) for each in entries(alert.inputs, "alertStrategy.notificationPrompts")]
    if prompts and "OPENED" not in prompts:
        yield f"it tells nobody that something began ({', '.join(prompts)})"
    if _long(limit := at(alert.inputs, "alertStrategy.notificationRateLimit.period", 0)):
        yield f"it tells once in {limit}, whatever comes between"


def _long(wait: object) -> bool:
    """Say whether a duration is longer than anybody waits to be told, or cannot be read."""
    seconds = number(str(wait).removesuffix("s"))
    return seconds is None or seconds > _WAIT


def _counts(threshold: Mapping[str, Any]) -> Iterator[str]:
    """Say how it counts otherwise than the program's alert does: an average or a share may never be above 0."""
    for key in sorted(threshold.keys() - _ASKED):
        yield f"it asks for `{key}` beside the number of errors"
    for key in sorted(nested.mapping(threshold.get("trigger")).keys() - {"count"}):
        yield f"it fires by `trigger.{key}` of what it watches, not by the first"
    for aggregation in nested.blocks(threshold.get("aggregations")):
        for key, value in _COUNTED.items():
            if aggregation.get(key, value) not in (value, UNKNOWN):
                yield f"it counts by {key} {said(aggregation[key])}, not {value}"


def _watches(asked: str, settings: Settings) -> Iterator[str]:
    found = _ERRORS.fullmatch(asked)
    if not found:
        yield f"it watches {said(asked)}, and no error of a service or a build"
        return
    declared = settings.services if found["service"] else settings.builds.triggers
    if (some := len(re.findall('"[^"]+"', found["service"] or found["trigger"]))) < len(declared):
        yield f"it watches {some} of {len(declared)} {'services' if found['service'] else 'triggers'} of the stack file"


_OVER = "COMPARISON_GT"
_ASKED = frozenset({"aggregations", "comparison", "duration", "filter", "thresholdValue", "trigger"})
_COUNTED = {
    "alignmentPeriod": f"{expected.PERIOD}s",
    "crossSeriesReducer": "REDUCE_SUM",
    "perSeriesAligner": "ALIGN_DELTA",
}
"""How the program's alert counts errors."""
_FILTER = "conditionThreshold.filter"
_ERRORS = re.compile(
    r'resource\.type = "cloud_run_revision" AND metric\.type = "run\.googleapis\.com/request_count" AND '
    r'metric\.labels\.response_code_class = "5xx" AND resource\.labels\.service_name = one_of\((?P<service>[^()]+)\)'
    r'|resource\.type = "build" AND metric\.type = "logging\.googleapis\.com/log_entry_count"'
    r' AND metric\.labels\.severity = "ERROR" AND resource\.labels\.build_trigger_id = one_of\((?P<trigger>[^()]+)\)'
)
"""What the alert of the program asks: whose errors they are is between the last brackets, known to the real run."""

HELD = {("monitoring.AlertPolicy", "errors"): frozenset({f"conditions[].{_FILTER}"})}
"""Inputs that the program makes of what Google answers, and that a rule here holds to their form; by type and name."""


_CHANNEL = "12345678901234567890"


def _alert(channel: str = _CHANNEL, **threshold: object) -> Edit:
    """Declare one channel, and add the alert on errors."""
    condition = {"comparison": _OVER, "thresholdValue": 0, "duration": "0s"} | threshold
    channels = [f"projects/example-project-id/notificationChannels/{channel}"] if channel else []
    alert = add(
        "monitoring/alertPolicy:AlertPolicy",
        "errors",
        combiner="OR",
        notificationChannels=channels,
        conditions=[{"displayName": "a build fails", "conditionThreshold": condition}],
    )
    return then(settings("monitoring", channels=(_CHANNEL,)), alert)


def _strategy(key: str, value: object) -> Edit:
    return put("monitoring.AlertPolicy", "errors", f"alertStrategy.{key}", value)


RULES = (
    ResourceRule(
        id="alert-tells-as-declared",
        title="An alert fires, and tells those that the stack file names",
        why="An alert that never fires, or tells somebody else, reads as one that is there.",
        remedy="Name the channels in monitoring.channels of the stack file; leave the condition at the first error.",
        severity="medium",
        topic="upkeep",
        applies=_ALERTS,
        check=_tells,
        breaks=tuple(
            Example("dev", "errors", edit, says=says)
            for edit, says in (
                (_alert("666"), "which the stack file does not name"),
                (_alert(""), "which the stack file names"),
                (_alert(thresholdValue=10**9), "fires at 1000000000 errors"),
                (_alert(comparison="COMPARISON_LT"), "COMPARISON_LT"),
                (_alert(duration="84600s"), "gone on for 84600s"),
                (_alert(filter='metric.type = "none"'), "no error of a service or a build"),
                (_alert(denominatorFilter="x"), "`denominatorFilter` beside"),
                (_alert(trigger={"percent": 100}), "trigger.percent"),
                (_alert(aggregations=[{"perSeriesAligner": "ALIGN_MIN"}]), "perSeriesAligner `ALIGN_MIN`"),
                (then(_alert(), _strategy("notificationPrompts", ["CLOSED"])), "nobody that something began (CLOSED)"),
                (then(_alert(), _strategy("notificationRateLimit.period", "86400s")), "once in 86400s"),
            )
        ),
        keeps=(
            Example("dev", "errors", _alert(aggregations=[{"perSeriesAligner": "ALIGN_DELTA"}], trigger={"count": 1})),
            Example("dev", "errors", then(_alert(), _strategy("notificationPrompts", ["OPENED", "CLOSED"]))),
        ),
    ),
)
