"""What a change of several stacks comes to in money, in a few words: credits that end, prices unknown, an hour more."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from coursecloud.cost import credit
from coursecloud.review import consequence, formatting
from coursecloud.review.dangers import Kind
from coursecloud.review.money import Cost
from coursecloud.review.stacks import Stack

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,39}( jobs)?")
"""Names that a headline repeats: no sentence can be made of one."""


def hourly(costs: Sequence[Cost]) -> str:
    """Say what an hour costs more or less; what one stack saves is nothing to the owner of another."""
    sides = [[each for each in costs if sign * round(each.per_hour, 4) > 0] for sign in (1, -1)]
    if not all(sides) or any(each.unknown_in("per_hour_on") for each in costs):
        sides = [list(costs)]
    said: list[str] = []
    for side in sides:
        hour = sum((each.per_hour for each in side), Decimal(0))
        of = f" in {formatting.counted(len(side), 'stack')}" if sides[1:] else ""
        said.append(formatting.hourly(hour, unknown=any(each.unknown_in("per_hour_on") for each in side)) + of)
    return ", ".join(said)


def credit_of(stacks: Sequence[Stack]) -> Iterator[str]:
    """Say of the stack whose credit ends soonest on which day, how early, and what takes most of it."""
    ending = [stack for stack in stacks if any(danger.kind is Kind.CREDIT for danger in stack.dangers)]
    estimates = [
        (stack, consequence.by_claims(stack.cost) or stack.cost.after)
        for stack in ending
        if stack.cost and stack.cost.after
    ]
    early = [(stack, each) for stack, each in estimates if each.planned.before_end and each.planned.gone]
    if early:
        stack, worst = max(early, key=lambda entry: entry[1].days_short or 0)
        short, most = worst.days_short, credit.largest(worst.cause) if worst.cause else ""
        before = f"{short} day{'' if short == 1 else 's'} BEFORE THE LEASE" if short else "on the lease's last day"
        cause = f" (most of it: {most})" if _NAME.fullmatch(most) else ""
        of = f" of {stack.name}" if ending[1:] and _NAME.fullmatch(stack.name) else ""
        claimed = stack.cost and worst is not stack.cost.after
        only = f"the credit{of} lasts ONLY BY WHAT THE FILE NOW SAYS; by what it said before, it"
        yield f"{only if claimed else f'the credit{of}'} ends on {worst.planned.gone}, {before}{cause}"
    elif estimates:
        yield "nobody can say whether the credit lasts"
    else:
        yield from _lasting(stacks)


def _lasting(stacks: Sequence[Stack]) -> Iterator[str]:
    """Say of the stack whose credit lasts shortest how long, where the lease has no end to hold that against."""
    sides = [(c.before, c.after) for stack in stacks if (c := stack.cost) and consequence.closes(c)]
    days = [(new.planned.days, old.planned.days) for old, new in sides if old and new]
    known = [(now, was) for now, was in days if now is not None and was is not None]
    if known:
        yield "the credit lasts {:.0f} days instead of {:.0f}".format(*min(known))
        return
    come = [cost.after for stack in stacks if (cost := stack.cost) and cost.before is None and cost.after]
    open_ = [each.planned.days for each in come if credit.verdict(each) is credit.Verdict.OPEN]
    if days := [each for each in open_ if each is not None]:
        yield f"the credit lasts {min(days):.0f} days, and no lease says how long it has to"


def unpriced(stacks: Iterable[Stack]) -> Iterator[str]:
    """Name what has no known price now and had one, or was not there."""
    names = [name for stack in stacks if stack.cost for name in consequence.unpriced(stack.cost)]
    if names:
        told = [name for name in dict.fromkeys(names) if _NAME.fullmatch(name)][:3]
        yield f"+? /h: {', '.join(told) or 'something'} has NO KNOWN PRICE"
