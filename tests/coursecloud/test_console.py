"""What leaves for a screen, a pipe or a spreadsheet: visible, whole, and never a command there."""

import csv
import io
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.common.console import Output, console, print_csv, say, visible

EVIL = "a\x1b[31m\x1b]0;t\x1b\\b\u202ec\u200bd\u2066e\x9bf\ufe0fg\u3164h\U000e0041i"
SHOWN = r"a\u001b[31m\u001b]0;t\u001b\b\u202ec\u200bd\u2066e\u009bf\ufe0fg\u3164h\U000e0041i"
URL = "https://console.cloud.google.com/cloud-build/triggers;region=global/connect?project=" + "p" * 200
BROKEN = f"""\
config:
  gcp:project: my-project-1
  "x\\e[31m\\u202ey": 1
  coursecloud:course: {{group: "\\e[2Jg"}}
  coursecloud:guardrails:
    exceptions:
      - {{rule: machine-no-address, until: 2099-01-01, resource: workbench,
         reason: "so it \\e]0;is\\a\\u202e here {URL}"}}
"""


def harmless(text: str) -> bool:
    return all(letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cf") for letter in text)


def printed(capsys: pytest.CaptureFixture[str], *what: object, **options: bool) -> str:
    console().print(*what, **options)  # pyright: ignore[reportArgumentType]
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_what_steers_a_terminal_or_hides_is_written_out() -> None:
    assert visible(EVIL) == SHOWN
    assert visible("Zürich\t日本\n👍") == "Zürich\t日本\n👍"


def test_whatever_is_printed_is_visible_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(EVIL, title=EVIL, box=None)
    table.add_column("narrow", max_width=5)
    table.add_row(EVIL, Text(EVIL))
    tree = Tree(EVIL)
    tree.add(Text.assemble("x", (EVIL, "red"))).add(EVIL)
    for what, times in ((EVIL, 1), (Text(EVIL), 1), (table, 4), (tree, 3), (Padding(Group(Text(EVIL), EVIL), 1), 2)):
        out = printed(capsys, what)
        assert out.count(SHOWN) == times
        assert harmless(out)
    say(EVIL)
    assert capsys.readouterr().out == SHOWN + "\n"


def test_a_style_stays_on_its_letters() -> None:
    text = Output()._text(Text.assemble("\x1b", ("b", "red"), "\x1b"))  # pyright: ignore[reportPrivateUsage]
    assert [(text.plain[span.start : span.end], str(span.style)) for span in text.spans] == [("b", "red")]


@pytest.mark.parametrize("text", ["[red]a[/red]", "[link=https://evil.example]a[/link]", "a :smile: b", "[/]", "[bold"])
def test_no_text_is_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(box=None, show_header=False)
    table.add_row(text)
    for what in (text, table, Tree(text)):
        assert printed(capsys, what).strip() == text


def test_in_a_pipe_a_line_is_whole_and_ends_with_its_last_letter(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("  -", Text(f"see {URL} and then {'some words ' * 300}"))
    grid.add_row("  -", "short")
    for what in (grid, Padding(grid, (0, 0, 0, 4)), Group(grid)):
        lines = printed(capsys, what).splitlines()
        assert len(lines) == 2
        assert URL in lines[0]
        assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("columns", [80, 120])
def test_a_width_that_is_asked_for_is_kept(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, printed(capsys, Text("some words " * 300)).splitlines())) <= columns


def test_what_the_other_side_cannot_write_ends_no_command(tmp_path: Path) -> None:
    code = "from coursecloud.common.console import console; console().print('─ ü')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout == b"\\u2500 \\xfc\n"


@pytest.mark.parametrize("words", [["plan"], ["check"], ["cost"], ["plan", "--all"], ["check", "--all"]])
def test_a_stack_file_steers_no_terminal(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(BROKEN)
    result = CliRunner().invoke(app, [*words, "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert harmless(result.output)
    assert "\\u001b[31m\\u202ey" in result.output
    (tmp_path / "Pulumi.dev.yaml").write_text("".join(BROKEN.splitlines(keepends=True)[i] for i in (0, 1, 4, 5, 6, 7)))
    result = CliRunner().invoke(app, [*words, "--folder", str(tmp_path)])
    assert harmless(result.output)
    assert result.exit_code in (0, 3)
    if "check" in words:
        assert URL in result.output
        assert "\\u202e here" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["explain", EVIL],
        ["plan", "--stack", EVIL],
        ["check", "--folder", EVIL],
        ["review", "--base", EVIL],
        ["review", "--head-plan", EVIL],
        ["export", "--format", "terraform-plan", "--stack", EVIL],
        ["init", "--project", EVIL, "--group", EVIL],
    ],
)
def test_what_is_asked_for_steers_no_terminal(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert harmless(result.output)
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+1-1", "'+1-1"), ("-cmd|'/C calc'!A0", "'-cmd|'/C calc'!A0"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("  =1", "'  =1"), ("\uff1d1", "'\uff1d1"), ("-0.15", "-0.15"), ("+3", "+3"),
        ("1e-5", "1e-5"), ("-", "'-"), ("group-07", "group-07"),
        ("a\x1bb", "a\\u001bb"), (-1.5, "-1.5"), (None, ""), (True, "True"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(cell: object, written: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["a", "b"], [{"a": cell, "b": 1, "c": "left out"}])
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["a", "b"], [written, "1"]]
