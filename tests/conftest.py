"""What holds for every test: a machine without a cloud, a project of the tests' own, and a checkout left alone."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests import fuzz, machine, project

_MACHINE = Path(tempfile.mkdtemp(prefix="coursecloud-machine-"))
# Before any module of tests is read, and for the processes that they start.
machine.close(_MACHINE)

# One run is like another: the same examples each time, no memory of earlier ones, and no test fails for being slow.
settings.register_profile("everyday", settings.get_profile("ci"), deadline=None, max_examples=fuzz.examples(100))
settings.register_profile("fuzz", settings.get_profile("everyday"), derandomize=False, print_blob=True)
settings.load_profile("fuzz" if fuzz.TIMES > 1 else "everyday")

ALONE = ("test_sides.py",)
"""Files whose tests may run in whichever process is free."""

_before: dict[str, str] = {}
_touched: list[str] = []


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let commands find the tests' own project, from where one stands."""
    monkeypatch.chdir(project.ROOT)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests share what is made once, so that `-n` leaves them in one process: those of a file.

    Those of the stand-in share it, and the methods that all of them have asked for. Those that mostly wait for
    processes share nothing.
    """
    for item in items:
        path = item.path.relative_to(project.CHECKOUT)
        if path.parts[1] == "standin":
            item.add_marker(pytest.mark.xdist_group("standin"))
        elif path.name not in ALONE:
            item.add_marker(pytest.mark.xdist_group(str(path)))


def pytest_sessionstart() -> None:
    """Remember what belongs to whoever uses this checkout."""
    _before.update(project.owned(project.CHECKOUT))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the run fail where any of it has changed meanwhile."""
    after = project.owned(project.CHECKOUT)
    _touched.extend(sorted(name for name in _before | after if _before.get(name) != after.get(name)))
    if _touched and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what has changed."""
    if _touched:
        terminalreporter.section("changed while the tests ran", red=True)
        terminalreporter.line("This belongs to whoever uses the checkout; if that was not you, a test has written it:")
        for name in _touched:
            terminalreporter.line(f"  {name}")


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_MACHINE, ignore_errors=True)
