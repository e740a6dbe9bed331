"""The program of whoever runs a course, for a roster: docs/course.md."""

import sys
from pathlib import Path

import pulumi

HERE = Path(__file__).resolve().parent
# The roster is read by the project's own code.
sys.path.insert(0, str(HERE.parent))

from course import runner  # noqa: E402
from infra.settings import SettingsError  # noqa: E402

try:
    asked = runner.read(pulumi.get_stack(), HERE)
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
for name, value in runner.declare(asked).items():
    pulumi.export(name, value)
