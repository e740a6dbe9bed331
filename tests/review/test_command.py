"""`coursecloud review` as a person meets it: forms, exit codes, and messages for what does not fit."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.plan import json_form
from coursecloud.plan.registration import Registration
from tests.project import ROOT
from tests.review import repository
from tests.review.made import BUCKET, resource, whole
from tests.review.repository import Repository


def run(*words: object, columns: int = 80) -> Result:
    return CliRunner().invoke(app, ["review", *map(str, words)], env={"COLUMNS": str(columns), "NO_COLOR": ""})


def bucket(place: str) -> Registration:
    return resource(BUCKET, "b", {"name": "b", "location": place})


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    found = repository.made(tmp_path / "repo")
    found.stack("one", whole(bucket("EU"), stack="one"))
    found.commit()
    found.stack("one", whole(bucket("US"), stack="one"))
    return found


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, Path]:
    sides = tmp_path / "before.json", tmp_path / "after.json"
    for path, place in zip(sides, ("EU", "US"), strict=True):
        path.write_text(json.dumps(json_form.to_json(whole(bucket(place)))), encoding="utf-8")
    return sides


def test_a_review_is_shown_on_the_terminal(repo: Repository) -> None:
    result = run("--project", repo.root)
    assert result.exit_code == 0, result.output
    assert "STOP" in result.output
    assert "replaces 1 bucket WITH DATA" in result.output
    assert "where this branch left main" in result.output
    assert "\x1b" not in result.output


def test_saved_plans_are_compared_without_running_anything(saved: tuple[Path, Path]) -> None:
    result = run("--base-plan", saved[0], "--head-plan", saved[1], "--json")
    assert result.exit_code == 0
    form = json.loads(result.stdout)
    assert [stack["stack"] for stack in form["stacks"]] == ["unit"]
    assert form["stacks"][0]["counts"]["replace"] == 1
    assert "code is run" not in result.output


def test_code_that_runs_without_a_sandbox_is_told_before_it_runs(repo: Repository, saved: tuple[Path, Path]) -> None:
    result = run("--project", repo.root, "--sandbox", "off", columns=200)
    assert result.exit_code == 0
    assert result.stderr.startswith("no sandbox (--sandbox off): the code of what is reviewed runs as you; --sandbox")
    assert result.stdout.count("RENDERED WITHOUT A SANDBOX") == 1
    plans_only = run("--base-plan", saved[0], "--head-plan", saved[1], "--sandbox", "off")
    assert plans_only.stderr == ""
    assert "SANDBOX" not in plans_only.stdout


def test_every_form_is_printed_or_written(repo: Repository, tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    result = run("--project", repo.root, "--markdown", "--html", page)
    assert result.stdout.startswith("<!-- coursecloud-review -->")
    assert "<svg" in page.read_text(encoding="utf-8")


def test_a_gate_ends_with_3_and_says_why_in_every_form(saved: tuple[Path, Path]) -> None:
    given = ("--base-plan", saved[0], "--head-plan", saved[1], "--fail-on", "data-loss", "--fail-on", "delete")
    for form in ((), ("--markdown",), ("--json",)):
        result = run(*given, *form)
        assert result.exit_code == 3
        assert "--fail-on data-loss: stack unit loses the data of b" in result.stderr
        assert "--fail-on delete" not in result.stderr
    assert json.loads(run(*given, "--json").stdout)["closed"] == ["--fail-on data-loss: stack unit loses the data of b"]
    assert "loses the data of b" in run(*given, "--markdown").stdout
    assert run(*given[:4], "--fail-on", "delete").exit_code == 0


def test_a_side_that_does_not_load_ends_with_2_and_is_shown(repo: Repository) -> None:
    repo.write("__main__.py", "raise ValueError('what is wrong')")
    for form in ("--markdown", "--json"):
        result = run("--project", repo.root, form)
        assert result.exit_code == 2
        assert "what is wrong" in result.stdout
        assert "does not load" in result.stderr
        assert "Traceback" not in result.output


def test_a_stack_file_is_taken_wherever_it_is_and_however_it_is_named(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("x", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "real" / "Pulumi.one.yaml").write_bytes((repo.root / "Pulumi.one.yaml").read_bytes())
    (tmp_path / "x" / "Pulumi.one.yaml").symlink_to("../real/Pulumi.one.yaml")
    (tmp_path / "folder").symlink_to("x")
    monkeypatch.chdir(repo.root)
    for path in (
        tmp_path / "real" / "Pulumi.one.yaml",
        Path("..", "real", "Pulumi.one.yaml"),
        tmp_path / "x" / ".." / "real" / "Pulumi.one.yaml",
        tmp_path / "x" / "Pulumi.one.yaml",
        tmp_path / "folder" / "Pulumi.one.yaml",
        Path("coursecloud", "..", "Pulumi.one.yaml"),
    ):
        for mode in ("auto", "off"):
            words = ("--base-file", path, "--head-file", "Pulumi.one.yaml", "--json", "--sandbox", mode)
            result = run("--project", repo.root, *words)
            assert result.exit_code == 0, (path, result.output)
            assert [stack["status"] for stack in json.loads(result.stdout)["stacks"]] == ["unchanged"]


def test_two_stack_files_are_compared_as_one_stack(tmp_path: Path) -> None:
    small, large = tmp_path / "Pulumi.mine.yaml", tmp_path / "Pulumi.other.yaml"
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    small.write_text(text, encoding="utf-8")
    large.write_text(text + "  coursecloud:machines: {workbench: {bootDisk: {sizeGb: 80}}}\n", encoding="utf-8")
    form = json.loads(run("--base-file", small, "--head-file", large, "--json").stdout)
    (stack,) = form["stacks"]
    assert stack["stack"] == "mine"
    assert [(c["operation"], c["name"]) for c in stack["changes"]] == [("update", "workbench")]
    broken = tmp_path / "Pulumi.broken.yaml"
    broken.write_text("config: {gcp:project: NO, coursecloud:leese: {}}", encoding="utf-8")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(json_form.to_json(whole(bucket("EU"), stack="mine"))), encoding="utf-8")
    result = run("--base-plan", plan, "--head-file", broken, columns=200)
    assert result.exit_code == 2
    assert "did you mean 'lease'" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--base", "x", "--base-file", "y"], "two ways to say one side"),
        (["--head", "x", "--head-plan", "y"], "two ways to say one side"),
        (["--state", "s", "--base-plan", "p"], "two ways to say one side"),
        (["--base-file", "/no/such.yaml"], "there is no such file"),
        (["--head-plan", "/no/such.json"], "No such file"),
        (["--state", "/no/such.json"], "No such file"),
        (["--base-plan", "README.md"], "a file of JSON"),
        (["--base-plan", "."], "Is a directory"),
        (["--state", "facts.json"], "pulumi stack export"),
        (["--base-plan", "facts.json"], "not a saved plan"),
        (["--fail-on", "cost>many", "--json", "--markdown"], "one form is printed"),
        (["--fail-on", "cost>many"], "a number of USD an hour"),
        (
            ["--fail-on", "everything"],
            "one of refused, replace, delete, data-loss, access, protection, credit, program, violation, cost>X",
        ),
        (["--html", "/no/such/folder/x.html"], "a file in a folder that is there"),
        (["--html", "."], "a file in a folder that is there"),
        (["--timeout", "0"], "above 0"),
        (["--timeout", "nan"], "--timeout nan"),
        (["--timeout", "1e400"], "a day (86400) at most"),
        (["--sandbox", "perhaps"], "'auto', 'require', 'off'"),
        (["--timeout", "soon"], "Invalid value"),
        (["--project", "infra"], "has no __main__.py"),
        (["--project", "/no/such"], "has no __main__.py"),
        (["--base-file", "Pulumi.dev.yaml", "--stack", "a", "--stack", "b"], "one stack"),
        (["--base", "no-such-revision"], "no such revision"),
        (["--base", ""], "no such revision"),
        (["--base", "HEAD", "--stack", "nope"], "neither side has a stack called nope"),
        (["--base", "HEAD", "--stack", "../x"], "neither side has a stack"),
    ],
)
def test_a_mistake_ends_with_2_and_a_remedy(
    words: list[str], said: str, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("Pulumi.yaml", "name: coursecloud\n")
    repo.write("Pulumi.dev.yaml", "")
    repo.write("facts.json", '{"date": "2026-11-23"}')
    monkeypatch.chdir(repo.root)
    result = run(*words, columns=300)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    result = run(
        "--base", "x", "--state", tmp_path / "none.json", "--fail-on", "a", "--fail-on", "cost>b", "--json",
        "--markdown", "--timeout", "-1", "--html", tmp_path, columns=300,
    )  # fmt: skip
    assert result.exit_code == 2
    assert result.stderr.count("remedy") == 7
    assert len(json.loads(result.stdout)["error"]["mistakes"]) == 7


def test_a_stack_that_neither_side_has_is_not_passed_over(repo: Repository) -> None:
    result = run("--project", repo.root, "--base", "HEAD", "--stack", "one", "--stack", "nope")
    assert result.exit_code == 2
    assert "neither side has a stack called nope" in result.output
