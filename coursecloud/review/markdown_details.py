"""One stack in a comment, folded: what it costs, which rules it breaks, and each change as far as there is room."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from coursecloud.diff.changes import Change, Operation, Place
from coursecloud.review import cost_lines, folding, formatting, mermaid
from coursecloud.review.dangers import Level, one
from coursecloud.review.escape import ALL, amounts, as_html, code, fence, note, size, unlinked
from coursecloud.review.stacks import Stack, Status

_FINDINGS = 40
"""Findings that are listed under each heading."""


def details(stack: Stack, left: int, *, by_program: bool = False) -> tuple[str, int]:
    """Write what there is to know of one stack in at most `left` bytes, and say how many changes found no room."""
    opened = " open" if stack.level >= Level.LOOK and len(stack.changes) <= 12 else ""
    parts = [f"\n<details{opened}><summary><code>{as_html(stack.name)}</code>: {_counts(stack)}</summary>\n\n"]
    end = "\n</details>\n"
    for side, message in stack.mistakes:
        parts.append(f"{side} the change:\n\n{fence(message, 4000)}\n")
    if stack.nothing_done:
        parts += [f"{fence(str(refusal), 3000)}\n" for refusal in stack.refusals if refusal.fails]
    elif stack.cost and stack.cost.changes:
        parts.append(_cost(stack))
    parts += _protection(stack)
    if stack.findings:
        parts += _findings(stack)
    settings = stack.settings_lines()
    cut = 2000 if sum(map(size, settings)) < left // 2 else 300
    parts += [f"- in the stack file: {code(entry, cut)}\n" for entry in settings]
    parts += [f"- {note(each)}\n" for each in stack.notes]
    if stack.unseen:
        names = ", ".join(f"{name} ({top})" for name, top in stack.unseen)
        parts.append(
            f"- not compared, as only the real run knows them or a saved plan hides them: {code(names, 600)}\n"
        )
    room = left - sum(map(size, parts)) - size(end)
    if room < 0:
        return "", len(stack.changes)
    graph = mermaid.draw(stack.graph.near_changes().folded())
    changes, left_out = _changes(stack, room - size(graph), by_program=by_program)
    return "".join((*parts, *changes, graph, end)), left_out


def _changes(stack: Stack, room: int, *, by_program: bool) -> tuple[list[str], int]:
    parts: list[str] = []
    written = 0
    for operation, group in groupby(stack.changes, key=lambda change: change.operation):
        heading = f"\n**{formatting.DONE[operation].capitalize()}**\n\n"
        for alike in folding.together(list(group)):
            for text in _texts(alike, by_program=by_program):
                text = heading + text
                if size(text) <= room:
                    parts.append(text)
                    room -= size(text)
                    written += len(alike)
                    heading = ""
                    break
    return parts, len(stack.changes) - written


def _texts(alike: Sequence[Change], *, by_program: bool) -> tuple[str, str]:
    """Write one change, or grants that are told together, in full and as short as can be."""
    if len(alike) > 1:
        return f"- {code(folding.many(alike), 6000)}\n", f"- {code(folding.many(alike, 1), 120)}\n"
    return _change(alike[0], by_program=by_program), f"- {code(one(alike[0]), 80)}\n"


def _change(change: Change, *, by_program: bool) -> str:
    loses = f" **loses all {unlinked(change.loses)}**" if change.loses else ""
    renamed = f", was {code(change.renamed_from, 80)}" if change.renamed_from else ""
    order = f" ({formatting.order(change)})" if change.operation is Operation.REPLACE else ""
    summary = formatting.summary(change)
    said = f": {code(summary, 160)}" if summary else ""
    lines = [f"- {code(one(change), 120)}{said}{renamed}{loses}{order}"]
    lines += [f"  - because {code(reason, 400)}" for reason in formatting.reasons(change)]
    if change.places:
        lines.append(f"  - at {', '.join(map(_place, change.places))}")
    if by_program and change.inputs:
        lines.append(f"  - with {code(formatting.brought(change), 2000)}")
    for entry in (*formatting.scripts(change), *change.properties):
        diff = formatting.text_diff(entry)
        marks = formatting.marks(entry)
        if diff is None:
            lines.append(f"  - {code(f'{entry.path}: {formatting.from_to(entry)}', 2000)}{marks}")
        else:
            block = fence("\n".join(diff), 3000, "diff", indent="    ")
            lines.append(f"  - {code(entry.path, 120)}{marks}\n\n{block}")
    return "\n".join(lines) + "\n"


def _place(place: Place) -> str:
    name = code(str(place), 120)
    return f"[{name}]({place.url})" if place.url else name


def _counts(stack: Stack) -> str:
    if stack.status is Status.BROKEN:
        return "does not load"
    counted = [
        f"{sum(change.operation is operation for change in stack.changes)} {done}"
        for operation, done in formatting.DONE.items()
        if any(change.operation is operation for change in stack.changes)
    ]
    if stack.nothing_done:
        many = len(stack.changes)
        return f"why it fails, and the way round it; {many} changes that it asks for, and none of them happens"
    hour = formatting.per_hour(stack.cost)
    return ", ".join([*counted, f"{stack.unchanged} unchanged", *([amounts(hour)] if hour else [])])


def _protection(stack: Stack) -> Iterator[str]:
    if stack.protection:
        yield "| protection that weakens | was | will be | what can happen then |\n|---|---|---|---|\n"
    for each in stack.protection[:60]:
        cells = (each.what.replace("`", ""), each.was, each.will, each.then.replace("`", ""))
        yield f"| {' | '.join(code(cell, 240, table=True) for cell in cells)} |\n"
    if len(stack.protection) > 60:
        yield f"| and {len(stack.protection) - 60} more | | | |\n"
    if stack.protection:
        yield "\n"


def _cost(stack: Stack) -> str:
    rows = formatting.cost_rows(stack.cost) if stack.cost else []
    lines = ["| cost in USD | before | after | change |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name} | {' | '.join(code(text, 40, table=True) if text else '' for text in rest)} |"
        for name, *rest in rows
    ]
    return "\n".join([*_cost_lines(stack), *lines]) + "\n\n"


def _cost_lines(stack: Stack) -> list[str]:
    heading, rows = cost_lines.table(stack.cost) if stack.cost else ((), [])
    if not rows:
        return []
    lines = [f"| {' | '.join(heading)} |", "|---|--:|--:|--:|"]
    lines += [f"| {' | '.join((code(what, 300, table=True), *map(amounts, usd)))} |" for what, *usd in rows]
    return [*lines, ""]


def _findings(stack: Stack) -> Iterator[str]:
    assert stack.findings  # noqa: S101 - the caller asked
    for heading, findings in formatting.rules(stack.findings):
        told = list(folding.findings(findings))
        for finding, names in told[:_FINDINGS]:
            rule, name, message = code(finding.rule.id, 80), code(names, 300), code(finding.message, 300)
            yield f"- rule {heading}: {rule} on {name}: {message}\n"
        if (more := len(told) - _FINDINGS) > 0:
            yield f"- rule {heading}: {more} more: {ALL} of them\n"
    still = list(dict.fromkeys(finding.rule.id for finding in stack.findings.still))
    if still:
        yield f"- rules still broken, as before: {', '.join(code(rule, 80) for rule in still)}\n"
    yield "\n"
