"""A review as Markdown for a pull request: the verdict first, details folded, and safe whatever names say."""

import re
from collections.abc import Sequence

from coursecloud.review import formatting
from coursecloud.review.escape import amounts, code, listing, note, size, unlinked
from coursecloud.review.markdown_alert import alert
from coursecloud.review.markdown_details import details
from coursecloud.review.report import EXAMPLES, Review
from coursecloud.review.stacks import Stack

MARKER = "<!-- coursecloud-review -->"
"""The first line, by which a workflow finds its own comment and updates it in place."""

LIMIT = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters in a comment, and a character may count for more than one."""


def full(review: Review, *, closed: Sequence[str] = (), limit: int = LIMIT) -> str:
    """Write the whole comment, at most `limit` bytes: details are left out before a danger is, and that is said.

    `closed` says which gates closed, and why.
    """
    parts = [f"{MARKER}\n## {_heading(review)}\n", *alert(review, limit // 2), _closed(closed), _table(review)]
    tail = f"\n{code(review.base, 120)} → {code(review.head, 120)}\n\n" + listing(
        [f"- {note(each)}\n" for each in review.notes], limit // 6
    )
    left = limit - sum(map(size, parts)) - size(tail) - 400
    skipped: list[str] = []
    for stack in review.telling:
        text, left_out = details(stack, left, by_program=bool(review.program))
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


def _closed(closed: Sequence[str]) -> str:
    lines = [f"- {note(text, 300)}\n" for text in closed]
    return f"Gates that this closes:\n\n{listing(lines, LIMIT // 8)}\n" if lines else ""
