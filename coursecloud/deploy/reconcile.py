"""What was changed by hand: said by kind, and settled; what grew is written into the stack file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from coursecloud.common import stack_file
from coursecloud.deploy import openings
from coursecloud.deploy.cloud import CloudError
from coursecloud.deploy.drift import Drift, Kind
from coursecloud.deploy.preconditions import RefusedError, settings_of
from coursecloud.deploy.session import Day
from infra.settings import SettingsError

Json = dict[str, Any]

_MOST = 3
"""So many lines of what could not be read are printed; an account with few rights can read none of it."""

_HEADS: dict[Kind, tuple[str, str]] = {
    "gone": ("GONE, deleted by hand", "is made anew by this update"),
    "grown": ("GROWN by hand", "stays so, and is written into the stack file"),
    "opened": ("OPENED or unguarded by hand", "is put back after a question"),
    "changed": ("Changed by hand", "is put back; to keep it, write it into the stack file first"),
}
_DELETING: dict[Kind, tuple[str, str]] = {
    "gone": ("GONE, deleted by hand", "is no obstacle"),
    "grown": ("GROWN by hand", "is written into the stack file by the next `up`"),
    "opened": ("OPENED or unguarded by hand", "is put back by the next `up`, after a question"),
    "changed": ("Changed by hand", "is put back by the next `up`"),
}


def said(found: Iterable[Drift], *, deleting: bool = False) -> Iterator[str]:
    """Say what was changed by hand, gravest first."""
    listed = list(found)
    heads = _DELETING if deleting else _HEADS
    for kind in ("opened", "gone", "grown", "changed"):
        of_kind = [change for change in listed if change.kind == kind]
        if of_kind:
            head, then = heads[kind]
            yield f"{head}; it {then}:"
            yield from (f"    {change}" for change in of_kind)


def settle(day: Day, found: Sequence[Drift], beside: openings.Openings) -> list[str]:
    """Say what was changed, write what grew into the stack file, ask about what was opened.

    Gives the URNs of which the state has to follow the cloud before an update, so that it makes them as the file says.
    `beside` is what was opened where no resource of the stack shows it.
    """
    day.say(*said(found), *_said_beside(beside))
    for change in found:
        if change.kind == "grown":
            _write_down(day, change)
    opened = [change for change in found if change.kind == "opened"]
    closable = [opening for opening in beside.openings if opening.closable]
    if (opened or closable) and not day.agreed("Put back what was opened"):
        day.say("Left as it is; each `up` asks again.")
        day.left_open = len(opened) + len(beside.openings)
        # The state follows a resource as a whole, so whoever leaves one guard off leaves the rest of it, too.
        return sorted({change.urn for change in found} - {change.urn for change in opened})
    day.left_open = len(beside.openings) - len(closable)
    for opening in closable:
        close(day, opening)
    for change in opened:
        _narrow(day, change)
    return sorted({change.urn for change in found})


def close(day: Day, opening: openings.Opening) -> None:
    """Close what was opened by hand, and count it; say where Google refuses."""
    day.touched = True
    try:
        openings.close(day.cloud, opening)
    except CloudError as error:
        day.left_open += 1
        day.say(f"    NOT closed: {opening}: {error.words}", f"        remedy  {opening.command}")
        return
    day.done.append(("closed", opening.resource))


def _said_beside(beside: openings.Openings) -> Iterator[str]:
    """Say what was opened where no resource of the stack shows it, and what could not be looked at."""
    if beside.openings:
        yield "OPENED by hand, beside what the stack declares:"
    for opening in beside.openings:
        yield f"    {opening}"
        if not opening.closable:
            yield f"        only you know what depends on it; this closes it: {opening.command}"
    if len(beside.unread) > _MOST:
        yield f"not read: {len(beside.unread)} things in which something may be open; the first: {beside.unread[0]}"
    else:
        yield from beside.unread


def _narrow(day: Day, change: Drift) -> None:
    """Put a firewall's ranges back where the provider cannot.

    It takes 0.0.0.0/0 in place of one other range for the same (`diffSuppressSourceRanges` in
    resource_compute_firewall.go, read 2026-11-27): an update would leave the firewall open, and say that it is done.
    """
    world = any(value.path.startswith("sourceRanges") and "0.0.0.0/0" in str(value.now) for value in change.values)
    if change.type != openings.FIREWALL or not world:
        return
    day.touched = True
    path, ranges = str(change.state.get("id")), cast("Json", change.state.get("inputs") or {}).get("sourceRanges")
    try:
        begun = day.cloud.call("PATCH", "compute", path, body={"sourceRanges": ranges})
        day.cloud.done(begun, path.split("/")[1], openings.SECONDS)
    except CloudError as error:
        day.left_open += 1
        day.say(f"    NOT closed: {change}: {error.words}")
        return
    day.done.append(("closed", change.urn))


def _write_down(day: Day, change: Drift) -> None:
    """Write a size into the stack file, where the file still asks for that disk and for less of it."""
    disk = change.type == "gcp:compute/disk:Disk"
    called = change.name.removesuffix("-work") if disk else change.name
    machine = day.settings.machines.get(called)
    asked = (machine.data_disk if disk else machine.boot_disk) if machine else None
    if not asked:
        # Whoever took it out of the file is asked about what is in it.
        day.say(f"    the stack file asks for no size of {change.name}, and nothing is written for it")
        return
    path = f"coursecloud:machines.{called}.{'dataDisk' if disk else 'bootDisk'}.sizeGb"
    file = stack_file.path_of(day.stack, day.root)
    for value in change.values:
        if (asked.size_gb or 0) >= cast("float", value.now):
            day.say(f"    {file.name}: {path} is {asked.size_gb}, which it will have")
            continue
        day.touched = True  # the stack file is, and whoever is refused after it has to know
        before = file.read_text(encoding="utf-8")
        day.pulumi.run("config set", "--path", path, str(value.now))
        try:
            day.settings = settings_of(day.root, day.stack)
        except SettingsError as error:
            file.write_text(before, encoding="utf-8")
            raise RefusedError(f"{day.about} stopped: {change} cannot be written into {file.name}\n{error}") from None
        day.say(f"    {file.name}: {path} is {value.now} now")
