"""What is refused is JSON too where JSON was asked for: one document, with every mistake and its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli import refusals
from coursecloud.cli.application import app

BAD = "config:\n  gcp:project: my-project-1\n  coursecloud:lease:\n    starts: 2026-02-30\n    credit: {amount: -1}\n"
SECRET = "ghp_0123456789abcdefABCDEF0123456789abcd"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"NO_COLOR": "1"})


def error(result: Result) -> dict[str, Any]:
    form = json.loads(result.stdout)  # one document, and nothing beside it
    assert form["version"] == refusals.VERSION
    assert form["error"]["exit"] == result.exit_code
    assert form["error"]["message"] in result.stderr
    return form["error"]


@pytest.mark.parametrize("command", ["plan", "cost", "check"])
def test_every_mistake_of_a_stack_file_has_its_place(command: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(BAD)
    found = error(run(command, "--stack", "x", "--folder", str(tmp_path), "--json"))
    assert found["stack"] == "x"
    assert found["message"].startswith("2 mistakes")
    assert [(each["what"], each["value"], each["line"], each["column"]) for each in found["mistakes"]] == [
        ("coursecloud:lease.credit.amount", "-1", 5, 14),
        ("coursecloud:lease.starts", "'2026-02-30'", 4, 5),
    ]
    assert all(each["rule"] and each["remedy"] for each in found["mistakes"])


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["plan", "--stack", "none"], "Pulumi.none.yaml"),
        (["plan", "--csv"], "--csv goes with --all"),
        (["plan", "--folder", "/no/such/folder"], "--folder /no/such/folder"),
        (["plan", "--nope"], "nope"),
        (["cost", "--from", "soon"], "soon"),
        (["explain", "no.such.key"], "no.such.key"),
        (["check", "--sarif", "-"], "--sarif"),
        (["review", "--head", "no-such-revision"], "not a git repository"),
    ],
)
def test_whatever_is_refused_is_an_object(words: list[str], what: str) -> None:
    found = error(run(*words, "--json"))
    assert what in json.dumps(found)
    assert found["mistakes"]


def test_without_json_nothing_is_on_standard_output() -> None:
    assert run("plan", "--stack", "none").stdout == ""
    assert run("plan", "--stack", "none", "--", "--json").stdout == ""


@pytest.mark.parametrize("command", ["plan", "cost", "check"])
def test_beside_other_stacks_there_is_one_document_with_what_is_wrong(command: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(BAD)
    (tmp_path / "Pulumi.y.yaml").write_text("config:\n  gcp:project: my-project-1\n")
    result = run(command, "--all", "--folder", str(tmp_path), "--json")
    assert result.exit_code == 2
    form = json.loads(result.stdout)
    assert "2026-02-30" in json.dumps(form)
    assert len(form["stacks"]) in (1, 2)


def test_a_secret_is_in_neither(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(f"config:\n  gcp:project: {SECRET}\n  gcp:accessToken: {SECRET}\n")
    result = run("plan", "--stack", "x", "--folder", str(tmp_path), "--json")
    assert len(error(result)["mistakes"]) == 3
    assert SECRET not in result.output
