"""`coursecloud up`, `down` and `finish`: the day of a stack."""

from collections.abc import Callable
from typing import Annotated

import typer

from coursecloud.commands.shared import Stack, Yes, project_here, refuse
from infra.settings import SettingsError


def up(stack: Stack = "dev", *, yes: Yes = False) -> None:
    """Prepare Pulumi on a fresh clone and run `pulumi up`; mend interrupted updates, try fallback zones."""
    from coursecloud import lifecycle

    _run(lambda: lifecycle.up(project_here(), stack, yes=yes, ask=typer.confirm))


def down(stack: Stack = "dev", *, yes: Yes = False) -> None:
    """In the evening: destroy what is not kept. The next `up` makes it whole again."""
    from coursecloud import lifecycle

    _run(lambda: lifecycle.down(project_here(), stack, yes=yes))


def finish(
    stack: Stack = "dev",
    *,
    confirm: Annotated[str, typer.Option(help="The stack's name again, instead of being asked for it.")] = "",
) -> None:
    """At the end of the course: lift the protection and delete everything, data included."""
    from coursecloud import lifecycle

    root = project_here()
    typed = confirm or typer.prompt(f"This deletes ALL of '{stack}', data included. Type the stack's name")
    if typed != stack:
        refuse(f"'{typed}' is not '{stack}'; nothing was deleted.\n    remedy  type the name of the stack")
    _run(lambda: lifecycle.finish(root, stack))


def _run(action: Callable[[], int]) -> None:
    from coursecloud.lifecycle import RefusedError

    try:
        code = action()
    except (SettingsError, RefusedError) as error:
        refuse(str(error))
    raise typer.Exit(code)
