"""What goes with a machine type: its disks, its image, and how it is bought; by the dated tables."""

from collections.abc import Iterator

from catalog import tables
from infra.settings.machines import Machine
from infra.settings.model import Settings
from infra.settings.problem import MISSING, Findings, Problem, nearest


def check(path: str, machine: Machine, settings: Settings, found: Findings) -> Iterator[Problem]:
    """Yield the breach of every rule of one machine, which stands at `path`."""
    if found.sound(f"{path}.machineType"):
        yield from _bought(path, machine, found)
        yield from _disks(path, machine, found)
    yield from _sizes(path, machine, settings, found)
    if found.sound(f"{path}.image"):
        yield from _image(path, machine, settings, found)


def _bought(path: str, machine: Machine, found: Findings) -> Iterator[Problem]:
    kind = tables.machine_type(machine.machine_type)
    if kind is None or not found.sound(f"{path}.spot", f"{path}.onDemandGpu"):
        return
    name = kind.name
    if not kind.spot and not kind.on_demand:
        yield Problem(
            f"{path}.machineType",
            name,
            "Google sells this type by reservation only, and a stack file has none",
            f"take another one{_other_gpu(kind)}",
        )
    elif machine.spot and not kind.spot:
        yield Problem(
            f"{path}.spot", machine.spot, f"there is no Spot price for {name}", "remove it, or take another type"
        )
    elif not machine.spot and not kind.on_demand:
        yield Problem(
            f"{path}.machineType",
            name,
            "Google sells this type as Spot, by flex-start or by reservation, not on demand",
            f"add `spot: true`{_other_gpu(kind)}",
        )
    elif kind.gpu and not (machine.spot or machine.on_demand_gpu or machine.gpu):
        yield Problem(
            f"{path}.machineType",
            name,
            f"the type comes with {kind.gpu_count} {tables.gpus()[kind.gpu].short} at the full price, a costly default",
            "add `spot: true`, or `onDemandGpu: true` if an interruption would lose work",
        )


def _other_gpu(kind: tables.MachineType) -> str:
    return ", for example g2-standard-4 with an L4" if not kind.spot and kind.gpu else ""


def _disks(path: str, machine: Machine, found: Findings) -> Iterator[Problem]:
    name = machine.machine_type
    for key, disk, boot in (("bootDisk", machine.boot_disk, True), ("dataDisk", machine.data_disk, False)):
        where = f"{path}.{key}.type"
        takes = tables.disk_types(name, boot=boot)
        if disk is None or disk.type is None or disk.type in takes or not takes or not found.sound(where):
            continue
        kind = tables.machine_type(name)
        series = name.partition("-")[0] if not name.startswith("custom-") else "n1"
        if kind and disk.type == "hyperdisk-extreme" and disk.type in kind.disk_types:
            rule = (
                f"{series} machines take hyperdisk-extreme from {kind.extreme_vcpus} vCPUs on; {name} has {kind.vcpus}"
            )
        else:
            rule = f"{name} {'boots from' if boot else 'takes'} no {disk.type}: its series takes {', '.join(takes)}"
        yield Problem(
            where, disk.type, rule, f"write type: {takes[0]}, or leave it out{_series_for(disk.type, boot=boot)}"
        )


def _series_for(disk: str, *, boot: bool) -> str:
    """Name a few series that take a type of disk."""
    having = [
        family
        for family, of in tables.families().items()
        if disk in of["diskTypes"] and (not boot or tables.table("compute")["diskTypes"][disk]["boot"])
    ]
    return f"; {disk} goes with {', '.join(having[:4])}" if having else ""


def _sizes(path: str, machine: Machine, settings: Settings, found: Findings) -> Iterator[Problem]:
    disk = machine.data_disk
    if disk is None or not found.sound(f"{path}.dataDisk.type", f"{path}.dataDisk.sizeGb", f"{path}.machineType"):
        return
    kind = settings.data_disk_type(machine)
    bounds = tables.table("compute")["diskTypes"][kind]
    if not bounds["minGib"] <= disk.size_gb <= bounds["maxGib"]:
        yield Problem(
            f"{path}.dataDisk.sizeGb",
            disk.size_gb,
            f"a {kind} disk has {bounds['minGib']} to {bounds['maxGib']} GB",
            f"write sizeGb: {min(max(disk.size_gb, bounds['minGib']), bounds['maxGib'])}, or another type",
        )


