"""`coursecloud review`: what a change creates, updates, replaces and deletes, what it costs and what it breaks."""

import datetime
import json
from pathlib import Path
from typing import Annotated

import typer

from coursecloud.cli import complete
from coursecloud.cli.commands.shared import BROKEN_RULE, program, project_here, refuse
from coursecloud.review.sandbox import Wanted


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
        list[str] | None,
        typer.Option(
            "--stack", "-s", help="Only this stack; all of both sides unless given.", autocompletion=complete.stacks
        ),
    ] = None,
    project: Annotated[Path | None, typer.Option(help="The project's folder; this project's unless given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md documents its fields).")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with the graph into this file.")] = None,
    json_file: Annotated[Path | None, typer.Option(help="Also write the JSON into this file.")] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 3 on refused, replace, delete, data-loss, access, protection, credit, program, violation or"
            " cost>X (USD/h more).",
            autocompletion=complete.gates,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that rendering a side may take.")] = 300,
    sandboxed: Annotated[
        Wanted, typer.Option("--sandbox", help="Refuse without a sandbox (require), or use none (off).")
    ] = Wanted.AUTO,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Take what a review in a sandbox rendered of the base today.")
    ] = True,
) -> None:
    """Run `coursecloud review`."""
    from coursecloud.review import workspace

    # Before anything else is imported: see there.
    workspace.choose_temporary_folder()
    from rich.text import Text

    from coursecloud.cli import render
    from coursecloud.common import console, progress, writing
    from coursecloud.review import closing, hiding, inputs, json_form, markdown, page, revisions, terminal

    gates, mistakes = closing.gates(fail_on or ())
    if as_json and as_markdown:
        mistakes.append("--json and --markdown\n    rule    one form is printed\n    remedy  leave one of them")
    for option, file in (("--html", html), ("--json-file", json_file)):
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            mistakes.append(
                f"{option} {file}\n    rule    a file in a folder that is there"
                f"\n    remedy  e.g. {option} review.{option[2:6]}"
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
        sandboxed,
        cache,
    )
    try:
        checked = inputs.read(given, mistakes)
        if why := revisions.unsandboxed(given, checked):
            # Before any of it runs: whoever sees this too late has run it.
            render.console(error=True).print(Text(why), soft_wrap=True)
        with progress.shown("Rendering both sides and comparing them"):
            made = revisions.make(given, checked, today=datetime.datetime.now(tz=datetime.UTC).date())
    except inputs.InputError as error:
        refuse(error)
    # Of a file, a plan or a state the option says how its stack is called.
    nowhere = () if checked.name else [name for name in given.stacks if name not in {each.name for each in made.stacks}]
    if nowhere or not made.stacks:
        wanted = f" called {', '.join(nowhere)}" if nowhere else ""
        refuse(
            f"neither side has a stack{wanted}\n    rule    a stack is a file Pulumi.NAME.yaml"
            "\n    remedy  see `ls Pulumi.*.yaml`"
        )
    made = hiding.review(made)
    closed = [text for gate in gates for text in gate.closed(made.own, made.program, made.outside, made.leaks)]
    data = json.dumps(json_form.to_json(made, closed), indent=2) if as_json or json_file else ""
    for option, file in (("--html", html), ("--json-file", json_file)):
        if file is None:
            continue
        try:
            writing.report(file, data if file is json_file else page.full(made))
        except writing.WriteError as error:
            refuse(f"{option} {error.strerror}")
    if as_json:
        typer.echo(data)
    elif as_markdown:
        typer.echo(markdown.full(made, closed=closed), nl=False)
    else:
        console.report(terminal.full(made))
    if made.broken:
        names = ", ".join(entry.name for entry in made.stacks if entry.mistakes)
        refuse(
            f"a side of {names} does not load; see above\n    rule    both sides of a stack load"
            "\n    remedy  mend it; `coursecloud plan --stack NAME` in that revision says the same",
            printed=as_json,
        )
    if closed:
        render.console(error=True).print("\n".join(closed), soft_wrap=True)
        raise typer.Exit(BROKEN_RULE)
