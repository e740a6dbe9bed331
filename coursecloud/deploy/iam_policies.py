"""Who may use a stack's things without the stack having said so: IAM policies held against what its state grants.

The program's IAM is additive: Pulumi looks after the grants that it made, and sees no other. So the policies are read
themselves. Comparing is pure; reading and taking away are apart from it.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from catalog import tables, types
from catalog.types.parts import Policy
from coursecloud.deploy.cloud import Cloud, CloudError, escaped
from coursecloud.plan import adoption
from coursecloud.plan.grants import is_public

Json = dict[str, Any]

ACCOUNT = "gcp:serviceaccount/account:Account"
POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
PROJECT = "project"
_PROJECT_TYPE = "organizations.Project"
TRIES = 3
"""How often a policy is read and written where somebody else writes it at the same time."""


@dataclass(frozen=True)
class LiveGrant:
    """A role that a member has on something, with the title and expression of its condition, if it has one."""

    role: str
    member: str
    title: str = ""
    expression: str = ""


def form_of(kind: str) -> tuple[str, Policy] | None:
    """Say which API has the IAM policy of a type, or of the PROJECT, and how; None where a type has none."""
    known = types.named(_PROJECT_TYPE) if kind == PROJECT else types.of(kind)
    return (known.cloud, known.policy) if known and known.cloud and known.policy else None


def _form(target: Target) -> tuple[str, Policy]:
    found = form_of(target.type)
    if found is None:
        raise ValueError(f"{target.type} has no IAM policy")
    return found


@dataclass(frozen=True)
class Target:
    """Something with an IAM policy."""

    type: str
    id: str
    """Its path, `projects/p/secrets/s`; of a bucket its name."""
    called: str
    """What people know it by: its name in the program, or the project's id."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.id.rpartition("/")[2]

    @property
    def key(self) -> tuple[str, str, str]:
        """Type, place and name, however a grant spells it."""
        return self.type, self._after("locations", "zones"), self.name

    def _after(self, *collections: str) -> str:
        parts = self.id.split("/")
        return next((parts[at + 1] for at, part in enumerate(parts[:-1]) if part in collections), "")

    def remove(self, grant: LiveGrant) -> str:
        """Write the gcloud command that takes a grant away."""
        _, policy = _form(self)
        words = policy.gcloud.format(
            name=shlex.quote(self.name), place=self._after("locations", "zones"), project=self._after("projects")
        )
        # Where a policy has conditions, gcloud asks which one is meant unless it is told.
        which = f"expression={grant.expression},title={grant.title}" if grant.expression else "None"
        told = f" --condition={shlex.quote(which)}" if grant.expression or self.type == PROJECT else ""
        return f"{words} --member={shlex.quote(grant.member)} --role={shlex.quote(grant.role)}{told}"


def targets(resources: Iterable[Json], project: str) -> list[Target]:
    """List what of a state has a policy, and the project. Who is let in on the group's own is the group's to say."""
    found = [
        Target(str(each["type"]), str(each["id"]), str(each["urn"]).rpartition("::")[2])
        for each in resources
        if form_of(str(each.get("type"))) and each.get("id") and not each.get("delete") and not adoption.in_state(each)
    ]
    return [*found, Target(PROJECT, f"projects/{project}", project)]


def granted(resources: Iterable[Json]) -> tuple[dict[tuple[str, str, str], set[LiveGrant]], set[tuple[str, str, str]]]:
    """Gather what a state grants, by the key of what it is on; and the keys of those whose whole policy it writes.

    A whole policy (`IAMPolicy`) is looked after by Pulumi itself; a whole role (`IAMBinding`) lists its members.
    """
    grants: dict[tuple[str, str, str], set[LiveGrant]] = {}
    whole: set[tuple[str, str, str]] = set()
    for each in resources:
        kind = str(each.get("type"))
        known = types.of(kind)
        gives = known.grants if known else None
        held = types.named(gives.of) if gives and gives.iam else None
        if not gives or not held or not held.policy:
            continue
        said = cast("Json", {**(each.get("inputs") or {}), **(each.get("outputs") or {})})
        on = str(said.get(gives.on) or "").removeprefix("b/").rpartition("/")[2]
        project = gives.of == _PROJECT_TYPE
        place = "" if project else str(said.get("location") or said.get("zone") or "")
        key = (PROJECT if project else held.type, place, on)
        if gives.to == "policyData":
            whole.add(key)
            continue
        members = cast("list[Any]", said.get("members") or [said.get("member")])
        condition = cast("Json", said.get("condition") or {})
        for member in members:
            grants.setdefault(key, set()).add(_grant(str(said.get("role")), str(member), condition))
    return grants, whole


