"""Machines: they end, they are nobody else's, and nobody logs in past OS Login."""

import re
from collections.abc import Iterator

from catalog import limits, tables
from catalog.tables import table
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import DEFAULT_ACCOUNT, DROP, Example, add, machine, put
from coursecloud.policy.reading import UnknownError, at, entries, is_true, number
from coursecloud.policy.rule import ResourceRule
from infra.settings import Settings
from infra.settings.machines import LONG_RUN
from infra.settings.times import Duration

_MACHINES = frozenset({"compute.Instance", "compute.InstanceTemplate", "compute.RegionInstanceTemplate"}).__contains__
_LOGINS = frozenset(
    {
        "compute.Instance",
        "compute.InstanceTemplate",
        "compute.RegionInstanceTemplate",
        "compute.ProjectMetadata",
        "compute.ProjectMetadataItem",
    }
).__contains__

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
    declared = settings.machines.get(machine.name)
    limit = _LONGEST if declared and declared.max_run_reason else LONG_RUN
    if not _SHORTEST <= seconds <= limit:
        yield f"it runs up to {Duration(seconds)}, and the stack file gives no reason for more than {Duration(limit)}"


def _has_gpu(machine: Registration) -> bool:
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
    if _has_gpu(machine):
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


def _metadata(machine: Registration, key: str) -> object:
    return at(machine.inputs, f"metadata.{key}")


def _keys(machine: Registration, _: Settings) -> Iterator[str]:
    if not is_true(_metadata(machine, "block-project-ssh-keys")):
        yield "metadata block-project-ssh-keys is not TRUE: any key of the project opens it"


def _os_login(resource: Registration, _: Settings) -> Iterator[str]:
    if short_type(resource.type) == "compute.ProjectMetadataItem":
        if at(resource.inputs, "key") == "enable-oslogin" and not is_true(at(resource.inputs, "value")):
            yield "it switches OS Login off for the whole project"
    elif not is_true(_metadata(resource, "enable-oslogin")):
        yield "metadata enable-oslogin is not TRUE: who may log in is not a question of IAM"


def _serial(machine: Registration, _: Settings) -> Iterator[str]:
    if is_true(_metadata(machine, "serial-port-enable")):
        yield "metadata serial-port-enable is TRUE: the console is open to the internet, past the firewall"


def _forwarding(machine: Registration, _: Settings) -> Iterator[str]:
    if is_true(at(machine.inputs, "canIpForward")):
        yield "canIpForward is true: it can send packets under other machines' addresses"


def _shielded(machine: Registration, _: Settings) -> Iterator[str]:
    for key in ("enableVtpm", "enableIntegrityMonitoring"):
        if not is_true(at(machine.inputs, f"shieldedInstanceConfig.{key}")):
            yield f"shieldedInstanceConfig.{key} is not true"


def _secure_boot(machine: Registration, _: Settings) -> Iterator[str]:
    if not is_true(at(machine.inputs, "shieldedInstanceConfig.enableSecureBoot")) and not _has_gpu(machine):
        yield "shieldedInstanceConfig.enableSecureBoot is not true, and no GPU's driver needs it off"


def _address(machine: Registration, _: Settings) -> Iterator[str]:
    for index, card in enumerate(entries(machine.inputs, "networkInterfaces")):
        if any(list(entries(card, key)) for key in ("accessConfigs", "ipv6AccessConfigs")):
            yield f"network interface {index} has an external address while it runs"


