"""The keys that answers make in a stack file, each with the line that explains it."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import tables
from coursecloud.cli.init.answers import Answers, credit_of, gpu_of, keeps, machine_type_of, region_for
from coursecloud.cli.init.costs import disk_size
from coursecloud.cli.init.forms import date_of
from infra.settings import SettingsError, load
from infra.settings.problem import RuleViolationError


@dataclass(frozen=True)
class KeyLine:
    """One key of the file: its path under `config:`, its value (None for what holds others), and why."""

    path: tuple[str, ...]
    value: Any
    comment: str
    answer: str


def lines(answers: Answers, owner: str = "") -> list[KeyLine]:
    """List the keys that the answers make, each before what it holds. Raises RuleViolationError."""
    return [*_identity(answers, owner), *_lease(answers), *_stores(answers), *_builds(answers), *_machine(answers)]


def _identity(answers: Answers, owner: str) -> Iterator[KeyLine]:
    if project := answers.get("project"):
        yield KeyLine(("gcp:project",), project, "The project that everything is made in and billed to.", "project")
    if region := answers.get("region") or (gpu_of(answers) and region_for(answers)):
        yield KeyLine(("gcp:region",), region, "Where everything is; moving it later loses what it holds.", "region")
    if group := answers.get("group"):
        course = "coursecloud:course"
        yield KeyLine((course,), None, "Whom the bill belongs to: labels on all that bills.", "group")
        yield KeyLine((course, "group"), group, "The group.", "group")
        if owner:
            yield KeyLine((course, "owner"), owner, "Who answers for it, as a pseudonym.", "members")


def _lease(answers: Answers) -> Iterator[KeyLine]:
    lease = "coursecloud:lease"
    given = {name: answers.get(name, "") for name in ("starts", "ends", "credit", "timezone")}
    if any(given.values()):
        yield KeyLine((lease,), None, "How much may be spent, until when.", next(n for n, a in given.items() if a))
    if given["credit"]:
        amount, currency = credit_of(given["credit"])
        yield KeyLine((lease, "credit"), None, "What the group may spend.", "credit")
        yield KeyLine((lease, "credit", "amount"), amount, "How much, in the currency.", "credit")
        yield KeyLine((lease, "credit", "currency"), currency, "The billing account's currency.", "credit")
        if currency != "USD":
            ceiling = min(1000, round(amount / 25, 2)) or 0.01
            yield KeyLine((lease, "maxPerHour"), ceiling, "Most that an hour may cost: a 25th of the credit.", "credit")
    if given["starts"]:
        yield KeyLine((lease, "starts"), str(date_of(given["starts"], "starts")), "First day.", "starts")
    if given["ends"]:
        last = str(date_of(given["ends"], "ends"))
        yield KeyLine((lease, "ends"), last, "Last day; the members' access ends 30 days later.", "ends")
    if given["timezone"]:
        yield KeyLine(
            (lease, "timeZone"), given["timezone"], "Time zone of the working hours, 08:00 to 18:00.", "timezone"
        )


def _stores(answers: Answers) -> Iterator[KeyLine]:
    if not keeps(answers):
        return
    for section, what in (("storage", "data and models"), ("registry", "docker images"), ("secrets", "secrets")):
        yield KeyLine((f"coursecloud:{section}",), None, f"Where {what} are stored.", "keep")
        yield KeyLine(
            (f"coursecloud:{section}", "keep"), True, "`make down` leaves them; they bill over night.", "keep"
        )


def _builds(answers: Answers) -> Iterator[KeyLine]:
    if not (repository := answers.get("repository")):
        return
    match = re.fullmatch(r"(?:https://github\.com/|git@github\.com:)?([^/\s:]+)/([^/\s]+?)(?:\.git)?/?", repository)
    if not match:
        raise RuleViolationError(
            "a repository on GitHub is OWNER/NAME", "write for example my-group/my-project", "repository"
        )
    at, name = "coursecloud:builds", "repository"
    yield KeyLine((at,), None, "Cloud Build: what makes the docker images.", name)
    yield KeyLine((at, "repository"), None, "The repository on GitHub. Connect it once; the plan has the link.", name)
    yield KeyLine((at, "repository", "owner"), match[1], "User or organization.", name)
    yield KeyLine((at, "repository", "name"), match[2], "Name of the repository.", name)
    yield KeyLine((at, "triggers"), None, "What starts a build.", name)
    yield KeyLine((at, "triggers", "trainer"), None, "Makes the image `trainer`.", name)
    yield KeyLine((at, "triggers", "trainer", "branch"), "^main$", "On each push to main.", name)
    yield KeyLine((at, "triggers", "trainer", "dockerfile"), "Dockerfile", "From this file of the repository.", name)


_QUOTA = "New projects have a quota of 0 GPUs: `coursecloud plan` says how to ask for one."


def _machine(answers: Answers) -> Iterator[KeyLine]:
    gpu, keep, at = gpu_of(answers), keeps(answers), "coursecloud:machines"
    if not (answers.get("gpu") or keep):
        return
    name = "trainer" if gpu else "workbench"
    yield KeyLine((at,), None, "Virtual machines by name.", "gpu")
    yield KeyLine((at, name), None, "Stops by itself 8 hours after each start.", "gpu")
    kind = machine_type_of(gpu)
    brings = f", {kind.gpu_count} {gpu.short}. {_QUOTA}" if gpu and not gpu.attached else "."
    yield KeyLine((at, name, "machineType"), kind.name, f"{kind.vcpus:g} vCPUs, {kind.memory_gib:g} GiB{brings}", "gpu")
    if gpu:
        if gpu.attached:
            yield KeyLine((at, name, "gpu"), None, _QUOTA, "gpu")
            yield KeyLine((at, name, "gpu", "model"), gpu.short, "Changing it makes the machine anew.", "gpu")
        yield KeyLine((at, name, "spot"), True, "60-90% cheaper; Google may stop it at any time.", "gpu")
        region = answers.get("region") or region_for(answers)
        zone, *others = tables.zones_for(kind, gpu, region) or ("",)
        if zone:
            alone = "" if others else " No other zone of the region does."
            yield KeyLine((at, name, "zone"), zone, f"Has the machine type and the GPU.{alone}", "gpu")
        if others and (not keep or disk_may_wait_elsewhere()):
            yield KeyLine((at, name, "fallbackZones"), others[:2], "Tried in this order where it is sold out.", "gpu")
    yield KeyLine((at, name, "dataDisk"), None, "The disk for your work, at /mnt/disks/work.", "gpu")
    yield KeyLine((at, name, "dataDisk", "sizeGb"), disk_size(answers), "It can grow; smaller loses the data.", "gpu")
    if keep:
        yield KeyLine(
            (at, name, "dataDisk", "keep"), True, "`make down` leaves it, in its zone; it bills over night.", "keep"
        )
    if gpu and kind.name in tables.table("vertex")["training"]:
        job = "coursecloud:training"
        yield KeyLine((job,), None, "Training jobs on Vertex AI: bill only while they run.", "gpu")
        yield KeyLine((job, "machineType"), kind.name, "What a job runs on.", "gpu")
        if gpu.attached:
            yield KeyLine((job, "gpu"), None, "With this GPU.", "gpu")
            yield KeyLine((job, "gpu", "model"), gpu.short, "Its model.", "gpu")
        yield KeyLine((job, "spot"), True, "At the Spot price; an interrupted job starts again.", "gpu")


@functools.cache
def disk_may_wait_elsewhere() -> bool:
    """Ask the settings whether a machine with a kept disk may have fallback zones: a disk is in one zone only."""
    region = tables.regions()["europe-west1"]
    disk = {"sizeGb": 20, "keep": True}
    machine = {"machineType": "e2-medium", "zone": region[0], "fallbackZones": list(region[1:2]), "dataDisk": disk}
    try:
        load({"gcp:project": "any-project-1", "coursecloud:machines": {"any": machine}}, "any", Path("no folder"))
    except SettingsError:
        return False
    return True
