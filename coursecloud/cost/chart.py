"""The credit that is left over the days of a lease, as a drawing that a page holds: no script, and words beside it."""

import datetime
import html
from collections.abc import Iterator
from decimal import Decimal

from markupsafe import Markup

from coursecloud.common.html import marked
from coursecloud.cost import table
from coursecloud.cost.model import Estimate

CASES = (("idle", "nothing runs"), ("planned", "as planned"), ("everything_on", "everything on, day and night"))
"""The cases, gravest last, and what each is called."""

STYLE = Markup("""
.credit { margin: 12px 0; max-width: 900px; --idle: #1a7f37; --planned: #0969da; --everything_on: #cf222e; }
@media (prefers-color-scheme: dark) { .credit { --idle: #56d364; --planned: #79c0ff; --everything_on: #ff7b72; } }
.credit > svg { width: 100%; height: 250px; display: block; } .credit figcaption { font-weight: 600; }
.credit text { fill: currentColor; font: 12px system-ui, sans-serif; }
.credit .grid { stroke: currentColor; opacity: .18; }
.date { white-space: nowrap; } .credit .end { stroke: currentColor; opacity: .7; stroke-width: 1.5; }
.credit path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 1.8; stroke-linejoin: round; }
.credit path.planned { stroke-width: 3; } .credit path.before { stroke-dasharray: 5 4; opacity: .75; }
.credit .idle { stroke: var(--idle); } .credit .planned { stroke: var(--planned); }
.credit .everything_on { stroke: var(--everything_on); } .credit circle { fill: currentColor; stroke: none; }
.credit ul { list-style: none; padding: 0; margin: 4px 0; } .credit li { margin: 2px 0; }
.credit i { display: inline-block; width: 26px; height: 0; border-top: 2px solid;
  vertical-align: middle; margin-right: 6px; }
.credit i.planned { border-top-width: 3px; } .credit i.before { border-top-style: dashed; }
.credit i.idle { border-color: var(--idle); } .credit i.planned { border-color: var(--planned); }
.credit i.everything_on { border-color: var(--everything_on); }
""")
"""What a page puts into its style once."""

_LEFT, _WIDE = 11, 85
"""Percent of the width that the labels on the left have, and the lines."""
_TOP, _HIGH = 22, 196
"""Pixels above the lines, and of them."""
_GRAIN = 1000
"""Units of the drawing in which the lines stand, in either direction."""
_POINTS = 400
"""Points of a line: more than a screen shows."""
_AFTER = Decimal("0.03")
"""Room behind the last day, as a part of the days."""


class _Frame:
    """The days and the credit that are drawn."""

    def __init__(self, sides: list[Estimate]):
        self.first = min(side.days[0].date for side in sides)
        self.last = max(side.days[-1].date for side in sides)
        self.days = (self.last - self.first).days + 1
        self.one_credit = len({side.credit_usd for side in sides}) == 1
        """Whether all have the same credit. Where not, each is drawn in parts of its own: the smaller stays legible."""

    def across(self, days: Decimal | int) -> Decimal:
        """Place so many days after the first, from 0 to 1."""
        return Decimal(days) / (self.days * (1 + _AFTER))

    def percent(self, days: Decimal | int) -> str:
        """Place the same in the whole drawing."""
        return f"{_LEFT + _WIDE * self.across(days):.2f}%"


def figure(before: Estimate | None, after: Estimate | None, name: str = "credit") -> Markup:
    """Draw what is left of the credit on each day: of `before` dashed, of `after` in whole lines.

    Gives an HTML figure, or nothing where no credit is known in USD; `STYLE` belongs into its page. `name`
    is its own in the page.
    """
    known = [side for side in (before, after) if side and side.credit_usd and side.days]
    if not known:
        return Markup()
    frame, lines, said = _Frame(known), list[str](), list[str]()
    for side in known:
        old = side is not known[-1]
        kind = " before" if old else ""
        for case, called in CASES:
            path, ends = _path(side, case, frame), _ends(side, case)
            other = known[old] if len(known) > 1 and frame.one_credit else None
            same = other is not None and (path, ends) == (_path(other, case, frame), _ends(other, case))
            if old and same:
                continue
            lines.append(f'<path class="{case}{kind}" d="{path}"/>')
            when = "before and after" if same else "before" if old else "after"
            text = f"{when} the change, {called}: {ends}" if len(known) > 1 else f"{called}: {ends}"
            said.append(f'<li><i class="{case}{kind}"></i>{marked(text)}</li>')
    shown = known[-1]
    title = f"Credit that is left, of {_credit(shown)}"
    if not frame.one_credit:
        title += f" after the change and of {_credit(known[0])} before it, each line in percent of its own"
    words = "; ".join(html.escape(f"{called}: {_ends(shown, case)}") for case, called in CASES)
    ident = html.escape(name, quote=True)
    return Markup(  # noqa: S704 - each text in it is escaped
        f'<figure class="credit"><figcaption>{html.escape(title)}</figcaption>'
        f'<svg role="img" aria-labelledby="{ident}-title {ident}-words">'
        f'<title id="{ident}-title">{html.escape(title)}</title><desc id="{ident}-words">{words}</desc>'
        f"{''.join(_axes(shown, frame))}"
        f'<svg x="{_LEFT}%" y="{_TOP}" width="{_WIDE}%" height="{_HIGH}" viewBox="0 0 {_GRAIN} {_GRAIN}"'
        f' preserveAspectRatio="none" overflow="visible">{"".join(lines)}</svg>'
        f"{''.join(_marks(known, frame))}</svg><ul>{''.join(said)}</ul></figure>"
    )


