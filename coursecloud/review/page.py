"""A review as one HTML file that needs nothing else: the verdict, every change, and what hangs together."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from coursecloud.cost import cards, chart
from coursecloud.diff.changes import Change, Operation, Place
from coursecloud.review import cost_lines, drawing, folding, formatting
from coursecloud.review.dangers import Level, one
from coursecloud.review.drawing import text
from coursecloud.review.report import EXAMPLES, Review
from coursecloud.review.stacks import Stack

TEMPLATE = Path(__file__).with_name("page.html")


def full(review: Review) -> str:
    """Write the whole page. It loads nothing, and its policy forbids it to."""
    body = "\n".join(_body(review))
    title = f"{formatting.VERDICTS[review.level]}: {review.sentence}"
    # In this order: what the body says of itself is never taken for a place to fill.
    head, tail = TEMPLATE.read_text(encoding="utf-8").split("{{body}}")
    head = head.replace("{{credit}}", chart.STYLE + cards.STYLE).replace("{{title}}", text(title[:200]))
    return head + body + tail


def _body(review: Review) -> Iterator[str]:
    kind = {Level.STOP: "stop", Level.LOOK: "look"}.get(review.level, "fine")
    yield f"<h1>{text(formatting.VERDICTS[review.level])}: {text(review.sentence)}</h1>"
    yield f'<p class="dim">{text(review.base)} → {text(review.head)}</p>'
    yield f'<div class="verdict {kind}"><b>{text(formatting.advice(review.level, review.dangers, review.program))}</b>'
    yield from (f"<p><b>{text(said)}</b></p>" for said in formatting.program(review.program, review.runs))
    told = [f"{stack.name}: {danger.text}" for stack in review.telling for danger in stack.happening]
    told += [f"{stack.name}: {each.text}" for stack in review.telling for each in stack.consequences if not each.grave]
    told += [
        f"{stack.name}: breaks {finding.rule.id} on {names}: {finding.message}"
        for stack in review.telling
        for finding, names in folding.findings(stack.findings.violations if stack.findings else ())
    ]
    told += [f"{stack.name} does not load {side} the change" for stack in review.telling for side, _ in stack.mistakes]
    yield from _list(told)
    yield "</div>"
    for number, stack in enumerate(review.telling):
        yield from _stack(stack, number)
    if review.examples:
        yield f"<details><summary>{text(f'{len(review.examples)} {EXAMPLES}')}</summary>"
        yield from _list([f"{stack.name}: {stack.sentence}" for stack in review.examples])
        yield "</details>"
    if quiet := review.quiet:
        yield f'<h2>Unchanged</h2><p class="dim">{text(", ".join(quiet))}</p>'
    yield "<h2>How this was made</h2>"
    yield from _list(review.notes)


def _list(texts: list[str] | tuple[str, ...]) -> Iterator[str]:
    if texts:
        yield "<ul>" + "".join(f"<li>{_spans(entry)}</li>" for entry in texts) + "</ul>"


def _spans(value: str) -> str:
    """Write a sentence whose names stand between backticks; what they hold is escaped before."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text(value))


def _cost_lines(stack: Stack) -> Iterator[str]:
    heading, rows = cost_lines.table(stack.cost) if stack.cost else ((), [])
    if rows:
        yield cards.table(heading, ((row, "") for row in rows))


def _stack(stack: Stack, number: int) -> Iterator[str]:
    yield f"<section><h2>{text(stack.name)}</h2><p>{text(stack.sentence)}</p>"
    for side, message in stack.mistakes:
        yield f"<p>{side} the change:</p><pre>{text(message)}</pre>"
    yield from _list(stack.notes)
    yield from (
        f"<pre>{text(str(refusal))}</pre>" for refusal in stack.refusals if stack.nothing_done and refusal.fails
    )
    if stack.protection:
        heads = ("protection that weakens", "was", "will be", "what can happen then")
        rows = (((each.what, each.was, each.will, each.then), "") for each in stack.protection)
        yield cards.table(heads, rows, _spans, words=True)
    if stack.cost and stack.cost.changes and not stack.nothing_done:
        yield from _cost_lines(stack)
        rows = ((row, "") for row in formatting.cost_rows(stack.cost))
        yield cards.table(("cost in USD", "before", "after", "change"), rows, _spans)
        yield chart.figure(stack.cost.before, stack.cost.after, f"credit-{number}")
    if stack.findings:
        yield from _list(
            [
                f"rule {heading}: {finding.rule.id} on {names}: {finding.message}"
                for heading, findings in (
                    *formatting.rules(stack.findings),
                    ("still broken, as before", stack.findings.still),
                )
                for finding, names in folding.findings(findings)
            ]
        )
    yield from _list([f"in the stack file: {entry}" for entry in stack.settings_lines()])
    groups = {f"c{number}-{place}": group for place, group in enumerate(folding.together(stack.changes))}
    if stack.changes and stack.graph.nodes:
        details = {change.key: name for name, group in groups.items() for change in group}
        yield from drawing.graphs(stack.graph, details)
    if stack.nothing_done:
        yield "<p><b>What it asks for, and none of it happens:</b></p>"
    for name, group in groups.items():
        yield _change(group[0], name) if len(group) == 1 else _group(group, name)
    if stack.unseen:
        yield from _list(
            [
                f"not compared, as only the real run knows it or a saved plan hides it: {name} ({top})"
                for name, top in stack.unseen
            ]
        )
    if stack.unchanged:
        yield f'<p class="dim">{stack.unchanged} resources stay as they are.</p>'
    yield "</section>"


def _place(place: Place) -> str:
    name = text(str(place))
    return f'<a href="{text(place.url)}">{name}</a>' if place.url else name


def _group(group: Sequence[Change], name: str) -> str:
    operation = group[0].operation
    told = f'<span class="{operation}">{formatting.DONE[operation]}</span> {text(folding.many(group, len(group)))}'
    names = ", ".join(f"<code>{text(change.name)}</code>" for change in group)
    return f'<details id="{name}"><summary>{told}</summary><div>{names}</div></details>'


def _change(change: Change, name: str) -> str:
    summary = formatting.summary(change)
    said = f": {text(summary)}" if summary else ""
    renamed = f" (was {text(change.renamed_from)})" if change.renamed_from else ""
    loses = f' <span class="lost">loses all {text(change.loses)}</span>' if change.loses else ""
    order = f' <span class="dim">{formatting.order(change)}</span>' if change.operation is Operation.REPLACE else ""
    parts = [
        f'<details id="{name}"><summary><span class="{change.operation}">{formatting.DONE[change.operation]}</span>'
        f" <code>{text(one(change))}</code>{said}{renamed}{loses}{order}</summary>"
    ]
    parts += _list([f"because {reason}" for reason in formatting.reasons(change)])
    if change.places:
        parts.append(f'<div class="dim">at {", ".join(map(_place, change.places))}</div>')
    for entry in change.inputs or change.properties:
        diff = formatting.text_diff(entry, lines=400)
        marks = text(formatting.marks(entry))
        if diff is None:
            said = formatting.from_to(entry, 2000)
            parts.append(f"<div><code>{text(entry.path)}: {text(said)}</code>{marks}</div>")
        else:
            kinds = {"+": "add", "-": "gone"}
            lines = [f'<span class="{kinds.get(line[:1], "dim")}">{text(line)}</span>' for line in diff]
            block = "\n".join(lines)
            parts.append(f"<div><code>{text(entry.path)}</code>{marks}<pre>{block}</pre></div>")
    if len(parts) == 1:
        parts.append(f'<div class="dim">{text(change.resource.urn)}</div>')
    return "".join(parts) + "</details>"
