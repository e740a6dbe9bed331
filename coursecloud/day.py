"""One command on one stack: who is told what, who is asked, and what was done so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from coursecloud.events import Told
from coursecloud.process import InterruptError
from coursecloud.pulumicli import Pulumi, locked_by
from coursecloud.ready import unlock
from infra.settings import Settings

Ask = Callable[[str], bool]
"""Puts a question to the user; True is yes."""


@dataclass
class Day:
    """One command on one stack."""

    command: str
    """`up`, `down` or `finish`."""
    root: Path
    stack: str
    settings: Settings
    pulumi: Pulumi
    yes: bool
    """Every question but those about what holds data is answered with yes."""
    ask: Ask | None
    """None where nobody can be asked."""
    touched: bool = False
    """Something may have been changed in the cloud."""
    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What its updates did: (a word of `events.DONE`, URN)."""

    @property
    def about(self) -> str:
        """Name it in a sentence."""
        return f"{self.command} of stack {self.stack}"

    def say(self, *lines: str) -> None:
        """Tell the user something."""
        for line in lines:
            self.pulumi.say(line)

    def agreed(self, question: str) -> bool:
        """Ask; `--yes` is yes, and where nobody can be asked it is no."""
        return self.yes or bool(self.ask and self.ask(question))

    def write(self, action: Callable[[], Told]) -> Told:
        """Do what writes the state; where a lock is in the way and its owner has died, lift it and do it again."""
        try:
            told = action()
            if locks := locked_by(told):
                unlock(self.pulumi, locks)
                told = action()
        except InterruptError as error:
            self.done += error.told.done if isinstance(error.told, Told) else ()
            raise
        self.done += told.done
        return told
