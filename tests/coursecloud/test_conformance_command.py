"""`coursecloud plan --check` as a person meets it: the table, the findings and their exit code."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from coursecloud.validation import discovery
from tests.infra.planned import changed
from tests.project import CHECKOUT

CONFIG = "config: {gcp:project: some-project-1}"


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, ["plan", *words], env={"COLUMNS": str(columns), "NO_COLOR": ""})


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every plan have a repository of a format that does not exist."""
    make = plans.make

    def made(stack: str, file: Path, root: Path, *, twice: bool = False) -> Plan:
        return changed(make(stack, file, root, twice=twice), "artifactregistry.Repository", format="DOKCER")

    monkeypatch.setattr(plans, "make", made)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for name in ("a", "b"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text(CONFIG)
    return str(tmp_path)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_that_conforms_shows_by_what_it_was_checked(columns: int) -> None:
    result = run("--check", columns=columns)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= columns
    (heading,) = (line for line in lines if line.startswith("API "))
    assert heading.split() == ["API", "inputs", "enum", "pattern", "format", "ours", "type", "only", "unsent", "later"]
    assert any(line.startswith("storage v1") for line in lines)
    assert "compute.Instance workbench" in result.output  # the plan itself is shown too
    assert "storage.Bucket forceDestroy (3): it lets the provider empty the bucket" in result.output


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_that_does_not_conform_ends_with_3_and_says_where(columns: int) -> None:
    result = run("--check", columns=columns)
    assert result.exit_code == 3
    assert max(map(len, result.output.splitlines())) <= columns
    assert "1 thing that Google would refuse" in result.output
    assert "artifactregistry.Repository docker  format: 'DOKCER'" in result.output
    assert "did you mean 'DOCKER'?" in result.output
    assert "infra/registry.py" in result.output


@pytest.mark.usefixtures("broken")
def test_the_json_has_the_findings_and_the_coverage() -> None:
    result = run("--check", "--json")
    assert result.exit_code == 3
    checked: dict[str, Any] = json.loads(result.output)["check"]
    (finding,) = checked["findings"]
    assert finding["input"] == "format"
    assert finding["kind"] == "enum"
    assert finding["file"] == "infra/registry.py"
    assert finding["keys"] == []
    assert checked["coverage"]["artifactregistry v1"]["enum"] > 0
    assert set(checked["documents"]) == set(checked["coverage"])
    assert all(revision.isdigit() for revision in checked["documents"].values())


def test_without_check_nothing_is_said_of_it() -> None:
    assert "check" not in json.loads(run("--json").output)
    assert "inputs" not in run().output


def test_every_stack_of_a_folder_is_checked(folder: str) -> None:
    result = run("--all", "--check", "--folder", folder)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    rows = list(csv.DictReader(io.StringIO(run("--all", "--check", "--csv", "--folder", folder).output)))
    assert [(row["stack"], row["findings"]) for row in rows] == [("a", "0"), ("b", "0")]
    listed = json.loads(run("--all", "--check", "--json", "--folder", folder).output)["stacks"]
    assert [row["check"]["findings"] for row in listed] == [[], []]


@pytest.mark.usefixtures("broken")
def test_findings_of_every_stack_of_a_folder_are_shown(folder: str) -> None:
    result = run("--all", "--check", "--folder", folder)
    assert result.exit_code == 3
    assert result.output.count("DOKCER") == 2
    assert run("--all", "--check", "--csv", "--folder", folder).exit_code == 3


def test_a_mistake_in_a_stack_file_goes_before_a_check(folder: str) -> None:
    (Path(folder) / "Pulumi.c.yaml").write_text("config: {gcp:project: no}")
    result = run("--all", "--check", "--folder", folder)
    assert result.exit_code == 2
    assert "1 mistake in the settings of stack 'c'" in result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["c", *["?"] * 6] in rows  # unknown is not 0


def test_without_the_descriptions_it_is_refused_before_anything_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery.util, "find_spec", dict[str, None]().get)
    monkeypatch.setattr(plans, "make", None)
    result = run("--check", columns=200)
    assert result.exit_code == 2
    assert "Google's API descriptions are not installed" in result.output
    assert "pip install 'coursecloud[check]'" in result.output


def test_descriptions_that_are_too_old_are_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(discovery, "folder", lambda: tmp_path)
    result = run("--check", columns=300)
    assert result.exit_code == 2
    assert "no description of aiplatform v1beta1" in result.output
    assert "--upgrade" in result.output


def test_the_extra_of_the_remedy_is_one_of_the_project() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'check = ["google-api-python-client"]' in text
