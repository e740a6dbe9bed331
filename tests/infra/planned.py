"""How the tests of every component read a recorded plan."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import pulumi_gcp
import pytest

from coursecloud.plan import engine
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from tests.project import NAMES

COMMITTED = NAMES
PROJECT = "my-project-1"
"""The project of a plan whose text names none."""

TEAM = "coursecloud:team: {members: [group:team@example.com]}"
MACHINE_ACCOUNT = f"serviceAccount:unit-machines@{PROJECT}.iam.gserviceaccount.com"


class Planner(Protocol):
    """Plans what stands under `config:` of a stack file."""

    def __call__(self, *lines: str, stack: str = "unit") -> Plan: ...


def of(plan: Plan, kind: str) -> list[Registration]:
    """Give the resources of a short type, e.g. `storage.Bucket`."""
    return [resource for resource in plan.custom if short_type(resource.type) == kind]


def names(plan: Plan, kind: str) -> set[str]:
    """Give the names in the program of the resources of a short type."""
    return {resource.name for resource in of(plan, kind)}


def one(plan: Plan, kind: str, name: str) -> Registration:
    """Give the one resource of a short type and a name."""
    (found,) = (resource for resource in of(plan, kind) if resource.name == name)
    return found


def known(value: object) -> bool:
    """Say whether a value is known before the real run, all the way down."""
    return json.dumps(UNKNOWN) not in json.dumps(value)


@dataclass(frozen=True)
class Grant:
    """One IAM binding of one member, whatever type of resource it is on."""

    kind: str
    target: str
    role: str
    member: str
    condition: str
    resource: Registration


_TARGETS = {
    "projects.IAMMember": "project",
    "storage.BucketIAMMember": "bucket",
    "artifactregistry.RepositoryIamMember": "repository",
    "secretmanager.SecretIamMember": "secretId",
    "serviceaccount.IAMMember": "serviceAccountId",
    "cloudrunv2.ServiceIamMember": "name",
}
"""The input of each additive IAM type that says what the grant is on."""


def role_of(grant: Registration) -> str:
    """Name the role of a grant; of a custom role, whose id only the real run knows, by the role's own name."""
    if grant.inputs["role"] != UNKNOWN:
        return str(grant.inputs["role"])
    (urn,) = grant.property_dependencies["role"]
    return f"custom role {urn.rpartition('::')[2]}"


def grants(plan: Plan, member: str | None = None) -> list[Grant]:
    """Give the grants of a plan, or those of one member."""
    found = [
        Grant(
            kind=short_type(resource.type),
            target=str(resource.inputs[_TARGETS[short_type(resource.type)]]),
            role=role_of(resource),
            member=str(resource.inputs["member"]),
            condition=str(resource.inputs.get("condition", {}).get("expression", "")),
            resource=resource,
        )
        for resource in plan.custom
        if "role" in resource.inputs and "member" in resource.inputs
    ]
    return [grant for grant in found if member in (None, grant.member)]


def account(plan: Plan, name: str) -> str:
    """Name a service account of a plan as IAM does, by its name in the program."""
    inputs = one(plan, "serviceaccount.Account", f"{name}-account").inputs
    return f"serviceAccount:{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"


def roles(plan: Plan, name: str) -> set[tuple[str, str]]:
    """Give what an account of the plan is granted: (role, what it is on)."""
    return {(grant.role, grant.target) for grant in grants(plan, account(plan, name))}


def needs(plan: Plan, resource: Registration) -> list[Registration]:
    """Give everything that must exist before a resource does."""
    by_urn = {other.urn: other for other in plan.custom}
    found: dict[str, Registration] = {}
    waiting = [resource]
    while waiting:
        for urn in waiting.pop().dependencies:
            if urn in by_urn and urn not in found:
                found[urn] = by_urn[urn]
                waiting.append(by_urn[urn])
    return list(found.values())


def longest_chain(plan: Plan) -> list[str]:
    """Name the resources of the longest chain in which each waits for the one before."""
    by_urn = {resource.urn: resource for resource in plan.custom}

    @cache
    def chain(urn: str) -> tuple[str, ...]:
        before = [chain(other) for other in by_urn[urn].dependencies if other in by_urn]
        return (*max(before, key=len, default=()), by_urn[urn].name)

    return list(max((chain(urn) for urn in by_urn), key=len))


def resource_class(kind: str) -> Any:
    """Find the provider's class of a type token, e.g. `gcp:storage/bucket:Bucket`."""
    module, _, name = kind.removeprefix("gcp:").partition(":")
    return getattr(getattr(pulumi_gcp, module.partition("/")[0]), name)


def texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every text in a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from texts(entry, f"{path}.{key}")  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for index, entry in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from texts(entry, f"{path}[{index}]")  # pyright: ignore[reportUnknownArgumentType]


def changed(plan: Plan, kind: str, **inputs: object) -> Plan:
    """Break a plan: give the resources of a short type other inputs."""
    broken = tuple(
        dataclasses.replace(resource, inputs={**resource.inputs, **inputs})
        if short_type(resource.type) == kind
        else resource
        for resource in plan.resources
    )
    assert broken != plan.resources, f"the plan has no {kind} to break"
    return dataclasses.replace(plan, resources=broken)


def retyped(plan: Plan, kind: str, token: str) -> Plan:
    """Break a plan: give the resources of a short type another type."""
    broken = tuple(
        dataclasses.replace(resource, type=token) if short_type(resource.type) == kind else resource
        for resource in plan.resources
    )
    assert broken != plan.resources, f"the plan has no {kind} to break"
    return dataclasses.replace(plan, resources=broken)


def pretend(monkeypatch: pytest.MonkeyPatch, token: str, **outputs: str) -> None:
    """Let the provider tell more outputs of a type, as if its resources were there."""
    real = engine.output_forms

    def pretended(kind: str) -> Mapping[str, str]:
        return {**real(kind), **(outputs if kind == token else {})}

    monkeypatch.setattr(engine, "output_forms", pretended)
