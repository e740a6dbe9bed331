"""The alert at the top of a comment: what to do, and each thing that a reader must not miss, gravest first."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from coursecloud.diff.changes import Change, Operation
from coursecloud.policy.consequence import Kind as Means
from coursecloud.review import folding, formatting, headline
from coursecloud.review.access import grants
from coursecloud.review.consequence import SAME
from coursecloud.review.dangers import Danger, Kind, Level, one
from coursecloud.review.escape import code, size, unlinked
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack

ALERTS = {Level.STOP: "CAUTION", Level.LOOK: "WARNING", Level.FINE: "TIP", Level.NOTHING: "TIP"}


def alert(review: Review, limit: int) -> Iterator[str]:
    """Say what to do and why, every danger with it; where they are too many, their names, and at last their count."""
    program = "".join(_program(review, limit * 3 // 4))
    advice = formatting.advice(review.level, review.dangers, (*review.program, *review.outside))
    stop = f"\n> [!{ALERTS[review.level]}]\n> **{advice}**\n>\n{program}"
    lines = list(_grave(review))
    for cut in (4000, 160, 60, 30):
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
                    f"{code(s.name, cut)}: who has access changes: {headline.sentence(a)}, listed below"
                )
            )


def _alike(kind: Kind, found: Sequence[tuple[Stack, Danger]]) -> Iterator[Callable[[int], str]]:
    """List the dangers of a kind; what is kept no longer in one line a stack, as all of it has the same end."""
    alike = [(stack, danger) for stack, danger in found if danger.kind is kind]
    for stack, group in groupby(alike, key=lambda entry: entry[0]) if kind is Kind.UNPROTECTED else ():
        dangers_ = [danger for _, danger in group]
        if len(dangers_) > 1:
            names = [one(danger.change) for danger in dangers_ if danger.change]
            yield (
                lambda cut, s=stack, n=names: (
                    f"**{code(s.name, cut)}: kept no longer, and deleted by the next `make down` with all in them:"
                    f" {', '.join(code(name, cut) for name in n[:8])}{f' and {len(n) - 8} more' if n[8:] else ''}**"
                )
            )
            alike = [entry for entry in alike if entry[0] is not stack]
    for stacks, danger in folding.dangers((stack.name, danger) for stack, danger in alike):
        yield lambda cut, s=stacks, d=danger: _danger(s, d, cut)


def _money(review: Review, *, same: bool) -> Iterator[Callable[[int], str]]:
    """Say what it costs more or less, and that the credit lasts; `same` asks for the stacks that cost as before."""
    for stack in review.telling:
        told = [each.text for each in stack.consequences if not each.grave and each.kind in (Means.MONEY, Means.CREDIT)]
        if told and any(SAME in text for text in told) is same:
            yield lambda cut, s=stack, t=told: f"{code(s.name, cut)}: {_ours('; '.join(reversed(t)))}"


def _danger(stacks: Sequence[str], danger: Danger, cut: int) -> str:
    more = f" and {len(stacks) - 8} more" if len(stacks) > 8 else ""
    of = ", ".join(code(name, cut) for name in stacks[:8]) + more
    if danger.kind is Kind.PROGRAM:
        # The program under review may have worded it.
        return f"**{of}: {code(danger.text.replace('`', chr(39)), 3 * cut)}**"
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
    return f"{bold}{of}: {about}{_ours(said, max(240, cut))}{bold}"


def _ours(text: str, most: int = 240) -> str:
    return "".join(
        code(part[1:-1], most) if part[:1] == "`" else unlinked(part) for part in re.split(r"(`[^`]*`)", text) if part
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
