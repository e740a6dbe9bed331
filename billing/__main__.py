"""The program of the billing account's owner, for the stack of a group that has the same name: docs/billing.md."""

import sys
from pathlib import Path

import pulumi

ROOT = Path(__file__).resolve().parent.parent
# The group's stack file is read by the project's own code.
sys.path.insert(0, str(ROOT))

from billing import budget  # noqa: E402
from infra.settings import SettingsError  # noqa: E402

try:
    asked = budget.read(pulumi.get_stack(), ROOT)
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
for name, value in budget.declare(asked).items():
    pulumi.export(name, value)
