"""One command on one stack: who is told what, who is asked, and what was done so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursecloud.deploy import last_update
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.last_update import Here, Marker, Update
from coursecloud.deploy.openings import Opening
from coursecloud.deploy.preconditions import unlock
from coursecloud.deploy.process import InterruptError
from coursecloud.deploy.pulumi_cli import Pulumi, locked_by
from coursecloud.diff.engine_events import Told
from infra.settings import Settings

Ask = Callable[[str], bool]
"""Puts a question to the user; True is yes."""

Tell = Callable[[dict[str, Any]], None]
"""Gets how a command ended, as `coursecloud.deploy.ending` writes it down for a script."""


@dataclass
class Day:
    """One command on one stack."""

    command: str
    """`up`, `down` or `finish`."""
    root: Path
    stack: str
    settings: Settings
    pulumi: Pulumi
    cloud: Cloud
    yes: bool
    """Every question but those about what holds data is answered with yes."""
    ask: Ask | None
    """None where nobody can be asked."""
    tell: Tell | None = None
    """None where no script asks how it ended."""
    last: Marker | None = None
    """Who updated the stack last, by what the cloud has noted."""
    update: Update | None = None
    """What is noted of the update that this command has begun."""
    grown: set[str] = field(default_factory=set[str])
    """URNs of what is larger than the stack file says."""
    in_the_way: list[Opening] = field(default_factory=list[Opening])
    """What somebody made by hand and Google wants gone before it deletes the stack's own."""
    left_open: int = 0
    """So many things that were opened by hand stay open."""
    taken: set[str] = field(default_factory=set[str])
    """URNs of what this command has taken over."""
    touched: bool = False
    """Something may have been changed in the cloud."""
    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What its updates did: (a word of `events.DONE`, URN)."""

    @property
    def about(self) -> str:
        """Name it in a sentence."""
        return f"{self.command} of stack {self.stack}"

    @property
    def stopped(self) -> str:
        """Begin a refusal: what it is about, and whether anything was touched until now."""
        when = "after it put in order what was changed by hand" if self.touched else "before it touched anything"
        return f"{self.about} stopped {when}"

    @property
    def here(self) -> Here:
        """Where the command runs."""
        return last_update.here(self.stack, self.pulumi.backend(), self.root)

    def bucket(self) -> str:
        """Name the bucket that notes who updated the stack last."""
        return last_update.bucket_of(self.settings)

    def say(self, *lines: str) -> None:
        """Tell the user something."""
        for line in lines:
            self.pulumi.say(line)

    def agreed(self, question: str) -> bool:
        """Ask; `--yes` is yes, and where nobody can be asked it is no."""
        return self.yes or bool(self.ask and self.ask(question))

    def write(self, action: Callable[[], Told]) -> Told:
        """Do what writes the state; where a lock is in the way and its owner has died, lift it and do it again."""
        if not self.update:
            bucket, folder = self.bucket(), self.pulumi.backend_folder()
            noted = last_update.begin(self.cloud, bucket, folder, self.last, command=self.command, here=self.here)
            self.update, said = noted
            self.say(*([said] if said else []))
        try:
            told = action()
            if locks := locked_by(told):
                unlock(self.pulumi, locks, touched=self.touched)
                told = action()
        except InterruptError as error:
            self.done += error.told.done if isinstance(error.told, Told) else ()
            raise
        self.done += told.done
        return told
