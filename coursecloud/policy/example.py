"""An example of a rule: one change of the plan of a committed stack that breaks it, or that comes near and keeps it.

The tests make each change, and Checkov sees those that name a check of its own.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import Deed, Registration

Edit = Callable[[Plan], Plan]

DEFAULT_ACCOUNT = "123456789-compute@developer.gserviceaccount.com"
# In parts, so that nobody takes this file for a leak.
GITHUB_TOKEN = "ghp_" + "a1B2" * 9
WANDB_KEY = "9f8e7d6c5b4a3928" + "1706f5e4d3c2b1a098765432"


@dataclass(frozen=True)
class Example:
    """One change of a real plan, and what a rule says of it."""

    stack: str
    """The committed stack whose plan is changed."""
    name: str
    """The resource that the finding names, or `stack`."""
    edit: Edit
    says: str = ""
    """Words of the message; empty where the change keeps the rule."""
    checkov: tuple[str, ...] = ()
    """Checks of Checkov that see the same offence."""


def put(kind: str, name: str, path: str, value: object) -> Edit:
    """Put a value at a dotted path of one resource's inputs; list places are numbers, DROP removes."""

    def edit(plan: Plan) -> Plan:
        changed = [
            dataclasses.replace(resource, inputs=_with(resource.inputs, path.split("."), value))
            if short_type(resource.type) == kind and resource.name == name
            else resource
            for resource in plan.resources
        ]
        if tuple(changed) == plan.resources:
            raise ValueError(f"{kind} {name} has {path} = {value} already, or is not there")
        return dataclasses.replace(plan, resources=tuple(changed))

    return edit


DROP = object()
"""In the place of a value: take the input out."""


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


def then(*edits: Edit) -> Edit:
    """Make one change after another."""

    def edit(plan: Plan) -> Plan:
        for each in edits:
            plan = each(plan)
        return plan

    return edit


def machine(path: str, value: object) -> Edit:
    """Change the machine of stack dev."""
    return put("compute.Instance", "workbench", path, value)


def bucket(path: str, value: object) -> Edit:
    """Change the bucket of the data."""
    return put("storage.Bucket", "data", path, value)


def firewall(path: str, value: object) -> Edit:
    """Change the one firewall rule."""
    return put("compute.Firewall", "ssh-from-iap", path, value)


def open_to_all(ports: list[str]) -> Edit:
    """Let everybody in at some ports."""
    return then(firewall("allows", [{"protocol": "tcp", "ports": ports}]), firewall("sourceRanges", ["0.0.0.0/0"]))


def grant(path: str, value: object) -> Edit:
    """Change a grant on the project, of stack full."""
    return put("projects.IAMMember", "services-logging-log-writer", path, value)


def public(token: str, role: str, /, **inputs: object) -> Edit:
    """Add a grant to everybody."""
    return add(token, "m", role=role, member="allUsers", **inputs)


def policy_data(*bindings: Mapping[str, object]) -> str:
    """Write an IAM policy as the provider takes it."""
    return json.dumps({"bindings": bindings})


def step(**keys: object) -> Edit:
    """Give the trigger of stack full one step, with a secret."""
    named = {"name": "gcr.io/cloud-builders/docker", "secretEnvs": ["WANDB_API_KEY"]}
    return put("cloudbuild.Trigger", "trainer", "build.steps", [named | keys])


def variable(name: str, value: str) -> Edit:
    """Give the service of stack full one variable."""
    return put("cloudrunv2.Service", "demo", "template.containers.0.envs", [{"name": name, "value": value}])


def does(kind: str, text: str) -> Edit:
    """Have the program do something more; deeds of an earlier plan are not kept."""
    return lambda plan: dataclasses.replace(plan, program=(*plan.program, Deed(kind, text)))


def opt(**options: Any) -> Edit:
    """Give the bucket of the data more options."""

    def edit(plan: Plan) -> Plan:
        changed = tuple(
            dataclasses.replace(r, options={**r.options, **options}) if r.name == "data" and r.custom else r
            for r in plan.resources
        )
        return dataclasses.replace(plan, resources=changed)

    return edit


def outputs(**values: object) -> Edit:
    """Have the program put out more."""
    return lambda plan: dataclasses.replace(plan, outputs={**plan.outputs, **values})


def protect(on: bool) -> Edit:
    """Protect the bucket of the data, or do not."""
    return lambda plan: dataclasses.replace(
        plan,
        resources=tuple(
            dataclasses.replace(r, protect=on) if r.name == "data" and r.custom else r for r in plan.resources
        ),
    )


def another(kind: str, name: str = "other", *, custom: bool = True, **inputs: Any) -> Edit:
    """Add a resource of any type."""

    def edit(plan: Plan) -> Plan:
        urn = f"urn:pulumi:{plan.settings.stack}::coursecloud::{kind}::{name}"
        added = Registration(urn, kind, name, custom, None, inputs, (), {}, None, False, {})
        return dataclasses.replace(plan, resources=(*plan.resources, added))

    return edit
