"""Reads who is granted what from any IAM resource: a member, a binding, or a whole policy."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalog import types
from catalog.tables import table
from coursecloud.plan.registration import Registration
from coursecloud.policy.reading import at, entries
from infra import files

_ON_A_WHOLE = re.compile(r"(projects|folder|organizations)\.", re.IGNORECASE)


def grants_something(kind: str) -> bool:
    """Say whether a short type, e.g. `storage.BucketIAMMember`, grants roles to members."""
    found = types.grants(kind)
    return found is not None and found.iam


def grants_on_project(kind: str) -> bool:
    """Say whether a short type grants roles on a project or what stands above it."""
    return grants_something(kind) and _ON_A_WHOLE.match(kind) is not None


def _bindings(resource: Registration) -> list[Mapping[str, Any]]:
    text = at(resource.inputs, "policyData")
    if not isinstance(text, str):
        return []
    try:
        policy: Any = files.json_of(text)
    except ValueError:
        return []  # the provider refuses it
    return list(cast("Mapping[str, Any]", policy).get("bindings", [])) if isinstance(policy, dict) else []


def roles(resource: Registration) -> Iterator[str]:
    """Give the roles that a resource grants."""
    if (role := at(resource.inputs, "role")) is not None:
        yield str(role)
    for binding in _bindings(resource):
        yield str(binding.get("role"))


def members(resource: Registration, *, of: str | None = None) -> Iterator[str]:
    """Give the members that a resource grants something, or those that it grants the role `of`."""
    for binding in _bindings(resource):
        if of in (None, binding.get("role")):
            yield from map(str, binding.get("members", []))
    if of is None or of == at(resource.inputs, "role"):
        if (member := at(resource.inputs, "member")) is not None:
            yield str(member)
        yield from map(str, entries(resource.inputs, "members"))


def is_public(member: str) -> bool:
    """Say whether a member stands for everybody."""
    return member in table("google")["publicPrincipals"]


def is_default_account(member: str) -> bool:
    """Say whether a member is a service account that Google made for the project, and many things run as."""
    return any(re.search(pattern, member) for pattern in table("google")["defaultAccounts"])
