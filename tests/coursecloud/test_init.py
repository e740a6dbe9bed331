"""A group's first stack file: what is asked, what is written, and what is refused before anything is."""

import errno
import os
import re
import stat
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from coursecloud.cli import init
from coursecloud.cli.application import app
from coursecloud.cli.init import costs, forms, write
from coursecloud.cli.init.answers import QUESTIONS, members_of, offered, region_for, stack_of
from coursecloud.cli.init.lines import disk_may_wait_elsewhere, lines
from coursecloud.common import stack_file
from coursecloud.cost import prices
from infra.settings import Settings, load
from infra.settings.problem import RuleViolationError
from tests.fuzz import examples
from tests.project import CHECKOUT, ROOT
from tests.settings.stacks import marked

MINIMAL = {"project": "mlops-group-07", "group": "group-07"}
WHOLE = MINIMAL | {
    "gpu": "yes",
    "region": "europe-west1",
    "starts": "2026-11-23",
    "ends": "2026-12-18",
    "credit": "350 DKK",
    "timezone": "Europe/Copenhagen",
    "keep": "yes",
    "repository": "https://github.com/our-group/our-project.git",
    "members": "lovelace@example.com, group:all@googlegroups.com",
}


def run(*words: str, folder: Path) -> Result:
    return CliRunner().invoke(app, ["init", "--folder", str(folder), *words], env={"COLUMNS": "200", "NO_COLOR": ""})


def options(answers: dict[str, str]) -> list[str]:
    words = [word for name, answer in answers.items() if name != "keep" for word in (f"--{name}", answer)]
    return words + (["--keep"] if answers.get("keep") == "yes" else [])


def loaded(folder: Path, stack: str = "group-07") -> Settings:
    content = stack_file.read(stack, folder / f"Pulumi.{stack}.yaml")
    assert marked(content) == []
    return load(content, stack, folder)


def left_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_least_answers_and_no_store_make_a_stack_file_with_the_loaders_defaults(tmp_path: Path) -> None:
    result = run(*options(MINIMAL), "--no-keep", folder=tmp_path)
    assert result.exit_code == 0, result.output
    assert left_in(tmp_path) == ["Pulumi.group-07.yaml"]
    read = loaded(tmp_path)
    assert read == Settings(stack="group-07", project="mlops-group-07", course=read.course)
    assert "coursecloud plan --stack group-07" in result.output


@pytest.mark.parametrize("more", [{}, {"gpu": "yes"}, {"gpu": "no"}, {"keep": "yes"}, {"gpu": "L4"}])
def test_unless_somebody_says_no_an_evening_loses_nothing(more: dict[str, str], tmp_path: Path) -> None:
    assert run(*options(MINIMAL | more), folder=tmp_path).exit_code == 0
    read = loaded(tmp_path)
    assert (read.storage.keep, read.registry.keep, read.secrets.keep) == (True, True, True)
    assert read.machines
    assert all(machine.data_disk and machine.data_disk.keep for machine in read.machines.values())


@pytest.mark.parametrize("more", [{}, {"keep": "no"}])
def test_it_ends_with_the_commands_of_a_day_and_of_the_course(more: dict[str, str], tmp_path: Path) -> None:
    words = [*options(MINIMAL), *(["--no-keep"] if more else [])]
    output = run(*words, folder=tmp_path).output
    places = [output.index(f"make {command} STACK=group-07") for command in ("up", "down", "finish")]
    assert places == sorted(places)
    assert ("everything goes, DATA INCLUDED" in output) is bool(more)
    assert ("the disk for your work stay, about $" in output) is not bool(more)


@pytest.mark.parametrize("keep", ["yes", "no"])
def test_a_gpu_has_further_zones_wherever_the_settings_take_them(keep: str) -> None:
    (zones,) = [line.value for line in lines(MINIMAL | {"gpu": "T4", "keep": keep})
                if line.path[-1] == "fallbackZones"] or [None]  # fmt: skip
    taken = keep == "no" or disk_may_wait_elsewhere()
    assert zones == (["europe-west1-c", "europe-west1-d"] if taken else None)
    assert init.refusals(MINIMAL | {"gpu": "T4", "keep": keep}) == []


