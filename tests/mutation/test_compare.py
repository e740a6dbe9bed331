"""Two mutation runs, compared by function: a move says nothing, a score that falls does."""

import subprocess
from pathlib import Path

import pytest

from tests.mutation import __main__ as command
from tests.mutation import compare, run
from tests.mutation.compare import Function
from tests.mutation.results import Mutant

HERE = Path("x")


def same(module: str, name: str) -> tuple[Function, Function]:
    """Pair a function that has not moved."""
    return Function(module, name), Function(module, name)


def mutants(**killed: str) -> list[Mutant]:
    """Make the mutants of functions `MODULE__NAME`, a letter each: k for killed, s for survived."""
    return [
        Mutant(f"{name.replace('__', '.x_')}__mutmut_{number}", HERE, 1 if letter == "k" else 0)
        for name, letters in killed.items()
        for number, letter in enumerate(letters)
    ]


def test_a_function_is_found_again_in_another_module_and_two_of_one_name_are_not_mixed_up() -> None:
    before = [Function("infra.old", "fit"), Function("infra.a", "read"), Function("infra.b", "read")]
    after = [Function("infra.new", "fit"), Function("infra.a", "read"), Function("infra.c", "read")]
    assert compare.pairs(before, after) == [
        same("infra.a", "read"),
        (Function("infra.b", "read"), Function("infra.c", "read")),
        (Function("infra.old", "fit"), Function("infra.new", "fit")),
    ]
    twice = [Function("infra.c", "read"), Function("infra.d", "read")]
    assert compare.pairs([Function("infra.b", "read")], twice) == []
    assert compare.pairs([Function("infra.a", "read"), Function("infra.b", "read")], twice) == []


def test_a_score_that_falls_is_first_and_one_that_keeps_up_does_not_fall() -> None:
    paired = [(Function("a", "f"), Function("b", "f")), same("a", "g"), same("a", "h")]
    rows, lacking = compare.rows(paired, mutants(a__f="kkkk", a__g="ks"), mutants(b__f="kkks", a__g="kksk", a__h="k"))
    assert [(row.after.name, row.falls) for row in rows] == [("f", True), ("g", False)]
    assert str(rows[0]) == "FALLS b.f, before in a: 4 of 4 killed, then 3 of 4"
    assert lacking == [Function("a", "h")]


def test_functions_are_those_of_which_mutmut_makes_mutants(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    source = "def f():\n    def inner(): ...\nclass A:\n    def g(self): ...\n    @property\n    def h(self): ...\n"
    (tmp_path / "infra" / "a.py").write_text(source, encoding="utf-8")
    found = compare.functions(tmp_path)
    assert found == [Function("infra.a", "f"), Function("infra.a", "A.g")]
    assert [*map(compare.pattern, found)] == ["infra.a.x_f__mutmut_*", "infra.a.xǁAǁg__mutmut_*"]
    made = [Mutant(compare.pattern(each).replace("*", "1"), HERE, 1) for each in found]
    assert list(compare.scores(made)) == found


def test_a_sample_is_spread_over_all_of_them() -> None:
    every = [same("a", str(number)) for number in range(10)]
    assert [pair[0].name for pair in compare.sample(every, 3)] == ["0", "3", "6"]
    assert compare.sample(every, 0) == compare.sample(every, 99) == every


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository of two commits, between which a function moved, and point the run at it."""
    root = tmp_path / "repository"
    (root / "infra").mkdir(parents=True)
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "infra" / "old.py").write_text("class A:\n    @override\n    def f(self): ...\n", encoding="utf-8")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    (root / "infra" / "old.py").rename(root / "infra" / "new.py")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run, "COPY", tmp_path / "copy")
    monkeypatch.setattr(run, "BEFORE", tmp_path / "before")
    return tmp_path


def test_the_command_runs_both_trees_and_fails_where_a_score_falls(
    trees: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (trees / "before" / "infra").mkdir(parents=True)
    (trees / "before" / "infra" / "older.py").write_text("def gone(): ...\n", encoding="utf-8")
    codes = {"before": 1, "copy": 0}
    went_on: list[tuple[str, bool]] = []

    def mutate(names: list[str], *, copy: Path, go_on: bool) -> int:
        went_on.append((copy.name, go_on))
        meta = copy / "mutants" / "infra" / "a.py.meta"
        meta.parent.mkdir(parents=True, exist_ok=True)
        done = {name.replace("*", "1"): codes[copy.name] for name in names}
        meta.write_text(f'{{"exit_code_by_key": {str(done).replace(chr(39), chr(34))}}}', encoding="utf-8")
        return 0

    monkeypatch.setattr(run, "mutate", mutate)
    assert command.against("HEAD", ["A.*"], 0, run_them=True) == 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "FALLS infra.new.A.f, before in infra.old: 1 of 1 killed, then 0 of 1"
    assert printed[1].startswith("1 of 1 functions fall")
    assert not (trees / "before" / "infra" / "older.py").exists()
    command.against("HEAD", ["A.*"], 0, run_them=True)
    (trees / "repository" / "infra" / "new.py").write_text("class A:\n    def f(self): return 1\n", encoding="utf-8")
    command.against("HEAD", ["A.*"], 0, run_them=True)
    # What was stopped goes on where it was in a tree that is the same, and begins anew in one that is another.
    sides = [("before", False), ("copy", False), ("before", True), ("copy", True), ("before", True), ("copy", False)]
    assert went_on == sides


def test_a_revision_or_a_name_that_is_not_there_is_said(trees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.against("nowhere", [], 0, run_them=True) == 2
    assert "remedy  name a commit that git has" in capsys.readouterr().err
    assert command.against("HEAD", ["nobody"], 0, run_them=True) == 2
    assert "no function of infra/ that both have is called nobody" in capsys.readouterr().err
    assert not (trees / "copy" / "mutants").exists()
