"""One change of a real plan: what the cases of the rules are made of."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import Registration

Edit = Callable[[Plan], Plan]

DEFAULT_ACCOUNT = "123456789-compute@developer.gserviceaccount.com"


@dataclass(frozen=True)
class Case:
    """One change of a real plan, and what a rule says of it."""

    rule: str
    says: str
    """Words of the message; empty where the change keeps the rule."""
    stack: str
    name: str
    """The resource that the finding names, or `stack`."""
    edit: Edit
    checkov: tuple[str, ...] = ()
    """Checks of Checkov that see the same offence."""

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.says or 'kept'} ({self.name})"


def put(kind: str, name: str, path: str, value: object) -> Edit:
    """Put a value at a dotted path of one resource's inputs; list places are numbers, DROP removes."""

    def edit(plan: Plan) -> Plan:
        changed = [
            dataclasses.replace(resource, inputs=_with(resource.inputs, path.split("."), value))
            if short_type(resource.type) == kind and resource.name == name
            else resource
            for resource in plan.resources
        ]
        assert tuple(changed) != plan.resources, f"{kind} {name} has {path} = {value} already, or is not there"
        return dataclasses.replace(plan, resources=tuple(changed))

    return edit


DROP = object()


def _with(container: Any, path: list[str], value: object) -> Any:
    first, *rest = path
    if isinstance(container, list):
        index = int(first)
        items = list(cast("list[Any]", container))
        items[index] = _with(items[index], rest, value) if rest else value
        return items
    entries = dict(cast("Mapping[str, Any]", container))
    if rest:
        entries[first] = _with(entries.get(first, {}), rest, value)
    elif value is DROP:
        entries.pop(first)
    else:
        entries[first] = value
    return entries


def add(token: str, called: str, /, **inputs: object) -> Edit:
    """Add a resource as a later edit of the program might."""

    def edit(plan: Plan) -> Plan:
        settings = plan.settings
        added = Registration(
            urn=f"urn:pulumi:{settings.stack}::coursecloud::gcp:{token}::{called}",
            type=f"gcp:{token}",
            name=called,
            custom=True,
            parent=None,
            inputs={"project": settings.project, **inputs},
            dependencies=(),
            property_dependencies={},
            provider=None,
            protect=False,
            options={},
        )
        return dataclasses.replace(plan, resources=(*plan.resources, added))

    return edit


def settings(section: str, **values: object) -> Edit:
    """Change what the stack file says, and nothing of the resources."""

    def edit(plan: Plan) -> Plan:
        inner = getattr(plan.settings, section).model_copy(update=values)
        return dataclasses.replace(plan, settings=plan.settings.model_copy(update={section: inner}))

    return edit


def without(kind: str, name: str) -> Edit:
    """Take a resource out of the plan."""

    def edit(plan: Plan) -> Plan:
        left = tuple(r for r in plan.resources if not (short_type(r.type) == kind and r.name == name))
        assert len(left) < len(plan.resources)
        return dataclasses.replace(plan, resources=left)

    return edit


def then(*edits: Edit) -> Edit:
    def edit(plan: Plan) -> Plan:
        for each in edits:
            plan = each(plan)
        return plan

    return edit


def machine(path: str, value: object) -> Edit:
    return put("compute.Instance", "workbench", path, value)


def bucket(path: str, value: object) -> Edit:
    return put("storage.Bucket", "data", path, value)
