"""What runs in the copy of the tree: mutmut, with one mutant a fault and none that a crash would always give away."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

RESULTS, ORDER = (Path(__file__).with_name(f"{name}.py") for name in ("results", "order"))
"""This file runs alone, where `tests` is that of the copy."""

mutators: Any = import_module("mutmut.mutation.mutators")


def forgotten_keyword(call: Any) -> Iterator[Any]:
    """Leave out each argument that is given by its name. mutmut also makes it None, which is mostly the same."""
    for index, argument in enumerate(call.args):
        if argument.keyword:
            yield call.with_changes(args=[*call.args[:index], *call.args[index + 1 :]])


def other_word(text: Any) -> Iterator[Any]:
    """Change a word once; mutmut also changes its letter case. Of sentences it says nothing: they are wording."""
    if " " not in getattr(text, "value", " "):
        yield from list(mutators.operator_string(text))[:1]


def narrow() -> None:
    """Put these in the place of mutmut's own operators."""
    instead: dict[Any, Any] = {
        mutators.operator_arg_removal: forgotten_keyword,
        mutators.operator_string: other_word,
        # `x = None` in place of a value ends in a crash wherever the line is run at all.
        mutators.operator_assignment: None,
    }
    operators = [(node, instead.get(made, made)) for node, made in mutators.mutation_operators]
    mutators.mutation_operators[:] = [(node, made) for node, made in operators if made]


def thin(mutmut: Any, every: int, *, go_on: bool) -> None:
    """Let mutmut run only one of so many mutants, spread over all that it was asked for, or those without a result.

    Of those that are named, mutmut itself runs again what it has a result of.
    """
    collect, not_run = mutmut.collect_source_file_mutation_data, runpy.run_path(str(RESULTS))["NOT_RUN"]

    def some(mutant_names: Any) -> Any:
        mutants, data = collect(mutant_names=mutant_names)
        return [each for each in mutants if not go_on or each[2] in not_run][::every], data

    mutmut.collect_source_file_mutation_data = some


class Tests(dict[str, set[str]]):
    """The tests of a function are those of its module, without a run of all tests that asks which one calls what."""

    def __init__(self, files_of: Callable[[str], list[str]]):
        super().__init__()
        self._files_of = files_of

    def get(self, function: str, _: object = None) -> set[str]:  # type: ignore[override] - mutmut asks no other way
        """Give the files for a function by mutmut's name, e.g. `infra.names.xǁNamesǁrole`."""
        return set(self._files_of(function.rpartition(".")[0]))


SECONDS = 120.0
"""Of processor time, for the tests of one module: a mutant that takes some times as much has failed."""


def choose(mutmut: Any) -> None:
    """Hold each mutant against the tests that `selection.py` of the tree names, not against what mutmut saw run."""
    selection = runpy.run_path("tests/mutation/selection.py")

    def ready(*_: object, **__: object) -> None:
        if Path("mutants/coursecloud/plan/shipped.py").is_file():
            # What holds all mutants of a file is the program here, and not another one.
            subprocess.run([sys.executable, "-m", "coursecloud.plan.shipped"], cwd="mutants", check=True)
        state = mutmut.state()
        state.tests_by_mangled_function_name = Tests(selection["files_of"])
        state.duration_by_test.default_factory = lambda: SECONDS / 4

    def clean(names: Any) -> set[str]:
        mutants, _ = mutmut.collect_source_file_mutation_data(mutant_names=names)
        if not mutants:
            sys.exit()  # without a test that is named, all would run
        return {file for _, name, _ in mutants for file in selection["files_of"](name.rpartition(".")[0])}

    mutmut.collect_or_load_stats = ready
    # Those that have to pass without a change are those of the mutants that were asked for: mutmut itself knows no
    # tests of one that is named whole, and for a pattern runs all that there are.
    mutmut.tests_for_mutant_names = clean


def preload(harness: Any) -> None:
    """Load what infra/ uses of the SDK before mutants fork: a module of it loads once somebody looks into it."""
    warm_up = harness.PytestRunner.warm_up
    program = "\n".join(path.read_text(encoding="utf-8") for path in Path("infra").rglob("*.py"))
    used = {
        name
        for names in re.findall(r"^\s*from pulumi_gcp import ([a-z0-9, ]+)$", program, re.M)
        for name in names.split(", ")
    }

    def with_the_sdk(runner: Any) -> None:
        warm_up(runner)
        for name in sorted(used):
            getattr(getattr(import_module("pulumi_gcp"), name), "__all__", None)

    harness.PytestRunner.warm_up = with_the_sdk


def order(harness: Any) -> None:
    """Let the tests that noticed other mutants of a function run before the rest."""
    plugin, file = runpy.run_path(str(ORDER))["NoticingFirst"], Path("noticed.txt").absolute()

    def run_tests(runner: Any, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        plugins = [plugin(mutant_name, file)] if mutant_name else []
        with harness.change_cwd("mutants"):
            return int(runner.execute_pytest(runner._pytest_args_regular_run(tests), plugins=plugins))

    harness.PytestRunner.run_tests = run_tests


if __name__ == "__main__":
    narrow()
    main: Any = import_module("mutmut.__main__")
    thin(main, int(sys.argv[1]), go_on=sys.argv[2] == "go-on")
    choose(main)
    harness: Any = import_module("mutmut.runners.harness")
    preload(harness)
    order(harness)
    main._run(tuple(sys.argv[3:]), os.cpu_count())
