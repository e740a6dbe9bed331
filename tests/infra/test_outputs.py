"""The outputs: commands that a shell takes apart as they are meant, and that gcloud's own parser accepts."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from infra.outputs import _call  # pyright: ignore[reportPrivateUsage]
from tests import gcloud
from tests.infra import shell
from tests.infra.planned import COMMITTED, PROJECT, Planner, texts

HOSTILE = "$(touch pwned) `touch pwned`; touch pwned | 'a' \"b\" \\ * # end"
ENOUGH = """\
coursecloud:course: {group: "", labels: {cost-center: "02476"}}
coursecloud:secrets: {names: {WANDB_API_KEY: [training]}}
coursecloud:builds:
  repository: {owner: a, name: b}
  triggers: {image: {branch: ^main$, dockerfile: D}, release: {tag: v, buildFile: b.yaml}}
coursecloud:services: {demo: {}}
coursecloud:github: {repositoryId: 1}"""


def commands(plan: Plan) -> dict[str, str]:
    return dict(plan.outputs["commands"])


def words(command: str) -> list[list[str]]:
    """Take a command line apart as a shell does: its commands, each as a list of words."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in ("&&", "|", ";"):
            found.append([])
        else:
            found[-1].append(word)
    return found


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_command_is_known_before_anything_is_deployed(committed: dict[str, Plan], stack: str) -> None:
    plan = committed[stack]
    assert all(command for command in commands(plan).values())
    assert all("$unknown" not in path for path, _ in texts(plan.outputs["commands"]))


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_command_names_its_project(committed: dict[str, Plan], stack: str) -> None:
    for name, command in commands(committed[stack]).items():
        for found in words(command):
            if found[0] == "gcloud" and found[1] != "auth":
                assert "--project=example-project-id" in found, name


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_command_is_one_line_that_a_shell_can_read(committed: dict[str, Plan], stack: str) -> None:
    for command in commands(committed[stack]).values():
        assert "\n" not in command
        assert subprocess.run(["/bin/sh", "-n", "-c", command], check=False).returncode == 0


def test_each_machine_is_reached_through_the_proxy_and_started_and_stopped(full: Plan) -> None:
    for name, machine in full.settings.machines.items():
        zone = f"--zone={full.settings.zone_of(machine)}"
        project = "--project=example-project-id"
        assert words(commands(full)[f"ssh {name}"]) == [
            ["gcloud", "compute", "ssh", f"full-{name}", project, zone, "--tunnel-through-iap"]
        ]
        for verb in ("start", "stop"):
            expected = ["gcloud", "compute", "instances", verb, f"full-{name}", project, zone]
            assert words(commands(full)[f"{verb} {name}"]) == [expected]


def test_the_commands_are_of_what_is_there(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:machines: {}", "coursecloud:training: {enabled: false}")
    assert set(commands(plan)) == {
        *("upload data", "download data", "list data", "upload models", "download models"),
        *("dvc remote", "dvc push", "dvc pull", "docker login", "docker push", "docker pull", "read logs"),
    }


def test_a_pull_requests_trigger_has_no_command(full: Plan) -> None:
    run = {name for name in commands(full) if name.startswith("run trigger ")}
    # Nobody in the team acts as the account that deploys, which `release` does.
    assert run == {"run trigger trainer"}


def test_the_image_that_is_pushed_is_the_one_that_jobs_run(full: Plan) -> None:
    build, push = words(commands(full)["docker push"])
    image = "europe-west4-docker.pkg.dev/example-project-id/full-docker/trainer:latest"
    assert build == ["docker", "build", "--tag", image, "."]
    assert push == ["docker", "push", image]
    assert image in commands(full)["train"]


def job_of(plan: Plan) -> tuple[dict[str, Any], list[str]]:
    """The configuration that the training command writes, and the command that reads it."""
    written, created = words(commands(plan)["train"])
    assert written[:2] == ["printf", "%s"]
    assert written[3:] == [">", "job.json"]
    return json.loads(written[2]), created


def test_the_training_command_writes_the_job_of_the_outputs_and_submits_it(full: Plan) -> None:
    job, created = job_of(full)
    output = full.outputs["training"]["job"]
    assert job == (json.loads(output) if isinstance(output, str) else output)
    assert created[:4] == ["gcloud", "ai", "custom-jobs", "create"]
    assert "--config=job.json" in created
    (labels,) = (word for word in created if word.startswith("--labels="))
    assert {"group=teachers", "stack=full", "lease-end=2026-12-18", "component=training"} <= set(
        labels.partition("=")[2].split(",")
    )


def test_the_training_command_really_writes_its_file(full: Plan, tmp_path: Path) -> None:
    write, _, _ = commands(full)["train"].partition(" && ")
    subprocess.run(["/bin/sh", "-c", write], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "job.json").read_text(encoding="utf-8")) == job_of(full)[0]


