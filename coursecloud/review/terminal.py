"""A review for a terminal: the verdict and the dangers first, then each stack."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from coursecloud.diff.changes import Change, Operation
from coursecloud.review import cost_lines, folding, formatting
from coursecloud.review.dangers import Level, one
from coursecloud.review.money import Cost
from coursecloud.review.report import EXAMPLES, Review
from coursecloud.review.stacks import Stack, Status

COLOURS = {
    Level.STOP: "bold white on red",
    Level.LOOK: "bold black on yellow",
    Level.FINE: "bold green",
    Level.NOTHING: "bold green",
}
SIGNS = {
    Operation.DELETE: ("-", "red"),
    Operation.REPLACE: ("-/+", "magenta"),
    Operation.UPDATE: ("~", "yellow"),
    Operation.CREATE: ("+", "green"),
    Operation.RENAME: (">", "cyan"),
}


def full(review: Review) -> RenderableType:
    """Lay out everything, and cut nothing: this is the form that others refer to."""
    level = review.level
    parts: list[RenderableType] = [
        Text.assemble((f" {formatting.VERDICTS[level]} ", COLOURS[level]), f"  {formatting.visible(review.sentence)}"),
        Text(formatting.advice(review.level, review.dangers, (*review.program, *review.outside))),
        Text(f"{formatting.visible(review.base)} -> {formatting.visible(review.head)}", "dim"),
    ]
    parts += [Text(formatting.visible(said), "bold yellow") for said in review.of_program]
    found = [(stack, danger) for stack in review.telling for danger in stack.happening]
    if found:
        parts += [Text(), Text("dangers", "bold red")]
        folded = folding.dangers((stack.name, danger) for stack, danger in found)
        parts.append(_bullets((f"{folding.stacks(names)}: {danger.text}" for names, danger in folded), "red"))
    costs = [(stack, each) for stack in review.telling for each in stack.consequences if not each.grave]
    if costs:
        parts += [Text(), _bullets(f"{stack.name}: {each.text}" for stack, each in costs)]
    for stack in review.telling:
        parts += _stack(stack, by_program=bool(review.program))
    if review.examples:
        parts += [Text(), Text(EXAMPLES, "dim")]
        parts.append(_bullets((f"{stack.name}: {stack.sentence}" for stack in review.examples), "dim"))
    if quiet := review.quiet:
        parts += [Text(), Text(f"unchanged: {formatting.visible(', '.join(quiet))}", "dim")]
    if review.notes:
        parts += [Text(), _bullets(review.notes, "dim")]
    return Group(*parts)


def _stack(stack: Stack, *, by_program: bool) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble(
        (f"stack {formatting.visible(stack.name)}", "bold cyan"), f"  {formatting.visible(stack.sentence)}"
    )
    for side, message in stack.mistakes:
        yield Padding(Text(f"{side} the change: {formatting.visible(message)}", "red"), (0, 0, 0, 2))
    if stack.nothing_done:
        yield Padding(Text("what it asks for, and none of it happens", "bold"), (0, 0, 0, 2))
    for group in folding.together(stack.changes):
        yield _change(group[0], by_program=by_program) if len(group) == 1 else _group(group)
    if stack.status is Status.BROKEN and not stack.changes:
        return
    if stack.unchanged:
        yield Padding(Text(f"{stack.unchanged} resources stay as they are", "dim"), (0, 0, 0, 2))
    if stack.unseen:
        names = formatting.visible(", ".join(f"{name} ({top})" for name, top in stack.unseen))
        yield Padding(
            Text(
                f"not compared, as only the real run knows them or a saved plan hides them: {names}",
                "dim",
            ),
            (0, 0, 0, 2),
        )
    for refusal in stack.refusals if stack.nothing_done else ():
        if refusal.fails:
            yield Padding(Text(formatting.visible(str(refusal)), "yellow"), (0, 0, 0, 2))
    if stack.cost and stack.cost.changes and not stack.nothing_done:
        yield _cost_lines(stack.cost)
        yield _cost(stack)
    if stack.findings:
        for heading, findings in formatting.rules(stack.findings):
            style = {"newly broken": "red", "mended": "green"}.get(heading, "yellow")
            yield Padding(Text(f"rules {heading}", f"bold {style}"), (0, 0, 0, 2))
            yield Padding(
                _bullets(f"{f.rule.id}, {names}: {f.message}" for f, names in folding.findings(findings)), (0, 0, 0, 2)
            )
        if stack.findings.still:
            names = ", ".join(dict.fromkeys(finding.rule.id for finding in stack.findings.still))
            yield Padding(Text(f"rules still broken, as before: {names}", "dim"), (0, 0, 0, 2))
    if settings := stack.settings_lines():
        yield Padding(Text("in the stack file", "bold"), (0, 0, 0, 2))
        yield Padding(_bullets(settings), (0, 0, 0, 2))
    if stack.notes:
        yield Padding(Text("notes", "bold"), (0, 0, 0, 2))
        yield Padding(_bullets(stack.notes, "dim"), (0, 0, 0, 2))


def _group(group: Sequence[Change]) -> RenderableType:
    sign, style = SIGNS[group[0].operation]
    lines = Table.grid(padding=(0, 1))
    lines.add_column(width=3, justify="right")
    lines.add_column(overflow="fold")
    lines.add_row(Text(sign, style), Text(formatting.visible(folding.many(group)), style))
    return Padding(lines, (0, 0, 0, 2))


def _change(change: Change, *, by_program: bool) -> RenderableType:
    sign, style = SIGNS[change.operation]
    lines = Table.grid(padding=(0, 1))
    lines.add_column(width=3, justify="right")
    lines.add_column(overflow="fold")
    summary = formatting.summary(change)
    loses = f"  loses all {change.loses}" if change.loses else ""
    renamed = f"  was {formatting.visible(change.renamed_from)}" if change.renamed_from else ""
    order = f"  ({formatting.order(change)})" if change.operation is Operation.REPLACE else ""
    lines.add_row(
        Text(sign, style),
        Text.assemble(
            (formatting.visible(one(change)), style),
            f"{': ' if summary else ''}{summary}",
            (loses, "bold red"),
            renamed,
            (order, "dim"),
        ),
    )
    for reason in formatting.reasons(change):
        lines.add_row("", Text(f"  because {formatting.visible(reason)}", "magenta"))
    if change.places:
        lines.add_row("", Text(f"  at {formatting.visible(', '.join(map(str, change.places)))}", "dim"))
    if by_program and change.inputs:
        lines.add_row("", Text(f"  with {formatting.brought(change)}", "dim"))
    for entry in (*formatting.scripts(change), *change.properties):
        diff = formatting.text_diff(entry)
        marks = formatting.marks(entry)
        if diff is None:
            lines.add_row("", Text(f"  {formatting.visible(entry.path)}: {formatting.from_to(entry)}{marks}"))
            continue
        lines.add_row("", Text(f"  {formatting.visible(entry.path)}:{marks}"))
        for line in diff:
            lines.add_row("", Text(f"    {line}", {"+": "green", "-": "red"}.get(line[:1], "dim")))
    return Padding(lines, (0, 0, 0, 2))


def _cost_lines(cost: Cost) -> RenderableType:
    heading, rows = cost_lines.table(cost)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(heading):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for what, *usd in rows:
        unknown = any("?" in text for text in usd)
        table.add_row(Text(formatting.visible(what), "yellow" if unknown else ""), *usd)
    return Padding(table if rows else "", (0, 0, 0, 2))


def _cost(stack: Stack) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("cost in USD", "before", "after", "change"):
        table.add_column(name, justify="left" if name == "cost in USD" else "right", overflow="fold")
    for row in formatting.cost_rows(stack.cost) if stack.cost else ():
        table.add_row(*row)
    return Padding(table, (0, 0, 0, 2))


def _bullets(texts: Iterable[str], style: str = "") -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")
    for text in texts:
        grid.add_row("  -", Text(formatting.visible(text), style))
    return grid
