"""Plans whose settings this version reads in part: those of another program, which has more keys, or other values."""

import dataclasses
from typing import Any, cast

from pydantic import ValidationError

from coursecloud.plan.planning import Plan
from infra.settings import Settings


def whole(before: Plan | None, after: Plan | None) -> tuple[Plan | None, Plan | None, list[str]]:
    """Give a side whose settings this version does not read as a whole those of the other, where it cannot read them.

    Half-read settings have defaults in them that nobody chose, and would cost what nobody pays. What of the others
    differs is told as ever. Says of each side what is not compared.
    """
    sides, said = [before, after], list[str]()
    for place, other in ((0, 1), (1, 0)):
        plan, theirs = sides[place], sides[other]
        if plan is None or not plan.unread:
            continue
        unread = ", ".join(plan.unread[:6]) + (f" and {len(plan.unread) - 6} more" if len(plan.unread) > 6 else "")
        told = f"the settings {('before', 'after')[place]} the change are of another version ({unread})"
        if not plan.guessed:
            said.append(f"{told}: left out of cost and rules, which know no such key")
        elif theirs is None or set(plan.guessed) & set(theirs.guessed):
            said.append(f"{told}: left out of cost and rules")
        else:
            sides[place] = dataclasses.replace(plan, settings=_taken(plan, theirs))
            said.append(f"{told}: cost and rules take them of the other side for both")
    return sides[0], sides[1], said


def _taken(plan: Plan, other: Plan) -> Settings:
    """Take what could not be read of a side's settings from the other side; all of them where that does not do."""
    mine, theirs = (side.settings.model_dump(mode="json", by_alias=True) for side in (plan, other))
    for path in plan.guessed:
        *above, key = path.split(".")
        own, others = mine, theirs
        for each in above:
            own, others = own.setdefault(each, {}), cast("dict[str, Any]", others.get(each) or {})
        own.pop(key, None)
        own |= {key: others[key]} if key in others else {}
    try:
        return Settings.model_validate(mine)
    except ValidationError:
        return other.settings
