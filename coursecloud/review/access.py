"""Who gets access by a change: grants to others than the stack's own service accounts, and doors to the outside."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from catalog import tables, types
from coursecloud.diff.changes import Change, Operation
from coursecloud.plan.registration import UNKNOWN

PUBLIC = ("allUsers", "allAuthenticatedUsers")
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
ACCOUNT = "gcp:serviceaccount/account:Account"


def grants(change: Change) -> bool:
    """Say whether the resource gives someone access."""
    found = types.grants(types.short_type(change.resource.type))
    return found is not None and found.to == "member"


def public(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say of each grant that everybody on the internet gets."""
    for change in changes:
        member: Any = change.resource.inputs.get("member")
        if _gives(change) and isinstance(member, str) and member in PUBLIC:
            yield change, f"everybody on the internet ({_code(member)}) gets {_role(change)} by {_code(change.name)}"


def widened(changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Say who else gets more than before, a line a member with its first grant, and which door changes."""
    listed = list(changes)
    own = {
        f"serviceAccount:{inputs.get('accountId')}@{inputs.get('project')}.iam.gserviceaccount.com"
        for change in listed
        if (inputs := change.resource.inputs) and change.resource.type == ACCOUNT
    }
    given: dict[str, list[Change]] = {}
    for change in listed:
        member: Any = change.resource.inputs.get("member")
        known = isinstance(member, str) and (member in PUBLIC or member in own)
        if _gives(change) and not known and not googles(change):
            given.setdefault(_who(member), []).append(change)
    for who, found in given.items():
        roles = list(dict.fromkeys(_role(change) for change in found))
        more = f" and {len(roles) - 6} more" if len(roles) > 6 else ""
        yield found[0], f"{who} gets {', '.join(roles[:6])}{more}"
    for change in listed:
        known = types.of(change.resource.type)
        door = known.door if known else None
        found = [entry for entry in change.properties if door and entry.top in door.inputs and not entry.ignored]
        if door and found and change.operation in (Operation.UPDATE, Operation.REPLACE):
            tops = ", ".join(dict.fromkeys(entry.top for entry in found))
            yield change, f"{door.decides} changes with {tops} of {_code(change.name)}"


def _gives(change: Change) -> bool:
    """Say whether somebody has after the change what nobody had by this grant before."""
    if not grants(change):
        return False
    if change.operation is Operation.CREATE:
        return True
    told = {entry.top: entry.new for entry in change.properties if not entry.ignored}
    return "member" in told or "role" in told or told.get("condition", "") is None


def googles(change: Change) -> bool:
    """Say whether a grant is to a service of Google's own in the stack's project, such as the one that stops machines.

    Its address holds the project's number, which only the real run knows; what stands around that is known.
    """
    pattern = change.resource.at_run.get("member", "")
    found = re.fullmatch(r"serviceAccount:service-\*@([a-z-]+)\.iam\.gserviceaccount\.com", pattern)
    unknown = change.resource.inputs.get("member") == UNKNOWN
    return bool(found) and unknown and found[1] in tables.table("iam-by-google")["agents"]


def _who(member: Any) -> str:
    return "somebody whom only the real run knows" if member == UNKNOWN else _code(str(member))


def _role(change: Change) -> str:
    role = change.resource.inputs.get("role")
    if role != UNKNOWN:
        return _code(str(role))
    # The id of a role of one's own is not known before it is made; which one it is, is.
    urns = change.resource.property_dependencies.get("role", ())
    own = [urn.rpartition("::")[2] for urn in urns if urn.split("::")[-2].endswith(ROLE)]
    return f"the role {_code(own[0])} of this stack" if len(own) == 1 else "a role that only the real run knows"


def _code(text: str) -> str:
    """Mark what anyone may have written: no format takes what is between backticks for a word of ours."""
    return f"`{text.replace('`', chr(39))[:200]}`"
