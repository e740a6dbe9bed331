"""Who gets access by a change: grants to others than the stack's own service accounts, and doors to the outside."""

from collections.abc import Iterable, Iterator

from catalog import types
from coursecloud.diff.changes import Change, Operation
from coursecloud.plan.grants import Grant, given, same_but_for_days

NAMED = 20
"""Members who are named in one line; the list of changes, the page and the JSON form have all of them."""

ACCOUNT = "gcp:serviceaccount/account:Account"


def grants(change: Change) -> bool:
    """Say whether the resource gives someone access."""
    return types.grants(types.short_type(change.resource.type)) is not None


def public(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say of each grant that everybody on the internet gets."""
    for change in changes:
        for who, roles in _together(grant for grant in _gained(change) if grant.public):
            yield change, f"everybody on the internet ({who}) gets {roles} by {_code(change.name)}"


def widened(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say who else gets more than before, with their first grant all who get the same, and which door changes."""
    listed = list(changes)
    own = {
        f"serviceAccount:{inputs.get('accountId')}@{inputs.get('project')}.iam.gserviceaccount.com"
        for change in listed
        if (inputs := change.resource.inputs) and change.resource.type == ACCOUNT
    }
    gained = [(change, grant) for change in listed for grant in _gained(change)]
    others = [(change, grant) for change, grant in gained if not grant.public and grant.member not in own]
    first = {_who(grant): change for change, grant in reversed(others)}
    alike: dict[str, list[str]] = {}
    for who, roles in _together(grant for _, grant in others):
        alike.setdefault(roles, []).append(who)
    for roles, members in alike.items():
        said = ", ".join(members[:NAMED]) + (f" and {len(members) - NAMED} more" if len(members) > NAMED else "")
        yield first[members[0]], f"{said} get{'' if len(members) > 1 else 's'} {roles}"
    for change in listed:
        known = types.of(change.resource.type)
        door = known.door if known else None
        found = [entry for entry in change.properties if door and entry.top in door.inputs and not entry.ignored]
        if door and found and change.operation in (Operation.UPDATE, Operation.REPLACE):
            tops = ", ".join(dict.fromkeys(entry.top for entry in found))
            yield change, f"{door.decides} changes with {tops} of {_code(change.name)}"


def _gained(change: Change) -> Iterator[Grant]:
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
            bool({grant.member_at.partition("[")[0], grant.role_at.partition("[")[0]} & told)
            if None in (grant.member, grant.role)
            else "" not in conditions and not any(same_but_for_days(grant.condition, one) for one in conditions)
        ):
            yield grant


def _key(grant: Grant) -> tuple[str | None, str | None]:
    member = grant.member
    # Google takes e-mail addresses in either case, and the ids of a federation's principals as they are.
    return (member if member is None or member.startswith("principal") else member.lower()), grant.role


def _together(grants_: Iterable[Grant]) -> Iterator[tuple[str, str]]:
    """Put the roles of each member into words."""
    found: dict[str, list[str]] = {}
    for grant in grants_:
        roles = found.setdefault(_who(grant), [])
        if (role := _role(grant)) not in roles:
            roles.append(role)
    for who, roles in found.items():
        more = f" and {len(roles) - 6} more" if len(roles) > 6 else ""
        yield who, ", ".join(roles[:6]) + more


def _who(grant: Grant) -> str:
    return "somebody whom only the real run knows" if grant.member is None else _code(grant.member)


def _role(grant: Grant) -> str:
    return "a role that only the real run knows" if grant.role is None else _code(grant.role)


def _code(text: str) -> str:
    """Mark what anyone may have written: no format takes what is between backticks for a word of ours."""
    return f"`{text.replace('`', chr(39))[:200]}`"
