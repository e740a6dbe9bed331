"""A Hypothesis strategy of valid stack files: names, and what stands under `config:`."""

import string
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from catalog import tables
from infra.names import OWN_LABELS

REGIONS = ("europe-west1", "europe-west4", "us-central1")
SECRETS = ("WANDB_API_KEY", "hf-token", "Key_2")
WORKLOADS = ("machines", "training", "prediction", "builds", "services")
FORBIDDEN = ("google", "ssl", "null", "undefined")

_LOWER = string.ascii_lowercase
_DIGITS = string.digits

booleans = st.booleans()
keys = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True).filter(lambda key: len(key) <= 20)
label_values = st.text(_LOWER + _DIGITS + "_-", max_size=63)
label_keys = st.from_regex(r"own[a-z0-9_-]{0,10}", fullmatch=True).filter(lambda key: key not in OWN_LABELS)
labels = st.dictionaries(label_keys, label_values, max_size=3)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), min_size=1, max_size=20)
environments = st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), texts, max_size=2)
images = st.sampled_from(
    ["trainer:latest", "team/app", "docker.io/group/app:1.2", f"europe-docker.pkg.dev/p/r/i@sha256:{'0' * 64}"]
)
projects = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True).filter(
    lambda name: not any(word in name for word in FORBIDDEN)
)
stack_names = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,39}", fullmatch=True).filter(
    lambda name: "google" not in name.lower()
)


