"""What a change does to the person who deploys it: fails, loses data, ends the credit, weakens protection, costs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from coursecloud.cost import Estimate, credit
from coursecloud.diff import refusals
from coursecloud.diff.changes import Change
from coursecloud.diff.refusals import Refusal
from coursecloud.policy.consequence import Consequence, Kind, ordered
from coursecloud.review import dangers
from coursecloud.review.dangers import Danger
from coursecloud.review.money import Cost, Findings
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted


def of_change(
    changes: Sequence[Change],
    found: Sequence[Danger],
    refused: Iterable[Refusal],
    cost: Cost,
    findings: Findings,
    protection: Sequence[Weaker],
) -> tuple[Consequence, ...]:
    """Say what a change of one stack means, gravest first; what an update that fails would cost is not said."""
    refused = tuple(refused)
    if fails := refusals.headline(refused):
        failing = Consequence(Kind.FAILS, fails, grave=True)
        if refusals.nothing_done(refused):
            # Who is let in by it is merged all the same, and no later review names it; what it costs is not said.
            merged = (Kind.RULES, Kind.PROTECTION, Kind.ACCESS)
            held = (each for each in _of(changes, found, cost, findings, protection) if each.grave)
            return ordered(
                [failing, *(replace(e, text=f"once it no longer fails: {e.text}") for e in held if e.kind in merged)]
            )
        return ordered([failing, *_of(changes, found, cost, findings, protection)])
    return ordered(_of(changes, found, cost, findings, protection))


def _of(
    changes: Sequence[Change],
    found: Sequence[Danger],
    cost: Cost,
    findings: Findings,
    protection: Sequence[Weaker],
) -> Iterator[Consequence]:
    lost = [change for change in changes if change.loses and not change.refused]
    if lost:
        yield Consequence(Kind.DATA, f"deletes the data of {_names(dangers.one(each) for each in lost)}", grave=True)
    if told := of_credit(cost):
        yield Consequence(Kind.CREDIT, told, grave=True)
    elif cost.after and credit.verdict(cost.after) is credit.Verdict.LASTS:
        yield Consequence(Kind.CREDIT, credit.sentence(cost.after))
    elif shorter := closes(cost):
        yield Consequence(Kind.CREDIT, shorter)
    if ids := list(dict.fromkeys(finding.rule.id for finding in findings.violations)):
        yield Consequence(Kind.RULES, f"newly breaks {', '.join(ids)}", grave=True)
    if protection:
        yield Consequence(
            Kind.PROTECTION, f"weakens the protection by {_names(each.what for each in protection)}", grave=True
        )
    kinds = {danger.kind for danger in found}
    if dangers.Kind.PUBLIC in kinds:
        yield Consequence(Kind.ACCESS, "lets everybody on the internet in", grave=True)
    elif dangers.Kind.ACCESS in kinds:
        yield Consequence(Kind.ACCESS, "lets somebody in who was not, or through another door", grave=True)
    if dangers.Kind.PROGRAM in kinds:
        yield Consequence(Kind.PROGRAM, "does what no plan shows", grave=True)
    if cost.news_unknown:
        yield Consequence(Kind.PRICE, money(cost), grave=True)
    else:
        yield Consequence(Kind.MONEY, money(cost))


def of_credit(cost: Cost) -> str:
    """Say that the credit newly ends before the lease, or sooner than before, or that nobody can say any more.

    Empty where it does not, or did so before already.
    """
    before, after = cost.before, cost.after
    if after is None:
        return ""
    if not _worse(before, after):
        if claimed := by_claims(cost):
            return (
                "that the credit lasts is only what the stack file now says of itself (`credit`, `usage`, `prices` or"
                f" `workingHours`); by what it said before, {credit.sentence(claimed)}"
            )
        return ""
    return f"{credit.sentence(after)}{_was(before)}"


def by_claims(cost: Cost) -> Estimate | None:
    """Give the estimate by the credit, usage and prices of before, where it ends too early by that alone."""
    before, after = cost.before, cost.after
    if before is None or after is None or credit.verdict(after) is credit.Verdict.ENDS:
        return None
    ends = (each for each in cost.assumed if credit.verdict(each) is credit.Verdict.ENDS and _worse(before, each))
    return next(ends, None)


def _worse(before: Estimate | None, after: Estimate) -> bool:
    now = credit.verdict(after)
    was = credit.verdict(before) if before else None
    if now is credit.Verdict.ENDS:
        sooner = before and before.planned.gone and after.planned.gone and after.planned.gone < before.planned.gone
        return was is not credit.Verdict.ENDS or bool(sooner) or (before is not None and _short(after) > _short(before))
    if now is credit.Verdict.UNKNOWN:
        return was is not now or bool(set(after.unknown) - set(before.unknown if before else ()))
    return False


def _short(estimate: Estimate) -> int:
    return estimate.days_short or 0


def _was(before: Estimate | None) -> str:
    if before is None:
        return ""
    match credit.verdict(before):
        case credit.Verdict.LASTS:
            return "; before the change it lasted"
        case credit.Verdict.ENDS:
            return f"; before the change it ended on {before.planned.gone}"
        case credit.Verdict.OPEN if before.planned.days is not None:
            return f"; before the change it lasted {before.planned.days:.0f} days"
        case _:
            return ""


def closes(cost: Cost) -> str:
    """Say why the gate `credit` is closed, or nothing.

    Where the lease has no end, a credit that lasts a day less or more closes it.
    """
    if told := of_credit(cost):
        return told
    before, after = cost.before, cost.after
    if before is None or after is None or credit.verdict(after) is not credit.Verdict.OPEN:
        return ""
    was, now = before.planned.days, after.planned.days
    if now is None or (was is not None and now > was - 1) or (was is None and not before.planned.never):
        return ""
    lasted = "for ever" if was is None else f"{was:.1f} days"
    return f"the credit lasts {now:.1f} days, and {lasted} before the change; the lease has no end to hold that against"


def unpriced(cost: Cost) -> list[str]:
    """Name what has no known price and had one, or was not there."""
    names = dict.fromkeys(name for text in cost.news_unknown for name in text.partition(":")[0].split(", "))
    return list(names)


SAME = "costs as much as before"


def money(cost: Cost) -> str:
    """Say what a change costs more or less an hour and a day; what is unknown is never a saving."""
    hour, day = cost.per_hour, cost.per_day
    if cost.news_unknown:
        known = f"costs {_more(hour)} USD an hour at least; " if round(hour, 2) > 0 else ""
        said = quoted("; ".join(cost.news_unknown[:3]))
        return f"{known}nobody knows how much more it costs, and it may be any amount: {said}"
    counted = f"{_claimed(cost.less)}" if cost.less else ""
    if not round(hour, 2) and not round(day, 2):
        on = f"{cost.after.per_hour_on:.2f}" if cost.after else "0"
        return f"{SAME}: {on} USD an hour with everything on{counted}"
    amounts = ((hour, "an hour with everything on"), (day, "a day as planned"))
    said = ", ".join(f"{_more(usd)} USD {what}" for usd, what in amounts if round(usd, 2))
    return f"costs {said}{counted}"


def _claimed(less: tuple[Decimal, Decimal]) -> str:
    hour, day = (f"{usd:.2f}" for usd in less)
    return (
        f"; the stack file's `usage`, `prices` or `workingHours` now count what is there for {hour} USD an hour and"
        f" {day} USD a day less, which saves nothing"
    )


def _more(value: Decimal) -> str:
    digits = 2 if abs(value) >= Decimal("0.01") or not value else 4
    return f"{value:+.{digits}f}"


def _names(names: Iterable[str], most: int = 4) -> str:
    listed = list(dict.fromkeys(names))
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
