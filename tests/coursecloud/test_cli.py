"""The command line as a person meets it: output, exit codes, and messages for mistakes."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli import app
from coursecloud.commands.shared import ROOT

STACKS = ["dev", "full", "gpu"]


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "NO_COLOR": ""})


def test_plan_shows_the_tree_and_the_count() -> None:
    result = run("plan")
    assert result.exit_code == 0
    assert "compute.Instance workbench" in result.output
    assert "resources to create" in result.output


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("stack", STACKS)
def test_no_line_is_wider_than_the_terminal(stack: str, columns: int) -> None:
    lines = run("plan", "--stack", stack, columns=columns).output.splitlines()
    assert max(map(len, lines)) <= columns


def test_what_is_not_a_terminal_gets_no_colours() -> None:
    assert "\x1b" not in run("plan").output


def test_nothing_is_cut_off_with_an_ellipsis() -> None:
    assert "…" not in run("plan", "--stack", "full").output


def test_plan_json_is_json() -> None:
    assert json.loads(run("plan", "--json", "--stack", "gpu").output)["stack"] == "gpu"


def test_plan_all_has_a_row_a_stack_file() -> None:
    rows = list(csv.DictReader(io.StringIO(run("plan", "--all", "--csv").output)))
    assert [row["stack"] for row in rows] == STACKS
    listed = json.loads(run("plan", "--all", "--json").output)["stacks"]
    assert [row["resources"] for row in listed] == [int(row["resources"]) for row in rows]


def test_plan_all_of_another_folder_shows_broken_files_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.good.yaml").write_text("config: {gcp:project: some-project-1}")
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {gcp:project: no, coursecloud:leese: {}}")
    result = run("plan", "--all", "--csv", "--folder", str(tmp_path))
    assert result.exit_code == 2
    rows = {row["stack"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows["bad"]["mistakes"] == "2"
    assert rows["bad"]["resources"] == ""
    assert rows["good"]["mistakes"] == "0"
    assert "did you mean 'lease'" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "--stack", "nope"], "there is no such stack file"),
        (["plan", "--folder", "/no/such/folder"], "there is no such folder"),
        (["plan", "--csv"], "--csv goes with --all"),
        (["plan", "--all", "--json", "--csv"], "--csv goes with --all"),
        (["plan", "--all", "--folder", str(ROOT / "infra")], "has no stack file"),
        (["finish", "--confirm", "other"], "nothing was deleted"),
        (["up"], "this id is an example"),
        (["down"], "this id is an example"),
        (["plan", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_mistake_ends_with_code_2_and_says_what_to_do(words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_every_mistake_of_a_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(
        """
        config:
          gcp:project: Nope
          coursecloud:machines: {a: {maxRun: soon}, b: {gpu: {model: T4, count: 3}, spot: true}}
          coursecloud:lease: {timeZone: Mars}
        """
    )
    result = run("plan", "--folder", str(tmp_path), "--stack", "x", columns=200)
    assert result.exit_code == 2
    for path in ("gcp:project", "machines.a.maxRun", "machines.b.gpu.count", "lease.timeZone"):
        assert path in result.output
