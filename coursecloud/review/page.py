"""A review as one HTML file that needs nothing else: the verdict, every change, and the graph of the resources."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from coursecloud.diff.changes import Change, Operation
from coursecloud.review import formatting
from coursecloud.review.dangers import Level, one
from coursecloud.review.graph import Graph, Node
from coursecloud.review.layout import HEIGHT, WIDTH, lay_out
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack

TEMPLATE = Path(__file__).with_name("page.html")
MARGIN = 20
CUT = 24
"""Characters of a name that have room in a node; all of it is in the node's tooltip."""


def full(review: Review) -> str:
    """Write the whole page. It loads nothing, and its policy forbids it to."""
    body = "\n".join(_body(review))
    title = f"{formatting.VERDICTS[review.level]}: {review.sentence}"
    # In this order: what the body says of itself is never taken for a place to fill.
    head, tail = TEMPLATE.read_text(encoding="utf-8").split("{{body}}")
    return head.replace("{{title}}", text(title[:200])) + body + tail


def text(value: str) -> str:
    """Put text that anyone may have written where HTML stands."""
    return html.escape(formatting.visible(value), quote=True)


def _body(review: Review) -> Iterator[str]:
    kind = {Level.STOP: "stop", Level.LOOK: "look"}.get(review.level, "fine")
    yield f"<h1>{text(formatting.VERDICTS[review.level])}: {text(review.sentence)}</h1>"
    yield f'<p class="dim">{text(review.base)} → {text(review.head)}</p>'
    yield f'<div class="verdict {kind}"><b>{text(formatting.advice(review.level, review.dangers, review.program))}</b>'
    yield from (f"<p><b>{text(said)}</b></p>" for said in formatting.program(review.program, review.runs))
    told = [f"{stack.name}: {danger.text}" for stack in review.telling for danger in stack.happening]
    told += [f"{stack.name}: {each.text}" for stack in review.telling for each in stack.consequences if not each.grave]
    told += [
        f"{stack.name}: breaks {finding.rule.id} on {finding.name}: {finding.message}"
        for stack in review.telling
        for finding in (stack.findings.violations if stack.findings else ())
    ]
    told += [f"{stack.name} does not load {side} the change" for stack in review.telling for side, _ in stack.mistakes]
    yield from _list(told)
    yield "</div>"
    for number, stack in enumerate(review.telling):
        yield from _stack(stack, number)
    quiet = [stack.name for stack in review.stacks if stack not in review.telling]
    if quiet:
        yield f'<h2>Unchanged</h2><p class="dim">{text(", ".join(quiet))}</p>'
    yield "<h2>How this was made</h2>"
    yield from _list(review.notes)


def _list(texts: list[str] | tuple[str, ...]) -> Iterator[str]:
    if texts:
        yield "<ul>" + "".join(f"<li>{_spans(entry)}</li>" for entry in texts) + "</ul>"


