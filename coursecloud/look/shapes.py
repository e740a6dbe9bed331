"""What a resource is in the words of its type's Pulumi inputs, from how Google's APIs and logs tell of it: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

Json = dict[str, Any]
Body = Mapping[str, Any]


def last(link: object) -> str:
    """Cut a link or path to its last part."""
    return str(link or "").rpartition("/")[2]


def path_of(link: object) -> str:
    """Cut a link to `projects/...`."""
    text = str(link or "")
    return text[text.index("projects/") :] if "projects/" in text else text


def part(body: Body, name: str) -> Json:
    """Read an object of a body; an empty one where it is absent."""
    found = body.get(name)
    return cast("Json", found) if isinstance(found, dict) else {}


def many(body: Body, name: str) -> list[Json]:
    """Read the objects of a list of a body."""
    found = body.get(name)
    entries = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Json", entry) for entry in entries if isinstance(entry, dict)]


def whole(value: object) -> int | None:
    """Read a whole number, which Google writes as text where it is long."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return int(str(value))
    except ValueError:
        return None


def given(**inputs: object) -> Json:
    """Leave out what is not known: absent is not zero."""
    return {name: value for name, value in inputs.items() if value not in (None, "", {}, [])}


def instance(body: Body, disks: Mapping[str, Body]) -> Json:
    """A machine, from the API or from the request that made it; `disks` by their path tell of those it is put on."""
    scheduling = part(body, "scheduling")
    boots = [disk for disk in many(body, "disks") if disk.get("boot")]
    networks = [
        given(accessConfigs=[dict[str, object]()] if interface.get("accessConfigs") else None)
        for interface in many(body, "networkInterfaces")
    ]
    return given(
        name=body.get("name"),
        machineType=last(body.get("machineType")),
        zone=last(body.get("zone")),
        labels=body.get("labels"),
        scheduling=given(
            provisioningModel=scheduling.get("provisioningModel"),
            preemptible=scheduling.get("preemptible"),
            instanceTerminationAction=scheduling.get("instanceTerminationAction"),
            maxRunDuration=scheduling.get("maxRunDuration"),
        ),
        guestAccelerators=[
            given(type=last(each.get("acceleratorType")), count=whole(each.get("acceleratorCount")))
            for each in many(body, "guestAccelerators")
        ],
        bootDisk=boot(boots[0], disks, str(body.get("name") or "")) if boots else None,
        scratchDisks=[
            given(interface=disk.get("interface"), size=whole(disk.get("diskSizeGb")) or 375)
            for disk in many(body, "disks")
            if disk.get("type") == "SCRATCH"
        ],
        networkInterfaces=networks,
        resourcePolicies=[last(each) for each in cast("list[object]", body.get("resourcePolicies") or [])],
    )


def boot(disk: Body, disks: Mapping[str, Body], machine: str = "") -> Json:
    """A boot disk: its size and type are in the request that made it, or those of the disk that is there.

    It goes with its machine and has its name, unless it says otherwise.
    """
    asked, there = part(disk, "initializeParams"), disks.get(path_of(disk.get("source")), {})
    size = whole(there.get("sizeGb")) or whole(disk.get("diskSizeGb")) or whole(asked.get("diskSizeGb"))
    kind = last(there.get("type")) or last(asked.get("diskType"))
    # A request that names no type gets the standard one; of a disk that is there Google tells the type.
    kind = kind or ("pd-standard" if asked else "")
    own = last(disk.get("source")) or str(asked.get("diskName") or "")
    return given(
        initializeParams=given(size=size, type=kind, image=asked.get("sourceImage")),
        autoDelete=None if disk.get("autoDelete") else False,
        source=own if machine and own != machine else None,
    )


def disk(body: Body, _: Mapping[str, Body]) -> Json:
    """A disk of its own."""
    return given(
        name=body.get("name"), zone=last(body.get("zone")), region=last(body.get("region")), labels=body.get("labels"),
        size=whole(body.get("sizeGb")), type=last(body.get("type")) or "pd-standard",
        provisionedIops=whole(body.get("provisionedIops")),
        provisionedThroughput=whole(body.get("provisionedThroughput")),
    )  # fmt: skip


def address(body: Body, _: Mapping[str, Body]) -> Json:
    """A reserved address."""
    return given(
        name=body.get("name"), region=last(body.get("region")), labels=body.get("labels"),
        addressType=body.get("addressType") or "EXTERNAL", users=body.get("users"),
    )  # fmt: skip


def router(body: Body, _: Mapping[str, Body]) -> Json:
    """The NAT of a router, the first for all: a router of this project's kind has one."""
    nat = (many(body, "nats") or [{}])[0]
    return given(
        name=body.get("name"), region=last(body.get("region")), natIpAllocateOption=nat.get("natIpAllocateOption")
    )


def least(body: Body) -> int:
    """How many instances of a Cloud Run service are there while nobody asks: of the service, or of its template."""
    own = part(body, "scaling")
    if own.get("scalingMode") == "MANUAL":
        return whole(own.get("manualInstanceCount")) or 0
    of_revision = part(part(body, "template"), "scaling")
    return max(whole(own.get("minInstanceCount")) or 0, whole(of_revision.get("minInstanceCount")) or 0)


