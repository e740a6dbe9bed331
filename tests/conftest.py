"""What holds for every test: a machine without a cloud, a project of the tests' own, and a checkout left alone."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

from catalog import completeness
from tests import fuzz, machine, project

_MACHINE = Path(tempfile.mkdtemp(prefix="coursecloud-machine-"))
atexit.register(shutil.rmtree, _MACHINE, ignore_errors=True)
# Before any module of tests is read, and for the processes that they start.
machine.close(_MACHINE)

# One run is like another: the same examples each time, no memory of earlier ones, and no test fails for being slow.
settings.register_profile("everyday", settings.get_profile("ci"), deadline=None, max_examples=fuzz.examples(100))
settings.register_profile("fuzz", settings.get_profile("everyday"), derandomize=False, print_blob=True)
settings.load_profile("fuzz" if fuzz.TIMES > 1 else "everyday")

ALONE = (
    "tests/review/test_sides.py", "tests/coursecloud/test_cli.py", "tests/guide/test_guide.py",
    "tests/month/test_alone.py",
)  # fmt: skip
"""Files whose tests mostly wait for processes of their own, and share nothing."""

_before: dict[str, str] = {}
_touched: list[str] = []


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let commands find the tests' own project, from where one stands."""
    monkeypatch.chdir(project.ROOT)


class Together(LoadScopeScheduling):
    """Spreads tests over processes and leaves those in one that share what is made once: those of a file."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/emulator/"):
            return "tests/emulator"  # they share an emulator, and the list of what all of them have asked it for
        return nodeid if file in ALONE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Take it for `-n`."""
    return Together(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Test nothing before all is known of the program's resource types; remember what the checkout's user owns."""
    # A process of a run that many share has been let in already, and a mutation run changes code and not facts.
    first = not hasattr(session.config, "workerinput") and "MUTANT_UNDER_TEST" not in os.environ
    if first and (missing := completeness.missing(project.CHECKOUT)):
        pytest.exit(completeness.told(missing), returncode=1)
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
    if "MUTANT_UNDER_TEST" in os.environ:
        return  # a mutation run has many sessions in processes that share both folders, and ends with `atexit`
    shutil.rmtree(_MACHINE, ignore_errors=True)
    shutil.rmtree(project.ROOT.parent, ignore_errors=True)
