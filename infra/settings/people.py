"""Rules about who is let in and to what: that a role exists, and that nobody is listed twice in other letters."""

import difflib
import functools
from collections.abc import Iterator

from catalog import tables
from infra.settings.model import Settings
from infra.settings.problem import Findings, Problem


def check(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule."""
    yield from _roles(settings, found)
    yield from _twice(settings)


@functools.cache
def _known() -> frozenset[str]:
    services: dict[str, list[str]] = tables.table("role-names")["roles"]
    named = {f"roles/{service}.{name}" for service, names in services.items() for name in names}
    return frozenset(named | tables.table("roles")["roles"].keys())


def _roles(settings: Settings, found: Findings) -> Iterator[Problem]:
    for index, role in enumerate(settings.team.extra_roles):
        path = f"coursecloud:team.extraRoles[{index}]"
        above = role in tables.table("role-names")["aboveProjects"]
        if (
            (role in _known() and not above)
            or role in settings.allow.roles
            or not found.sound(path, "coursecloud:allow.roles")
        ):
            continue
        if above:
            rule = "an organization, a folder or a billing account takes this role, and no project does"
            yield Problem(path, role, rule, "remove it; where you know better, list it under coursecloud:allow.roles")
            continue
        folded = {name.lower(): name for name in _known()}
        near = difflib.get_close_matches(role.lower(), folded, n=1, cutoff=0.75)
        yield Problem(
            path,
            role,
            f"Google has no such predefined role (list of {tables.table('role-names')['date']})",
            (f"did you mean '{folded[near[0]]}'? " if near else "take one of `gcloud iam roles list`. ")
            + "A newer one: list it under coursecloud:allow.roles",
        )


def _twice(settings: Settings) -> Iterator[Problem]:
    """Google knows an address by its letters, not by their case, and as one kind of principal."""
    seen: dict[str, str] = {}
    for index, member in enumerate(settings.team.members):
        kind, _, address = member.partition(":")
        before = seen.setdefault(address.lower(), member)
        if before in (member, None):
            continue
        same = before.partition(":")[0] == kind
        yield Problem(
            f"coursecloud:team.members[{index}]",
            member,
            "this is a member already, in other letters: Google does not tell them apart"
            if same
            else f"this address is listed as a {before.partition(':')[0]} already, and is only one of the two",
            "list it once",
        )
