"""gcloud on the emulator: the commands that the outputs offer, and those that remedies name."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from clients import APIS, PROJECT, Google

from catalog import tables
from coursecloud.common import stack_file
from coursecloud.plan import planning
from coursecloud.plan.outputs import sections
from emulator import Emulator
from infra.settings import EXAMPLE_PROJECT
from tests import gcloud
from tests.gcloud import Gcloud
from tests.project import ROOT

KINDS: dict[str, Any] = tables.table("commands")["commands"]
ZONES = {"workbench": "europe-west4-a", "trainer": "europe-west4-b", "runner": "europe-west4-a"}
REGION = "europe-west4"
EVERY_DAY = ("list data", "add secret WANDB_API_KEY")
"""Each start of gcloud takes seconds, so `make test` runs these; `make rehearsal` runs all."""
CALLS = {
    "ssh": "oslogin.users.getLoginProfile",
    "start": "compute.instances.start",
    "stop": "compute.instances.stop",
    "upload data": "storage.objects.insert",
    "list data": "storage.objects.list",
    "download data": "storage.objects.get",
    "upload models": "storage.objects.insert",
    "download models": "storage.objects.get",
    "configure ssh": "oslogin.users.getLoginProfile",
    "build": "cloudbuild.projects.locations.builds.create",
    "list builds": "cloudbuild.projects.locations.builds.list",
    "build log": "logging.entries.list",
    "service log": "logging.entries.list",
    "docker login": None,
    "run trigger": "cloudbuild.projects.locations.triggers.run",
    "train": "aiplatform.projects.locations.customJobs.create",
    "list jobs": "aiplatform.projects.locations.customJobs.list",
    "add secret": "secretmanager.projects.secrets.addVersion",
    "read logs": "logging.entries.list",
}
"""What each kind of command must have asked for, with success; None: it asks nobody."""
REMEDIES = {
    "gcloud projects list": PROJECT,
    f"gcloud storage buckets create gs://{PROJECT}-pulumi --location=europe-west1 --uniform-bucket-level-access": "",
    f"gcloud builds connections list --region={REGION}": "",
    "gcloud compute machine-types list --filter=name=e2-medium --limit=1": "e2-medium",
    "gcloud compute accelerator-types list --limit=1": "nvidia",
}
"""Commands that README and the messages of mistakes name, and a word of their answer."""
long = pytest.mark.skipif(not os.environ.get("COURSECLOUD_LONG"), reason="the long form: make rehearsal")


@functools.cache
def offered() -> dict[str, str]:
    path = stack_file.path_of("full", ROOT)
    outputs = planning.make("full", path, ROOT).outputs["commands"]
    ordered = [pair for section in sections(outputs).values() for pair in section.items()]
    return {name: line.replace(EXAMPLE_PROJECT, PROJECT) for name, line in ordered}


def kind_of(name: str) -> str:
    return max((kind for kind in KINDS if name == kind or name.startswith(f"{kind} ")), key=len)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gcloud]:
    """A project in which stack `full` has what its commands name."""
    home = tmp_path_factory.mktemp("gcloud")
    with Emulator(projects=[PROJECT]) as emulator:
        google = Google(emulator)
        google.enable(*APIS)
        runner = google.account("full-runner")
        google.account("full-training")
        google.account("full-builds")
        compute, parent = google.client("compute", "v1"), f"projects/{PROJECT}"
        compute.networks().insert(project=PROJECT, body={"name": "net", "autoCreateSubnetworks": False}).execute()
        subnet = {"name": "sub", "network": "global/networks/net", "ipCidrRange": "10.0.0.0/24"}
        compute.subnetworks().insert(project=PROJECT, region=REGION, body=subnet).execute()
        for name, zone in ZONES.items():
            nic = [{"subnetwork": f"regions/{REGION}/subnetworks/sub"}]
            metadata = {"items": [{"key": "enable-oslogin", "value": "TRUE"}]}
            machine = google.machine(name=f"full-{name}", zone=zone, networkInterfaces=nic, metadata=metadata)
            compute.instances().insert(project=PROJECT, zone=zone, body=machine).execute()
        for name in ("data", "models", "staging"):
            bucket = {"name": f"{PROJECT}-full-{name}", "location": REGION, "versioning": {"enabled": True}}
            google.client("storage", "v1").buckets().insert(project=PROJECT, body=bucket).execute()
        secrets = google.client("secretmanager", "v1").projects().secrets()
        automatic: dict[str, Any] = {"replication": {"automatic": {}}}
        secrets.create(parent=parent, secretId="full-WANDB_API_KEY", body=automatic).execute()
        triggers = google.client("cloudbuild", "v1").projects().locations().triggers()
        for name, event in (("trainer", {"branch": "^main$"}), ("release", {"tag": "^v"})):
            body = {
                "name": f"full-{name}",
                "filename": "cloudbuild.yaml",
                "serviceAccount": f"{parent}/serviceAccounts/{runner}",
                "github": {"owner": "o", "name": "n", "push": event},
            }
            triggers.create(parent=f"{parent}/locations/{REGION}", body=body).execute()
        google.close()
        (home / "data/sub").mkdir(parents=True)
        (home / "data/sub/measured.csv").write_text("1,2\n")
        (home / "models").mkdir()
        (home / "models/model.pt").write_text("weights")
        yield Gcloud(home, emulator)
        assert not emulator.left_the_machine()


def test_every_kind_of_command_is_run_or_says_why_not() -> None:
    assert set(CALLS) | set(gcloud.NOT_RUN) == set(KINDS)
    assert set(CALLS) & set(gcloud.NOT_RUN) == set()
    assert {kind_of(name) for name in offered()} == set(KINDS)


def try_command(user: Gcloud, name: str, command: str) -> None:
    start = len(user.emulator.requests)
    done = user.run(command, typed="a secret\n")
    assert done.returncode == 0, f"{name}: {command}\n{done.stderr}"
    expected = CALLS[kind_of(name)]
    answers = user.answers(start)
    if name.startswith("download "):
        # gcloud first looks whether the name is an object's, and reads one in parts.
        answers = [(called, status) for called, status in answers if status != 404]
    assert expected is None or (expected, 200) in answers or (expected, 206) in answers, f"{name}: only {answers}"
    assert all(status < 400 for _, status in answers), f"{name}: {answers}"


@gcloud.MISSING
@pytest.mark.parametrize("name", EVERY_DAY)
def test_gcloud_runs_a_command_of_the_outputs(user: Gcloud, name: str) -> None:
    command = gcloud.runnable(name, offered()[name])
    assert command
    try_command(user, name, command)


@long
@gcloud.MISSING
def test_gcloud_runs_every_command_of_the_outputs(user: Gcloud) -> None:
    for name, line in offered().items():
        if command := gcloud.runnable(name, line):
            try_command(user, name, command)
    assert "full-data/data/sub/measured.csv" in str(user.emulator.state())
    assert (user.home / "docker").is_dir() or (user.home / ".docker").is_dir()


@long
@gcloud.MISSING
@pytest.mark.parametrize("command", REMEDIES)
def test_gcloud_runs_what_a_remedy_says(user: Gcloud, command: str) -> None:
    done = user.run(command)
    assert done.returncode == 0, done.stderr
    assert REMEDIES[command] in done.stdout


@long
@gcloud.MISSING
def test_gcloud_tells_what_the_stand_in_refuses(user: Gcloud) -> None:
    done = user.run(f"gcloud compute instances start nobody --zone=europe-west4-a --project={PROJECT}")
    assert done.returncode == 1
    assert "was not found" in done.stderr
