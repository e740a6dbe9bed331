"""The command line as a person meets it: output, exit codes, and messages for mistakes."""

import contextlib
import csv
import dataclasses
import functools
import io
import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coursecloud.cli import render
from coursecloud.cli.application import app
from coursecloud.common import parallel, program_error
from coursecloud.plan import engine, planning
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Deed
from tests.project import ROOT, make

STACKS = ["dev", "full", "gpu"]


def run(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "NO_COLOR": ""})


def test_plan_shows_the_tree_and_the_count() -> None:
    result = run("plan")
    assert result.exit_code == 0
    assert "compute.Instance workbench" in result.output
    assert "resources to create" in result.output


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("stack", STACKS)
def test_no_line_is_wider_than_the_terminal(stack: str, columns: int) -> None:
    lines = run("plan", "--stack", stack, columns=columns).output.splitlines()
    assert max(map(len, lines)) <= columns


def test_what_is_not_a_terminal_gets_no_colours() -> None:
    assert "\x1b" not in run("plan").output


def test_nothing_is_cut_off_with_an_ellipsis() -> None:
    assert "…" not in run("plan", "--stack", "full").output


def test_plan_json_is_json() -> None:
    assert json.loads(run("plan", "--json", "--stack", "gpu").output)["stack"] == "gpu"


def test_plan_all_has_a_row_a_stack_file() -> None:
    rows = list(csv.DictReader(io.StringIO(run("plan", "--all", "--csv").output)))
    assert [row["stack"] for row in rows] == STACKS
    listed = json.loads(run("plan", "--all", "--json").output)["stacks"]
    assert [row["resources"] for row in listed] == [int(row["resources"]) for row in rows]