@dataclass(frozen=True)
class Own:
    """What is the stack's and Google's own, by which strangers are told from others."""

    project: str
    number: str
    """The project's number; empty where it is not known, and then no agent of Google's is."""
    accounts: frozenset[str]
    """E-mail addresses of the stack's service accounts."""
    pools: frozenset[str]
    """Ids of its workload identity pools."""

    def has(self, member: str) -> bool:
        """Say whether a member is one of the stack's own accounts, or comes in through its federation."""
        pool = re.search(r"/workloadIdentityPools/([^/]+)/", member)
        return member.removeprefix("serviceAccount:") in self.accounts or bool(pool and pool[1] in self.pools)

    def by_google(self, grant: LiveGrant) -> bool:
        """Say whether nobody gave this: a service agent of the project's, or what a new bucket gives by itself."""
        data = tables.table("iam-by-google")
        kind, _, name = grant.member.partition(":")
        if kind in data["convenience"]:
            return grant.role in data["convenience"][kind] and name in (self.project, self.number)
        agent = re.fullmatch(r"serviceAccount:service-(\d+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com", grant.member)
        return bool(agent and agent[1] == self.number and agent[2] in data["agents"])


def own(resources: Sequence[Json], project: str, number: str) -> Own:
    """Gather what is a state's own."""

    def outputs(kind: str, key: str) -> frozenset[str]:
        found = [cast("Json", each.get("outputs") or {}).get(key) for each in resources if each.get("type") == kind]
        return frozenset(str(value) for value in found if value)

    return Own(project, number, outputs(ACCOUNT, "email"), outputs(POOL, "workloadIdentityPoolId"))


def project_number(resources: Iterable[Json]) -> str:
    """Find the project's number in a state; empty where nothing of it tells."""
    for each in resources:
        value: Any = cast("Json", each.get("outputs") or {}).get("projectNumber")
        if isinstance(value, int | float | str) and str(value).partition(".")[0].isdigit():
            return str(value).partition(".")[0]
    return ""


def strange(target: Target, policy: Json, known: Iterable[LiveGrant], ours: Own) -> Iterator[LiveGrant]:
    """List what a policy grants and the state does not.

    Of a project, which is not the stack's, only what is everybody's, and what the stack's own accounts got beside it.
    """
    held = {_comparable(grant) for grant in known}
    for grant in sorted(_grants(policy), key=lambda grant: (grant.member, grant.role)):
        # A deleted account stays in a policy; nobody can sign in as it.
        if grant.member.startswith("deleted:") or _comparable(grant) in held or ours.by_google(grant):
            continue
        if target.type != PROJECT or is_public(grant.member) or ours.has(grant.member):
            yield grant


def read(cloud: Cloud, target: Target) -> Json:
    """Read a policy with its conditions. Raises CloudError."""
    api, form = _form(target)
    method, path, query = _request(form.get, target)
    body: Json | None = None
    if method == "POST":
        body = {} if query else {"options": {"requestedPolicyVersion": 3}}
    return cloud.call(method, api, path, parameters={query: "3"} if query else {}, body=body)


def revoke(cloud: Cloud, target: Target, grant: LiveGrant) -> None:
    """Take a grant away, and nothing else; what is gone already is no error. Raises CloudError."""
    api, form = _form(target)
    for attempt in range(TRIES):
        policy = read(cloud, target)
        if grant not in set(_grants(policy)):
            return
        if not policy.get("etag"):
            raise CloudError(0, f"the policy of {target.name} has no etag: another's change could be lost; not written")
        method, path, _ = _request(form.set, target)
        new = {**policy, "bindings": list(_without(policy, grant)), "version": 3}
        try:
            cloud.call(method, api, path, body=new if target.type.endswith(":Bucket") else {"policy": new})
        except CloudError as error:
            if error.status not in (409, 412) or attempt == TRIES - 1:
                raise
        else:
            return


def _request(form: str, target: Target) -> tuple[str, str, str]:
    method, _, rest = form.partition(" ")
    path, _, query = rest.partition("?")
    return method, path.format(id=target.id, name=escaped(target.name)), query


def _grants(policy: Json) -> Iterator[LiveGrant]:
    for binding in cast("list[Json]", policy.get("bindings") or []):
        make: Callable[[str], LiveGrant] = functools.partial(_of_binding, binding)
        yield from map(make, cast("list[str]", binding.get("members") or []))


def _of_binding(binding: Json, member: str) -> LiveGrant:
    return _grant(str(binding.get("role")), str(member), cast("Json", binding.get("condition") or {}))


def _grant(role: str, member: str, condition: Json) -> LiveGrant:
    return LiveGrant(role, member, str(condition.get("title") or ""), str(condition.get("expression") or ""))


def _without(policy: Json, grant: LiveGrant) -> Iterator[Json]:
    for binding in cast("list[Json]", policy.get("bindings") or []):
        members = cast("list[str]", binding.get("members") or [])
        left = [member for member in members if _of_binding(binding, member) != grant]
        if left:
            yield {**binding, "members": left}


def _comparable(grant: LiveGrant) -> LiveGrant:
    """Spell a grant as Google does: addresses in lower case, names of federations as they are."""
    federated = grant.member.startswith(("principal:", "principalSet:")) or "[" in grant.member
    kind, colon, name = grant.member.partition(":")
    member = grant.member if federated or not colon else f"{kind}:{name.lower()}"
    return LiveGrant(grant.role, member, grant.title, grant.expression)
