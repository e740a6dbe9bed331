"""`coursecloud schema`: the JSON Schema of the stack file."""

from typing import Annotated

import typer

from coursecloud.cli.commands.shared import project_here, refuse


def command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the committed stack.schema.json anew.")] = False,
) -> None:
    """Run `coursecloud schema`."""
    from coursecloud.cli import schema
    from coursecloud.common import writing

    if not write:
        typer.echo(schema.text(), nl=False)
        return
    try:
        writing.write(project_here() / schema.FILE, schema.text())
    except writing.WriteError as error:
        refuse(str(error.strerror))
    typer.echo(f"wrote {schema.FILE}")