def _image(path: str, machine: Machine, settings: Settings, found: Findings) -> Iterator[Problem]:
    given, image = machine.image or "", settings.image_of(machine)
    typed = found.sound(f"{path}.machineType")
    processor = tables.architecture(machine.machine_type) if typed else ""
    if image is None and "/" not in given:
        if machine.image is None and machine.gpu:
            return  # no ARM machine takes a GPU of its own: that is said
        if machine.image is None:
            known = ", ".join(tables.images())
            yield Problem(
                f"{path}.image",
                MISSING,
                f"no image of the table is for {machine.machine_type}, an ARM machine with a GPU",
                f"write the PROJECT/FAMILY of one ({known} are not)",
            )
            return
        yield Problem(
            f"{path}.image",
            given,
            "the table of images has no such image",
            f"{nearest(given, tables.images())} Another one: write PROJECT/FAMILY",
        )
        return
    allowed = machine.machine_type in settings.allow.machine_types
    if machine.image is None and typed and allowed and not processor:
        yield Problem(
            f"{path}.machineType",
            machine.machine_type,
            "the tables know neither this type nor its series: whether it is x86 or ARM decides what it boots from",
            "add `image:` with a name of the table, or PROJECT/FAMILY; disks and the rest are taken to be as on e2",
        )
        return
    yield from _architecture(path, given, image, processor, machine)
    if (ended := _retired(given)) is not None:
        yield Problem(
            f"{path}.image", given, f"Google gives out this family no longer: {ended}", "write image: deep-learning"
        )
    elif tables.image_published(given) is False:
        yield _unpublished(path, given)
    yield from _without(path, given, image, machine)
    size = machine.boot_disk.size_gb
    if image and size and size < image.min_gib:
        yield Problem(
            f"{path}.bootDisk.sizeGb",
            size,
            f"the image {image.path} needs {image.min_gib} GB",
            f"write sizeGb: {image.min_gib} or more, or leave it out",
        )


def _unpublished(path: str, given: str) -> Problem:
    project, _, family = given.partition("/")
    known: list[str] = tables.table("images")["published"][project]
    others = tables.family_projects(family)
    return Problem(
        f"{path}.image",
        given,
        f"{project} gives out no family '{family}' (table of {tables.table('images')['date']})",
        f"did you mean '{others[0]}/{family}'?" if others else nearest(given, [f"{project}/{each}" for each in known]),
    )


def _without(path: str, given: str, image: tables.Image | None, machine: Machine) -> Iterator[Problem]:
    """Want docker for a container, and a GPU's driver with it: no start-up script of a container's own sets them up."""
    if not machine.container:
        return
    lacks = "docker" if tables.lacks_docker(given, image) else ""
    if not lacks and image and not image.gpu_driver and (machine.gpu or tables.brings_gpu(machine.machine_type)):
        lacks = "GPU driver"
    if lacks:
        yield Problem(
            f"{path}.image",
            given,
            f"this image has no {lacks}, and nothing sets it up: the container would never run, and the machine bill",
            f"leave `image` out, or set {lacks} up in a `startupScript`, in place of `container`",
        )


def _architecture(
    path: str, given: str, image: tables.Image | None, processor: str, machine: Machine
) -> Iterator[Problem]:
    for_ = image.architecture if image else tables.image_architecture(given)
    if not given or not processor or not for_ or for_ == processor:
        return
    fitting = [name for name, entry in tables.images().items() if entry.architecture == processor]
    words = {"X86_64": "x86", "ARM64": "ARM"}
    yield Problem(
        f"{path}.image",
        given,
        f"{machine.machine_type} has an {words[processor]} processor, and this image is for {words[for_]}: it does not"
        " boot",
        f"leave it out, or write one for {words[processor]}: {', '.join(fitting)}",
    )


def _retired(given: str) -> str | None:
    project, _, family = given.partition("/")
    if project != "deeplearning-platform-release":
        return None
    retired: dict[str, str] = tables.table("images")["retired"]
    said = retired.get(family) or next((said for name, said in retired.items() if family.startswith(f"{name}-")), None)
    if said is None and family.startswith(("tf-", "tf2-")):
        return retired["TensorFlow families"]
    return said if said and "until" not in said else None
