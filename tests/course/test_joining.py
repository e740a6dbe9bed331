"""`coursecloud course join` and `leave` with the real gcloud: what is there counts, nothing of others is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coursecloud.course import joining
from coursecloud.course.authority import Grant, Role, Wanted, title
from coursecloud.course.gcloud import AGAIN, Gcloud, GcloudError
from tests.gcloud import MISSING
from tests.gcloud import Gcloud as Typed
from tests.look.conftest import PROJECT
from tests.operate.conftest import STACK, Desk
from tests.operate.conftest import desk as desk
from tests.operate.conftest import emulated as emulated
from tests.operate.conftest import project as project
from tests.project import CHECKOUT

PAGE = "page@mlops-course.iam.gserviceaccount.com"
COURSE = f"  coursecloud:course: {{accounts: {{look: {PAGE}}}}}\n"
END = "request.time < timestamp('2099-03-01T00:00:00Z')"
LOOK, LEDGER = "coursecloud_dev_course_look", "coursecloud_dev_course_ledger"
POLICY = f"cloudresourcemanager/v1/projects/{PROJECT}"
ADA = {"role": "roles/viewer", "members": [f"serviceAccount:{PAGE}", "user:ada@example.com"]}


class Member:
    """Somebody who owns the project, logged in to gcloud."""

    def __init__(self, desk: Desk, home: Path):
        self.desk = desk
        self.environment = Typed(home, desk.project.emulator).environment()

    def types(self, *words: str) -> tuple[int, str]:
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}
        line = [sys.executable, "-m", "coursecloud", "course", *words]
        done = subprocess.run(
            line, cwd=self.desk.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout if "--json" in words else done.stdout + done.stderr

    def policy(self) -> list[dict[str, Any]]:
        asked = {"options": {"requestedPolicyVersion": 3}}
        found = list(self.desk.project.ask("POST", f"{POLICY}:getIamPolicy", asked).get("bindings") or [])
        return [each | {"members": sorted(each["members"])} for each in found]

    def set(self, *bindings: dict[str, Any]) -> None:
        self.desk.project.ask("POST", f"{POLICY}:setIamPolicy", {"policy": {"version": 3, "bindings": list(bindings)}})

    def ours(self) -> set[str]:
        return {str(each["role"]).rpartition("/")[2] for each in self.policy() if each.get("condition")}

    @property
    def gcloud(self) -> Gcloud:
        return Gcloud(PROJECT, self.environment)


@pytest.fixture
def member(desk: Desk, tmp_path: Path) -> Member:
    desk.file(STACK + COURSE)
    home = tmp_path / "home"
    home.mkdir()
    return Member(desk, home)


@MISSING
def test_it_is_shown_then_made_then_there_and_taken_back(member: Member) -> None:
    member.set(ADA)
    code, said = member.types("join")
    first = said.splitlines()[0]
    assert (code, first) == (
        0, f"Lets the course into your project {PROJECT} until 2099-02-28: {PAGE} see what runs and what it has cost."
    )  # fmt: skip
    assert "nothing was changed" in said
    assert member.policy() == [ADA]
    code, said = member.types("join", "--run", "--yes")
    assert code == 0, said
    assert member.ours() == {LOOK, LEDGER}
    ends = {each["condition"]["expression"].endswith(END) for each in member.policy() if each.get("condition")}
    assert ends == {True}
    code, said = member.types("join", "--run", "--yes")
    assert (code, said.partition(":")[0]) == (0, "Nothing to do")
    code, said = member.types("leave", "--run", "--yes")
    assert code == 0, said
    assert f"{PAGE} keeps roles/viewer" in said
    assert member.policy() == [ADA], "what others granted stays, to the same account, too"
    roles = {each["name"].rpartition("/")[2] for each in member.gcloud.roles() if not each.get("deleted")}
    assert roles >= {LOOK, LEDGER}, "the roles stay"
    code, said = member.types("leave", "--json")
    assert (code, json.loads(said)["headline"].partition(":")[0]) == (0, "Nothing to do")


def _wanted(*permissions: str, end: str = END) -> Wanted:
    return Wanted([Role(LOOK, "dev: look", permissions)], [Grant("look", PAGE, LOOK, end)])


def _run(member: Member, wanted: Wanted) -> tuple[list[str], list[str]]:
    gcloud = member.gcloud
    there = joining.described(gcloud, joining.read(gcloud, "dev"), wanted.roles)
    said: list[str] = []
    return said, joining.run(gcloud, joining.steps(wanted, there, PROJECT, ["look"]), "dev", said.append)


@MISSING
def test_a_role_is_updated_undeleted_and_under_the_next_id_where_google_blocks_its_own(member: Member) -> None:
    _run(member, _wanted("compute.instances.list"))
    _, left = _run(member, _wanted("compute.instances.list", "compute.disks.list", "resourcemanager.projects.list"))
    assert left == ["resourcemanager.projects.list"], "what Google does not take in a project's role is said"
    path = f"iam/v1/projects/{PROJECT}/roles/{LOOK}"
    assert member.desk.project.ask("GET", path)["includedPermissions"] == [
        "compute.instances.list",
        "compute.disks.list",
    ]
    member.desk.project.ask("DELETE", path)
    _run(member, _wanted("compute.instances.list"))
    assert not member.desk.project.ask("GET", path).get("deleted")
    member.desk.project.ask("DELETE", path)
    member.desk.project.emulator.pass_time(days=8)
    _run(member, _wanted("compute.instances.list", end=END.replace("03-01", "04-01")))
    assert member.ours() == {f"{LOOK}_2"}


@MISSING
def test_an_older_end_is_replaced_and_only_that(member: Member) -> None:
    _run(member, _wanted("compute.instances.list"))
    later = END.replace("03-01", "05-01")
    _run(member, _wanted("compute.instances.list", end=later))
    assert [each["condition"]["expression"] for each in member.policy()] == [later]


@MISSING
@pytest.mark.parametrize("races", [len(AGAIN), 100])
def test_a_change_that_meets_others_in_a_row_is_made_again_and_not_for_ever(member: Member, races: int) -> None:
    fault = {
        "match": "cloudresourcemanager.projects.setIamPolicy",
        "status": 409,
        "count": races,
        "message": "There were concurrent policy changes. Please retry the whole read-modify-write.",
    }
    emulator = member.desk.project.emulator
    emulator.use({"faults": [fault]})
    start, slept = len(emulator.requests), list[float]()
    gcloud = Gcloud(PROJECT, member.environment, sleep=slept.append)
    line = joining.add_line(Grant("look", PAGE, "roles/logging.viewer", END), PROJECT, "dev")
    if races == len(AGAIN):
        gcloud.do(line)
        assert member.ours() == {"logging.viewer"}
    else:
        with pytest.raises(GcloudError, match="concurrent policy changes"):
            gcloud.do(line)
        assert (member.policy(), slept) == ([], list(AGAIN))
    asked = [call for call in emulator.requests[start:] if call["id"].endswith("projects.setIamPolicy")]
    lost = sum(call["status"] == 409 for call in asked)
    assert lost >= len(AGAIN) > 1, "more than one in a row"
    assert lost == races or races > len(asked)


@pytest.mark.parametrize("races", [0, 1, 2, 3, 4])
def test_it_is_made_again_as_often_as_others_change_the_same_and_not_for_ever(tmp_path: Path, races: int) -> None:
    program, tries = tmp_path / "gcloud", tmp_path / "tries"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        f"tries = pathlib.Path({str(tries)!r})\n"
        "count = int(tries.read_text()) if tries.exists() else 0\n"
        "tries.write_text(str(count + 1))\n"
        f"if count < {races}:\n"
        "    sys.exit('ERROR: (gcloud.projects.x) ABORTED: There were concurrent policy changes.')\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    slept: list[float] = []
    gcloud = Gcloud(PROJECT, {"PATH": str(tmp_path)}, sleep=slept.append)
    line = ["projects", "add-iam-policy-binding", PROJECT]
    if races <= len(AGAIN):
        gcloud.do(line)
    else:
        with pytest.raises(GcloudError, match="concurrent policy changes"):
            gcloud.do(line)
    assert int(tries.read_text(encoding="utf-8")) == min(races, len(AGAIN)) + 1
    assert slept == list(AGAIN[:races])


def test_another_stacks_bindings_are_nobodys_here() -> None:
    binding = {
        "role": "roles/x",
        "members": ["user:a@b.c"],
        "condition": {"title": title("dev", "look"), "expression": "1"},
    }
    assert [each.purpose for each in joining.bound({"bindings": [binding]}, "dev")] == ["look"]
    for other in ("dev2", "de", "de."):
        assert joining.bound({"bindings": [binding]}, other) == []


def test_without_gcloud_it_is_shown_all_the_same_and_what_does_it_is_refused(member: Member) -> None:
    member.environment["PATH"] = "/nowhere"
    code, said = member.types("join")
    assert (code, "gcloud is not on PATH" in said, "iam roles create" in said) == (0, True, True)
    code, said = member.types("join", "--run", "--yes")
    assert (code, "cloud.google.com/sdk" in said) == (2, True)
    with pytest.raises(GcloudError):
        member.gcloud.policy()


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        (STACK, (), "names no account of the course for look, stop, deploy"),
        (STACK + COURSE, ("--only", "lok"), "did you mean 'look'"),
        (STACK + COURSE, ("--only", "look,stop"), "names no account of the course for stop"),
        (STACK + COURSE, ("--look", "ada@example.com"), "an account of the course is a service account's address"),
        (STACK.replace("    ends: 2099-01-29  # a Thursday\n", "") + COURSE, (), "has no `ends`"),
        (STACK.replace("2099", "2020") + COURSE, (), "ended with its grace days on 2020-02-28"),
        (STACK + COURSE.replace(PAGE, "user:ada@example.com"), (), "coursecloud:course.accounts.look"),
    ],
)
def test_each_mistake_is_said_with_its_rule_and_remedy(
    member: Member, file: str, words: tuple[str, ...], said: str
) -> None:
    member.desk.file(file)
    code, text = member.types("join", *words)
    assert (code, said in text, "remedy" in text) == (2, True, True), text


@MISSING
def test_nothing_is_changed_where_nobody_says_yes(member: Member) -> None:
    code, said = member.types("join", "--run")
    assert (code, "nobody said yes" in said) == (2, True)
    assert member.policy() == []
