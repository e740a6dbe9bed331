"""Hardened machines: nobody logs in past OS Login, and what they boot is measured."""

from collections.abc import Iterator

from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import DROP, Example, add, machine, put
from coursecloud.policy.reading import at, entries, is_true
from coursecloud.policy.rule import ResourceRule
from coursecloud.policy.rules.machines import MACHINES, has_gpu
from infra.settings import Settings

_LOGINS = frozenset(
    {
        "compute.Instance",
        "compute.InstanceTemplate",
        "compute.RegionInstanceTemplate",
        "compute.ProjectMetadata",
        "compute.ProjectMetadataItem",
    }
).__contains__


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
    if not is_true(at(machine.inputs, "shieldedInstanceConfig.enableSecureBoot")) and not has_gpu(machine):
        yield "shieldedInstanceConfig.enableSecureBoot is not true, and no GPU's driver needs it off"


def _address(machine: Registration, _: Settings) -> Iterator[str]:
    for index, card in enumerate(entries(machine.inputs, "networkInterfaces")):
        if any(list(entries(card, key)) for key in ("accessConfigs", "ipv6AccessConfigs")):
            yield f"network interface {index} has an external address while it runs"


RULES = (
    ResourceRule(
        id="machine-blocks-project-keys",
        title="Keys of the project open no machine",
        why="A key in the project's metadata opens every machine, for whoever still has it.",
        remedy='Set metadata block-project-ssh-keys="TRUE".',
        severity="medium",
        applies=MACHINES,
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
        applies=MACHINES,
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
        applies=MACHINES,
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
        applies=MACHINES,
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
        remedy="Take an `image` of the table that boots signed code, such as debian; of others it is not known.",
        severity="low",
        advisory=True,
        applies=MACHINES,
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
        applies=MACHINES,
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
