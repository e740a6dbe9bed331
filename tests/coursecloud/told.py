"""What Pulumi's engine tells, as a test writes it: resources of a state, and events in the form of CLI 3.272."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
STACK = "urn:pulumi:x::coursecloud::"
ROOT_URN = f"{STACK}pulumi:pulumi:Stack::coursecloud-x"


def resource(kind: str, name: str, /, *, under: str = "Storage", **inputs: Any) -> Json:
    """Give a resource as a state holds it; `under` is its component."""
    parent = f"coursecloud:infra:{under}$" if under else ""
    return {"urn": f"{STACK}{parent}{kind}::{name}", "type": kind, "custom": True, "inputs": inputs}


def bucket(
    name: str, /, *, called: str = "p-x-data", under: str = "Storage", inputs: Json | None = None, **more: Any
) -> Json:
    """Give a bucket; `more` is what a state says beside its inputs, such as `protect`."""
    return {**resource("gcp:storage/bucket:Bucket", name, under=under, **{"name": called, **(inputs or {})}), **more}


def machine(name: str, /, **inputs: Any) -> Json:
    """Give a machine."""
    return resource("gcp:compute/instance:Instance", name, under="Machines", **{"zone": "europe-west1-b", **inputs})


def disk(name: str, size: int, /, **more: Any) -> Json:
    """Give a data disk."""
    return {**resource("gcp:compute/disk:Disk", name, under="Machines", size=size), **more}


def begun(op: str, old: Json | None = None, new: Json | None = None, *, planning: bool = False) -> Json:
    """Tell that a step begins, or is planned."""
    return {"resourcePreEvent": {"metadata": _step(op, old, new), "planning": planning}}


def ended(op: str, old: Json | None = None, new: Json | None = None, diff: Json | None = None) -> Json:
    """Tell that a step has been done."""
    return {"resOutputsEvent": {"metadata": {**_step(op, old, new), "detailedDiff": diff}}}


def done(op: str, old: Json | None = None, new: Json | None = None) -> list[Json]:
    """Tell of a step from its begin to its end."""
    return [begun(op, old, new), ended(op, old, new)]


def planned(op: str, old: Json | None = None, new: Json | None = None) -> Json:
    """Tell what a preview plans."""
    return begun(op, old, new, planning=True)


def looked(old: Json, new: Json | None, *changed: str) -> list[Json]:
    """Tell what a refresh has found; `new` is None where it is gone, `changed` are paths of properties."""
    # In a refresh of its own the second event has `update`, `delete` or `same` in place of `refresh`.
    return [
        begun("refresh", old, old),
        ended("refresh", old, new, {path: {"diffKind": "update", "inputDiff": False} for path in changed}),
    ]


def error(text: str, urn: str = "") -> Json:
    """Tell an error, of a resource or of none."""
    return _said("error", text, urn)


def warning(text: str, urn: str = "") -> Json:
    """Tell a warning."""
    return _said("warning", text, urn)


def _said(severity: str, text: str, urn: str) -> Json:
    said: Json = {"prefix": f"{severity}: ", "message": f"{text}\n", "color": "never", "severity": severity}
    return {"diagnosticEvent": said | ({"urn": urn} if urn else {})}


def _step(op: str, old: Json | None, new: Json | None) -> Json:
    found = new or old
    assert found
    return {"op": op, "urn": found["urn"], "type": found["type"], "old": old, "new": new, "detailedDiff": None}
