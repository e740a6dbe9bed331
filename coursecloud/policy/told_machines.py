"""What a machine or its disk is told otherwise than by the stack file: what it is, bills for, runs and stands on."""

from collections.abc import Iterable, Iterator

from catalog import tables
from catalog.tables import IMAGE, table
from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import told_scripts
from coursecloud.policy.reading import UnknownError, at, entries, number
from coursecloud.policy.told_values import differs, names_of, said, stores
from infra.settings import Settings
from infra.settings.machines import Machine


def of_machine(machine: Registration, settings: Settings) -> Iterator[str]:
    """Hold a machine to the stack file; one that it does not declare, to what the program declares."""
    path = "bootDisk.initializeParams.image"
    image = at(machine.inputs, path)
    found = IMAGE.fullmatch(image) if isinstance(image, str) else None
    if declared := settings.machines.get(machine.name):
        yield from _hardware(machine, declared, settings)
        yield from _cards(machine, settings)
        yield from _attached(machine, declared, settings)
        yield from _scripts(machine, declared, settings)
        known = settings.image_of(declared)
        boot = declared.boot_disk.size_gb or max(20, known.min_gib if known else 50)
        yield from differs(machine, {"bootDisk.initializeParams.size": boot})
        wanted = known.path if known else str(declared.image)
        plain = IMAGE.fullmatch(wanted)
        if isinstance(image, str) and (found and found.groups()) != (plain and plain.groups()):
            yield f"`{path}` is {said(image)}, and the stack file says {said(wanted)}"
        return
    for key in ("startup-script", "shutdown-script", "before-stop"):
        if (text := at(machine.inputs, f"metadata.{key}")) not in (None, ""):
            yield f"`metadata.{key}` runs {said(text)} as root, and the stack file declares no such machine"
    yield from _undeclared(machine, settings)
    if found and found[1] not in (*table("images")["x86Projects"], settings.project):
        yield f"`{path}` is {said(image)}, of a project that is neither Google's nor the stack's"


def of_disk(disk: Registration, settings: Settings) -> Iterator[str]:
    """Hold the data disk of a machine to the stack file."""
    machine_name = disk.name.removesuffix("-work")
    machine = settings.machines.get(machine_name)
    if machine and machine.data_disk and disk.name.endswith("-work"):
        wanted = {"name": names_of(settings).resource(machine_name, "work"), "size": machine.data_disk.size_gb}
        place = {"zone": settings.zone_of(machine), "type": settings.data_disk_type(machine)}
        yield from differs(disk, {**wanted, **place})


def _hardware(machine: Registration, declared: Machine, settings: Settings) -> Iterator[str]:
    """Hold what a machine bills for, and how long, to the stack file."""
    wanted: dict[str, object] = {
        "zone": settings.zone_of(declared),
        "machineType": declared.machine_type,
        "bootDisk.initializeParams.type": settings.boot_disk_type(declared),
    }
    if declared.max_run:
        wanted["scheduling.maxRunDuration.seconds"] = int(declared.max_run)
    yield from differs(machine, wanted)
    gpus = [(_short(at(gpu, "type")), number(at(gpu, "count"))) for gpu in entries(machine.inputs, "guestAccelerators")]
    own = declared.gpu
    known = tables.gpu(own.model) if own else None
    expected = [(known.name if known else own.model, own.count)] if own else []
    if [gpu for gpu in gpus if gpu[1]] != expected:
        there, says = (", ".join(f"{count} {name}" for name, count in each) or "none" for each in (gpus, expected))
        yield f"`guestAccelerators` is {said(there)}, and the stack file says {said(says)}"
    ways = ("scheduling.provisioningModel", "SPOT"), ("scheduling.preemptible", True)
    spot = [path for path, value in ways if at(machine.inputs, path) == value]
    if bool(spot) != declared.spot:
        says = "`spot: true`" if declared.spot else "nothing of Spot, which Google takes back at any time"
        yield f"it is {'Spot' if spot else 'not Spot'}, and the stack file says {says}"
    if count := len(list(entries(machine.inputs, "scratchDisks"))):
        yield f"it has {count} local SSD{'s' * (count > 1)} of its own (`scratchDisks`), which no stack file says"


