"""`coursecloud env STACK`: what plain pulumi has to be told to work on a stack as `coursecloud up` does."""

import os
from typing import Annotated

import typer

from coursecloud.cli import complete
from coursecloud.cli.commands.shared import AsJson, project_here, refuse


def command(
    stack: Annotated[str, typer.Argument(help="Name of the stack.", autocompletion=complete.stacks)] = "dev",
    *,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud env`."""
    from coursecloud.cli import refusals
    from coursecloud.common import stack_file
    from coursecloud.deploy import backends, preconditions
    from infra import files
    from infra.settings import SettingsError

    root = project_here()
    try:
        settings = preconditions.settings_of(root, stack)
    except SettingsError as error:
        refuse(error)
    named = settings.course.backend
    environment = dict(os.environ)
    if named:
        # The variable is what is being set; what else disagrees would go on to do so.
        environment.pop(backends.VARIABLE, None)
        if other := backends.disagreement(named, stack, root, environment):
            refuse(preconditions.RefusedError(*other))
    own_key = "secretsprovider" in files.text_of(stack_file.path_of(stack, root))
    lines = backends.exports(named, stack, root, environment, own_key=own_key)
    if as_json:
        pairs = [line.removeprefix("export ").split("=", 1) for line in lines]
        refusals.document({"version": 1, "stack": stack, "backend": named, "variables": [name for name, _ in pairs], "lines": lines})  # noqa: E501  # fmt: skip
        return
    typer.echo("\n".join(lines))
