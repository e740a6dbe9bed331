"""What of the stack file alone is made weaker: limits, exceptions, credit and lease, evenings."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from catalog.types.model import About
from coursecloud.cost import Estimate
from coursecloud.plan.planning import Plan
from coursecloud.policy.rule import by_id
from coursecloud.policy.rules.stack import IDLE_SHARE
from coursecloud.review.protection import Weaker
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException

_NONE = "(none)"


def weaker(before: Plan, after: Plan, now: Estimate | None) -> Iterator[Weaker]:
    """List what the settings make weaker; `now`, the estimate after the change, says what could then be spent."""
    old, new = before.settings, after.settings
    yield from _limits(old, new, now)
    yield from _lease(old, new, now)
    yield from _exceptions(old, new)
    yield from _allowed(old, new)
    yield from _evening(old, new, now)


def _limits(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    was, will = old.lease.max_per_hour, new.lease.max_per_hour
    currency = new.lease.credit.currency
    if will > was and currency == old.lease.credit.currency:
        hours = new.lease.credit.amount / will
        then = (
            f"an hour may cost {will:g} {currency} instead of {was:g} before a rule says so; at that, the credit of"
            f" {new.lease.credit.amount:g} {currency} lasts {hours:.0f} h"
        )
        yield Weaker("money", "`lease.maxPerHour`", f"{was:g}", f"{will:g}", then)
    limits = [each.guardrails.max_idle_per_day for each in (old, new)]
    was, will = (
        own if own is not None else each.lease.credit.amount / IDLE_SHARE
        for own, each in zip(limits, (old, new), strict=True)
    )
    if limits[0] != limits[1] and will > was:
        idle = f"; it costs {now.per_day_idle:.2f} USD now" if now else ""
        then = (
            f"a day on which nothing runs may cost {will:g} {currency} instead of {was:g} before a rule says so{idle}"
        )
        yield Weaker("money", "`guardrails.maxIdlePerDay`", f"{was:g}", f"{will:g}", then)


def _lease(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    was, will = old.lease.credit, new.lease.credit
    if will.amount > was.amount or will.currency != was.currency:
        old_credit, new_credit = (f"{each.amount:g} {each.currency}" for each in (was, will))
        then = (
            f"every rule on money takes {new_credit} for there; a line in a file brings no credit to Google's account"
        )
        yield Weaker("money", "`lease.credit`", old_credit, new_credit, then)
    day = f"{now.per_day_planned:.2f} USD a day as planned" if now else "what it costs a day"
    if old.lease.ends and (new.lease.ends is None or new.lease.ends > old.lease.ends):
        until, ends = new.lease.ends, old.lease.ends
        longer = f"{(until - ends).days} days longer" if until else "without an end"
        then = f"it is there, and its members come in, {longer}: {day}"
        yield Weaker("money", "`lease.ends`", str(ends), str(until or _NONE), then)
    if new.lease.grace_days > old.lease.grace_days:
        then = f"members come in for {new.lease.grace_days - old.lease.grace_days} days more after the lease's end"
        yield Weaker("access", "`lease.graceDays`", str(old.lease.grace_days), str(new.lease.grace_days), then)
    runs = [int(each.training.timeout) for each in (old, new)]
    if runs[1] > runs[0]:
        job = _jobs(now) if now else None
        costs = [job * Decimal(run) / 3600 for run in runs] if job is not None else []
        cost = f": {costs[1]:.2f} USD instead of {costs[0]:.2f}" if costs else ""
        then = f"a training job that hangs runs {runs[1] / 3600:g} h instead of {runs[0] / 3600:g}{cost}"
        yield Weaker("money", "`training.timeout`", f"{runs[0] / 3600:g} h", f"{runs[1] / 3600:g} h", then)


def _jobs(estimate: Estimate) -> Decimal | None:
    amounts = [item.due.per_hour_on for item in estimate.items if (item.component, item.name) == ("training", "jobs")]
    return None if not amounts or None in amounts else sum((each for each in amounts if each is not None), Decimal(0))


def _exceptions(old: Settings, new: Settings) -> Iterator[Weaker]:
    there = {(each.rule, each.resource): each for each in old.guardrails.exceptions}
    for entry in new.guardrails.exceptions:
        was = there.get((entry.rule, entry.resource))
        if was is None or entry.until > was.until:
            what = f"the exception from `{entry.rule}` of {_code(entry.resource)}"
            yield Weaker(_about(entry), what, _until(was), _until(entry), _why(entry))


def _until(entry: GuardrailException | None) -> str:
    return _NONE if entry is None else f"until {entry.until} ({entry.reason})"


def _why(entry: GuardrailException) -> str:
    try:
        rule = by_id(entry.rule)
    except KeyError:
        return "no rule has that id"
    return f"until {entry.until} nothing holds: {rule.title[0].lower()}{rule.title[1:]}. {rule.why.rstrip('.')}"


def _about(entry: GuardrailException) -> About:
    try:
        return "money" if by_id(entry.rule).topic == "cost" else "access"
    except KeyError:
        return "notice"


def _allowed(old: Settings, new: Settings) -> Iterator[Weaker]:
    lists = (
        ("allow.machineTypes", old.allow.machine_types, new.allow.machine_types, "machine type"),
        ("allow.gpus", old.allow.gpus, new.allow.gpus, "GPU"),
        ("allow.zones", old.allow.zones, new.allow.zones, "zone"),
    )
    for path, was, will, what in lists:
        if more := [each for each in will if each not in was]:
            then = f"nobody here knows what that {what} costs, or whether it is there: up may find out"
            yield Weaker("money", f"`{path}`", _listed(was), _listed(will), f"{then} ({', '.join(map(_code, more))})")
    was, will = old.guardrails.regions, new.guardrails.regions
    if was is not None and (will is None or any(each not in was for each in will)):
        then = "resources may be where prices and laws are others, and copying between regions bills"
        named = _listed(will) if will is not None else "every region that the file names"
        yield Weaker("money", "`guardrails.regions`", _listed(was), named, then)


def _evening(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    if (old.usage.evening, new.usage.evening) == ("down", "stop"):
        cost = f": {now.per_day_idle:.2f} USD a day instead of {24 * now.due.per_hour_down:.2f}" if now else ""
        yield Weaker("money", "`usage.evening`", "down", "stop", f"over night everything stays and bills{cost}")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or _NONE


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
