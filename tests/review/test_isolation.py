"""What a side's code can do to the user, to the other side and to the review: what attacks.py tries, one by one."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from coursecloud.review import inputs, revisions, sandbox, workspace
from coursecloud.review.report import Review
from coursecloud.review.sandbox import Wanted
from coursecloud.review.stacks import Status
from coursecloud.review.workspace import Workspace
from tests.project import CHECKOUT as ROOT
from tests.review import repository
from tests.review.attacks import BY_NAME, MARKER, filled
from tests.review.made import BUCKET, TODAY, resource, whole
from tests.review.repository import Repository

HERE = sandbox.find(Wanted.AUTO)
needs_one = pytest.mark.skipif(
    isinstance(HERE, str), reason=f"no sandbox ({HERE}): install bubblewrap to run what holds in one"
)
modes = pytest.mark.parametrize("mode", [pytest.param(Wanted.AUTO, marks=needs_one), Wanted.OFF])


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    found = repository.made(tmp_path / "repo")
    found.stack("one", whole(resource(BUCKET, "b", {"name": "of-the-base"}), stack="one"))
    found.commit()
    return found


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send temporary files to a folder that must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def review(repo: Repository, base: str, head: str, mode: Wanted, timeout: float = 30) -> Review:
    made = inputs.Given(repo.root, base, head, sandbox=mode, timeout=timeout)
    return revisions.make(made, inputs.read(made), today=TODAY)


def marked() -> list[int]:
    """List what a side started and nobody ended, after a moment for what is being ended."""
    for _ in range(100):
        if not _marked():
            return []
        time.sleep(0.02)
    return _marked()


def _marked() -> list[int]:
    there = [path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if MARKER.encode() in _text(path)]
    return [int(process.name) for process in there if _state(process) != "Z"]


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _state(process: Path) -> str:
    """Give the letter of its state; that of a process that has ended where there is none."""
    return _text(process / "stat").rpartition(b")")[2].strip()[:1].decode() or "Z"


@modes
@pytest.mark.parametrize("name", BY_NAME)
def test_what_a_head_tries(repo: Repository, tmp_path: Path, port: int, name: str, mode: Wanted) -> None:
    attack = filled(BY_NAME[name], repo=repo.root, secret=tmp_path / "secret", port=port)
    wanted = attack.said if mode is Wanted.AUTO else attack.without
    if wanted == "skip":
        pytest.skip("nothing keeps a process from ending those of its own user without a sandbox, and that is said")
    (tmp_path / "secret").write_text("planted-file", encoding="utf-8")
    base = repo.git("rev-parse", "HEAD")
    (repo.root / "link").symlink_to(tmp_path / "secret")
    repo.write("__main__.py", attack.program)
    repo.stack("one", whole(resource(BUCKET, "b", {"name": "of-the-head"}), stack="one"))
    head = repo.commit()
    before = repo.untouched(), {path.name for path in (repo.root / ".git").iterdir()}
    (stack,) = review(repo, base, head, mode, timeout=3 if wanted and "3 seconds" in wanted else 30).stacks
    assert marked() == []
    if wanted == "anything":
        assert "before" not in dict(stack.mistakes)
    elif wanted is not None:
        assert stack.status is Status.BROKEN
        ((side, mistake),) = stack.mistakes
        assert side == "after"
        assert wanted in mistake
        assert len(mistake) < 10000
    else:
        # The plan that the base made stands, whatever the head does.
        assert [(c.path, c.old, c.new) for c in stack.changes[0].properties if c.path == "name"] == [
            ("name", "of-the-base", "of-the-head")
        ]
    if mode is Wanted.AUTO:
        assert "planted-file" not in str(stack.mistakes)
        assert (repo.untouched(), {path.name for path in (repo.root / ".git").iterdir()}) == before


@needs_one
def test_the_working_tree_is_seen_without_the_repository_and_cannot_be_written(repo: Repository) -> None:
    repo.write(".pulumi-state/secret", "planted-file")
    repo.git("config", "http.extraheader", "planted-file")
    repo.write(
        "__main__.py",
        "found = [path.name for hidden in ('.git', '.pulumi-state') for path in (root / hidden).iterdir()]\n"
        "try: open(root / 'Pulumi.one.yaml', 'a')\n"
        "except OSError as error: found.append(error.strerror)\n"
        "raise RuntimeError(found)",
    )
    made = revisions.make(inputs.Given(repo.root, "HEAD", sandbox=Wanted.REQUIRE), inputs.Read(), today=TODAY)
    assert "RuntimeError: ['Read-only file system']" in dict(made.stacks[0].mistakes)["after"]


def test_the_review_says_what_ran_the_code_and_first(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    head = repo.git("rev-parse", "HEAD")
    notes = review(repo, head, head, Wanted.OFF).notes
    assert notes[0] == sandbox.said("--sandbox off")
    assert notes[0].startswith("RENDERED WITHOUT A SANDBOX (--sandbox off): the code of each side ran as you")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "bubblewrap is not installed" in sandbox.said(sandbox.find(Wanted.AUTO))


@needs_one
def test_a_sandbox_is_said(repo: Repository) -> None:
    head = repo.git("rev-parse", "HEAD")
    assert "in a sandbox of its own (bubblewrap)" in review(repo, head, head, Wanted.REQUIRE).notes[0]


def test_a_sandbox_that_does_not_run_is_none_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.find(Wanted.AUTO) == "bubblewrap does not run here: bwrap: No permissions to create new namespace"
    repo = repository.made(tmp_path / "repo")
    with pytest.raises(inputs.InputError, match=r"--sandbox require: bubblewrap does not run(.|\n)*rule(.|\n)*remedy"):
        review(repo, "HEAD", "HEAD", Wanted.REQUIRE)


@needs_one
def test_a_link_to_the_interpreter_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    sandbox._python.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        assert isinstance(HERE, sandbox.Sandbox)
        done = subprocess.run(
            HERE.command([sys.executable, "-I", "-c", "import json"]), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / "planted").exists()
    finally:
        sandbox._python.cache_clear()  # pyright: ignore[reportPrivateUsage]


def test_nothing_of_the_user_or_this_project_is_shown_to_a_side() -> None:
    shown = sandbox._python()  # pyright: ignore[reportPrivateUsage]
    for path in (ROOT, Path.home(), ROOT / ".git", Path("/"), Path("/etc")):
        assert not any(path.is_relative_to(each) for each in shown), path


def test_a_later_side_starts_when_nothing_of_the_earlier_one_runs(repo: Repository, tmp_path: Path) -> None:
    log = tmp_path / "log"
    repo.write(
        "__main__.py",
        "import time\nfor _ in range(3):\n    time.sleep(0.1)\n"
        f"    with open({str(log)!r}, 'a') as log: log.write(str(root)[-4:] + ' ')\n",
    )
    base = repo.commit()
    review(repo, base, base, Wanted.OFF)
    assert log.read_text(encoding="utf-8").split() == ["base"] * 3 + ["head"] * 3


def test_this_process_is_closed_to_others_while_it_reviews_and_not_afterwards() -> None:
    dumpable = ctypes.CDLL(None).prctl
    assert Workspace().run(lambda _: dumpable(3, 0, 0, 0, 0)) == 0
    assert dumpable(3, 0, 0, 0, 0) == 1


SLEEPS = f"import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{MARKER}'])"


def started(repo: Repository, temporary: Path, mode: Wanted) -> "subprocess.Popen[bytes]":
    """Start a review by the command line."""
    words = ["review", "--project", str(repo.root), "--base", "HEAD", "--head", "HEAD", "--sandbox", str(mode)]
    return subprocess.Popen(
        [sys.executable, "-m", "coursecloud", *words],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Started in a shell's background or by nohup, the tests ignore these, and so would the review.
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
    )


def wait_for_its_side(process: "subprocess.Popen[bytes]") -> None:
    while not _marked():
        assert process.poll() is None
        time.sleep(0.02)


@modes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_review_leaves_nothing_behind(
    repo: Repository, temporary: Path, number: int, mode: Wanted
) -> None:
    repo.write("__main__.py", SLEEPS)
    repo.commit()
    before = repo.untouched()
    process = started(repo, temporary, mode)
    try:
        wait_for_its_side(process)
        process.send_signal(number)
        assert process.wait(20) != 0
    finally:
        process.kill()
    assert marked() == []
    assert repo.untouched() == before
    assert list(temporary.iterdir()) == []


@modes
def test_ctrl_c_twice_at_any_moment_leaves_nothing_behind(repo: Repository, temporary: Path, mode: Wanted) -> None:
    before = repo.untouched()
    for moment in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2):
        process = started(repo, temporary, mode)
        time.sleep(moment)
        for _ in range(4):
            process.send_signal(signal.SIGINT)
            time.sleep(0.03)
        process.wait(20)
        assert marked() == []
        assert list(temporary.iterdir()) == []
    assert repo.untouched() == before


SPY = """
import signal, sys, tempfile
choose = tempfile._get_default_tempdir
def spy():
    print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), file=sys.stderr)
    return choose()
