"""From what is there to what is wanted: the lines of gcloud that let the course in, or take that back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from coursecloud.course.authority import PURPOSES, Grant, Role, Wanted, title
from coursecloud.course.gcloud import Gcloud, GcloudError

Json = dict[str, Any]
_BLOCKED = re.compile(r"marked for deletion|in a deleted state|already exists")
_NOT_HERE = re.compile(r"Permission ([A-Za-z0-9.]+) is not (?:valid|supported)")
IDS = 6
"""How many ids of a role are tried: each deletion blocks one for a month."""


@dataclass(frozen=True)
class Bound:
    """A binding of the course's as the policy has it: one member."""

    purpose: str
    member: str
    role: str
    condition: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two of them the same."""
        return (self.purpose, self.member, self.role, self.condition.get("expression", ""))


@dataclass
class There:
    """What a project has, as gcloud tells."""

    bound: list[Bound] = field(default_factory=list[Bound])
    roles: list[Json] = field(default_factory=list[Json])
    policy: Json = field(default_factory=dict[str, Any])


def bound(policy: Mapping[str, Any], stack: str) -> list[Bound]:
    """List the course's bindings of a stack; they are known by their condition's title. All else is nobody's here."""
    titles = {title(stack, purpose): purpose for purpose in PURPOSES}
    found: list[Bound] = []
    for binding in cast("list[Json]", policy.get("bindings") or []):
        condition = cast("dict[str, str]", binding.get("condition") or {})
        if purpose := titles.get(condition.get("title", "")):
            found += [Bound(purpose, str(each), str(binding["role"]), condition) for each in binding["members"]]
    return found


def read(gcloud: Gcloud, stack: str) -> There:
    """Ask what is there. Raises GcloudError."""
    policy = gcloud.policy()
    return There(bound(policy, stack), gcloud.roles(), policy)


def described(gcloud: Gcloud, there: There, roles: Sequence[Role]) -> There:
    """Add what these roles permit, which a list of roles does not tell. Raises GcloudError."""
    ids = {picked.id for picked, state in (pick(role, there.roles) for role in roles) if state}
    whole = [gcloud.role(name) if (name := _id(each)) in ids else each for each in there.roles]
    return replace(there, roles=whole)


def _id(role: Mapping[str, Any]) -> str:
    return str(role.get("name")).rpartition("/")[2]


def pick(role: Role, there: Sequence[Mapping[str, Any]]) -> tuple[Role, bool | None]:
    """Choose the id of a role: one that is there, else one that can be undeleted, else the first that is not.

    The second is whether it is there; None for one that was deleted in the last seven days.
    """
    known = {_id(each): bool(each.get("deleted")) for each in there}
    ids = [role.id, *(f"{role.id}_{number}" for number in range(2, IDS + 1))]
    for wanted, state in ((False, True), (True, None)):
        for each in ids:
            if known.get(each) is wanted:
                return replace(role, id=each), state
    return role, False


def role_lines(role: Role, state: bool | None, project: str) -> list[list[str]]:
    """Write what makes a role as wanted; `state` as `pick` gives it."""
    where = [role.id, f"--project={project}"]
    says = [f"--title={role.title}", f"--permissions={','.join(role.permissions)}", "--stage=GA", "--quiet"]
    undelete = [["iam", "roles", "undelete", *where, "--quiet"]] if state is None else []
    return [*undelete, ["iam", "roles", "create" if state is False else "update", *where, *says]]


def binding_line(verb: str, project: str, member: str, role: str, condition: Mapping[str, str]) -> list[str]:
    """Write the line that adds or removes one binding."""
    parts = [f"{key}={condition[key]}" for key in ("title", "description", "expression") if condition.get(key)]
    # Expressions have commas in them, which would part the flag; none has this letter.
    said = f"--condition=^#^{'#'.join(parts)}"
    return ["projects", f"{verb}-iam-policy-binding", project, f"--member={member}", f"--role={role}", said, "--quiet"]


def others(there: There, going: Sequence[Bound]) -> list[str]:
    """Say what else the accounts of some bindings hold, which somebody else granted and nothing here touches."""
    who, ours = {each.member for each in going}, {(each.role, str(dict(each.condition))) for each in there.bound}
    found: list[str] = []
    for binding in cast("list[Json]", there.policy.get("bindings") or []):
        if (str(binding["role"]), str(dict(binding.get("condition") or {}))) not in ours:
            found += [
                f"{member.partition(':')[2]} keeps {binding['role']}, which `coursecloud course join` did not grant"
                for member in cast("list[str]", binding["members"])
                if member in who
            ]
    return found


