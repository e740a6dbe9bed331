"""Holds an account against the bill of a simulated world: per resource, to the minute and the hundredth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from coursecloud.cost import prices
from coursecloud.spend import account, ledger
from coursecloud.spend.account import Account
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.model import Look
from coursecloud.spend.rates import Rates
from tests.coursecloud import costs
from tests.spend import delivered, kept_as_read, lost, scenarios, unseen
from tests.spend.simulator import World, usd_an_hour


def rates() -> Rates:
    """Price as stack dev does."""
    return Rates(costs.committed("dev").settings, prices.load())


@dataclass
class Run:
    """What came of a scenario."""

    mistakes: list[str] = field(default_factory=list[str])
    bill: float = 0.0
    counted: float = 0.0
    looks: int = 0
    worst: float = 0.0
    """The largest difference of a thing, in minutes of its dearest hour an edge, beyond the hundredth."""


def live(seed: int, priced: Rates) -> Run:
    """Live a scenario by chance, and one whose logs never come, and judge both."""
    world = scenarios.world(seed)
    run = lived(world, scenarios.days(world), priced)
    run.mistakes += lost_logs(seed, priced)
    return run


def lived(world: World, days: Iterator[str], priced: Rates) -> Run:
    """Live days of a world and judge every look, and the account that is made anew from the logs at their end."""
    run = Run()
    kept, looks, written = Ledger(delivered.PROJECT), list[Look](), list[Look]()
    morning = delivered.START
    if account.of(kept, priced):
        run.mistakes.append("there is an account before anybody has looked")
    for event in days:
        if event == "morning":
            morning = delivered.when(world.now)
            continue
        look = delivered.look(
            world, ledger.read_from(kept, delivered.START, delivered.when(world.now)), world.odds.failing
        )
        looks.append(look)
        run.looks += 1
        if world.random.random() < world.odds.cut:
            continue  # it ended before it had written anything
        kept = ledger.fold(kept, look)
        written.append(look)
        if world.random.random() < world.odds.twice:
            written.append(world.random.choice(looks))
            kept = ledger.fold(kept, written[-1])
        settled = account.of(kept, priced)
        assert settled
        run.mistakes += [f"look {run.looks}: {each}" for each in differences(world, settled, kept, run)]
        run.mistakes += [f"look {run.looks}: {each}" for each in otherwise(world, settled, kept, look)]
        run.mistakes += [f"look {run.looks}: {each}" for each in kept_as_read.unsaid(settled, look)]
        run.mistakes += [f"look {run.looks}: {each}" for each in kept_as_read.unread(kept, written)]
        run.mistakes += [f"look {run.looks}: {each}" for each in kept_as_read.disordered(settled)]
        run.mistakes += [f"look {run.looks}: {each}" for each in kept_as_read.unheard(world, kept, look)]
        today = differences(world, settled, kept, run, begin=morning, before=world.mornings)
        run.mistakes += [f"look {run.looks}, today: {each}" for each in today]
    world.wait(max([world.now, *(entry.received for entry in world.entries)]) + DAY_AFTER)
    last = delivered.look(world, ledger.read_from(kept, delivered.START, delivered.when(world.now)), 0.0)
    kept = ledger.fold(kept, last)
    settled = account.of(kept, priced)
    assert settled
    run.mistakes += [f"at the end: {each}" for each in differences(world, settled, kept, run, final=True)]
    run.mistakes += [f"at the end: {each}" for each in otherwise(world, settled, kept, last)]
    run.mistakes += [f"at the end: {each}" for each in doubted(world, settled)]
    run.mistakes += [f"at the end: {each}" for each in others_by_name(world, settled)]
    run.bill, run.counted = sum(world.bill().values()), float(settled.spent(delivered.START))
    named = any(_unknowable(delivered.full(path), settled) for path in world.bill())
    if abs(run.bill - run.counted) > 0.01 * run.bill + _minutes(world) and not named:
        run.mistakes.append(f"at the end: {run.counted} in all, the bill is {run.bill}")
    run.mistakes += _again(world, looks, last, priced, settled, kept)
    return run


DAY_AFTER = 26 * 3600


def _minutes(world: World) -> float:
    return sum(many * dearest / 60 for many, dearest in world.edges().values())


def differences(
    world: World,
    settled: Account,
    kept: Ledger,
    run: Run,
    *,
    begin: datetime = delivered.START,
    before: Mapping[str, float] | None = None,
    final: bool = False,
) -> Iterator[str]:
    """List what differs by more than a minute of each edge, a hundredth, and what is said to be in doubt.

    Counted from `begin`, until which the bill was `before`; at the end (`final`) nothing may be in doubt.
    """
    missing = undelivered(world, kept)
    names = {delivered.full(path): path for path in world.bill()}
    counted, doubt = dict[str, float](), dict[str, float]()
    for entry in settled.entries:
        name = entry.life.resource
        counted[name] = counted.get(name, 0.0) + float(entry.spent(begin, settled.at))
        doubt[name] = doubt.get(name, 0.0) + float(entry.doubt(begin, settled.at))
    for name in counted.keys() - names.keys():
        yield f"{name} is on the account, and never was"
    edges, bill = world.edges(), world.bill()
    for name, path in names.items():
        usd, (many, dearest) = bill[path] - (before or {}).get(path, 0.0), edges[path]
        late = path in missing  # what no log has delivered is shown as such
        off = abs(counted.get(name, 0.0) - usd)
        if _unknowable(name, settled):
            continue
        allowed = many * dearest / 60 + 0.01 * usd + (0.0 if final else doubt.get(name, 0.0)) + 1e-9
        if off > allowed and not (late and not final):
            yield f"{name} has {counted.get(name)} on the account, and {usd} on the bill; {allowed} is allowed"
        if final and dearest:
            run.worst = max(run.worst, (off - 0.01 * usd) / dearest * 60 / many)
        if final and "/sql/" in path and not any("database" in each for each in settled.unknown):
            yield f"{name} has no price, and is not named"


def otherwise(world: World, settled: Account, kept: Ledger, look: Look) -> Iterator[str]:
    """List what is there and is not shown as it is: its state, since when and why, its name, what it costs an hour."""
    if look.unread:
        return
    missing = undelivered(world, kept, lease=True)
    there = {each.path: each for each in world.there()}
    boots = {id(each.boot) for each in world.things}  # of which their machines tell
    shown = {entry.life.resource: entry for entry in settled.there}
    for path, thing in there.items():
        name = delivered.full(path)
        entry = shown.get(name)
        if path in missing or _unknowable(name, settled, there=True):
            continue
        if entry is None:
            yield f"{name} is there, and not shown"
            continue
        state = "runs" if thing.running else "stopped"
        since = thing.started if thing.running and thing.kind == "instances" else thing.stopped
        hour = None if thing.kind == "sql" else usd_an_hour(thing.kind, thing.config, thing.running)
        was, told = (entry.name, entry.state, entry.per_hour), (thing.name, state, hour)
        if was[:2] != told[:2] or (was[2] is None) != (hour is None) or abs(float(was[2] or 0) - (hour or 0)) > 1e-6:
            yield f"{name} is shown as {was}, and is {told}"
        if since is not None and abs((entry.since - delivered.when(since)).total_seconds()) > 60:
            yield f"{name} is {entry.state} since {entry.since}, and was since {delivered.when(since)}"
        seen = thing.kind not in world.hidden and id(thing) not in boots
        if seen and entry.life.last_seen != settled.at:
            yield f"{name} is said to be seen last at {entry.life.last_seen}, and was now"
        if seen and entry.life.declared != thing.declared:
            yield f"{name} is said {'' if entry.life.declared else 'not '}to be the stack's"
        if entry.life.by != thing.by and thing.made >= 0:
            yield f"{name} is said to be of {entry.life.by!r}, and is of {thing.by!r}"
        reason = "" if thing.running else thing.reason
        if thing.kind == "instances" and entry.reason != reason:
            yield f"{name} {entry.state} because of {entry.reason!r}, and {state} of {reason!r}"
    if not missing and not any("no log and no look" in reason for each in settled.there for reason in each.unknown):
        hour = sum(usd_an_hour(each.kind, each.config, each.running) for each in there.values())
        if abs(float(settled.per_hour) - hour) > 1e-6:
            yield f"all of it costs {settled.per_hour} an hour, and is {hour}"
    order = [(each.per_hour is not None, -(each.per_hour or 0)) for each in settled.there]
    if order != sorted(order):
        yield "what is there is not shown dearest first, what has no price before all else"
    for entry in settled.there:
        path = next((each for each in world.bill() if delivered.full(each) == entry.life.resource), "")
        if path not in there and path not in missing:
            yield f"{entry.life.resource} is shown, and is gone"


def undelivered(world: World, kept: Ledger, *, lease: bool = False) -> set[str]:
    """Name what logs have not told all of yet; only of what was done in the `lease`, where looks tell the rest."""
    known = {change.id.rpartition("/")[2].removesuffix("-again") for change in kept.changes.values()}
    entries = (entry for entry in world.entries if entry.at >= 0 or not lease)  # what was before nobody reads
    missing = {entry.path for entry in entries if entry.ident.removesuffix("-again") not in known}
    return missing | {path.replace("/instances/", "/disks/") for path in missing}


def doubted(world: World, settled: Account) -> Iterator[str]:
    """List what is in doubt although every log has come: nothing but what was there before any log that is read."""
    for path, (many, dearest) in world.edges().items():
        name = delivered.full(path)
        usd = sum(float(each.doubt(delivered.START, settled.at)) for each in settled.entries
                  if each.life.resource == name)  # fmt: skip
        if _unknowable(name, settled) and not _old(world, path):
            yield f"nobody knows what {name} was, and all was said of it"
        if usd > many * dearest / 60 + 1e-9 and not _old(world, path):
            yield f"{name} has {usd} in doubt, and all was said of it"


def others_by_name(world: World, settled: Account) -> Iterator[str]:
    """List of which name there are more lives than things had it, or lives of somebody else's."""
    for path in world.bill():
        things = [each for each in world.things if each.path == path]
        lives = sorted((each.life for each in settled.entries if each.life.resource == delivered.full(path)),
                       key=lambda life: life.uses[0].begin)  # fmt: skip
        if len(lives) > len(things):
            yield f"{path} has {len(lives)} lives, and was made {len(things)} times"
        if len(lives) != len(things) or _old(world, path):
            continue
        for thing, life in zip(things, lives, strict=True):
            if thing.kind in ("instances", "addresses") and life.last_seen and life.declared != thing.declared:
                yield f"{path} of {thing.made} is said {'' if life.declared else 'not '}to be the stack's"
            if life.by != thing.by:
                yield f"{path} of {thing.made} is said to be of {life.by!r}, and was of {thing.by!r}"


