"""Compute Engine: the group's machines, their data disks and the service account they run as.

Deliberately absent: a fixed address (it bills while the machine is off), customer-supplied disk keys and
confidential computing (neither protects a course's data from anything that it fears), project-wide SSH keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_gcp import compute, projects, serviceaccount, storage

from catalog import tables
from infra import startup
from infra.component import Component, Place
from infra.github import GitHub
from infra.network import Network
from infra.operator import Operator
from infra.registry import full_image
from infra.settings import Settings
from infra.settings.machines import Machine
from infra.stores import Stores, environment


class Machines(Component):
    """Machines that stop by themselves, all running as one service account of the stack."""

    def __init__(
        self,
        place: Place,
        settings: Settings,
        *,
        network: Network,
        stores: Stores,
        github: GitHub | None,
    ):
        super().__init__("machines", place)
        self._settings = settings
        self._network = network
        self.account: serviceaccount.Account = self.service_account(
            "machines",
            purpose="the machines of the group",
            # Only a member makes roles: over night the operator's stays for who of the course deploys, and with it the
            # account that it is named after.
            keep=bool(place.course.deploy),
        )
        self._attachable = github.let_deploy_use("machines", self.account) if github else []
        self._attachable += self.let_course_use("machines", self.account)
        self.operator: pulumi.Output[str] = Operator(place, self.account).role.name
        self.grant_project("machines", self.account, ["roles/logging.logWriter", "roles/monitoring.metricWriter"])
        stores.storage.grant(
            "machines-use",
            self.account.member,
            "roles/storage.objectUser",
            "data",
            "models",
            "staging",
            under=self,
        )
        stores.storage.grant_seeing("machines", self.account.member, "data", "models", "staging", under=self)
        stores.registry.grant("machines-read", self.account.member, "roles/artifactregistry.reader", under=self)
        stores.secrets.grant_reading("machines", self.account.member, under=self)

        self._environment = environment(place, stores.secrets.readable("machines"))
        schedules = self._schedules(stores.storage.data) if settings.lease.stop_schedule else {}
        self.instances = {name: self._instance(name, machine, schedules) for name, machine in settings.machines.items()}
        self.register_outputs({})

    def _instance(
        self, name: str, machine: Machine, schedules: Mapping[str, compute.ResourcePolicy]
    ) -> compute.Instance:
        settings, place = self._settings, self.place
        zone = settings.zone_of(machine)
        region = tables.region_of(zone)
        # What the table says of an image counts where the table's own name of it stands: a machine that is up with
        # PROJECT/FAMILY would be made anew on a boot disk of another size.
        image = None if "/" in (machine.image or "") else settings.image_of(machine)
        gpu = _gpu(machine)
        labels = place.labelled("machines", machine.labels)
        disk = self._data_disk(name, machine, zone, labels) if machine.data_disk else None
        return compute.Instance(
            name,
            name=place.names.resource(name),
            project=place.project,
            zone=zone,
            machine_type=machine.machine_type,
            labels=labels,
            # So that another machine type or service account is an edit, not an error, while it runs.
            allow_stopping_for_update=True,
            can_ip_forward=False,
            deletion_protection=False,
            boot_disk=_boot_disk(machine, image, settings.boot_disk_type(machine), labels),
            attached_disks=[compute.InstanceAttachedDiskArgs(source=disk.self_link, device_name="work")]
            if disk
            else None,
            guest_accelerators=[compute.InstanceGuestAcceleratorArgs(type=gpu, count=machine.gpu.count)]
            if machine.gpu and gpu
            else None,
            network_interfaces=[
                compute.InstanceNetworkInterfaceArgs(
                    subnetwork=self._network.subnets[region].id,
                    # An empty block asks for an ephemeral address; none at all leaves the machine without.
                    access_configs=[compute.InstanceNetworkInterfaceAccessConfigArgs(network_tier="PREMIUM")]
                    if settings.network.egress == "address"
                    else None,
                )
            ],
            scheduling=_scheduling(machine),
            shielded_instance_config=compute.InstanceShieldedInstanceConfigArgs(
                # A driver that is not signed for secure boot would not load.
                enable_secure_boot=bool(image and image.secure_boot),
                enable_vtpm=True,
                enable_integrity_monitoring=True,
            ),
            service_account=compute.InstanceServiceAccountArgs(
                email=self.account.email, scopes=["https://www.googleapis.com/auth/cloud-platform"]
            ),
            metadata=self._metadata(machine),
            resource_policies=schedules[region].self_link if region in schedules else None,
            opts=self.child(
                depends_on=[*self._attachable, *(self._agent_may_stop if schedules else ())],
                # Removing the GPU block alone is "no change" to the provider, and the GPU would go on billing.
                replace_on=[f"{machine.gpu.count} {gpu}" if machine.gpu else "no GPU"],
                # A new disk takes the old one's name: "no change" to the machine, which would run without any.
                replace_with=[disk] if disk else (),
            ),
        )

    def _metadata(self, machine: Machine) -> dict[str, Any]:
        image = full_image(self.place, machine.container.image) if machine.container else None
        script = startup.script(machine, image, self._environment, gpu=_has_gpu(machine))
        # The script is metadata like any other: as `metadata_startup_script` each edit would replace the VM.
        return {
            "enable-oslogin": "TRUE",
            "block-project-ssh-keys": "TRUE",
            "serial-port-enable": "FALSE",
            **({"startup-script": script} if script else {}),
            **startup.last_words(machine),
        }

    def _data_disk(self, name: str, machine: Machine, zone: str, labels: Mapping[str, str]) -> compute.Disk:
        settings = machine.data_disk
        assert settings is not None  # noqa: S101 - the caller asked
        return compute.Disk(
            f"{name}-work",
            name=self.place.names.resource(name, "work"),
            project=self.place.project,
            zone=zone,
            type=self._settings.data_disk_type(machine),
            size=settings.size_gb,
            labels=labels,
            opts=self.child("compute", keep=settings.keep),
        )

    def _schedules(self, numbered: storage.Bucket) -> dict[str, compute.ResourcePolicy]:
        """Declare the nightly stop, one policy a region, and let Google's own agent carry it out."""
        settings, place = self._settings, self.place
        # The agent's address holds the project's number, which a bucket of the project tells without a look-up.
        agent = numbered.project_number.apply(
            lambda number: f"serviceAccount:service-{int(number)}@compute-system.iam.gserviceaccount.com"
        )
        place.granted.append(self.operator)
        self._agent_may_stop: tuple[pulumi.Resource, ...] = (
            projects.IAMMember(
                "scheduled-stop-agent",
                project=place.project,
                role=self.operator,
                member=agent,
                opts=self.child("compute", "cloudresourcemanager"),
            ),
        )
        lease = settings.lease
        return {
            region: compute.ResourcePolicy(
                f"stop-{region}",
                name=place.names.resource("stop"),
                project=place.project,
                region=region,
                instance_schedule_policy=compute.ResourcePolicyInstanceSchedulePolicyArgs(
                    vm_stop_schedule=compute.ResourcePolicyInstanceSchedulePolicyVmStopScheduleArgs(
                        schedule=lease.stop_schedule or ""
                    ),
                    time_zone=lease.time_zone,
                ),
                opts=self.child("compute"),
            )
            for region in sorted({tables.region_of(settings.zone_of(m)) for m in settings.machines.values()})
        }


