"""The commands in a shell, and held to the programs that they are for, where these are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from coursecloud.plan.planning import Plan
from tests import gcloud
from tests.infra import shell
from tests.infra.planned import Planner
from tests.machine import FOUND

CAPITALS = {"FILE", "JOB", "TAG"}
"""What the reader fills in, as the first lines of infra/commands.py say."""


def line(plan: Plan, name: str) -> str:
    return plan.outputs["commands"][name]


def found(program: str) -> str | None:
    return shutil.which(program, path=FOUND.get("PATH"))


def test_a_build_is_the_stacks_own_in_account_bucket_and_log(full: Plan, tmp_path: Path) -> None:
    (called,) = shell.calls(tmp_path, [line(full, "build")])
    account = "projects/example-project-id/serviceAccounts/full-builds@example-project-id.iam.gserviceaccount.com"
    assert {
        "--config=build.json",
        f"--service-account={account}",
        "--gcs-source-staging-dir=gs://example-project-id-full-staging/source",
        "--region=europe-west4",
        "--suppress-logs",
    } <= set(called)
    written = json.loads((tmp_path / "build.json").read_text(encoding="utf-8"))
    (image,) = written["images"]
    assert written["steps"][0]["args"] == ["build", "--tag", image, "."]
    assert image in line(full, "docker push")
    assert written["options"] == {"logging": "CLOUD_LOGGING_ONLY"}


def test_a_service_is_called_at_the_address_that_google_says(full: Plan, tmp_path: Path) -> None:
    called = shell.calls(tmp_path, [line(full, "call service demo")])
    assert called[-1] == ["curl", "--header", "Authorization: Bearer answer", "answer"]
    assert ["gcloud", "run", "services", "describe", "full-demo"] in [each[:5] for each in called]


def test_the_configuration_of_ssh_is_written_once_and_beside_what_is_there(full: Plan, tmp_path: Path) -> None:
    config = tmp_path / ".ssh/config"
    config.parent.mkdir()
    config.write_text("Host mine\n  User me\n", encoding="utf-8")
    shell.calls(tmp_path, [line(full, f"configure ssh {name}") for name in ("trainer", "workbench", "trainer")])
    written = config.read_text(encoding="utf-8")
    assert written.startswith("Host mine\n  User me\n")
    assert re.findall(r"(?m)^Host (.*)$", written) == ["mine", "full-trainer", "full-workbench"]


def test_who_is_not_logged_in_gets_no_half_a_configuration(full: Plan, tmp_path: Path) -> None:
    shell.calls(tmp_path, [])
    (tmp_path / "programs/gcloud").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", line(full, "configure ssh trainer")],
        env={"PATH": f"{tmp_path}/programs:/usr/bin:/bin", "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert not (tmp_path / ".ssh/config").exists()


@pytest.mark.skipif(not found("ssh"), reason="no ssh on PATH")
def test_ssh_and_gcloud_understand_that_configuration(full: Plan, tmp_path: Path) -> None:
    shell.calls(tmp_path, [line(full, "configure ssh trainer")])
    done = subprocess.run(
        [str(found("ssh")), "-G", "-F", str(tmp_path / ".ssh/config"), "full-trainer"],
        check=True,
        capture_output=True,
        text=True,
    )
    options = dict(each.split(" ", 1) for each in done.stdout.splitlines() if " " in each)
    assert options["user"] == "answer"
    assert options["userknownhostsfile"] == "/dev/null"
    assert options["proxycommand"].startswith("gcloud compute start-iap-tunnel full-trainer 22 --listen-on-stdin")
    if found("gcloud"):
        assert gcloud.refuses(tmp_path, [options["proxycommand"]]) == []


@pytest.mark.skipif(not found("docker"), reason="no docker on PATH")
def test_docker_understands_every_command(full: Plan, tmp_path: Path) -> None:
    called = [call for call in shell.calls(tmp_path, full.outputs["commands"].values()) if call[0] == "docker"]
    assert {call[1] for call in called} == {"build", "push", "pull"}
    for call in called:
        said = docker(call[1:], tmp_path)
        assert "unknown flag" not in said, said
        assert "requires" not in said, said
    assert "unknown flag" in docker(["build", "--tagg", "a", "."], tmp_path)


def docker(words: list[str], folder: Path) -> str:
    """Call docker where no daemon is: it takes its words apart before it looks for one."""
    return subprocess.run(
        [str(found("docker")), *words],
        env={"PATH": FOUND["PATH"], "HOME": str(folder), "DOCKER_HOST": f"unix://{folder}/none"},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    ).stderr


def test_what_is_to_be_filled_in_is_a_word_in_capitals_that_is_explained(full: Plan, plan_of: Planner) -> None:
    tags = "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {release: {tag: v, dockerfile: D}}}"
    used = {
        word
        for plan in (full, plan_of(tags))
        for name, command in plan.outputs["commands"].items()
        if name != "train"  # a job's own variables
        for word in re.findall(r"(?<![\w-])[A-Z][A-Z_]{2,}(?![\w-])", command)
    }
    assert used - {"WARNING", "ERROR", "AND", "CLOUD_LOGGING_ONLY"} == CAPITALS
