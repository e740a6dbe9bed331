"""What decides when content is deleted: whether a change of it keeps as much as before."""

import re
from collections.abc import Mapping
from typing import Any, cast

from coursecloud.diff import property_diff
from coursecloud.diff.property_diff import Difference


def keeps_more(difference: Difference, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether a difference of two sides' inputs can delete nothing sooner."""
    return _waits_longer(difference) or _spares(difference, old, new)


def _waits_longer(difference: Difference) -> bool:
    """Say whether a rule that deletes waits longer or spares more than before, as it does when its number rises; or
    whether old versions are kept from now on."""
    if difference.top == "versioning" and True in (difference.new, property_diff.at(difference.new, "enabled")):
        return True
    sides = [re.fullmatch(r"(\d+)(?:\.0)?s?", str(side)) for side in (difference.old, difference.new)]
    old, new = sides
    return bool(old and new and int(old[1]) < int(new[1]))


def _spares(difference: Difference, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Say whether a cleanup policy spares more than before: one that keeps comes or takes more in, or one that deletes
    goes."""
    if difference.top != "cleanupPolicies" or len(difference.keys) < 2:
        return False
    if len(difference.keys) == 2:
        came, went = (property_diff.at(side, "action") for side in (difference.new, difference.old))
        return (came, went) in (("KEEP", property_diff.NOTHING), (property_diff.NOTHING, "DELETE"))
    sides = [_policy(side, difference.keys[1]) for side in (old, new)]
    if any(property_diff.at(side, "action") != "KEEP" for side in sides):
        return False
    was, will = difference.old, difference.new
    if isinstance(was, list) and isinstance(will, list):
        # Without a word of which tags are kept, all are.
        left = [each for each in cast("list[Any]", was) if each not in cast("list[Any]", will)]
        return not left and was != []
    return was is property_diff.NOTHING and difference.keys[-1].startswith("[")


def _policy(inputs: Mapping[str, Any], label: str) -> Any:
    entries = cast("list[Any]", inputs.get("cleanupPolicies") or [])
    return next((each for each in entries if f"[{property_diff.at(each, 'id')}]" == label), None)
