"""What is assumed of machine types, and what goes with them: text on the dated tables."""

from collections.abc import Iterator

from catalog import tables
from infra import startup
from infra.settings import Settings
from infra.settings.machines import STOPPING, STOPPING_SPOT, Machine


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


def drivers(settings: Settings) -> Iterator[str]:
    """Name machines whose GPU has no driver: where a group has a start-up script, that may install one."""
    for name, machine in settings.machines.items():
        known, given = settings.image_of(machine), machine.image or ""
        gpu = machine.gpu or tables.brings_gpu(machine.machine_type)
        without = tables.lacks_docker(given, known) or (known and not known.gpu_driver)
        if gpu and without and not machine.startup_script:
            yield (
                f"machine {name}: its image {given} has no GPU driver, and nothing installs one: leave `image` out, or"
                " install it in a `startupScript`"
            )


def image(settings: Settings, machine: Machine) -> Iterator[str]:
    """Say what nobody here knows of a machine's image."""
    given = machine.image or ""
    if settings.image_of(machine):
        return
    project, _, family = given.partition("/")
    others = [f"{other}/{family}" for other in tables.family_projects(family) if other != project]
    look = f"gcloud compute images describe-from-family {family} --project={project}"
    yield f"image {given} is not in the table; what it needs is unknown" + (
        f". Did you mean {others[0]}?"
        if others
        else ""
        if tables.image_published(given)
        else f", and so is whether it is there: look it up with `{look}`"
    )


def before_stop(settings: Settings) -> Iterator[str]:
    """Say how long the script before a stop has, and where it may not run at all."""
    for name, machine in settings.machines.items():
        if not machine.before_stop:
            continue
        most = STOPPING_SPOT if machine.spot else STOPPING
        script, _ = startup.BEFORE_STOP_SPOT if machine.spot else startup.BEFORE_STOP
        within = f"{script} of the {most} seconds" if machine.container else f"about {most} seconds"
        where = "in the container " if machine.container else ""
        yield (
            f"{name}: {machine.before_stop} runs {where}before each stop and has {within} that Google gives"
            f" {'a Spot machine' if machine.spot else 'a machine'}; after a crash of its host it does not run"
        )
        if settings.image_of(machine) is None:
            yield (
                f"{name}: nobody knows whether image {machine.image} runs a script before a stop: Google's own do"
                " (by their guest environment, and systemd)"
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
