"""The order of tests for a mutant: what noticed others of its function goes first, and mostly notices it as well."""

from pathlib import Path
from typing import Any

import pytest


class NoticingFirst:
    """A pytest plugin for the tests of one mutant, which end with the first that fails.

    Which test that was stands in a file that the processes of all mutants add lines to: a function, a tab, a test.
    """

    def __init__(self, mutant: str, file: Path):
        self._function = mutant.partition("__mutmut_")[0]
        self._file = file

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the tests that noticed mutants of the function first, the last one before all; then those of its module.

        The rest stays in its order.
        """
        module = self._function.rpartition(".")[0]
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.is_file() else []
        rank: dict[str, tuple[int, int]] = {}
        for place, (function, _, test) in enumerate(line.partition("\t") for line in reversed(lines)):
            if function == self._function:
                rank[test] = min(rank.get(test, (1, 0)), (0, place))
            elif function.rpartition(".")[0] == module:
                rank.setdefault(test, (1, place))
        items.sort(key=lambda item: rank.get(item.nodeid, (2, 0)))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add the test that failed."""
        if report.failed:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{self._function}\t{report.nodeid}\n")
