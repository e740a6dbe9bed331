"""Who is let in by a resource, and as what: read alike from a member, a binding, a whole policy and an access list."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from catalog import types
from catalog.tables import table
from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from infra import files

ENCRYPTED = "@encrypted.invalid"
"""The end of a member that the stack file has encrypted, as `infra.settings.load` writes it."""


@dataclass(frozen=True)
class Grant:
    """One member who is let in as one thing. None is what only the real run knows; what is known of such a text stands
    with `${NAME.OUTPUT}` in place of what Google computes."""

    member: str | None
    role: str | None
    """A role of IAM, or a word of an access list such as OWNER; empty where nothing says."""
    member_at: str
    """The input that says who."""
    role_at: str
    """The input that says as what."""
    condition: str = ""
    """The expression under which it holds; empty where it always does."""

    @property
    def public(self) -> bool:
        """Say whether everybody is let in."""
        return self.member is not None and is_public(self.member)


def is_public(member: str) -> bool:
    """Say whether a member, or an entity of an access list, stands for everybody.

    Any account of Google's (allAuthenticatedUsers) is no fewer: everybody can make one.
    """
    return member.lower() in (name.lower() for name in table("google")["publicPrincipals"])


def given(resource: Registration) -> Iterator[Grant]:
    """List whom a resource lets in, by the facts of its type; nobody where its type grants nothing."""
    gives = types.grants(types.short_type(resource.type))
    if gives is None:
        return
    said = resource.inputs.get(gives.to)
    if gives.to == "policyData":
        yield from _of_policy(said)
    elif gives.to == "accesses":
        yield from _of_dataset(resource)
    elif gives.to == "roleEntities":
        yield from _of_list(said)
        yield from _predefined(resource.inputs)
    else:
        condition = nested.filled(resource.inputs.get("condition"), resource.at_run, "condition")
        for at, member in _each(gives.to, said):
            who = nested.filled(member, resource.at_run, at)
            yield Grant(_text(who), _text(resource.inputs.get("role")), at, "role", _expression(condition))


def _of_policy(said: Any) -> Iterator[Grant]:
    if said == UNKNOWN:
        yield Grant(None, None, "policyData", "policyData")
        return
    try:
        policy: Any = files.json_of(said) if isinstance(said, str) else None
    except ValueError:
        return  # the provider refuses it
    for binding in map(nested.mapping, nested.listed(nested.at(policy, "bindings"))):
        for member in nested.listed(binding.get("members")):
            condition = _expression(binding.get("condition"))
            yield Grant(_text(member), _text(binding.get("role")), "policyData", "policyData", condition)


def _of_list(said: Any) -> Iterator[Grant]:
    for at, entry in _each("roleEntities", said):
        role, _, entity = (None, "", None) if entry == UNKNOWN else str(entry).partition(":")
        yield Grant(entity, role, at, at)


_PERSONS = {"userByEmail": "user:", "groupByEmail": "group:", "domain": "domain:", "iamMember": "", "specialGroup": ""}
"""How an entry of a data set's list says who, and how IAM calls them (BigQuery API v2, Dataset.access)."""


def _of_dataset(resource: Registration) -> Iterator[Grant]:
    """Read the list of a data set, or the one entry that a resource adds to it."""
    listed = resource.inputs.get("accesses")
    entries = _each("accesses", listed) if "accesses" in resource.inputs else [("", resource.inputs)]
    for at, entry in entries:
        if entry == UNKNOWN:
            yield Grant(None, None, at, at)
            continue
        said, front = nested.mapping(entry), f"{at}." if at else ""
        for key, kind in _PERSONS.items():
            who = said.get(key)
            if who is not None:
                role = _text(said.get("role"))
                member = None if who == UNKNOWN else f"{kind}{who}"
                yield Grant(member, role, f"{front}{key}", f"{front}role")
        for key in ("view", "dataset", "routine"):
            if said.get(key):
                yield Grant(f"{key} of another data set", _text(said.get("role")) or "READER", f"{front}{key}", front)


def _predefined(inputs: Mapping[str, Any]) -> Iterator[Grant]:
    """Read the lists that Google has a name for; those of a project's own people let in nobody else."""
    for name in ("predefinedAcl", "defaultAcl"):
        value = inputs.get(name)
        if value == UNKNOWN:
            yield Grant(None, None, name, name)
        elif (entity := table("google")["publicLists"].get(str(value).lower())) is not None:
            yield Grant(entity, str(value), name, name)


def _each(name: str, said: Any) -> Iterator[tuple[str, Any]]:
    """List one value, or each of several, with its place."""
    if said is None:
        return
    if isinstance(said, list):
        yield from ((f"{name}[{index}]", entry) for index, entry in enumerate(cast("list[Any]", said)))
    else:
        yield name, said


def _text(value: Any) -> str | None:
    return None if value == UNKNOWN else "" if value is None else str(value)


def _expression(condition: Any) -> str:
    said = nested.at(condition, "expression")
    return "" if said is None else str(said)


def same_but_for_days(first: str, second: str) -> bool:
    """Say whether two conditions differ at most in points of time, as those of one lease do that is made longer."""
    return _TIME.sub("", first) == _TIME.sub("", second)


def times(condition: str) -> list[str]:
    """List the points of time that a condition names, as RFC 3339 has them."""
    return [found[0] for found in _TIME.finditer(condition)]


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