def _path(side: Estimate, case: str, frame: _Frame) -> str:
    """Draw what is left at the end of each day, down to nothing and no further."""
    left = whole = side.credit_usd or Decimal(1)
    points = list[tuple[Decimal, Decimal]]()
    begins = (side.days[0].date - frame.first).days
    points.append((Decimal(begins), left))
    step = -(-len(side.days) // _POINTS)
    for number, day in enumerate(side.days, start=1):
        usd = getattr(day, case)
        if usd > left:
            points.append((begins + number - 1 + left / usd, Decimal(0)))
            break
        left -= usd
        if number % step == 0 or number == len(side.days):
            points.append((Decimal(begins + number), left))
    places = (f"{frame.across(x) * _GRAIN:.1f} {(1 - usd / whole) * _GRAIN:.1f}" for x, usd in points)
    return "M" + "L".join(places)


def _axes(side: Estimate, frame: _Frame) -> Iterator[str]:
    for part in (0, 1, 2):
        share = Decimal(part) / 2
        y = _TOP + _HIGH * (1 - share)
        label = _short(side.credit * share) if frame.one_credit else f"{100 * share:.0f}%"
        yield f'<line class="grid" x1="{_LEFT}%" x2="{_LEFT + _WIDE}%" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 1}%" y="{y + 4}" text-anchor="end">{label}</text>'
    # Three labels have room on a telephone: the first day, one in the middle, and the day on which the lease ends.
    middle = (frame.days - 1) // 2
    for days, anchor in ((0, "start"), (middle, "middle"), (frame.days - 1, "end")):
        if days == middle and frame.days < 3:
            continue
        place = frame.percent(days + (days == frame.days - 1))
        label = _day(frame.first + datetime.timedelta(days=days)) if side.start else f"day {days + 1}"
        yield f'<text x="{place}" y="{_TOP + _HIGH + 18}" text-anchor="{anchor}">{label}</text>'


def _marks(sides: list[Estimate], frame: _Frame) -> Iterator[str]:
    """Mark where the lease ends, and where the credit does as planned."""
    shown = sides[-1]
    if shown.lease_ends and frame.first <= shown.lease_ends <= frame.last:
        x = frame.percent((shown.lease_ends - frame.first).days + 1)
        yield f'<line class="end" x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{_TOP + _HIGH}"/>'
        yield f'<text x="{x}" y="{_TOP - 10}" text-anchor="end">the lease ends</text>'
    days = shown.planned.days
    if days is not None and days <= len(shown.days):
        x = frame.percent((shown.days[0].date - frame.first).days + days)
        yield f'<circle cx="{x}" cy="{_TOP + _HIGH}" r="5"/>'


def _credit(side: Estimate) -> str:
    return f"{side.credit.normalize():f} {side.currency}"


def _ends(side: Estimate, case: str) -> str:
    """Say how a line ends."""
    runway = getattr(side, case)
    least = "at the latest " if side.at_least else ""
    if runway.before_end and side.lease_ends and runway.gone:
        short = (side.lease_ends - runway.gone).days
        before = f"{short} day{'' if short == 1 else 's'} before the lease ends" if short else "when the lease ends"
        return f"gone {least}on {runway.gone}, {before}"
    if runway.before_end is False and side.credit_usd is not None:
        spent = sum((getattr(day, case) for day in side.days), Decimal(0))
        rest = side.in_credit_currency(max(Decimal(0), side.credit_usd - spent)) or Decimal(0)
        return f"{'at most ' if side.at_least else ''}{rest:.2f} {side.currency} left when the lease ends"
    return f"lasts {table.days(runway, side)}{'' if runway.days is None else ' days'}"


def _day(date: datetime.date) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{date.day} {months[date.month - 1]}"


def _short(money: Decimal) -> str:
    """Write an amount in at most five characters or so."""
    if money >= 10_000:
        return f"{money / 1000:.0f}k"
    return f"{money:.0f}" if money >= 10 or money == money.to_integral_value() else f"{money.normalize():.3g}"
