"""One command on the small stack of `deployed`: what it says is kept, whom it asks is a test's own."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from coursecloud.deploy.pulumi_cli import Pulumi
from coursecloud.deploy.session import Ask, Day
from infra.settings import load
from tests.coursecloud.deployed import PROJECT, Deployed
from tests.project import ROOT


@dataclass
class Told:
    """A command, and what it has said."""

    day: Day
    said: io.StringIO

    @property
    def lines(self) -> list[str]:
        """Give what was said until now."""
        return self.said.getvalue().splitlines()


def begin(
    stack: Deployed, root: Path, command: str = "up", *, called: str = "dev", yes: bool = False, ask: Ask | None = None
) -> Told:
    """Begin it; no `pulumi` is there that it could run."""
    said = io.StringIO()
    settings = load({"gcp:project": PROJECT}, called, ROOT)
    day = Day(command, root, called, settings, Pulumi(root, called, {"PATH": ""}, said), stack.cloud, yes, ask)
    return Told(day, said)
