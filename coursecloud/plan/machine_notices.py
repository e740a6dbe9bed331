"""What is assumed of machine types, and what goes with them: text on the dated tables."""

from collections.abc import Iterator

from catalog import tables
from infra.settings import Settings
from infra.settings.machines import Machine


def taken_for_granted(settings: Settings, machine: Machine) -> Iterator[str]:
    """Say what is assumed of a machine type where the tables do not tell."""
    name, kind = machine.machine_type, tables.machine_type(machine.machine_type)
    disks = f"{settings.boot_disk_type(machine)} to boot from"
    if kind is None and not tables.series(name):
        yield (
            f"the tables know neither {name} nor its series; taken for granted: no GPU and no local SSD of its own,"
            f" {disks}, Google moves it to another host while it runs"
        )
    elif kind is None:
        processor = {"X86_64": "x86", "ARM64": "ARM"}[tables.architecture(name)]
        brings = "a GPU of its own" if tables.brings_gpu(name) else "no GPU of its own"
        yield f"the table lacks {name}; taken to be as its series: {processor}, {brings}, {disks}"
    elif kind.by_region:
        zone = settings.zone_of(machine)
        yield (
            f"the table knows that {tables.region_of(zone)} has {name}, not in which zones: look {zone} up with `gcloud"
            f" compute machine-types list --zones={zone} --filter=name={name}`"
        )


def local_ssd(settings: Settings) -> Iterator[str]:
    """Say what is lost at each stop of a machine that comes with local SSD."""
    schedule = settings.lease.stop_schedule
    for name, machine in settings.machines.items():
        kind = tables.machine_type(machine.machine_type)
        if kind and kind.local_ssd_gib:
            yield (
                f"{name}: the {kind.local_ssd_gib} GB of local SSD that come with {kind.name} are empty after each"
                " stop; by hand it stops with `gcloud compute instances stop --discard-local-ssd=true` only"
                + ("; whether `stopSchedule` stops it was not tried: rely on `maxRun`" if schedule else "")
            )


def elsewhere(settings: Settings) -> Iterator[str]:
    """Name the machines that `gcp:zone` does not have, and where they come up."""
    for name, machine in settings.machines.items():
        zone = settings.zone_of(machine)
        if settings.zone and not machine.zone and zone != settings.zone:
            what = f"{machine.gpu.model} with {machine.machine_type}" if machine.gpu else machine.machine_type
            yield f"`gcp:zone` {settings.zone} has no {what}: machine {name} comes up in {zone}"
