"""Stack files of many groups from a table: every form a spreadsheet writes, and every mistake at once."""

import codecs
import csv
import io
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from coursecloud.cli.application import app
from coursecloud.cli.init import sheet, table
from coursecloud.cli.init.answers import NAMES
from coursecloud.common import stack_file
from infra.settings import Settings, load
from tests.fuzz import examples
from tests.project import CHECKOUT as ROOT

TWO = "group,project,gpu,members\ngroup-01,mlops-01,yes,lovelace@example.com\ngroup-02,mlops-02,no,bob@example.com\n"


def run(content: str | bytes, folder: Path, *words: str) -> Result:
    file = folder / "in" / "groups.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    into = folder / "out"
    into.mkdir(exist_ok=True)
    return CliRunner().invoke(
        app, ["init", "--from", str(file), "--folder", str(into), *words], env={"COLUMNS": "200", "NO_COLOR": ""}
    )


def loaded(folder: Path) -> dict[str, Settings]:
    out = folder / "out"
    return {stack: load(stack_file.read(stack, file), stack, out) for stack, file in stack_file.every(out)}


def written(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "out").iterdir())


def test_each_line_makes_a_stack_of_its_own(tmp_path: Path) -> None:
    result = run(TWO, tmp_path)
    assert result.exit_code == 0, result.output
    assert "wrote 2 stack files" in result.stdout
    read = loaded(tmp_path)
    assert {stack: settings.project for stack, settings in read.items()} == {
        "group-01": "mlops-01",
        "group-02": "mlops-02",
    }
    assert read["group-01"].machines["trainer"].gpu
    assert read["group-02"].team.members == ("user:bob@example.com",)
    assert len({settings.course.owner for settings in read.values()}) == 2


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        "\ufeff" + TWO,
        TWO.replace("\n", "\r\n"),
        TWO.replace(",", ";"),
        TWO.replace(",", "\t"),
        "sep=;\r\n" + TWO.replace(",", ";").replace("\n", "\r\n"),
        TWO.replace("group,project", " Group , PROJECT"),
        TWO + ",,,\n\n",
        TWO.rstrip("\n"),
        TWO.replace("mlops-01", '"mlops-01"').replace("lovelace@example.com", '"lovelace@example.com\n"'),
        TWO.replace("\n", "\r"),
        TWO.replace(",", "|"),
        TWO.encode("utf-16"),
        codecs.BOM_UTF16_BE + TWO.replace(",", "\t").encode("utf-16-be"),
        TWO.encode("utf-16-le"),
        TWO.replace("\n", ",,,\n"),
        "\n,,,\n" + TWO,
        TWO.replace("lovelace@example.com", "Lovelace <lovelace@example.com>"),
        TWO.replace("lovelace@example.com", "mailto:lovelace@example.com"),
        TWO.replace("mlops-01", "\u00a0mlops-01\u200b "),
        TWO.replace("group,project,gpu,members", "Gruppe,Projekt-ID,Grafikkort,E-Mail-Adressen").replace("yes", "ja"),
        TWO.replace("group,project,gpu,members", "Hold,Projekt,GPU,Medlemmer").replace("yes", "Sandt"),
        TWO.replace("group,project,gpu,members", "\u00c9quipe,Projet,Carte graphique,\u00c9tudiants").replace(
            "yes,", "oui,"
        ),
        TWO.replace("group,project,gpu,members", "Equipo,Proyecto,Tarjeta gr\u00e1fica,Correos").replace(
            "yes,", "s\u00ed,"
        ),
        TWO.replace("group,project,gpu,members", "\u00c9quipe,Projet,gpu,Membres").encode("cp1252"),
    ],
)
def test_however_a_spreadsheet_writes_it_the_table_is_the_same(content: str | bytes, tmp_path: Path) -> None:
    assert run(content, tmp_path).exit_code == 0
    assert [(s.project, s.team.members) for s in loaded(tmp_path).values()] == [
        ("mlops-01", ("user:lovelace@example.com",)),
        ("mlops-02", ("user:bob@example.com",)),
    ]


