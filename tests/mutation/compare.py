"""Compares two runs function by function: a function is known by its qualified name, wherever its module is now.

A move or a new module's name so tells nothing; a score that fell tells that a test no longer notices what one noticed.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mutation.results import NOT_RUN, Mutant


class Function(NamedTuple):
    """A function by its module and its name in it, such as `infra.names` and `Names.role`."""

    module: str
    name: str


class Score(NamedTuple):
    """How many mutants of a function were run, and how many were killed."""

    run: int
    killed: int

    @property
    def share(self) -> float:
        """Killed of a hundred."""
        return 100 * self.killed / self.run

    @property
    def whole(self) -> bool:
        """Whether every mutant was killed, or there is none."""
        return self.killed == self.run


class Row(NamedTuple):
    """A function in both runs, with its scores."""

    before: Function
    after: Function
    was: Score
    now: Score

    @property
    def falls(self) -> bool:
        """Whether less of it is noticed than before."""
        return self.now.share < self.was.share

    def __str__(self) -> str:
        """Say it in a line."""
        moved = "" if self.before == self.after else f", before in {self.before.module}"
        return (
            f"{'FALLS ' if self.falls else ''}{self.after.module}.{self.after.name}{moved}: {self.was.killed} of"
            f" {self.was.run} killed, then {self.now.killed} of {self.now.run}"
        )


def functions(root: Path, package: str = "infra") -> list[Function]:
    """List the functions of a package that mutmut changes: those without a decorator that are not inside of another."""
    return [
        Function(".".join(path.relative_to(root).with_suffix("").parts), name)
        for path in sorted((root / package).rglob("*.py"))
        for name in _names(ast.parse(path.read_text(encoding="utf-8")).body)
    ]


def _names(body: Iterable[ast.stmt], above: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not above:
            yield from _names(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            yield above + node.name


def pairs(before: Iterable[Function], after: Iterable[Function]) -> list[tuple[Function, Function]]:
    """Pair functions: those of one module and name, and of the rest those whose name is one function's on each side."""
    old, new = list(before), set(after)
    same = [(each, each) for each in old if each in new]
    left, right = defaultdict[str, list[Function]](list), defaultdict[str, list[Function]](list)
    for each in old:
        if each not in new:
            left[each.name].append(each)
    for each in sorted(new - set(old)):
        right[each.name].append(each)
    moved = [(those[0], right[name][0]) for name, those in left.items() if len(those) == len(right[name]) == 1]
    return sorted([*same, *moved])


def sample(paired: Sequence[tuple[Function, Function]], many: int) -> list[tuple[Function, Function]]:
    """Take so many of them, spread evenly over the list; all of them for 0.

    >>> sample([(Function("a", str(number)), Function("b", str(number))) for number in range(6)], 2)[1][0].name
    '3'
    """
    taken = min(many or len(paired), len(paired))
    return [paired[index * len(paired) // taken] for index in range(taken)]


def pattern(function: Function) -> str:
    """Give the pattern of mutmut's names for the mutants of a function."""
    *above, name = function.name.split(".")
    return f"{function.module}.{f'xǁ{above[0]}ǁ{name}' if above else f'x_{name}'}__mutmut_*"


def scores(asked: Iterable[Function], run: Iterable[Mutant]) -> dict[Function, Score]:
    """Count what was run of functions, without those that wait for a result of one of their mutants.

    Of a function without mutants nothing is run, and so much is known of it.
    """
    found = defaultdict[Function, list[Mutant]](list)
    for mutant in run:
        found[Function(mutant.module, mutant.where.removeprefix(f"{mutant.module}."))].append(mutant)
    return {
        each: Score(len(found[each]), sum(mutant.killed for mutant in found[each]))
        for each in asked
        if all(mutant.code not in NOT_RUN for mutant in found[each])
    }


class Compared(NamedTuple):
    """Two runs held against each other."""

    rows: list[Row]
    """The functions of which a mutant survives today, those that fall first."""
    noticed: list[Function]
    """Those of which every mutant is noticed today, or of which there were none before: they cannot fall."""
    lacking: list[Function]
    """Those of which one of the two runs has no result, or not of all mutants."""


def compared(
    paired: Iterable[tuple[Function, Function]], was: Mapping[Function, Score], now: Mapping[Function, Score]
) -> Compared:
    """Hold what two runs have of each function against each other."""
    found, noticed, lacking = list[Row](), list[Function](), list[Function]()
    for old, new in paired:
        if new in now and (now[new].whole or (old in was and not was[old].run)):
            noticed.append(new)
        elif new in now and old in was:
            found.append(Row(old, new, was[old], now[new]))
        else:
            lacking.append(new)
    return Compared(sorted(found, key=lambda row: (not row.falls, row.after)), noticed, lacking)


LEDGER = Path(__file__).with_name("compared.jsonl")
"""What has been run of a commit, a function a line: two runs of hours need not be on one machine, or in one go."""


def ran(commit: str) -> dict[Function, Score]:
    """Read what has been run of a commit, function by function."""
    lines = LEDGER.read_text(encoding="utf-8").splitlines() if LEDGER.is_file() else []
    rows = [row for row in map(json.loads, lines) if row["commit"] == commit]
    return {Function(row["module"], row["function"]): Score(row["run"], row["killed"]) for row in rows}


def keep(commit: str, found: Mapping[Function, Score]) -> None:
    """Add what has been run of a commit to what is there of it and of others."""
    there = ran(commit)
    lines = [
        json.dumps({"commit": commit, "module": each.module, "function": each.name, **score._asdict()})
        for each, score in sorted(found.items())
        if each not in there
    ]
    if lines:
        with LEDGER.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
