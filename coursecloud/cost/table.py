"""An estimate for a terminal: the bill by component, the totals, and how long the credit lasts."""

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from coursecloud.cost import between, words
from coursecloud.cost.model import Amounts, Estimate, Runway, Totals


def full(estimate: Estimate, *, drawn: bool = False) -> RenderableType:
    """Lay out what `coursecloud cost` shows for one stack; `drawn` where the output can show the line of the credit."""
    parts: list[RenderableType] = [Text(f"stack {estimate.stack}", "bold")]
    if drawn and (line := words.spark(estimate)):
        first, last = estimate.days[0].date, estimate.days[-1].date
        shown = f" {first} to {last}" if estimate.start else f" {len(estimate.days)} days"
        parts.append(Text.assemble(("credit left ", "dim"), (line, _colour(estimate) or "green"), (shown, "dim")))
    parts += [
        Text(f"in USD, without tax; prices of {estimate.prices_date}", "dim"),
        Text(),
        _bill(estimate),
        Text(),
        _lasts(estimate),
    ]
    for heading, texts in (("unknown, and in no total", estimate.unknown), ("taken for granted", estimate.notes)):
        if texts:
            parts += [Text(heading, "bold yellow"), _bullets(texts)]
    return Group(*parts)


def _colour(estimate: Estimate) -> str:
    dear = estimate.band and estimate.band.dear.before_end
    return "bold red" if estimate.planned.before_end else "yellow" if dear or estimate.at_least else ""


def headings(estimate: Estimate) -> list[str]:
    """Name the columns of money of a bill."""
    whole = ["whole lease"] if estimate.length is not None else []
    return ["hour with everything on", "hour while nothing runs", "planned day", *whole]


def lines(estimate: Estimate) -> Iterator[tuple[str, str, list[str], str]]:
    """Yield the lines of a bill by component, and its sums: the name, what is billed, the money, and which it is."""
    for item in sorted(estimate.items, key=lambda item: item.component):
        kind = "unknown" if item.reason is not None else "kept" if item.kept else "line"
        yield item.name, item.what, _cells(item.due, item.full, estimate), kind
    yield "total", _at_least(estimate), _cells(estimate.due, estimate.due, estimate), "total"
    if estimate.currency != "USD" and estimate.rate:
        own = _cells(estimate.due, estimate.due, estimate, per=estimate.rate.usd)
        yield "", f"in {estimate.currency}", own, "total"
    if estimate.full.per_hour_on != estimate.due.per_hour_on or estimate.full.per_day != estimate.due.per_day:
        yield "", "without free tiers", _cells(estimate.full, estimate.full, estimate), "dim"


_STYLES = {"total": "bold", "dim": "dim"}
_FOLDED = {
    "hour with everything on": "hour with\neverything\non",
    "hour while nothing runs": "hour while\nnothing\nruns",
    "planned day": "\nplanned\nday",
    "whole lease": "\nwhole\nlease",
}


