"""The first line of a status, and the sentences after it: the consequence first, as a student reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from coursecloud.spend import budget, commands, store, unread
from coursecloud.spend.account import Entry
from coursecloud.spend.outlook import Without
from coursecloud.spend.status import Status
from coursecloud.spend.thing import Thing

REASONS = {
    "compute.instances.preempted": "Google took it back (Spot)",
    "compute.instances.guestTerminate": "it was shut down from inside",
    "compute.instances.hostError": "its host failed",
    "compute.instances.automaticRestart": "Google restarted it",
    "compute.instances.terminateOnHostMaintenance": "its host was maintained",
    "compute.instances.scheduledTerminate": "its max run was over",
}
"""What System Event logs call what Google did, in words."""


def headline(status: Status) -> str:
    """Say what follows from it all, in a sentence or two."""
    least = "at least " if status.at_least else ""
    if status.over:
        return (
            f"The credit of {credit(status)} is spent, since {_when(status, status.ends)}: Google stops machines, and"
            f" removes the data on {status.data_goes}; {least}{money(status.per_hour)}/h go on: {_dearest(status)}."
        )
    if status.blind and not status.running:
        failed = f"{status.blind} question{'' if status.blind == 1 else 's'} to Google"
        known = f"{money(status.spent)} are known to be spent so far"
        return f"What runs is not known, as {failed} failed (below): ask again; {known}."
    return f"{_lasts(status)}; {_now(status, least)}{_without(status)}."


def _lasts(status: Status) -> str:
    if status.left is None:
        return f"Nobody can say how long the credit of {credit(status)} lasts: no rate for {status.currency} is known"
    if status.ends is None:
        return f"The credit of {credit(status)} lasts: nothing that has a known price bills"
    day = status.ends.astimezone(status.zone).date()
    latest = " at the latest" if status.at_least else ""
    if status.lease_ends and day > status.lease_ends:
        lease = f"after the lease ({status.lease_ends})"
        return f"The credit of {credit(status)} lasts: as it goes now it ends on {day}, {lease}"
    before = ""
    if status.lease_ends:
        days = (status.lease_ends - day).days
        before = f", {days} day{'' if days == 1 else 's'} before the lease does" if days else ", the lease's last day"
    hour = f" at {status.ends.astimezone(status.zone):%H:%M}" if (status.ends - status.at).days < 3 else ""
    return f"The credit of {credit(status)} ends on {day}{hour}{latest}{before}, if nothing is stopped"


def _without(status: Status) -> str:
    """Say how long the credit lasts without the dearest that runs, where that is what ends it before the lease."""
    then, day = status.without, status.ends and status.ends.astimezone(status.zone).date()
    if then is None or day is None or status.lease_ends is None or day > status.lease_ends:
        return ""
    return f"; without `{then.thing.entry.name}` it lasts {_until(status, then)}"


def _until(status: Status, then: Without) -> str:
    """Say until when the credit lasts once something is stopped."""
    if then.ends is None:
        return "for good, as far as prices are known"
    if status.lease_ends and then.ends.astimezone(status.zone).date() > status.lease_ends:
        return f"beyond the lease, to {_when(status, then.ends)}"
    return f"to {moment(status, then.ends)}"


def _now(status: Status, least: str) -> str:
    if not status.running:
        kept = f"what is kept costs {least}{money(status.per_hour)}/h" if status.things else "nothing else bills"
        return f"nothing runs, and {kept}"
    return f"it costs {least}{money(status.per_hour)}/h now: {_dearest(status)}"


def _dearest(status: Status) -> str:
    found = status.running or status.things
    if not found:
        return "nothing that this tool can see"
    # What has a price first here: the others have a line of their own.
    ordered = sorted(found, key=lambda each: each.entry.per_hour is None)
    shown = 3 if len(ordered) == 3 else 2  # one more is named, not counted
    names = [f"`{each.entry.name}` {money(each.entry.per_hour)}/h since {moment(status, each.entry.since)}"
             f"{' (not seen now)' if each.entry.life.lost else ''}" for each in ordered[:shown]]  # fmt: skip
    more = f" and {len(found) - shown} more" if len(found) > shown else ""
    return f"{', '.join(names)}{more}"


def sentences(status: Status) -> Iterator[tuple[str, str]]:
    """Yield what the money says, each with a word for what it is about."""
    of = f" of {credit(status)}"
    if doing := _do_now(status):
        yield "do now", doing
    doubt = (
        f"; of it {money(status.doubt)} in doubt, as no log or look has said what was done"
        if status.doubt >= CENT
        else ""
    )
    spent = f"{own(status, status.spent)} since {_when(status, status.start)}"
    yield "spent", f"{own(status, status.today)} today, since midnight; {spent}{doubt}"
    how = "what is spent is time x price, without free tiers, traffic, builds, requests and tax"
    yield "billed", f"{billed(status)}; {how}"
    if status.left is not None:
        left = f"{own(status, max(Decimal(0), status.left))}{of}"
        kept = f"{own(status, status.reserve)} of it is the reserve for copying the work away"
        yield "left", f"nothing{of}; {own(status, -status.left)} more is spent" if status.over else f"{left}; {kept}"
    if status.save_by and status.ends and not status.over:
        yield "save by", f"{moment(status, status.save_by)}, when only the reserve is left: {_save(status)}"
    if status.data_goes:
        yield "data", f"Google removes what is stored on {status.data_goes}, 30 days after the credit ends"
    if status.lease_ends is not None:
        days = status.lease_days or 0
        left = f"{days} day{'' if days == 1 else 's'} left, today included; the last is {status.lease_ends}"
        yield "lease", left if days else f"over; the last day was {status.lease_ends}"
    if status.passed is not None:
        yield "alert", f"{status.passed:.0%} of the credit is spent (`lease.alerts`)"
    if status.ceiling is not None and status.per_hour > status.ceiling:
        yield "ceiling", f"{money(status.per_hour)}/h is more than the {money(status.ceiling)}/h of `lease.maxPerHour`"
    if status.budgets is not None:
        yield "budget", budget.standing(status.budgets, status.stack)
    if status.by_hand:
        names = ", ".join(f"`{each.entry.name}` ({each.entry.kind})" for each in status.by_hand if not each.boots)
        yield (
            "by hand",
            f"{names}: no `coursecloud down` ends {'it' if names.count('`') == 2 else 'them'}, the commands below do",
        )
    for text in status.unknown:
        yield "no price", text
    yield from unread.lines((*status.unread, *status.notes))


def billed(status: Status) -> str:
    """Say what Google has billed and how old that is, beside what is counted here for the same time."""
    bill = status.billed.bill
    if bill is None:
        return f"not known: {status.billed.reason}"
    said = f"{bill.amount:.2f} {bill.currency} since {moment(status, bill.since)}, as of {moment(status, bill.at)}"
    counted = status.counted
    here = "" if counted is None else f"; here {own(status, counted)} are counted for that time, and bills come late"
    return f"{said} ({store.age(bill.at, status.at)} old){here}"


def _do_now(status: Status) -> str:
    """Say what is to be done first; empty where nothing runs and credit is left."""
    save, then = _save(status) if status.over else "", status.without
    if then is None:
        return save
    command = f"`{then.thing.command}`{', which takes the whole stack,' if then.thing.whole else ''}"
    stop = f"unless it is needed, {command} ends {money(then.saved)}/h, the dearest that runs"
    least = "at least " if status.at_least else ""
    stop += f"; {least}{money(then.per_hour)}/h go on"
    if not status.over and status.left is not None:
        stop += f", and the credit lasts {_until(status, then)}"
    return f"{save}; {stop}" if save else stop


def _save(status: Status) -> str:
    return f"`coursecloud save --stack {status.stack} --to ~/saved-{status.stack}` copies the work away"


GRAVE = frozenset({"do now", "alert", "ceiling", "by hand", "no price", "not read", "save by"})
"""What somebody has to look at."""
CENT = Decimal("0.005")
GONE = 4
"""Lines for what is gone; one more, rather than `1 more`."""


def state(status: Status, thing: Thing) -> str:
    """Say what a thing does and since when."""
    entry = thing.entry
    word = (
        "runs"
        if entry.state == "runs" and thing in status.running
        else "is there"
        if entry.state == "runs"
        else "stopped"
    )
    why = REASONS.get(entry.reason, entry.reason)
    ends = f", until {moment(status, thing.ends)}" if thing.ends and thing.ends > status.at else ""
    lost = f"; {sight(status, entry)}" if entry.life.lost else ""
    return f"{word} since {moment(status, entry.since)}{ends}{f': {why}' if why and word == 'stopped' else ''}{lost}"


def sight(status: Status, entry: Entry) -> str:
    """Say of what the last look could not see when it was seen last."""
    if entry.life.last_seen is None:
        return "no look has seen it, logs tell of it"
    return f"not seen now, last at {moment(status, entry.life.last_seen)}: it may have ended"


def was(status: Status, entry: Entry) -> str:
    """Say of what is gone from when to when it was there."""
    begin, end = (at.astimezone(status.zone) for at in (entry.life.uses[0].begin, entry.life.now.begin))
    day = "" if begin.date() == end.date() else f"{end:%Y-%m-%d} "
    return f"gone: {entry.kind}, {begin:%Y-%m-%d %H:%M} to {day}{end:%H:%M}"


def gone(status: Status) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Divide what is gone into what has a line of its own, the dearest, and the rest, which is never one alone."""
    shown = len(status.gone) if len(status.gone) <= GONE + 1 else GONE
    return status.gone[:shown], status.gone[shown:]


