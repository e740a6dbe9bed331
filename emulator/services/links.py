"""How Compute Engine's resources name each other: any form of a reference in, the full link out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import catalog
from ..errors import ApiError, bad_value
from ..shapes import is_list, is_object

if TYPE_CHECKING:
    from ..call import Call
    from ..world import Resource

Json = dict[str, Any]
COMPUTE = catalog.COMPUTE


def path_of(text: str) -> str:
    """projects/... of a link on any host, in any version."""
    return text[text.index("projects/") :] if "projects/" in text else text


def catalog_or_world(call: Call, path: str) -> Json | None:
    """The body of what a path names: made by someone, or kept by Google."""
    held = call.world.get("compute", path)
    return held.body if held else catalog.lookup(path)


def link(call: Call, text: Any, field: str) -> str:
    """The full link of what a body refers to; refused where it is malformed, 404 where nothing is."""
    reference = str(text or "")
    path = path_of(reference)
    if not path.startswith("projects/"):
        if path.split("/")[0] not in ("global", "zones", "regions"):
            raise bad_value(field, reference, "The URL is malformed.")
        path = f"projects/{call.project.id}/{path}"
    path = path.replace("/zones/-/imageFamilyViews/", "/global/images/family/")  # as gcloud says it
    parts = path.split("/")
    if project := call.world.project(parts[1]):
        parts[1] = project.id
    path = "/".join(parts)
    found = catalog_or_world(call, path)
    if found is None:
        if "machineTypes" in path:
            raise bad_value(
                field, reference, f"Machine type with name '{parts[-1]}' does not exist in zone '{parts[3]}'."
            )
        if parts[2] == "zones" and catalog.zone(parts[3]) is None:
            raise bad_value(field, reference, "Unknown zone.")
        raise ApiError(404, f"The resource '{path}' was not found")
    return str(found["selfLink"])


def mentions(value: Any, path: str) -> bool:
    """Does a body name this resource anywhere?"""
    if is_object(value):
        return any(mentions(v, path) for v in value.values())
    if is_list(value):
        return any(mentions(v, path) for v in value)
    return isinstance(value, str) and value.endswith(path) and value == COMPUTE + path


def users_of(call: Call, path: str) -> Iterator[Resource]:
    """Who else names this resource (a resource's own links, and those that only tell who uses it, do not count)."""
    for other in list(call.world.resources.values()):
        if other.service == "compute" and other.path != path and not other.deleted:
            body = {k: v for k, v in other.body.items() if k not in ("selfLink", "users", "subnetworks", "sourceImage")}
            if mentions(body, path):
                yield other
