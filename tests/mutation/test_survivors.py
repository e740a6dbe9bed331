"""The mutation run's own parts, and its list of known survivors: each is still in the source and has a reason."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import results, run, selection
from tests.mutation.results import Change, Mutant

LISTED = results.known(json.loads(results.KNOWN.read_text(encoding="utf-8")))
CORES = ("engine", "plan", "saved", "stackfile")
MODULES = [
    *(path for path in sorted((run.ROOT / "infra").rglob("*.py")) if path.name != "__init__.py"),
    *(run.ROOT / "coursecloud" / f"{name}.py" for name in CORES),
]


def flat(text: str) -> str:
    """Drop line ends, indentation and the comma that ruff adds, which a change does not depend on."""
    return "".join(text.split()).replace(",)", ")").replace(",]", "]")


def source_of(where: str) -> str:
    """Give the source of the function that a change is in."""
    for path in MODULES:
        module = ".".join(path.relative_to(run.ROOT).with_suffix("").parts)
        if where.startswith(f"{module}."):
            text = path.read_text(encoding="utf-8")
            return "\n".join(_inside(text, ast.parse(text).body, where.removeprefix(f"{module}.").split(".")))
    raise AssertionError(f"no module has {where}")


def _inside(text: str, body: list[ast.stmt], names: list[str]) -> list[str]:
    """Give the source of what is called so, level by level."""
    found = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == names[0]]
    if names[1:]:
        return [source for node in found for source in _inside(text, node.body, names[1:])]
    return [ast.get_source_segment(text, node) or "" for node in found]


@pytest.mark.parametrize("change", sorted(LISTED), ids=lambda change: f"{change.where}: {change.becomes[:40]}")
def test_a_known_survivor_is_still_in_the_source_and_has_a_reason(change: Change) -> None:
    was = flat(change.was).removesuffix(",")
    assert was in flat(source_of(change.where)), f"{change.where} changed: take the entry out"
    assert change.was != change.becomes
    assert len(LISTED[change]) > 20


def test_a_survivor_that_is_not_listed_is_seen_and_a_listed_one_is_not() -> None:
    listed, new = Change("a.f", "x > 1", "x >= 1"), Change("a.f", "x > 1", "x > 2")
    assert results.unknown([listed, new], [listed]) == [new]
    assert results.unknown([listed], [listed]) == []


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_tests_of_every_module_that_is_changed_exist(path: Path) -> None:
    module = ".".join(path.relative_to(run.ROOT).with_suffix("").parts)
    for file in selection.files_of(module):
        assert (run.ROOT / file).is_file(), f"name the tests of {module} in tests/mutation/selection.py"


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