def test_the_settings_are_asked_whether_a_kept_disk_may_wait_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        """Settings that refuse nothing."""

    disk_may_wait_elsewhere.cache_clear()
    monkeypatch.setattr(sys.modules["coursecloud.cli.init.lines"], "load", taken)
    assert any(line.path[-1] == "fallbackZones" for line in lines(MINIMAL | {"gpu": "T4"}))
    disk_may_wait_elsewhere.cache_clear()


@pytest.mark.parametrize(
    "written",
    ["2026-12-18", "2026/12/18", "2026.12.18", "20261218", "18-12-2026", "18/12/2026", "18.12.2026", "12/18/2026",
     "18/12/26", "18-Dec-26", "Friday 18/12/2026", "Fr. 18.12.2026", "fredag den 18-12-2026", "den 18-12-2026",
     "18. 12. 2026", " 18-12-2026 ", "18 Dec 2026", "18. december 2026", "December 18, 2026", "18-dec-2026"],
)  # fmt: skip
def test_a_date_is_read_however_it_is_written(written: str, tmp_path: Path) -> None:
    assert run(*options(MINIMAL | {"starts": "2026-11-23", "ends": written}), folder=tmp_path).exit_code == 0
    assert str(loaded(tmp_path).lease.ends) == "2026-12-18"


@pytest.mark.parametrize(
    ("written", "rule"),
    [("05-06-2026", "2026-05-06 or 2026-06-05"), ("5/6/2026", "2026-05-06 or 2026-06-05"),
     ("18-12-26", "2018-12-26 or 2026-12-18"), ("26/12/30", "2026-12-30 or 2030-12-26"),
     ("26-Nov-23", "2023-11-26 or 2026-11-23"), ("Monday 18/12/2026", "2026-12-18 is a Friday"),
     ("l\u00f8rdag den 18-12-2026", "2026-12-18 is a Friday"), ("soon 18/12/2026", "calendar"),
     ("31-02-2026", "calendar"),
     ("2026-02-30", "calendar"), ("32.1.2026", "calendar"), ("soon", "calendar"),
     ("18 Foo 2026", "calendar"), ("13/13/2026", "calendar"), ("0.0.0000", "calendar"), ("٢٠٢٦-12-18", "calendar")],
)  # fmt: skip
def test_a_date_that_is_none_or_two_is_refused(written: str, rule: str) -> None:
    with pytest.raises(RuleViolationError) as raised:
        forms.date_of(written, "ends")
    assert rule in raised.value.rule
    assert raised.value.keys == ("ends",)


def test_what_may_be_a_secret_is_proposed_for_no_name() -> None:
    assert forms.name_like("AIzaSyD-abcdefghijklmnopqrstuvwxyz12345") == ""
    assert forms.name_like("9f8e7d6c5b4a39281706f5e4d3c2b1a098765432") == ""


def test_a_day_that_is_the_same_in_both_orders_and_one_with_dots_are_one_day() -> None:
    assert str(forms.date_of("11-11-2026", "ends")) == "2026-11-11"
    assert str(forms.date_of("5.6.2026", "ends")) == "2026-06-05"


@pytest.mark.parametrize(
    ("said", "proposed"),
    [("Gruppe 1", "gruppe-1"), ("GROUP_07", "group-07"), (" Blå hold ", "blaa-hold"), ("7", "group-7"),
     ("Équipe é", "equipe-e"), ("日本", ""), ("ada@example.com", ""), ("x" * 60, "x" * 40), ("--", "")],
)  # fmt: skip
def test_a_name_that_no_file_can_have_gets_one_that_is_like_it(said: str, proposed: str, tmp_path: Path) -> None:
    assert forms.name_like(said) == proposed
    if proposed:
        assert init.refusals(MINIMAL | {"group": proposed}) == []
    result = run(*options(MINIMAL | {"group": said}), folder=tmp_path)
    if result.exit_code:
        assert f"name the group for example {proposed or 'group-07'}" in result.stderr


