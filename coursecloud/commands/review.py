"""`coursecloud review`: what a change creates, updates, replaces and deletes, what it costs and what it breaks."""

import datetime
import json
from pathlib import Path
from typing import Annotated

import typer

from coursecloud import render
from coursecloud.commands.shared import BROKEN_RULE, program, project_here, refuse


def command(
    base: Annotated[
        str | None, typer.Option(help="Revision to compare with; where the branch left main unless given.")
    ] = None,
    head: Annotated[str | None, typer.Option(help="Revision to review; the working tree unless given.")] = None,
    *,
    base_file: Annotated[Path | None, typer.Option(help="Compare with a stack file.")] = None,
    head_file: Annotated[Path | None, typer.Option(help="Review a stack file.")] = None,
    base_plan: Annotated[Path | None, typer.Option(help="Compare with a saved plan (`plan --json`).")] = None,
    head_plan: Annotated[Path | None, typer.Option(help="Review a saved plan.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Compare with what is deployed: the file of `pulumi stack export`.")
    ] = None,
    stack: Annotated[
        list[str] | None, typer.Option("--stack", "-s", help="Only this stack; all of both sides unless given.")
    ] = None,
    project: Annotated[Path | None, typer.Option(help="The project's folder; this project's unless given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with the graph into this file.")] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(help="Exit 3 on replace, delete, data-loss, access, violation or cost>X (USD an hour more)."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that rendering a side may take.")] = 300,
) -> None:
    """Show what a change does, without credentials. Each side is rendered by its own code, which is run for it.

    Exit codes: 0 reviewed; 2 a mistake in what was given, or a side that does not load; 3 a gate of --fail-on closed.
    """
    from coursecloud.review import given as inputs
    from coursecloud.review import markdown, page, report, sides, terminal

    gates, mistakes = report.gates(fail_on or ())
    if as_json and as_markdown:
        mistakes.append("--json and --markdown\n    rule    one form is printed\n    remedy  leave one of them")
    if html is not None and (html.is_dir() or not html.absolute().parent.is_dir()):
        mistakes.append(
            f"--html {html}\n    rule    a file in a folder that is there\n    remedy  e.g. --html review.html"
        )
    files = (base_file, base_plan, state), (head_file, head_plan)
    root = project or (program() if all(any(side) for side in files) else project_here())
    given = inputs.Given(
        root.absolute(),
        base,
        head,
        base_file,
        head_file,
        base_plan,
        head_plan,
        state,
        tuple(dict.fromkeys(stack or ())),
        timeout,
    )
    try:
        checked = inputs.read(given, mistakes)
        made = sides.make(given, checked, today=datetime.datetime.now(tz=datetime.UTC).date())
    except inputs.InputError as error:
        refuse(str(error))
    if not made.stacks:
        wanted = f" called {', '.join(given.stacks)}" if given.stacks else ""
        refuse(
            f"neither side has a stack{wanted}\n    rule    a stack is a file Pulumi.NAME.yaml"
            "\n    remedy  see `ls Pulumi.*.yaml`"
        )
    closed = [text for gate in gates for text in gate.closed(made.stacks)]
    if html is not None:
        html.write_text(page.full(made), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(report.to_json(made, closed), indent=2))
    elif as_markdown:
        typer.echo(markdown.full(made, closed=closed), nl=False)
    else:
        console = render.console()
        console.print(terminal.full(made, wide=max(40, console.width - 50)))
    if made.broken:
        names = ", ".join(entry.name for entry in made.stacks if entry.mistakes)
        refuse(
            f"a side of {names} does not load; see above\n    rule    both sides of a stack load"
            "\n    remedy  mend it; `coursecloud plan --stack NAME` in that revision says the same"
        )
    if closed:
        render.console(error=True).print("\n".join(closed), soft_wrap=True)
        raise typer.Exit(BROKEN_RULE)
