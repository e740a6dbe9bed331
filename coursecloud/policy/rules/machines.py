"""Machines: they end, a GPU is Spot, and they run as an account of the stack."""

import re
from collections.abc import Iterator

from catalog import limits, tables
from catalog.tables import table
from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.example import DEFAULT_ACCOUNT, DROP, Example, machine, put
from coursecloud.policy.reading import UnknownError, at, entries, is_true, number
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings
from infra.settings.times import Duration

MACHINES = frozenset({"compute.Instance", "compute.InstanceTemplate", "compute.RegionInstanceTemplate"}).__contains__

_SHORTEST, _LONGEST = limits.bounds("max-run")
"""Seconds that Compute Engine takes as a run limit ; with a reason in the stack file, all of it."""


def _ends(machine: Registration, settings: Settings) -> Iterator[str]:
    inputs = machine.inputs
    seconds = number(at(inputs, "scheduling.maxRunDuration.seconds"))
    action = at(inputs, "scheduling.instanceTerminationAction")
    if seconds is None:
        yield "nothing stops it: scheduling.maxRunDuration is missing"
        return
    if action not in ("STOP", "DELETE"):
        yield f"its run limit does nothing: instanceTerminationAction is {action!r}"
    kind = tables.machine_type(str(at(inputs, "machineType")).rpartition("/")[2])
    local = list(entries(inputs, "scratchDisks")) or (kind and kind.local_ssd_gib)
    if local and action == "STOP" and at(inputs, "scheduling.onInstanceStopAction.discardLocalSsd") is not True:
        yield "nothing stops it: it has local SSD, and `discardLocalSsd` does not say that what is on it may go"
    declared = settings.machines.get(machine.name)
    limit = _LONGEST if declared and declared.max_run_reason else expected.LONG_RUN
    if not _SHORTEST <= seconds <= limit:
        yield f"it runs up to {Duration(seconds)}, and the stack file gives no reason for more than {Duration(limit)}"


def has_gpu(machine: Registration) -> bool:
    """Say whether a machine has a GPU, added to it or brought by its type; False for a type that nobody knows."""
    if any(number(at(gpu, "count", 0)) for gpu in entries(machine.inputs, "guestAccelerators")):
        return True
    name = str(at(machine.inputs, "machineType")).rpartition("/")[2]
    known = tables.machine_type(name)
    return bool(known and known.gpu)


def _spot(machine: Registration, settings: Settings) -> Iterator[str]:
    spot = at(machine.inputs, "scheduling.provisioningModel") == "SPOT" or is_true(
        at(machine.inputs, "scheduling.preemptible")
    )
    declared = settings.machines.get(machine.name)
    if spot or (declared and declared.on_demand_gpu):
        return
    if has_gpu(machine):
        yield "it has a GPU at the full price, and the stack file does not say `onDemandGpu: true`"
    name = str(at(machine.inputs, "machineType")).rpartition("/")[2]
    if tables.machine_type(name) is None:
        what = f"whether machine type {name}, which the dated table does not have, brings a GPU"
        raise UnknownError(what, f"nobody here knows {what}, and it is not Spot")


def _account(machine: Registration, _: Settings) -> Iterator[str]:
    # Without the block there is no account at all, which is safe.
    for account in entries(machine.inputs, "serviceAccount"):
        email = at(account, "email")
        if email is None:
            yield "it names no service account, and so runs as the project's default one"
        elif any(re.search(pattern, str(email)) for pattern in table("google")["defaultAccounts"]):
            yield f"it runs as a default service account, {email}"


RULES = (
    ResourceRule(
        id="machine-ends",
        title="A machine stops by itself",
        why="The forgotten machine is the whole cost tail of a course: groups lost their credit to one.",
        remedy="Set maxRun (up to 24h) in the stack file, or a longer one with maxRunReason.",
        severity="critical",
        topic="cost",
        applies=MACHINES,
        check=_ends,
        breaks=(
            Example("dev", "workbench", machine("scheduling.maxRunDuration", DROP), says="nothing stops it"),
            Example("dev", "workbench", machine("scratchDisks", [{"interface": "NVME"}]), says="it has local SSD"),
        ),
        keeps=(Example("dev", "workbench", machine("scheduling.maxRunDuration.seconds", 86400)),),
    ),
    ResourceRule(
        id="machine-gpu-spot",
        title="A GPU is Spot, or said to be dear",
        why="At the full price a GPU costs two to three times as much; nobody should pay that by default.",
        remedy="Add `spot: true`, or `onDemandGpu: true` where an interruption would lose work.",
        severity="high",
        topic="cost",
        applies=MACHINES,
        check=_spot,
        breaks=(
            Example(
                "gpu",
                "trainer",
                put(
                    "compute.Instance", "trainer", "scheduling", {"provisioningModel": "STANDARD", "preemptible": False}
                ),
                says="full price",
            ),
        ),
        keeps=(Example("gpu", "trainer", put("compute.Instance", "trainer", "machineType", "n1-standard-8")),),
    ),
    ResourceRule(
        id="machine-own-account",
        title="A machine runs as an account of the stack",
        why="The default account is often an editor of the whole project, and so is whoever gets onto the machine.",
        remedy="Give service_account the e-mail of an account that the stack declares.",
        severity="high",
        applies=MACHINES,
        check=_account,
        trivy=("AVD-GCP-0044",),
        cis=("4.1", "4.2"),
        breaks=(
            Example(
                "dev",
                "workbench",
                machine("serviceAccount.email", DEFAULT_ACCOUNT),
                says="default service account",
                checkov=("CKV_GCP_30", "CKV_GCP_31"),
            ),
        ),
        keeps=(Example("dev", "workbench", machine("serviceAccount", DROP)),),
    ),
)
