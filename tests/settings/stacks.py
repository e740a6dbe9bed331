"""Stack files for tests, read the way `coursecloud plan` reads them."""

import textwrap
from pathlib import Path

from coursecloud import stackfile
from infra.settings import Problem, Settings, SettingsError, load

ROOT = Path(__file__).parents[2]
PROJECT = "gcp:project: my-project-1\n"


def settings(config: str, folder: Path, stack: str = "x") -> Settings:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text("config:\n" + textwrap.indent(config, "  "), encoding="utf-8")
    return load(stackfile.read(stack, file), stack, folder)


def mistakes(config: str, folder: Path, stack: str = "x") -> tuple[Problem, ...]:
    try:
        settings(config, folder, stack)
    except SettingsError as error:
        return error.problems
    return ()