tempfile._get_default_tempdir = spy
from coursecloud.__main__ import main
main()
"""


def test_the_file_by_which_python_chooses_its_temporary_folder_is_made_while_signals_wait(repo: Repository) -> None:
    words = ["review", "--project", str(repo.root), "--base", "HEAD", "--head", "HEAD", "--sandbox", "off"]
    done = subprocess.run([sys.executable, "-c", SPY, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    (chosen,) = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert {"SIGINT", "SIGTERM", "SIGHUP"} <= set(re.findall(r"SIG\w+", chosen))


@modes
def test_a_review_that_is_killed_takes_its_sides_along_and_the_next_one_clears_up(
    repo: Repository, temporary: Path, mode: Wanted
) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.write("__main__.py", SLEEPS)
    repo.commit()
    process = started(repo, temporary, mode)
    wait_for_its_side(process)
    process.kill()
    process.wait()
    assert marked() == []
    assert len(list(temporary.iterdir())) == 1
    review(repo, base, base, mode)


def test_a_signal_in_any_line_and_another_while_it_cleans_up_leave_nothing_behind(temporary: Path) -> None:
    """Interrupt the making and the cleaning up of a workspace in each of their lines, one after the other."""
    ended: list[int] = []

    def end() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        ended.append(1)

    def work(space: Workspace) -> None:
        space.at_the_end(end)
        (space.folder / "file").write_text("x", encoding="utf-8")

    line, lines, interrupted = 0, 0, 0
    while line <= lines:
        line, lines = line + 1, 0

        def count(frame: FrameType, event: str, _: Any, line: int = line) -> Any:
            nonlocal lines
            if frame.f_code.co_filename != workspace.__file__:
                return None
            lines += event == "line"
            if event == "line" and lines == line:
                os.kill(os.getpid(), signal.SIGINT)
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            Workspace().run(work)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(before)
        assert list(temporary.iterdir()) == [], f"after line event {line}"
    assert interrupted >= line - 1 > 30
    assert len(ended) > 20
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_only_what_nobody_uses_is_cleared_up(temporary: Path) -> None:
    mine = temporary / f"{workspace.PREFIX}new"
    old = temporary / f"{workspace.PREFIX}old"
    others = temporary / "something-else"
    for folder in (mine, old, others):
        folder.mkdir()
    (temporary / f"{workspace.PREFIX}link").symlink_to(others)
    os.utime(old, (0, 0))
    os.utime(others, (0, 0))

    def work(space: Workspace) -> None:
        assert space.folder.is_dir()
        Workspace().run(lambda inner: inner.folder)
        assert space.folder.is_dir(), "the other review took a folder that is in use"

    work_done = Workspace().run(work)
    assert work_done is None
    assert {path.name for path in temporary.iterdir()} == {mine.name, others.name, f"{workspace.PREFIX}link"}
    for path in (mine, others):
        path.rmdir()
    (temporary / f"{workspace.PREFIX}link").unlink()