def test_every_trigger_but_those_of_pull_requests_can_be_run_by_hand(plan_of: Planner) -> None:
    triggers = "a: {pullRequest: main, dockerfile: D}, b: {branch: main, dockerfile: D}, c: {tag: v, dockerfile: D}"
    plan = plan_of(f"coursecloud:builds: {{repository: {{owner: a, name: b}}, triggers: {{{triggers}}}}}")
    assert {name for name in commands(plan) if name.startswith("run trigger")} == {"run trigger b", "run trigger c"}


OTHER = "a'b\"c$(touch-pwned)&&x"


def test_a_hostile_looking_value_stays_one_word(plan_of: Planner, tmp_path: Path) -> None:
    # An image cannot be one: what is no name of an image is refused.
    plan = plan_of(f"coursecloud:training: {{args: [{json.dumps(HOSTILE)}, {json.dumps(OTHER)}]}}")
    write, _, _ = commands(plan)["train"].rpartition(" && ")
    subprocess.run(["/bin/sh", "-c", write], cwd=tmp_path, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]
    (pool,) = json.loads((tmp_path / "job.json").read_text(encoding="utf-8"))["workerPoolSpecs"]
    assert pool["containerSpec"]["args"] == [HOSTILE, OTHER]


def test_a_services_address_is_quoted_in_its_call(tmp_path: Path) -> None:
    command = _call("https://demo.example/?a=$(touch pwned)&b='c'")
    echoed = f"gcloud() {{ echo token; }}; curl() {{ printf '%s\\n' \"$@\"; }}; {command}"
    done = subprocess.run(["/bin/sh", "-c", echoed], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "--header",
        "Authorization: Bearer token",
        "https://demo.example/?a=$(touch pwned)&b='c'",
    ]
    assert list(tmp_path.iterdir()) == []


def test_the_outputs_name_what_the_stack_has(plan_of: Planner) -> None:
    outputs = plan_of(ENOUGH).outputs
    assert outputs["project"] == PROJECT
    assert outputs["buckets"]["data"] == f"gs://{PROJECT}-unit-data"
    assert set(outputs) == {
        *("project", "region", "buckets", "registry", "commands", "machines", "training"),
        *("secrets", "services", "callService", "triggers", "github"),
    }
    assert set(outputs["callService"]) == {"demo"}


@gcloud.MISSING
def test_gcloud_understands_every_command(full: Plan, plan_of: Planner, tmp_path: Path) -> None:
    typed = [line for plan in (full, plan_of(ENOUGH)) for line in commands(plan).values()]
    lines = [shlex.join(called) for called in shell.calls(tmp_path, typed) if called[0] == "gcloud"]
    assert len(lines) > 60
    assert gcloud.refuses(tmp_path, lines) == []


@gcloud.MISSING
def test_what_gcloud_does_not_understand_is_seen(tmp_path: Path) -> None:
    wrong = [
        "gcloud compute instances strt box --project=p --zone=z",
        "gcloud compute ssh box --project=p --zone=z --tunnel-trough-iap",
        "gcloud secrets versions add --project=p --data-file=-",
    ]
    assert len(gcloud.refuses(tmp_path, wrong)) == 3


def test_the_outputs_have_the_form_that_scripts_read(full: Plan) -> None:
    outputs = full.outputs
    assert set(outputs["buckets"]) == {"data", "models", "staging"}
    assert outputs["buckets"]["staging"] == "gs://example-project-id-full-staging"
    assert outputs["registry"] == "europe-west4-docker.pkg.dev/example-project-id/full-docker"
    assert {frozenset(entry) for entry in outputs["machines"].values()} == {frozenset({"zone", "internalIp"})}
    assert {name: entry["zone"] for name, entry in outputs["machines"].items()} == {
        name: full.settings.zone_of(machine) for name, machine in full.settings.machines.items()
    }
    training = outputs["training"]
    assert set(training) == {"job", "serviceAccount", "predictionServiceAccount", "endpoint"}
    assert training["serviceAccount"] == "full-training@example-project-id.iam.gserviceaccount.com"
    assert training["predictionServiceAccount"] == "full-prediction@example-project-id.iam.gserviceaccount.com"
    assert training["endpoint"]
    accounts = {f"{name}ServiceAccount" for name in ("preview", "deploy", "ci", "ciRead")}
    assert set(outputs["github"]) == {"workloadIdentityProvider", *accounts}
    assert outputs["github"]["previewServiceAccount"].startswith("full-preview@")
    assert outputs["github"]["deployServiceAccount"].startswith("full-deploy@")
    assert outputs["triggers"] == {name: f"full-{name}" for name in full.settings.builds.triggers}
    assert set(outputs["services"]) == set(outputs["callService"]) == set(full.settings.services)


def test_what_a_stack_does_not_have_is_null_and_not_missing(plan_of: Planner) -> None:
    outputs = plan_of("coursecloud:github: {repositoryId: 1}").outputs
    assert outputs["training"]["predictionServiceAccount"] is None
    assert outputs["training"]["endpoint"] is None
    assert outputs["github"]["deployServiceAccount"] is None


