"""Holds a ledger against the looks that were written into it: what was read, what was not, and in which order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from coursecloud.spend import ledger
from coursecloud.spend.account import Account
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.model import Look
from tests.spend import delivered
from tests.spend.simulator import World

HOUR = timedelta(hours=1)


def unsaid(settled: Account, look: Look) -> Iterator[str]:
    """List what the last look could not see and is not said to be lost from sight, or is said so and was seen."""
    refused = {what for what, _ in look.unread}
    for entry in settled.entries:
        shape = entry.life.shape
        boots = "/disks/" in entry.life.resource and entry.life.last_seen is None  # its machine tells of it
        service = entry.life.resource.removeprefix("//").partition("/")[0]
        # What nothing has said what it is may be of any kind, unless it was seen now: its machine tells of a boot disk.
        now = entry.life.last_seen == look.at
        hidden = shape.asset in refused if shape else not now and any(what.startswith(service) for what in refused)
        if not boots and entry.life.lost != (hidden and entry.state != "gone"):
            yield f"{entry.life.resource} is {'' if entry.life.lost else 'not '}said to be lost from sight"


def disordered(settled: Account) -> Iterator[str]:
    """List what would have been two things at once."""
    for entry in settled.entries:
        times = [time for use in entry.life.uses for time in (use.begin, use.end)]
        if times != sorted(times):
            yield f"{entry.life.resource} was one thing before it had been another: {entry.life.uses}"


def unread(kept: Ledger, written: list[Look]) -> Iterator[str]:
    """List the hours whose logs were read and are said not to be, or were not and no gap names them."""
    spans = [(each.since, each.complete_until) for each in written if each.since and each.complete_until]
    last = max(each.at for each in written)
    if any(one >= other for one, other in kept.read):
        yield f"logs were read of no time: {kept.read}"
    for begin, end in ((-30, 2), (-3, -1), (0, 0), (1, 0)):
        start, until = delivered.START + begin * HOUR, (last if end >= 0 else delivered.START) + end * HOUR
        gaps = kept.gaps(start, until)
        if any(not start <= one < other <= until for one, other in gaps):
            yield f"gaps are said that are none of {start} to {until}: {gaps}"
        edges = sorted({each for span in (*spans, *gaps, (start, until)) for each in span if start <= each <= until})
        for one, other in itertools.pairwise(edges):
            read = any(since <= one and other <= complete for since, complete in spans)
            if read == any(since <= one and other <= complete for since, complete in gaps):
                yield f"logs from {one} to {other} were {'read' if read else 'not read'}, and it is said otherwise"


def unheard(world: World, kept: Ledger, look: Look) -> Iterator[str]:
    """List what logs of the last six hours told by the time of a look that read them, and the ledger does not have."""
    if look.complete_until is None:
        return
    for entry in world.delivered():
        said = f"{entry.log}/{entry.ident}"
        if entry.at >= max(0, world.now - 6 * 3600) and said not in kept.changes:
            yield f"{entry.act} of {entry.path} at {entry.at} was in the logs, and was not read"


def poorer(kept: Ledger, last: Look) -> Iterator[str]:
    """List what of a look at another project, or of a poorer reading of the logs, a ledger takes."""
    try:
        ledger.fold(kept, replace(last, project="987654321098"))
        yield "a look at another project is taken for one at this"
    except ValueError:
        pass
    for less in ({"shape": None}, {"incarnation": ""}, {"by": "system"}):
        poor = replace(last, changes=tuple(replace(each, **less) for each in last.changes))
        empty = Ledger(delivered.PROJECT)
        if ledger.fold(kept, poor) != kept or ledger.fold(ledger.fold(empty, poor), last) != ledger.fold(empty, last):
            yield f"a reading of a log entry with {less} takes the place of one that says more"
