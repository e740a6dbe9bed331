"""`coursecloud status` as somebody types it, on an emulator of Google's buckets, with looks of a simulated world."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli import refusals
from coursecloud.cli.application import app
from coursecloud.cli.commands import status as command
from coursecloud.common import progress
from coursecloud.deploy.cloud import Cloud
from coursecloud.deploy.ledger_object import LedgerObject
from coursecloud.spend import store
from coursecloud.spend.model import Look
from infra.names import Names
from tests.coursecloud.faked import PROJECT, Fake
from tests.spend import delivered
from tests.spend.simulator import World
from tests.spend.test_billed import data
from tests.spend.test_student import HOUR, forgotten

LEASE = "{starts: 2026-11-23, ends: 2026-12-18}"


@pytest.fixture
def world(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A project in which a machine was forgotten, with the stack's bucket on the emulator."""
    made = forgotten()
    made.wait(18 * HOUR)
    fake.stack_file(f"config: {{gcp:project: {PROJECT}, coursecloud:lease: {LEASE}}}\n")
    monkeypatch.chdir(fake.root)
    monkeypatch.setattr(delivered, "PROJECT", fake.emulator.world.projects[PROJECT].number)

    def read(project: str, session: object, since: datetime.datetime, **_where: object) -> Look:
        assert project == PROJECT
        assert isinstance(session, Cloud)
        return delivered.look(made, since, 0.0)

    monkeypatch.setattr("coursecloud.look.look", read)
    bucket = {"name": f"{PROJECT}-x-data", "location": "EUROPE-WEST1"}
    cloud = Cloud(fake.emulator.env(PROJECT), {})
    cloud.call("POST", "storage", "b", parameters={"project": PROJECT}, body=bucket)
    yield made
    for name in (store.name_of(delivered.PROJECT),):
        cloud.call("DELETE", "storage", f"b/{PROJECT}-x-data/o/{name.replace('/', '%2F')}")
    cloud.call("DELETE", "storage", f"b/{PROJECT}-x-data")
    refusals.expect([])
    progress.be_quiet(quiet=False)


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["status", "--stack", "x", *words], env={"NO_COLOR": "1", **environment})


def kept(fake: Fake) -> tuple[Any, int]:
    found = LedgerObject(Cloud(fake.emulator.env(PROJECT), {}), f"{PROJECT}-x-data", delivered.PROJECT).read()
    assert found
    return json.loads(found[0]), found[1]


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_first_line_says_the_day(world: World, columns: str) -> None:
    told = run(COLUMNS=columns)
    assert told.exit_code == 0, told.output
    assert " ".join(told.stdout.split()).startswith("The credit of 50 USD ends on 2026-11-27, 21 days before the lease")
    assert all(len(line) <= int(columns) for line in told.stdout.splitlines())
    assert "coursecloud stop training-vm --stack x" in told.stdout
    assert world.there("instances")


def test_a_command_wider_than_the_terminal_can_still_be_pasted(world: World) -> None:
    told = run(COLUMNS="80").stdout
    delete = f"gcloud compute instances delete training-vm --zone=europe-west1-b --project={PROJECT}"
    assert delete not in told
    pasted = re.sub(r" \\\n +", " ", told)
    assert [line.strip() for line in pasted.splitlines() if "instances delete" in line] == [delete]
    assert world.there("instances")


def test_a_pipe_gets_each_command_in_one_line(world: World) -> None:
    lines = run(COLUMNS="").stdout.splitlines()
    delete = f"gcloud compute instances delete training-vm --zone=europe-west1-b --project={PROJECT}"
    assert [line.strip() for line in lines if "instances delete" in line] == [delete]
    assert world.there("instances")


def test_quiet_says_the_consequence_alone(world: World) -> None:
    told = run("--quiet")
    assert len(told.stdout.splitlines()) == 1
    assert told.stdout.startswith("The credit of 50 USD ends on")
    assert world.there("instances")


