"""From a messy spreadsheet to stack files and on through a course: nothing of a group goes that nobody named."""

import json
import re
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.common import stack_yaml
from infra import files
from infra.settings import load
from tests.project import ROOT

HEADER = "Gruppe;Projekt-ID;GPU;Startdatum;Enddatum;Kredit;E-Mails"


class Course:
    """An instructor's folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def table(self, *rows: str, header: str = HEADER, encoding: str = "cp1252") -> None:
        (self.folder / "groups.csv").write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))

    def roster(self, **keys: Any) -> None:
        (self.folder / "course.yaml").write_text(json.dumps({"table": "groups.csv", **keys}), encoding="utf-8")

    def run(self, *words: str, code: int = 0) -> str:
        line = ["course", words[0], *words[1:], "--folder", str(self.folder)]
        done = CliRunner().invoke(app, line, env={"NO_COLOR": "1"})
        assert done.exit_code == code, done.output
        return done.output

    def apply(self, *words: str, code: int = 0) -> str:
        return self.run("apply", "--yes", *words, code=code)

    def text(self, stack: str) -> str:
        return (self.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")

    def config(self, stack: str) -> dict[str, Any]:
        read: dict[str, Any] = files.yaml_of(self.text(stack), stack_yaml.Loader)["config"]
        return read

    def edit(self, stack: str, old: str, new: str) -> None:
        text = self.text(stack)
        assert old in text
        (self.folder / f"Pulumi.{stack}.yaml").write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.folder.iterdir() if path.suffix == ".yaml"}


def row(number: int, name: str = "", *, gpu: str = "nej", ends: str = "17-12-2026", mail: str = "") -> str:
    group = name or f"group-{number:02}"
    return f"{group};mlops-g{number:02};{gpu};23-11-2026;{ends};1.250,50 DKK;{mail or f'ada{number}@example.com'}"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.chdir(ROOT)
    return Course(folder)


@pytest.fixture
def applied(course: Course) -> Course:
    course.table(row(1), row(2, gpu="T4"), row(3))
    course.roster()
    course.apply()
    return course


def test_init_writes_a_roster_and_no_stack_file_and_apply_the_rest(course: Course) -> None:
    course.table(row(1), row(2), ";;;;;;")
    said = course.run("init", str(course.folder / "groups.csv"), "--region", "europe-west4")
    assert said.startswith("wrote course.yaml; 2 groups: 2 new")
    assert [name for name in course.files() if name.startswith("Pulumi.")] == []
    course.apply()
    assert course.config("group-01")["gcp:region"] == "europe-west4"
    assert course.config("group-01")["coursecloud:lease"]["credit"] == {"amount": 1250.5, "currency": "DKK"}  # pyright: ignore[reportUnknownMemberType]  # fmt: skip
    assert "there already" in course.run("init", str(course.folder / "groups.csv"), code=2)


def test_what_may_be_committed_has_no_address_and_git_takes_no_other(applied: Course) -> None:
    for path in applied.folder.iterdir():
        private = path.name.startswith("members.") or path.name in ("groups.csv", "owners.key")
        assert path.is_dir() or private or "@" not in path.read_text(encoding="utf-8"), path.name
    ignoring = (applied.folder / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"members.*.yaml", "owners.key", "*.csv"} <= set(ignoring)
    assert (applied.folder / "members.group-01.yaml").stat().st_mode & 0o077 == 0
    assert applied.config("group-01")["coursecloud:course"]["owner"].startswith("p-")


def test_groups_can_have_pseudonyms_for_names(course: Course) -> None:
    course.table(row(1, "the-ada-team"))
    course.roster(pseudonyms=True)
    course.apply()
    (name,) = [name for name in course.files() if name.startswith("Pulumi.")]
    assert "ada" not in name.lower()
    assert "the-ada-team" not in course.files()[name]
    assert course.run("diff").startswith("1 group: 1 as they are")


def test_rules_and_overrides_reach_the_groups_that_they_are_about(course: Course) -> None:
    course.table(row(1), row(2, gpu="T4"), row(3, gpu="T4"))
    limit = {"coursecloud:lease": {"maxPerHour": 3}, "coursecloud:course": {"labels": {"track": "vision"}}}
    own = {"region": "europe-west4", "settings": {"coursecloud:lease": {"maxPerHour": 5}}}
    common = {"coursecloud:lease": {"graceDays": 9, "maxPerHour": 1}}
    rules = [{"when": {"gpu": "t*"}, "settings": limit}]
    course.roster(defaults={"settings": common}, rules=rules, groups={"group-03": own})
    course.apply()
    assert {course.config(f"group-0{n}")["coursecloud:lease"]["graceDays"] for n in (1, 2, 3)} == {9}
    lease = [course.config(f"group-0{n}")["coursecloud:lease"]["maxPerHour"] for n in (1, 2, 3)]
    assert lease == [1, 3, 5]
    assert "labels" not in course.config("group-01")["coursecloud:course"]
    assert course.config("group-03")["coursecloud:course"]["labels"] == {"track": "vision"}
    assert course.config("group-03")["gcp:region"] == "europe-west4"


def test_one_group_more_touches_no_other(applied: Course) -> None:
    before = applied.files()
    applied.table(row(1), row(2, gpu="T4"), row(3), row(4))
    assert applied.run("diff").startswith("4 groups: 1 new, 3 as they are")
    applied.apply()
    after = applied.files()
    assert {name for name in after if after[name] != before.get(name)} == {
        "Pulumi.group-04.yaml",
        "members.group-04.yaml",
    }


def test_a_renamed_group_keeps_its_stack_and_with_it_its_data(applied: Course) -> None:
    applied.table(row(1, "avengers"), row(2, gpu="T4"), row(3))
    said = applied.apply()
    assert "group-01 is called avengers now; its stack stays group-01" in said
    assert applied.config("group-01")["coursecloud:course"]["group"] == "avengers"
    assert "Pulumi.avengers.yaml" not in applied.files()


def test_a_rename_into_another_project_has_to_be_said(applied: Course) -> None:
    applied.table(row(9, "avengers"), row(2, gpu="T4"), row(3))
    assert "1 new" in applied.run("diff")
    applied.roster(renamed={"group-01": "avengers"})
    assert "its stack stays group-01" in applied.run("diff")
    applied.roster(renamed={"group-01": "nobody"})
    assert "there is no such group" in applied.run("diff", code=2)


def test_a_group_that_leaves_keeps_its_file_until_its_stack_is_finished(applied: Course) -> None:
    applied.table(row(1), row(2, gpu="T4", mail="ada2@example.com, ada3@example.com"))
    applied.roster(merged={"group-03": "group-02"})
    said = applied.apply()
    assert "it became a part of group-02" in said
    assert "course finish --only group-03" in said
    assert "Pulumi.group-03.yaml" in applied.files()
    assert "ada3@example.com" in applied.files()["members.group-02.yaml"]
    assert "1 put away" in applied.apply("--forget", "group-03")
    assert "Pulumi.group-03.yaml" not in applied.files()
    assert (applied.folder / "removed/Pulumi.group-03.yaml").is_file()
    assert applied.run("diff").startswith("2 groups: 2 as they are")


def test_edits_by_hand_stay_while_the_roster_changes_other_lines(applied: Course) -> None:
    applied.edit("group-02", "sizeGb: 50", "sizeGb: 70")
    applied.table(row(1), row(2, gpu="T4", ends="19-12-2026"), row(3))
    said = applied.apply()
    assert "coursecloud:lease.ends: 2026-12-17 becomes 2026-12-19" in said
    config = applied.config("group-02")
    assert config["coursecloud:lease"]["ends"] == "2026-12-19"
    assert config["coursecloud:machines"]["trainer"]["dataDisk"]["sizeGb"] == 70
    assert "1 with edits by hand that are kept" in applied.run("diff")


def test_where_an_edit_and_the_roster_meet_the_file_stays_and_the_others_are_written(applied: Course) -> None:
    applied.edit("group-02", "ends: 2026-12-17", "ends: 2026-12-21")
    before = applied.text("group-02")
    applied.table(row(1, ends="19-12-2026"), row(2, gpu="T4", ends="19-12-2026"), row(3))
    assert "1 in CONFLICT" in applied.run("diff", code=3)
    applied.apply(code=3)
    assert applied.text("group-02") == before
    assert applied.config("group-01")["coursecloud:lease"]["ends"] == "2026-12-19"
    applied.edit("group-02", "ends: 2026-12-21", "ends: 2026-12-19")  # solved by hand
    assert "CONFLICT" not in applied.apply()


def test_what_pulumi_makes_of_a_file_at_the_first_up_is_nobodys_edit_and_meets_no_change(applied: Course) -> None:
    file = applied.folder / "Pulumi.group-01.yaml"
    dated = re.sub(r"(20\d\d-\d\d-\d\d)", r"\1 00:00:00 +0000 UTC", applied.text("group-01"))
    text = re.sub(r"(?<=\S)  #", " #", dated)
    assert text.count(" 00:00:00 +0000 UTC # ") == 2
    file.write_text(text + "encryptionsalt: v1:abc=\n", encoding="utf-8")
    said = applied.run("diff")
    assert ("3 groups: 3 as they are" in said, "by hand" in said) == (True, False)
    applied.table(row(1, ends="18-12-2026"), row(2, gpu="T4"), row(3))
    assert "~ group-01: coursecloud:lease.ends: 2026-12-17 becomes 2026-12-18" in applied.apply()
    assert applied.text("group-01").endswith("encryptionsalt: v1:abc=\n")
    # Somebody's own edit of a file that Pulumi has written stays one.
    mine = text.replace("sizeGb: 20", "sizeGb: 30").replace("ends: 2026-12-17", "ends: 2026-12-18")
    file.write_text(mine, encoding="utf-8")
    applied.table(row(1, ends="19-12-2026"), row(2, gpu="T4"), row(3))
    assert "1 with edits by hand that are kept" in applied.apply()
    disk = applied.config("group-01")["coursecloud:machines"]["workbench"]["dataDisk"]
    assert (disk["sizeGb"], str(applied.config("group-01")["coursecloud:lease"]["ends"])) == (30, "2026-12-19")


def test_what_pulumi_writes_into_a_stack_file_is_nobody_s_edit(applied: Course) -> None:
    salted = f"encryptionsalt: v1:abc=\n{applied.text('group-01')}"
    (applied.folder / "Pulumi.group-01.yaml").write_text(salted, encoding="utf-8")
    assert "edits" not in applied.run("diff")
    applied.table(row(1, ends="19-12-2026"), row(2, gpu="T4"), row(3))
    applied.apply()
    assert "encryptionsalt: v1:abc=" in applied.text("group-01")
    assert applied.config("group-01")["coursecloud:lease"]["ends"] == "2026-12-19"


def test_a_members_file_that_somebody_edited_stays_and_so_does_the_group_where_the_table_changes_too(
    applied: Course,
) -> None:
    own = "- user:ada1@example.com\n- user:eve@example.com\n"
    (applied.folder / "members.group-01.yaml").write_text(own, encoding="utf-8")
    assert "1 with edits by hand that are kept" in applied.apply()
    applied.table(row(1, mail="new@example.com", ends="18-12-2026"), row(2, gpu="T4"), row(3))
    before = applied.files()
    said = applied.apply(code=3)
    assert (
        "it stays, and lets in user:ada1@example.com, user:eve@example.com; the table has user:new@example.com" in said
    )
    assert "1 in CONFLICT" in said
    assert applied.files() == before
    (applied.folder / "members.group-01.yaml").unlink()
    assert "members: user:new@example.com comes" in applied.apply()
    assert "user:new@example.com" in applied.files()["members.group-01.yaml"]


def test_where_the_table_has_members_no_longer_nobody_is_let_in_and_that_is_said(applied: Course) -> None:
    applied.table(row(1, mail="-"), row(2, gpu="T4"), row(3))
    assert "members: user:ada1@example.com goes" in applied.apply()
    assert "@" not in applied.files()["members.group-01.yaml"]
    assert load(applied.config("group-01"), "group-01", applied.folder).team.members == ()
    assert "3 as they are" in applied.run("diff")
    # A list that the table never had is the group's own.
    (applied.folder / "members.group-01.yaml").unlink()
    (applied.folder / "course.lock.json").unlink()
    (applied.folder / "members.group-01.yaml").write_text("- user:own@example.com\n", encoding="utf-8")
    applied.apply()
    assert "user:own@example.com" in applied.files()["members.group-01.yaml"]


@pytest.mark.parametrize("name", ["members.group-01.yaml", "Pulumi.group-01.yaml"])
def test_what_takes_the_place_of_a_link_is_said_and_what_it_leads_to_stays(applied: Course, name: str) -> None:
    file, elsewhere = applied.folder / name, applied.folder.parent / "theirs.yaml"
    file.replace(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_text(encoding="utf-8")
    assert "is a link" not in applied.run("diff")  # nothing of it is written
    applied.table(row(1, mail="new@example.com", ends="18-12-2026"), row(2, gpu="T4"), row(3))
    said = " ".join(applied.run("diff").split())
    assert f"{name} is a link: a file of its own takes its place" in said
    applied.apply()
    assert not file.is_symlink()
    assert elsewhere.read_text(encoding="utf-8") == before


def test_the_same_members_in_another_form_are_the_same(applied: Course) -> None:
    (applied.folder / "members.group-01.yaml").write_text("# ours\n- 'user:eve@example.com'\n", encoding="utf-8")
    applied.table(row(1, mail="new@example.com"), row(2, gpu="T4"), row(3))
    assert "1 in CONFLICT" in applied.apply(code=3)
    (applied.folder / "members.group-01.yaml").write_text("# ours\n- 'user:new@example.com'\n", encoding="utf-8")
    assert "CONFLICT" not in applied.apply()
    assert applied.files()["members.group-01.yaml"].startswith("# ours")
    applied.table(row(1, mail="later@example.com"), row(2, gpu="T4"), row(3))
    assert "members: user:later@example.com comes" in applied.apply()


@pytest.mark.parametrize("content", ["- [", "a: b", "text"])
def test_members_that_are_no_list_are_said_to_be_none(applied: Course, content: str) -> None:
    (applied.folder / "members.group-01.yaml").write_text(content, encoding="utf-8")
    applied.table(row(1, mail="new@example.com"), row(2, gpu="T4"), row(3))
    assert "it stays, and is no list of principals, which every `up` refuses" in applied.apply(code=3)
    (applied.folder / "course.lock.json").unlink()
    assert "it is a list of principals" in applied.apply("--adopt", code=2)


def test_a_stack_file_that_is_no_yaml_stays_and_stops_no_other(applied: Course) -> None:
    (applied.folder / "Pulumi.group-01.yaml").write_text("config: [", encoding="utf-8")
    applied.table(row(1), row(2, gpu="T4", ends="18-12-2026"), row(3))
    said = applied.apply(code=3)
    assert "! group-01: Pulumi.group-01.yaml is no YAML, and stays" in said
    assert "lease.ends: 2026-12-17 becomes 2026-12-18" in said
    assert applied.text("group-01") == "config: ["


def test_members_that_lie_there_and_are_not_the_tables_hold_a_new_group_back(course: Course) -> None:
    own = "- user:evil@gmail.com\n"
    (course.folder / "members.group-01.yaml").write_text(own, encoding="utf-8")
    course.table(row(1), row(2))
    course.roster()
    said = course.apply()
    assert "members.group-01.yaml was not written from the table: it stays, and lets in user:evil@gmail.com" in said
    assert set(course.files()) >= {"Pulumi.group-02.yaml", "members.group-02.yaml"}
    assert "Pulumi.group-01.yaml" not in course.files()
    said = course.apply("--adopt")
    assert "is taken over as it is: it lets in user:evil@gmail.com; the table has user:ada1@example.com" in said
    assert course.files()["members.group-01.yaml"] == own
    kept = "group-01, by hand and kept: members: user:evil@gmail.com comes; members: user:ada1@example.com goes"
    assert kept in course.run("diff")
    assert course.apply().startswith("2 groups: 2 as they are, 1 with edits by hand that are kept")
    assert course.files()["members.group-01.yaml"] == own


@pytest.mark.parametrize("adopt", [False, True])
def test_where_a_stack_file_stays_the_members_do(course: Course, adopt: bool) -> None:
    (course.folder / "Pulumi.group-01.yaml").write_text("config:\n  gcp:project: mlops-g01\n", encoding="utf-8")
    course.table(row(1), row(2))
    course.roster()
    said = course.apply(*["--adopt"] * adopt)
    assert ("members.group-01.yaml" in course.files()) is adopt
    assert ("members: user:ada1@example.com comes" in said) is adopt
    assert ("group-01, by hand and kept: coursecloud:course.group: group-01 is taken away" in said) is adopt


def test_an_edit_that_meets_the_roster_keeps_its_members_file_too(applied: Course) -> None:
    applied.edit("group-01", "2026-12-17", "2026-12-20")
    applied.table(row(1, ends="18-12-2026", mail="ada1@example.com,evil@gmail.com"), row(2, gpu="T4"), row(3))
    said = applied.apply(code=3)
    assert "members: user:evil@gmail.com comes" in said
    assert "evil" not in applied.files()["members.group-01.yaml"]
    applied.table(row(1), row(2, gpu="T4"), row(3))
    assert "evil" not in applied.apply()


@pytest.mark.parametrize(
    "keys",
    [
        {"groups": {"a": {"project": "mlops-a1", "group": "z"}, "b": {"project": "mlops-b1", "group": "z"}}},
        {"rules": [{"when": {}, "answers": {"group": "zz"}}]},
        {"pseudonyms": True, "groups": {"Alpha": {"project": "mlops-a1"}, "alpha": {"project": "mlops-b1"}}},
    ],
)
def test_two_groups_never_get_one_stack(course: Course, keys: dict[str, Any]) -> None:
    course.table(row(1), row(2))
    course.roster(**keys)
    assert "a stack is one group's" in course.apply(code=2)
    assert not [name for name in course.files() if name.startswith("Pulumi.")]


def test_a_group_that_is_put_away_is_put_over_no_other(applied: Course) -> None:
    for left in range(2):
        applied.table(row(1), row(2))
        applied.apply()
        applied.apply("--forget", "group-03")
        applied.table(row(1), row(2), row(3, mail=f"later{left}@example.com"))
        applied.apply()
    assert sorted(path.name for path in (applied.folder / "removed").iterdir()) == [
        "Pulumi.group-03-2.yaml", "Pulumi.group-03.yaml", "members.group-03-2.yaml", "members.group-03.yaml",
    ]  # fmt: skip


def test_where_nothing_can_be_written_nothing_is_put_away(applied: Course) -> None:
    applied.table(row(1), row(2))
    applied.apply()
    before = applied.files()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1480, hard))
        assert "nothing was written" in applied.apply("--forget", "group-03", code=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert applied.files() == before


def test_where_nothing_can_be_put_away_the_group_stays_known(applied: Course) -> None:
    applied.table(row(1), row(2))
    (applied.folder / "removed").write_text("a note", encoding="utf-8")
    assert "move away what stands there" in applied.apply("--forget", "group-03", code=2)
    (applied.folder / "removed").unlink()
    assert "1 put away" in applied.apply("--forget", "group-03")
    assert "1 put away" not in applied.run("diff")


@pytest.mark.parametrize("stack", ["group-99", "group-01"])
def test_only_what_has_left_is_forgotten(applied: Course, stack: str) -> None:
    assert f"--forget {stack}" in applied.apply("--forget", stack, code=2)


@pytest.mark.parametrize(
    "content",
    [
        {"groups": []}, {"version": 2, "groups": {}}, {"version": 1, "groups": {"../x": {}}}, [],
        {"version": 1, "groups": {"g": {"group": 1, "project": None, "text": None}}},
        {"version": 1, "groups": {"../x": {"group": "x", "project": "p", "text": ""}}},
    ],
)  # fmt: skip
def test_a_lock_file_of_another_shape_is_said(applied: Course, content: Any) -> None:
    (applied.folder / "course.lock.json").write_text(json.dumps(content), encoding="utf-8")
    assert "git checkout" in applied.run("diff", code=2)


def test_what_stays_behind_where_a_stack_moves_is_said(applied: Course) -> None:
    applied.table(row(1).replace("mlops-g01", "other-proj-1"), row(2, gpu="T4"), row(3))
    said = " ".join(applied.run("diff").split())
    assert "gcp:project: a stack that is up lives in its project, and `up` refuses another one" in said
    applied.table(row(1), row(2, gpu="T4"), row(3))
    for bucket in ("gs://state-one", "gs://state-two"):
        applied.roster(backend=bucket)
        said = " ".join(applied.apply().split())
    assert "without the stack's state in it, what is there would be made anew. Bring the state along" in said
    applied.roster(defaults={"keep": "no"})
    assert "lets it delete them with all their objects" in applied.run("diff")


def test_what_changes_nothing_that_is_up_is_no_alarm_and_a_machine_that_goes_is_one(applied: Course) -> None:
    applied.roster(defaults={"region": "europe-west1"})
    said = applied.apply()
    assert "gcp:region: europe-west1 is added" in said
    assert "made anew" not in said
    applied.table(row(1), row(2), row(3))
    said = applied.run("diff")
    assert "coursecloud:machines.trainer: the machine goes, and its data disk with it" in said
    assert "made anew" not in said
    assert "only what `make down` does changes" not in said


def test_no_secret_of_a_stack_file_is_shown(applied: Course) -> None:
    secret = "ghp_" + "a1B2" * 9
    applied.edit("group-02", "group: group-02", f"group: group-02\n    labels: {{token: {secret}}}")
    for said in (applied.run("diff"), applied.run("diff", "--json"), applied.apply()):
        assert secret not in said
        assert "labels.token" in said


def test_what_is_taken_over_is_shown(course: Course) -> None:
    text = "config:\n  gcp:project: stranger-1\n"
    (course.folder / "Pulumi.group-01.yaml").write_text(text, encoding="utf-8")
    (course.folder / "members.group-01.yaml").write_text("- user:evil@gmail.com\n", encoding="utf-8")
    course.table(row(1), row(2))
    course.roster()
    said = course.apply("--adopt")
    for part in ("taken over as it is", "it lets in user:evil@gmail.com", "gcp:project: mlops-g01 becomes stranger-1"):
        assert part in said
    (course.folder / "course.lock.json").unlink()
    (course.folder / "Pulumi.group-01.yaml").write_text("a: b\n", encoding="utf-8")
    assert "no such key at its top" in course.apply("--adopt", code=2)


def test_a_project_that_a_leaving_group_has_still_is_said(applied: Course) -> None:
    applied.table(row(1), row(2, gpu="T4"), row(4, ends="18-12-2026").replace("mlops-g04", "mlops-g01"), row(3))
    applied.apply()
    applied.table(row(2, gpu="T4"), row(4, ends="18-12-2026").replace("mlops-g04", "mlops-g01"), row(3))
    assert "group-04 and group-01, which is leaving, share the project mlops-g01" in applied.run("diff")


def test_a_stack_file_with_the_other_ending_is_one(course: Course) -> None:
    (course.folder / "Pulumi.group-01.yml").write_text("config: {}\n", encoding="utf-8")
    course.table(row(1), row(2))
    course.roster()
    assert "Pulumi.group-01.yml is there, and Pulumi reads one of the two" in course.apply()
    assert "Pulumi.group-01.yaml" not in course.files()


def test_who_comes_into_a_group_and_who_goes_is_said(applied: Course) -> None:
    applied.table(row(1, mail="ada1@example.com, eve@example.com"), row(2), row(3, mail="new@example.com"))
    said = " ".join(applied.run("diff").split())
    assert "members: user:eve@example.com comes" in said
    assert "members: user:new@example.com comes" in said
    assert "members: user:ada3@example.com goes" in said
    assert "ada2@example.com" not in said
    applied.apply()
    assert "eve@example.com" not in applied.run("diff")


def test_what_a_roster_puts_into_a_new_file_beside_the_answers_is_said(course: Course) -> None:
    course.table(row(1), row(2))
    course.roster(defaults={"settings": {"coursecloud:team": {"extraRoles": ["roles/bigquery.jobUser"]}}})
    said = " ".join(course.run("diff").split())
    assert 'coursecloud:team.extraRoles: ["roles/bigquery.jobUser"] is added' in said
    course.roster()
    assert "is added" not in course.run("diff")


def test_a_stack_file_that_is_not_the_roster_s_stays_until_it_is_adopted(course: Course) -> None:
    own = "config:\n  gcp:project: mlops-g01  # ours\n"
    (course.folder / "Pulumi.group-01.yaml").write_text(own, encoding="utf-8")
    course.table(row(1), row(2))
    course.roster()
    assert "1 not the roster's, which stay" in course.apply()
    assert course.text("group-01") == own
    course.apply("--adopt")
    assert course.text("group-01") == own
    assert "1 with edits by hand that are kept" in course.run("diff")


def test_nothing_is_written_without_a_yes_or_with_a_mistake(course: Course) -> None:
    course.table(row(1), row(2))
    course.roster()
    before = course.files()
    assert "nothing was written" in course.run("apply", code=2)
    course.table(row(1), row(2, ends="41-12-2026"), row(3, "group 3"))
    said = course.apply(code=2)
    assert "line 3, column ends: '41-12-2026'" in said
    assert "group-3" in said
    assert course.files() == before


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"tabel": "x"}, "did you mean 'table'"),
    ({"groups": {"g1": {"members": "ada@example.com"}}}, "an address is a person's"),
    (
        {"defaults": {"settings": {"coursecloud:team": {"members": ["group:a@example.org", "user:ada@example.com"]}}}},
        "defaults.settings.coursecloud:team.members  (line 1, column",
    ),
    ({"rules": [{"when": {}, "settings": {"coursecloud:team": {"members": ["user:ada@example.com"]}}}]}, "person's"),
    ({"groups": {"g1": {"regoin": "x"}}}, "did you mean 'region'"),
    ({"rules": [{"if": {}}]}, "a rule has when, answers, settings"),
    ({"groups": {"group-01": {"settings": {"coursecloud:lease": {"maxPerHuor": 1}}}}}, "maxPerHour"),
    ({"groups": []}, "this is a mapping"),
    ({"table": "other.csv"}, "No such file"),
    ({"table": ["groups.csv"]}, "it is the name of one file"),
    ({"pseudonyms": "no"}, "write true or false, without quotes"),
    (
        {"merged": {"group-01": "group-02", "group-02": "group-01"}},
        "column 60)\n    rule    group-02 is a group still",
    ),
    ({"merged": {"group-09": "group-02"}, "renamed": {"group-09": "group-01"}}, "group-09 is renamed to group-01 too"),
    (
        {"renamed": {"group-01": "group-02"}},
        "column 37)\n    rule    group-01 is a group still",
    ),
    ({"renamed": {"group-08": "group-01", "group-09": "group-01"}}, "group-01 was group-08, and a group has one stack"),
    ({"renamed": {"group-08": "group-03"}}, "did you mean"),
    (
        {"accounts": {"page": "a@b-c.iam.gserviceaccount.com", "runner": "A@b-c.iam.gserviceaccount.com"}},
        "two accounts",
    ),
]


@pytest.mark.parametrize(("keys", "said"), MISTAKES)
def test_a_mistake_in_the_roster_says_its_place_and_the_remedy(course: Course, keys: dict[str, Any], said: str) -> None:
    course.table(row(1), row(2))
    course.roster(**keys)
    output = course.run("diff", code=2)
    assert said in output
    assert "ada@example.com" not in output


def test_an_answer_that_no_stack_can_have_is_said_once_and_where_it_stands(course: Course) -> None:
    course.table("group-01;mlops-g01;50 USD", "group-02;mlops-g02;", header="Gruppe;Projekt-ID;Kredit")
    wrong = {"credit": "1e3 DKK", "keep": "nope", "region": "Mars"}
    course.roster(
        defaults=wrong,
        rules=[{"when": {"group": "group-*"}, "answers": {"timezone": "Moon"}}],
        groups={"group-02": {"starts": "yesterday"}},
    )
    places = re.findall(r"^  (\S+): '.*'  \(line 1, column \d+\)$", course.run("diff", code=2), re.MULTILINE)
    said = [*(f"defaults.{name}" for name in wrong), "rules[0].answers.timezone", "groups.group-02.starts"]
    assert places == said
    assert "groups.csv" not in course.run("diff", code=2).replace("table: groups.csv", "")


def test_all_that_is_wrong_with_a_course_is_said_in_one_round_and_once(course: Course) -> None:
    header = "group;project;credit;ends;starts"
    course.table(
        "group-01;mlops-g01;abc;2026-12-17;2026-11-23", "group-02;mlops-g02;#REF!;2026-12-17;2026-11-23",
        "group-03;mlops-g03;5 USD;x;nov", "group-04;mlops-g04;5 USD;2026-11-01;2026-11-23", header=header,
    )  # fmt: skip
    course.roster(
        defaults={"settings": {"coursecloud:lease": {"maxPerHour": -1}, "gcp:project": "x"}},
        groups={
            "group-02": {"region": "europe-west4"},
            "group-08": {"project": "12"},
            "Group 9": {"project": "mlops-g09"},
        },
        renamed={"old": "group-02"},
        accounts={"page": "foo"},
    )
    done = CliRunner().invoke(app, ["course", "diff", "--json", "--folder", str(course.folder)])
    told = json.loads(done.stdout)["error"]
    of_table = [(each["what"], each["line"]) for each in told["mistakes"] if each["what"].startswith("groups.csv")]
    of_roster = [(each["what"], each["line"]) for each in told["mistakes"] if each["what"][:10] != "groups.csv"]
    assert sorted(of_table, key=str) == [
        ("groups.csv, column credit", 2), ("groups.csv, column credit", 3), ("groups.csv, column ends", 4),
        ("groups.csv, column starts", 4), ("groups.csv, column starts", 5),
    ]  # fmt: skip
    assert of_roster == [
        ("defaults.settings.coursecloud:lease.maxPerHour", 1), ("defaults.settings.gcp:project", 1),
        ("accounts.page", 1), ("groups.group-08.project", 1),
        ("groups.Group 9 of course.yaml: 'Group 9' can be no stack's name", None),
    ]  # fmt: skip


def test_a_table_that_cannot_be_read_hides_no_mistake_of_the_roster(course: Course) -> None:
    course.roster(table="other.csv", groups={"group-01": {"credit": "abc"}}, renamed={"old": "group-07"})
    said = course.run("diff", code=2)
    assert "No such file" in said
    assert "groups.group-01.credit: 'abc'" in said
    assert "no such group" not in said


def test_a_wrong_key_of_the_settings_hides_no_other(course: Course) -> None:
    course.table(row(1), row(2))
    machines = {"w": {"machineType": "e2-foo"}}
    course.roster(
        defaults={"settings": {"coursecloud:lease": {"maxPerHour": -1}, "coursecloud:machines": machines}},
        rules=[{"when": {}, "settings": {"coursecloud:team": {"extraRoles": ["roles/owner", "roles/evil.new"]}}}],
    )
    said = course.run("diff", code=2)
    assert said.startswith("3 mistakes")
    for text in ("maxPerHour: -1", "e2-foo", "extraRoles[0]: 'roles/owner'"):
        assert text in said


def test_one_mistake_of_many_groups_is_one(course: Course) -> None:
    course.table(*(row(number) for number in range(1, 9)))
    course.roster(defaults={"settings": {"coursecloud:machines": {"a": {"machineType": "e2-foo"}}}})
    said = course.run("diff", code=2)
    assert said.count("e2-foo") == 1
    assert "group-01, group-02" in said


@pytest.mark.parametrize(
    ("cell", "when", "fits"),
    [("ja", {"gpu": "T4"}, True), ("", {"gpu": "no"}, True), ("T4", {"gpu": "V100"}, False),
     ("t4", {"gpu": "t*"}, True),
     ("", {"keep": "yes"}, True), ("", {"keep": "no"}, False), ("", {"credit": "1250,5 DKK"}, True),
     ("", {"starts": "2026-11-23"}, True), ("V100", {"gpu": "yes"}, True), ("", {"gpu": "yes"}, False),
     ("", {"region": "europe-west1"}, True), ("", {"timezone": "UTC"}, True), ("", {"timezone": "Europe/*"}, False)],
)  # fmt: skip
def test_a_rule_is_about_what_an_answer_means(course: Course, cell: str, when: dict[str, str], fits: bool) -> None:
    course.table(row(1, gpu=cell))
    course.roster(rules=[{"when": when, "settings": {"coursecloud:lease": {"maxPerHour": 3}}}])
    said = course.apply()
    assert (course.config("group-01")["coursecloud:lease"]["maxPerHour"] == 3) is fits
    assert ("rules[0] is about no group" in said) is not fits


def test_a_state_that_is_kept_elsewhere_than_the_rosters_is_said(course: Course) -> None:
    course.table(row(1), row(2))
    evil = {"coursecloud:course": {"backend": "gs://evil-bucket/x"}}
    course.roster(backend="gs://course-state", groups={"group-02": {"settings": evil}})
    assert "coursecloud:course.backend: gs://evil-bucket/x is added" in course.run("diff")


def test_a_credit_without_a_currency_is_said_wherever_it_stands(course: Course) -> None:
    course.table("group-01;mlops-g01", header="group;project")
    course.roster(defaults={"credit": "350"})
    assert "a credit names no currency ('350'): read as USD" in course.run("diff")


@pytest.mark.parametrize("name", ["Pulumi.group-01.yaml", "members.group-01.yaml"])
@pytest.mark.parametrize("content", [b"# one\n# b\xf8rn\n", b"# one\n# \0\n"])
def test_a_file_that_is_no_text_is_named_with_its_line(applied: Course, name: str, content: bytes) -> None:
    (applied.folder / name).write_bytes(content)
    said = applied.run("diff", code=2)
    assert f"{name}: line 2 has a sign that is none" in said
    assert "remedy" in said


def test_what_of_the_course_is_not_here_is_said(applied: Course) -> None:
    (applied.folder / "owners.key").unlink()
    assert "owners.key is not here: each owner gets another pseudonym" in applied.run("diff")
    (applied.folder / "course.lock.json").unlink()
    applied.table(row(1), row(2, gpu="T4"))
    assert "group-03: of which course these stack files are is not known" in applied.run("diff")


@pytest.mark.parametrize("limit", [1480, 4000, 6000])
def test_where_the_disk_is_full_nothing_is_written(applied: Course, limit: int) -> None:
    before = applied.files()
    applied.table(row(1, mail="evil@example.com", ends="18-12-2026"), row(2, gpu="T4"), row(3), row(4))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        said = applied.apply(code=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert "nothing was written" in said
    assert "Errno" not in said
    assert applied.files() == before
    assert "members: user:evil@example.com comes" in applied.run("diff")


def test_the_options_say_their_own_mistakes(course: Course) -> None:
    course.table(row(1), row(2))
    words = ["init", str(course.folder / "groups.csv"), "--starts", "2026-11-23", "--ends", "2026-12-17"]
    said = course.run(*words, "--credit", "abc", "--region", "Mars", code=2)
    assert re.findall(r"^  (--\S+): '", said, re.MULTILINE) == ["--credit", "--region"]
    assert "2 mistakes" in said
    course.run(*words)


BROKEN = (
    b"<<<<<<< HEAD\nrecord: gs://course-runs\n", b"recrod: gs://course-runs\n", b"- a\n", b"# b\xf8rn\n",
    b"record: gs://course-runs\nrecord: gs://course-runs\n", b"record:\tx: y\n", b"x" * 1_000_001,
)  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
@pytest.mark.parametrize("verb", ["up", "stop", "down"])
def test_nothing_is_begun_where_nobody_can_read_what_the_runners_share(
    applied: Course, content: bytes, verb: str
) -> None:
    (applied.folder / "course.yaml").write_bytes(content)
    said = applied.run(verb, "--yes", "--only", "group-01", code=2)
    assert "course.yaml: nothing was done" in said
    assert "remedy" in said


@pytest.mark.parametrize("how", ["link", "yml"])
def test_nothing_is_begun_where_the_roster_is_not_where_it_was(applied: Course, how: str) -> None:
    if how == "link":
        (applied.folder / "course.yaml").unlink()
        (applied.folder / "course.yaml").symlink_to(applied.folder / "gone/course.yaml")
    else:
        (applied.folder / "course.yaml").rename(applied.folder / "course.yml")
    assert "course.yaml: nothing was done" in applied.run("up", "--yes", "--only", "group-01", code=2)


def test_a_table_that_is_none_makes_no_other_mistakes(course: Course) -> None:
    (course.folder / "groups.csv").write_bytes(b"PK\x03\x04")
    course.roster(groups={"group-01": {"region": "europe-west4"}}, rules=[{"when": {"gpu": "T4"}}])
    said = course.run("diff", code=2)
    assert said.startswith("1 mistake")
    assert "(line" not in said
    assert "about no group" not in said


def test_a_credit_of_nothing_is_no_amount(course: Course) -> None:
    course.table(
        "group-01;mlops-g01;50 USD", "group-02;mlops-g02;-", header="group;project;credit",
    )  # fmt: skip
    course.roster()
    assert "no currency" not in course.run("diff")


def test_a_group_that_is_a_part_of_one_that_is_renamed_is_said_as_such(applied: Course) -> None:
    applied.table(row(1), row(2, "beta", gpu="T4"))
    applied.roster(merged={"group-03": "group-02"}, renamed={"group-02": "beta"})
    assert "group-02 is called beta now" in applied.run("diff")


def test_only_the_roster_that_the_runners_read_names_what_they_share(course: Course) -> None:
    course.table(row(1))
    text = json.dumps({"table": "groups.csv", "record": "gs://course-runs"})
    (course.folder / "autumn.yaml").write_text(text, encoding="utf-8")
    said = course.run("diff", "--roster", str(course.folder / "autumn.yaml"), code=2)
    assert "record: 'gs://course-runs'" in said
    assert "call this file course.yaml" in said


def test_another_region_than_the_usual_one_is_an_alarm(course: Course) -> None:
    course.table(row(1))  # without a GPU no file names its region
    course.roster()
    course.apply()
    course.roster(defaults={"region": "us-central1"})
    assert "gcp:region: buckets, images, machines and services are deleted and made anew" in course.run("diff")


def test_the_later_name_of_one_that_is_leaving_is_free_where_its_stack_has_another(applied: Course) -> None:
    applied.table(row(1, "alpha"), row(2, gpu="T4"), row(3))
    applied.apply()
    applied.table(row(2, gpu="T4"), row(3))
    applied.apply()
    applied.table(row(2, gpu="T4"), row(3), row(9, "alpha"))
    applied.apply()
    assert [applied.config(stack)["gcp:project"] for stack in ("group-01", "alpha")] == ["mlops-g01", "mlops-g09"]


def test_a_group_whose_file_is_gone_stops_no_other(applied: Course) -> None:
    (applied.folder / "Pulumi.group-02.yaml").unlink()
    (applied.folder / "Pulumi.group-01.yaml").write_text("a: [", encoding="utf-8")
    said = applied.run("plan", code=2)
    assert "note  group-02: no stack file is here" in said
    assert "expected the node content" in said
    assert "mlops-g03" in applied.run("plan", "--csv", "--only", "group-03")
    assert "group-03" in applied.run("up", "--dry-run", "--only", "group-03")
    assert "group-02" in applied.run("up", "--dry-run", "--only", "group-02", code=2)
    done = CliRunner().invoke(app, ["course", "down", "--dry-run", "--json", "--folder", str(applied.folder)])
    groups = [{"stack": "group-01"}, {"stack": "group-03"}]
    assert json.loads(done.stdout) == {"version": 1, "command": "course down", "dryRun": True, "groups": groups}


def test_a_table_without_a_column_is_said_once(course: Course) -> None:
    course.table("group-01;5 USD", "group-02;5 USD", header="group;credit")
    course.roster()
    said = course.run("diff", code=2)
    assert said.startswith("1 mistake; nothing was written.")
    assert "column project" in said


def test_a_key_that_an_edit_and_the_roster_both_bring_is_a_conflict_of_that_file_alone(applied: Course) -> None:
    text = applied.text("group-01")
    own = text.replace("config:\n", "config:\n  coursecloud:training: {timeout: 1h}\n", 1)
    (applied.folder / "Pulumi.group-01.yaml").write_text(own, encoding="utf-8")
    applied.roster(defaults={"settings": {"coursecloud:training": {"timeout": "2h"}}})
    assert "1 in CONFLICT" in applied.apply(code=3)
    assert applied.text("group-01") == own
    assert applied.config("group-02")["coursecloud:training"]["timeout"] == "2h"


def test_another_provider_of_secrets_is_an_edit_by_hand(applied: Course) -> None:
    (applied.folder / "Pulumi.group-02.yaml").write_text(
        f"secretsprovider: gcpkms://evil\nencryptionsalt: v1:x\n{applied.text('group-02')}", encoding="utf-8"
    )
    assert "= group-02, by hand and kept: `secretsprovider: gcpkms://evil`" in applied.run("diff")


def test_two_groups_can_trade_their_names(applied: Course) -> None:
    applied.table(row(2, "group-01"), row(1, "group-02"), row(3))
    applied.roster(renamed={"group-01": "group-02", "group-02": "group-01"})
    said = applied.apply()
    assert "group-01 is called group-02 now; its stack stays group-01" in said
    assert "becomes mlops" not in said
    assert [applied.config(stack)["gcp:project"] for stack in ("group-01", "group-02")] == ["mlops-g01", "mlops-g02"]
    assert "3 as they are" in applied.run("diff")


def test_a_new_group_by_the_old_name_of_a_renamed_one_gets_nothing_of_its(applied: Course) -> None:
    renamed = row(1).replace("group-01", "alpha", 1)
    for _ in range(2):
        applied.table(renamed, row(2, gpu="T4"), row(3))
        applied.apply()
    before = applied.files()
    applied.table(renamed, row(2, gpu="T4"), row(3), row(6, "group-01"))
    assert "a stack is one group's" in applied.apply(code=2)
    # Also where both come at once, with or without a word of the renaming.
    applied.table(row(1), row(2, gpu="T4"), row(3))
    applied.apply()
    applied.table(row(1, "group-04"), row(2, gpu="T4"), row(3), row(5, "group-01"))
    assert "a stack is one group's" in applied.apply(code=2)
    applied.table(row(1, "group-04"), row(2, gpu="T4"), row(3), row(5, "group-05"))
    assert "group-01 is called group-04 now; its stack stays group-01" in applied.run("diff")
    assert applied.config("group-01")["gcp:project"] == "mlops-g01"
    assert set(applied.files()) == set(before)


def test_a_group_can_be_renamed_more_than_once(applied: Course) -> None:
    applied.table(row(1, "beta").replace("mlops-g01", "elsewhere-1"), row(2, gpu="T4"), row(3))
    applied.roster(renamed={"group-01": "alpha", "alpha": "beta"})
    assert "group-01 is called beta now; its stack stays group-01" in applied.run("diff")
    applied.table(row(1), row(2, gpu="T4"), row(3))
    applied.roster(renamed={"group-01": "alpha", "alpha": "group-01"})
    assert "3 as they are" in applied.run("diff")
    applied.roster(renamed={"gruop-09": "group-01"})
    assert "renamed.gruop-09: no group was called so" in applied.run("diff")


def test_a_merged_group_that_never_was_is_said_and_one_that_is_put_away_is_not(applied: Course) -> None:
    applied.table(row(1), row(2, gpu="T4"))
    applied.roster(merged={"group-77": "group-02", "group-03": "group-02"})
    said = applied.apply()
    assert "merged.group-77: no group was called so" in said
    assert "merged.group-03" not in said
    applied.apply("--forget", "group-03")
    assert "group-03" not in (applied.folder / "course.lock.json").read_text(encoding="utf-8")
    said = applied.run("diff")
    assert "merged.group-77: no group was called so" in said
    assert "merged.group-03" not in said


def test_another_group_by_the_name_of_one_that_is_leaving_gets_nothing_of_its(applied: Course) -> None:
    applied.table(row(1), row(2, gpu="T4"))
    applied.apply()
    applied.table(row(1), row(2, gpu="T4"), row(33, "group-03"))
    assert "and group-03, which is leaving, has it in mlops-g03" in applied.apply(code=2)
    applied.table(row(1), row(2, gpu="T4"), row(3))
    assert "3 as they are" in applied.run("diff")


def test_edits_by_hand_that_are_kept_are_named(applied: Course) -> None:
    applied.edit("group-01", "mlops-g01", "stranger-1")
    with (applied.folder / "members.group-01.yaml").open("a", encoding="utf-8") as file:
        file.write("- user:evil@gmail.com\n")
    said = applied.run("diff")
    assert (
        "= group-01, by hand and kept: gcp:project: mlops-g01 becomes stranger-1; members: user:evil@gmail.com comes"
    ) in said
    (applied.folder / "members.group-02.yaml").write_text("- [", encoding="utf-8")
    assert "members.group-02.yaml is no list of principals, which every `up` refuses" in applied.run("diff")


def test_a_table_alone_is_a_roster(course: Course) -> None:
    course.table(row(1))
    course.apply("--roster", str(course.folder / "groups.csv"))
    assert "Pulumi.group-01.yaml" in course.files()


def test_a_lock_file_that_is_none_is_said(applied: Course) -> None:
    (applied.folder / "course.lock.json").write_text("{", encoding="utf-8")
    assert "git checkout" in applied.run("diff", code=2)


def test_the_courses_accounts_and_the_states_bucket_reach_each_stack_file(course: Course) -> None:
    course.table(row(1), row(2))
    address = "{}@mlops-course.iam.gserviceaccount.com"
    course.roster(accounts={name: address.format(name) for name in ("page", "runner")}, backend="gs://course-state")
    course.apply()
    told = course.config("group-02")["coursecloud:course"]
    runner = address.format("runner")
    assert told["accounts"] == {"look": address.format("page"), "stop": runner, "deploy": runner}
    assert told["backend"] == "gs://course-state/mlops-g02"


@pytest.mark.parametrize("keys", [{"accounts": {"pages": "x"}}, {"backend": "s3://course-state"}])
def test_an_account_or_bucket_that_is_none_is_refused(course: Course, keys: dict[str, Any]) -> None:
    course.table(row(1))
    course.roster(**keys)
    said = course.run("diff", code=2)
    assert "rule" in said
    assert "remedy" in said


@pytest.mark.parametrize("name", ["Pulumi.group-01.yaml", "members.group-01.yaml", "course.lock.json", "owners.key"])
def test_a_folder_in_the_place_of_a_file_is_said(course: Course, name: str) -> None:
    course.table(row(1))
    course.roster(pseudonyms=name == "owners.key")
    (course.folder / name).mkdir()
    done = CliRunner().invoke(app, ["course", "apply", "--yes", "--folder", str(course.folder)])
    assert done.exit_code == 2, done.output
    assert f"{name}: Is a directory" in done.output
    assert "Traceback" not in done.output
    assert {path.name for path in course.folder.iterdir()} <= {"groups.csv", "course.yaml", name}


def test_a_file_that_is_too_large_is_named(course: Course) -> None:
    course.table(row(1))
    course.roster()
    (course.folder / "members.group-01.yaml").write_text("x" * 1_000_001, encoding="utf-8")
    said = " ".join(course.apply(code=2).split())
    assert "members.group-01.yaml: it is larger than 1,000,000 bytes" in said
    assert "remedy" in said


def test_the_value_of_a_secret_comes_into_no_stack_file_and_is_not_repeated(course: Course) -> None:
    course.table(row(1))
    container = {"image": "demo", "env": {"DB_PASSWORD": "hunter2hunter2"}}
    course.roster(defaults={"settings": {"coursecloud:services": {"demo": container}}})
    said = course.apply(code=2)
    assert "coursecloud:services.demo.env.DB_PASSWORD would hold what looks like a secret" in " ".join(said.split())
    assert "hunter2" not in said
    assert course.files() == {"course.yaml": course.files()["course.yaml"]}
