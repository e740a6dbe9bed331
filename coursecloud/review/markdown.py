"""A review as Markdown for a pull request: the verdict first, details folded, and safe whatever names say."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from coursecloud.diff.changes import Change, Operation, Place
from coursecloud.policy.consequence import Kind as Means
from coursecloud.review import cost_lines, dangers, folding, formatting, mermaid
from coursecloud.review.access import grants
from coursecloud.review.consequence import SAME
from coursecloud.review.dangers import Danger, Kind, Level, one
from coursecloud.review.escape import amounts, as_html, code, fence, size, unlinked
from coursecloud.review.report import EXAMPLES, Review
from coursecloud.review.stacks import Stack, Status

MARKER = "<!-- coursecloud-review -->"
"""The first line, by which a workflow finds its own comment and updates it in place."""

LIMIT = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters in a comment, and a character may count for more than one."""

ALERTS = {Level.STOP: "CAUTION", Level.LOOK: "WARNING", Level.FINE: "TIP", Level.NOTHING: "TIP"}


def full(review: Review, *, closed: Sequence[str] = (), limit: int = LIMIT) -> str:
    """Write the whole comment, at most `limit` bytes: details are left out before a danger is, and that is said.

    `closed` says which gates closed, and why.
    """
    parts = [f"{MARKER}\n## {_heading(review)}\n", *_alert(review, limit // 2), _closed(closed), _table(review)]
    tail = f"\n{code(review.base, 120)} → {code(review.head, 120)}\n\n" + "".join(
        f"- {code(note, 400)}\n" for note in review.notes[:20]
    )
    left = limit - sum(map(size, parts)) - size(tail) - 400
    skipped: list[str] = []
    for stack in review.telling:
        text, left_out = _details(stack, left)
        if left_out:
            skipped.append(f"{left_out} of {code(stack.name, 80)}")
        parts.append(text)
        left -= size(text)
    if text := _examples(review, left):
        parts.append(text)
    if skipped:
        shown = ", ".join(skipped[:5]) + (f" and of {len(skipped) - 5} more stacks" if len(skipped) > 5 else "")
        parts.append(
            f"\n**Left out, because a comment on GitHub has an end:** changes {shown}."
            " `coursecloud review --html` and `--json` show all of them.\n"
        )
    return "".join((*parts, tail))


def _examples(review: Review, left: int) -> str:
    """Fold the examples away: a line each, as far as there is room."""
    lines = [f"- {code(stack.name, 80)}: {code(stack.sentence, 200)}\n" for stack in review.examples[:30]]
    begins, ends = f"\n<details><summary>{len(review.examples)} {EXAMPLES}</summary>\n\n", "\n</details>\n"
    while lines and size(begins) + size(ends) + sum(map(size, lines)) > left:
        lines.pop()
    return "".join((begins, *lines, ends)) if lines else ""


def _heading(review: Review) -> str:
    cut = formatting.visible(review.sentence)
    # A heading is one line of Markdown: what is not plain text goes.
    plain = re.sub(r"[^\w\s.,;:()+?/-]", " ", amounts(cut if len(cut) <= 400 else f"{cut[:399]} ..."))
    return f"{formatting.VERDICTS[review.level]}: {unlinked(plain)}"


def _alert(review: Review, limit: int) -> Iterator[str]:
    """Say what to do and why, every danger with it; where they are too many, their names, and at last their count."""
    program = "".join(_program(review, limit * 3 // 4))
    advice = formatting.advice(review.level, review.dangers, review.program)
    stop = f"\n> [!{ALERTS[review.level]}]\n> **{advice}**\n>\n{program}"
    lines = list(_grave(review))
    for cut in (160, 60, 30):
        texts = [f"> - {line(cut)}\n" for line in lines]
        if sum(map(size, texts)) <= limit:
            yield "".join((stop, *texts, "\n"))
            return
    yield stop
    left = limit - 200
    for number, line in enumerate(lines):
        text = f"> - {line(20)}\n"
        left -= size(text)
        if left < 0:
            yield f"> - **and {len(lines) - number} more like these; the heading counts all of them**\n"
            break
        yield text
    yield "\n"


def _program(review: Review, limit: int) -> Iterator[str]:
    """Say what is to be known of the program; what finds no room is counted."""
    listed = review.of_program
    for number, said in enumerate(listed):
        text = f"> {code(said, 2000)}\n>\n"
        limit -= size(text)
        if limit < 0:
            more = len(listed) - number
            yield f"> **and {more} more lines about the program: `coursecloud review` has them all**\n>\n"
            return
        yield text


def _grave(review: Review) -> Iterator[Callable[[int], str]]:
    """List what a reader must not miss, gravest first, each as a function of how much of it there is room for."""
    for stack in review.telling:
        for side, message in stack.mistakes:
            said = " ".join(message.split())
            yield (
                lambda cut, s=stack, d=side, m=said: (
                    f"{code(s.name, cut)} does not load {d} the change: {code(m, 2 * cut)}"
                )
            )
    found = [(stack, danger) for stack in review.telling for danger in stack.happening]
    for kind in Kind:
        yield from _alike(kind, found)
        if kind in (Kind.PRICE, Kind.PROTECTION):
            yield from _money(review, same=kind is Kind.PROTECTION)
    for stack in review.telling:
        broken = stack.findings.violations if stack.findings and not stack.nothing_done else ()
        # That the credit ends too early is said among the dangers.
        for finding, names in folding.findings([each for each in broken if each.rule.id != "credit-lasts"]):
            yield (
                lambda cut, s=stack, f=finding, n=names: (
                    f"{code(s.name, cut)}: breaks the rule {code(f.rule.id, cut)} on {code(n, 2 * cut)}:"
                    f" {code(f.message, 2 * cut)}"
                )
            )
    told = {(stack.name, danger.change.key) for stack, danger in found if danger.change}
    for stack in review.telling:
        for change in () if stack.nothing_done else stack.changes:
            gone = change.operation in (Operation.DELETE, Operation.REPLACE)
            if gone and (stack.name, change.key) not in told and not grants(change):
                yield lambda cut, s=stack, c=change: _gone(s, c, cut)
        access = [change for change in stack.changes if change.goes and grants(change) and not stack.nothing_done]
        if access:
            yield (
                lambda cut, s=stack, a=access: (
                    f"{code(s.name, cut)}: who has access changes: {dangers.sentence(a)}, listed below"
                )
            )


def _alike(kind: Kind, found: Sequence[tuple[Stack, Danger]]) -> Iterator[Callable[[int], str]]:
    """List the dangers of a kind; what is kept no longer in one line a stack, as all of it has the same end."""
    alike = [(stack, danger) for stack, danger in found if danger.kind is kind]
    for stack, group in groupby(alike, key=lambda entry: entry[0]):
        dangers_ = [danger for _, danger in group]
        if kind is Kind.UNPROTECTED and len(dangers_) > 1:
            names = [one(danger.change) for danger in dangers_ if danger.change]
            yield (
                lambda cut, s=stack, n=names: (
                    f"**{code(s.name, cut)}: kept no longer, and deleted by the next `make down` with all in them:"
                    f" {', '.join(code(name, cut) for name in n[:8])}{f' and {len(n) - 8} more' if n[8:] else ''}**"
                )
            )
            continue
        for danger in dangers_:
            yield lambda cut, s=stack, d=danger: _danger(s, d, cut)


def _money(review: Review, *, same: bool) -> Iterator[Callable[[int], str]]:
    """Say what it costs more or less, and that the credit lasts; `same` asks for the stacks that cost as before."""
    for stack in review.telling:
        told = [each.text for each in stack.consequences if not each.grave and each.kind in (Means.MONEY, Means.CREDIT)]
        if told and any(SAME in text for text in told) is same:
            yield lambda cut, s=stack, t=told: f"{code(s.name, cut)}: {_ours('; '.join(reversed(t)))}"


def _danger(stack: Stack, danger: Danger, cut: int) -> str:
    if danger.kind is Kind.PROGRAM:
        # The program under review may have worded it.
        return f"**{code(stack.name, cut)}: {code(danger.text.replace('`', chr(39)), 3 * cut)}**"
    what = one(danger.change) if danger.change else ""
    # Only what the program says is put into code; the sentence around it is ours.
    about, said = (code(what, cut), danger.text.removeprefix(what)) if what else ("", danger.text)
    if what and said == danger.text:
        about = ""  # the sentence names it by itself
    if cut <= 30:
        about, said = code(what, cut) if what else "", f" {danger.kind}"
    grave = (
        Kind.REFUSED, Kind.RENAMED, Kind.DATA, Kind.UNPROTECTED, Kind.CREDIT, Kind.PRICE, Kind.SHRINKS, Kind.PUBLIC,
        Kind.PROGRAM,
    )  # fmt: skip
    bold = "**" if danger.kind in grave else ""
    return f"{bold}{code(stack.name, cut)}: {about}{_ours(said)}{bold}"


def _ours(text: str) -> str:
    return "".join(
        code(part[1:-1], 240) if part[:1] == "`" else unlinked(part) for part in re.split(r"(`[^`]*`)", text) if part
    )


def _gone(stack: Stack, change: Change, cut: int) -> str:
    reason = next(formatting.reasons(change), "")
    entry = next((entry for entry in change.properties if entry.replaces), None)
    because = (
        f", because {code(f'{entry.path}: {formatting.from_to(entry, cut)}', 2 * cut)}"
        if entry
        else f", because {code(reason, 2 * cut)}"
        if reason
        else ""
    )
    return f"{code(stack.name, cut)}: {code(one(change), cut)} is {formatting.DONE[change.operation]}{because}"


def _table(review: Review) -> str:
    if len(review.stacks) < 2 and not review.telling:
        return ""
    lines = ["| stack | what happens | an hour, all on | rules |", "|---|---|---|---|"]
    for stack in review.telling[:60]:
        what = code(stack.sentence, 200, table=True)
        lines.append(f"| {code(stack.name, 80, table=True)} | {what} | {_hour(stack)} | {_rules(stack)} |")
    more = len(review.telling) - 60
    if more > 0:
        lines.append(f"| and {more} more stacks that change | | | |")
    quiet = review.quiet
    names = ", ".join(code(name, 40, table=True) for name in quiet[:8]) + (
        f" and {len(quiet) - 8} more" if len(quiet) > 8 else ""
    )
    if quiet:
        lines.append(f"| {names} | no change | | |")
    return "\n".join(lines) + "\n"


def _hour(stack: Stack) -> str:
    if stack.nothing_done:
        return "nothing is done"
    if stack.cost is None:
        return "?"
    _, before, after, _ = formatting.cost_rows(stack.cost)[0]
    return code(after if before == after else f"{before} → {after}", 80, table=True)


def _rules(stack: Stack) -> str:
    if stack.findings is None:
        return "?"
    new, fixed, still = (len(side) for side in (stack.findings.new, stack.findings.fixed, stack.findings.still))
    texts = [f"**{new} new**" if new else "", f"{fixed} mended" if fixed else "", f"{still} as before" if still else ""]
    return ", ".join(text for text in texts if text) or "kept"


def _details(stack: Stack, left: int) -> tuple[str, int]:
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
    parts += [f"- in the stack file: {code(entry, 300)}\n" for entry in stack.settings_lines()]
    parts += [f"- {code(note, 400)}\n" for note in stack.notes]
    if stack.unseen:
        names = ", ".join(f"{name} ({top})" for name, top in stack.unseen)
        parts.append(
            f"- not compared, as only the real run knows them or a saved plan hides them: {code(names, 600)}\n"
        )
    room = left - sum(map(size, parts)) - size(end)
    if room < 0:
        return "", len(stack.changes)
    graph = mermaid.draw(stack.graph.near_changes().folded())
    changes, left_out = _changes(stack, room - size(graph))
    return "".join((*parts, *changes, graph, end)), left_out


def _changes(stack: Stack, room: int) -> tuple[list[str], int]:
    parts: list[str] = []
    written = 0
    for operation, group in groupby(stack.changes, key=lambda change: change.operation):
        heading = f"\n**{formatting.DONE[operation].capitalize()}**\n\n"
        for alike in folding.together(list(group)):
            for text in _texts(alike):
                text = heading + text
                if size(text) <= room:
                    parts.append(text)
                    room -= size(text)
                    written += len(alike)
                    heading = ""
                    break
    return parts, len(stack.changes) - written


def _texts(alike: Sequence[Change]) -> tuple[str, str]:
    """Write one change, or grants that are told together, in full and as short as can be."""
    if len(alike) > 1:
        return f"- {code(folding.many(alike), 1500)}\n", f"- {code(folding.many(alike, 1), 120)}\n"
    return _change(alike[0]), f"- {code(one(alike[0]), 80)}\n"


def _change(change: Change) -> str:
    loses = f" **loses all {unlinked(change.loses)}**" if change.loses else ""
    renamed = f", was {code(change.renamed_from, 80)}" if change.renamed_from else ""
    order = f" ({formatting.order(change)})" if change.operation is Operation.REPLACE else ""
    summary = formatting.summary(change)
    said = f": {code(summary, 160)}" if summary else ""
    lines = [f"- {code(one(change), 120)}{said}{renamed}{loses}{order}"]
    lines += [f"  - because {code(reason, 400)}" for reason in formatting.reasons(change)]
    if change.places:
        lines.append(f"  - at {', '.join(map(_place, change.places))}")
    for entry in (*formatting.scripts(change), *change.properties):
        diff = formatting.text_diff(entry)
        marks = formatting.marks(entry)
        if diff is None:
            lines.append(f"  - {code(f'{entry.path}: {formatting.from_to(entry)}', 300)}{marks}")
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
        for finding, names in list(folding.findings(findings))[:40]:
            rule, name, message = code(finding.rule.id, 80), code(names, 300), code(finding.message, 300)
            yield f"- rule {heading}: {rule} on {name}: {message}\n"
    still = list(dict.fromkeys(finding.rule.id for finding in stack.findings.still))
    if still:
        yield f"- rules still broken, as before: {', '.join(code(rule, 80) for rule in still)}\n"
    yield "\n"


def _closed(closed: Sequence[str]) -> str:
    lines = [f"- {code(text, 300)}\n" for text in closed[:20]]
    return "".join(("Gates that this closes:\n\n", *lines, "\n")) if lines else ""
