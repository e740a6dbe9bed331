"""What a look at a simulated world gives: things and log entries in the words of a look, as far as they are read."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from coursecloud.spend.model import Act, Change, Found, Look, Shape
from tests.spend.simulator import Entry, Thing, World

START = datetime(2026, 11, 23, tzinfo=UTC)
"""The first second of the simulated lease."""
PROJECT = "123456789012"
TYPES = {
    "instances": ("gcp:compute/instance:Instance", "compute.googleapis.com/Instance"),
    "disks": ("gcp:compute/disk:Disk", "compute.googleapis.com/Disk"),
    "addresses": ("gcp:compute/address:Address", "compute.googleapis.com/Address"),
    "services": ("gcp:cloudrunv2/service:Service", "run.googleapis.com/Service"),
    "customJobs": ("", "aiplatform.googleapis.com/CustomJob"),
    "routers": ("gcp:compute/routerNat:RouterNat", "compute.googleapis.com/Router"),
    "sql": ("", "sqladmin.googleapis.com/Instance"),
}


def when(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def full(path: str) -> str:
    """Give the full name of a thing."""
    zone, kind, name = path.split("/")
    if kind in ("instances", "disks"):
        return f"//compute.googleapis.com/projects/p/zones/{zone}/{kind}/{name}"
    if kind == "customJobs":
        name = str(10**9 + zlib.crc32(name.encode()))  # Google gives a job a number, and shows its name
    service = TYPES[kind][1].partition("/")[0]
    return f"//{service}/projects/p/locations/{zone[:-2]}/{kind}/{name}"


def look(world: World, since: datetime, failing: float) -> Look:
    """Look at a world, each part of which fails by chance."""
    chance = world.random
    unread = list[tuple[str, str]]()
    found = list[Found]()
    refused = {kind: asset for kind, (_, asset) in TYPES.items() if chance.random() < failing} | world.hidden
    # A boot disk is told of with its machine, where that is listed.
    boots = {id(each.boot) for each in world.there("instances")} if "instances" not in refused else set[int]()
    for kind in TYPES:
        if kind in refused:
            unread += [(refused[kind], "Google answers 503")] if refused[kind] else []
            continue
        typed = "disks" not in refused
        seen = [_found(each, typed=typed) for each in world.there(kind) if id(each) not in boots]
        found += [replace(each, **dict.fromkeys(world.untold)) for each in seen]
    changes, complete = list[Change](), when(world.now - 60)
    for log in ("admin", "system"):
        if chance.random() < failing or log in world.hidden:
            unread.append((f"logging.googleapis.com/{log}", "Google answers 503"))
            complete = None
            continue
        changes += [_change(each) for each in world.delivered() if each.log == log and when(each.at) >= since]
    # A Date header has whole seconds, and some of them pass between two answers.
    at = when(world.now - chance.choice([0, 0, 1]))
    return Look(at, PROJECT, tuple(found), tuple(unread), tuple(changes), complete, since)


def _found(each: Thing, *, typed: bool) -> Found:
    times = each.kind in ("instances", "customJobs")
    started, stopped = when(each.started + 3), None if each.stopped is None else when(each.stopped)
    return Found(
        full(each.path),
        shape(each.kind, each.config, live=True, name=each.name, typed=typed),
        each.running and each.config.get("least") != 0,
        started if times else None,
        when(each.made + 1) if each.kind != "routers" else None,  # nor when it was made
        "" if each.kind == "addresses" else each.number,  # an API may give no id where logs do
        each.declared,
        stopped if times and not each.running else None,
    )


def _change(entry: Entry) -> Change:
    return Change(
        f"{entry.log}/{entry.ident}", when(entry.at), when(entry.received), full(entry.path), cast("Act", entry.act),
        "system" if entry.by == "system" else entry.by, entry.reason, entry.number,
        shape(entry.kind, entry.config, name=entry.path.rpartition("/")[2]) if entry.config is not None else None,
    )  # fmt: skip


def shape(kind: str, config: dict[str, Any], *, live: bool = False, name: str = "", typed: bool = True) -> Shape:
    """Say what a thing is, in the words of Pulumi's inputs; of a change only what changed.

    What type a machine's boot disk has Google tells in the list of disks alone: else it is not `typed`.
    """
    type_, asset = TYPES[kind]
    inputs = dict[str, Any]()
    if "zone" in config:
        inputs["zone" if kind in ("instances", "disks") else "region"] = (
            config["zone"] if kind in ("instances", "disks") else config["zone"][:-2]
        )
    if kind == "instances":
        inputs |= _machine(config, live=live, typed=typed)
    elif kind == "disks":
        inputs |= {key: config[key] for key in ("size", "type") if key in config}
    elif kind == "routers":
        inputs["natIpAllocateOption"] = "AUTO_ONLY"
    elif kind == "services":
        limits = {"cpu": "1", "memory": "1Gi"}
        inputs["template"] = {
            "containers": [{"resources": {"limits": limits, "cpuIdle": True}}],
            "scaling": {"minInstanceCount": config["least"], "maxInstanceCount": 3},
        }
    elif kind == "customJobs":
        gpu = {"type": "nvidia-tesla-t4", "count": config["gpus"]}
        inputs["name"] = name
        inputs["pools"] = [{"machineType": config["machine"], "guestAccelerators": [gpu], "count": 1}]
    return Shape(type_, asset, inputs)


def _machine(config: dict[str, Any], *, live: bool, typed: bool) -> dict[str, Any]:
    inputs = dict[str, Any]()
    if "machine" in config:
        inputs["machineType"] = config["machine"]
    if "boot" not in config:
        return inputs
    if config["spot"]:
        inputs["scheduling"] = {"provisioningModel": "SPOT", "preemptible": True}
    if config["gpus"]:
        inputs["guestAccelerators"] = [{"type": "nvidia-tesla-t4", "count": config["gpus"]}]
    if config["address"]:
        inputs["networkInterfaces"] = [{"accessConfigs": [{"natIp": "203.0.113.7"} if live else {}]}]
    parameters = {"size": config["boot"], **({"type": config["bootType"]} if typed else {})}
    source = {"source": f"projects/p/zones/{config['zone']}/disks/{config['disk']}"} if "disk" in config else {}
    inputs["bootDisk"] = {**source, "autoDelete": config["bootGoes"], "initializeParams": parameters}
    return inputs