def _short(link: object) -> str:
    return str(link).rpartition("/")[2]


def _cards(machine: Registration, settings: Settings) -> Iterator[str]:
    """Hold a machine to one network interface, and to an address outside only where the stack file asks for one."""
    cards = list(entries(machine.inputs, "networkInterfaces"))
    if len(cards) != 1:
        yield f"it has {len(cards)} network interfaces, and the program gives a machine one"
    outside = sum(len(list(entries(card, "accessConfigs"))) for card in cards)
    if outside > (settings.network.egress == "address"):
        says = said(f"egress: {settings.network.egress}")
        yield f"it has {outside} external addresses (`accessConfigs`), and the stack file says {says}"


def _attached(machine: Registration, declared: Machine, settings: Settings) -> Iterator[str]:
    """Hold a machine's disk and its nightly stop to the stack file."""
    wanted = names_of(settings).resource(machine.name, "work") if declared.data_disk else None
    disks = [at(each, "source") for each in entries(machine.inputs, "attachedDisks")]
    found = [each.rpartition("/")[2] for each in disks if isinstance(each, str)]
    if len(found) < len(disks):
        # Before an up a disk is known by the resource that the machine takes it from.
        found = [urn.rpartition("::")[2] for urn in machine.property_dependencies.get("attachedDisks", ())]
        wanted = f"{machine.name}-work" if wanted else None
    if found != ([wanted] if wanted else []):
        there = said(", ".join(found)) if found else "no disk"
        yield f"it has {there} attached, and the stack file says {said(wanted) if wanted else 'none'}"
    policies = _policies(machine, settings)
    if settings.lease.stop_schedule and not policies:
        yield "no schedule stops it (`resourcePolicies`), and the stack file says `stopSchedule`"
    yield from _only_stop(policies, settings)


def _undeclared(machine: Registration, settings: Settings) -> Iterator[str]:
    """Name what is attached to a machine that only the program declares, and is nothing that the program declares."""
    # A disk or a policy of the program is a resource of its own, which is priced and judged there.
    of = {key: "".join(machine.property_dependencies.get(key, ())) for key in ("attachedDisks", "resourcePolicies")}
    if ":Disk::" not in of["attachedDisks"]:
        for disk in entries(machine.inputs, "attachedDisks"):
            yield f"it has {said(at(disk, 'source'))} attached, which neither the stack file nor the program declares"
    if ":ResourcePolicy::" not in of["resourcePolicies"]:
        yield from _only_stop(_policies(machine, settings), settings)


def _policies(machine: Registration, settings: Settings) -> list[str]:
    """List the schedules of a machine by name; before an up one is known by the resource that it is taken from."""
    given = machine.inputs.get("resourcePolicies")
    listed = [given] if isinstance(given, str) or given == UNKNOWN else nested.listed(given)
    found = [each.rpartition("/")[2] for each in listed if isinstance(each, str)]
    if len(found) == len(listed):
        return found
    urns = machine.property_dependencies.get("resourcePolicies", ())
    if not urns:
        raise UnknownError("`resourcePolicies`")
    names = [urn.rpartition("::")[2] for urn in urns]
    return [_stop(settings) if name.startswith("stop-") else name for name in names]


def _stop(settings: Settings) -> str:
    return names_of(settings).resource("stop")


def _only_stop(policies: Iterable[str], settings: Settings) -> Iterator[str]:
    wanted = [_stop(settings)] if settings.lease.stop_schedule else []
    if other := [each for each in policies if each not in wanted]:
        own = said(wanted[0]) if wanted else "none"
        yield f"its schedule (`resourcePolicies`) is {said(', '.join(other))}, and the stack file says {own}"


def _scripts(machine: Registration, declared: Machine, settings: Settings) -> Iterator[str]:
    names, image = names_of(settings), None
    variables = stores([name for name, readers in settings.secrets.names.items() if "machines" in readers], names)
    if declared.container:
        image = names.image(settings.region, declared.container.image)
        variables |= declared.container.env
    yield from told_scripts.otherwise(machine, told_scripts.Told(declared, image, variables))
