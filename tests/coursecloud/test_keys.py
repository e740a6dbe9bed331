"""What `coursecloud explain` says of a change, held against what the review of that very change finds."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from coursecloud.cli.schema import keys
from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.plan import planning
from coursecloud.plan.registration import Registration
from tests.project import ROOT

MACHINE = {"machineType": "n1-standard-4", "zone": "europe-west4-a"}
TRIGGER = {"branch": "^main$", "dockerfile": "Dockerfile"}
REPOSITORY = {"owner": "a-group", "name": "project"}
ADA = {"members": ["user:ada@example.com"]}
DATES = {"starts": "2026-11-23", "ends": "2026-12-18"}
STOP = {"stopSchedule": "0 20 * * *"}


def machine(**more: Any) -> dict[str, Any]:
    return {"machines": {"a": MACHINE | more}}


def builds(repository: dict[str, str] = REPOSITORY, **triggers: Any) -> dict[str, Any]:
    return {"builds": {"repository": repository, "triggers": triggers or {"a": TRIGGER}}}


RUNNER = "runner@mlops-course.iam.gserviceaccount.com"
SERVICE: dict[str, Any] = {"services": {"a": {}}}
T4 = {"gpu": {"model": "T4"}, "spot": True}
Sections = dict[str, Any]
EDITS: list[tuple[str, Sections, Sections]] = [
    ("project", {}, {"gcp:project": "my-project-2"}),
    ("region", {}, {"gcp:region": "europe-west1"}),
    ("zone", {"machines": {"a": {}}}, {"machines": {"a": {}}, "gcp:zone": "europe-west4-b"}),
    ("course", {}, {"course": {"group": "group-08"}}),
    ("course.accounts", {}, {"course": {"accounts": {"look": RUNNER}}}),
    ("course.backend", {}, {"course": {"backend": "gs://other-state"}}),
    ("course.nightly", {}, {"course": {"nightly": "no"}}),
    ("course.accounts.stop", SERVICE, SERVICE | {"course": {"accounts": {"stop": RUNNER}}}),
    ("course.accounts.deploy", machine(), machine() | {"course": {"accounts": {"deploy": RUNNER}}}),
    ("lease", {"lease": DATES}, {"lease": DATES | {"credit": {"amount": 40}}}),
    ("lease.starts", {"lease": DATES}, {"lease": DATES | {"starts": "2026-11-22"}}),
    ("lease.ends", {"lease": DATES, "team": ADA}, {"lease": DATES | {"ends": "2026-12-17"}, "team": ADA}),
    ("lease.graceDays", {"lease": DATES, "team": ADA}, {"lease": DATES | {"graceDays": 20}, "team": ADA}),
    ("lease.timeZone", {"lease": STOP} | machine(), {"lease": STOP | {"timeZone": "Asia/Tokyo"}} | machine()),
    ("lease.stopSchedule", {"lease": STOP} | machine(), {"lease": {"stopSchedule": "0 21 * * *"}} | machine()),
    ("network.subnets", machine(), machine() | {"network": {"subnets": {"europe-west4": "10.20.0.0/20"}}}),
    ("network.egress", machine(), machine() | {"network": {"egress": "nat"}}),
    ("storage.keep", {}, {"storage": {"keep": True}}),
    ("storage.location", {}, {"storage": {"location": "EU"}}),
    ("storage.data.keepNewest", {}, {"storage": {"data": {"keepNewest": 2}}}),
    ("storage.models.keepNewest", {}, {"storage": {"models": {"keepNewest": 2}}}),
    ("storage.data.existing", {}, {"storage": {"data": {"existing": "our-own-data"}}}),
    ("storage.models.existing", {}, {"storage": {"models": {"existing": "our-own-models"}}}),
    ("registry.existing", {}, {"registry": {"existing": "our-images"}}),
    ("storage.staging.days", {}, {"storage": {"staging": {"days": 2}}}),
    ("registry", {}, {"registry": {"keepNewest": 2}}),
    ("registry.keep", {}, {"registry": {"keep": True}}),
    ("registry.python", {"registry": {"python": True}}, {}),
    ("secrets", {"secrets": {"names": {"A": ["builds"]}}} | builds(), {"secrets": {"names": {"A": []}}} | builds()),
    ("secrets.keep", {"secrets": {"names": {"A": []}}}, {"secrets": {"names": {"A": []}, "keep": True}}),
    ("secrets.names", {"secrets": {"names": {"A": []}}}, {"secrets": {"names": {"B": []}}}),
    ("builds.repository", builds(), builds(REPOSITORY | {"name": "other"})),
    ("builds.repository.connection", builds(), builds(REPOSITORY | {"connection": "github"})),
    ("builds.triggers", builds(), builds(b=TRIGGER)),
    ("builds.triggers.*", builds(), builds(a=TRIGGER | {"branch": "^dev$"})),
    ("machines", machine(), {}),
    ("machines.*.machineType", machine(), machine(machineType="n1-standard-8")),
    ("machines.*.gpu", machine(**T4), machine(spot=True)),
    ("machines.*.gpu.model", machine(**T4), machine(gpu={"model": "P100"}, spot=True)),
    ("machines.*.zone", machine(), machine(zone="europe-west4-b")),
    ("machines.*.fallbackZones", machine(), machine(fallbackZones=["europe-west4-b"])),
    ("machines.*.spot", machine(), machine(spot=True)),
    ("machines.*.onDemandGpu", machine(), machine(onDemandGpu=True)),
    ("machines.*.image", machine(), machine(image="ubuntu")),
    ("machines.*.bootDisk.sizeGb", machine(), machine(bootDisk={"sizeGb": 40})),
    ("machines.*.bootDisk.type", machine(), machine(bootDisk={"type": "pd-ssd"})),
    ("machines.*.dataDisk", machine(), machine(dataDisk=None)),
    ("machines.*.dataDisk.sizeGb", machine(), machine(dataDisk={"sizeGb": 10})),
    ("machines.*.dataDisk.type", machine(), machine(dataDisk={"type": "pd-ssd"})),
    ("machines.*.dataDisk.keep", machine(), machine(dataDisk={"keep": True})),
    ("machines.*.startupScript", machine(), machine(startupScript="starter/setup.sh")),
    ("machines.*.beforeStop", machine(), machine(beforeStop="starter/checkpoint.sh")),
    ("machines.*.container", machine(), machine(container={"image": "a"})),
    ("machines.*.container.image", machine(container={"image": "a"}), machine(container={"image": "b"})),
    ("machines.*.maxRun", machine(), machine(maxRun="4h")),
    ("machines.*.maxRunReason", machine(), machine(maxRunReason="it takes so long")),
    ("machines.*.labels", machine(), machine(labels={"for": "training"})),
    ("training", {"training": {}}, {"training": {"timeout": "1h"}}),
    ("training.enabled", {"training": {}}, {"training": {"enabled": False}}),
    ("training.region", {"training": {"endpoint": True}}, {"training": {"endpoint": True, "region": "europe-west1"}}),
    ("training.prediction", {"training": {"prediction": True}}, {"training": {}}),
    ("training.endpoint", {"training": {"endpoint": True}}, {"training": {}}),
    ("services", {"services": {"a": {}}}, {"services": {"b": {}}}),
    ("services.*", {"services": {"a": {}}}, {"services": {"a": {"memory": "1Gi"}}}),
    ("services.*.volumes", SERVICE, {"services": {"a": {"volumes": {"data": {}}}}}),
    (
        "services.*.volumes.*.write",
        {"services": {"a": {"volumes": {"models": {}}}}},
        {"services": {"a": {"volumes": {"models": {"write": True}}}}},
    ),
    ("monitoring", SERVICE, SERVICE | {"monitoring": {"channels": ["12345"]}}),
    ("services.*.writes", {"services": {"a": {}}}, {"services": {"a": {"writes": ["data"]}}}),
    (
        "services.*.deployedBy",
        builds(a=TRIGGER | {"deploys": True}) | {"services": {"a": {}}},
        builds(a=TRIGGER | {"deploys": True}) | {"services": {"a": {"deployedBy": "a"}}},
    ),
    ("services.*.public", {"services": {"a": {}}}, {"services": {"a": {"public": True}}}),
    ("github", {"github": {"repositoryId": 1}}, {"github": {"repositoryId": 2}}),
    ("github.keep", {"github": {"repositoryId": 1}}, {"github": {"repositoryId": 1, "keep": True}}),
    ("github.deploy", {"github": {"repositoryId": 1, "deploy": True}}, {"github": {"repositoryId": 1}}),
    ("team", {"team": ADA}, {"team": ADA | {"extraRoles": ["roles/run.viewer"]}}),
    ("allow", {}, {"allow": {"gpus": ["nvidia-z9"]}}),
    ("usage", {}, {"usage": {"evening": "down"}}),
    ("prices", {}, {"prices": {"resources": {"data": 1.0}}}),
    ("guardrails", {}, {"guardrails": {"maxIdlePerDay": 2}}),
]


@functools.cache
def planned(config: str, folder: Path) -> tuple[Registration, ...]:
    file = folder / "Pulumi.x.yaml"
    file.write_text(json.dumps({"config": json.loads(config)}), encoding="utf-8")
    return planning.make("x", file, ROOT).resources


def registered(sections: Sections, folder: Path) -> tuple[Registration, ...]:
    config: dict[str, Any] = {
        "gcp:project": "my-project-1",
        "gcp:region": "europe-west4",
        "coursecloud:machines": {},
        "coursecloud:training": {"enabled": False},
    }
    config |= {key if ":" in key else f"coursecloud:{key}": section for key, section in sections.items()}
    return planned(json.dumps(config), folder)


def found(before: Sections, after: Sections, folder: Path) -> str:
    """Say what the review finds at most: in the words of the settings' fields."""
    changes = compare(registered(before, folder), registered(after, folder))
    operations = {_operation(change) for change in changes}
    # A machine holds nothing that is meant to last; what is on its boot disk goes with it all the same.
    if any(change.loses or (change.goes and "compute/instance:" in change.resource.type) for change in changes):
        return "loses"
    if operations & {Operation.REPLACE, Operation.DELETE}:
        return "replaces"
    return "nothing" if operations == {Operation.SAME} else "updates"


def _operation(change: Change) -> Operation:
    # A grant that goes or comes anew is no more than a change of who may do what.
    grant = change.resource.type.lower().endswith("iammember") and change.operation is not Operation.SAME
    return Operation.UPDATE if grant else change.operation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edited")


@pytest.mark.parametrize(("place", "before", "after"), EDITS, ids=[edit[0] for edit in EDITS])
def test_what_is_said_of_a_change_is_what_the_review_finds(
    place: str, before: Sections, after: Sections, folder: Path
) -> None:
    said = keys.words(place, "changing")[1]["effect"]
    seen = found(before, after, folder)
    # A stop and start is an update to the provider; no type says which of its updates need one.
    assert seen == ("updates" if said == "restarts" else said)


def test_every_word_on_a_change_is_held_against_the_review() -> None:
    said = {place for place, entry in keys.said().items() if "changing" in entry}
    edited = {place for place, _, _ in EDITS}
    below = {place for place in said if place.startswith("machines.*.container.")}
    assert said - edited - below <= {"network", "storage", "builds", "machines.*", "machines.*.bootDisk"}
