"""`coursecloud schema`: the JSON Schema of the stack file."""

from typing import Annotated

import typer

from coursecloud.cli.commands.shared import project_here, refuse
from coursecloud.common import writing


def command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the committed stack.schema.json anew.")] = False,
) -> None:
    """Print the JSON Schema by which editors complete, explain and check a stack file."""
    from coursecloud.cli import schema

    if not write:
        typer.echo(schema.text(), nl=False)
        return
    try:
        writing.write(project_here() / schema.FILE, schema.text())
    except writing.WriteError as error:
        refuse(str(error.strerror))
    typer.echo(f"wrote {schema.FILE}")
