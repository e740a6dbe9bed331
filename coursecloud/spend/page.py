"""A status as one HTML file that needs nothing else: the sentence, the credit over time, and what there is."""

from __future__ import annotations

import html as escaping
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from markupsafe import Markup

from coursecloud.common import html
from coursecloud.cost import chart
from coursecloud.spend import words
from coursecloud.spend.account import Entry
from coursecloud.spend.status import Status
from infra import secrecy

FOLDERS = (Path(__file__).parent, Path(chart.__file__).parent)
"""Where the templates are: this page's, and the tables of money that cost's page has too."""
_POINTS = 120
"""Points of the line of what was: more than a screen shows."""
_LEFT, _WIDE, _TOP, _HIGH = 11, 85, 22, 196
"""Percent of the width that labels and lines have, pixels above the lines and of them, as in the drawing of costs."""


def full(status: Status) -> str:
    """Write the page. It loads nothing, and its policy forbids it to."""
    headings = ("name", "what", "an hour", "today", "in all", "what ends it")
    rows = [
        (
            (
                each.called,
                f"{each.entry.rate.what or each.entry.kind}, {words.state(status, each)}{words.whose(each)}",
                words.money(each.entry.per_hour),
                words.money(each.today),
                words.money(each.spent),
                f"`{each.command}`{', which takes THE WHOLE STACK' if each.whole else ''}",
            ),
            "",
        )
        for each in status.things
    ]
    shown, rest = words.gone(status)
    rows += [((each.name, words.was(status, each), "", *_costs(status, [each]), ""), "") for each in shown]
    if rest:
        names = ", ".join(dict.fromkeys(each.name for each in rest))
        rows.append(((f"{len(rest)} more", f"gone: {names}", "", *_costs(status, rest), ""), ""))
    total = (
        "total",
        "at least" if status.at_least else "",
        words.money(status.per_hour),
        words.money(status.today),
        words.money(status.spent),
        "",
    )
    rows = [(tuple(map(secrecy.hide, cells)), kind) for cells, kind in [*rows, (total, "total")]]
    return html.render(
        FOLDERS,
        "status.html",
        title=secrecy.hide(words.headline(status)),
        at=secrecy.hide(words.looked(status)),
        chart_style=chart.STYLE,
        figure=figure(status),
        said=[secrecy.hide(f"{word}: {text}") for word, text in words.sentences(status)],
        headings=headings,
        rows=rows,
    )


def _costs(status: Status, gone: Sequence[Entry]) -> Iterator[str]:
    for begin in (status.midnight, status.start):
        yield words.money(sum((each.spent(begin, status.at) for each in gone), Decimal(0)))


def figure(status: Status) -> Markup:
    """Draw what was left of the credit since the start, and dashed how it goes on; nothing without a known rate."""
    if status.left is None or status.rate is None:
        return Markup()
    credit = status.credit * status.rate.usd
    last = max(filter(None, (status.at + timedelta(days=1), status.ends, _lease_end(status))))
    last = min(last, status.at + timedelta(days=400))
    length = (last - status.start) / timedelta(seconds=1)

    def place(at: datetime, usd: Decimal) -> str:
        across = (at - status.start) / timedelta(seconds=1) / length * 1000
        return f"{across:.1f} {1000 * (1 - float(max(Decimal(0), usd) / credit)):.1f}"

    step = (status.at - status.start) / _POINTS
    was = [status.start + step * number for number in range(_POINTS + 1)]
    past = "M" + "L".join(place(at, credit - status.account.spent(status.start, at)) for at in was)
    ahead = ""
    if not status.over:
        end, left = (status.ends, Decimal(0)) if status.ends and status.ends <= last else (last, status.left)
        if end == last and status.ends:
            left = status.left * Decimal(1 - (last - status.at) / (status.ends - status.at))
        ahead = f'<path class="everything_on before" d="M{place(status.at, status.left)}L{place(end, left)}"/>'
    title = f"Credit that is left, of {words.credit(status)}"
    said = escaping.escape(secrecy.hide(words.headline(status)))
    return Markup(  # noqa: S704 - each text in it is escaped
        f'<figure class="credit"><figcaption>{escaping.escape(title)}</figcaption>'
        f'<svg role="img" aria-labelledby="credit-title credit-words"><title id="credit-title">{escaping.escape(title)}'
        f'</title><desc id="credit-words">{said}</desc>{"".join(_axes(status, last))}'
        f'<svg x="{_LEFT}%" y="{_TOP}" width="{_WIDE}%" height="{_HIGH}" viewBox="0 0 1000 1000"'
        f' preserveAspectRatio="none" overflow="visible"><path class="planned" d="{past}"/>{ahead}</svg></svg>'
        '<ul><li><i class="planned"></i>what was left</li>'
        '<li><i class="everything_on before"></i>if nothing is stopped</li></ul></figure>'
    )


def _axes(status: Status, last: datetime) -> Iterator[str]:
    for part in (0, 1, 2):
        y = _TOP + _HIGH * (1 - part / 2)
        yield f'<line class="grid" x1="{_LEFT}%" x2="{_LEFT + _WIDE}%" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 1}%" y="{y + 4}" text-anchor="end">{status.credit * part / 2:.4g}</text>'
    for at, x, anchor in ((status.start, _LEFT, "start"), (last, _LEFT + _WIDE, "end")):
        day = at.astimezone(status.zone).date()
        yield f'<text x="{x}%" y="{_TOP + _HIGH + 18}" text-anchor="{anchor}">{day}</text>'


def _lease_end(status: Status) -> datetime | None:
    if status.lease_ends is None:
        return None
    return datetime.combine(status.lease_ends, datetime.min.time(), status.zone) + timedelta(days=1)
