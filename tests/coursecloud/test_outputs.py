"""The outputs for people: few lines in the morning, and each command to paste by its name."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.plan import once, outputs, planning
from infra.settings import EXAMPLE_PROJECT
from tests import gcloud
from tests.machine import FOUND
from tests.project import CHECKOUT, ROOT

STACK = f"""\
config:
  gcp:project: {EXAMPLE_PROJECT}
  coursecloud:secrets: {{names: {{WANDB_API_KEY: [machines]}}}}
  coursecloud:services: {{demo: {{}}}}
  coursecloud:machines: {{one: {{}}, two: {{}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.x.yaml").write_text(STACK, encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["commands", *words, "--stack", "x", "--folder", str(folder)], env=env)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def known(folder: Path) -> dict[str, str]:
    made = planning.make("x", folder / "Pulumi.x.yaml", ROOT)
    return made.outputs["commands"] | once.commands(made.settings)


def test_one_command_is_printed_alone_and_whole(folder: Path, known: dict[str, str]) -> None:
    for name in ("ssh one", "train", "build", "log in programs", "configure ssh two"):
        if name in known:
            assert run(folder, *name.split()) == (0, f"{known[name]}\n", "")
    assert run(folder, "ssh one")[1] == f"{known['ssh one']}\n", "as one word too"


def test_words_mean_all_that_have_them_in_their_names(folder: Path, known: dict[str, str]) -> None:
    code, said, _ = run(folder, "ssh", "--json")
    assert code == 0
    assert json.loads(said) == {name: known[name] for name in known if "ssh" in name.split()}
    assert len(json.loads(said)) == 4
    assert run(folder, "add secret")[1] == known["add secret WANDB_API_KEY"] + "\n"
    assert outputs.wanted(known, "doc") == {}, "half a word means nothing"
    assert outputs.wanted({"ssh": "a", "ssh b": "c"}, "ssh") == {"ssh": "a"}
    assert outputs.wanted({"run trigger a": "x"}, "Trigger a") == {"run trigger a": "x"}


def test_without_a_word_all_are_listed_each_on_a_line_of_its_own(folder: Path, known: dict[str, str]) -> None:
    for columns in ("80", ""):
        code, said, _ = run(folder, env={"COLUMNS": columns})
        lines = said.splitlines()
        assert code == 0
        assert lines[0].startswith(f"{len(known)} commands of stack x, ")
        assert {line.strip() for line in lines} >= {*known, *known.values()}
    assert run(folder, "--quiet")[1] == f"{lines[0]}\n"
    assert json.loads(run(folder, "--json")[1]) == known
    assert "write your project's id" in said, "what has to be done once is said beside the logins"
    assert lines.index("once") < lines.index("machines") < lines.index("training")


def test_a_word_that_none_has_ends_with_2_and_what_comes_near(folder: Path) -> None:
    for typed, meant in (
        ("shh one", "ssh one"),
        ("dvx", "dvc"),
        ("sevice", "service"),
        ("notebok two", "notebook two"),
    ):
        code, said, beside = run(folder, typed)
        assert (code, said) == (2, "")
        assert f"{typed}: stack x has no command" in beside
        assert f"did you mean '{meant}'?" in beside
    assert "remedy  `coursecloud commands --stack x` lists them" in run(folder, "zzzzzz")[2].replace(".venv/bin/", "")


def test_every_command_has_its_heading(known: dict[str, str]) -> None:
    assert "others" not in outputs.sections(known)
    assert outputs.sections({"dance": "x", "ssh a": "y"}) == {"machines": {"ssh a": "y"}, "others": {"dance": "x"}}


def test_what_is_done_once_asks_for_each_gpu_and_is_understood_by_gcloud(tmp_path: Path) -> None:
    text = """\
config:
  gcp:project: my-project-1
  gcp:region: europe-west4
  coursecloud:machines:
    a: {machineType: n1-standard-4, gpu: {model: T4}, spot: true}
    b: {machineType: a3-highgpu-8g, onDemandGpu: true, zone: europe-west4-b}
  coursecloud:training: {machineType: a2-ultragpu-2g, spot: true}
"""
    (tmp_path / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    found = once.commands(planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT).settings)
    asked = {name: shlex.split(line) for name, line in found.items() if name.startswith("gpu quota")}
    wanted = {
        "gpu quota T4 spot europe-west4": ("PREEMPTIBLE-NVIDIA-T4-GPUS-per-project-region", "1", "region=europe-west4"),
        "gpu quota H100 europe-west4": (
            *("GPUS-PER-GPU-FAMILY-per-project-region", "8", "region=europe-west4,gpu_family=NVIDIA_H100"),
        ),
        "gpu quota training A100 80 GB spot europe-west4": (
            *("CustomModelTrainingPreemptibleA10080GBGPUsPerProjectPerRegion", "2", "region=europe-west4"),
        ),
        "gpu quota all regions": ("GPUS-ALL-REGIONS-per-project", "9", ""),
    }
    assert set(asked) == set(wanted)
    for name, (quota, count, where) in wanted.items():
        assert {f"--quota-id={quota}", f"--preferred-value={count}"} <= set(asked[name])
        assert (f"--dimensions={where}" in asked[name]) is bool(where)
        assert any(word.startswith("--justification=University course mlops: ") for word in asked[name])
    if shutil.which("gcloud", path=FOUND.get("PATH")):
        assert gcloud.refuses(tmp_path, [line for line in found.values() if line.startswith("gcloud ")]) == []


def test_what_a_group_does_once_has_no_name_to_fill_in(tmp_path: Path) -> None:
    more = "  coursecloud:github: {repositoryId: 123456789, deploy: true}\n"
    (tmp_path / "Pulumi.x.yaml").write_text(STACK.replace(EXAMPLE_PROJECT, "my-project-1") + more, encoding="utf-8")
    found = once.commands(planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT).settings)
    lines = {name: found[name] for name in ("state bucket", "share state", "tell github", "let previews read state")}
    assert not any(re.search(r"\b(YOUR|PROJECT|NAME|EMAIL)\b", line) for line in lines.values())

    shutil.copyfile(ROOT / "Pulumi.yaml", tmp_path / "Pulumi.yaml")
    for program, prints in (
        ("gh", 'echo "$3=$5" >> told'),
        ("pulumi", """echo '{"workloadIdentityProvider": "a/b"}'"""),
    ):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / program).write_text(f"#!/bin/sh\n{prints}\n", encoding="utf-8")
        (tmp_path / "bin" / program).chmod(0o755)
    script = f"{lines['share state']} && {lines['tell github']}"
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    subprocess.run(["bash", "-ec", script], cwd=tmp_path, env={"PATH": path}, check=True)
    before = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    after = yaml.safe_load((tmp_path / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert after == {**before, "backend": {"url": "gs://my-project-1-pulumi"}}
    assert not list(tmp_path.glob("*.before"))
    told = dict(line.split("=") for line in (tmp_path / "told").read_text(encoding="utf-8").splitlines())
    workflows = "".join(file.read_text(encoding="utf-8") for file in (CHECKOUT / ".github/workflows").glob("*.yml"))
    assert set(re.findall(r"vars\.((?:GCP|COURSECLOUD)_\w+)", workflows)) <= set(told)
    assert told["GCP_WORKLOAD_IDENTITY_PROVIDER"] == "a/b"
    made = {str(each.inputs["accountId"]) for each in planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT).custom
            if each.type == "gcp:serviceaccount/account:Account"}  # fmt: skip
    assert {value.partition("@")[0] for name, value in told.items() if name.endswith("_ACCOUNT")} <= made
    if shutil.which("gcloud", path=FOUND.get("PATH")):
        assert gcloud.refuses(tmp_path, [line for line in lines.values() if line.startswith("gcloud ")]) == []


class TestFew:
    OUTPUTS: dict[str, Any] = {  # noqa: RUF012 - nobody writes into it
        "project": "p",
        "buckets": {"data": "gs://d", "models": "gs://m"},
        "registry": "europe-west1-docker.pkg.dev/p/x-docker",
        "commands": {"ssh box": "gcloud compute ssh x-box", "start box": "s", "train": "printf '...'"},
        "services": {"demo": "https://demo.run.app"},
        "membersByFile": [],
    }

    def test_what_a_morning_needs_and_where_the_rest_is(self) -> None:
        assert [line.split("  ", 1)[0] for line in outputs.few(self.OUTPUTS, "x")] == [
            "log in to box",
            "data",
            "images",
            "service demo",
            "all commands",
        ]
        text = "\n".join(outputs.few(self.OUTPUTS, "x"))
        assert "coursecloud commands --stack x" in text
        assert "gs://m" not in text

    def test_of_many_only_some_are_named(self) -> None:
        many = {f"ssh m{number}": f"line {number}" for number in range(40)}
        lines = outputs.few({**self.OUTPUTS, "commands": many}, "x")
        assert len(lines) < 12
        assert any("and 36 more" in line for line in lines)

    def test_there_is_no_line_without_outputs_and_no_stumble_over_others(self) -> None:
        assert outputs.few({}, "x") == []
        odd = {"commands": ["a"], "buckets": {"data": {"$unknown": True}}, "registry": None, "services": {"a": None}}
        assert outputs.few(odd, "x") == []

    def test_a_name_of_others_cannot_steer_the_terminal(self) -> None:
        (line,) = outputs.few({"registry": "a\x1b[2J\nb"}, "x")
        assert "\x1b" not in line
