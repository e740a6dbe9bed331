"""`coursecloud report`: the parts are the whole, and what is estimated, billed or unknowable is said."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.spend import report
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.status import Status
from tests.coursecloud.faked import PROJECT
from tests.spend import delivered
from tests.spend.simulator import DAY, World
from tests.spend.test_command import world as world
from tests.spend.test_student import HOUR, MACHINE, forgotten, said


def used() -> tuple[World, Status]:
    """A forgotten GPU machine, one that was made, used and deleted twice, a job, a service and a database."""
    there = forgotten()
    for _ in range(2):
        there.create("instances", "trainer", {**MACHINE, "gpus": 0, "machine": "e2-medium", "boot": 20})
        there.wait(there.now + 3 * HOUR)
        there.delete(next(each for each in there.there("instances") if each.name == "trainer"))
        there.wait(there.now + HOUR)
    job = {"zone": "europe-west4-b", "machine": "n1-standard-4", "gpus": 1, "spot": False}
    there.create("customJobs", "sweep", job)
    there.create("services", "api", {"zone": "europe-west1-b", "least": 1, "cpu": 1, "memory": 1})
    there.create("sql", "base", {"zone": "europe-west1-b"}, declared=False)
    there.wait(2 * DAY)
    _, status = said(there, Ledger(delivered.PROJECT))
    return there, status


def test_services_add_up_to_the_bill() -> None:
    there, status = used()
    parts = report.by_service(status)
    assert [each.name for each in parts] == ["Compute Engine", "Vertex AI", "Cloud Run", "Cloud SQL"]
    assert sum(each.usd for each in parts) == status.spent
    bill = there.bill()
    vertex = sum(usd for path, usd in bill.items() if "customJobs" in path)
    assert float(parts[1].usd) == pytest.approx(vertex, rel=0.01)
    assert [each.priced for each in parts] == [True, True, True, False]


def test_a_machine_is_one_with_its_boot_disk_and_all_its_lives() -> None:
    there, status = used()
    machines = {each.name.rpartition("/")[2]: each for each in report.by_machine(status)}
    assert list(machines) == ["training-vm", "trainer"]
    bill = there.bill()
    for name, each in machines.items():
        both = sum(bill[f"europe-west1-b/{kind}/{name}"] for kind in ("instances", "disks"))
        assert float(each.usd) == pytest.approx(both, rel=0.01)
    assert float(machines["trainer"].hours) == pytest.approx(6, abs=0.1)
    assert float(machines["training-vm"].hours) == pytest.approx(38, abs=0.1)


def test_it_says_what_is_an_estimate_what_is_billed_and_what_nobody_knows() -> None:
    _, status = used()
    text = report.markdown(status)
    first = text.split("\n", 1)[0]
    assert first.startswith(f"# `{status.project}` has spent at least $")
    assert "of the credit of 50 USD" in first
    assert "1. `training-vm` " in text
    assert "`training-vm` (machine, `n1-standard-4 + 1 T4`), made by hand: $" in text
    for words in ("is an estimate: time x price", "- Billed: not known: Google shows it", "- By member nobody can say"):
        assert words in text
    assert "nobody has described what" in text, "what has no price is named"


def test_a_name_is_no_markup() -> None:
    there = forgotten()
    there.create("instances", "a|b`[x](y)", dict(MACHINE))
    there.wait(DAY)
    _, status = said(there, Ledger(delivered.PROJECT))
    line = next(line for line in report.markdown(status).splitlines() if "[x](y)" in line and "|" in line)
    assert line.count("|") == 6
    assert line.count("`") == 4


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["report", "--stack", "x", *words], env={"NO_COLOR": "1"})


def test_as_somebody_types_it(world: World, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    told = run("--to", str(file))
    assert told.exit_code == 0, told.output
    assert told.stdout == file.read_text(encoding="utf-8")
    assert told.stdout.startswith(f"# `{PROJECT}` has spent $")
    assert run("--quiet").stdout == told.stdout.split("\n", 1)[0] + "\n"
    assert world.there("instances")


def test_rows_are_the_things_and_their_sum_is_what_was_spent(world: World) -> None:
    found = list(csv.DictReader(io.StringIO(run("--csv").stdout)))
    assert [(each["name"], each["kind"]) for each in found] == [
        ("training-vm", "machine"), ("training-vm", "disk")
    ]  # fmt: skip
    told = json.loads(run("--json").stdout)
    assert sum(float(each["usd"]) for each in found) == pytest.approx(told["spent"], abs=0.001)
    assert [each["name"] for each in told["things"]] == [each["name"] for each in found]
    assert (told["billed"], told["members"], told["machines"][0]["name"]) == (None, None, "training-vm")
    assert found[0]["machine"] == found[1]["machine"] == "training-vm"
    assert found[0]["basis"] == "estimate"
    assert world.there("instances")


def test_one_form_at_a_time(world: World) -> None:
    told = run("--csv", "--json")
    assert told.exit_code == 2
    assert "choose one of them" in told.output
    assert world.there("instances")
    run()  # so that there is a ledger
