"""Several training jobs with arguments of their own, how many of them run at once, and how long one waits for a GPU."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from catalog import tables
from coursecloud.plan import gpu_quota
from coursecloud.plan.planning import Plan
from emulator import validate
from emulator.discovery import load
from tests.infra.planned import Planner
from tests.settings.stacks import PROJECT, mistakes

TRAINING = "coursecloud:training: "
JOBS = (
    TRAINING
    + "{args: [--epochs, '10'], env: {MODE: all, SEED: '0'}, atOnce: 2, jobs:"
    + " {small: {args: [--lr, '0.1']}, large: {args: [\"it's\"], env: {SEED: '1'}}, third: {}}}"
)
FAKE = """#!/bin/sh
# Plays `gcloud ai custom-jobs`: a job runs for two looks, and how many run is written down. The first one waits for
# a second, for as long as a busy machine may take to start it, so that what is counted is not a matter of the moment.
cd "$PLAYED"
case "$3" in
create)
  for word in "$@"; do case "$word" in --display-name=*) name=${word#*=};; esac; done
  mkdir "running-$name"
  looks=0
  until [ -e met ] || [ "$looks" -ge "$PATIENCE" ]; do
    case "$(set -- running-*; echo $#)" in 1) looks=$((looks + 1)); /bin/sleep 0.1;; *) : > met;; esac
  done
  set -- running-*
  echo $# >> at-once
  echo "$name";;
describe)
  if [ -e "seen-$4" ]; then
    rmdir "running-$4"
    case "$4" in *"$FAILS") echo JOB_STATE_FAILED;; *) echo JOB_STATE_SUCCEEDED;; esac
  else
    : > "seen-$4"
    echo JOB_STATE_RUNNING
  fi;;