def test_the_time_zone_is_this_computers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, zone in (
        ("Europe/Copenhagen", "Europe/Copenhagen"),
        ("UTC", "Etc/UTC"),
        ("local", "Etc/UTC"),
        (None, "Etc/UTC"),
    ):
        monkeypatch.setattr("tzlocal.get_localzone_name", lambda name=name: name)
        assert run(*options(MINIMAL), "--force", folder=tmp_path).exit_code == 0
        assert loaded(tmp_path).lease.time_zone == zone
    assert run(*options(MINIMAL | {"timezone": "Asia/Tokyo"}), "--force", folder=tmp_path).exit_code == 0
    assert loaded(tmp_path).lease.time_zone == "Asia/Tokyo"


def test_the_whole_machine_is_priced_and_not_its_card(tmp_path: Path) -> None:
    known = prices.load()
    card, machine = (
        known.hour("europe-west1", "gpu.nvidia-tesla-t4", spot=True),
        prices.machine(known, "n1-standard-4", "europe-west1", spot=True),
    )
    assert isinstance(card, Decimal)
    assert isinstance(machine, Decimal)
    assert f"n1-standard-4 with a T4, Spot, ${card + machine:.2f} an hour while it runs" in costs.machines({})
    both = prices.machine(known, "g2-standard-4", "europe-west4", spot=True)
    assert f"L4: ${both:.2f} with its g2-standard-4, Spot" in costs.machines({})
    assert "a price not known here" in costs.machines({"region": "mars"})
    assert costs.kept({"region": "mars"}) == ""
    assert tmp_path.is_dir()


def test_all_answers_end_where_they_belong(tmp_path: Path) -> None:
    assert run(*options(WHOLE), folder=tmp_path).exit_code == 0
    read = loaded(tmp_path)
    assert (read.project, read.region, read.course.group) == ("mlops-group-07", "europe-west1", "group-07")
    trainer = read.machines["trainer"]
    assert trainer.gpu
    assert (trainer.gpu.model, trainer.spot, trainer.zone) == ("T4", True, "europe-west1-b")
    assert trainer.data_disk
    assert trainer.data_disk.keep
    assert bool(trainer.fallback_zones) is disk_may_wait_elsewhere()
    assert (read.training.gpu, read.training.spot) == (trainer.gpu, True)
    assert (str(read.lease.starts), str(read.lease.ends)) == ("2026-11-23", "2026-12-18")
    assert (read.lease.credit.amount, read.lease.credit.currency, read.lease.max_per_hour) == (350, "DKK", 14)
    assert read.lease.time_zone == "Europe/Copenhagen"
    assert read.storage.keep
    assert read.registry.keep
    assert read.secrets.keep
    assert read.builds.repository
    assert (read.builds.repository.owner, read.builds.repository.name) == ("our-group", "our-project")
    assert read.team.members == ("user:lovelace@example.com", "group:all@googlegroups.com")


def test_every_key_that_is_written_is_explained_in_its_line_or_the_one_above() -> None:
    written = init.text(WHOLE, owner="p-1").splitlines()
    keys = [(number, line) for number, line in enumerate(written) if re.match(r"\s+\S+:(\s|$)", line)]
    assert len(keys) > 30
    assert [line for number, line in keys if "  # " not in line and "  # " not in written[number - 1]] == []
    assert max(map(len, written)) <= 100


