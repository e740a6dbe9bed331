"""A review as one HTML file that needs nothing else: the verdict, every change, and what hangs together."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coursecloud.common import html
from coursecloud.cost import chart
from coursecloud.cost.page import FOLDER as TABLES
from coursecloud.diff.changes import Change, Operation, PropertyChange
from coursecloud.review import cost_lines, drawing, folding, formatting
from coursecloud.review.dangers import Level, one
from coursecloud.review.report import EXAMPLES, Review
from coursecloud.review.stacks import Stack

TEMPLATE = Path(__file__).with_name("page.html")


def full(review: Review) -> str:
    """Write the whole page. It loads nothing, and its policy forbids it to."""
    verdict = formatting.VERDICTS[review.level]
    return html.render(
        [TEMPLATE.parent, TABLES],
        TEMPLATE.name,
        title=f"{verdict}: {review.sentence}"[:200],
        verdict=verdict,
        sentence=review.sentence,
        base=review.base,
        head=review.head,
        kind={Level.STOP: "stop", Level.LOOK: "look"}.get(review.level, "fine"),
        advice=formatting.advice(review.level, review.dangers, (*review.program, *review.outside)),
        program=review.of_program,
        told=list(_told(review)),
        stacks=[_stack(stack, number) for number, stack in enumerate(review.telling)],
        examples=[f"{stack.name}: {stack.sentence}" for stack in review.examples],
        examples_told=f"{len(review.examples)} {EXAMPLES}",
        quiet=review.quiet,
        notes=review.notes,
        chart_style=chart.STYLE,
    )


def _told(review: Review) -> Iterator[str]:
    found = ((stack.name, danger) for stack in review.telling for danger in stack.happening)
    yield from (f"{folding.stacks(names)}: {danger.text}" for names, danger in folding.dangers(found))
    for stack in review.telling:
        yield from (f"{stack.name}: {each.text}" for each in stack.consequences if not each.grave)
    for stack in review.telling:
        violations = stack.findings.violations if stack.findings else ()
        for finding, names in folding.findings(violations):
            yield f"{stack.name}: breaks {finding.rule.id} on {names}: {finding.message}"
    yield from (
        f"{stack.name} does not load {side} the change" for stack in review.telling for side, _ in stack.mistakes
    )


def _stack(stack: Stack, number: int) -> dict[str, Any]:
    """What the template says of a stack, under the names that it has there."""
    cost = stack.cost if stack.cost and stack.cost.changes and not stack.nothing_done else None
    headings, lines = cost_lines.table(cost) if cost else ((), [])
    groups = {f"c{number}-{place}": group for place, group in enumerate(folding.together(stack.changes))}
    details = {change.key: name for name, group in groups.items() for change in group}
    return {
        "name": stack.name,
        "sentence": stack.sentence,
        "mistakes": stack.mistakes,
        "notes": stack.notes,
        "refusals": [str(each) for each in stack.refusals if stack.nothing_done and each.fails],
        "protection": [((each.what, each.was, each.will, each.then), "") for each in stack.protection],
        "cost": [(row, "") for row in formatting.cost_rows(cost)] if cost else [],
        "cost_headings": headings,
        "cost_lines": [(row, "") for row in lines],
        "figure": chart.figure(cost.before, cost.after, f"credit-{number}") if cost else "",
        "rules": list(_rules(stack)),
        "settings": [f"in the stack file: {entry}" for entry in stack.settings_lines()],
        "graphs": drawing.graphs(stack.graph, details) if stack.changes and stack.graph.nodes else "",
        "nothing_done": stack.nothing_done,
        "groups": [_group(group, name) for name, group in groups.items()],
        "unseen": [
            f"not compared, as only the real run knows it or a saved plan hides it: {name} ({top})"
            for name, top in stack.unseen
        ],
        "unchanged": stack.unchanged,
    }


def _rules(stack: Stack) -> Iterator[str]:
    if stack.findings:
        still = ("still broken, as before", stack.findings.still)
        for heading, findings in (*formatting.rules(stack.findings), still):
            for finding, names in folding.findings(findings):
                yield f"rule {heading}: {finding.rule.id} on {names}: {finding.message}"


def _group(group: Sequence[Change], name: str) -> dict[str, Any]:
    if len(group) == 1:
        return {"id": name, "one": _change(group[0])}
    return {
        "id": name,
        "one": None,
        "operation": str(group[0].operation),
        "done": formatting.DONE[group[0].operation],
        "said": folding.many(group),
        "names": [change.name for change in group],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "operation": str(change.operation),
        "done": formatting.DONE[change.operation],
        "called": one(change),
        "summary": formatting.summary(change),
        "was": change.renamed_from,
        "loses": change.loses,
        "order": formatting.order(change) if change.operation is Operation.REPLACE else None,
        "reasons": [f"because {reason}" for reason in formatting.reasons(change)],
        "places": change.places,
        "inputs": [_input(entry) for entry in change.inputs or change.properties],
        "urn": change.resource.urn,
    }


def _input(entry: PropertyChange) -> dict[str, Any]:
    diff = formatting.text_diff(entry)
    kinds = {"+": "add", "-": "gone"}
    return {
        "path": entry.path,
        "said": formatting.from_to(entry) if diff is None else None,
        "marks": formatting.marks(entry),
        "lines": None if diff is None else [(kinds.get(line[:1], "dim"), line) for line in diff],
    }
