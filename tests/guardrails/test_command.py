"""`coursecloud check` and `coursecloud export` as a person and code scanning meet them."""

import dataclasses
import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.cli.commands import check
from coursecloud.plan import planning, shipped, source_location
from coursecloud.plan.planning import Plan
from coursecloud.policy import RULES
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 25)
SOON = str(TODAY + datetime.timedelta(days=30))
BAD = f"""\
config:
  gcp:project: my-project-1
  coursecloud:lease: {{maxPerHour: 0.01}}
  coursecloud:services:
    demo: {{env: {{DB_PASSWORD: hunter2}}}}
  coursecloud:guardrails:
    exceptions:
      - {{rule: lease-ends, resource: stack, reason: a short try of an hour, until: {SOON}}}
      - {{rule: iam-no-keys, resource: k, reason: nobody needs this one, until: {SOON}}}
"""


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "NO_COLOR": ""})


@pytest.fixture(scope="module", autouse=True)
def day() -> Iterator[None]:
    """Hold the day: the committed exceptions end some time, and these tests do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "today", lambda: TODAY)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stacks")
    (made / "Pulumi.bad.yaml").write_text(BAD, encoding="utf-8")
    return made


@pytest.fixture(scope="module", params=[80, 120])
def shown(request: pytest.FixtureRequest, folder: Path) -> tuple[int, Result]:
    columns: int = request.param
    return columns, run("check", "--stack", "bad", "--folder", str(folder), columns=columns)


def test_a_broken_rule_ends_with_exit_code_3_and_says_what_why_and_what_to_do(shown: tuple[int, Result]) -> None:
    columns, result = shown
    assert result.exit_code == 3
    words = " ".join(result.output.split())
    secret = next(rule for rule in RULES if rule.id == "no-secret-values")
    for text in ("gives DB_PASSWORD a value", secret.why, secret.remedy, "the limit is 0.01"):
        assert text in words
    assert max(map(len, result.output.splitlines())) <= columns
    assert "…" not in result.output


def test_violations_come_first_then_exceptions_then_advice_then_the_count(shown: tuple[int, Result]) -> None:
    output = shown[1].output
    headings = ["violations", "exceptions in force", "exceptions that cover nothing", "advice", "bad: "]
    places_of = [output.index(f"\n{heading}" if index else heading) for index, heading in enumerate(headings)]
    assert places_of == sorted(places_of)
    last = " ".join(output.split()[-12:])
    assert re.search(rf"bad: {len(RULES)} rules, [0-9]+ resources: 2 violations, 1 excepted, 1 advice$", last)


@pytest.mark.parametrize("words", [["--stack", "dear"], ["--all"]])
def test_the_first_line_is_of_the_broken_rules_also_where_the_credit_ends(words: list[str], tmp_path: Path) -> None:
    lease = "{credit: {amount: 1}, starts: 2026-11-23, ends: 2026-12-18}"
    text = BAD.replace("{maxPerHour: 0.01}", lease)
    (tmp_path / "Pulumi.dear.yaml").write_text(text, encoding="utf-8")
    said = run("check", *words, "--folder", str(tmp_path)).output
    first = said.splitlines()[0]
    assert "violations" in first or re.search(r"breaks [0-9]+ rules", first), first
    assert "credit of 1 USD ends" in " ".join(said.split())


def test_the_secret_itself_is_nowhere(shown: tuple[int, Result], folder: Path) -> None:
    assert "hunter2" not in shown[1].output
    for words in (["--json"], ["--sarif", "-"]):
        assert "hunter2" not in run("check", "--stack", "bad", "--folder", str(folder), *words).output


def test_what_no_table_knows_and_what_has_no_effect_are_said_too(tmp_path: Path) -> None:
    text = "config:\n  gcp:project: my-project-1\n  coursecloud:secrets: {names: {A: [prediction]}}\n"
    text += "  coursecloud:machines: {a: {image: debian/debian-12}}\n"
    (tmp_path / "Pulumi.odd.yaml").write_text(text, encoding="utf-8")
    words = " ".join(run("check", "--stack", "odd", "--folder", str(tmp_path), columns=200).output.split())
    assert "not in the dated tables - machine a: image debian/debian-12 is not in the table" in words
    assert "Did you mean debian-cloud/debian-12?" in words
    assert "another than it seems - secrets.names.A: prediction may read it" in words
    (stack,) = json.loads(run("check", "--stack", "odd", "--folder", str(tmp_path), "--json").output)["stacks"]
    assert [each["kind"] for each in stack["notices"]] == ["unknown", "effect"]
    assert all(each["text"] in words for each in stack["notices"])


@pytest.mark.parametrize("columns", [80, 120])
def test_the_committed_stacks_pass_together_and_exceptions_are_printed(columns: int) -> None:
    result = run("check", "--all", columns=columns)
    assert result.exit_code == 0, result.output
    for stack in ("dev", "full", "gpu"):
        assert f"{stack}: {len(RULES)} rules, " in result.output
    assert "exceptions in force" in result.output
    assert "deploy-* (10), until 2027-08-31" in " ".join(result.output.split())
    assert max(map(len, result.output.splitlines())) <= columns


def test_json_has_each_finding_with_its_place(folder: Path) -> None:
    result = run("check", "--stack", "bad", "--folder", str(folder), "--json")
    assert result.exit_code == 3
    form = json.loads(result.output)
    assert form["version"] == 1
    (stack,) = form["stacks"]
    findings = {finding["rule"]: finding for finding in stack["findings"]}
    assert findings["cost-per-hour"]["place"] == "coursecloud:lease.maxPerHour"
    assert findings["no-secret-values"]["place"] == "coursecloud:services.demo"
    assert findings["no-secret-values"]["line"] == 5
    assert findings["lease-ends"]["excepted"]["until"] == SOON
    assert stack["violations"] == 2
    assert [entry["rule"] for entry in stack["unusedExceptions"]] == ["iam-no-keys"]


def sarif(folder: Path, *words: str) -> dict[str, Any]:
    return json.loads(run("check", "--folder", str(folder), "--sarif", "-", *words).output)["runs"][0]


def test_sarif_has_what_code_scanning_needs(folder: Path) -> None:
    made = sarif(folder, "--stack", "bad")
    rules = made["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["markdown"]
        if "security" in rule["properties"]["tags"]:
            assert 0 < float(rule["properties"]["security-severity"]) <= 10
    results = {result["ruleId"]: result for result in made["results"]}
    assert "lease-ends" not in results, "an exception covers it"
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "note")
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.bad.yaml"
        assert 1 <= location["physicalLocation"]["region"]["startLine"] <= len(BAD.splitlines())
        assert re.fullmatch(r"[0-9a-f]{16}:1", result["partialFingerprints"]["primaryLocationLineHash"])
    lines = {
        rule: result["locations"][0]["physicalLocation"]["region"]["startLine"] for rule, result in results.items()
    }
    assert lines["cost-per-hour"] == 3
    assert lines["no-secret-values"] == 5


def test_a_fingerprint_stays_when_lines_move_and_differs_between_offences(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.bad.yaml").write_text("# one line more\n" + BAD, encoding="utf-8")

    def prints(where: Path) -> list[str]:
        results = sarif(where, "--stack", "bad")["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    assert prints(folder) == prints(tmp_path)
    assert len(set(prints(folder))) == len(prints(folder))


def test_sarif_of_a_repository_names_files_from_its_root() -> None:
    results = sarif(ROOT, "--stack", "dev")["results"]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert uris == {"Pulumi.dev.yaml"}


def test_sarif_goes_to_a_file_beside_the_text(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "found.sarif"
    result = run("check", "--stack", "bad", "--folder", str(folder), "--sarif", str(target))
    assert result.exit_code == 3
    assert "violations" in result.output
    assert json.loads(target.read_text(encoding="utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--stack", "nope"],
        ["check", "--folder", "nowhere"],
        ["check", "--json", "--sarif", "-"],
        ["check", "--sarif", "nowhere/found.sarif"],
        ["export", "--format", "terraform-plan", "--stack", "nope"],
        ["export", "--format", "terraform-plan", "--out", "nowhere/plan.json"],
    ],
)
def test_a_mistake_of_the_user_ends_with_exit_code_2_and_a_remedy(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "remedy" in result.output


def test_an_empty_folder_and_an_unknown_format_are_refused(tmp_path: Path) -> None:
    assert run("check", "--all", "--folder", str(tmp_path)).exit_code == 2
    assert run("export", "--format", "cloudformation").exit_code == 2
    assert run("export").exit_code == 2


def test_a_broken_stack_file_is_a_mistake_and_the_others_are_checked_nevertheless(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.good.yaml").write_text("config: {gcp:project: some-project-1}")
    (tmp_path / "Pulumi.broken.yaml").write_text("config: {gcp:project: no}")
    result = run("check", "--all", "--folder", str(tmp_path))
    assert result.exit_code == 2
    assert "good: " in result.output
    assert "1 mistake in the settings of stack 'broken'" in result.output


def test_export_prints_or_writes_a_terraform_plan(tmp_path: Path) -> None:
    printed = json.loads(run("export", "--format", "terraform-plan").output)
    target = tmp_path / "plan.json"
    assert run("export", "--format", "terraform-plan", "--out", str(target)).output == ""
    assert json.loads(target.read_text(encoding="utf-8")) == printed
    assert printed["terraform_version"]


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_place_of_every_resource_is_in_the_stack_file_or_is_its_config(
    committed: dict[str, Plan], stack: str
) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    for path in set(source_location.of_resources(committed[stack]).values()):
        line = lines[source_location.line(text, path) - 1].strip()
        there: Any = yaml.safe_load(text)
        deepest = "config"
        for key in path:
            if not isinstance(there, dict) or key not in there:
                break
            there, deepest = cast("dict[str, Any]", there)[key], key
        assert line.startswith(f"{deepest}:") or f"{deepest}:" in line


def test_a_part_of_a_section_is_found_by_its_longest_name(committed: dict[str, Plan]) -> None:
    full = committed["full"]
    urns = {resource.name: resource.urn for resource in full.custom}
    by_urn = source_location.of_resources(full)
    found = {name: by_urn[urns[name]] for name in ("trainer-work", "demo-public")}
    assert found["trainer-work"] == ("config", "coursecloud:machines", "trainer")
    assert found["demo-public"] == ("config", "coursecloud:services", "demo")
    services = full.settings.services | {"demo-public": full.settings.services["demo"]}
    both = dataclasses.replace(full, settings=full.settings.model_copy(update={"services": services}))
    assert source_location.of_resources(both)[urns["demo-public"]] == ("config", "coursecloud:services", "demo-public")
    assert source_location.of_resources(both)[urns["demo"]] == ("config", "coursecloud:services", "demo")


def test_another_program_is_said_before_any_of_it_runs_and_however_little_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(_: Path) -> list[str]:
        return ["infra/storage.py"]

    monkeypatch.setattr(shipped, "altered", altered)
    planning._altered.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        for words in (("check", "--quiet"), ("plan", "--quiet"), ("check",), ("plan", "--check", "--quiet")):
            found = run(*words, "--stack", "bad", "--folder", str(folder), columns=300)
            assert "The program is NOT THE ONE SHIPPED" in found.stdout, words
            first = found.stderr.startswith("coursecloud: the program is not the one that this version ships (infra/st")
            assert first is ("check" in " ".join(words)), words
    finally:
        planning._altered.cache_clear()  # pyright: ignore[reportPrivateUsage]
