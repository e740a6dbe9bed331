"""A world with its own bill: it does things to resources, adds up what each costs, and tells of it as Google does.

It shares nothing with the ledger but the price files, which it reads itself: its times are seconds after the lease's
start, its bill is added up as its own events happen, and what it says is plain data.
"""

from __future__ import annotations

import functools
import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parents[2] / "catalog"
MONTH = 730.0
DAY = 86_400
MACHINES = {
    "e2-medium": (1, 4),
    "e2-standard-4": (4, 16),
    "n1-standard-1": (1, 3.75),
    "n1-standard-4": (4, 15),
    "n1-highmem-2": (2, 13),
}
"""vCPUs that bill and GiB of machine types, from Google's page of machine types (read 2026-11-28)."""
ZONES = ("europe-west1-b", "europe-west4-b")


@functools.cache
def _prices() -> tuple[dict[str, Any], dict[str, Any]]:
    regions = json.loads((CATALOG / "prices-compute.json").read_text(encoding="utf-8"))["regions"]
    for family in ("e2", "n1"):
        table = json.loads((CATALOG / "machine-prices" / f"{family}.json").read_text(encoding="utf-8"))
        for region, hour in table["hour"].items():
            regions[region]["hour"] = {**regions[region]["hour"], **hour}
    services = json.loads((CATALOG / "prices-services.json").read_text(encoding="utf-8"))
    return regions, services


def usd_an_hour(kind: str, config: dict[str, Any], running: bool) -> float:
    """Price what a thing of a kind costs in an hour; the numbers come from the files alone."""
    regions, services = _prices()
    region = config["zone"][:-2]
    hour, month = regions[region]["hour"], regions[region]["gibMonth"]
    if kind == "disks":
        return config["size"] * month[config["type"]] / MONTH
    if kind == "addresses":
        return hour["address-unused"][0]
    if kind == "routers":
        return hour["address"][0]
    if not running or kind == "sql":
        return 0.0
    if kind == "services":
        unit = {name: services["prices"][f"run.{name}-idle"] for name in ("cpu", "memory")}
        return config["least"] * 3600 * sum(unit[name]["usd"] / unit[name]["per"] * config[name] for name in unit)
    spot = int(config["spot"])
    family = config["machine"].partition("-")[0]
    vcpus, gib = MACHINES[config["machine"]]
    total = vcpus * hour[f"{family}.vcpu"][spot] + gib * hour[f"{family}.gib"][spot]
    total += config.get("gpus", 0) * hour["gpu.nvidia-tesla-t4"][spot]
    if kind == "customJobs":
        disk = services["vertexBootDisk"]
        return float(services["vertexFactor"]) * (total + disk["gib"] * month[disk["type"]] / MONTH)
    if config.get("nat"):
        nat = services["prices"]["nat.machines"]
        total += nat["usd"] / nat["per"]
    return total + (hour["address"][spot] if config["address"] else 0.0)


@dataclass
class Thing:
    """One resource from its creation to its end."""

    kind: str
    name: str
    number: str
    config: dict[str, Any]
    made: int
    running: bool = True
    there: bool = True
    started: int = 0
    stopped: int | None = None
    reason: str = ""
    """Why it was stopped, where a log says."""
    by: str = ""
    """Who made it or started it last, where a log says."""
    declared: bool = True
    usd: float = 0.0
    dearest: float = 0.0
    edges: int = 1
    boot: Thing | None = None

    @property
    def path(self) -> str:
        return f"{self.config['zone']}/{self.kind}/{self.name}"


@dataclass
class Entry:
    """What a log will say, and when it does."""

    ident: str
    at: int
    received: int
    log: str
    path: str
    kind: str
    act: str
    by: str
    reason: str
    number: str
    config: dict[str, Any] | None


@dataclass
class Odds:
    """How hard a scenario is."""

    late: float
    doubled: float
    failing: float
    numbered: bool
    """Whether log entries give Google's numeric ids."""
    cut: float = 0.1
    """How many looks end before they have written anything."""
    twice: float = 0.2
    """How often an earlier look is written once more."""


