"""The outputs for people: few lines in the morning, and each command to paste by its name."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.plan import outputs, planning
from infra.settings import EXAMPLE_PROJECT
from tests.project import ROOT

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


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["commands", *words, "--stack", "x", "--folder", str(folder)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def known(folder: Path) -> dict[str, str]:
    return planning.make("x", folder / "Pulumi.x.yaml", ROOT).outputs["commands"]


def test_one_command_is_printed_alone_and_whole(folder: Path, known: dict[str, str]) -> None:
    for name, line in known.items():
        assert run(folder, name) == (0, f"{line}\n", "")


def test_the_first_words_mean_all_that_begin_with_them(folder: Path, known: dict[str, str]) -> None:
    code, said, _ = run(folder, "ssh", "--json")
    assert (code, json.loads(said)) == (0, {name: known[name] for name in ("ssh one", "ssh two")})
    assert run(folder, "add secret")[1] == known["add secret WANDB_API_KEY"] + "\n"
    assert outputs.wanted(known, "doc") == {}, "half a word means nothing"
    assert outputs.wanted({"ssh": "a", "ssh b": "c"}, "ssh") == {"ssh": "a"}


def test_without_a_name_all_are_listed_and_what_only_the_real_run_knows_is_said(
    folder: Path, known: dict[str, str]
) -> None:
    code, said, beside = run(folder)
    assert code == 0
    assert all(name in said for name in known)
    assert "pulumi stack output callService --json --stack x" in beside
    assert json.loads(run(folder, "--json")[1]) == known


def test_a_name_that_is_none_ends_with_2_and_those_that_are(folder: Path) -> None:
    code, said, beside = run(folder, "shh one")
    assert (code, said) == (2, "")
    assert "shh one: stack x has no such command" in beside
    assert "ssh one" in beside


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
            "all 3 commands",
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
