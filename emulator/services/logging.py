"""Cloud Logging: metrics made of log entries, and the two audit logs; what others write is taken and forgotten."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, bad_value, invalid
from ..kinds import Handlers, Kind, Service
from ..logfilter import matches
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


@handlers.on("logging.entries.write")
def entries(_call: Call) -> Any:
    """Taken and forgotten."""
    return {}


ORDERS = ("timestamp asc", "timestamp desc")


@handlers.on("logging.entries.list")
def listed(call: Call) -> Any:
    """What has been received by now, filtered and in order, a page at a time."""
    body = call.body
    names = [*many(body, "resourceNames"), *(f"projects/{each}" for each in many(body, "projectIds"))]
    if not names or len(names) > 100:
        raise invalid("Between 1 and 100 resource_names must be given.", ("resource_names", f"{len(names)} given"))
    order = str(body.get("orderBy") or ORDERS[0])
    if order not in ORDERS:
        raise bad_value("order_by", order, f"Must be one of {', '.join(ORDERS)}.")
    query = str(body.get("filter") or "")
    if len(query) > 20_000:
        raise bad_value("filter", f"{len(query)} characters", "Must be at most 20000 characters.")
    size, token = int(body.get("pageSize") or 50), str(body.get("pageToken") or "0")
    if size < 0 or not (token.isascii() and token.isdigit()):
        raise bad_value("page_size" if size < 0 else "page_token", size if size < 0 else token, "Is not valid.")
    found: list[Json] = []
    for name in names:
        project = call.world.project(name.split("/")[1]) if name.startswith("projects/") else None
        if project is None:
            raise ApiError(403, f"Permission denied on resource '{name}' (or it may not exist).")
        found += [e for e in call.world.logs.seen(project.id, call.world.time()) if matches(query, e)]
    found.sort(key=lambda e: (e["timestamp"], e["insertId"]), reverse=order == ORDERS[1])
    start, most = int(token), min(size, 1000)
    answer: Json = {"entries": found[start : start + most]} if found[start:] else {}
    return answer | ({"nextPageToken": str(start + most)} if found[start + most :] else {})


KINDS = (
    Kind("logging", "projects/metrics", "name", r"[\w./-]{1,100}", name_field="", fill=metric),
    Kind("logging", "projects/sinks", "name"),
)
SERVICE = Service("logging", ("v2",), kinds=KINDS, handlers=handlers)