def test_no_address_is_in_what_git_takes(tmp_path: Path) -> None:
    assert run(TWO, tmp_path).exit_code == 0
    ignored = (tmp_path / "out" / ".gitignore").read_text().splitlines()
    for file in (tmp_path / "out").iterdir():
        if not any(file.match(pattern) for pattern in ignored):
            assert "example.com" not in file.read_text()
            assert "lovelace" not in file.read_text()
    assert Path("groups.csv").match("groups*.csv")
    assert "groups*.csv" in ignored


def test_options_answer_where_a_cell_is_empty(tmp_path: Path) -> None:
    content = "group,project,region\na,mlops-01,\nb,mlops-02,us-central1\n"
    assert run(content, tmp_path, "--region", "europe-west4", "--credit", "20 EUR").exit_code == 0
    read = loaded(tmp_path)
    assert (read["a"].region, read["b"].region) == ("europe-west4", "us-central1")
    assert {settings.lease.credit.currency for settings in read.values()} == {"EUR"}


def test_every_mistake_of_every_line_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    content = """\
group,project,region,gpu,starts,members,credit
A B,My Project,mars,maybe,33.11.2026,ada,50 kr
x,my-proj-1,europe-west1,V100,,,
X,my-proj-1,,,,,
,my-proj-2,,,,,
../../y,my-proj-3
good,my-proj-5,,,,,
z,my-proj-4,a,b,c,d,e,f
"""
    result = run(content, tmp_path)
    assert result.exit_code == 2
    told = result.stderr
    for place in (
        *(f"line 2, column {name}: " for name in ("group", "project", "region", "gpu", "starts", "members", "credit")),
        "line 3, column gpu: 'V100'",
        "line 4, column group: 'X'",
        "line 5, column group",
        "line 6, column group: '../../y'",
        "line 8",
    ):
        assert place in told
    assert "line 7" not in told
    assert told.count("rule") == told.count("remedy") == int(told.split()[0])
    assert "nothing was written" in told
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the table is empty"),
        ("a,mlops-01\nb,mlops-02\n", "put a line above it, e.g. project,group"),
        ("1;mlops-01\n", "put a line above it, e.g. project;group"),
        ("group,project\nGruppe 1,mlops-01\ngruppe-1,mlops-02\n", "the group is in line 2 already"),
        ("group,project\n", "the table has no group"),
        ("group,project\n,\n", "the table has no group"),
        ("group,projct\na,b\n", "did you mean 'project'?"),
        ("group\na\n", "column project"),
        ("group,project,name\na,mlops-01,Ada\n", "remove this one"),
        ("group,project,group\na,mlops-01,b\n", "the column is there twice"),
        ("group,project,\na,mlops-01,b\n", "name the column, or remove it"),
        ('group,project\n"a,mlops-01\n', "close each double quote"),
        ('group,project\na,"mlops"-01\n', "close each double quote"),
        ("group,project\na,mlops-01,x\n", "the line has 3 cells"),
        ("group,project\na,mlops-01\nA,mlops-02\n", "the group is in line 2 already"),
        (b"group,project\ngr\xf8n,mlops-01\n", "name the group for example groen"),
        (b"group,project\ngr\xf8n,mlops-01\n", "line 2 is not UTF-8 text; read as Windows-1252"),
        (b"group,project\ngr\x9dn,mlops-01\n", "line 2 is not UTF-8 text\n"),
        (b"\xd0\xcf\x11\xe0 and more", "a workbook (.xls)"),
        ("Autumn 2026,\n\ngroup,project\na,mlops-01\n", "remove what stands above line 3"),
        ("group,project\na,#REF!\n", "line 2, column project: '#REF!'"),
        ("group,project\na,#BEZUG!\n", "the spreadsheet had no value for this cell"),
        ("group,project,starts\na,mlops-01,########\n", "make the column wider"),
        ("group,project\na,=B7\n", "this is the formula of a cell"),
        ("group,project,starts\na,mlops-01,46349\n", "write 2026-11-23, if that is the day"),
        ("group,project,starts\na,mlops-01,23-11-26\n", "this day can be 2023-11-26 or 2026-11-23"),
        ("group,project,ends\na,mlops-01,30.02.2026\n", "this is a day of the calendar"),
        ("group,project\n01-jan,mlops-01\n", "a spreadsheet makes such a day of a name like 1-1"),
        *((f"group,project,keep\na,mlops-01,{cell}\n", "nothing is `yes` here") for cell in ("none", "-", "N/A")),
        ("group,project,keep\na,mlops-01,ingen\n", "this is yes or no"),
        ("group,project,credit\na,mlops-01,350 kr\n", "write 350 DKK, 350 NOK or 350 SEK"),
        ("group,project,credit\na,mlops-01,1.000 DKK\n", "write 1000 DKK, or 1.00 DKK"),
        ("group,project,credit\na,mlops-01,50 XXX\n", "line 2, column credit: '50 XXX'"),
        ("group,project,members\na,mlops-01,Ada\n", "line 2, column members"),
        ("Gruppe,group,project\na,a,mlops-01\n", "`Gruppe` is group too"),
        (b"PK\x03\x04\x00\x00\x00", "not UTF-8 text"),
        ('group,project\n"' + "x" * 200_000 + '",a\n', "field larger"),
        ("group,project,keep\na,mlops-01,perhaps\n", "this is yes or no"),
        ("group,project,gpu,region\na,mlops-01,T4,europe-west10\n", "there is no T4 in region europe-west10"),
    ],
)
def test_a_broken_table_is_refused_with_rule_and_remedy(content: str | bytes, said: str, tmp_path: Path) -> None:
    result = run(content, tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "remedy" in result.stderr
    assert "Traceback" not in result.output
    assert written(tmp_path) == []


def test_a_name_that_breaks_two_rules_with_one_remedy_is_one_mistake(tmp_path: Path) -> None:
    told = run("group,project\nGruppe 1,mlops-01\nGruppe 2,mlops-02\n", tmp_path).stderr
    assert told.startswith("2 mistakes")
    assert "name the group for example gruppe-1" in told
    assert "name the group for example gruppe-2" in told


def test_names_that_differ_in_a_hyphen_are_two_groups(tmp_path: Path) -> None:
    assert run("group,project\na-b,mlops-01\na_b,mlops-02\n", tmp_path).exit_code == 0
    assert len(written(tmp_path)) == 2


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    content = 'group,project,members\na,mlops-01,"a@b.dk\nc@d.dk"\n\nb,Nope,\n'
    assert "line 5, column project: 'Nope'" in run(content, tmp_path).stderr
    assert "line 6, column project: 'Nope'" in run("sep=,\n" + content, tmp_path).stderr


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["init", "--from", str(tmp_path / "none.csv"), "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_one_round_says_what_is_wrong_with_columns_and_with_cells(tmp_path: Path) -> None:
    content = "group,project,phone,starts,ends\na,mlops-01,1,46349,#N/A\nb,mlops-02,2,23.11.2026,soon\n"
    told = run(content + "B,mlops-03,3,never,\n,mlops-04,4,31.02.2026,\n", tmp_path).stderr
    for place in (
        "line 1, column phone",
        "line 2, column starts: '46349'",
        "line 2, column ends: '#N/A'",
        "line 3, column ends: 'soon'",
        "line 4, column group: 'B'",
        "line 4, column starts: 'never'",
        "line 4, column ends",
        "line 5, column group",
        "line 5, column starts: '31.02.2026'",
    ):
        assert f"  {place}\n" in told
    assert told.count("    rule") == int(told.split()[0]) == 9
    without = run("group,credit\na,350 kr\nb,1\n", tmp_path).stderr
    assert "line 1, column project\n" in without
    assert "line 2, column credit" in without
    assert without.startswith("2 mistakes")


def test_a_bound_in_merged_cells_is_no_other_groups_absence_of_one(tmp_path: Path) -> None:
    content = "group,project,starts,credit\na,mlops-01,23-11-2026,350 DKK\nb,mlops-02,,\nc,mlops-03,,-\n"
    told = run(content, tmp_path).stderr
    assert told.startswith("2 mistakes")
    assert "line 3, column starts\n    rule    line 3 and 1 more say nothing here" in told
    assert "line 3, column credit\n    rule    line 3 says nothing here" in told
    assert run(content, tmp_path, "--starts", "2026-11-23", "--credit", "50 USD").exit_code == 0
    assert {each.lease.credit.amount for each in loaded(tmp_path).values()} == {350, 50}
    none = content.replace("mlops-02,,", "mlops-02,,-")
    assert run(none, tmp_path, "--starts", "2026-11-23", "--force").exit_code == 0
    assert [each.lease.credit.amount for each in loaded(tmp_path).values()] == [350, 50, 50], "as where nobody says one"
    assert run(content.replace("23-11-2026,350 DKK", ","), tmp_path, "--force").exit_code == 0, "nobody has one"


def test_what_was_taken_for_what_is_said(tmp_path: Path) -> None:
    result = run("Hold;Projekt-ID\nhold-1;mlops-01\n".encode("utf-16"), tmp_path)
    assert result.exit_code == 0
    assert "note  groups.csv: read as UTF-16" in result.stderr
    assert "columns read: `Hold` as group, `Projekt-ID` as project" in result.stderr
    assert "note" not in run(TWO.replace(",yes", ",T4"), tmp_path, "--force").stderr


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("50", 50, "USD"),
        ("50,00 USD", 50, "USD"),
        ("EUR 12,5", 12.5, "EUR"),
        ("\u20ac50", 50, "EUR"),
        ("50 \u20ac", 50, "EUR"),
        ("$50.00", 50, "USD"),
        ("1.250,50 DKK", 1250.5, "DKK"),
        ("1,250.50 dkk", 1250.5, "DKK"),
        ("1 250 SEK", 1250, "SEK"),
        ("350,- DKK", 350, "DKK"),
    ],
)
def test_a_credit_is_read_as_people_write_it(cell: str, amount: float, currency: str, tmp_path: Path) -> None:
    assert run(f'group;project;credit\na;mlops-01;"{cell}"\n', tmp_path).exit_code == 0
    credit = loaded(tmp_path)["a"].lease.credit
    assert (credit.amount, credit.currency) == (amount, currency)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-23", "23-11-2026", "23.11.2026", "23/11/2026", "11/23/2026", "23.11.26", "23 Nov 2026", "23-nov-26",
        "2026-11-23 00:00:00", "23. november 2026", "Montag, 23. November 2026", "mandag den 23. november 2026",
        "23 novembre 2026", "23 de noviembre de 2026", "November 23rd, 2026", "20261123",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(cell: str, tmp_path: Path) -> None:
    assert run(f'group;project;starts\na;mlops-01;"{cell}"\n', tmp_path).exit_code == 0
    assert str(loaded(tmp_path)["a"].lease.starts) == "2026-11-23"


