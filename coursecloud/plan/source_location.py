"""Where in a stack file the cause of a finding stands: its key path and its line."""

import functools
from collections.abc import Mapping
from typing import Any, cast

import yaml

from coursecloud.plan import nested
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration

Path = tuple[str, ...]

_SECTIONS = {
    "Builds": ("builds", "triggers"),
    "GitHub": ("github",),
    "Machines": ("machines",),
    "Network": ("network",),
    "Registry": ("registry",),
    "Secrets": ("secrets", "names"),
    "Serving": ("services",),
    "Storage": ("storage",),
    "Team": ("team",),
    "Training": ("training",),
}
"""The section of the stack file that each component is made from, down to the keys that name its parts."""

_OF_RULES = {
    "cost-per-hour": ("lease", "maxPerHour"),
    "credit-lasts": ("lease", "credit"),
    "cost-idle-per-day": ("guardrails", "maxIdlePerDay"),
    "exceptions-current": ("guardrails", "exceptions"),
    "lease-ends": ("lease", "ends"),
}
"""What a rule about the whole stack is about."""


def of_rule(rule: str) -> Path:
    """Give the key that a rule about the whole stack is about: at least `config`."""
    section = _OF_RULES.get(rule)
    return ("config", f"coursecloud:{section[0]}", *section[1:]) if section else ("config",)


def of_resources(plan: Plan) -> dict[str, Path]:
    """Give by URN the key that asked for each resource, as far as its component and name tell: at least `config`."""
    by_urn = {resource.urn: resource for resource in plan.resources}
    declared = plan.settings.model_dump(mode="json", by_alias=True)
    return {resource.urn: _of_resource(resource, by_urn, declared) for resource in plan.custom}


def _of_resource(resource: Registration, by_urn: Mapping[str, Registration], declared: Mapping[str, Any]) -> Path:
    component = _component(resource, by_urn)
    section = _SECTIONS.get(component.type.rpartition(":")[2]) if component else None
    if section is None:
        return ("config",)
    names = list(nested.mapping(nested.at(declared, ".".join(section))))
    part = max((name for name in names if _is_of(resource.name, name)), key=len, default=None)
    top, *inner = section
    path = ("config", f"coursecloud:{top}", *inner)
    return (*path, part) if part else path


def _is_of(resource: str, name: str) -> bool:
    return resource == name or resource.startswith(f"{name}-")


def _component(resource: Registration | None, by_urn: Mapping[str, Registration]) -> Registration | None:
    while resource is not None and resource.parent is not None:
        resource = by_urn.get(resource.parent)
    return None if resource is None or resource.custom else resource


def line(text: str, path: Path) -> int:
    """Find the line, from 1, of the deepest key of a path that a stack file has; 1 where it has none."""
    return deepest(text, path)[1]


def deepest(text: str, path: Path) -> tuple[int, int]:
    """Find how many keys of a path a stack file has, and the line, from 1, of the last of them; 1 where it has none."""
    node, found, depth = _composed(text), 1, 0
    for depth, key in enumerate(path):
        if (inner := _entry(node, key)) is None:
            return depth, found
        found, node = inner
    return depth + 1, found


@functools.lru_cache(maxsize=4)
def _composed(text: str) -> object:
    try:
        return cast("object", yaml.compose(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return None


def _entry(node: object, key: str) -> tuple[int, object] | None:
    """Find a key of a mapping: its line from 1, and its value."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in cast("list[tuple[Any, Any]]", node.value):
            # A key without a namespace is the project's own.
            if key_node.value in (key, key.removeprefix("coursecloud:")):
                return key_node.start_mark.line + 1, value_node
    return None