def _gpu(machine: Machine) -> str | None:
    """Give Google's name of the GPU that is attached to a machine; None where none is."""
    if not machine.gpu:
        return None
    known = tables.gpu(machine.gpu.model)
    return known.name if known else machine.gpu.model


def _has_gpu(machine: Machine) -> bool:
    """Say whether a machine has a GPU, attached or with its machine type."""
    return machine.gpu is not None or tables.brings_gpu(machine.machine_type)


def _boot_disk(
    machine: Machine, image: tables.Image | None, kind: str, labels: Mapping[str, str]
) -> compute.InstanceBootDiskArgs:
    return compute.InstanceBootDiskArgs(
        auto_delete=True,
        initialize_params=compute.InstanceBootDiskInitializeParamsArgs(
            image=image.path if image else machine.image,
            size=machine.boot_disk.size_gb or max(20, image.min_gib if image else 50),
            type=kind,
            labels=labels,
        ),
    )


def _migrates(machine: Machine) -> bool:
    kind = tables.machine_type(machine.machine_type)
    return kind.migrates if kind else tables.series(machine.machine_type).get("onHostMaintenance") != "TERMINATE"


def _scheduling(machine: Machine) -> compute.InstanceSchedulingArgs:
    kind = tables.machine_type(machine.machine_type)
    return compute.InstanceSchedulingArgs(
        provisioning_model="SPOT" if machine.spot else "STANDARD",
        preemptible=machine.spot,
        # A stopped machine must stay stopped; Spot does not allow a restart in any case.
        automatic_restart=False,
        on_host_maintenance="TERMINATE" if machine.spot or _has_gpu(machine) or not _migrates(machine) else "MIGRATE",
        instance_termination_action="STOP",
        # Google stops no machine with local SSD unless it is told that what is on it may go.
        on_instance_stop_action=compute.InstanceSchedulingOnInstanceStopActionArgs(discard_local_ssd=True)
        if kind and kind.local_ssd_gib
        else None,
        max_run_duration=compute.InstanceSchedulingMaxRunDurationArgs(seconds=int(machine.max_run)),
    )
