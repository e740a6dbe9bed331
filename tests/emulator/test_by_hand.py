"""What a person does by hand with gcloud, and that the cloud is then as that person left it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from clients import APIS, PROJECT, Google

from emulator import Emulator
from emulator.world import World
from tests import gcloud
from tests.gcloud import Gcloud

REGION, ZONE = "europe-west1", "europe-west1-b"
WHERE = f"--zone={ZONE}"
PLACE = {"project": PROJECT, "zone": ZONE}
PARENT = f"projects/{PROJECT}"
EMAIL = f"runner@{PROJECT}.iam.gserviceaccount.com"
IMAGES = f"{REGION}-docker.pkg.dev/{PROJECT}/images"
long = pytest.mark.skipif(not os.environ.get("COURSECLOUD_LONG"), reason="the long form: make rehearsal")


@dataclass
class Stage:
    """A project with one of everything, which each test gets anew."""

    google: Google
    user: Gcloud
    made: World

    def run(self, command: str, typed: str = "") -> str:
        done = self.user.run(command, typed)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    def refused(self, command: str) -> str:
        done = self.user.run(command)
        assert done.returncode == 1, f"{command}\n{done.stdout}"
        return done.stderr

    @property
    def compute(self) -> Any:
        return self.google.client("compute", "v1")

    def machine(self) -> dict[str, Any]:
        found: dict[str, Any] = self.compute.instances().get(**PLACE, instance="vm").execute()
        return found

    def bucket(self) -> dict[str, Any]:
        found: dict[str, Any] = self.google.client("storage", "v1").buckets().get(bucket="my-data").execute()
        return found

    def there(self, kind: str) -> list[str]:
        return [r["name"].rsplit("/", 1)[-1] for r in self.google.emulator.remaining() if r["type"] == kind]


def populate(google: Google) -> None:
    google.enable(*APIS)
    google.network()
    account = google.account()
    compute = google.client("compute", "v1")
    compute.disks().insert(**PLACE, body={"name": "data", "sizeGb": "20"}).execute()
    nic = {"subnetwork": f"regions/{REGION}/subnetworks/sub", "accessConfigs": [{"name": "external-nat"}]}
    machine = google.machine(networkInterfaces=[nic])
    machine["disks"].append({"source": f"zones/{ZONE}/disks/data", "deviceName": "data"})
    compute.instances().insert(**PLACE, body=machine).execute()
    allowed = [{"IPProtocol": "tcp", "ports": ["22"]}]
    rule = {"name": "iap", "network": "global/networks/net", "sourceRanges": ["35.235.240.0/20"], "allowed": allowed}
    compute.firewalls().insert(project=PROJECT, body=rule).execute()
    access = {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}}
    lifecycle = {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}
    bucket = {"name": "my-data", "location": REGION, "versioning": {"enabled": True}}
    google.client("storage", "v1").buckets().insert(
        project=PROJECT, body=bucket | {"iamConfiguration": access, "lifecycle": lifecycle}
    ).execute()
    automatic: dict[str, Any] = {"replication": {"automatic": {}}}
    google.client("secretmanager", "v1").projects().secrets().create(
        parent=PARENT, secretId="KEY", body=automatic
    ).execute()
    here = f"{PARENT}/locations/{REGION}"
    google.client("artifactregistry", "v1").projects().locations().repositories().create(
        parent=here, repositoryId="images", body={"format": "DOCKER"}
    ).execute()
    template = {"serviceAccount": account, "containers": [{"image": f"{IMAGES}/app:v1"}]}
    google.client("run", "v2").projects().locations().services().create(
        parent=here, serviceId="app", body={"template": template}
    ).execute()
    role = {"title": "t", "includedPermissions": ["compute.instances.start"]}
    google.client("iam", "v1").projects().roles().create(
        parent=PARENT, body={"roleId": "starter", "role": role}
    ).execute()
    build = {"steps": [{"name": "x"}], "options": {"logging": "CLOUD_LOGGING_ONLY"}}
    github = {"owner": "o", "name": "n", "push": {"branch": "^main$"}}
    trigger = {"name": "main", "build": build, "github": github, "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}"}
    google.client("cloudbuild", "v1").projects().locations().triggers().create(parent=here, body=trigger).execute()


@pytest.fixture(scope="module")
def _populated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Emulator(projects=[PROJECT]) as emulator:
        google = Google(emulator)
        populate(google)
        yield Stage(google, Gcloud(tmp_path_factory.mktemp("gcloud"), emulator), emulator.copy())
        google.close()
        assert not emulator.left_the_machine()


@pytest.fixture
def stage(_populated: Stage) -> Stage:
    _populated.google.emulator.restore(_populated.made)
    _populated.google.emulator.use({})
    return _populated


Look = Callable[[Stage], object]


def policy(stage: Stage, service: str = "storage:b/my-data") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.google.emulator.world.policies.get(service, {}).get("bindings", [])
    return found


def service(stage: Stage) -> dict[str, Any]:
    name = f"{PARENT}/locations/{REGION}/services/app"
    found: dict[str, Any] = stage.google.client("run", "v2").projects().locations().services().get(name=name).execute()
    return found


def switched_off(stage: Stage) -> bool:
    status, answer = stage.google.ask(f"/compute/v1/{PARENT}/zones/{ZONE}/instances/vm")
    return status == 403 and answer["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


STOP = f"gcloud compute instances stop vm {WHERE}"
ADDRESS = "networkInterfaces"
BUCKET = "gcloud storage buckets update gs://my-data"
RULES = "gcloud compute firewall-rules"
HANDS: dict[str, tuple[list[str], Look]] = {
    "a machine deleted": (
        [f"gcloud compute instances delete vm {WHERE} --quiet"],
        lambda s: s.there("instances") == [] and s.there("disks") == ["data"],
    ),
    "a machine stopped": ([STOP], lambda s: s.machine()["status"] == "TERMINATED"),
    "a machine started": (
        [STOP, f"gcloud compute instances start vm {WHERE}"],
        lambda s: s.machine()["status"] == "RUNNING",
    ),
    "a machine labelled": (
        [f"gcloud compute instances add-labels vm {WHERE} --labels=a=b"],
        lambda s: s.machine()["labels"] == {"a": "b"},
    ),
    "a machine of another type": (
        [STOP, f"gcloud compute instances set-machine-type vm {WHERE} --machine-type=e2-small"],
        lambda s: s.machine()["machineType"].endswith("/e2-small"),
    ),
    "a machine without its address": (
        [f"gcloud compute instances delete-access-config vm {WHERE} --access-config-name=external-nat"],
        lambda s: "accessConfigs" not in s.machine()[ADDRESS][0],
    ),
    "a disk grown": (
        [f"gcloud compute disks resize data {WHERE} --size=40 --quiet"],
        lambda s: s.compute.disks().get(**PLACE, disk="data").execute()["sizeGb"] == "40",
    ),
    "a disk taken off": (
        [f"gcloud compute instances detach-disk vm {WHERE} --disk=data"],
        lambda s: [d["boot"] for d in s.machine()["disks"]] == [True],
    ),
    "a disk deleted": (
        [
            f"gcloud compute instances detach-disk vm {WHERE} --disk=data",
            f"gcloud compute disks delete data {WHERE} --quiet",
        ],
        lambda s: s.there("disks") == ["vm"],
    ),
    "a disk made": (
        [f"gcloud compute disks create extra {WHERE} --size=10GB"],
        lambda s: sorted(s.there("disks")) == ["data", "extra", "vm"],
    ),
    "old versions no longer kept": ([f"{BUCKET} --no-versioning"], lambda s: not s.bucket()["versioning"]["enabled"]),
    "the public let in by a bucket": (
        [
            f"{BUCKET} --no-public-access-prevention",
            "gcloud storage buckets add-iam-policy-binding gs://my-data --member=allUsers "
            "--role=roles/storage.objectViewer",
        ],
        lambda s: policy(s) == [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}],
    ),
    "access by object": (
        [f"{BUCKET} --no-uniform-bucket-level-access"],
        lambda s: not s.bucket()["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"],
    ),
    "no rules of a bucket": (
        [f"{BUCKET} --clear-lifecycle"],
        lambda s: not s.bucket().get("lifecycle", {}).get("rule"),
    ),
    "a bucket deleted": (["gcloud storage buckets delete gs://my-data"], lambda s: s.there("b") == []),
    "a firewall opened": (
        [f"{RULES} update iap --source-ranges=0.0.0.0/0"],
        lambda s: s.compute.firewalls().get(project=PROJECT, firewall="iap").execute()["sourceRanges"] == ["0.0.0.0/0"],
    ),
    "a rule more": (
        [f"{RULES} create open --network=net --allow=tcp:22 --source-ranges=0.0.0.0/0"],
        lambda s: sorted(s.there("firewalls")) == ["iap", "open"],
    ),
    "a rule less": ([f"{RULES} delete iap --quiet"], lambda s: s.there("firewalls") == []),
    "the public let in by a service": (
        [
            f"gcloud run services add-iam-policy-binding app --region={REGION} --member=allUsers "
            "--role=roles/run.invoker"
        ],
        lambda s: policy(s, f"run:{PARENT}/locations/{REGION}/services/app")[0]["members"] == ["allUsers"],
    ),
    "a service with more instances": (
        [f"gcloud run services update app --region={REGION} --max-instances=50"],
        lambda s: (
            service(s)["template"]["scaling"]["maxInstanceCount"] == 50
            and service(s)["template"]["containers"][0]["image"] == f"{IMAGES}/app:v1"
        ),
    ),
    "a service with a variable": (
        [f"gcloud run services update app --region={REGION} --update-env-vars=A=b"],
        lambda s: service(s)["template"]["containers"][0]["env"] == [{"name": "A", "value": "b"}],
    ),
    "a service deleted": (
        [f"gcloud run services delete app --region={REGION} --quiet"],
        lambda s: s.there("services") == [],
    ),
    "a secret deleted": (["gcloud secrets delete KEY --quiet"], lambda s: s.there("secrets") == []),
    "an account deleted": (
        [f"gcloud iam service-accounts delete {EMAIL} --quiet"],
        lambda s: s.there("serviceAccounts") == [],
    ),
    "a key made": (
        [f"gcloud iam service-accounts keys create key.json --iam-account={EMAIL}"],
        lambda s: len(s.there("keys")) == 1,
    ),
    "a member let in": (
        [
            f"gcloud projects add-iam-policy-binding {PROJECT} --member=user:a@example.com --role=roles/viewer "
            "--condition=None"
        ],
        lambda s: policy(s, f"cloudresourcemanager:{PARENT}")[0]["members"] == ["user:a@example.com"],
    ),
    "a member put out": (
        [
            f"gcloud projects {verb}-iam-policy-binding {PROJECT} --member=user:a@example.com --role=roles/viewer "
            "--condition=None"
            for verb in ("add", "remove")
        ],
        lambda s: policy(s, f"cloudresourcemanager:{PARENT}") == [],
    ),
    "a registry deleted": (
        [f"gcloud artifacts repositories delete images --location={REGION} --quiet"],
        lambda s: s.there("repositories") == [],
    ),
    "a role deleted": (
        [f"gcloud iam roles delete starter --project={PROJECT}"],
        lambda s: s.there("roles") == [],
    ),
    "a role back": (
        [f"gcloud iam roles {verb} starter --project={PROJECT}" for verb in ("delete", "undelete")],
        lambda s: s.there("roles") == ["starter"],
    ),
    "a trigger deleted": (
        [f"gcloud builds triggers delete main --region={REGION} --quiet"],
        lambda s: s.there("triggers") == [],
    ),
    "an API switched off": (
        ["gcloud services disable compute.googleapis.com --force"],
        lambda s: switched_off(s),
    ),
}
BACK = ("a machine started", "a member put out", "a role back")
"""Hands whose last command undoes the first."""
EVERY_DAY = ("a service with more instances", "a disk grown")
"""Each start of gcloud takes a second or two, so `make test` runs these; `make rehearsal` runs all."""


@gcloud.MISSING
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in EVERY_DAY else long) for n in HANDS])
def test_the_cloud_is_as_a_person_left_it(stage: Stage, name: str) -> None:
    commands, look = HANDS[name]
    for command in commands:
        # Each but the last leaves it otherwise: what is back as it was has been away.
        assert command == commands[0] or name not in BACK or not quietly(stage, look)
        stage.run(command)
    assert look(stage)


@pytest.mark.parametrize("name", [name for name in HANDS if name not in BACK])
def test_before_it_was_otherwise(stage: Stage, name: str) -> None:
    assert not quietly(stage, HANDS[name][1])


def quietly(stage: Stage, look: Look) -> bool:
    """Whether it is so already; what looks for what is not there yet finds nothing."""
    try:
        return bool(look(stage))
    except (AssertionError, IndexError, KeyError):
        return False


@long
@gcloud.MISSING
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"gcloud compute disks resize data {WHERE} --size=10 --quiet", "must be larger"),
        (f"gcloud compute disks delete data {WHERE} --quiet", "is already being used by"),
        (f"gcloud compute instances set-machine-type vm {WHERE} --machine-type=e2-small", "stopped"),
        ("gcloud compute networks delete net --quiet", "is already being used by"),
        (
            "gcloud storage buckets add-iam-policy-binding gs://my-data --member=allUsers "
            "--role=roles/storage.objectViewer",
            "public access prevention",
        ),
    ],
)
def test_google_refuses_a_person_too(stage: Stage, command: str, words: str) -> None:
    before = json.dumps(stage.google.emulator.state()["resources"])
    assert words in stage.refused(command)
    assert json.dumps(stage.google.emulator.state()["resources"]) == before


@long
@gcloud.MISSING
def test_a_bucket_with_objects_is_deleted_only_with_them(stage: Stage) -> None:
    (stage.user.home / "work.csv").write_text("1,2\n")
    stage.run("gcloud storage cp work.csv gs://my-data/a/work.csv")
    assert "gs://my-data/a/work.csv" in stage.run("gcloud storage ls -l --all-versions gs://my-data/**")
    assert stage.run("gcloud storage cat gs://my-data/a/work.csv") == "1,2\n"
    assert "not empty" in stage.refused("gcloud storage buckets delete gs://my-data")
    stage.run("gcloud storage rm --recursive gs://my-data")
    assert stage.there("b") == []


@long
@gcloud.MISSING
def test_what_holds_data_is_counted(stage: Stage) -> None:
    stage.google.emulator.push({"image": f"{IMAGES}/app:v1", "size": 123_456_789})
    assert "v1" in stage.run(f"gcloud artifacts docker images list {IMAGES} --include-tags")
    assert "117.738" in stage.run(f"gcloud artifacts repositories list --location={REGION}")  # MiB
    listed = stage.run("gcloud compute disks list --format='value(name,sizeGb,users.basename())'")
    assert listed.splitlines() == ["data\t20\tvm", "vm\t10\tvm"]
    stage.run("gcloud secrets versions add KEY --data-file=-", typed="a secret")
    assert stage.run("gcloud secrets versions list KEY --format='value(name,state)'") == "1\tenabled\n"
    stage.run(f"gcloud artifacts docker images delete {IMAGES}/app:v1 --delete-tags --quiet")
    assert stage.there("dockerImages") == []