@pytest.mark.parametrize(
    ("cell", "months"),
    [("1. M\u00e4rz 2026", "2026-03-01"), ("1er ao\u00fbt 2026", "2026-08-01"), ("1 d\u00e9c. 2026", "2026-12-01")],
)
def test_months_have_their_accents(cell: str, months: str, tmp_path: Path) -> None:
    assert run(f"group;project;starts\na;mlops-01;{cell}\n", tmp_path).exit_code == 0
    assert str(loaded(tmp_path)["a"].lease.starts) == months


def test_members_have_names_in_front_and_none_of_them_is_lost(tmp_path: Path) -> None:
    cell = "Ada L <a@example.com>; b@example.com, ''Bob, B'' <c@example.com>\nd@example.com"
    content = f'group,project,members\na,mlops-01,"{cell}"\n'.replace("''", '""')
    assert run(content, tmp_path).exit_code == 0
    assert loaded(tmp_path)["a"].team.members == tuple(f"user:{letter}@example.com" for letter in "abcd")
    assert run(content.replace("b@example.com", "Bob"), tmp_path, "--force").exit_code == 2


@pytest.mark.parametrize("option", ["--project", "--group", "--members"])
def test_what_is_of_one_group_is_no_option_for_many(option: str, tmp_path: Path) -> None:
    result = run(TWO, tmp_path, option, "mlops-01")
    assert result.exit_code == 2
    assert f"{option} is of one group" in result.stderr
    assert written(tmp_path) == []