@dataclass
class World:
    """A project with things in it, their bill, and what its logs will say."""

    random: random.Random
    odds: Odds
    now: int = 0
    things: list[Thing] = field(default_factory=list[Thing])
    entries: list[Entry] = field(default_factory=list[Entry])
    mornings: dict[str, float] = field(default_factory=dict[str, float])
    said: dict[str, int] = field(default_factory=dict[str, int])
    hidden: dict[str, str] = field(default_factory=dict[str, str])
    """What no look reads now, a kind of things or a log, and what Google says it refuses; empty where none asks."""
    untold: frozenset[str] = frozenset()
    """Times that no API tells: `made`, or `since` and `stopped`, as of some of Google's kinds."""

    def there(self, kind: str | None = None) -> list[Thing]:
        return [each for each in self.things if each.there and kind in (None, each.kind)]

    def wait(self, until: int) -> None:
        """Let time pass: all that is there bills."""
        for each in self.there():
            rate = usd_an_hour(each.kind, each.config, each.running)
            each.usd += rate * (until - self.now) / 3600
            each.dearest = max(each.dearest, rate)
        self.now = until

    def morning(self) -> None:
        """Note what each name has cost so far."""
        self.mornings = self.bill()

    def bill(self) -> dict[str, float]:
        """Give USD by path, of all things that ever had it."""
        total = dict[str, float]()
        for each in self.things:
            total[each.path] = total.get(each.path, 0.0) + each.usd
        return total

    def edges(self) -> dict[str, tuple[int, float]]:
        """Give by path how often a thing started, stopped or changed, and its dearest hour."""
        found = dict[str, tuple[int, float]]()
        for each in self.things:
            many, dearest = found.get(each.path, (0, 0.0))
            found[each.path] = (many + each.edges, max(dearest, each.dearest))
        return found

    def create(self, kind: str, name: str, config: dict[str, Any], *, logged: bool = True, **more: Any) -> Thing:
        number = str(self.random.randrange(10**18, 10**19))
        thing = Thing(kind, name, number, config, self.now, started=self.now, **more)
        if kind == "instances":
            size = {"zone": config["zone"], "size": config["boot"], "type": config["bootType"]}
            called = config.get("disk", name)
            disk = next((each for each in self.there("disks") if each.name == called), None)
            thing.boot = disk or self._disk(called, size)
            thing.boot.declared = thing.declared
        self.things.append(thing)
        if logged:
            thing.by = "somebody@example.com" if thing.declared else "anybody@example.com"
            self._log(thing, "create", config=config, by=thing.by)
        return thing

    def _disk(self, name: str, config: dict[str, Any]) -> Thing:
        disk = Thing("disks", name, str(self.random.randrange(10**18, 10**19)), config, self.now, started=self.now)
        self.things.append(disk)
        return disk

    def stop(self, thing: Thing, by: str = "somebody@example.com", reason: str = "") -> None:
        """Stop a machine; it bills until it has shut down."""
        self.wait(self.now + self.random.randint(2, 80))
        thing.running, thing.stopped, thing.edges, thing.reason = False, self.now, thing.edges + 1, reason
        self._log(thing, "stop", by=by, reason=reason)

    def start(self, thing: Thing) -> None:
        thing.running, thing.started, thing.edges = True, self.now, thing.edges + 1
        thing.by = f"number-{thing.edges}@example.com"
        # Whoever reads the logs from its creation on knows what is started.
        self._log(thing, "start", by=thing.by, config=thing.config if thing.made >= 0 else None)

    def resize(self, thing: Thing, **config: Any) -> None:
        thing.config, thing.edges = thing.config | config, thing.edges + 1
        self._log(thing, "resize", config=config)

    def end_job(self, thing: Thing) -> None:
        """End a job: no log tells of it, the API does."""
        thing.running, thing.stopped, thing.edges = False, self.now, thing.edges + 1

    def delete(self, thing: Thing) -> None:
        self.drop(thing)
        if thing.boot and thing.config["bootGoes"]:
            self.drop(thing.boot)
        self._log(thing, "delete")
        if thing.boot and thing.boot.there:
            # Whoever reads that sees a disk from then on, by whom it was left; it has no id of its own there.
            thing.boot.by = "somebody@example.com"
            self._log(thing.boot, "create", config=thing.boot.config, numbered=False)

    def drop(self, thing: Thing) -> None:
        """Let something go, of which no log tells."""
        thing.there, thing.edges = False, thing.edges + 1

    def _log(
        self,
        thing: Thing,
        act: str,
        *,
        by: str = "somebody@example.com",
        reason: str = "",
        config: dict[str, Any] | None = None,
        numbered: bool = True,
    ) -> None:
        draw = self.random.random()
        # The times of a log are those of operations: some seconds off, and never out of order for one thing.
        at = max(self.now + self.random.randint(-15, 15), self.said.get(thing.path, self.now - 60) + 1)
        self.said[thing.path] = at
        delay = self.random.randint(1, 20)
        if draw < self.odds.late:
            delay = self.random.choice([600, 3600, 5 * 3600, 15 * 3600]) + self.random.randint(0, 600)
        entry = Entry(
            f"id-{len(self.entries)}", at, max(at, self.now) + delay, "system" if by == "system" else "admin",
            thing.path, thing.kind, act, by, reason, thing.number if self.odds.numbered and numbered else "", config,
        )  # fmt: skip
        self.entries.append(entry)
        if self.random.random() < self.odds.doubled:
            # Another entry of the same operation, or the same again, of which less is read.
            again = replace(entry, received=entry.received + self.random.randint(0, 900))
            if self.random.random() < 0.5:
                again = replace(again, config=None, number="", by="", reason="")
            else:
                again.ident += "-again"
            self.entries.append(again)

    def say(self, thing: Thing, act: str, by: str = "somebody@example.com") -> None:
        """Write into the log what somebody did that changed nothing; who started it is whose it is."""
        thing.by = by if act == "start" else thing.by
        self._log(thing, act, by=by)

    def delivered(self) -> list[Entry]:
        """List what the logs hold by now, in no order."""
        found = [entry for entry in self.entries if entry.received <= self.now]
        self.random.shuffle(found)
        return found
