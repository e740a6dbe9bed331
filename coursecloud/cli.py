"""The command line. Exit codes: 0 done, 1 Pulumi or Google said no, 2 a mistake in the input, 3 a broken rule."""

import typer

from coursecloud.commands import check, cost, explain, export, init, life, plan, prices, rehearse, review, schema

app = typer.Typer(
    name="coursecloud",
    help="The cloud environment of an MLOps course: plan it without a cloud, bring it up, take it down.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def coursecloud() -> None:
    """Group the commands."""


app.command("plan")(plan.command)
app.command("cost")(cost.command)
app.add_typer(prices.app, name="prices")
app.command()(life.up)
app.command()(life.down)
app.command()(life.finish)
app.command("rehearse")(rehearse.command)
app.command("check")(check.command)
app.command("export")(export.command)
app.command("review")(review.command)
app.command("explain")(explain.command)
app.command("schema")(schema.command)
app.command("init")(init.command)