def test_groups_that_share_a_project_are_written_and_named(tmp_path: Path) -> None:
    result = run(TWO.replace("mlops-02", "mlops-01"), tmp_path)
    assert result.exit_code == 0
    assert "lines 2, 3: these groups share the project mlops-01, and its bill" in result.stderr


def test_a_second_run_writes_over_nothing_and_with_force_the_same(tmp_path: Path) -> None:
    assert run(TWO, tmp_path).exit_code == 0
    before = {name: (tmp_path / "out" / name).read_text() for name in written(tmp_path)}
    result = run(TWO + "group-03,mlops-03,,\n", tmp_path)
    assert result.exit_code == 2
    assert "Pulumi.group-01.yaml" in result.stderr
    assert {name: (tmp_path / "out" / name).read_text() for name in written(tmp_path)} == before
    assert run(TWO, tmp_path, "--force").exit_code == 0
    assert {name: (tmp_path / "out" / name).read_text() for name in written(tmp_path)} == before


def test_five_hundred_groups_are_all_read_by_the_loader_before_any_is_written(tmp_path: Path) -> None:
    lines = [f"group-{n:03},mlops-2026-{n:03}" for n in range(500)]
    assert run("\n".join(["group,project", *lines[:-1], "group-499,Nope"]), tmp_path).exit_code == 2
    assert written(tmp_path) == []
    assert run("\n".join(["group,project", *lines]), tmp_path).exit_code == 0
    assert len(written(tmp_path)) == 500


