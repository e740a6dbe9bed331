"""What a status could not read and logs have not given, with its age: as facts, and as few lines for a screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from coursecloud.spend.ledger import Ledger
from coursecloud.spend.store import age

_DENIED = re.compile(
    r"Google answers 403: (?:Permission '(?P<one>[\w.]+)' denied on|Required '(?P<other>[\w.]+)' permission for)"
    r" [^;]*(?P<rest>;.*)?"
)
"""How Google's APIs say that a permission is missing (seen 2026-11): the newer ones, and Compute Engine."""


def of(ledger: Ledger, start: datetime, at: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Yield what the last look could not read, and of which times from `start` to `at` no log has been read."""
    for what, why in ledger.unread:
        yield f"not read: {what}: {why}"
    last = ledger.complete_until
    for begin, end in ledger.gaps(start, at):
        since = f"{begin.astimezone(zone):%Y-%m-%d %H:%M}"
        if last and begin >= last:
            if end - begin > timedelta(minutes=15):  # Google delivers a log within minutes
                yield (
                    f"no log has come since {since} ({age(begin, at)} ago): what was done since is on the account as"
                    " looks see it"
                )
        else:
            yield (
                f"no log was read of {since} to {end.astimezone(zone):%Y-%m-%d %H:%M}: what was there only then is on"
                " no account but Google's"
            )


def lines(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each with its word; kinds that were not read for the same reason share a line.

    >>> list(lines(["not read: a.googleapis.com/X: Google answers 403: Permission 'a.x.list' denied on resource 'y'.",
    ...             "not read: a.googleapis.com/Z: Google answers 403: Permission 'a.x.list' denied on resource 'z'."]))
    [('not read', 'a.googleapis.com/X, a.googleapis.com/Z: you lack permission a.x.list (403)')]
    """
    grouped = dict[str, list[str]]()
    others = list[str]()
    for text in texts:
        if not text.startswith("not read: "):
            others.append(text)
            continue
        what, _, why = text.removeprefix("not read: ").partition(": ")
        host = what.removeprefix("//").partition("/")[0]
        grouped.setdefault(_short(why).replace(f"{host} did", "it did"), []).append(what)
    for why, whats in grouped.items():
        yield "not read", f"{', '.join(dict.fromkeys(whats))}: {why}"
    yield from (("note", text) for text in others)


def _short(why: str) -> str:
    """Cut Google's words for a missing permission to the permission: what it is about is said before."""
    return _DENIED.sub(
        lambda found: f"you lack permission {found['one'] or found['other']} (403){found['rest'] or ''}", why
    )