esac
"""


def commands(plan: Plan) -> dict[str, str]:
    return dict(plan.outputs["commands"])


def job(made: Any) -> dict[str, Any]:
    return json.loads(made)


@pytest.fixture
def played(tmp_path: Path) -> Path:
    for name, text in (("gcloud", FAKE), ("sleep", "#!/bin/sh\n")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    (tmp_path / "played").mkdir()
    return tmp_path


def run(command: str, played: Path, fails: str = "none", patience: int = 0) -> subprocess.CompletedProcess[str]:
    """What a command of the stack does; `patience` is how many tenths of a second a lone job waits for another."""
    environment = {
        "PATH": f"{played / 'bin'}:{os.environ['PATH']}",
        "PLAYED": str(played / "played"),
        "FAILS": fails,
        "PATIENCE": str(patience),
    }
    return subprocess.run(
        ["sh", "-c", command], cwd=played, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_each_job_has_its_own_arguments_behind_those_of_all_and_its_own_variables(plan_of: Planner) -> None:
    jobs = {name: job(text) for name, text in plan_of(JOBS).outputs["training"]["jobs"].items()}
    containers = {name: made["workerPoolSpecs"][0]["containerSpec"] for name, made in jobs.items()}
    assert {name: container["args"] for name, container in containers.items()} == {
        "small": ["--epochs", "10", "--lr", "0.1"],
        "large": ["--epochs", "10", "it's"],
        "third": ["--epochs", "10"],
    }
    told = {name: {e["name"]: e["value"] for e in container["env"]} for name, container in containers.items()}
    assert {name: (env["MODE"], env["SEED"]) for name, env in told.items()} == {
        "small": ("all", "0"),
        "large": ("all", "1"),
        "third": ("all", "0"),
    }
    assert all("DATA_BUCKET" in env for env in told.values())


def test_a_command_submits_one_of_the_jobs(plan_of: Planner, played: Path) -> None:
    command = commands(plan_of(JOBS))["train large"]
    assert run(command, played).returncode == 0
    written = json.loads((played / "job-large.json").read_text(encoding="utf-8"))
    assert written["workerPoolSpecs"][0]["containerSpec"]["args"][-1] == "it's"
    assert [path.name for path in (played / "played").glob("running-*")] == ["running-unit-train-large"]


def test_all_jobs_run_and_never_more_at_once_than_the_stack_file_says(plan_of: Planner, played: Path) -> None:
    done = run(commands(plan_of(JOBS))["train all"], played, patience=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == [
        f"unit-train-{name} JOB_STATE_SUCCEEDED" for name in ("large", "small", "third")
    ]
    at_once = [int(text) for text in (played / "played/at-once").read_text(encoding="utf-8").split()]
    assert len(at_once) == 3
    assert max(at_once) == 2


def test_a_job_that_fails_is_told_and_the_others_run(plan_of: Planner, played: Path) -> None:
    done = run(commands(plan_of(JOBS))["train all"], played, fails="small")
    assert done.returncode != 0
    assert sorted(line.rpartition("_")[2] for line in done.stdout.splitlines()) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]


def test_without_jobs_nothing_of_them_is_said(plan_of: Planner) -> None:
    plan = plan_of(TRAINING + "{}")
    assert "jobs" not in plan.outputs["training"]
    assert not [name for name in commands(plan) if name.startswith("train ")]


WAITS = "{machineType: g2-standard-4, waitForGpu: %s}"


@pytest.mark.parametrize(("given", "waits"), [("true", "7200s"), ("30m", "1800s")])
def test_a_job_that_waits_for_a_gpu_gives_up_in_the_end(plan_of: Planner, given: str, waits: str) -> None:
    plan = plan_of("gcp:region: europe-west4", TRAINING + WAITS % given)
    made = job(plan.outputs["training"]["job"])
    assert made["scheduling"] == {"timeout": "14400s", "strategy": "FLEX_START", "maxWaitDuration": waits}
    assert made["workerPoolSpecs"][0]["machineSpec"]["acceleratorType"] == "NVIDIA_L4"


def test_a_job_that_waits_for_no_gpu_is_as_before(plan_of: Planner) -> None:
    plan = plan_of("gcp:region: europe-west4", TRAINING + WAITS % "false")
    assert job(plan.outputs["training"]["job"])["scheduling"] == {"timeout": "14400s"}


def test_jobs_that_wait_draw_on_the_quota_of_preemptible_gpus_as_many_as_run_at_once(plan_of: Planner) -> None:
    text = "{machineType: g2-standard-4, waitForGpu: true, atOnce: 2, jobs: {a: {}, b: {}, c: {}}}"
    (need,) = gpu_quota.needs(plan_of("gcp:region: europe-west4", TRAINING + text).settings)
    assert (need.count, need.metric) == (
        2,
        "aiplatform.googleapis.com/custom_model_training_preemptible_nvidia_l4_gpus",
    )


def test_no_more_run_at_once_than_there_are(plan_of: Planner) -> None:
    text = "{machineType: g2-standard-4, atOnce: 5, jobs: {a: {}}}"
    (need,) = gpu_quota.needs(plan_of("gcp:region: europe-west4", TRAINING + text).settings)
    assert need.count == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpu: {model: T4}, waitForGpu: true", "the job has a T4"),
        ("gpu: {model: V100}, region: europe-west4, waitForGpu: 1h", "the job has a V100"),
        ("waitForGpu: true", "none to wait for"),
        ("machineType: g2-standard-4, region: europe-west4, spot: true, waitForGpu: true", "one strategy a job"),
        ("machineType: g2-standard-4, region: europe-west4, waitForGpu: 30s", "lasts 1m to 7d"),
        ("machineType: g2-standard-4, region: europe-west4, waitForGpu: 8d", "lasts 1m to 7d"),
        ("machineType: g2-standard-4, region: europe-west4, waitForGpu: 2", "a whole number with s, m, h or d"),
        ("env: {AIP_MODEL_DIR: x}", "Vertex AI sets"),
        ("env: {DATA_BUCKET: x}", "Vertex AI sets"),
        ("jobs: {a: {env: {TF_CONFIG: x}}}", "Vertex AI sets"),
        ("jobs: {all: {}}", "every job"),
        ("jobs: {A: {}}", "lower-case"),
        ("atOnce: 0", "1 or more"),
        ("atOnce: 21", "20 or less"),
        (f"env: {{{', '.join(f'X{n}: v' for n in range(81))}}}", "100 variables"),
    ],
)
def test_what_vertex_ai_refuses_of_a_job_is_refused_before(text: str, says: str, tmp_path: Path) -> None:
    (said,) = mistakes(f"{PROJECT}coursecloud:training: {{{text}}}\n", tmp_path)
    assert says in said.rule
    assert said.remedy


def test_a_variable_of_a_job_is_the_stacks_or_the_stack_files(tmp_path: Path) -> None:
    text = "coursecloud:secrets: {names: {KEY: [training]}}\ncoursecloud:training: {jobs: {a: {env: {KEY_SECRET: x}}}}"
    (said,) = mistakes(f"{PROJECT}{text}\n", tmp_path)
    assert said.path == "coursecloud:training.jobs.a.env.KEY_SECRET"


def test_every_job_is_one_that_googles_description_takes(plan_of: Planner) -> None:
    document = load("aiplatform", "v1")
    method = document.methods["aiplatform.projects.locations.customJobs.create"]
    flex = WAITS % "true"
    for text in (JOBS, TRAINING + flex, TRAINING + "{gpu: {model: T4}, spot: true}"):
        outputs = plan_of("gcp:region: europe-west4", text).outputs["training"]
        for made in (outputs["job"], *outputs.get("jobs", {}).values()):
            body = {"displayName": "j", "jobSpec": job(made)}
            assert validate.check_body(document, method, body)


def test_every_gpu_that_can_be_waited_for_is_one_that_vertex_ai_knows() -> None:
    document = load("aiplatform", "v1")
    known = document.schemas["GoogleCloudAiplatformV1MachineSpec"]["properties"]["acceleratorType"]["enum"]
    gpus = tables.table("vertex")["flexStart"]
    assert {name.upper().replace("-", "_") for name in gpus} <= set(known)
    assert set(gpus) <= set(tables.gpus())