def _spans(value: str) -> str:
    """Write a sentence whose names stand between backticks; what they hold is escaped before."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text(value))


def _stack(stack: Stack, number: int) -> Iterator[str]:
    yield f"<section><h2>{text(stack.name)}</h2><p>{text(stack.sentence)}</p>"
    for side, message in stack.mistakes:
        yield f"<p>{side} the change:</p><pre>{text(message)}</pre>"
    yield from _list(stack.notes)
    yield from (
        f"<pre>{text(str(refusal))}</pre>" for refusal in stack.refusals if stack.nothing_done and refusal.fails
    )
    if stack.protection:
        heads = "".join(
            f"<th>{name}</th>" for name in ("protection that weakens", "was", "will be", "what can happen then")
        )
        yield f"<table><tr>{heads}</tr>"
        for each in stack.protection:
            cells = (_spans(each.what), text(each.was), text(each.will), _spans(each.then))
            yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    if stack.cost and stack.cost.changes and not stack.nothing_done:
        yield "<table><tr><th>cost in USD</th><th>before</th><th>after</th><th>change</th></tr>"
        for row in formatting.cost_rows(stack.cost):
            yield "<tr>" + "".join(f"<td>{_spans(cell)}</td>" for cell in row) + "</tr>"
        yield "</table>"
        yield from _list([f"no known price: {entry}" for entry in stack.cost.news_unknown])
    if stack.findings:
        yield from _list(
            [
                f"rule {heading}: {finding.rule.id} on {finding.name}: {finding.message}"
                for heading, findings in (
                    *formatting.rules(stack.findings),
                    ("still broken, as before", stack.findings.still),
                )
                for finding in findings
            ]
        )
    yield from _list([f"in the stack file: {entry}" for entry in stack.settings_lines()])
    if stack.changes and stack.graph.nodes:
        yield from _graphs(stack, number)
    if stack.nothing_done:
        yield "<p><b>What it asks for, and none of it happens:</b></p>"
    for place, change in enumerate(stack.changes):
        yield _change(change, f"c{number}-{place}")
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


def _graphs(stack: Stack, number: int) -> Iterator[str]:
    details = {change.key: f"c{number}-{place}" for place, change in enumerate(stack.changes)}
    near = stack.graph.near_changes()
    both = len(near.nodes) < len(stack.graph.nodes)
    legend = " ".join(
        f'<span class="{operation}">{formatting.DONE[operation]}</span>'
        for operation in formatting.DONE
        if operation is not Operation.SAME and any(node.operation is operation for node in stack.graph.nodes)
    )
    other = "show everything", "show what changes"
    toggle = f'<button data-act="all">{other[0]}</button>' if both else ""
    yield (
        f'<div><div class="bar">{legend}<button data-act="in" aria-label="zoom in">+</button>'
        f'<button data-act="out" aria-label="zoom out">&minus;</button><button data-act="fit">fit</button>{toggle}'
        '<span class="dim">an arrow leads to what a resource refers to; click one to see its change</span></div>'
    )
    yield _svg(near, details, other[0], hidden=False)
    if both:
        yield _svg(stack.graph, details, other[1], hidden=True)
    yield '<div class="told"></div></div>'


def _svg(graph: Graph, details: dict[str, str], other: str, *, hidden: bool) -> str:
    laid = lay_out(graph)
    width, height = laid.size
    ids = {node.key: str(number) for number, node in enumerate(graph.nodes)}
    lines = [_edge(ids[key], laid.places[key], ids[to], laid.places[to]) for key, to in graph.edges]
    lines += [_node(node, laid.places[node.key], ids[node.key], details.get(node.key, "")) for node in graph.nodes]
    box = f"{-MARGIN} {-MARGIN} {width + 2 * MARGIN} {height + 2 * MARGIN}"
    return (
        f'<div class="graph" data-other="{other}"{" hidden" if hidden else ""}>'
        f'<svg viewBox="{box}" preserveAspectRatio="xMidYMid meet" role="group" aria-label="resources">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="currentColor" opacity=".4"/></marker></defs>' + "".join(lines) + "</svg></div>"
    )


def _edge(start: str, leaves: tuple[int, int], end: str, arrives: tuple[int, int]) -> str:
    # What is referred to stands to the left, so an edge leaves on the left and arrives on the right.
    x1, y1, x2, y2 = leaves[0], leaves[1] + HEIGHT // 2, arrives[0] + WIDTH, arrives[1] + HEIGHT // 2
    bend = max(30, (x1 - x2) // 2)
    return (
        f'<path class="edge" data-from="{start}" data-to="{end}" marker-end="url(#arrow)"'
        f' d="M{x1} {y1}C{x1 - bend} {y1} {x2 + bend} {y2} {x2} {y2}"/>'
    )


def _node(node: Node, place: tuple[int, int], number: str, detail: str) -> str:
    x, y = place
    said = f"{node.kind} {node.name}" + (
        f", {formatting.DONE[node.operation]}" if node.operation is not Operation.SAME else ""
    )
    return (
        f'<g class="node {node.operation}" tabindex="0" role="button" data-node="{number}" data-detail="{detail}">'
        f"<title>{text(said)}</title>"
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text x="{x + 10}" y="{y + 17}">{text(_cut(node.name, CUT))}</text>'
        f'<text class="kind" x="{x + 10}" y="{y + 32}">{text(_cut(node.kind, CUT + 6))}</text></g>'
    )


def _cut(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