def test_the_ledger_is_kept_and_the_next_look_adds_to_it(world: World, fake: Fake) -> None:
    run()
    first, before = kept(fake)
    world.stop(world.there("instances")[0])
    world.wait(world.now + HOUR)
    told = json.loads(run("--json").stdout)
    second, after = kept(fake)
    assert (len(first["changes"]), len(second["changes"]), after != before) == (1, 2, True)
    assert len(second["looks"]) == 2
    machine = next(each for each in told["things"] if "/instances/" in each["resource"])
    assert (machine["state"], machine["perHour"], machine["byHand"]) == ("stopped", 0.0, True)
    assert told["spent"] == pytest.approx(sum(world.bill().values()), rel=0.01)


def test_who_may_not_write_is_told_and_gets_the_answer(world: World, fake: Fake) -> None:
    right = json.loads(run("--json").stdout)
    fake.emulator.use({"deny": {"emulator-token": ["storage.objects.create", "storage.objects.delete"]}})
    try:
        told = json.loads(run("--json").stdout)
    finally:
        fake.emulator.use({"deny": {"emulator-token": []}})
    assert any("was not kept" in note for note in told["notes"])
    assert (told["headline"], told["spent"]) == (right["headline"], pytest.approx(right["spent"], abs=0.01))
    assert world.there("instances")


def test_the_page_loads_nothing_and_draws_the_credit(world: World, tmp_path: Path) -> None:
    file = tmp_path / "status.html"
    assert run("--html", str(file)).exit_code == 0
    page = file.read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "<figure" in page
    assert "src=" not in page.replace("default-src", "")
    assert "training-vm" in page
    assert world.there("instances")


def test_watching_goes_with_no_one_answer(world: World, tmp_path: Path) -> None:
    for words in (["--json"], ["--html", str(tmp_path / "x.html")]):
        told = run("--watch", *words)
        assert told.exit_code == 2
        assert "leave one of them out" in told.output
    assert world.there("instances")
    run()  # so that there is a ledger


def test_watching_looks_again_until_somebody_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt
        world.wait(world.now + int(seconds))

    monkeypatch.setattr(command.time, "sleep", sleep)
    told = run("--watch")
    assert told.exit_code == 130
    assert told.stdout.count("next look in 60 s") == 3
    assert told.stdout.count("The credit of 50 USD ends on") == 3


def test_a_project_that_is_not_reached_ends_with_one(world: World, fake: Fake) -> None:
    run()
    fake.emulator.use({"deny": {"emulator-token": ["cloudresourcemanager.projects.get"]}})
    try:
        told = run()
    finally:
        fake.emulator.use({"deny": {"emulator-token": []}})
    assert told.exit_code == 1
    assert f"{PROJECT} was not looked at" in told.output
    assert "goes on running" in told.output
    assert world.there("instances")


def test_the_reader_is_asked_from_the_leases_first_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[datetime.datetime]()

    def read(_project: str, _session: object, since: datetime.datetime, **_where: object) -> Look:
        asked.append(since)
        return delivered.look(world, since, 0.0)

    monkeypatch.setattr("coursecloud.look.look", read)
    run()
    assert asked == [delivered.START]


def test_what_google_has_billed_is_read_from_the_budgets_messages(world: World, fake: Fake) -> None:
    assert json.loads(run("--json").stdout)["billed"] is None
    fake.emulator.world.projects[PROJECT].services.add("pubsub.googleapis.com")
    cloud, names = Cloud(fake.emulator.env(PROJECT), {}), Names(PROJECT, "x")
    topic, held = (f"projects/{PROJECT}/{kind}/{names.resource('budget')}" for kind in ("topics", "subscriptions"))
    cloud.call("PUT", "pubsub", topic, body={})
    cloud.call("PUT", "pubsub", held, body={"topic": topic})
    told = data(budgetDisplayName=names.budget, currencyCode="EUR")
    cloud.call("POST", "pubsub", f"{topic}:publish", body={"messages": [told]})
    try:
        assert json.loads(run("--json").stdout)["billed"]["amount"] == 12.3
        assert "12.30 EUR since 2026-11-23 0" in " ".join(run().stdout.split())
    finally:
        for path in (held, topic):
            cloud.call("DELETE", "pubsub", path)
    assert world.there("instances")