def service(body: Body, _: Mapping[str, Body]) -> Json:
    """A Cloud Run service; the least number of its instances is what bills by the hour, whoever set it."""
    template = part(body, "template")
    scaling = {**part(template, "scaling"), "minInstanceCount": least(body)}
    boxes = [given(resources=box.get("resources")) for box in many(template, "containers")]
    return given(
        name=last(body.get("name")), location=_location(body), labels=body.get("labels"), scaling=body.get("scaling"),
        template=given(containers=boxes, scaling=scaling),
    )  # fmt: skip


def pool(body: Body, _: Mapping[str, Body]) -> Json:
    """A worker pool of Cloud Run: its instances are always there."""
    boxes = [given(resources=box.get("resources")) for box in many(part(body, "template"), "containers")]
    return given(
        name=last(body.get("name")), location=_location(body), labels=body.get("labels"), scaling=body.get("scaling"),
        template=given(containers=boxes),
    )  # fmt: skip


def execution(body: Body, _: Mapping[str, Body]) -> Json:
    """A run of a Cloud Run job."""
    boxes = [given(resources=box.get("resources")) for box in many(part(body, "template"), "containers")]
    return given(
        name=last(body.get("name")), location=_location(body), job=last(body.get("job")),
        taskCount=whole(body.get("taskCount")), template=given(containers=boxes),
    )  # fmt: skip


def job(body: Body, _: Mapping[str, Body]) -> Json:
    """A training job of Vertex AI: the machines of its pools, as many as it runs at a time."""
    spec = part(body, "jobSpec") or part(body, "trialJobSpec")
    at_once = whole(body.get("parallelTrialCount")) or 1
    pools = [
        given(**machine(part(each, "machineSpec")), count=(whole(each.get("replicaCount")) or 1) * at_once,
              bootDisk=_disk_spec(part(each, "diskSpec")))
        for each in many(spec, "workerPoolSpecs")
    ]  # fmt: skip
    scheduling = part(spec, "scheduling")
    strategy = scheduling.get("strategy")
    return given(
        name=body.get("displayName"), region=_location(body), labels=body.get("labels"), pools=pools,
        strategy=strategy, spot=True if strategy == "SPOT" else None, timeout=scheduling.get("timeout"),
    )  # fmt: skip


def _disk_spec(spec: Body) -> Json:
    return given(type=spec.get("bootDiskType"), size=whole(spec.get("bootDiskSizeGb")))


def machine(spec: Body) -> Json:
    """A machine of Vertex AI in the words of one of Compute Engine."""
    model = str(spec.get("acceleratorType") or "")
    gpus = [{"type": model.lower().replace("_", "-"), "count": whole(spec.get("acceleratorCount")) or 1}]
    real = model not in ("", "ACCELERATOR_TYPE_UNSPECIFIED")
    return given(machineType=spec.get("machineType"), guestAccelerators=gpus if real else None)


def endpoint(body: Body, _: Mapping[str, Body]) -> Json:
    """An endpoint, by the machines of the models on it."""
    return given(
        name=body.get("displayName"), region=_location(body), labels=body.get("labels"),
        deployedModels=[deployed(each) for each in many(body, "deployedModels")],
    )  # fmt: skip


def deployed(model: Body) -> Json:
    """A model on an endpoint: at least so many machines of its own, or those that Google chooses."""
    own = part(model, "dedicatedResources")
    return given(
        id=model.get("id"), automatic=True if model.get("automaticResources") else None,
        **machine(part(own, "machineSpec")), count=(whole(own.get("minReplicaCount")) or 1) if own else None,
        spot=own.get("spot"),
    )  # fmt: skip


def located(body: Body, _: Mapping[str, Body]) -> Json:
    """What nothing here prices: where it is, and what its list said of it."""
    held = {name: value for name, value in body.items() if name not in ("selfLink", "id", "uid", "creationTimestamp")}
    place = last(body.get("zone") or body.get("region")) or str(body.get("location") or "") or _location(body)
    return given(**{**held, "name": last(body.get("name")), "location": place})


def _location(body: Body) -> str:
    parts = str(body.get("name") or "").split("/")
    return parts[parts.index("locations") + 1] if "locations" in parts[:-1] else str(body.get("location") or "")


Maker = Callable[[Body, Mapping[str, Body]], Json]
MAKERS: dict[str, Maker] = {
    "instance": instance, "disk": disk, "address": address, "router": router, "service": service, "pool": pool,
    "execution": execution, "job": job, "endpoint": endpoint, "located": located,
}  # fmt: skip


def boots(machines: Mapping[str, Body]) -> Iterator[tuple[str, str]]:
    """Which disk is which machine's boot disk: a disk's path, and the machine's; of machines by their paths."""
    for path, body in machines.items():
        for disk in many(body, "disks"):
            if disk.get("boot"):
                yield path_of(disk.get("source")), path