def _bill(estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("", overflow="fold", max_width=22)
    table.add_column("", overflow="fold")
    for heading in headings(estimate):
        table.add_column(_FOLDED[heading], justify="right", no_wrap=True, header_style="dim")
    components = iter(sorted(item.component for item in estimate.items))
    shown = None
    for name, what, cells, kind in lines(estimate):
        if kind in _STYLES:
            table.add_row(*(Text(cell, _STYLES[kind]) for cell in (name, what, *cells)))
            continue
        if (component := next(components)) != shown:
            shown = component
            table.add_row(Text(component or "the whole project", "bold cyan"))
        label = Text.assemble("  ", (name, "green" if kind == "kept" else ""))
        table.add_row(label, Text(what, "yellow" if kind == "unknown" else ""), *cells)
    return table


def _at_least(estimate: Estimate) -> str:
    return f"at least: {len(estimate.unknown)} unknown" if estimate.at_least else ""


def _cells(
    due: Amounts | Totals, full: Amounts | Totals, estimate: Estimate, *, per: Decimal = Decimal(1)
) -> list[str]:
    pairs = [(due.per_hour_on, full.per_hour_on), (due.per_hour_idle, full.per_hour_idle), (due.per_day, full.per_day)]
    cells = ["free" if billed == 0 and listed else _money(billed, per, 4) for billed, listed in pairs]
    if estimate.length is not None:
        free = due.per_day == 0 and full.per_day
        lease = None if due.per_day is None else due.per_day * estimate.length
        cells.append("free" if free else _money(lease, per, 2))
    return cells


def _money(usd: Decimal | None, per: Decimal, digits: int) -> str:
    return money(None if usd is None else usd / per, digits)


def money(usd: Decimal | None, digits: int = 4) -> str:
    """Write an amount: `?` for unknown, `-` for nothing, and never nothing for a little."""
    if usd is None:
        return "?"
    if usd == 0:
        return "-"
    least = Decimal(1).scaleb(-digits)
    return f"<{least:f}" if usd < least / 2 else f"{usd:.{digits}f}"


def _lasts(estimate: Estimate) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column(credit(estimate), overflow="fold", header_style="bold")
    other = [estimate.currency] if estimate.currency != "USD" and estimate.rate else []
    headings = [
        "USD a day",
        *(f"{currency} a day" for currency in other),
        "days",
        *(["gone on"] if estimate.start else []),
    ]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, case in cases(estimate):
        cells = [f"  {name}", money(case.per_day, 2)]
        cells += [_money(case.per_day, estimate.rate.usd, 2)] if other and estimate.rate else []
        cells += [days(case, estimate)]
        cells += [gone(case, estimate)] if estimate.start else []
        table.add_row(*(Text(cell, "red" if case.before_end else "") for cell in cells))
    return Group(table, *(Text(f"  {line}", style) for line, style in more(estimate)))


def more(estimate: Estimate) -> Iterator[tuple[str, str]]:
    """Yield what else there is to say of the credit, each with its style."""
    rate, lease, band = estimate.rate, estimate.due.lease, estimate.band
    least = "at least " if estimate.at_least else ""
    if rate is None:
        yield f"no rate for {estimate.currency}: add `usdRate` under coursecloud:usage", "yellow"
    elif rate.currency != "USD":
        yield f"1 {rate.currency} = {rate.usd:.4g} USD, {f'on {rate.date}' if rate.date else rate.source}", "dim"
    if lease is not None:
        own = estimate.in_credit_currency(lease)
        other = f" ({own:.0f} {estimate.currency})" if own is not None and estimate.currency != "USD" else ""
        over = bool(estimate.shortfall)
        more = ", more than the credit" if over else ""
        text = f"the whole lease as planned, to {estimate.lease_ends}: {least}{lease:.2f} USD{other}{more}"
        yield text, "red" if over else ""
    if band:
        moved = f"Spot prices move: {words.percent(band.lowest)} to {words.percent(band.highest)} within weeks"
        ends = (
            "" if band.lease_low is None else f", so the lease costs {band.lease_low:.2f} to {band.lease_high:.2f} USD"
        )
        yield moved + ends + f" (seen to {band.date})", "dim"
    if estimate.due.per_hour_idle or any(item.due.per_hour_down is None for item in estimate.items):
        yield f"after `make down`: {after_down(estimate)}", "dim"


def after_down(estimate: Estimate) -> str:
    """Write what a day costs after `make down`: what is kept, and what of it has no known price."""
    usd = estimate.due.per_hour_down * 24
    unknown = dict.fromkeys(item.name for item in estimate.items if item.due.per_hour_down is None)
    if unknown:
        more = f"{money(usd)} USD a day and " if usd else ""
        return f"{more}what {', '.join(unknown)} costs, which is not known"
    return f"{money(usd)} USD a day" if usd else "nothing"


def credit(estimate: Estimate) -> str:
    """Write the credit in its own currency, and in USD where that is another."""
    usd = estimate.credit_usd
    own = f"{estimate.credit.normalize():f} {estimate.currency}"
    return f"{own} last" if estimate.currency == "USD" or usd is None else f"{own} ({usd:.2f} USD) last"


def cases(estimate: Estimate) -> tuple[tuple[str, Runway], ...]:
    """Name the three cases."""
    return (
        ("nothing runs", estimate.idle),
        ("as planned", estimate.planned),
        ("everything on, day and night", estimate.everything_on),
    )


def days(case: Runway, estimate: Estimate) -> str:
    """Write for how many days the credit lasts."""
    if case.days is None:
        return "for ever" if case.never and not estimate.at_least else "?"
    least = "<= " if estimate.at_least else ""
    return least + (f"{case.days:.0f}" if case.days >= 10 else f"{case.days:.1f}")


def gone(case: Runway, estimate: Estimate) -> str:
    """Write the day on which the credit is gone, and whether that is after the lease."""
    if case.never:
        return "?" if estimate.at_least else "never"
    if case.gone is None:
        return "?" if case.days is None else "after the year 9999"
    return f"{case.gone}, after the lease" if case.before_end is False else str(case.gone)


def short(estimate: Estimate) -> Iterator[str]:
    """Yield what a plan says of its cost: three lines."""
    least = "at least " if estimate.at_least else ""
    yield (
        f"{least}{estimate.per_hour_on:.2f} USD an hour with everything on, {estimate.per_day_idle:.2f} a day idle,"
        f" {estimate.per_day_planned:.2f} a day as planned (`coursecloud cost` has the bill)"
    )
    lasting = ", ".join(f"{days(case, estimate)} days if {name}" for name, case in cases(estimate) if case.days)
    if lasting:
        yield f"{credit(estimate)} {lasting}".replace(" if as ", " as ").replace(" if everything", " with everything")
    elif estimate.credit_usd is None:
        yield f"no rate for {estimate.currency}: add `usdRate` under coursecloud:usage"
    yield from _between(estimate)
    for reason in estimate.unknown:
        yield f"unknown: {reason}"


def _between(estimate: Estimate) -> Iterator[str]:
    """Warn of what moves between regions, which one region for all of it would save."""
    for item in estimate.items:
        if item.name == between.NAME and item.due.per_day is None:
            yield f"traffic between regions bills: {item.what}"
        elif item.name == between.NAME and item.due.per_day and item.quantity:
            yield (
                f"traffic between regions, {item.what}: about {item.due.per_day * 7:.2f} USD a week for"
                f" {item.quantity * 7:.0f} GB (`coursecloud:usage` says how much; none in one region)"
            )


def _bullets(texts: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")
    for each in texts:
        grid.add_row("  -", Text(each))
    return grid
