"""How an update meets what is there: updateMask, merge patch, replacement, server defaults."""

from __future__ import annotations

import copy
from typing import Any

from .behaviors import output_only
from .errors import invalid
from .shapes import is_object, part
from .validate import camel

Json = dict[str, Any]


def with_defaults(body: Json, defaults: Json) -> Json:
    """A copy of the body in which what was left out is as the server sets it, at any depth."""
    merged = copy.deepcopy(body)
    for name, value in defaults.items():
        if name not in merged:
            merged[name] = copy.deepcopy(value)
        elif is_object(value) and is_object(merged[name]):
            merged[name] = with_defaults(merged[name], value)
    return merged


def update(old: Json, given: Json, mask: str, schema: Json, *, replace: bool) -> Json:
    """The body after the update; the old one stays as it is."""
    if mask and mask != "*":
        return _masked(old, given, mask, schema)
    if replace or mask == "*":
        kept = {k: v for k, v in old.items() if k not in schema["properties"] or output_only(schema["properties"][k])}
        kept |= {k: old[k] for k in ("name", "id", "selfLink", "kind", "createTime", "etag") if k in old}
        return copy.deepcopy(kept | {k: v for k, v in given.items() if v is not None})
    return merge_patch(old, given)


def merge_patch(old: Json, given: Json) -> Json:
    """RFC 7396: null removes, objects merge, everything else replaces."""
    merged = copy.deepcopy(old)
    for name, value in given.items():
        if value is None:
            merged.pop(name, None)
        elif is_object(value) and is_object(merged.get(name)):
            merged[name] = merge_patch(merged[name], value)
        else:
            merged[name] = copy.deepcopy(value)
    return merged


def _masked(old: Json, given: Json, mask: str, schema: Json) -> Json:
    merged = copy.deepcopy(old)
    for path in (camel(p.strip()) for p in mask.split(",") if p.strip()):
        first, *rest = path.split(".")
        if schema.get("properties") and first not in schema["properties"]:
            text = f"Invalid update mask: no field '{path}'"
            raise invalid(text, ("update_mask", text))
        source, target = given, merged
        for name in path.split(".")[:-1]:
            source = part(source, name)
            target = target.setdefault(name, {})
        last = rest[-1] if rest else first
        if source.get(last) is not None:
            target[last] = copy.deepcopy(source[last])
        else:
            target.pop(last, None)
    return merged
