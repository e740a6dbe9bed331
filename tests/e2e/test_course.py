"""A course with the real engine on the emulator: from a spreadsheet to all finished with nothing left."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coursecloud.course.journal import Journal
from tests.e2e.courses import LIMIT, WANTS_ENGINE, Course, stack_file, taught

pytestmark = WANTS_ENGINE
COUNT = int(os.environ.get("COURSECLOUD_GROUPS", "3"))
"""Groups that are brought up, of the 60 of the course: as many as the machine bears in the time that one has."""
ALL = 60
NOW, NOBODYS = "mlops-now", "nobodys-project"
PROJECTS = [f"{NOW}-{number:02}" for number in range(1, COUNT + 1)]
THESE = ("--where", f"project={NOW}-*")
DAYS = ("--starts", "2026-11-23", "--ends", "2099-12-17", "--credit", "350 DKK")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    with taught(tmp_path, monkeypatch, PROJECTS) as course:
        yield course


class Table:
    """The list of the groups as a spreadsheet saves it: a mark, semicolons, CRLF, merged cells, empty lines."""

    def __init__(self, folder: Path):
        self.file = folder / "groups.csv"
        self.header = ["Gruppe", "Projekt-ID", "GPU", "Startdatum", "Enddatum", "Kredit", "E-Mails", "Bemærkning"]
        self.rows = [
            [
                f"group-{number:02}",
                f"{NOW if number <= COUNT else 'mlops-later'}-{number:02}",
                "nej",
                # Merged over each twenty lines.
                *(["23.11.2026", "17.12.2099", "350,- DKK"] if number % 20 == 1 else [""] * 3),
                # A member is forty resources: a few groups have some.
                f"Ada Ærø <ada{number}@example.com>, \u0418\u0432\u0430\u043d <ivan@example.com>" * (number % 10 == 1),
                "",
            ]
            for number in range(1, ALL + 1)
        ]
        self.rows[1][0] = "\u0413\u0440\u0443\u043f\u043f\u0430 02"
        self.rows[2][0] = "\u039f\u03bc\u03ac\u03b4\u03b1\xa003"
        self.rows[4][0] = "Group-04"  # that of the line above
        self.rows[5][1] = ""
        self.write()

    def write(self) -> None:
        lines = [";".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in (self.header, *self.rows)]
        end = ";" * (len(self.header) - 1)
        self.file.write_bytes("\r\n".join([*lines, end, end, ""]).encode("utf-8-sig"))

    def line(self, number: int) -> list[str]:
        """Give the row in a line of the file."""
        return self.rows[number - 2]


def _until(is_so: Callable[[], bool], *, while_: Callable[[], bool]) -> None:
    end = time.time() + LIMIT * max(1, COUNT // 4)
    while not is_so():
        assert while_()
        assert time.time() < end
        time.sleep(0.2)


def test_a_semester_from_a_messy_spreadsheet_to_nothing_left(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coursecloud.cli.commands.course.asking.somebody", lambda: True)
    table = Table(course.folder)
    stacks = [f"group-{number:02}" for number in range(1, COUNT + 1)]
    broken, first = "group-02", "group-01"

    # What the tool says is done, and no more than that.
    said = course.run("init", str(table.file), code=2)
    assert "8 mistakes" in said
    for line, name in re.findall(r"line (\d+), column group.*\n.*\n.*for example ([\w-]+)", said):
        table.line(int(line))[0] = name
    assert "column Bemærkning" in said
    table.header, table.rows = table.header[:-1], [row[:-1] for row in table.rows]
    assert "line 6, column group: 'Group-04'\n    rule    the group is in line 5 already" in said
    table.line(6)[0] = "group-05"
    assert re.search(r"line 7, column project\n +rule +every stack file needs this", said)
    table.line(7)[1] = f"{NOW if COUNT > 5 else 'mlops-later'}-06"
    assert "line 3 and 56 more say nothing here, where others do: merged cells" in said
    assert not (course.folder / "course.yaml").exists()
    table.write()
    assert f"{ALL} groups: {ALL} new" in course.run("init", str(table.file), *DAYS)
    roster = course.folder / "course.yaml"
    rule = {"when": {"project": f"{NOW}-*"}, "settings": {"coursecloud:training": {"enabled": False}}}
    roster.write_text(roster.read_text(encoding="utf-8").replace("rules: []", f"rules: {json.dumps([rule])}"), "utf-8")
    assert f"{ALL} new" in course.run("diff")
    assert course.run("apply", "--yes").count("wrote 60 stack files") == 1
    assert f"{ALL} groups: {ALL} as they are" in course.run("diff")
    table.line(3)[1] = NOBODYS
    table.write()
    assert f"~ {broken}: gcp:project: {NOW}-02 becomes {NOBODYS}" in course.run("diff")
    course.run("apply", "--yes")

    chosen = ("--only", ",".join(stacks))
    assert f"{COUNT} groups, dry run" in course.run("up", *chosen, "--dry-run")
    assert course.emulator.remaining() == []
    up, journal = ("up", "--yes", *chosen), Journal(course.folder)
    begun = course.started(*up)
    _until(lambda: bool(journal.open()) and journal.counts(1).get("done", 0) >= max(1, COUNT // 4),
           while_=lambda: begun.poll() is None)  # fmt: skip
    begun.send_signal(signal.SIGINT)
    assert begun.wait(2 * LIMIT) == 130
    course.nothing_pending([path.stem for path in course.folder.glob(".pulumi-state/.pulumi/stacks/*/*.json")])
    settled = [task.stack for task in journal.tasks(1) if task.state in ("done", "failed")]
    assert 0 < len(settled) < COUNT
    said = course.run(*up, code=1)
    assert f"({len(settled)} are settled)" in said
    assert f"course up: {COUNT - 1} of {COUNT} groups are up, 1 FAILED." in said
    assert f"FAILED   {broken}: " in said
    logs = course.folder / ".course/logs/run-1"
    assert {(logs / f"{stack}.log").read_text(encoding="utf-8").count("--- up") for stack in settled} == {1}
    assert {journal.run(task.run).id for task in journal.latest("up").values()} == {1}
    table.line(3)[1] = PROJECTS[1]
    table.write()
    said = course.run("apply", "--yes")
    assert "by hand" not in said, "Pulumi has written into the files"
    assert "1 of 1 groups are up" in course.run("up", "--yes", "--failed")
    course.nothing_pending(stacks)

    told = json.loads(course.run("status", "--json", "--html", str(course.folder / "course.html"), *chosen))
    assert {row["lastUp"]["state"] for row in told["groups"]} == {"done"}
    assert all(row["spent"] is not None for row in told["groups"])
    assert f"{COUNT} groups: {COUNT} run now" in told["headline"], told["groups"]
    page = (course.folder / "course.html").read_text(encoding="utf-8")
    assert [page.count(f">{project}<") for project in PROJECTS] == [1] * COUNT

    # Somebody's work lies where nothing is kept over night.
    course.put(f"{NOW}-01-{first}--staging", "model")
    said = course.run("down", "--yes", *THESE, code=3)
    assert f"course down: {COUNT - 1} of {COUNT} groups are down, 1 refused." in said
    assert "--lose staging" in said
    assert "1 of 1 groups are down" in course.run("down", "--yes", "--failed", "--lose", "staging")
    assert all(course.resources(stack) for stack in stacks), "what is kept"

    course.put(f"{NOW}-01-{first}--data", "files/md5/ab/cd")
    said = course.run("finish", *THESE, code=3, answer=f"{COUNT}\n")
    assert f"course finish: 0 of {COUNT} groups are finished, {COUNT} refused." in said
    assert "Disk workbench-work" in said, "nobody can count what is on it"
    said = course.run("finish", *THESE, "--lose", "Disk", code=3, answer=f"{COUNT}\n")
    assert f"course finish: {COUNT - 1} of {COUNT} groups are finished, 1 refused." in said
    assert course.resources(first) > 0
    course.run("save", "--yes", "--to", str(course.folder / "saved"), "--only", "*-01")
    course.put(f"{NOW}-01-{first}--data", "later")
    assert "1 of 1 groups are finished" in course.run("finish", "--failed", "--lose", "Disk", answer="1\n")
    assert (course.folder / f"saved/{first}/data/later").read_bytes() == b"work"
    assert course.emulator.remaining() == []
    course.nothing_pending(stacks)

    # Of what is finished the file is put away, when its line goes.
    table.rows = [row for row in table.rows if not row[1].startswith(NOW)]
    table.write()
    assert f"{COUNT} put away" in course.run("apply", "--yes")
    assert (course.folder / f"removed/Pulumi.{first}.yaml").is_file()


def test_a_runner_that_is_killed_is_gone_on_with(course: Course) -> None:
    stacks = [f"g{number}" for number in range(1, 3)]
    for stack, project in zip(stacks, PROJECTS, strict=False):
        stack_file(course.folder, stack, project)
    first = course.started("up", "--yes", "--at-once", "2")
    begun = course.folder / ".course/logs/run-1"
    _until(lambda: any("created" in path.read_text(encoding="utf-8") for path in begun.glob("*.log")),
           while_=lambda: first.poll() is None)  # fmt: skip
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    said = course.run("up", "--yes", "--at-once", "2")
    assert "that are left of the run of" in said
    assert f"course up: {len(stacks)} of {len(stacks)} groups are up." in said
    assert Journal(course.folder).counts(1) == {"done": len(stacks)}
    course.nothing_pending(stacks)
