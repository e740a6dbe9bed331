"""Resource Manager: the projects themselves; their IAM policies come with the engine."""

from __future__ import annotations

from typing import Any

from ..call import Call, page
from ..filters import matches
from ..kinds import Handlers, Kind, Service
from ..world import Project

Json = dict[str, Any]
handlers = Handlers()


def told(project: Project, version: str) -> Json:
    """A project as v1 or v3 tells it."""
    if version == "v1":
        return {
            "projectNumber": project.number,
            "projectId": project.id,
            "lifecycleState": "ACTIVE",
            "name": project.id,
            "createTime": project.created,
        }
    return {
        "name": f"projects/{project.number}",
        "projectId": project.id,
        "state": "ACTIVE",
        "displayName": project.id,
        "createTime": project.created,
        "etag": 'W/"1"',
    }


@handlers.on("cloudresourcemanager.projects.get")
def get(call: Call) -> Any:
    """One project."""
    return told(call.project, call.doc.version)


@handlers.on("cloudresourcemanager.projects.list", "cloudresourcemanager.projects.search")
def listed(call: Call) -> Any:
    """All projects that pass the filter, and that the caller may see."""
    seen = [
        p
        for p in call.world.projects.values()
        if call.may("resourcemanager.projects.get", "cloudresourcemanager", f"projects/{p.id}")
    ]
    bodies = [told(p, call.doc.version) for p in seen]
    wanted = str(call.query.get("filter") or call.query.get("query") or "")
    return page(call, "projects", [b for b in bodies if matches(wanted, b | {"id": b["projectId"]})])


@handlers.on("cloudresourcemanager.projects.getAncestry")
def ancestry(call: Call) -> Any:
    """A project without an organization."""
    return {"ancestor": [{"resourceId": {"type": "project", "id": call.project.id}}]}


SERVICE = Service(
    "cloudresourcemanager", ("v1", "v3"), kinds=(Kind("cloudresourcemanager", "projects"),), handlers=handlers
)
