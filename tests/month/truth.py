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
    r"^(Created stack|Updating \(|Previewing |Destroying \(|Refreshing \(|Enter your passphrase|Traceback)"
)
"""First lines that tell nobody what happens."""

CHANGED = re.compile(r"^ +(\+|-|~|\+-|\+\+|--|=|<)\s*(\d+) (created|deleted|updated|replaced|imported)\b", re.MULTILINE)
"""How Pulumi counts at the end of an update; a preview says `to create`."""


@dataclass(frozen=True)
class Said:
    """A command of the product: what it printed, and what it did meanwhile."""

    command: str
    ended: Ended
    writes: tuple[Mapping[str, Any], ...]
    """Requests of its that changed something in the cloud."""
    before: frozenset[str] = field(default_factory=frozenset[str])
    """URNs in the state before it."""
    after: frozenset[str] = field(default_factory=frozenset[str])

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
    counted: dict[str, int] = {}
    for _, number, word in CHANGED.findall(said.ended.text):
        counted[word] = counted.get(word, 0) + int(number)
    if said.code == 0 and not counted and said.writes and "Resources:" in said.ended.text:
        yield f"it counts no change, and yet {len(said.writes)} writes, the first {said.writes[0]['id']}"
    if counted.get("created") and not said.writes:
        yield f"it says {counted['created']} created, and nothing was asked of Google"
    # Where something was replaced, or taken over and then made, names stay the same or are counted twice.
    if said.code == 0 and set(counted) <= {"created", "updated"} and counted.get("created"):
        new = len([urn for urn in said.after - said.before if "pulumi:providers:" not in urn])
        if new != counted["created"]:
            yield f"it says {counted['created']} created; the state has {new} more"
    if said.code == 0 and set(counted) <= {"deleted", "updated"} and counted.get("deleted"):
        less = len([urn for urn in said.before - said.after if "pulumi:providers:" not in urn])
        if less != counted["deleted"]:
            yield f"it says {counted['deleted']} deleted; the state has {less} fewer"
