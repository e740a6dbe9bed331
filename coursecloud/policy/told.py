"""What a machine, a service or a build of the stack is told otherwise than by the stack file: where code comes from.

Of what the stack file does not declare only an image of another project is named here: the rest is shown as new.
"""

from collections.abc import Iterable, Iterator, Mapping

from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import expected, told_builds, told_machines
from coursecloud.policy.reading import Inputs, at, entries
from coursecloud.policy.told_values import differs, names_of, said, stores
from infra.names import Names, variable
from infra.settings import Settings
from infra.settings.services import Service


def otherwise(resource: Registration, settings: Settings) -> Iterator[str]:
    """Say in sentences what a resource is told that neither the stack file nor the names of the stack say."""
    yield from differs(resource, _named(resource, settings))
    match short_type(resource.type):
        case "compute.Instance" | "compute.InstanceTemplate" | "compute.RegionInstanceTemplate":
            yield from told_machines.of_machine(resource, settings)
        case "cloudrunv2.Service" | "cloudrunv2.Job":
            yield from _service(resource, settings)
        case "compute.Disk":
            yield from told_machines.of_disk(resource, settings)
        case "cloudbuild.Trigger":
            yield from told_builds.otherwise(resource, settings)
        case "projects.IAMCustomRole":
            yield from _role(resource)
        case "compute.Subnetwork" if own := settings.subnets.get(str(at(resource.inputs, "region"))):
            yield from differs(resource, {"ipCidrRange": own})
        case _:
            pass


def _named(resource: Registration, settings: Settings) -> dict[str, object]:
    """Give what Google knows a resource of the stack by: commands, jobs and other resources take it for that."""
    names, name = names_of(settings), resource.name
    match short_type(resource.type):
        case "storage.Bucket" if name in expected.BUCKETS:
            return {"name": names.bucket(name)}
        case "artifactregistry.Repository" if name in expected.REPOSITORIES:
            return {"repositoryId": names.repository(name), "format": name.upper(), "location": settings.region}
        case "secretmanager.Secret" if name in settings.secrets.names:
            return {"secretId": names.secret(name)}
        case "compute.Instance" if name in settings.machines:
            return {"name": names.resource(name)}
        case "cloudrunv2.Service" if name in settings.services:
            return {"name": names.resource(name), "location": settings.region}
        case _:
            return {}


def _service(service: Registration, settings: Settings) -> Iterator[str]:
    names, region = names_of(settings), settings.region
    declared = settings.services.get(service.name)
    yield from _mounted(service, declared, names)
    if declared:
        scaling = {"minInstanceCount": declared.min_instances, "maxInstanceCount": declared.max_instances}
        wanted: dict[str, object] = {f"template.scaling.{key}": value for key, value in scaling.items()}
        if declared.volumes:
            wanted["template.executionEnvironment"] = "EXECUTION_ENVIRONMENT_GEN2"  # the first mounts no bucket
        yield from differs(service, {"template.timeout": f"{int(declared.timeout)}s", **wanted})
    for container in entries(service.inputs, "template.containers"):
        image = at(container, "image")
        if declared:
            yield from _sized(container, declared)
            own = declared.image
            if declared.deployed_by:
                built = settings.builds.triggers[declared.deployed_by].image or declared.deployed_by
                own = f"{built}:{expected.DEPLOYED}"
            usual = names.image(region, own)
            if isinstance(image, str) and image not in (usual, expected.PLACEHOLDER):
                yield f"it runs {said(image)}, and the stack file says {said(usual)}"
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


def _mounted(service: Registration, declared: Service | None, names: Names) -> Iterator[str]:
    """Hold the buckets that a service sees as folders, where, and whether it writes there, to the stack file."""
    wanted = {names.bucket(name): volume for name, volume in declared.volumes.items()} if declared else {}
    for volume in entries(service.inputs, "template.volumes"):
        bucket, more = at(volume, "gcs.bucket"), list(entries(volume, "gcs.mountOptions"))
        if isinstance(bucket, str) and bucket not in wanted:
            yield f"it mounts the bucket {said(bucket)}, which the stack file does not say"
        elif isinstance(bucket, str) and not wanted[bucket].write and at(volume, "gcs.readOnly") not in (True, UNKNOWN):
            yield f"it may write to the bucket {said(bucket)}, and the stack file does not say `write`"
        if more:
            yield f"it mounts {said(bucket)} with {said(', '.join(map(str, more)))}, which no stack file says"
    folders = set(declared.folders.items()) if declared else set[tuple[str, str]]()
    for container in entries(service.inputs, "template.containers"):
        for mount in entries(container, "volumeMounts"):
            place = at(mount, "name"), at(mount, "mountPath")
            if declared and (place not in folders or at(mount, "subPath")):
                yield f"it has the folder {said(place[1])} from a bucket, which the stack file does not say"


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
    behind = {variable(name): names.secret(name) for name in mounted}
    for each in entries(container, "envs"):
        name, value = at(each, "name"), at(each, "value")
        if name in behind and name not in env:
            yield from _behind(str(name), each, behind[str(name)])
        if name not in wanted:
            yield f"it is told `{name}`, which the stack file does not say: {said(value)}"
        elif value not in (wanted[str(name)], UNKNOWN):
            yield f"it is told `{name}` as {said(value)}, and the stack file says {said(wanted[str(name)])}"


def _behind(name: str, variable: Inputs, secret: str) -> Iterator[str]:
    """Hold what a variable is filled from to the secret of its name, in its newest version."""
    for key, wanted in (("secret", secret), ("version", "latest")):
        if (given := at(variable, f"valueSource.secretKeyRef.{key}")) not in (wanted, UNKNOWN):
            yield f"it fills `{name}` from the {key} {said(given)}, and the stack file says {said(wanted)}"


WRITING = {
    "operator": tuple(f"compute.instances.{verb}" for verb in ("reset", "resume", "start", "stop", "suspend")),
    "releaser": ("run.services.update",),
}
"""What roles of the stack's own change, by the role's name; what they read is anybody's."""


def _role(role: Registration) -> Iterator[str]:
    others = {each for name, listed in WRITING.items() if name != role.name for each in listed}
    if more := [each for each in map(str, entries(role.inputs, "permissions")) if each in others]:
        yield f"`permissions` has {', '.join(more)}, which another role of the stack has, and this one has not"
