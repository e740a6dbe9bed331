"""What decides when content is deleted: whether a change of it keeps as much as before."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from coursecloud.diff import property_diff
from coursecloud.diff.property_diff import Difference
from coursecloud.plan import nested


def keeps_more(difference: Difference, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether a difference of two sides' inputs can delete nothing sooner."""
    return _waits_longer(difference) or _comes_or_goes(difference) or _spares(difference, old, new)


_DELETING = ("expireTime", "lifecycleRules", "ttl")
"""What deletes by being there."""

_KEEPING = ("retentionPolicy", "softDeletePolicy", "versionDestroyTtl")
"""What keeps by being there, for longer than none."""


def _waits_longer(difference: Difference) -> bool:
    """Say whether a rule that deletes waits longer or spares more than before, as it does when its number, or its time,
    rises."""
    old, new = difference.old, difference.new
    if difference.top == "expireTime":
        return isinstance(old, str) and isinstance(new, str) and _time(old) < _time(new)
    sides = [re.fullmatch(r"(\d+)(?:\.0)?s?", str(side)) for side in (old, new)]
    return bool(sides[0] and sides[1] and int(sides[0][1]) < int(sides[1][1]))


def _time(text: str) -> float:
    """Read a time as seconds, one that cannot be read as the last of all."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return float("inf")


def _comes_or_goes(difference: Difference) -> bool:
    """Say whether what deletes goes, or is narrowed; or what keeps comes."""
    came, went = difference.old is property_diff.NOTHING, difference.new is property_diff.NOTHING
    match difference.top:
        case "versioning":
            return True in (difference.new, property_diff.at(difference.new, "enabled"))
        case "cleanupPolicyDryRun":  # then it only looks
            return difference.new is True
        case "lifecycleRules" if len(difference.keys) > 2:
            if "condition" in difference.keys and came:  # every condition has to hold
                return True
            return difference.keys[-1] == "storageClass" or difference.old in ("ANY", "Delete")
        case top if top in _DELETING:
            return went
        case top if top in _KEEPING:
            # Of what is deleted Google keeps a while unless it is told to keep nothing.
            back = went and top == "softDeletePolicy" and _of_nothing(difference.old)
            return back or (came and not _of_nothing(difference.new))
        case _:
            return False


def _of_nothing(kept: object) -> bool:
    return any(value in (0, "0", "0s") for _, value in property_diff.leaves((), kept))


def _spares(difference: Difference, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether a cleanup policy spares more than before: one that keeps comes or takes more in, or one that deletes
    goes."""
    if difference.top != "cleanupPolicies":
        return False
    if _deletes(old) and not _deletes(new):
        return True
    if len(difference.keys) < 2:
        return False
    if len(difference.keys) == 2:
        came, went = (property_diff.at(side, "action") for side in (difference.new, difference.old))
        return (came, went) in (("KEEP", property_diff.NOTHING), (property_diff.NOTHING, "DELETE"))
    actions = [property_diff.at(_policy(side, difference.keys[1]), "action") for side in (old, new)]
    was, will = difference.old, difference.new
    if actions == ["KEEP", "KEEP"]:
        if isinstance(was, list) and isinstance(will, list):
            return was != [] and _covers(cast("list[Any]", will), cast("list[Any]", was))
        return was is property_diff.NOTHING and difference.keys[-1].startswith("[")
    if actions == ["DELETE", "DELETE"] and difference.keys[2:3] == ("condition",):
        # Each thing that a condition asks for spares what has it not.
        narrower = isinstance(was, list) and isinstance(will, list) and will != [] and _covers(was, will)  # pyright: ignore[reportUnknownArgumentType]
        return was is property_diff.NOTHING or narrower or was in ("ANY", "TAG_STATE_UNSPECIFIED")
    return False


def _deletes(inputs: Mapping[str, Any]) -> bool:
    """Say whether a policy deletes, or may: of one that nobody can read it is not known."""
    given: Any = inputs.get("cleanupPolicies")
    policies = nested.listed(given)
    return bool(given and not policies) or any(property_diff.at(each, "action") != "KEEP" for each in policies)


def _covers(wide: list[Any], narrow: list[Any]) -> bool:
    """Say whether every prefix of the one begins with one of the other."""
    return all(any(str(each).startswith(str(prefix)) for prefix in wide) for each in narrow)


def _policy(inputs: Mapping[str, Any], label: str) -> Any:
    entries = nested.listed(inputs.get("cleanupPolicies"))
    return next((each for each in entries if f"[{property_diff.at(each, 'id')}]" == label), None)