def test_the_commands_are_these(plan_of: Planner) -> None:
    """Word for word, so that a slip is seen where there is no gcloud to ask."""
    host = "europe-west1-docker.pkg.dev"
    place = f"--project={PROJECT} --zone=europe-west1-b"
    box, image = f"unit-box {place}", f"{host}/{PROJECT}/unit-docker/trainer:latest"
    trigger, bucket = f"--project={PROJECT} --region=europe-west1", f"gs://{PROJECT}-unit-data"
    made = commands(plan_of(ENOUGH, "coursecloud:machines: {box: {}}"))
    storage, tunnel = "gcloud storage cp --recursive", "--tunnel-through-iap"
    models = bucket.replace("data", "models")
    described = f"gcloud run services describe unit-demo {trigger} '--format=value(status.url)'"
    longer = ("train", "build", "configure ssh box")  # tests/infra/test_shell.py takes these apart
    assert {name: command for name, command in made.items() if name not in longer} == {
        "copy to box": f"gcloud compute scp --recurse FILE unit-box:/mnt/disks/work/ {place} {tunnel}",
        "copy from box": f"gcloud compute scp --recurse unit-box:/mnt/disks/work/FILE . {place} {tunnel}",
        "notebook box": f"gcloud compute ssh {box} {tunnel} --ssh-flag=-N --ssh-flag=-L8888:localhost:8888",
        "download data": f"{storage} {bucket}/data . --project={PROJECT}",
        "upload models": f"{storage} 'models/*' {models} --project={PROJECT}",
        "download models": f"mkdir -p models && {storage} '{models}/*' models --project={PROJECT}",
        "download jobs": f"{storage} {models}/jobs . --project={PROJECT}",
        "dvc remote": f"dvc remote add --default --force storage {bucket}/dvc"
        " && dvc remote modify storage version_aware true",
        "dvc push": "dvc push",
        "dvc pull": "dvc pull",
        "docker pull": f"docker pull {image}",
        "list builds": f"gcloud builds list {trigger} --limit=10",
        "build log": 'gcloud logging read "resource.type=build AND resource.labels.build_id=$('
        f"gcloud builds list {trigger} --limit=1 '--format=value(id)')\""
        f" --project={PROJECT} --order=asc '--format=value(textPayload)'",
        "job log": f'gcloud ai custom-jobs stream-logs "$(gcloud ai custom-jobs list {trigger}'
        f" '--sort-by=~createTime' --limit=1 '--format=value(name)')\" {trigger}",
        "cancel job": f"gcloud ai custom-jobs cancel JOB {trigger}",
        "call service demo": 'curl --header "Authorization: Bearer $(gcloud auth print-identity-token)"'
        f' "$({described})"',
        "service log demo": f"gcloud run services logs read unit-demo {trigger} --limit=50",
        "ssh box": f"gcloud compute ssh {box} --tunnel-through-iap",
        "start box": f"gcloud compute instances start {box}",
        "stop box": f"gcloud compute instances stop {box}",
        "upload data": f"gcloud storage cp --recursive data {bucket} --project={PROJECT}",
        "list data": f"gcloud storage ls --recursive --all-versions {bucket} --project={PROJECT}",
        "docker login": f"gcloud auth configure-docker {host} --quiet",
        "docker push": f"docker build --tag {image} . && docker push {image}",
        "run trigger image": f"gcloud builds triggers run unit-image {trigger} --branch=main",
        "run trigger release": f"gcloud builds triggers run unit-release {trigger} --tag=TAG",
        "list jobs": f"gcloud ai custom-jobs list --project={PROJECT} --region=europe-west1",
        "add secret WANDB_API_KEY": f"gcloud secrets versions add unit-WANDB_API_KEY --project={PROJECT} --data-file=-",
        "read logs": f"gcloud logging read 'severity>=WARNING' --project={PROJECT} --limit=20",
    }


def test_a_trigger_of_tags_is_started_with_a_tag_and_one_of_branches_with_a_branch(plan_of: Planner) -> None:
    made = commands(plan_of(ENOUGH))
    assert words(made["run trigger image"])[0][-1] == "--branch=main"
    assert words(made["run trigger release"])[0][-1] == "--tag=TAG"


def test_only_secrets_of_training_are_told_to_a_job(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:secrets: {names: {MINE: [training], OTHER: [machines]}}")
    told = {entry["name"] for entry in job_of(plan)[0]["workerPoolSpecs"][0]["containerSpec"]["env"]}
    assert told == {"DATA_BUCKET", "MODELS_BUCKET", "MINE_SECRET"}


def test_jobs_are_submitted_and_listed_in_the_region_of_training(plan_of: Planner) -> None:
    here = commands(plan_of())
    there = commands(plan_of("coursecloud:training: {region: europe-west4}"))
    for made, region in ((here, "europe-west1"), (there, "europe-west4")):
        assert f"--region={region}" in words(made["train"])[-1]
        assert f"--region={region}" in words(made["list jobs"])[0]
    (name,) = (word for word in words(here["train"])[-1] if word.startswith("--display-name="))
    assert name == "--display-name=unit-train"