RULES = (
    ResourceRule(
        id="machine-ends",
        title="A machine stops by itself",
        why="The forgotten machine is the whole cost tail of a course: groups lost their credit to one.",
        remedy="Set maxRun (up to 24h) in the stack file, or a longer one with maxRunReason.",
        severity="critical",
        topic="cost",
        applies=_MACHINES,
        check=_ends,
        breaks=(Example("dev", "workbench", machine("scheduling.maxRunDuration", DROP), says="nothing stops it"),),
        keeps=(Example("dev", "workbench", machine("scheduling.maxRunDuration.seconds", 86400)),),
    ),
    ResourceRule(
        id="machine-gpu-spot",
        title="A GPU is Spot, or said to be dear",
        why="At the full price a GPU costs two to three times as much; nobody should pay that by default.",
        remedy="Add `spot: true`, or `onDemandGpu: true` where an interruption would lose work.",
        severity="high",
        topic="cost",
        applies=_MACHINES,
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
        applies=_MACHINES,
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
    ResourceRule(
        id="machine-blocks-project-keys",
        title="Keys of the project open no machine",
        why="A key in the project's metadata opens every machine, for whoever still has it.",
        remedy='Set metadata block-project-ssh-keys="TRUE".',
        severity="medium",
        applies=_MACHINES,
        check=_keys,
        trivy=("AVD-GCP-0030",),
        cis=("4.3",),
        breaks=(
            Example(
                "dev",
                "workbench",
                machine("metadata.block-project-ssh-keys", "FALSE"),
                says="any key",
                checkov=("CKV_GCP_32",),
            ),
        ),
        keeps=(Example("dev", "workbench", machine("metadata.block-project-ssh-keys", "true")),),
    ),
    ResourceRule(
        id="machine-os-login",
        title="Logging in goes by IAM",
        why="With OS Login access ends with the membership; keys in metadata stay.",
        remedy='Set metadata enable-oslogin="TRUE".',
        severity="medium",
        applies=_LOGINS,
        check=_os_login,
        cis=("4.4",),
        breaks=(
            Example(
                "dev",
                "common",
                add("compute/projectMetadata:ProjectMetadata", "common", metadata={"x": "y"}),
                says="not TRUE",
                checkov=("CKV_GCP_33",),
            ),
            Example(
                "dev",
                "workbench",
                machine("metadata.enable-oslogin", "FALSE"),
                says="not TRUE",
                checkov=("CKV_GCP_34",),
            ),
        ),
        keeps=(
            Example(
                "dev",
                "item",
                add("compute/projectMetadataItem:ProjectMetadataItem", "item", key="other", value="FALSE"),
            ),
        ),
    ),
    ResourceRule(
        id="machine-no-serial-console",
        title="The serial console is closed",
        why="It has no firewall: it answers from everywhere.",
        remedy='Set metadata serial-port-enable="FALSE", or leave it out.',
        severity="medium",
        applies=_MACHINES,
        check=_serial,
        cis=("4.5",),
        breaks=(
            Example(
                "dev",
                "workbench",
                machine("metadata.serial-port-enable", "TRUE"),
                says="open to the internet",
                checkov=("CKV_GCP_35",),
            ),
        ),
        keeps=(Example("dev", "workbench", machine("metadata.serial-port-enable", DROP)),),
    ),
    ResourceRule(
        id="machine-no-forwarding",
        title="A machine sends under its own address only",
        why="A machine that forwards can pass itself off as another.",
        remedy="Set can_ip_forward=False.",
        severity="medium",
        applies=_MACHINES,
        check=_forwarding,
        cis=("4.6",),
        breaks=(
            Example("dev", "workbench", machine("canIpForward", True), says="other machines", checkov=("CKV_GCP_36",)),
        ),
        keeps=(Example("dev", "workbench", machine("canIpForward", DROP)),),
    ),
    ResourceRule(
        id="machine-shielded",
        title="A machine measures what it boots",
        why="Without a virtual TPM and integrity monitoring a changed kernel is not noticed.",
        remedy="Set enable_vtpm and enable_integrity_monitoring of shielded_instance_config.",
        severity="medium",
        applies=_MACHINES,
        check=_shielded,
        cis=("4.8",),
        breaks=(
            Example(
                "dev",
                "workbench",
                machine("shieldedInstanceConfig.enableVtpm", False),
                says="enableVtpm",
                checkov=("CKV_GCP_39",),
            ),
        ),
        keeps=(Example("dev", "workbench", machine("shieldedInstanceConfig.enableSecureBoot", False)),),
    ),
    ResourceRule(
        id="machine-secure-boot",
        title="A machine without a GPU boots signed code only",
        why="Secure boot keeps unsigned kernel modules out; only some GPU drivers need it off.",
        remedy="Take an image that supports it, and set enable_secure_boot=True.",
        severity="low",
        advisory=True,
        applies=_MACHINES,
        check=_secure_boot,
        cis=("4.8",),
        breaks=(Example("dev", "workbench", machine("shieldedInstanceConfig.enableSecureBoot", False), says="no GPU"),),
        keeps=(
            Example("gpu", "trainer", put("compute.Instance", "trainer", "shieldedInstanceConfig.enableVtpm", False)),
        ),
    ),
    ResourceRule(
        id="machine-no-address",
        title="A machine has no external address",
        why="What has no address cannot be reached when the firewall is wrong. Cloud NAT costs more for one machine.",
        remedy="Set `egress: nat` under coursecloud:network.",
        severity="low",
        advisory=True,
        applies=_MACHINES,
        check=_address,
        cis=("4.9",),
        breaks=(
            Example(
                "full",
                "runner",
                put("compute.Instance", "runner", "networkInterfaces.0.accessConfigs", [{"networkTier": "PREMIUM"}]),
                says="interface 0",
                checkov=("CKV_GCP_40",),
            ),
        ),
        keeps=(Example("dev", "workbench", machine("networkInterfaces.0.accessConfigs", [])),),
    ),
)
