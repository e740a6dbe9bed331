"""Cloud Logging: metrics made of log entries; entries themselves are taken and forgotten."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import bad_value, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import many, part

Json = dict[str, Any]
handlers = Handlers()


def metric(call: Call, body: Json, _old: Json | None) -> None:
    """A filter, and for each label an extractor."""
    name = call.path.rsplit("/", 1)[-1]
    if not body.get("filter"):
        raise invalid("metric.filter must not be empty.", ("metric.filter", "required"))
    body["name"] = name
    described = body.setdefault("metricDescriptor", {})
    described |= {
        "name": f"projects/{call.project.id}/metricDescriptors/logging.googleapis.com/user/{name}",
        "type": f"logging.googleapis.com/user/{name}",
        "metricKind": described.get("metricKind", "DELTA"),
        "valueType": described.get("valueType", "INT64"),
        "unit": described.get("unit", "1"),
    }
    labels = {entry["key"] for entry in many(described, "labels")}
    if labels != set(part(body, "labelExtractors")):
        raise invalid(
            "Each label needs an extractor, and each extractor a label.", ("metric.label_extractors", "mismatch")
        )
    if described["valueType"] == "DISTRIBUTION" and not body.get("valueExtractor"):
        raise bad_value("metric.value_extractor", "", "Required for a distribution.")
    body["updateTime"] = call.world.now()
    body.setdefault("createTime", body["updateTime"])
    body["resourceName"] = call.path


@handlers.on("logging.entries.list", "logging.entries.write")
def entries(_call: Call) -> Any:
    """Taken and forgotten."""
    return {}


KINDS = (
    Kind("logging", "projects/metrics", "name", r"[\w./-]{1,100}", name_field="", fill=metric),
    Kind("logging", "projects/sinks", "name"),
)
SERVICE = Service("logging", ("v2",), kinds=KINDS, handlers=handlers)
