"""`coursecloud cost` as a person meets it, and the costs inside `coursecloud plan`."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app

STACKS = ["dev", "full", "gpu"]


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "NO_COLOR": ""})


def folder(path: Path, config: str) -> Path:
    (path / "Pulumi.x.yaml").write_text(f"config: {{gcp:project: some-project-1, {config}}}", encoding="utf-8")
    return path


def in_folder(path: Path, config: str, *words: str) -> Result:
    return run("cost", "--stack", "x", "--folder", str(folder(path, config)), *words)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("stack", STACKS)
def test_no_line_is_wider_than_the_terminal_or_cut_off(stack: str, columns: int) -> None:
    output = run("cost", "--stack", stack, columns=columns).output
    assert max(map(len, output.splitlines())) <= columns
    assert "…" not in output


def test_the_bill_has_each_machine_and_the_three_cases() -> None:
    result = run("cost", "--stack", "gpu")
    assert result.exit_code == 0
    for words in ("n1-standard-4, Spot", "1 T4, Spot", "nothing runs", "as planned", "everything on", "2026-12-19"):
        assert words in result.output


def test_what_a_free_tier_covers_is_free_and_counted_beside() -> None:
    output = run("cost", "--stack", "full").output
    (line,) = (line for line in output.splitlines() if line.split()[:1] == ["checks"])
    assert line.split()[-3:] == ["-", "free", "free"]
    assert "without free tiers" in output


def test_json_has_the_documented_fields() -> None:
    form = json.loads(run("cost", "--stack", "full", "--json").output)
    assert list(form) == [
        "version", "stack", "currency", "pricesDate", "atLeast", "unknown", "notes", "total", "withoutFreeTiers",
        "credit", "start", "leaseEnds", "lasts", "daysShort", "shortfall", "cause", "spotBand", "days", "items",
        "headline", "consequences",
    ]  # fmt: skip
    assert form["credit"]["currency"] == "DKK"
    assert form["credit"]["rateDate"] == "2026-10-30"
    assert form["lasts"]["planned"]["gone"] == "2026-12-24"
    assert form["total"]["perDay"] == pytest.approx(sum(item["perDay"] for item in form["items"]), abs=1e-4)


def test_csv_has_a_row_a_line_of_the_bill() -> None:
    rows = list(csv.DictReader(io.StringIO(run("cost", "--stack", "gpu", "--csv").output)))
    assert len(rows) == len(json.loads(run("cost", "--stack", "gpu", "--json").output)["items"])
    (gpu,) = (row for row in rows if row["what"] == "1 T4, Spot")
    assert (gpu["component"], gpu["name"], gpu["unit"], float(gpu["usdPerUnit"])) == (
        "machines",
        "trainer",
        "hour",
        0.175,
    )


def test_all_has_a_row_a_stack_with_its_violations() -> None:
    rows = list(csv.DictReader(io.StringIO(run("cost", "--all", "--csv").output)))
    assert [row["stack"] for row in rows] == STACKS
    assert all(row["violations"].isdigit() for row in rows)
    listed = json.loads(run("cost", "--all", "--json").output)["stacks"]
    assert [str(row["days_planned"]) for row in listed] == [row["days_planned"] for row in rows]
    shown = run("cost", "--all").output
    assert max(map(len, shown.splitlines())) <= 80
    assert "2026-12-19" in shown


def test_a_broken_file_among_all_is_shown_and_said(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {gcp:project: no}", encoding="utf-8")
    folder(tmp_path, "coursecloud:usage: {}")
    result = run("cost", "--all", "--folder", str(tmp_path))
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.stdout.splitlines()[2:]] == ["bad", "x"]
    assert "gcp:project" in result.stderr


def test_an_unknown_price_is_said_and_totals_are_at_least(tmp_path: Path) -> None:
    new = "coursecloud:machines: {a: {machineType: z9-big, image: debian, dataDisk: null}}"
    new += ", coursecloud:allow: {machineTypes: [z9-big]}"
    result = in_folder(tmp_path, new)
    assert result.exit_code == 0
    assert "at least: 1 unknown" in result.output
    assert "a: the table has no machine type z9-big" in result.output
    (line,) = (line for line in result.output.splitlines() if "z9-big" in line and line.startswith("  a"))
    assert line.split()[-3:] == ["?", "-", "?"]
    assert "<=" in result.output
    row = json.loads(run("cost", "--all", "--folder", str(tmp_path), "--json").output)["stacks"][0]
    assert row["at_least"] is True
    assert ">=" in run("cost", "--all", "--folder", str(tmp_path)).output


def test_the_first_day_can_be_given() -> None:
    assert "2026-12-28" in run("cost", "--stack", "gpu", "--from", "2026-12-01").output
    assert "gone on" not in run("cost", "--stack", "dev").output
    assert "gone on" in run("cost", "--stack", "dev", "--from", "2026-12-01").output


@pytest.mark.parametrize(
    ("stack", "day", "rule"),
    [
        ("gpu", "2026-11-22", "the lease starts on 2026-11-23, and nothing is billed before"),
        ("gpu", "2026-12-19", "the lease ends on 2026-12-18, and nothing is planned after it"),
        ("dev", "9999-12-31", "a lease is of our days, from 2020 to 2100"),
    ],
)
def test_a_day_outside_of_the_lease_is_refused(stack: str, day: str, rule: str) -> None:
    result = run("cost", "--stack", stack, "--from", day)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--from {day}: {rule}" in result.stderr
    assert "remedy" in result.stderr


def test_a_day_outside_of_one_lease_of_many_is_said_of_that_one() -> None:
    result = run("cost", "--all", "--csv", "--from", "2026-12-31")
    rows = {row["stack"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert result.exit_code == 2
    assert [(rows[stack]["mistakes"], bool(rows[stack]["lease"] or rows[stack]["gone"])) for stack in STACKS] == [
        ("0", True),
        ("1", False),
        ("1", False),
    ]
    assert "Pulumi.gpu.yaml: --from 2026-12-31: the lease ends on 2026-12-18" in result.stderr


def test_an_evening_after_which_nothing_known_stays_is_no_lower_bound(tmp_path: Path) -> None:
    """A machine of unknown price goes with the others: nothing is left, and not at least nothing."""
    machine = "coursecloud:machines: {a: {machineType: z9-big, image: debian, dataDisk: null}}"
    unknown = f"{machine}, coursecloud:allow: {{machineTypes: [z9-big]}}"
    assert "after `make down`: nothing\n" in in_folder(tmp_path, unknown).output


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--csv"),
        ("--stack", "none"),
        ("--folder", "/nowhere"),
        ("--from", "tomorrow"),
        ("--from", "2026-13-01"),
    ],
)
def test_a_wrong_option_is_a_mistake_in_the_input(words: tuple[str, ...]) -> None:
    result = run("cost", *words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    assert run("cost", "--all", "--folder", str(tmp_path)).exit_code == 2


def test_a_mistake_in_usage_is_said_with_its_path(tmp_path: Path) -> None:
    result = in_folder(tmp_path, "coursecloud:usage: {machines: {trainer: 3}}")
    assert result.exit_code == 2
    assert "coursecloud:usage.machines.trainer" in result.stderr


def test_a_plan_shows_what_it_costs() -> None:
    shown = run("plan", "--stack", "gpu").output
    assert "0.69 USD an hour with everything on, 0.39 a day idle, 1.91 a day as planned" in " ".join(shown.split())
    form = json.loads(run("plan", "--stack", "gpu", "--json").output)
    bill = json.loads(run("cost", "--stack", "gpu", "--json").output)
    assert form["cost"] == {key: value for key, value in bill.items() if key not in ("headline", "consequences")}
