"""Two mutation runs, compared by function: a move says nothing, a score that falls does."""

import json
import shutil
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
    """Make the mutants of functions `MODULE__NAME`, a letter each: k for killed, s for survived, ? for not run."""
    return [
        Mutant(f"{name.replace('__', '.x_')}__mutmut_{number}", HERE, {"k": 1, "s": 0, "?": None}[letter])
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
    paired = [(Function("a", "f"), Function("b", "f")), same("a", "g"), same("a", "h"), same("a", "i"), same("a", "j")]
    was = compare.scores([old for old, _ in paired], mutants(a__f="kkkk", a__g="ks", a__h="k", a__i="k"))
    now = compare.scores([new for _, new in paired], mutants(b__f="kkks", a__g="kksk", a__h="k", a__i="ks?", a__j="s"))
    found = compare.compared(paired, was, now)
    assert [(row.after.name, row.falls) for row in found.rows] == [("f", True), ("g", False)]
    assert str(found.rows[0]) == "FALLS b.f, before in a: 4 of 4 killed, then 3 of 4"
    # All of `h` is noticed now, and `j` had nothing that could go unnoticed; a result of `i` is missing.
    assert found.noticed == [Function("a", "h"), Function("a", "j")]
    assert found.lacking == [Function("a", "i")]


def test_what_has_been_run_of_a_commit_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "LEDGER", tmp_path / "compared.jsonl")
    f, g = Function("a", "A.f"), Function("a", "g")
    assert compare.ran("one") == {}
    compare.keep("one", {f: compare.Score(2, 1)})
    compare.keep("two", {f: compare.Score(3, 3)})
    compare.keep("one", {f: compare.Score(9, 9), g: compare.Score(0, 0)})
    assert compare.ran("one") == {f: compare.Score(2, 1), g: compare.Score(0, 0)}
    assert compare.ran("two") == {f: compare.Score(3, 3)}


def test_functions_are_those_of_which_mutmut_makes_mutants(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    source = "def f():\n    def inner(): ...\nclass A:\n    def g(self): ...\n    @property\n    def h(self): ...\n"
    (tmp_path / "infra" / "a.py").write_text(source, encoding="utf-8")
    found = compare.functions(tmp_path)
    assert found == [Function("infra.a", "f"), Function("infra.a", "A.g")]
    assert [*map(compare.pattern, found)] == ["infra.a.x_f__mutmut_*", "infra.a.xǁAǁg__mutmut_*"]
    made = [Mutant(compare.pattern(each).replace("*", "1"), HERE, 1) for each in found]
    assert compare.scores(found, made) == dict.fromkeys(found, compare.Score(1, 1))


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
    for name in ("first", "second"):
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", name], check=True)
        if name == "first":
            (root / "infra" / "old.py").rename(root / "infra" / "new.py")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run, "COPY", tmp_path / "copy")
    monkeypatch.setattr(compare, "LEDGER", tmp_path / "compared.jsonl")
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after", "ends", "says"),
    [
        (1, 0, 3, ["FALLS infra.new.A.f, before in infra.old: 1 of 1 killed, then 0 of 1", "1 of 1 functions fall: "]),
        (0, 0, 0, ["infra.new.A.f, before in infra.old: 0 of 1 killed, then 0 of 1", "0 of 1 functions fall: of 0 "]),
        (0, 1, 0, ["0 of 1 functions fall: of 1 every mutant is noticed now"]),
        (1, None, 3, ["not compared: infra.new.A.f", "0 of 1 functions fall: of 0 "]),
    ],
)
def test_the_later_commit_goes_first_and_the_earlier_one_only_where_something_could_fall(
    before: int,
    after: int | None,
    ends: int,
    says: list[str],
    trees: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[str] = []

    def mutate(names: list[str], *, copy: Path, go_on: bool) -> int:
        assert go_on
        ran.append("before" if (copy / "infra" / "old.py").is_file() else "after")
        meta = copy / "mutants" / "infra" / ("old.py.meta" if ran[-1] == "before" else "new.py.meta")
        meta.parent.mkdir(parents=True, exist_ok=True)
        codes = {name.replace("*", "1"): before if ran[-1] == "before" else after for name in names}
        meta.write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
        return 0

    monkeypatch.setattr(run, "mutate", mutate)

    def asked(*, run_them: bool) -> list[str]:
        assert command.against("HEAD~1", "HEAD", ["A.*"], 0, run_them=run_them) == ends
        return capsys.readouterr().out.splitlines()

    printed = asked(run_them=True)
    assert [line.startswith(said) for line, said in zip(printed, says, strict=True)] == [True] * len(says)
    # What could not fall is not run before; and nothing is run twice, on this machine or another.
    assert ran == (["after", "before"] if after == 0 else ["after"])
    shutil.rmtree(trees / "copy")
    assert asked(run_them=False) == printed
    if after is not None:
        assert asked(run_them=True) == printed
        assert len(ran) <= 2


def test_a_module_that_was_not_looked_at_is_none_without_mutants(
    trees: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: list[str], *, copy: Path, go_on: bool) -> int:  # noqa: ARG001
        return 1

    monkeypatch.setattr(run, "mutate", fails)
    assert command.against("HEAD~1", "HEAD", [], 0, run_them=True) == 3
    assert capsys.readouterr().out.startswith("not compared: infra.new.A.f")
    assert not (trees / "compared.jsonl").exists()


def test_a_commit_or_a_name_that_is_not_there_is_said(trees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.against("nowhere", "HEAD", [], 0, run_them=True) == 2
    assert "remedy  name commits that git has" in capsys.readouterr().err
    assert command.against("HEAD", "HEAD", ["nobody"], 0, run_them=True) == 2
    assert "no function of infra/ that both have is called nobody" in capsys.readouterr().err
    assert not list((trees / "copy").rglob("mutants"))
