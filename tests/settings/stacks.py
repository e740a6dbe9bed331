"""Stack files for tests, read the way `coursecloud plan` reads them."""

import functools
import textwrap
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from coursecloud.cli import schema
from coursecloud.common import stack_file
from infra.settings import Problem, Settings, SettingsError, load

PROJECT = "gcp:project: my-project-1\n"


def settings(config: str, folder: Path, stack: str = "x") -> Settings:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text("config:\n" + textwrap.indent(config, "  "), encoding="utf-8")
    content = stack_file.read(stack, file)
    read = load(content, stack, folder)
    # Whatever a test finds valid, an editor must not mark.
    assert marked(content) == []
    return read


def marked(config: dict[str, object]) -> list[str]:
    """What an editor marks in a stack file, by the schema."""
    content: Any = {"config": config}
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(content)]


@functools.cache
def _validator() -> Draft7Validator:
    return Draft7Validator(schema.committed())


def mistakes(config: str, folder: Path, stack: str = "x") -> tuple[Problem, ...]:
    try:
        settings(config, folder, stack)
    except SettingsError as error:
        return error.problems
    return ()
