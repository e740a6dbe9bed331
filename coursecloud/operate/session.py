"""One command on what runs: as whom and where, who is asked, and what was found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from coursecloud.common import stack_file
from coursecloud.common.console import visible
from coursecloud.cost import prices
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.preconditions import RefusedError, settings_of
from coursecloud.look import look
from coursecloud.spend.model import Look
from coursecloud.spend.rates import Rates
from coursecloud.spend.status import start_of
from infra.settings import EXAMPLE_PROJECT, Settings

Json = dict[str, Any]
VERSION = 1
"""Version of the JSON forms of these commands."""


LONGEST = timedelta(days=8)
"""From how far back the logs name regions at least: a job of Vertex AI lasts a week where it says nothing else."""


@dataclass
class Operation:
    """One command on one stack."""

    command: str
    root: Path
    stack: str
    settings: Settings
    config: Mapping[str, object]
    cloud: Cloud
    yes: bool
    ask: Callable[[str], bool]
    say: Callable[[str], None]
    told: Json = field(default_factory=dict[str, Any])
    """What a script is told at the end."""

    @cached_property
    def rates(self) -> Rates:
        """What things cost by the hour: the dated tables' prices, and the stack file's own."""
        return Rates(self.settings, prices.load())

    def look(self) -> Look:
        """See what runs, in the stack file's regions and in those that the logs name since the lease began."""
        training = self.settings.training
        regions = {self.settings.region, training.region or self.settings.region}
        now = self.cloud.now()
        start = min(start_of(self.settings, None, now), now - LONGEST)
        return look(self.settings.project, self.cloud, None, stack=self.stack, regions=regions, elsewhere=start)

    def agreed(self, question: str, remedy: str) -> None:
        """Ask; where nobody says yes, nothing is done. Raises RefusedError."""
        if self.yes or self.ask(question):
            return
        rule = "it is done only where somebody says yes; nothing was changed"
        raise RefusedError(f"{self.command} of stack {self.stack} was not confirmed", rule, remedy)

    def first(self, text: str, *more: str) -> None:
        """Say what follows for the reader, and the rest below it."""
        self.told.setdefault("headline", text)
        for line in (text, *more):
            self.say(line)


def begin(
    command: str,
    root: Path,
    stack: str,
    *,
    yes: bool,
    ask: Callable[[str], bool],
    say: Callable[[str], None],
    told: Json,
    environment: Mapping[str, str] | None = None,
) -> Operation:
    """Read the stack file; `environment` is the process's own unless given. Raises SettingsError or RefusedError."""
    settings = settings_of(root, stack)
    path = stack_file.path_of(stack, root)
    if settings.project == EXAMPLE_PROJECT:
        raise RefusedError(
            f"gcp:project is {EXAMPLE_PROJECT}",
            "this id is an example; nothing runs in it",
            f"write your project's id into {path} (`gcloud projects list` shows it)",
        )
    config = stack_file.read(stack, path)
    cloud = Cloud(dict(os.environ if environment is None else environment), config)
    told |= {"version": VERSION, "command": command, "stack": stack, "project": settings.project}
    return Operation(command, root, stack, settings, config, cloud, yes, ask, say, told)


def lines(words: str, items: list[str]) -> list[str]:
    """Write a heading and what stands below it; nothing where nothing does."""
    return [words, *(f"    {visible(item)}" for item in items)] if items else []
