"""What a plan is held against: the SDK alone, and the same resources registered without anything around them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks
from typing_extensions import override

from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN, Registration

PRELUDE = "import pulumi, pulumi.runtime.mocks\n"


def imports(plan: Plan) -> str:
    """Write a program that does nothing but load the SDK modules whose classes a plan uses."""
    used = sorted({tuple(short_type(resource.type).split(".")) for resource in plan.custom})
    return PRELUDE + "".join(f"import pulumi_gcp.{module} as m; m.{name}\n" for module, name in used)


class _Echo(mocks.Mocks):
    @override
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", cast("dict[str, Any]", args.inputs)

    @override
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(args.token)


class _Group(pulumi.ComponentResource):
    """A component as Pulumi's documentation asks for it: a class of its own, which says when its children are made."""

    def __init__(self, kind: str, name: str, options: pulumi.ResourceOptions):
        super().__init__(kind, name, None, options)
        self.register_outputs({})


def registration(plan: Plan) -> Callable[[], None]:
    """Prepare the bare registration of a plan's resources: same classes, inputs, parents and dependencies."""
    calls = [(_maker(resource), resource) for resource in ordered(plan)]

    def register() -> None:
        mocks.set_mocks(_Echo(), project="bare", stack="bare", preview=True)

        @pulumi.runtime.test
        def run() -> None:
            made: dict[str, pulumi.Resource] = {}
            for make, resource in calls:
                options = pulumi.ResourceOptions(
                    parent=made.get(resource.parent or ""),
                    depends_on=[made[urn] for urn in resource.dependencies if urn in made],
                )
                wires = {
                    name: [made[urn] for urn in urns if urn in made]
                    for name, urns in resource.property_dependencies.items()
                }
                made[resource.urn] = make(resource.name, options, wires)

        run()

    return register


def ordered(plan: Plan) -> list[Registration]:
    """Put what others hang under or depend on first."""
    by_urn = {resource.urn: resource for resource in plan.resources}
    placed: dict[str, Registration] = {}

    def place(urn: str) -> None:
        resource = by_urn[urn]
        for before in (resource.parent, *resource.dependencies):
            if before in by_urn and before not in placed:
                place(before)
        placed.setdefault(urn, resource)

    for urn in by_urn:
        place(urn)
    return list(placed.values())


Wires = Mapping[str, list[pulumi.Resource]]
"""By input: the resources that its value comes from."""


def _maker(resource: Registration) -> Callable[[str, pulumi.ResourceOptions, Wires], pulumi.Resource]:
    if not resource.custom:
        return lambda name, options, _: _Group(resource.type, name, options)
    module, _, name = short_type(resource.type).partition(".")
    resource_class: Any = getattr(importlib.import_module(f"pulumi_gcp.{module}"), name)
    inputs = {key: (snake(key), plain(value)) for key, value in resource.inputs.items()}

    def make(name: str, options: pulumi.ResourceOptions, wires: Wires) -> pulumi.Resource:
        arguments = {
            argument: _from(wires[key], value) if wires.get(key) else value for key, (argument, value) in inputs.items()
        }
        return resource_class(name, opts=options, **arguments)

    return make


def _from(resources: list[pulumi.Resource], value: Any) -> pulumi.Output[Any]:
    """Make an output that depends on resources and has the value that the plan says."""
    sources = [resource.urn for resource in resources]
    source = sources[0] if len(sources) == 1 else pulumi.Output.all(*sources)
    return source.apply(lambda _: value)


def snake(name: str) -> str:
    """Give an input's name in Python."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def plain(value: Any) -> Any:
    """Give a value with a text for each that only the real run knows."""
    if value == UNKNOWN:
        return "unknown"
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in cast("dict[str, Any]", value).items()}
    return [plain(entry) for entry in cast("list[Any]", value)] if isinstance(value, list) else value
