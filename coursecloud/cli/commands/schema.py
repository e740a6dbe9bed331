"""`coursecloud schema`: the JSON Schema of the stack file."""

from typing import Annotated

import typer

from coursecloud.cli.commands.shared import AsJson, project_here, refuse, say


def command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the committed stack.schema.json anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run `coursecloud schema`."""
    from coursecloud.cli import refusals, schema
    from coursecloud.common import writing

    del as_json  # what is printed is JSON in any case; `refusals` has seen it for the rest
    if not write:
        typer.echo(schema.text(), nl=False)
        return
    try:
        writing.write(project_here() / schema.FILE, schema.text())
    except writing.WriteError as error:
        refuse(str(error.strerror))
    say(f"wrote {schema.FILE}")
    refusals.document({"version": 1, "files": [schema.FILE]})
