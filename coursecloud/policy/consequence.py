"""What a plan means for the person who makes it, gravest first: what comes first, the credit, the data, the rules.

Values in, values out; `plan`, `cost` and `check` begin with it, and a review says what a change does to it.
"""

import datetime
import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from coursecloud.common.console import visible
from coursecloud.cost import Estimate, credit
from coursecloud.plan.effects import ALTERED
from coursecloud.plan.notices import notices
from coursecloud.plan.planning import Plan, holds
from coursecloud.policy.rule import Finding


class Kind(enum.StrEnum):
    """What a consequence is about, gravest first. Those of a review that no plan has come with what it compares."""

    FAILS = "fails"
    """The update cannot work."""
    OVER = "over"
    """The lease is over."""
    CREDIT = "credit"
    FIRST = "first"
    """What has to be done before anything else works."""
    DATA = "data"
    RULES = "rules"
    PROTECTION = "protection"
    """What holds spending back, keeps data or keeps somebody out, and would no longer."""
    ACCESS = "access"
    PROGRAM = "program"
    PRICE = "price"
    """What nobody knows the price of."""
    MONEY = "money"


@dataclass(frozen=True)
class Consequence:
    """One of them, in a sentence."""

    kind: Kind
    text: str
    grave: bool = False
    """Whether somebody loses money, data or an hour unless they do something about it."""


A_COURSE = 7
"""Days: without dates of its own a stack is for a course, which lasts a week."""


def of_plan(
    plan: Plan, estimate: Estimate, today: datetime.date | None, violations: Sequence[Finding] = ()
) -> tuple[Consequence, ...]:
    """Say what a plan means, gravest first. `today` tells whether its lease is over; None where nobody asks."""
    return ordered(
        [*_before(plan, today), of_credit(estimate), *of_program(plan), *_rules(plan, violations), *_data(plan)]
    )


def ordered(found: Iterable[Consequence]) -> tuple[Consequence, ...]:
    """Put them in order: what somebody has to do something about first, then by kind."""
    order = list(Kind)
    return tuple(sorted(found, key=lambda each: (not each.grave, order.index(each.kind))))


def of_credit(estimate: Estimate) -> Consequence:
    """Say what becomes of the credit."""
    lasts, days = credit.verdict(estimate), estimate.planned.days
    soon = lasts is credit.Verdict.OPEN and days is not None and days < A_COURSE
    grave = soon or lasts in (credit.Verdict.ENDS, credit.Verdict.UNKNOWN)
    return Consequence(Kind.CREDIT, credit.sentence(estimate), grave)


def of_program(plan: Plan) -> Iterator[Consequence]:
    """Say that the program is another one than this version's: no rule sees what it leaves out."""
    for deed in plan.program:
        if deed.kind == ALTERED:
            unseen = "no rule sees what it leaves out, nor reads the commands that it prints for people to run"
            text = f"The program is NOT THE ONE SHIPPED, and {unseen}: it {deed.text}"
            yield Consequence(Kind.PROGRAM, text, grave=True)


def _before(plan: Plan, today: datetime.date | None) -> Iterator[Consequence]:
    told = notices(plan, today)
    yield from (Consequence(Kind.OVER, each.text, grave=True) for each in told if each.kind == "over")
    if todo := list(dict.fromkeys(each.short or each.text for each in told if each.kind == "todo")):
        more = f"; and {len(todo) - 1} more" if todo[1:] else ""
        short = any(each.short for each in told) or todo[1:]
        where = " (`coursecloud plan` ends with it)" if short else ""
        yield Consequence(Kind.FIRST, f"{todo[0]}{more}{where}", grave=True)


def _rules(plan: Plan, violations: Sequence[Finding]) -> Iterator[Consequence]:
    ids = list(dict.fromkeys(each.rule.id for each in violations))
    if ids:
        count = "1 rule is" if len(ids) == 1 else f"{len(ids)} rules are"
        where = f"`coursecloud check --stack {plan.settings.stack}`"
        yield Consequence(Kind.RULES, f"{count} broken: {', '.join(ids)} ({where} says how to mend it)", grave=True)


def _data(plan: Plan) -> Iterator[Consequence]:
    stores = [resource for resource in plan.custom if holds(resource) and not plan.adopts(resource)]
    kept, lost = ([each.name for each in stores if each.protect is side] for side in (True, False))
    if not stores:
        return
    if not lost:
        yield Consequence(Kind.DATA, "`make down` in the evening keeps all data; `make finish` at the end deletes it")
    elif not kept:
        yield Consequence(
            Kind.DATA, f"`make down` in the evening deletes all data, after asking: it is in {', '.join(lost)}"
        )
    else:
        yield Consequence(
            Kind.DATA, f"`make down` in the evening keeps {', '.join(kept)}, and deletes what is in {', '.join(lost)}"
        )


LABELS = {
    Kind.FAILS: "fails",
    Kind.OVER: "lease over",
    Kind.FIRST: "first",
    Kind.DATA: "data",
    Kind.CREDIT: "credit",
    Kind.RULES: "rules",
    Kind.PROTECTION: "protection",
    Kind.ACCESS: "access",
    Kind.PROGRAM: "program",
    Kind.PRICE: "price",
    Kind.MONEY: "money",
}
"""The word before each in a terminal."""


def shown(consequences: Iterable[Consequence]) -> Table:
    """Lay them out for a terminal: a word for what each is about, and its sentence."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for each in consequences:
        grid.add_row(
            Text(LABELS[each.kind], "bold red" if each.grave else "bold green"), Text(visible(_begun(each.text)))
        )
    return grid


def always(consequences: Iterable[Consequence]) -> list[str]:
    """Give what is said even by a command that is to say little: with it, what the others say may be wrong."""
    return [each.text for each in consequences if each.kind is Kind.PROGRAM]


def to_json(consequences: Sequence[Consequence]) -> dict[str, Any]:
    """Give the fields that every JSON form has of them: the gravest as a sentence, and all."""
    return {
        "headline": consequences[0].text if consequences else None,
        "consequences": [{"kind": str(each.kind), "grave": each.grave, "text": each.text} for each in consequences],
    }


def _begun(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
