"""Whether what a command printed is true, and tells its reader what they need; judged from the outside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.month.terminal import Ended

ADVICE = re.compile(r"pulumi stack rm|state unprotect|[Rr]emove .{0,3}`?protect|`pulumi state delete|--force\b")
"""What Pulumi advises at the end, and what would lose a file or data."""

UNTOUCHED = re.compile(r"nothing was (touched|deleted|changed)|before it touched anything", re.IGNORECASE)
BEGUN = re.compile(r"what it had begun stays")
MUTE = re.compile(
    r"^(not read|not noted|Created stack|Updating \(|Previewing |Destroying \(|Refreshing \(|Enter your pass|Traceback)"
)
"""First lines that tell nobody what happens."""

CLOSING = re.compile(r"^(Up|Down|Finish): (.*)$", re.MULTILINE)
"""The line that sums up what a command did."""

COUNTED = re.compile(r"(\d+) (created|deleted|updated|made anew|taken over|closed|made by hand|brought back)")


@dataclass(frozen=True)
class Said:
    """A command of the product: what it printed, and what it did meanwhile."""

    command: str
    ended: Ended
    writes: tuple[Mapping[str, Any], ...]
    """Requests of its that changed something in the cloud."""
    before: frozenset[str] = field(default_factory=frozenset[str])
    """URNs in the state before it, of what Google has."""
    after: frozenset[str] = field(default_factory=frozenset[str])
    """URNs in the state after it."""
    exact: bool = True
    """The state knew what Google has: nothing had gone by hand or half done."""

    @property
    def code(self) -> int:
        """Its exit code."""
        return self.ended.code


def lies(said: Said) -> Iterator[str]:
    """List what is not true, or is missing, in what was printed."""
    text, lines = said.ended.text, said.ended.lines
    if "Traceback (most recent call last)" in text:
        yield "a traceback for a user"
    if advice := ADVICE.search("\n".join(lines[-15:])):
        yield f"its last lines advise {advice[0]!r}"
    if not lines:
        yield "it said nothing"
    elif MUTE.match(lines[0]):
        yield f"its first line tells no consequence: {lines[0]!r}"
    if said.writes and not BEGUN.search(text):
        first = f"{said.writes[0]['id']} {str(said.writes[0]['path']).partition('?')[0]}"
        if said.code in (2, 3):
            yield f"exit code {said.code}, and yet {len(said.writes)} writes, the first {first}"
        elif said.code and UNTOUCHED.search(text):
            yield f"it says {UNTOUCHED.search(text)}, and yet {len(said.writes)} writes, the first {first}"
    yield from _counts(said)


def _counts(said: Said) -> Iterator[str]:
    closing = CLOSING.search(said.ended.text)
    if said.code or said.command not in ("up", "down", "finish"):
        return
    if not closing:
        yield "no line sums up what was done"
        return
    counted = {word: int(number) for number, word in COUNTED.findall(closing[2])}
    if not counted and said.writes:
        yield f"it sums up no change, and yet wrote {len(said.writes)} times, first {said.writes[0]['id']}"
    if said.exact and any(counted.values()) and not said.writes:
        yield f"it sums up {closing[2]!r}, and nothing was asked of Google"
    # Where something was replaced, or taken over and then changed, names stay the same or are counted twice.
    new, less = len(said.after - said.before), len(said.before - said.after)
    if not said.exact:
        return
    if set(counted) <= {"created", "updated"} and counted.get("created", new) != new:
        yield f"it sums up {counted['created']} created; the state has {new} more"
    if said.command != "up" and counted.get("deleted", 0) != less:
        yield f"it sums up {counted.get('deleted', 0)} deleted; the state has {less} fewer"