@given(st.lists(st.lists(st.text(max_size=8), max_size=5), max_size=5), st.sampled_from(",;\t"))
@hypothesis_settings(max_examples=examples(200), deadline=None)
def test_any_cells_are_rows_or_mistakes(cells: list[list[str]], separator: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([["group", "project", "region"], *cells])
    found = table.read(text.getvalue(), {})
    rows, problems = found.rows, found.problems
    assert rows or problems
    assert all(row.answers.keys() <= set(NAMES) for row in rows)
    assert all(found.line >= 1 and found.problem.remedy for found in problems)


def test_a_byte_that_is_no_letter_is_a_mistake_of_its_line() -> None:
    with pytest.raises(ValueError, match="line 2 is not UTF-8 text: it has a control character"):
        sheet.decoded(b"group,project\ng1,mlops-\x0001\n")


@given(st.binary(max_size=60))
@hypothesis_settings(max_examples=examples(200), deadline=None)
def test_any_bytes_are_a_table_or_one_mistake(content: bytes) -> None:
    try:
        text, _ = sheet.decoded(content)
    except ValueError as error:
        assert "remedy" in str(error)  # noqa: PT017 - either outcome is right
        return
    found = table.read(text, {})
    assert found.rows or found.problems


def test_the_columns_are_said_where_one_looks_for_them(tmp_path: Path) -> None:
    wide = {"COLUMNS": "1000", "NO_COLOR": "1"}
    asked = CliRunner().invoke(app, ["init", "--help"], env=wide).output
    refused = run("project\nmlops-01\n", tmp_path).stderr
    page = (Path(__file__).parents[2] / "docs/course.md").read_text()
    for name in NAMES:
        for text in (
            asked.partition("--from")[2],
            refused,
            page,
        ):
            assert name in text


def test_a_table_keeps_data_unless_a_group_says_no(tmp_path: Path) -> None:
    assert run("project,group,keep\nmlops-01,a,\nmlops-02,b,no\nmlops-03,c,yes\n", tmp_path).exit_code == 0
    assert {stack: settings.storage.keep for stack, settings in loaded(tmp_path).items()} == {
        "a": True,
        "b": False,
        "c": True,
    }


@pytest.mark.parametrize("content", [b"project,group\n" + b"a,b\n" * 300_000, b"\0" * 2_000_000])
def test_a_table_that_is_too_large_is_not_read(content: bytes, tmp_path: Path) -> None:
    result = run(content, tmp_path)
    assert result.exit_code == 2
    assert "larger than 1,000,000 bytes" in result.stderr
    assert "remedy" in result.stderr


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], cwd=folder, check=True)


