"""Who gets access by a change: grants to others than the stack's own service accounts, and doors to the outside.

Of the stack's own accounts: what they may now on another condition than before, and a secret that they newly read.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalog import tables, types
from coursecloud.diff.changes import Change, Operation
from coursecloud.plan.grants import Grant, given, same_but_for_days, times
from coursecloud.plan.registration import UNKNOWN

ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
ACCOUNT = "gcp:serviceaccount/account:Account"


def grants(change: Change) -> bool:
    """Say whether the resource is a grant; a data set with a list of its own is one thing, and holds data."""
    found = types.grants(types.short_type(change.resource.type))
    return found is not None and found.to != "accesses"


def public(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say of each grant that everybody on the internet gets."""
    for change in changes:
        for who, roles in _together((change, gained) for gained in _gained(change) if gained.grant.public):
            yield change, f"everybody on the internet ({who}) gets {roles} by {_code(change.name)}"


def widened(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say who else gets more than before, with their first grant all who get the same, and which door changes."""
    listed = list(changes)
    others = _others(listed)
    first = {_who(gained.grant): change for change, gained in reversed(others)}
    alike: dict[str, list[str]] = {}
    for who, roles in _together(others):
        alike.setdefault(roles, []).append(who)
    for roles, members in alike.items():
        said = ", ".join(_strangers_first(members))
        yield first[members[0]], f"{said} get{'' if len(members) > 1 else 's'} {roles}"
    for change in listed:
        known = types.of(change.resource.type)
        door = known.door if known else None
        found = [entry for entry in change.properties if door and entry.top in door.inputs and not entry.ignored]
        if door and found and change.operation in (Operation.UPDATE, Operation.REPLACE):
            tops = ", ".join(dict.fromkeys(entry.top for entry in found))
            yield change, f"{door.decides} changes with {tops} of {_code(change.name)}"


def _on_what_was_there(change: Change, there: Collection[str]) -> bool:
    """Say whether a grant to one of the stack's own accounts is worth telling.

    It is on a secret that was there before, or on a store from before that it may now write or delete in.
    """
    gives = types.grants(types.short_type(change.resource.type))
    urns = change.resource.property_dependencies.get(gives.on or "", ()) if gives else ()
    if not any(urn in there for urn in urns):
        return False
    return bool(gives and gives.always) or any(_WRITES.search(grant.role or "") for grant in given(change.resource))


_WRITES = re.compile(r"[Aa]dmin|[Uu]ser$|[Ww]riter|[Ee]ditor|[Oo]wner|[Cc]reator")
"""In the names of Google's roles: they write or delete."""


def freed(changes: Iterable[Change]) -> Iterator[tuple[Change, Grant, str]]:
    """List the grants that hold on another condition than before, with that one."""
    for change in changes:
        for gained in _gained(change):
            if gained.freed:
                yield change, gained.grant, gained.before[0]


def prolonged(changes: Iterable[Change]) -> Iterator[tuple[Change, Grant, str, str]]:
    """List the grants whose condition names a later time than before and is the same else, with both times."""
    for change in changes:
        if change.before is None or change.after is None:
            continue
        had = [(_key(grant), grant.condition) for grant in given(change.before)]
        for grant in given(change.after):
            new = max(times(grant.condition), default="")
            alike = [old for key, old in had if key == _key(grant) and same_but_for_days(old, grant.condition)]
            old = max((each for text in alike for each in times(text)), default="")
            if alike and grant.condition not in alike and old < new:
                yield change, grant, old, new


@dataclass(frozen=True)
class _Gained:
    """What somebody has after a change and had not before."""

    grant: Grant
    before: Sequence[str] = ()
    """The conditions on which they had it."""

    @property
    def freed(self) -> bool:
        """Say whether they had it on another condition."""
        return bool(self.before)


def _gained(change: Change) -> Iterator[_Gained]:
    """List what somebody has after the change and had not by this resource before."""
    if change.after is None or change.operation not in (Operation.CREATE, Operation.UPDATE, Operation.REPLACE):
        return
    gives = types.grants(types.short_type(change.after.type))
    told = {entry.top for entry in change.properties if not entry.ignored}
    # What follows the thing that it is on lets nobody new in.
    follows = {reason.property for reason in change.reasons if reason.cause}
    elsewhere = gives is not None and gives.on in told - follows
    had: dict[tuple[str | None, str | None], list[str]] = {}
    if change.before and not elsewhere:
        for grant in given(change.before):
            had.setdefault(_key(grant), []).append(grant.condition)
    for grant in given(change.after):
        conditions = had.get(_key(grant))
        if conditions is None or (
            # Nobody can tell whether two unknown values are one, but by what they come from.
            bool({grant.member_at.partition("[")[0], grant.role_at.partition("[")[0]} & (told - _as_before(change)))
            if None in (grant.member, grant.role)
            else "" not in conditions and not any(same_but_for_days(grant.condition, one) for one in conditions)
        ):
            yield _Gained(grant, conditions if conditions and None not in (grant.member, grant.role) else ())


def _as_before(change: Change) -> set[str]:
    """Name the inputs that only change with what they are made of, in the same way of the same as before."""
    before, after = change.before, change.after
    if before is None or after is None:
        return set()
    return {
        reason.property
        for reason in change.reasons
        if reason.cause
        and before.property_dependencies.get(reason.property) == after.property_dependencies.get(reason.property)
        and before.at_run.get(reason.property) == after.at_run.get(reason.property)
    }


def let_in(changes: Iterable[Change]) -> list[str]:
    """Name everybody whom changes let in, each once, strangers first."""
    return _strangers_first(list(dict.fromkeys(_who(gained.grant) for _, gained in _others(list(changes)))))


def _strangers_first(members: Sequence[str]) -> list[str]:
    """Put those first of whose domain the fewest others are: in a long line they are who is looked for."""
    of = Counter(map(_domain, members))
    return sorted(members, key=lambda member: of[_domain(member)])


def _domain(member: str) -> str:
    return member.strip("`").rpartition("@")[2].lower()


def _others(listed: Sequence[Change]) -> list[tuple[Change, _Gained]]:
    """List what others than the stack's own accounts gain, and these where it is worth telling; nothing public."""
    own = {
        f"serviceAccount:{inputs.get('accountId')}@{inputs.get('project')}.iam.gserviceaccount.com"
        for change in listed
        if (inputs := change.resource.inputs) and change.resource.type == ACCOUNT
    }
    there = {change.resource.urn for change in listed if change.before}
    return [
        (change, gained)
        for change in listed
        for gained in _gained(change)
        if not gained.grant.public and not googles(change)
        if gained.freed or gained.grant.member not in own or _on_what_was_there(change, there)
    ]


def googles(change: Change) -> bool:
    """Say whether a grant is to a service of Google's own in the stack's project, such as the one that stops machines.

    Its address holds the project's number, which only the real run knows; what stands around that is known.
    """
    pattern = change.resource.at_run.get("member", "")
    found = re.fullmatch(r"serviceAccount:service-(?:\*|\$\{[^}]*\})@([a-z-]+)\.iam\.gserviceaccount\.com", pattern)
    unknown = change.resource.inputs.get("member") == UNKNOWN
    return bool(found) and unknown and found[1] in tables.table("iam-by-google")["agents"]


def _key(grant: Grant) -> tuple[str | None, str | None]:
    member = grant.member
    # Google takes e-mail addresses in either case, and the ids of a federation's principals as they are.
    return (member if member is None or member.startswith("principal") else member.lower()), grant.role


def _together(listed: Iterable[tuple[Change, _Gained]]) -> Iterator[tuple[str, str]]:
    """Put the roles of each member into words."""
    found: dict[str, list[str]] = {}
    for change, gained in listed:
        roles = found.setdefault(_who(gained.grant), [])
        role = _role(change, gained.grant)
        if gained.freed:
            role += " on another condition than before" if gained.grant.condition else " without the condition it had"
        elif instead := _in_place_of(change, gained.grant):
            role += f" in place of {_code(instead)}"
        if role not in roles:
            roles.append(role)
    for who, roles in found.items():
        # What only looks is what one can do without reading.
        yield who, ", ".join(sorted(roles, key=lambda role: bool(_LOOKS.search(role))))


_LOOKS = re.compile(r"[Vv]iewer`|/browser`|[Rr]eader`")
"""In the names of Google's roles: they look at what they are on."""


def _in_place_of(change: Change, new: Grant) -> str:
    """Name the one member who had the same by this resource and has it no longer; empty where nobody did."""
    if change.before is None or change.after is None:
        return ""
    had, has = ([g.member or "" for g in given(side) if g.role == new.role] for side in (change.before, change.after))
    gone = [member for member in had if member not in has]
    return gone[0] if len(gone) == len(has) == 1 else ""


def _who(grant: Grant) -> str:
    return "somebody whom only the real run knows" if grant.member is None else _code(grant.member)


def _role(change: Change, grant: Grant) -> str:
    if grant.role is not None:
        return _code(grant.role)
    # The id of a role of one's own is not known before it is made; which one it is, is.
    urns = change.resource.property_dependencies.get(grant.role_at, ())
    own = [urn.rpartition("::")[2] for urn in urns if urn.split("::")[-2].endswith(ROLE)]
    return f"the role {_code(own[0])} of this stack" if len(own) == 1 else "a role that only the real run knows"


def _code(text: str) -> str:
    """Mark what anyone may have written: no format takes what is between backticks for a word of ours."""
    return f"`{text.replace('`', chr(39))[:200]}`"