@dataclass(frozen=True)
class Steps:
    """What has to be done; all of it is nothing where it is as wanted."""

    roles: list[tuple[Role, bool | None]]
    add: list[Grant]
    remove: list[Bound]
    kept: int
    """So many bindings are there as wanted."""

    def lines(self, project: str, stack: str) -> Iterator[list[str]]:
        """Write them as lines of gcloud: roles, bindings, and last what older ones are taken away."""
        for role, state in self.roles:
            yield from role_lines(role, state, project)
        for grant in self.add:
            yield add_line(grant, project, stack)
        for each in self.remove:
            yield binding_line("remove", project, each.member, each.role, each.condition)


def add_line(grant: Grant, project: str, stack: str) -> list[str]:
    """Write the line that makes one grant."""
    condition = {"title": title(stack, grant.purpose), "expression": grant.expression}
    return binding_line("add", project, grant.member, full(grant.role, project), condition)


def full(role: str, project: str) -> str:
    """Give the full name of a role: a custom one is the project's."""
    return role if "/" in role else f"projects/{project}/roles/{role}"


def steps(wanted: Wanted, there: There, project: str, purposes: Sequence[str]) -> Steps:
    """Compare what is wanted for some purposes with what is there; what is there for others stays."""
    chosen = {role.id: pick(role, there.roles) for role in wanted.roles}
    ids = {name: role.id for name, (role, _) in chosen.items()}
    granted = [replace(each, role=ids.get(each.role, each.role)) for each in wanted.grants]
    have = {each.key for each in there.bound}
    want = {_key(each, project) for each in granted}
    return Steps(
        roles=[
            (role, state) for role, state in chosen.values() if state is not True or not _same(role, there.roles)
        ],
        add=[each for each in granted if _key(each, project) not in have],
        remove=[each for each in there.bound if each.purpose in purposes and each.key not in want],
        kept=len(want & have),
    )  # fmt: skip


def _key(grant: Grant, project: str) -> tuple[str, str, str, str]:
    return (grant.purpose, grant.member, full(grant.role, project), grant.expression)


def _same(role: Role, there: Sequence[Mapping[str, Any]]) -> bool:
    has = [cast("list[str]", each.get("includedPermissions") or []) for each in there if _id(each) == role.id]
    return [set(each) for each in has] == [set(role.permissions)]


def run(gcloud: Gcloud, plan: Steps, stack: str, say: Callable[[str], None]) -> list[str]:
    """Do the steps; gives what Google left out of a role. Raises GcloudError where it says no: the rest is not done."""
    left: list[str] = []
    ids: dict[str, str] = {}
    for role, state in plan.roles:
        made, missing = _make(gcloud, role, state)
        ids[role.id] = made.id
        left += missing
        say(f"  role {made.id}: {'made' if state is False else 'as it should be'}")
    for grant in plan.add:
        gcloud.do(add_line(replace(grant, role=ids.get(grant.role, grant.role)), gcloud.project, stack))
        say(f"  {grant.account}: {grant.role.removeprefix('roles/')}")
    for each in plan.remove:
        remove(gcloud, each)
        say(f"  taken away: {each.role.rpartition('/')[2]} of {each.member.partition(':')[2]}, as it was before")
    return left


def remove(gcloud: Gcloud, each: Bound) -> None:
    """Take one binding away. Raises GcloudError."""
    gcloud.do(binding_line("remove", gcloud.project, each.member, each.role, each.condition))


def _make(gcloud: Gcloud, role: Role, state: bool | None) -> tuple[Role, list[str]]:
    """Make a role, under the next id where Google blocks this one, and without what it does not know."""
    left: list[str] = []
    base = re.sub(r"_[2-9]$", "", role.id)
    while True:
        try:
            for line in role_lines(role, state, gcloud.project):
                gcloud.do(line)
            return role, left
        except GcloudError as error:
            words = str(error)
            number = int(role.id.removeprefix(base).lstrip("_") or 1)
            if odd := _NOT_HERE.search(words):
                if odd[1] not in role.permissions:
                    raise
                left.append(odd[1])
                role = replace(role, permissions=tuple(each for each in role.permissions if each != odd[1]))
                state = True if state is None else state  # it was undeleted before that
            elif state is False and _BLOCKED.search(words) and number < IDS:
                role = replace(role, id=f"{base}_{number + 1}")
            else:
                raise
