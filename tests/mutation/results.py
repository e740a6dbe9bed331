"""What a mutation run left behind: each mutant with its change, the count by module, and what is not yet known."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

KNOWN = Path(__file__).parent / "survivors.json"
KILLED = (1, 3)
"""pytest's exit codes for a failed test and for an error inside of it."""
TIMEOUT = (-24, 24, 36, 152)
NOT_RUN = (None, 2)


class Change(NamedTuple):
    """A mutant by what it changes, which outlives mutmut's numbers: `becomes` is empty where a line goes."""

    where: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Mutant:
    """One mutant of a run, with the exit code of its tests."""

    name: str
    path: Path
    code: int | None

    @property
    def module(self) -> str:
        """The module that it is in."""
        return self.name.rpartition(".")[0]

    @property
    def killed(self) -> bool:
        """Whether a test failed, or never ended."""
        return self.code in (*KILLED, *TIMEOUT)

    @property
    def where(self) -> str:
        """The function that it is in: `infra.names.fit`, `infra.names.Names.role`."""
        mangled = self.name.rpartition(".")[2].partition("__mutmut_")[0]
        return f"{self.module}.{mangled.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def file_of(module: str, copy: Path) -> Path:
    """Say where mutmut puts the results of a module."""
    return (copy / "mutants").joinpath(*module.split(".")).with_suffix(".py.meta")


def mutants(copy: Path) -> list[Mutant]:
    """Read every mutant of a run from mutmut's own files, in the order of the modules."""
    files = sorted((copy / "mutants").rglob("*.py.meta"))
    return [
        Mutant(name, file.relative_to(copy / "mutants").with_suffix(""), code)
        for file in files
        for name, code in json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    ]


def change(mutant: Mutant) -> Change:
    """Say what a mutant changes; the working directory is the copy that was run."""
    differ: Any = import_module("mutmut.mutation.diff_apply")
    lines = differ.get_diff_for_mutant(mutant.name, path=mutant.path).splitlines()[3:]
    was, becomes = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Change(mutant.where, was, becomes)


def known(data: Mapping[str, Any]) -> dict[Change, str]:
    """Read the known survivors, each with the reason why no test kills it."""
    return {
        Change(entry["in"], entry["was"], entry["becomes"]): group["reason"]
        for group in data["survivors"]
        for entry in group["mutants"]
    }


def unknown(survived: Iterable[Change], listed: Iterable[Change]) -> list[Change]:
    """List survivors that nobody has given a reason for."""
    return sorted(set(survived) - set(listed))


def table(run: Sequence[Mutant]) -> list[tuple[str, int, int, float]]:
    """Count by module, the sum last: mutants, killed, and killed of a hundred."""
    every = Counter(mutant.module for mutant in run)
    killed = Counter(mutant.module for mutant in run if mutant.killed)
    rows = [(module, count, killed[module]) for module, count in sorted(every.items())]
    rows.append(("all", len(run), sum(killed.values())))
    return [(module, count, dead, 100 * dead / count) for module, count, dead in rows]


def revived(run: Iterable[Change], survived: Iterable[Change], listed: Iterable[Change]) -> list[Change]:
    """List known survivors that were run and killed: a test notices them, or all of the tests failed."""
    return sorted((set(listed) & set(run)) - set(survived))
