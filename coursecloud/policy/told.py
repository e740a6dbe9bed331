"""What a machine, a service or a build of the stack is told otherwise than by the stack file: where code comes from.

Of what the stack file does not declare only an image of another project is named here: the rest is shown as new.
"""

from collections.abc import Iterable, Iterator, Mapping

from catalog.tables import IMAGE, table
from coursecloud.plan import nested
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import expected, told_builds, told_scripts
from coursecloud.policy.reading import Inputs, UnknownError, at, entries
from coursecloud.policy.told_values import differs, names_of, said
from infra.names import Names, variable
from infra.settings import Settings
from infra.settings.disks import DataDisk
from infra.settings.machines import Machine
from infra.settings.services import Service


def otherwise(resource: Registration, settings: Settings) -> Iterator[str]:
    """Say in sentences what a resource is told that neither the stack file nor the names of the stack say."""
    match short_type(resource.type):
        case "compute.Instance" | "compute.InstanceTemplate" | "compute.RegionInstanceTemplate":
            yield from _machine(resource, settings)
        case "cloudrunv2.Service" | "cloudrunv2.Job":
            yield from _service(resource, settings)
        case "compute.Disk" if disk := _disk(resource, settings):
            yield from differs(resource, {"size": disk.size_gb})
        case "cloudbuild.Trigger":
            yield from told_builds.otherwise(resource, settings)
        case "projects.IAMCustomRole":
            yield from _role(resource)
        case "compute.Subnetwork" if own := settings.subnets.get(str(at(resource.inputs, "region"))):
            yield from differs(resource, {"ipCidrRange": own})
        case _:
            pass


def _machine(machine: Registration, settings: Settings) -> Iterator[str]:
    path = "bootDisk.initializeParams.image"
    image = at(machine.inputs, path)
    found = IMAGE.fullmatch(image) if isinstance(image, str) else None
    if declared := settings.machines.get(machine.name):
        yield from _attached(machine, declared, settings)
        yield from _scripts(machine, declared, settings)
        if declared.max_run:
            yield from differs(machine, {"scheduling.maxRunDuration.seconds": int(declared.max_run)})
        known = settings.image_of(declared)
        boot = declared.boot_disk.size_gb or max(20, known.min_gib if known else 50)
        yield from differs(machine, {"machineType": declared.machine_type, "bootDisk.initializeParams.size": boot})
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


def _disk(disk: Registration, settings: Settings) -> DataDisk | None:
    declared = settings.machines.get(disk.name.removesuffix("-work"))
    return declared.data_disk if declared and disk.name.endswith("-work") else None


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


def stores(secrets: Iterable[str], names: Names) -> dict[str, str]:
    """Give the variables that tell code of the stack where its stores are."""
    return {
        "DATA_BUCKET": f"gs://{names.bucket('data')}",
        "MODELS_BUCKET": f"gs://{names.bucket('models')}",
        **{
            f"{variable(name)}_SECRET": f"projects/{names.project}/secrets/{names.secret(name)}/versions/latest"
            for name in secrets
        },
    }


def _service(service: Registration, settings: Settings) -> Iterator[str]:
    names, region = names_of(settings), settings.region
    declared = settings.services.get(service.name)
    yield from _mounted(service, declared.volumes if declared else (), names)
    if declared:
        scaling = {"minInstanceCount": declared.min_instances, "maxInstanceCount": declared.max_instances}
        wanted = {f"template.scaling.{key}": value for key, value in scaling.items()}
        yield from differs(service, {"template.timeout": f"{int(declared.timeout)}s", **wanted})
    for container in entries(service.inputs, "template.containers"):
        image = at(container, "image")
        if declared:
            yield from _sized(container, declared)
            own = declared.image
            if declared.deployed_by:
                built = settings.builds.triggers[declared.deployed_by].image or declared.deployed_by
                own = f"{built}:{expected.DEPLOYED}"
            wanted = names.image(region, own)
            if isinstance(image, str) and image not in (wanted, expected.PLACEHOLDER):
                yield f"it runs {said(image)}, and the stack file says {said(wanted)}"
            yield from _variables(container, declared.env, declared.secrets, declared.mounted_secrets, names)
        elif isinstance(image, str) and not image.startswith((f"{names.docker(region)}/", expected.PLACEHOLDER)):
            yield f"it runs {said(image)}, which is of no repository of the stack"


def _sized(container: Inputs, declared: Service) -> Iterator[str]:
    """Hold what a container bills for to the stack file."""
    limits = {"cpu": str(declared.cpu), "memory": declared.memory}
    for key, value in limits.items():
        if (given := at(container, f"resources.limits.{key}", value)) not in (value, UNKNOWN):
            yield f"its limit of {key} is {said(given)}, and the stack file says {said(value)}"
    if at(container, "resources.cpuIdle", True) not in (True, UNKNOWN):
        yield "it bills while nobody asks (`cpuIdle`), which no stack file says"


def _mounted(service: Registration, folders: Iterable[str], names: Names) -> Iterator[str]:
    """Hold the buckets that a service sees as folders, and how long it answers, to the stack file."""
    wanted = {names.bucket(name) for name in folders}
    for volume in entries(service.inputs, "template.volumes"):
        bucket = at(volume, "gcs.bucket")
        if isinstance(bucket, str) and bucket not in wanted:
            yield f"it mounts the bucket {said(bucket)}, which the stack file does not say"


def _variables(
    container: Mapping[str, object],
    env: Mapping[str, str],
    secrets: Iterable[str],
    mounted: Iterable[str],
    names: Names,
) -> Iterator[str]:
    wanted: dict[str, object] = {
        **stores(secrets, names),
        **{variable(name): None for name in mounted},
        **env,
    }
    for each in entries(container, "envs"):
        name, value = at(each, "name"), at(each, "value")
        if name not in wanted:
            yield f"it is told `{name}`, which the stack file does not say: {said(value)}"
        elif value not in (wanted[str(name)], UNKNOWN):
            yield f"it is told `{name}` as {said(value)}, and the stack file says {said(wanted[str(name)])}"


WRITING = {
    "operator": tuple(f"compute.instances.{verb}" for verb in ("reset", "resume", "start", "stop", "suspend")),
    "releaser": ("run.services.update",),
}
"""What roles of the stack's own change, by the role's name; what they read is anybody's."""


def _role(role: Registration) -> Iterator[str]:
    others = {each for name, listed in WRITING.items() if name != role.name for each in listed}
    if more := [each for each in map(str, entries(role.inputs, "permissions")) if each in others]:
        yield f"`permissions` has {', '.join(more)}, which another role of the stack has, and this one has not"
