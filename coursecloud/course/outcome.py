"""What came of one verb on one group, and whether the same again may help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from catalog import messages
from infra import secrecy

State = Literal["waiting", "working", "done", "failed", "refused"]
"""`failed`: Pulumi or Google said no. `refused`: it was not begun, for a mistake or for data that would be lost."""

CUT = (129, 130, 143)
"""Exit codes of what somebody interrupted: it goes on with the next run of the same command."""
REFUSED = (2, 3)
"""Exit codes of what touched nothing."""
BUSY = "is being worked on by"
"""How a command says that another one holds its stack."""
LIMITED = ("429", "RESOURCE_EXHAUSTED", "rateLimitExceeded", "Quota exceeded for quota metric", "RATE_LIMIT_EXCEEDED")
"""How Google says that one asks too often; of a quota of machines it speaks otherwise (catalog/messages.json)."""


@dataclass(frozen=True)
class Outcome:
    """What came of one try."""

    code: int
    """The exit code of the command: see docs/commands.md."""
    words: str = ""
    """Why it did not go through, in a few lines; what it did where it did."""
    again: bool = False
    """The same again may help."""
    limited: bool = False
    """Google was asked too often: all wait."""
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the command told a script (docs/json.md)."""

    @property
    def cut(self) -> bool:
        """Whether somebody ended it: it counts as no try."""
        return self.code in CUT

    @property
    def state(self) -> State:
        """What the group is from now on, if nothing is tried again."""
        return "done" if self.code == 0 else "refused" if self.code in REFUSED else "failed"


def of(code: int, told: Mapping[str, Any], said: str) -> Outcome:
    """Read what a command's exit code, its JSON and the end of its log say.

    What may be retried is what `catalog/messages.json` says of the message; a refusal stays one, but for a stack that
    somebody else works on, which waits for its turn.
    """
    code = code if code >= 0 else 128 - code  # as a shell says of what a signal ended
    if code == 0:
        return Outcome(0, str(told.get("headline") or ""), told=told)
    error = cast("Mapping[str, Any]", told.get("error") or {})
    words = "\n".join(_reasons(error)) or _last(said) or f"it ended with exit code {code} and said nothing"
    words = secrecy.hide(words)
    if code in CUT:
        return Outcome(code, "interrupted", told=told)
    if code in REFUSED:
        return Outcome(code, words, again=BUSY in words, told=told)
    limited = any(sign in words for sign in LIMITED) and "GPU" not in words
    found = messages.find(words)
    # A process that a signal ended (out of memory, a machine that goes down) has said nothing of its own.
    again = limited or code > 128 or bool(found and found.retry in ("yes", "later"))
    return Outcome(code, words, again=again, limited=limited, told=told)


def _reasons(error: Mapping[str, Any]) -> list[str]:
    if message := str(error.get("message") or ""):
        listed = cast("list[Mapping[str, Any]]", error.get("mistakes") or [])
        lines = [message]
        for each in listed[:3]:
            what, rule, remedy = (str(each.get(name) or "") for name in ("what", "rule", "remedy"))
            lines += [f"{what}: {rule}" if rule and rule != what and what != message else rule or what]
            lines += [f"remedy  {remedy}"] if remedy else []
        if len(listed) > 3:
            lines.append(f"and {len(listed) - 3} more, see its log")
        return [line for line in dict.fromkeys(lines) if line]
    return []


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "\n".join(lines[-3:])