def some(entries: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Give some of the entries: what is left out has its default."""
    return st.fixed_dictionaries({}, optional=dict(entries))


def disks(machine_type: str, *, boot: bool = False) -> st.SearchStrategy[str]:
    """Types of disks that a machine takes, but for those that are large."""
    taken = tables.disk_types(machine_type, boot=boot)
    return st.sampled_from([kind for kind in taken if kind not in ("hyperdisk-throughput", "hyperdisk-extreme")])


runs = st.one_of(
    st.builds("{}h".format, st.integers(1, 24)).map(lambda text: {"maxRun": text}),
    st.builds("{}d".format, st.integers(2, 100)).map(lambda text: {"maxRun": text, "maxRunReason": "a long run"}),
    st.just(dict[str, str]()),
)


@st.composite
def machines(draw: st.DrawFn, region: str) -> dict[str, Any]:
    """One machine: with or without a GPU, Spot, disks, a container or a script."""
    machine: dict[str, Any] = dict(draw(runs))
    gpu = draw(st.sampled_from([None, None, "attached", "included"]))
    if gpu:
        machine |= draw(st.sampled_from([{"spot": True}, {"onDemandGpu": True}]))
        machine["machineType"] = {"attached": "n1-standard-4", "included": "g2-standard-4"}[gpu]
        if gpu == "attached":
            machine["gpu"] = {"model": "T4", "count": draw(st.sampled_from([1, 2, 4]))}
    else:
        machine |= draw(some({"spot": booleans}))
        machine["machineType"] = draw(
            st.sampled_from(
                [
                    "e2-medium",
                    "e2-standard-2",
                    "n1-standard-4",
                    "n2-standard-4",
                    "n4-standard-2",
                    "e2-custom-4-5120",
                    "c4a-standard-4",
                    "c3-standard-4-lssd",
                ]
            )
        )
    kind = tables.machine_type(machine["machineType"])
    zones = tables.zones_for(kind, tables.gpu("T4") if gpu == "attached" else None, region)
    if not zones:  # an L4 is not in every region
        machine["machineType"], machine["spot"], zones = "e2-medium", True, tables.regions()[region]
        machine.pop("onDemandGpu", None)
    name = machine["machineType"]
    ubuntu = "ubuntu-arm" if tables.architecture(name) == "ARM64" else "ubuntu"
    machine |= draw(
        some(
            {
                "image": st.sampled_from([ubuntu, "someone/their-family"]),
                "bootDisk": some({"sizeGb": st.integers(200, 500), "type": disks(name, boot=True)}),
                "labels": labels,
            }
        )
    )
    if draw(booleans):
        machine["dataDisk"] = draw(
            st.none()
            | st.fixed_dictionaries({"keep": booleans}, optional={"sizeGb": st.integers(10, 500), "type": disks(name)})
        )
    if draw(booleans):
        chosen = draw(st.permutations(zones))
        machine["zone"] = chosen[0]
        machine["fallbackZones"] = list(chosen[1:])
    match draw(st.sampled_from(["nothing", "script", "container"])):
        case "script":
            machine["startupScript"] = "starter/setup.sh"
        case "container":
            if machine.get("image") == ubuntu:  # it has no docker
                del machine["image"]
            machine["container"] = {"image": draw(images)} | draw(
                some({"args": st.lists(texts, max_size=3), "env": environments})
            )
        case _:
            pass
    if draw(booleans):
        machine["beforeStop"] = "starter/checkpoint.sh"
    return machine


@st.composite
def triggers(draw: st.DrawFn) -> dict[str, Any]:
    """One trigger: of each event, with each kind of build."""
    trigger: dict[str, Any] = {
        draw(st.sampled_from(["branch", "tag", "pullRequest"])): draw(st.sampled_from(["^main$", r"^v\d+", "x"]))
    }
    trigger |= draw(st.sampled_from([{"dockerfile": "docker/Dockerfile"}, {"buildFile": "cloudbuild.yaml"}]))
    bounds: dict[str, Any] = {"timeout": st.sampled_from(["5m", "2h"]), "machineType": st.just("E2_HIGHCPU_8")}
    return trigger | draw(
        some(
            {
                **(bounds if "dockerfile" in trigger else {}),
                "includedFiles": st.lists(st.sampled_from(["src/**", "Dockerfile"]), unique=True),
                "image": keys,
                "approval": booleans,
            }
        )
    )


@st.composite
def services(draw: st.DrawFn, readable: list[str]) -> dict[str, Any]:
    """One service: public or not, with secrets or not."""
    service = draw(
        some(
            {
                "image": images,
                "cpu": st.sampled_from([1, 2]),
                "memory": st.sampled_from(["512Mi", "2Gi"]),
                "maxInstances": st.integers(1, 10),
                "timeout": st.sampled_from(["10s", "1h"]),
                "env": environments,
                "public": booleans,
            }
        )
    )
    if readable:
        service["secrets"] = draw(st.lists(st.sampled_from(readable), unique=True))
        service["mountedSecrets"] = draw(st.lists(st.sampled_from(readable), unique=True))
    return service


@st.composite
def leases(draw: st.DrawFn) -> dict[str, Any]:
    """A lease with or without dates and a nightly stop."""
    lease: dict[str, Any] = {}
    if draw(booleans):
        lease |= {"starts": "2026-11-23", "ends": "2026-12-18", "graceDays": draw(st.integers(0, 365))}
    if draw(booleans):
        lease["stopSchedule"] = draw(st.sampled_from(["0 20 * * *", "30 18 * * 1-5"]))
    return lease | draw(
        some(
            {
                "credit": st.just({"amount": 350, "currency": "DKK"}),
                "timeZone": st.sampled_from(["Europe/Copenhagen", "Etc/UTC"]),
                "maxPerHour": st.floats(0.5, 900),
            }
        )
    )


principals = st.builds(
    "{}{}{}".format,
    st.sampled_from(["user:", "group:g-"]),
    st.text(_LOWER, min_size=1, max_size=9),
    st.just("@example.com"),
) | st.text(_LOWER, min_size=1, max_size=9).map("serviceAccount:{}@p-1.iam.gserviceaccount.com".format)


@st.composite
def githubs(draw: st.DrawFn) -> dict[str, Any]:
    """A repository, with or without a deploy identity."""
    refs = st.sampled_from(["refs/heads/prod", "refs/tags/live"])
    github: dict[str, Any] = {"repositoryId": draw(st.integers(1, 10**9))}
    return github | draw(some({"keep": booleans, "deploy": booleans, "ref": refs}))


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """What stands under `config:` of a valid stack file."""
    region = draw(st.sampled_from(REGIONS))
    readers = st.lists(st.sampled_from(WORKLOADS), unique=True)
    secrets = draw(st.dictionaries(st.sampled_from(SECRETS), readers, max_size=3))
    readable = [name for name, allowed in secrets.items() if "services" in allowed]
    named = draw(st.dictionaries(keys, machines(region), min_size=draw(st.integers(0, 2)), max_size=3))
    sections: dict[str, Any] = {
        "machines": {name: machine for name, machine in named.items() if not name.endswith("-work")},
        "secrets": {"names": secrets, "keep": draw(booleans)},
        "services": draw(st.dictionaries(keys, services(readable), max_size=2)),
    }
    ranges = draw(st.permutations(REGIONS))
    network: dict[str, Any] = {"egress": draw(st.sampled_from(["address", "nat"]))}
    if draw(booleans):
        others = [other for other in ranges if other != region][: draw(st.integers(0, 2))]
        network["subnets"] = {name: f"10.{number}.0.0/20" for number, name in enumerate([region, *others])}
    sections["network"] = network
    if draw(booleans):
        sections["builds"] = {
            "repository": {"owner": "a-group", "name": "its.project"} | draw(some({"connection": st.just("github")})),
            "triggers": draw(st.dictionaries(keys, triggers(), max_size=3)),
        }
    if draw(booleans):
        sections["github"] = draw(githubs())
    if draw(booleans):
        sections["lease"] = draw(leases())
    enabled = draw(st.sampled_from([True, True, False]))
    sections["training"] = {"enabled": enabled} | draw(
        some({"spot": booleans, "args": st.lists(texts, max_size=2), "image": images, "timeout": st.just("2h")})
    )
    if enabled:
        sections["training"] |= draw(some({"prediction": booleans, "endpoint": booleans}))
    sections |= draw(
        some(
            {
                "course": some({"name": label_values, "group": label_values, "owner": label_values, "labels": labels}),
                "storage": some(
                    {
                        "keep": booleans,
                        "location": st.sampled_from(["EU", "eu", "us-central1"]),
                        "data": some({"keepNewest": st.integers(1, 100)}),
                        "staging": some({"days": st.integers(1, 90)}),
                    }
                ),
                "registry": some(
                    {
                        "keep": booleans,
                        "python": booleans,
                        "keepNewest": st.integers(1, 100),
                        "keepTags": st.lists(st.sampled_from(["v", "release"]), unique=True),
                    }
                ),
                "team": some(
                    {
                        "members": st.lists(principals, max_size=3, unique=True),
                        "extraRoles": st.lists(
                            st.sampled_from(["roles/bigquery.jobUser", "roles/run.viewer"]), unique=True
                        ),
                    }
                ),
            }
        )
    )
    return {
        "gcp:project": draw(projects),
        "gcp:region": region,
        **{f"coursecloud:{name}": section for name, section in sections.items()},
    }
