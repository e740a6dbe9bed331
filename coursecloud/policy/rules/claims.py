"""What a stack file says and no table does, and every sum takes for true: prices, a rate, figures of use."""

from collections.abc import Iterator
from decimal import Decimal

from catalog import tables
from coursecloud.policy.example import Example, settings, then
from coursecloud.policy.rule import Stack, StackRule
from infra.settings import Settings
from infra.settings.lease import Credit
from infra.settings.prices import HourlyPrice

_PART = Decimal("0.9")
"""Of the table's price: prices move by less between two readings of it."""


def _prices(stack: Stack) -> Iterator[str]:
    from coursecloud.cost import prices

    table, own = prices.load(), stack.settings.prices
    sections = (("machineTypes", own.machine_types, prices.machine), ("gpus", own.gpus, prices.gpu))
    for section, given, price in sections:
        for name, each in given.items():
            for key, usd in (("hour", each.hour), ("spot", each.spot)):
                asked = (price(table, name, region, spot=key == "spot") for region in _regions(stack.settings))
                known = [found for found in asked if not isinstance(found, prices.Unknown)]
                if usd is not None and known and Decimal(str(usd)) < min(known) * _PART:
                    yield f"`prices.{section}.{name}.{key}` is {usd:g} USD, and the table has {min(known):.4g}"
    rate, currency = stack.settings.usage.usd_rate, stack.settings.lease.credit.currency
    usual = table.usd(currency)
    if rate is not None and usual is not None and usual < Decimal(str(rate)) * _PART:
        yield f"`usage.usdRate` is {rate:g}, and the table has {usual:.4g} USD for one {currency}"


def _regions(of: Settings) -> frozenset[str]:
    zones = (zone for machine in of.machines.values() for zone in (machine.zone, *machine.fallback_zones) if zone)
    return frozenset({of.region, of.training.region or of.region, *map(tables.region_of, zones)})


def _use(stack: Stack) -> Iterator[str]:
    from coursecloud.cost import credit, usual

    own, given = stack.settings, usual.settings(stack.settings)
    if (own.usage, own.lease.working_hours) == (given.usage, given.lease.working_hours):
        return
    if told := usual.only_so(stack.estimate, usual.estimate(stack.resources, own)):
        yield f"the credit lasts by less than half of the usual figures alone; by those {credit.sentence(told)}"


RULES = (
    StackRule(
        id="prices-from-table",
        title="A price of the stack file is no lower than the table's",
        why="Limits, the day on which the credit ends and gates on money follow from it, and Google bills its own.",
        remedy="Take the price out of the stack file; or an exception with a reason, such as a discount, and an end.",
        severity="high",
        topic="cost",
        check=_prices,
        breaks=(
            Example(
                "dev",
                "stack",
                settings("prices", machine_types={"e2-medium": HourlyPrice(hour=0.001)}),
                says="`prices.machineTypes.e2-medium.hour` is 0.001 USD, and the table has 0.0",
            ),
            Example("gpu", "stack", settings("prices", gpus={"T4": HourlyPrice(hour=0.4, spot=0.01)}), says="T4.spot"),
            Example(
                "dev",
                "stack",
                then(settings("lease", credit=Credit(amount=50, currency="DKK")), settings("usage", usd_rate=1.0)),
                says="`usage.usdRate` is 1, and the table has 0.",
            ),
        ),
        keeps=(
            Example("dev", "stack", settings("prices", machine_types={"e2-medium": HourlyPrice(hour=1)})),
            Example("dev", "stack", settings("prices", machine_types={"x9-new-1": HourlyPrice(hour=0.001)})),
        ),
    ),
    StackRule(
        id="use-as-usual",
        title="The credit lasts by more than what the stack file says of its use",
        why="Whoever uses it as stacks are used has no credit left before the lease ends.",
        remedy="See that nobody uses more than `usage` and `lease.workingHours` say; `coursecloud status` shows it.",
        severity="low",
        topic="cost",
        advisory=True,
        check=_use,
        breaks=(
            Example("gpu", "stack", settings("usage", machines={"trainer": 1}), says="less than half"),
            Example(
                "gpu",
                "stack",
                then(settings("lease", starts=None, ends=None), settings("usage", machines={"trainer": 0.01})),
                says="less than half",
            ),
        ),
        keeps=(Example("gpu", "stack", settings("usage", machines={"trainer": 6})),),
    ),
)
