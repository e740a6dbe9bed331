"""Who is granted what, for the rules: raises where one needs what only the real run knows."""

import re
from collections.abc import Iterator

from catalog import types
from catalog.tables import table
from coursecloud.plan import grants
from coursecloud.plan.registration import Registration
from coursecloud.policy.reading import UnknownError

_ON_A_WHOLE = re.compile(r"(projects|folder|organizations)\.", re.IGNORECASE)


def grants_something(kind: str) -> bool:
    """Say whether a short type, e.g. `storage.BucketIAMMember`, grants roles to members."""
    found = types.grants(kind)
    return found is not None and found.iam


def grants_on_project(kind: str) -> bool:
    """Say whether a short type grants roles on a project or what stands above it."""
    return grants_something(kind) and _ON_A_WHOLE.match(kind) is not None


def roles(resource: Registration) -> Iterator[str]:
    """Give the roles that a resource grants, each once. Raises UnknownError when an unknown one is reached."""
    told: set[str] = set()
    for grant in grants.given(resource):
        if grant.role is None:
            raise UnknownError(f"`{grant.role_at}`")
        if grant.role not in told:
            told.add(grant.role)
            yield grant.role


def members(resource: Registration, *, of: str | None = None) -> Iterator[str]:
    """Give the members that a resource grants something, or those that it grants the role `of`.

    Raises UnknownError when an unknown one is reached, so that those before it are seen.
    """
    for grant in grants.given(resource):
        if of is not None and grant.role is None:
            raise UnknownError(f"`{grant.role_at}`")
        if of is None or of == grant.role:
            yield _known(grant)


def public(resource: Registration) -> Iterator[str]:
    """Give the members that stand for everybody; one of a list that has a name, with that. Raises as `members`."""
    for grant in grants.given(resource):
        if grants.is_public(member := _known(grant)):
            yield f"{member} ({grant.member_at} {grant.role})" if grant.member_at.endswith("Acl") else member


def _known(grant: grants.Grant) -> str:
    if grant.member is None:
        raise UnknownError(f"`{grant.member_at}`")
    return grant.member


def is_default_account(member: str) -> bool:
    """Say whether a member is a service account that Google made for the project, and many things run as."""
    return any(re.search(pattern, member) for pattern in table("google")["defaultAccounts"])