def test_plan_all_of_another_folder_shows_broken_files_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.good.yaml").write_text("config: {gcp:project: some-project-1}")
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {gcp:project: no, coursecloud:leese: {}}")
    result = run("plan", "--all", "--csv", "--folder", str(tmp_path))
    assert result.exit_code == 2
    rows = {row["stack"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows["bad"]["mistakes"] == "2"
    assert rows["bad"]["resources"] == ""
    assert rows["good"]["mistakes"] == "0"
    assert "did you mean 'lease'" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "--stack", "nope"], "there is no such stack file"),
        (["plan", "--folder", "/no/such/folder"], "there is no such folder"),
        (["plan", "--csv"], "--csv goes with --all"),
        (["plan", "--all", "--json", "--csv"], "--csv goes with --all"),
        (["plan", "--all", "--folder", str(ROOT / "starter")], "has no stack file"),
        (["finish", "--confirm", "other"], "this id is an example"),
        (["up"], "this id is an example"),
        (["down"], "this id is an example"),
        (["plan", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_mistake_ends_with_code_2_and_says_what_to_do(words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("command", ["plan", "cost", "check"])
def test_all_says_which_files_are_no_stack_files(command: str, tmp_path: Path) -> None:
    for name in ("Pulumi.good.yaml", "pulumi.low.yaml", "Pulumi.cut.yml.txt", "Pulumi-dash.yaml", "Pulumi.yaml"):
        (tmp_path / name).write_text("config: {gcp:project: some-project-1}")
    words = [sys.executable, "-m", "coursecloud", command, "--all", "--folder", str(tmp_path)]

    def said() -> list[str]:
        done = subprocess.run(words, capture_output=True, cwd=ROOT, text=True, check=False)
        return [line for line in done.stderr.splitlines() if line.startswith("coursecloud: ")]

    files = "not a stack file, and nobody reads it: Pulumi-dash.yaml, Pulumi.cut.yml.txt, pulumi.low.yaml"
    assert said() == [f"coursecloud: {files} (Pulumi.NAME.yaml is one)"]
    for name in ("pulumi.low.yaml", "Pulumi.cut.yml.txt", "Pulumi-dash.yaml"):
        (tmp_path / name).unlink()
    assert said() == []


@pytest.mark.parametrize("command", ["plan", "cost", "check"])
def test_a_program_that_fails_with_one_stack_takes_no_other_with_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "storage.Bucket('a', location='EU') if pulumi.get_stack() != 'dev' else 1 / 0\n"
    folder = failing(lines, tmp_path, monkeypatch)
    (folder / "Pulumi.good.yaml").write_text("config: {gcp:project: some-project-1}")
    result = run(command, "--all")
    assert result.exit_code == 2
    assert "good" in result.stdout
    assert "the program fails while it is planned: ZeroDivisionError: division by zero" in result.stderr
    assert "line 3, of stack dev" in result.stderr


def test_what_is_encrypted_stands_nowhere_plainly(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.tok.yaml").write_text(
        "config: {gcp:project: some-project-1, gcp:accessToken: {secure: v1:abc:def}}"
    )
    result = run("plan", "--stack", "tok", "--folder", str(tmp_path))
    assert result.exit_code == 0, result.output


def ended(words: list[str], stdout: Path | int) -> tuple[int, str]:
    """Run a command line in a process of its own; say with which code and which words it ends."""
    with contextlib.ExitStack() as opened:
        target = stdout if isinstance(stdout, int) else opened.enter_context(stdout.open("w"))
        command = [sys.executable, "-m", "coursecloud", *words]
        done = subprocess.run(command, stdout=target, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["explain"], ["cost", "--csv"], ["schema"], ["--help"]], ids=" ".join)
def test_where_nobody_reads_the_output_any_more_it_ends_quietly(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert ended(words, writing) == (141, "")
    finally:
        os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["plan"], ["cost", "--csv"], ["schema"]], ids=" ".join)
def test_a_full_disk_is_said_in_a_line(words: list[str]) -> None:
    code, said = ended(words, Path("/dev/full"))
    assert code == 2
    assert said.splitlines()[0] == "the output cannot be written: No space left on device."
    assert len(said.splitlines()) == 2


def failing(lines: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program that fails in the place of the project's own."""
    (folder / "__main__.py").write_text("import pulumi\nfrom pulumi_gcp import storage\n" + lines)
    (folder / "Pulumi.dev.yaml").write_text("config: {gcp:project: some-project-1}")
    (folder / "Pulumi.yaml").write_text("name: coursecloud\nruntime: python\n")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PULUMI_DEBUG", raising=False)
    return folder


BUCKET = "b = storage.Bucket('mine', name='b', location='EU'%s)\n"
LATER = "storage.Bucket('other', location='EU', name=b.name.apply(lambda name: name.nothing))\n"
TRIED = "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('too\\nmuch') from e\n"
PROGRAMS = [
    ("1 / 0\n", "ZeroDivisionError: division by zero", 3),
    (TRIED, "ValueError: too much", 6),
    ("assert False\n", "AssertionError", 3),
    ("raise pulumi.RunError('not today')\n", "RunError: not today", 3),
    (BUCKET % ",\n    labels={'a': {'b': 'c'}}", "AssertionError: Unexpected type", 3),
    (BUCKET % "" + LATER, "AttributeError: 'str' object has no attribute 'nothing'", 4),
]


@pytest.mark.parametrize(("lines", "what", "line"), PROGRAMS)
def test_a_program_that_fails_is_a_mistake_with_its_line_and_a_remedy(
    lines: str, what: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(lines, tmp_path, monkeypatch)
    result = run("plan")
    assert (result.exit_code, result.stdout) == (2, "")
    first, where, remedy = result.stderr.splitlines()
    assert first.startswith(f"the program fails while it is planned: {what}")
    assert where.split() == ["where", "__main__.py,", "line", f"{line},", "of", "stack", "dev"]
    assert "mend that line" in remedy


ASKS = "import pulumi_gcp\npulumi_gcp.organizations.get_project(project_id='x')\n"


def test_a_question_to_the_cloud_is_told_by_the_line_that_waits_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(ASKS, tmp_path, monkeypatch)
    result = run("plan", "--json")
    first, where, remedy = result.stderr.splitlines()
    assert first.endswith("the program asks the cloud a question: gcp:organizations/getProject:getProject")
    assert where == "    where   __main__.py, line 4, of stack dev"
    assert "take the answer from the stack file" in remedy
    error = json.loads(result.stdout)["error"]
    (mistake,) = error["mistakes"]
    assert (error["stack"], mistake["line"], mistake["what"]) == ("dev", 4, f"__main__.py: {first}")


def test_the_command_that_was_called_is_no_part_of_the_program_whose_environment_it_is_in() -> None:
    script = Path(sysconfig.get_path("scripts")) / "coursecloud"
    assert not program_error.is_the_programs(script, script.parents[2])


def test_the_whole_traceback_of_a_program_is_there_for_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing("1 / 0\n", tmp_path, monkeypatch)
    monkeypatch.setenv("PULUMI_DEBUG", "1")
    assert isinstance(run("plan").exception, ZeroDivisionError)


def test_a_program_that_fails_in_a_process_of_a_pool_is_told_by_its_line_too(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("\n1 / 0\n")
    with pytest.raises(ZeroDivisionError) as raised:
        list(parallel.each(functools.partial(recorded, tmp_path), list(range(parallel.FEW + 1)), processes=2))
    first, where, _ = (program_error.told(raised.value, tmp_path) or "").splitlines()
    assert first == "the program fails while it is planned: ZeroDivisionError: division by zero"
    assert where == "    where   __main__.py, line 2, of stack s"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("<<<<<<< HEAD\n", "SyntaxError: invalid syntax"),
        ("def\n", "SyntaxError: invalid syntax"),
    ],
)
def test_a_module_of_the_program_that_fails_while_the_tools_load_it_is_a_mistake_too(
    line: str, what: str, tmp_path: Path
) -> None:
    root = make(tmp_path / "project")
    with (root / "infra/names.py").open("a", encoding="utf-8") as names:
        names.write(line)
    words = [
        sys.executable,
        "-I",
        "-c",
        "import sys; sys.path.insert(0, '.'); import coursecloud.__main__ as it; it.main()",
    ]
    done = subprocess.run([*words, "check", "--stack", "dev"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"the program fails while it is loaded: {what}")
    assert "where   infra/names.py, line" in done.stderr


def recorded(folder: Path, _: int) -> None:
    engine.record(folder / "__main__.py", project="p", stack="s", config={})


def test_an_error_of_the_tools_own_is_not_called_one_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(render, "full", fail)
    result = run("plan")
    assert isinstance(result.exception, ZeroDivisionError)
    assert program_error.told(result.exception, ROOT) is None


def test_every_mistake_of_a_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(
        """
        config:
          gcp:project: Nope
          coursecloud:machines: {a: {maxRun: soon}, b: {gpu: {model: T4, count: 3}, spot: true}}
          coursecloud:lease: {timeZone: Mars}
        """
    )
    result = run("plan", "--folder", str(tmp_path), "--stack", "x", columns=200)
    assert result.exit_code == 2
    for path in ("gcp:project", "machines.a.maxRun", "machines.b.gpu.count", "lease.timeZone"):
        assert path in result.output


def test_the_version_is_the_projects() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert result.output == f"coursecloud {project['version']}\n"


def test_a_check_of_a_program_that_does_something_else_in_the_real_run_does_not_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = planning.make("dev", ROOT / "Pulumi.dev.yaml", ROOT)
    other = dataclasses.replace(made, program=(Deed("differs", "does more"),))
    for found, code in ((made, 0), (other, 3)):

        def make(*_: object, twice: bool, found: Plan = found) -> Plan:
            assert twice, "the command plans without the real run"
            return found

        monkeypatch.setattr(planning, "make", make)
        done = run("plan", "--check")
        assert done.exit_code == code
        assert ("the program does more" in done.output) == bool(code)
