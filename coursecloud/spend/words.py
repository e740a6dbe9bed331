"""The first line of a status, and the sentences after it: the consequence first, as a student reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from coursecloud.spend import budget
from coursecloud.spend.status import Status, Thing

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
    return f"{_lasts(status)}; {_now(status, least)}."


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
    names = [f"`{each.entry.name}` {money(each.entry.per_hour)}/h since {moment(status, each.entry.since)}"
             for each in ordered[:2]]  # fmt: skip
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return f"{', '.join(names)}{more}"


def sentences(status: Status) -> Iterator[tuple[str, str]]:
    """Yield what the money says, each with a word for what it is about."""
    of = f" of {credit(status)}"
    if doing := _do_now(status):
        yield "do now", doing
    doubt = (
        f" (of it {money(status.doubt)} in doubt: no log has said yet what was done)" if status.doubt >= CENT else ""
    )
    spent = f"{own(status, status.spent)} since {_when(status, status.start)}"
    yield "spent", f"{own(status, status.today)} since this morning, {spent}{doubt}"
    how = "this is time x price, without free tiers, traffic, builds, requests and tax"
    yield "billed", f"{billed(status)}; {how}"
    if status.left is not None:
        left = f"{own(status, max(Decimal(0), status.left))}{of}"
        kept = f"{own(status, status.reserve)} of it is the reserve for copying the work away"
        yield "left", f"nothing{of}; {own(status, -status.left)} more is spent" if status.over else f"{left}; {kept}"
    if status.save_by and status.ends and not status.over:
        yield "save by", f"{_when(status, status.save_by)}: then only the reserve is left"
    if status.data_goes:
        yield "data", f"Google removes what is stored on {status.data_goes}, 30 days after the credit ends"
    if status.lease_ends is not None:
        days = status.lease_days or 0
        yield (
            "lease",
            f"{days} day{'' if days == 1 else 's'} left, to {status.lease_ends}"
            if days
            else f"over since {status.lease_ends}",
        )
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
    for text in (*status.unread, *status.notes):
        yield "not read" if text.startswith("not read") else "note", text.removeprefix("not read: ")


def billed(_status: Status) -> str:
    """Say what Google has billed, as far as it is known."""
    return (
        "not known: Google shows it to who has a role on the billing account, a day or more late, and to no project"
        " (docs/billing.md)"
    )


def _do_now(status: Status) -> str:
    """Say what is to be done first; empty where nothing runs and credit is left."""
    save = f"`coursecloud save --stack {status.stack} --to FOLDER` copies the work away" if status.over else ""
    priced = [each for each in status.running if each.entry.per_hour]
    if not priced:
        return save
    dearest = priced[0]
    saved = (dearest.entry.per_hour or Decimal(0)) - (dearest.entry.rate.stopped or Decimal(0))
    stop = f"unless it is needed, `{dearest.command}` ends {money(saved)}/h, the dearest that runs"
    return f"{save}; {stop}" if save else stop


GRAVE = frozenset({"do now", "alert", "ceiling", "by hand", "no price", "not read", "save by"})
"""What somebody has to look at."""
CENT = Decimal("0.005")


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
    return f"{word} since {moment(status, entry.since)}{ends}{f': {why}' if why and word == 'stopped' else ''}"


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