def lost_logs(seed: int, priced: Rates) -> Iterator[str]:
    """List what is counted or in doubt otherwise than nobody can know it, where logs never come."""
    for days in (lost.live(seed), unseen.live(seed)):
        yield from _bounded(days, priced)


def _bounded(days: Iterator[lost.Lost | World], priced: Rates) -> Iterator[str]:
    kept, world = Ledger(delivered.PROJECT), None
    for event in days:
        if isinstance(event, World):
            world = event
            kept = ledger.fold(kept, delivered.look(world, delivered.START, 0.0))
            continue
        settled = account.of(kept, priced)
        assert settled
        for path in event.world.bill():
            entries = [each for each in settled.entries if each.life.resource == delivered.full(path)]
            nobody = any(each.unknown for each in entries)
            if nobody != (path in event.unknown):
                yield f"{event.kind}: {path} has {'no price' if nobody else 'a price that nobody knows'}"
        for path, (low, high) in event.bounds.items():
            name = delivered.full(path)
            entries = [each for each in settled.entries if each.life.resource == name]
            usd = sum(float(each.spent(delivered.START, settled.at)) for each in entries)
            doubt = sum(float(each.doubt(delivered.START, settled.at)) for each in entries)
            allowed = event.world.edges()[path][0] * event.world.edges()[path][1] / 60 + 1e-9
            counted = high if event.high else low
            if abs(usd - counted) > allowed or abs(doubt - abs(high - low)) > allowed:
                yield f"{event.kind}: {name} has {usd} and {doubt} in doubt; {counted} and {abs(high - low)} are right"
            state = entries[-1].state if entries else "missing"
            if "/instances/" in path and state != "gone" and (shape := entries[-1].life.shape):
                # With its boot disk, whose type a machine that was seen alone has from before.
                nobody = bool(priced.whole(shape, path).unknown)
                if nobody != (path.replace("/instances/", "/disks/") in event.unknown):
                    yield f"{event.kind}: {path} has {'no price' if nobody else 'a price'} with its disk"
            if (state == "gone") != (path in event.gone):
                yield f"{event.kind}: {name} is shown as {state}"