def test_a_person_is_a_pseudonym_in_the_stack_file_and_an_address_only_where_git_does_not_look(tmp_path: Path) -> None:
    assert run(*options(WHOLE), folder=tmp_path).exit_code == 0
    committed = [file for file in tmp_path.iterdir() if file.name.startswith("Pulumi.")]
    assert all("example.com" not in file.read_text() and "lovelace" not in file.read_text() for file in committed)
    assert re.fullmatch(r"p-[0-9a-f]{10}", loaded(tmp_path).course.owner)
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    for name in ("members.group-07.yaml", "owners.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert any(Path(name).match(pattern) for pattern in ignored)
    assert "lovelace@example.com" in (tmp_path / "members.group-07.yaml").read_text()


def test_the_project_itself_ignores_what_holds_addresses() -> None:
    assert set(write.IGNORED) <= set((CHECKOUT / ".gitignore").read_text().splitlines())


def test_what_is_ignored_already_is_not_written_again(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\nowners.key")
    assert run(*options(WHOLE), folder=tmp_path).exit_code == 0
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["mine", "owners.key"]
    assert ignored.count("owners.key") == 1
    assert "members.*.yaml" in ignored


def test_a_pseudonym_stays_the_same_with_its_key_and_says_nothing_without(tmp_path: Path) -> None:
    assert run(*options(WHOLE), folder=tmp_path).exit_code == 0
    first = loaded(tmp_path).course.owner
    assert run(*options(WHOLE | {"members": "Lovelace@Example.com"}), "--force", folder=tmp_path).exit_code == 0
    assert loaded(tmp_path).course.owner == first
    (tmp_path / "owners.key").unlink()
    assert run(*options(WHOLE), "--force", folder=tmp_path).exit_code == 0
    assert loaded(tmp_path).course.owner != first


def test_a_broken_key_of_pseudonyms_is_refused(tmp_path: Path) -> None:
    (tmp_path / "owners.key").write_text("xyz")
    result = run(*options(WHOLE), folder=tmp_path)
    assert result.exit_code == 2
    assert "this is no key of pseudonyms" in result.stderr
    assert left_in(tmp_path) == ["owners.key"]


class TestNotOverwriting:
    """What is there stays, unless --force says otherwise."""

    @pytest.mark.parametrize("there", ["Pulumi.group-07.yaml", "members.group-07.yaml", "Pulumi.group-07.yml"])
    def test_a_file_that_is_there_is_named_and_left_alone(self, there: str, tmp_path: Path) -> None:
        (tmp_path / there).write_text("mine")
        result = run(*options(WHOLE), folder=tmp_path)
        assert result.exit_code == 2
        assert f"{there}: there already; nothing was written" in result.stderr
        assert left_in(tmp_path) == [there]
        assert (tmp_path / there).read_text() == "mine"

    def test_with_force_it_is_written_anew(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.group-07.yaml").write_text("mine")
        assert run(*options(MINIMAL), "--force", folder=tmp_path).exit_code == 0
        assert loaded(tmp_path).project == "mlops-group-07"

    def test_what_force_changes_in_a_file_is_shown(self, tmp_path: Path) -> None:
        assert run(*options(MINIMAL), folder=tmp_path).exit_code == 0
        result = run(*options(MINIMAL | {"project": "mlops-group-08"}), "--force", folder=tmp_path)
        assert "-  gcp:project: mlops-group-07\n+  gcp:project: mlops-group-08\n" in result.stdout
        assert (
            "stays as it is"
            in run(*options(MINIMAL | {"project": "mlops-group-08"}), "--force", folder=tmp_path).stdout
        )

    def test_a_folder_in_the_place_of_a_file_is_said_and_stays(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.group-07.yaml").mkdir()
        table = tmp_path / "in.csv"
        table.write_text("project,group\nmlops-group-07,group-07\n")
        for words in (options(MINIMAL), ["--from", str(table)]):
            result = run(*words, "--force", folder=tmp_path)
            assert result.exit_code == 2
            assert "Pulumi.group-07.yaml: a folder is where the file would be; nothing was written" in result.stderr
            assert left_in(tmp_path) == ["Pulumi.group-07.yaml", "in.csv"]

    def test_beside_a_file_of_the_other_ending_not_even_force_writes(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.group-07.yml").write_text("mine")
        result = run(*options(MINIMAL), "--force", folder=tmp_path)
        assert result.exit_code == 2
        assert "rename it to end in .yaml" in result.stderr

    def test_members_that_somebody_wrote_before_are_kept_where_none_are_given(self, tmp_path: Path) -> None:
        (tmp_path / "members.group-07.yaml").write_text("- user:a@b.dk\n")
        assert run(*options(MINIMAL), folder=tmp_path).exit_code == 0
        assert loaded(tmp_path).team.members == ("user:a@b.dk",)

    def test_if_one_file_cannot_be_placed_all_are_as_before(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.a.yaml").write_text("mine")
        (tmp_path / "Pulumi.b.yaml").mkdir()
        groups = [MINIMAL | {"group": name} for name in ("a", "c", "b")]
        with write.staged(tmp_path, ROOT, groups) as staged, pytest.raises(OSError, match="directory"):
            staged.place()
        assert left_in(tmp_path) == ["Pulumi.a.yaml", "Pulumi.b.yaml"]
        assert (tmp_path / "Pulumi.a.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ["--project", "--group", "every stack file needs this"]),
        ({"group": "group-07"}, ["--project"]),
        (MINIMAL | {"project": "My Project"}, ["--project: 'My Project'", "6 to 30"]),
        (MINIMAL | {"project": "123456789"}, ["--project", "6 to 30"]),
        (MINIMAL | {"project": "my-google-project"}, ["'google' in it"]),
        (MINIMAL | {"group": "Group 7"}, ["--group: 'Group 7'", "remedy  name the group for example group-7"]),
        (MINIMAL | {"group": "lovelace@example.com"}, ["--group", "without spaces, dots or '@'"]),
        (MINIMAL | {"group": "../../etc/x"}, ["--group: '../../etc/x'"]),
        (MINIMAL | {"group": "a\nb"}, ["--group"]),
        (MINIMAL | {"group": "a" * 60}, ["1 to 40"]),
        (MINIMAL | {"region": "europe-wset1"}, ["--region", "did you mean 'europe-west1'"]),
        (MINIMAL | {"region": "europe-west1-b"}, ["--region", "did you mean 'europe-west1'"]),
        (MINIMAL | {"gpu": "T5"}, ["--gpu: 'T5'", "T4, V100"]),
        (MINIMAL | {"gpu": "V100", "region": "europe-west1"}, ["--gpu", "there is no V100", "europe-west4"]),
        (MINIMAL | {"starts": "05/06/2026"}, ["--starts", "this day can be 2026-05-06 or 2026-06-05"]),
        (MINIMAL | {"ends": "2026-12-18"}, ["a lease with an end needs its start"]),
        (MINIMAL | {"starts": "2026-12-18", "ends": "2026-12-01"}, ["after it ends"]),
        (MINIMAL | {"credit": "fifty"}, ["--credit", "50 USD"]),
        (MINIMAL | {"credit": "50 kr."}, ["--credit", "50 DKK, 50 NOK or 50 SEK"]),
        (MINIMAL | {"credit": "50 DDK"}, ["did you mean 'DKK'"]),
        (MINIMAL | {"credit": "0"}, ["--credit: '0'", "0.01 or more"]),
        (MINIMAL | {"credit": "50,5,5 USD"}, ["--credit"]),
        (MINIMAL | {"credit": "1.000 USD"}, ["--credit", "1000 USD, or 1.00 USD"]),
        (MINIMAL | {"timezone": "Copenhagen"}, ["--timezone", "IANA"]),
        (MINIMAL | {"repository": "our-project"}, ["--repository", "OWNER/NAME"]),
        (MINIMAL | {"repository": "a b/c"}, ["--repository"]),
        (MINIMAL | {"members": "ada"}, ["--members: 'ada'", "e-mail"]),
        (MINIMAL | {"members": "allUsers:x"}, ["--members"]),
        ({"project": "X", "group": "Y Z", "gpu": "T5", "credit": "?"}, ["--project", "--group", "--gpu", "--credit"]),
    ],
)
def test_what_is_wrong_is_said_at_once_by_its_option_and_nothing_is_written(
    given: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    result = run(*options(given), folder=tmp_path)
    assert result.exit_code == 2
    assert "nothing was written" in result.stderr
    for words in said:
        assert words in result.stderr
    assert "Traceback" not in result.output
    assert left_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(write.tempfile, "mkdtemp", denied)
    result = run(*options(MINIMAL), folder=tmp_path)
    assert result.exit_code == 2
    assert "Permission denied; nothing was written" in result.stderr


def test_a_group_that_begins_with_a_digit_gets_a_stack_that_begins_with_a_letter() -> None:
    assert stack_of({"group": "07"}) == "group-07"


@pytest.mark.parametrize("model", [gpu.short for gpu in offered()])
def test_every_gpu_of_the_tables_makes_a_valid_stack_in_the_region_that_is_proposed(model: str, tmp_path: Path) -> None:
    assert init.refusals(MINIMAL | {"gpu": model}) == []
    assert run(*options(MINIMAL | {"gpu": model}), folder=tmp_path).exit_code == 0
    assert loaded(tmp_path).region == region_for({"gpu": model})


@pytest.mark.parametrize("model", [gpu.short for gpu in offered()])
def test_the_region_that_the_question_recommends_has_every_gpu(model: str) -> None:
    assert "europe-west4 has every GPU" in next(question.help for question in QUESTIONS if question.name == "region")
    assert init.refusals(MINIMAL | {"gpu": model, "region": "europe-west4"}) == []


@pytest.mark.parametrize("model", ["GB200", "GB300"])
def test_a_gpu_that_nobody_can_have_so_is_refused_with_those_that_there_are(model: str) -> None:
    ((name, problem),) = init.refusals(MINIMAL | {"gpu": model})
    assert name == "gpu"
    assert "by reservation only" in problem.rule
    assert "T4" in problem.remedy
    assert model not in problem.remedy


@given(
    st.fixed_dictionaries(
        {},
        optional={
            question.name: st.text(max_size=12) | st.sampled_from(list(WHOLE.values())) for question in QUESTIONS
        },
    )
)
@hypothesis_settings(max_examples=examples(150), deadline=None)
def test_whatever_is_answered_is_a_valid_file_or_a_list_of_mistakes(answers: dict[str, str]) -> None:
    for name, problem in init.refusals(answers):
        assert name in [question.name for question in QUESTIONS]
        assert problem.rule
        assert problem.remedy


@pytest.mark.parametrize(
    "text",
    [
        "a@b.dk,c@d.dk",
        "a@b.dk; c@d.dk",
        " a@b.dk\nc@d.dk ",
        "user:a@b.dk|c@d.dk|a@b.dk",
        "a@b.dk und c@d.dk",
        "a@b.dk & c@d.dk",
    ],
)
def test_members_are_read_however_they_are_listed(text: str) -> None:
    assert members_of({"members": text}) == ["user:a@b.dk", "user:c@d.dk"]


def test_every_file_that_is_written_is_named_once(tmp_path: Path) -> None:
    output = run(*options(WHOLE), folder=tmp_path).output
    for name in left_in(tmp_path):
        assert output.count(f"wrote {name}") == 1


def test_a_full_disk_is_said_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_text", full)
    result = run(*options(WHOLE), folder=tmp_path)
    assert result.exit_code == 2
    assert "No space left on device; nothing was written\n    remedy  make room" in result.stderr
    assert left_in(tmp_path) == []


def test_what_becomes_of_the_credit_by_the_answers_is_said_and_what_to_do_where_it_ends_too_early(
    tmp_path: Path,
) -> None:
    lease = ["--starts", "2026-11-23", "--ends", "2026-12-18", "--yes"]
    few, many = (
        run(*options(MINIMAL | {"gpu": gpu, "credit": credit}), *lease, "--force", folder=tmp_path)
        for gpu, credit in (("no", "50 USD"), ("T4", "40 USD"))
    )
    assert (few.exit_code, many.exit_code) == (0, 0)
    assert "The credit of 50 USD lasts: " in few.output
    assert "remedy" not in few.output
    assert re.search(r"The credit of 40 USD ends on 2026-12-1\d, ", many.output)
    assert "write fewer hours under coursecloud:usage.machines" in many.output