class TestATableOfPeople:
    """What git would take of it is said; nothing of the reader's repository is changed for it."""

    def written(self, folder: Path, name: str = "students.csv", content: str = TWO) -> Result:
        table = folder / name
        table.write_text(content, encoding="utf-8")
        out = folder / "out"
        out.mkdir(exist_ok=True)
        return CliRunner().invoke(
            app, ["init", "--from", str(table), "--folder", str(out)], env={"COLUMNS": "200", "NO_COLOR": ""}
        )

    def test_one_that_git_would_take_is_warned_of_with_the_line_to_add(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        result = self.written(tmp_path)
        assert result.exit_code == 0
        assert result.stderr.startswith("WARNING  students.csv names people, and git would take it")
        line = f"echo students.csv >> {tmp_path / '.gitignore'}"
        assert line in result.stderr
        subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
        assert "WARNING" not in CliRunner().invoke(app, _again(tmp_path)).stderr

    def test_one_that_git_has_already_is_another_warning(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        (tmp_path / "students.csv").write_text(TWO, encoding="utf-8")
        git(tmp_path, "add", "students.csv")
        assert "and git has it: `git rm --cached" in self.written(tmp_path).stderr

    def test_none_is_warned_of_without_git_addresses_or_need(self, tmp_path: Path) -> None:
        assert "WARNING" not in self.written(tmp_path).stderr
        git(tmp_path, "init", "--quiet")
        nobody = "group,project\ngroup-01,mlops-01\n"
        assert "WARNING" not in self.written(tmp_path / "out", content=nobody).stderr

    def test_lists_of_members_that_git_would_take_all_the_same_are_warned_of(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / ".gitignore").write_text(
            "members.*.yaml\nowners.key\ngroups*.csv\n!members.group-01.yaml\n", encoding="utf-8"
        )
        stderr = self.written(tmp_path).stderr
        assert "WARNING  members.group-01.yaml names people" in stderr
        assert "members.group-02.yaml" not in stderr

    @pytest.mark.parametrize("name", ["members.dev.yaml", "members.group-07.yaml", "owners.key", "students.csv"])
    def test_every_clone_ignores_what_names_people(self, name: str) -> None:
        done = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", name], cwd=ROOT, check=False)
        assert done.returncode == 0


def _again(folder: Path) -> list[str]:
    return ["init", "--from", str(folder / "students.csv"), "--folder", str(folder / "out"), "--force"]


def test_a_credit_without_a_currency_is_said_to_be_read_as_dollars(tmp_path: Path) -> None:
    said = run("gruppe;projekt;kredit\na;mlops-01;350,-\nb;mlops-02;40 DKK\n", tmp_path)
    assert said.exit_code == 0
    text = " ".join((said.stdout + said.stderr).split())
    assert "a credit names no currency ('350,-'): read as USD; write `350 DKK` where it is another" in text
    said = run("gruppe;projekt;kredit\nc;mlops-03;40 DKK\n", tmp_path)
    assert "no currency" not in said.stdout + said.stderr


def test_a_gpu_that_no_cell_names_is_said_to_be_the_cheapest(tmp_path: Path) -> None:
    said = run("gruppe;projekt;gpu\na;mlops-01;ja\nb;mlops-02;nej\nc;mlops-03;T4\nd;mlops-04;yes\n", tmp_path)
    text = " ".join((said.stdout + said.stderr).split())
    assert "a GPU that no cell names ('ja' in line 2 and 1 more) is a T4 at the Spot price" in text
    assert "no cell names" not in (again := run("gruppe;projekt;gpu\ne;mlops-05;T4\n", tmp_path)).stdout + again.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "group,project,Kredit (DKK)\na,mlops-01,350\n",
            "call it credit, and write the currency into each cell: 350 DKK",
        ),
        ("group,project,Budget in EUR\na,mlops-01,350\n", "350 EUR"),
        ("group,project,member 1,member 2\na,mlops-01,a@x.dk,b@x.dk\n", "write all members of a group into one column"),
        ("group,project\na,mlops-01\na,mlops-01\n", "of one group all members stand in one line, in one cell"),
        ("Course autumn\ngroup;project\na;mlops-01\n", "here they are named in line 2"),
        ("Course;project;autumn\n\nproject;group;gpu\nmlops-01;a;T4\n", "here they are named in line 3"),
        ("project,credit\nProj X,abc\n", "column credit: 'abc'"),
        ("group,project,starts,ends\na,mlops-01,nov 23,Dec 17 2026\n", "column starts: 'nov 23'"),
        ('group,project,credit\na,mlops-01,"0,001 USD"\n', "write 0.00 USD, if so"),
        ('group,project,credit\na,mlops-01,"12,345"\n', "write 12345 USD, or 12.35 USD"),
    ],
)
def test_a_slip_is_said_with_what_to_write_instead(content: str, said: str, tmp_path: Path) -> None:
    done = run(content, tmp_path)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "needs its start" not in done.stderr


