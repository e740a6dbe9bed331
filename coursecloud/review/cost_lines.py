"""What each resource costs more or less after a change, in words, the same in every format. No word of it is markup."""

from decimal import Decimal

from coursecloud.review import formatting
from coursecloud.review.money import Cost, Line

_COLUMNS = ("what each change costs in USD", "an hour, running", "a day, as planned", "a month, as planned")
_MOST_LINES = 20


def table(cost: Cost) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Lay out what each resource costs more or less, gravest first: the headings, and a row each."""
    lines = cost.lines
    rows: list[tuple[str, ...]] = [
        (_costly(line), *(_or_unknown(line, value) for value in (line.per_hour_on, line.per_day, line.per_month)))
        for line in lines[:_MOST_LINES]
    ]
    if rest := lines[_MOST_LINES:]:
        known = [(line.per_hour_on, line.per_day, line.per_month) for line in rest if line.per_day is not None]
        sums = [sum((amounts[place] or Decimal(0) for amounts in known), Decimal(0)) for place in range(3)]
        rows.append((f"and {len(rest)} more, together", *(_signed(value) for value in sums)))
    return _COLUMNS, rows


def _or_unknown(line: Line, value: Decimal | None) -> str:
    return ("-?" if line.less else "+?") if value is None else _signed(value)


def _signed(value: Decimal) -> str:
    return formatting.more(value) if round(value, 4) else "0"


def _costly(line: Line) -> str:
    place = f"{line.component}: {line.name}" if line.component else line.name
    what = f"{line.what}, was {line.was}" if line.was not in ("", line.what) and not line.less else line.what
    gone = " goes" if line.less else ""
    why = f"; no known price: {'; '.join(line.unknown)}" if line.unknown else ""
    return f"{place}{gone} ({what}){why}"
