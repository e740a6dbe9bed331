"""Which of Google's things a resource is: the same identity under two URNs means one thing with two names.

The engine knows resources by their URNs. A program that calls a bucket otherwise, or puts it into another component,
has a new URN for the old bucket: without an alias the engine would make it (which Google refuses) and delete the old
one, which is the same.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import types
from coursecloud.plan import nested

PREVIEWED_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How Pulumi's engine writes a text in a preview that only the real run knows (SDK 3.272, pulumi.runtime.rpc)."""

_OWN_NAME = re.compile(r"name|[a-z]\w*(?:Id|ID|Name)")
_AROUND = frozenset({
    "bucket", "cluster", "dataset", "instance", "keyRing", "location", "managedZone", "member", "network", "parent",
    "project", "region", "repository", "role", "service", "topic", "zone",
})  # fmt: skip


def form(kind: str) -> str | None:
    """Give the form of a type's import id, a template over its inputs; None where nobody has said it."""
    known = types.of(kind)
    return known.import_id if known else None


def import_id(kind: str, inputs: Mapping[str, Any]) -> str | None:
    """Give the id under which `pulumi import` takes a resource over.

    None where nobody has said its form, or an input that the id is made of is not known: chosen by the provider,
    secret, or left to the real run.
    """
    template = form(kind)
    if not template:
        return None
    needed = re.findall(r"\{(\w+)\}", template)
    if not all(_known(inputs.get(name)) for name in needed):
        return None
    # A binding with a condition is another one than the same without, and is called by the condition's title.
    title = nested.at(inputs, "condition.title")
    return template.format(**{name: inputs[name] for name in needed}) + (f" {title}" if _known(title) else "")


def identity(kind: str, inputs: Mapping[str, Any]) -> str | None:
    """Say which of Google's things a resource of any type is; None where nothing in its inputs names it.

    Of a type without a form it is taken from the inputs that name things and places: two resources of one type
    that agree in all of them are one.
    """
    if form(kind):
        found = import_id(kind, inputs)
        return None if found is None else f"{kind} {found}"
    naming = {key: value for key, value in inputs.items() if _OWN_NAME.fullmatch(key) or key in _AROUND}
    # What names nothing but its place gets a name from the provider, with random digits in it.
    if not any(_OWN_NAME.fullmatch(key) or key == "member" for key in naming):
        return None
    if not all(_known(value) for value in naming.values()):
        return None
    return f"{kind} {json.dumps(naming, sort_keys=True)}"


def plain(identified: str) -> str:
    """Give what a reader knows a thing by: its identity without the type."""
    return identified.partition(" ")[2]


def held(resources: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """List what a state holds as (identity, URN), without what is only waiting to be deleted."""
    for resource in resources:
        found = identity(resource["type"], cast("Mapping[str, Any]", resource.get("inputs") or {}))
        if found is not None and resource.get("custom", True) and not resource.get("delete"):
            yield found, resource["urn"]


def _known(value: object) -> bool:
    return isinstance(value, str) and value not in ("", PREVIEWED_UNKNOWN)