def looked(status: Status) -> str:
    """Say where and when was looked, in which time zone, and how old what the logs gave is."""
    logs = "no log was read" if status.logs_until is None else (
        f"logs up to {moment(status, status.logs_until)} ({store.age(status.logs_until, status.at)} ago)"
    )  # fmt: skip
    return f"stack {status.stack}, project {status.project}, {moment(status, status.at)} {status.zone.key}; {logs}"


def follows(each: Thing) -> str:
    """Say what follows from a thing's command."""
    if each.command.startswith("coursecloud start "):
        return "stopped; this starts it again, and it bills again"
    return f"{'not alone; this takes ' if each.whole else 'loses '}{each.loses}"


def whose(each: Thing) -> str:
    """Name the account that made or last started a thing, where a log does."""
    verb = "started" if commands.computes(each.entry) else "made"
    return f", {verb} by {each.entry.life.by}" if each.entry.life.by else ""


def moment(status: Status, at: datetime | None) -> str:
    """Write a time in the lease's time zone."""
    return "?" if at is None else f"{at.astimezone(status.zone):%Y-%m-%d %H:%M}"


def _when(status: Status, at: datetime | None) -> str:
    return "?" if at is None else f"{at.astimezone(status.zone):%Y-%m-%d}"


def money(usd: Decimal | None) -> str:
    """Write dollars: cents from a dollar on, more digits below.

    >>> money(Decimal("0.0132")), money(Decimal(12)), money(Decimal("0.00001")), money(None)
    ('$0.013', '$12.00', '$0.00', '?')
    """
    if usd is None:
        return "?"
    return f"${usd:.3f}" if Decimal("0.0005") <= usd < 1 else f"${usd:.2f}"


def own(status: Status, usd: Decimal) -> str:
    """Write dollars, and in the credit's currency too where that is another."""
    if status.currency == "USD" or status.rate is None:
        return money(usd)
    return f"{money(usd)} ({status.in_currency(usd):.2f} {status.currency})"


def credit(status: Status) -> str:
    """Write the credit as the stack file has it."""
    return f"{status.credit.normalize():f} {status.currency}"