def _old(world: World, path: str) -> bool:
    return any(each.made < 0 for each in world.things if each.path == path)


def _unknowable(name: str, settled: Account, *, there: bool = False) -> bool:
    """Say whether an account names something as that of which nothing says what it is: older than what logs tell.

    Of what is `there` now, or of all that had the name.
    """
    machine = name.replace("/disks/", "/instances/")
    among = settled.there if there else settled.entries
    entries = (entry for entry in among if entry.life.resource in (name, machine))
    return any("no log and no look says what" in reason for entry in entries for reason in entry.unknown)


def _again(world: World, looks: list[Look], last: Look, priced: Rates, settled: Account, kept: Ledger) -> Iterator[str]:
    # In another order, and each twice.
    shuffled = [*looks, *looks, last]
    world.random.shuffle(shuffled)
    yield from kept_as_read.poorer(kept, last)
    one = Ledger(delivered.PROJECT)
    for look in shuffled:
        one = ledger.fold(one, look)
    ordered = Ledger(delivered.PROJECT)
    for look in [*looks, last]:
        ordered = ledger.fold(ordered, look)
    if one != ordered:
        yield "looks in another order give another ledger"
    anew = ledger.fold(Ledger(delivered.PROJECT), delivered.look(world, delivered.START, 0.0))
    rebuilt = account.of(anew, priced)
    assert rebuilt
    edges = world.edges()
    for path in world.bill():
        name, (many, dearest) = delivered.full(path), edges[path]
        was, will = (
            sum(float(entry.spent(delivered.START, made.at)) for entry in made.entries if entry.life.resource == name)
            for made in (settled, rebuilt)
        )
        if _unknowable(name, rebuilt):
            continue
        if abs(was - will) > many * dearest / 60 + 1e-9:
            yield f"{name} has {was} on the account that was kept, and {will} on the one from the logs"
