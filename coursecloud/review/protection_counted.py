"""By what else money is counted: figures, prices and hours of the stack file, which are claims and no savings."""

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from coursecloud.cost import Estimate
from coursecloud.diff.property_diff import display, leaves
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import Settings
from infra.settings.lease import Lease


def weaker(old: Settings, new: Settings, now: Estimate | None) -> Iterator[Weaker]:
    """List by what else money is counted: a figure of the stack file is a claim, and no saving."""
    was, will = old.usage.usd_rate, new.usage.usd_rate
    # Taken out, the table's holds; given where it was not, it is a claim whatever it says.
    holds = will if will is not None else rate(now)
    if was != will and holds is not None and (was is None or holds > was):
        then = "the credit and every limit on money are worth in USD what this line says, whatever they are worth"
        before, after = ("the table's" if each is None else f"{each:g}" for each in (was, will))
        yield Weaker("money", "`usage.usdRate`", before, after, then)
    then = "what it costs is what this line says, and no table: costs, rules and gates take it for true"
    before, after = (dict(_own_prices(each)) for each in (old, new))
    for path, usd in after.items():
        if (known := before.get(path)) is None or usd < known:
            part = "what has no known price of it is counted as that, day and night"
            what = part if path.startswith("`prices.resources") else then
            yield Weaker("money", path, "not given" if known is None else f"{known:g} USD", f"{usd:g} USD", what)
    for path, was, will in _unused(old, new):
        then = "not a tenth of it is counted from now on, whatever is used"
        yield Weaker("money", path, f"{was:g}", f"{will:g}", then)
    for path, was, will in _kept(old, new):
        then = "what is old stays there and bills so much longer, and no figure of usage counts it"
        yield Weaker("money", path, was, will, then)
    if new.lease.stop_schedule and old.lease.stop_schedule and not _same_hours(old.lease, new.lease):
        then = f"the nightly stop ({quoted(new.lease.stop_schedule)}) is at that hour of another zone"
        yield Weaker("money", "`lease.timeZone`", old.lease.time_zone, new.lease.time_zone, then)


def _unused(old: Settings, new: Settings) -> Iterator[tuple[str, float, float]]:
    """List the figures of use that become next to nothing: what is free by them today would be so tomorrow, too."""
    before, after = (dict(leaves(("usage",), each.usage.model_dump(by_alias=True))) for each in (old, new))
    for side, settings in ((before, old), (after, new)):
        for name, machine in new.machines.items():
            hours = settings.usage.hours_of(name, machine, settings.lease)
            side["usage", "machines", name] = hours * len(settings.lease.working_hours.days)
    for keys, was in before.items():
        will = after.get(keys)
        if isinstance(was, int | float) and isinstance(will, int | float) and 0 <= will < was / 10:
            week = " (hours a week)" if keys[:2] == ("usage", "machines") else ""
            yield quoted(display(keys)) + week, was, will


def _kept(old: Settings, new: Settings) -> Iterator[tuple[str, str, str]]:
    """List what keeps more than twice what it, or any stack unless given, kept; and tags with which all begin."""
    usual = Settings(stack=new.stack, project=new.project)
    figures = [dict(keeps(each)) for each in (usual, old, new)]
    for path, will in figures[2].items():
        if will > 2 * max(figures[0][path], was := figures[1][path]):
            yield quoted(path), f"{was}", f"{will}"
    was, will = old.registry.keep_tags, new.registry.keep_tags
    if any(len(each) == 1 and each not in (*was, "v") for each in will):
        yield "`registry.keepTags`", ", ".join(was) or "(none)", ", ".join(will)


def keeps(settings: Settings) -> Iterator[tuple[str, int]]:
    """Give how many or how long stores keep what is old."""
    for name in ("data", "models"):
        yield f"storage.{name}.keepNewest", getattr(settings.storage, name).keep_newest
    yield "storage.staging.days", settings.storage.staging.days
    yield "registry.keepNewest", settings.registry.keep_newest
    yield "registry.deleteAfterDays", settings.registry.delete_after_days


def _same_hours(old: Lease, new: Lease) -> bool:
    """Say whether both time zones have the same hours on each day of the lease; without an end, for five years."""
    zones = [ZoneInfo(each.time_zone) for each in (old, new)]
    start = new.starts or datetime.date(2026, 1, 1)
    days = (new.ends - start).days + 1 if new.ends else 5 * 366
    noons = (datetime.datetime.combine(start, datetime.time(12)) + datetime.timedelta(days=n) for n in range(days))
    return all(zones[0].utcoffset(noon) == zones[1].utcoffset(noon) for noon in noons)


def rate(now: Estimate | None) -> float | None:
    """Give what the credit's currency is worth in USD; None where nobody knows."""
    return float(now.rate.usd) if now and now.rate else None


def _own_prices(settings: Settings) -> Iterator[tuple[str, float]]:
    own = settings.prices
    for section, prices in (("machineTypes", own.machine_types), ("gpus", own.gpus)):
        for name, price in prices.items():
            for key, usd in (("hour", price.hour), ("spot", price.spot)):
                if usd is not None:
                    yield quoted(f"prices.{section}.{name}.{key}"), usd
    for name, usd in own.resources.items():
        yield quoted(f"prices.resources.{name}"), usd