def test_cells_that_were_merged_are_said_and_header_cells_may_have_lines(tmp_path: Path) -> None:
    content = '"Grup-\npe";"Projekt-\nID";GPU;Region\na;mlops-01;T4;europe-west4\nb;mlops-02;;\nc;mlops-03;;\n'
    done = run(content, tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "gpu is in line 4 alone, and is that group's alone" in done.stderr
    assert "region is in line 4 alone" in done.stderr
    assert (
        "alone"
        not in run(content.replace("b;mlops-02;;", "b;mlops-02;T4;"), tmp_path, "--force").stderr.split("region")[0]
    )


@pytest.mark.parametrize(
    ("gpus", "said"),
    [
        (("T4", "", "V100", ""), True),
        (("T4", "", "V100"), True),
        (("T4", "", "T4", ""), False),  # some groups have one, and some have none
        (("T4", "V100", "", ""), False),
        (("", "T4", "", "V100"), False),
        (("T4", "-", "V100", "-"), False),
    ],
)
def test_blocks_of_merged_cells_are_said(gpus: tuple[str, ...], said: bool, tmp_path: Path) -> None:
    lines = [f"g{number};mlops-{number:02};{gpu}" for number, gpu in enumerate(gpus)]
    done = run("\n".join(["group;project;gpu", *lines, ""]), tmp_path)
    assert done.exit_code == 0, done.stderr
    assert ("gpu is in lines 2, 4, each with nothing below it" in done.stderr) is said
