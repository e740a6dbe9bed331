"""Every command has `--json`: one document on standard output, whatever the end, and all else on standard error."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli.application import Later, app
from coursecloud.cli.listed import COMMANDS
from coursecloud.cost import prices
from tests.coursecloud import test_prices_refresh as refreshes
from tests.coursecloud.catalogs import pages, serving
from tests.coursecloud.faked import UP, Fake, answer
from tests.coursecloud.told import begun, bucket, done, error, machine, planned
from tests.project import CHECKOUT

Json = dict[str, Any]
small = refreshes.small
INIT = ["init", "--project", "mlops-group-07", "--group", "group-07", "--ends", "2026-12-18", "--starts", "2026-11-23"]
STATE = "urn:pulumi:x::coursecloud::pulumi:pulumi:Stack::coursecloud-x"


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"NO_COLOR": "1", **environment})


def form(result: Result) -> Json:
    """Read the document, beside which there is nothing."""
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_it(name: str) -> None:
    command = Later(name).loaded()
    for each in getattr(command, "commands", {}).values() or (command,):
        assert "--json" in {word for param in each.params for word in param.opts}, each.name


class TestLife:
    """`up`, `down` and `finish`: what was done and what is now, in every way in which they end."""

    def command(self, fake: Fake, *words: str, typed: str = "", number: int = 0) -> tuple[int, Json, str]:
        line = [sys.executable, "-m", "coursecloud", *words, "--stack", "x", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}
        pipe = subprocess.PIPE
        with subprocess.Popen(line, cwd=fake.root, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as running:
            if number:
                assert running.stderr
                while b"Instance w" not in running.stderr.readline():
                    assert running.poll() is None
                running.send_signal(number)
            out, err = running.communicate(typed.encode(), timeout=600)
        return running.returncode, json.loads(out), err.decode()

    def test_an_up(self, fake: Fake) -> None:
        state = {"type": "pulumi:pulumi:Stack", "urn": STATE, "outputs": {"project": "some-project-1"}}
        made = [bucket("data"), machine("workbench")]
        fake.answers("preview", answer(*(planned("create", None, each) for each in made)))
        fake.answers("up", answer(*(done("create", None, each) for each in made), state=[state, *made]))
        code, told, words = self.command(fake, "up", "--yes")
        assert (code, told["version"], told["command"], told["stack"], told["passed"]) == (0, 1, "up", "x", True)
        assert told["project"] == "some-project-1"
        assert told["headline"] in words
        assert [(each["done"], each["name"]) for each in told["changes"]] == [
            ("created", "data"), ("created", "workbench"),
        ]  # fmt: skip
        assert {each["urn"] for each in told["changes"]} == {each["urn"] for each in made}
        assert (told["resources"], [each["called"] for each in told["holds"]]) == (2, ["Bucket data"])
        assert told["cost"]["perHourOn"] > told["cost"]["perHourIdle"] > 0
        assert (told["cost"]["perHourDown"], told["cost"]["atLeast"]) == (None, False)
        assert told["outputs"] == {"project": "some-project-1"}
        assert told["next"] == "coursecloud down --stack x"
        assert told["error"] is None
        assert "creates 2: Instance workbench, Bucket data" in words

    def test_an_evening(self, fake: Fake) -> None:
        kept, gone = bucket("data", protect=True), machine("workbench")
        fake.holds(kept, gone)
        fake.answers("destroy", answer(done("delete", gone), state=[kept]))
        code, told, _ = self.command(fake, "down", "--yes")
        assert (code, told["passed"], told["resources"]) == (0, True, 1)
        assert [(each["done"], each["called"]) for each in told["changes"]] == [("deleted", "Instance workbench")]
        assert isinstance(told["cost"]["perHourDown"], float)

    def test_the_end_of_the_course(self, fake: Fake) -> None:
        fake.holds(machine("w"))
        fake.answers("destroy", answer(done("delete", machine("w")), state=[]))
        code, told, words = self.command(fake, "finish", typed="x\n")
        assert (code, told["resources"], told["holds"], told["cost"]["perHourDown"]) == (0, 0, [], 0)
        assert "This deletes ALL of 'x'" in words
        assert "Type the stack's name" in words

    @pytest.mark.parametrize("command", ["up", "down", "finish"])
    def test_a_question_that_nobody_answers_is_a_refusal_with_its_remedy(self, fake: Fake, command: str) -> None:
        fake.holds(bucket("data"))
        fake.answers("preview --refresh", answer(planned("create", None, machine("w"))))
        code, told, words = self.command(fake, command)
        assert code == told["error"]["exit"] == 2
        assert "was not confirmed" in told["error"]["message"]
        (mistake,) = told["error"]["mistakes"]
        assert mistake["rule"]
        assert ("type the name" if command == "finish" else "say --yes") in mistake["remedy"]
        assert "[y/N]" in words or command == "finish"
        assert fake.changes == []

    def test_who_answers_at_a_pipe_is_heard(self, fake: Fake) -> None:
        fake.answers("preview", answer(planned("create", None, machine("w"))))
        code, told, words = self.command(fake, "up", typed="y\n")
        assert (code, told["passed"]) == (0, True)
        assert "Do it [y/N]:" in words
        assert fake.changes == [UP]

    def test_what_google_refuses_is_beside_what_was_done(self, fake: Fake) -> None:
        made = bucket("data")
        busy = error("googleapi: Error 503: The service is currently unavailable., backendError", machine("w")["urn"])
        fake.answers("up", answer(done("create", None, made), busy, code=255, state=[made]))
        code, told, words = self.command(fake, "up", "--yes")
        assert (code, told["passed"], told["resources"]) == (1, False, 1)
        assert [each["name"] for each in told["changes"]] == ["data"]
        assert told["error"]["exit"] == 1
        assert told["error"]["message"] == "up of stack x FAILED after 1 created"
        (mistake,) = told["error"]["mistakes"]
        assert mistake["what"] == "Instance w"
        assert "Error 503" in mistake["rule"]
        assert mistake["remedy"].startswith("Google was busy")
        assert told["error"]["message"] in words

    def test_what_would_be_lost_unnamed_stops_it(self, fake: Fake) -> None:
        fake.holds(bucket("data"))
        fake.answers("preview --refresh", answer(planned("delete", bucket("data")), stays=True))
        code, told, _ = self.command(fake, "up", "--yes")
        assert code == told["error"]["exit"] == 3
        assert "--lose data" in json.dumps(told)
        assert fake.changes == []

    def test_a_mistake_in_the_stack_file(self, fake: Fake) -> None:
        fake.stack_file("config: {gcp:project: UPPER}\n")
        code, told, _ = self.command(fake, "up", "--yes")
        assert code == told["error"]["exit"] == 2
        assert [each["what"] for each in told["error"]["mistakes"]] == ["gcp:project"]

    def test_an_interruption(self, fake: Fake) -> None:
        fake.answers("up", answer(done("create", None, machine("w")), begun("create", None, machine("v")), seconds=60))
        code, told, _ = self.command(fake, "up", "--yes", number=signal.SIGINT)
        assert code == told["error"]["exit"] == 130
        assert told["error"]["message"].startswith("up of stack x was INTERRUPTED after 1 created")
        assert (told["passed"], [each["name"] for each in told["changes"]]) == (False, ["w"])

    def test_no_secret_is_in_it(self, fake: Fake) -> None:
        key = "ghp_0123456789abcdefABCDEF0123456789abcd"
        fake.answers("up", answer(error(f"googleapi: Error 400: bad value {key}", machine("w")["urn"]), code=255))
        assert key not in json.dumps(self.command(fake, "up", "--yes")[1])


class TestInit:
    """What was written, and who is named in it."""

    def test_one_group(self, tmp_path: Path) -> None:
        result = run(*INIT, "--members", "ada@example.com", "--folder", str(tmp_path), "--json")
        told = form(result)
        assert (result.exit_code, told["version"], told["stacks"]) == (0, 1, ["group-07"])
        assert sorted(told["people"]) == ["members.group-07.yaml", "owners.key"]
        assert set(told["files"]) == {file.name for file in tmp_path.iterdir()}
        assert told["folder"] == str(tmp_path)
        assert told["credit"] in result.stderr
        assert "wrote Pulumi.group-07.yaml" in result.stderr

    def test_many_groups(self, tmp_path: Path) -> None:
        table = tmp_path / "groups.csv"
        table.write_text("project;gruppe\nmlops-1;1\nmlops-2;2\n", encoding="utf-8")
        (tmp_path / "made").mkdir()
        result = run("init", "--from", str(table), "--folder", str(tmp_path / "made"), "--json")
        told = form(result)
        assert result.exit_code == 0, result.stderr
        assert len(told["stacks"]) == len(told["files"]) == 2
        assert (told["people"], told["credit"]) == ([], None)
        assert any(note in result.stderr for note in told["notes"])

    def test_every_mistake_of_a_table(self, tmp_path: Path) -> None:
        table = tmp_path / "groups.csv"
        table.write_text("project,group,ends\nBAD,g-1,never\nmlops-2,g-2,2026-02-30\n", encoding="utf-8")
        result = run("init", "--from", str(table), "--folder", str(tmp_path), "--json")
        mistakes = form(result)["error"]["mistakes"]
        assert (result.exit_code, len(mistakes)) == (2, 3)
        assert all(each["rule"] and each["remedy"] and "line " in each["what"] for each in mistakes)
        assert {file.name for file in tmp_path.iterdir()} == {"groups.csv"}

    def test_what_nobody_can_be_asked_is_missing(self, tmp_path: Path) -> None:
        result = run("init", "--folder", str(tmp_path), "--json")
        told = form(result)["error"]
        assert result.exit_code == told["exit"] == 2
        assert {each["what"] for each in told["mistakes"]} == {"--project", "--group"}
        assert all(each["remedy"] for each in told["mistakes"])

    def test_at_a_terminal_it_asks_beside_the_document(self, tmp_path: Path) -> None:
        """Standard input is a terminal, standard output a file: the questions are on standard error."""
        leader, follower = pty.openpty()
        os.write(leader, b"mlops-group-07\ngroup-07\n" + b"\n" * 9 + b"y\n")
        done = subprocess.run(
            [sys.executable, "-m", "coursecloud", "init", "--folder", str(tmp_path), "--json"],
            cwd=CHECKOUT,
            stdin=follower,
            capture_output=True,
            timeout=120,
            check=False,
        )
        os.close(leader)
        os.close(follower)
        assert done.returncode == 0, done.stderr.decode()
        assert json.loads(done.stdout)["stacks"] == ["group-07"]
        assert b"Write it?" in done.stderr


class TestPrices:
    """Their age, and what a refresh has changed."""

    def test_their_age(self) -> None:
        result = run("prices", "check", "--today", "2026-08-21", "--json")
        told = form(result)
        assert result.exit_code == 0
        assert told["today"] == "2026-08-21"
        assert {each["file"] for each in told["files"]} == set(prices.FILES)
        assert not any(each["old"] or each["remedy"] for each in told["files"])
        assert told["byHand"]["services"]

    def test_where_they_are_old(self) -> None:
        result = run("prices", "check", "--today", "2027-08-21", "--json")
        assert result.exit_code == 3
        assert all(each["days"] > 90 and each["old"] and each["remedy"] for each in form(result)["files"])

    @pytest.mark.usefixtures("credentials")
    @pytest.mark.parametrize("more", [(), ("--dry-run",)])
    def test_a_refresh(self, small: Path, more: tuple[str, ...]) -> None:
        before = refreshes.contents(small)
        told = form(refreshes.refreshing(pages(refreshes.BELGIUM), small, "--json", *more))
        assert told["written"] is not bool(more)
        assert (refreshes.contents(small) == before) is bool(more)
        core = next(each for each in told["changes"] if each["key"] == "e2.vcpu" and not each["spot"])
        assert (core["where"], core["old"], core["new"]) == ("europe-west1", 0.02399337, 0.025)
        assert len(told["unmatched"]) == 3

    @pytest.mark.usefixtures("credentials")
    def test_a_jump_that_nobody_can_be_asked_about_is_a_refusal(self, small: Path) -> None:
        before = refreshes.contents(small)
        jump = [refreshes.sku("E2 Instance Core running in Belgium", "0.25"), *refreshes.BELGIUM[1:]]
        result = refreshes.refreshing(pages(jump), small, "--json")
        told = form(result)["error"]
        assert result.exit_code == told["exit"] == 2
        assert "--accept" in told["mistakes"][-1]["remedy"]
        assert refreshes.contents(small) == before

    @pytest.mark.usefixtures("credentials")
    def test_half_a_catalog_is_a_refusal(self, small: Path) -> None:
        with serving(pages([])) as (url, _):
            result = refreshes.run("refresh", "--data", str(small), "--json", url=url)
        assert result.exit_code == form(result)["error"]["exit"] == 1

    @pytest.fixture
    def credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        refreshes.without_account(monkeypatch)


class TestExport:
    """Where it is, or the plan itself."""

    def test_into_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "plan.json"
        told = form(run("export", "--format", "terraform-plan", "--out", str(file), "--json"))
        assert (told["file"], told["plan"], told["stack"]) == (str(file), None, "dev")
        assert json.loads(file.read_text())["planned_values"]

    def test_onto_standard_output(self) -> None:
        told = form(run("export", "--format", "terraform-plan", "--json"))
        assert told["file"] is None
        assert told["plan"]["planned_values"]
        assert told["plan"] == form(run("export", "--format", "terraform-plan"))

    def test_a_file_that_cannot_be(self, tmp_path: Path) -> None:
        words = ["export", "--format", "terraform-plan", "--out", str(tmp_path / "no" / "plan.json"), "--json"]
        assert "--out" in form(run(*words))["error"]["message"]


def test_the_schema_is_json_in_any_case() -> None:
    assert form(run("schema", "--json")) == form(run("schema"))


def test_the_documents_list_every_command() -> None:
    text = (CHECKOUT / "docs/json.md").read_text(encoding="utf-8")
    names = [name if name != "prices" else "prices check" for name in COMMANDS] + ["prices refresh"]
    assert [name for name in names if f"`coursecloud {name}" not in text] == []
