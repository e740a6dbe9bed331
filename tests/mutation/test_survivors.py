"""The mutation run's own parts, and what it knows of survivors held against the source."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import bookkeeping, results, run, selection
from tests.mutation.results import Change, Mutant


def test_an_entry_that_is_stale_or_has_no_reason_is_seen_and_a_good_one_is_not() -> None:
    good = Change("infra.names.label_value", "return text if re.fullmatch", "return None")
    reason = "a reason of more than twenty letters"
    assert bookkeeping.mistakes({good: reason}) == []
    wrong = {
        good._replace(was="return another", becomes="x"): reason,
        good._replace(where="infra.names.gone"): reason,
        good._replace(where="infra.names.Names.number", was="digest"): "none",
        good._replace(becomes=good.was): reason,
    }
    assert len(bookkeeping.mistakes(wrong)) == len(wrong)


def test_no_entry_is_stale_or_else_the_run_of_an_hour_would_not_begin() -> None:
    assert bookkeeping.mistakes(results.known(json.loads(results.KNOWN.read_text(encoding="utf-8")))) == []


def test_a_module_whose_tests_are_not_there_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(selection.TESTS, "infra.names", ("tests/test_gone.py",))
    (mistake,) = bookkeeping.mistakes({})
    assert "tests of infra.names" in mistake


def test_a_survivor_that_is_not_listed_is_seen_and_a_listed_one_is_not() -> None:
    listed, new = Change("a.f", "x > 1", "x >= 1"), Change("a.f", "x > 1", "x > 2")
    assert results.unknown([listed, new], [listed]) == [new]
    assert results.unknown([listed], [listed]) == []


def test_a_known_survivor_that_was_run_and_killed_is_seen() -> None:
    listed, other = Change("a.f", "x > 1", "x >= 1"), Change("a.f", "y", "z")
    assert results.revived([listed, other], [], [listed]) == [listed]
    assert results.revived([listed, other], [listed], [listed]) == []
    assert results.revived([other], [], [listed]) == []


def test_a_mutant_is_in_the_function_that_its_name_says() -> None:
    assert Mutant("infra.names.x_fit__mutmut_3", Path("x"), 0).where == "infra.names.fit"
    assert Mutant("infra.names.x__hidden__mutmut_3", Path("x"), 0).where == "infra.names._hidden"
    assert Mutant("infra.names.xǁNamesǁ__init____mutmut_3", Path("x"), 0).where == "infra.names.Names.__init__"
    assert Mutant("infra.names.xǁNamesǁ_joined__mutmut_3", Path("x"), 0).module == "infra.names"


@pytest.mark.parametrize(
    ("code", "killed"), [(0, False), (1, True), (3, True), (33, False), (36, True), (-24, True), (-11, False)]
)
def test_only_a_failed_test_or_one_without_an_end_kills(code: int, killed: bool) -> None:
    assert Mutant("a.x_f__mutmut_1", Path("a.py"), code).killed is killed


def test_the_score_counts_every_mutant_that_no_test_killed_as_survived() -> None:
    codes = {"a.x_f__mutmut_1": 1, "a.x_f__mutmut_2": 0, "b.x_f__mutmut_1": 33, "b.x_f__mutmut_2": 1}
    ran = [Mutant(name, Path("x"), code) for name, code in codes.items()]
    assert results.table(ran) == [("a", 2, 1, 50.0), ("b", 2, 1, 50.0), ("all", 4, 2, 50.0)]


def test_the_copy_leaves_out_what_hides_a_function_from_mutmut_and_nothing_else() -> None:
    source = b"class A:\n    @override\n    def f(self): ...\n\n    @property\n    def g(self): ...\n"
    assert run.without_override(source) == source.replace(b"    @override\n", b"")


@pytest.mark.skipif(importlib.util.find_spec("mutmut") is None, reason="mutmut is not installed: make mutation")
@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("f(1, a=2, b=c)", ["f(2, a=2, b=c)", "f(1, b=c)", "f(1, a=2, )", "f(1, a=3, b=c)"]),
        ("x = y", []),
        ("'word'", ["'XXwordXX'"]),
        ("'two words'", []),
        ("a < b", ["a <= b"]),
    ],
)
def test_a_fault_makes_one_mutant_and_wording_none(source: str, mutants: list[str]) -> None:
    code = (
        "import json, libcst, mutmut.mutation.file_mutation as made, tests.mutation.driver as driver\n"
        "driver.narrow()\n"
        f"module, found, *_ = made.create_mutations('a.py', {'def g(): ' + source!r})\n"
        "changed = [module.deep_replace(m.original_node, m.mutated_node) for m in found]\n"
        "print(json.dumps([made.code for made in changed]))"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=run.ROOT, check=True, capture_output=True, text=True)
    assert sorted(json.loads(printed.stdout)) == sorted(f"def g(): {mutant}" for mutant in mutants)


@pytest.mark.skipif(importlib.util.find_spec("mutmut") is None, reason="mutmut is not installed: make mutation")
def test_the_tests_of_the_mutants_that_are_asked_for_and_no_others_have_to_pass_without_a_change() -> None:
    code = (
        "import types, tests.mutation.driver as driver\n"
        "made = types.SimpleNamespace()\n"
        "made.collect_source_file_mutation_data = lambda mutant_names: ([(None, n, 0) for n in mutant_names], {})\n"
        "driver.choose(made)\n"
        "names = ('infra.names.x_fit__mutmut_1', 'infra.names.x_fit__mutmut_2', 'infra.federation.x_f__mutmut_1')\n"
        "print(*sorted(made.tests_for_mutant_names(names)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=run.ROOT, check=True, capture_output=True, text=True)
    assert printed.stdout.split() == ["tests/infra/test_github.py", "tests/test_names.py"]


@pytest.mark.skipif(importlib.util.find_spec("mutmut") is None, reason="mutmut is not installed: make mutation")
def test_a_run_that_goes_on_takes_the_mutants_without_a_result_and_none_where_all_have_one() -> None:
    code = (
        "import types, tests.mutation.driver as driver\n"
        "codes = {'a': None, 'b': 1, 'c': 0, 'd': 2, 'e': None}\n"
        "collect = lambda mutant_names: ([(None, name, codes[name]) for name in mutant_names], {})\n"
        "for go_on, every in ((True, 1), (False, 1), (True, 2)):\n"
        "    made = types.SimpleNamespace(collect_source_file_mutation_data=collect)\n"
        "    driver.thin(made, every, go_on=go_on)\n"
        "    print(*(name for _, name, _ in made.collect_source_file_mutation_data(mutant_names=codes)[0]), sep='')\n"
        "made = types.SimpleNamespace(collect_source_file_mutation_data=lambda mutant_names: ([], {}))\n"
        "driver.choose(made)\n"
        "made.tests_for_mutant_names(['a'])\n"
        "print('all tests run')"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=run.ROOT, check=True, capture_output=True, text=True)
    assert printed.stdout.split() == ["ade", "abcde", "ae"]


def test_each_mutant_of_an_earlier_tree_loads_its_tests_by_itself() -> None:
    alone = run.each_alone(b"[tool.x]\n[tool.mutmut]\nonly_mutate = []\n")
    assert alone == b'[tool.x]\n[tool.mutmut]\nforkserver_warmup = "none"\nonly_mutate = []\n'
    assert run.each_alone(alone) == alone


def test_the_tests_that_noticed_others_of_a_function_run_first_and_then_those_of_its_module(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"test_{name}.py").write_text(f"def test_{name}(): assert {name!r} not in 'cd'\n", encoding="utf-8")
    noticed = tmp_path / "noticed.txt"

    def ran(mutant: str) -> list[str]:
        code = (
            "import pathlib, pytest, sys, tests.mutation.order as order\n"
            "plugin = order.NoticingFirst(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
            "pytest.main(['-v', '-p', 'no:cacheprovider', f'--rootdir={sys.argv[3]}', sys.argv[3]], plugins=[plugin])"
        )
        words = [sys.executable, "-c", code, mutant, str(noticed), str(tmp_path)]
        done = subprocess.run(words, cwd=run.ROOT, check=True, capture_output=True, text=True)
        return re.findall(r"test_(\w)\.py::\S+ (?:PASSED|FAILED)", done.stdout)

    assert ran("infra.x.x_f__mutmut_1") == ["a", "b", "c", "d"]
    assert noticed.read_text(encoding="utf-8").splitlines() == [
        f"infra.x.x_f\ttest_{name}.py::test_{name}" for name in ("c", "d")
    ]
    assert ran("infra.x.x_f__mutmut_2") == ["d", "c", "a", "b"]
    noticed.write_text("".join(f"{each}\ttest_b.py::test_b\n" for each in ("infra.x.x_g", "infra.y.x_f")))
    with noticed.open("a", encoding="utf-8") as file:
        file.write("infra.x.x_f\ttest_c.py::test_c\ninfra.y.x_f\ttest_d.py::test_d\n")
    assert ran("infra.x.x_f__mutmut_3") == ["c", "b", "a", "d"]
    assert ran("infra.z.x_f__mutmut_1") == ["a", "b", "c", "d"]
