"""A group's process: its own log, home and lock; asked to stop once; found by whoever goes on after a kill."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from coursecloud.course.journal import Journal
from coursecloud.course.local import Local, root_of
from tests.project import CHECKOUT

GROUP = """
import json, os, pathlib, signal, sys, time
where, verb, stack = pathlib.Path(sys.argv[1]), *sys.argv[2:4]
def told(code, **more):
    print(json.dumps({"headline": f"{verb} {stack}", **more}))
    sys.exit(code)
def asked(*_):
    time.sleep(0.5)  # what Pulumi has begun, it ends
    (where / f"{stack}.ended").touch()
    told(130)
signal.signal(signal.SIGINT, asked)
print("working on", stack, os.environ["PULUMI_HOME"], file=sys.stderr, flush=True)
with open(where / "trace", "a") as trace:
    trace.write(f"{stack}\\n")
if stack == "bad":
    told(1, error={"message": "up of stack bad FAILED:", "mistakes": [{"what": "Bucket b", "rule": "Error 409"}]})
if stack == "mute":
    print("Traceback: no idea", file=sys.stderr); sys.exit(1)
(where / f"{stack}.begun").touch()
while stack.startswith("slow") and not (where / "go").exists():
    time.sleep(0.02)
told(0)
"""

RUNNER = """
import os, sys, pathlib
from coursecloud.course import engine
from coursecloud.course.journal import Journal
from coursecloud.course.local import Local
folder, group = pathlib.Path(sys.argv[1]), sys.argv[2]
journal = Journal(folder)
run = journal.same("up", {}) or journal.begin("up", {}, ["slow1", "quick", "slow2"])
line = lambda stack, verb: [sys.executable, group, str(folder), verb, stack]
local, stop = Local(folder, run.id, line, cwd=folder, environment=os.environ), engine.Stop()
patience = engine.Patience(tries=200, first=0.05, longest=0.05)
with journal.own(run.id), engine.stoppable(stop):
    engine.work(journal, run, local, at_once=2, patience=patience, stop=stop, interrupt=local.interrupt)
"""


@pytest.fixture
def group(tmp_path: Path) -> Path:
    path = tmp_path / "group.py"
    path.write_text(GROUP, encoding="utf-8")
    (tmp_path / "runner.py").write_text(RUNNER, encoding="utf-8")
    return path


def local(folder: Path, group: Path, run: int = 1) -> Local:
    Journal(folder)
    environment = {**os.environ, "HOME": str(folder / "home"), "PULUMI_HOME": ""}
    return Local(
        folder, run, lambda stack, verb: [sys.executable, str(group), str(folder), verb, stack], cwd=folder,
        environment=environment,
    )  # fmt: skip


def until(path: Path) -> None:
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path.name} never came")


def test_a_group_has_a_log_a_document_and_a_home_of_its_own(tmp_path: Path, group: Path) -> None:
    run = local(tmp_path, group)
    (tmp_path / "home/.pulumi/plugins").mkdir(parents=True)
    (tmp_path / "home/.pulumi/workspaces").mkdir()
    assert (run("one", "up").code, run("two", "up").told["headline"]) == (0, "up two")
    log = (run.logs / "one.log").read_text(encoding="utf-8")
    home = tmp_path / ".course/homes/one"
    assert f"working on one {home}" in log
    assert "two" not in log
    assert (home / "plugins").resolve() == tmp_path / "home/.pulumi/plugins"
    assert not (home / "workspaces").exists()


def test_why_it_failed_is_what_it_told_or_else_its_last_words(tmp_path: Path, group: Path) -> None:
    run = local(tmp_path, group)
    bad, mute = run("bad", "up"), run("mute", "up")
    assert bad.words.splitlines() == ["up of stack bad FAILED:", "Bucket b: Error 409"]
    assert not bad.again
    assert mute.words.endswith("Traceback: no idea")


def test_two_are_never_at_work_on_one_stack_whichever_run_they_are_of(tmp_path: Path, group: Path) -> None:
    import threading

    first = local(tmp_path, group)
    thread = threading.Thread(target=first, args=("slow", "up"))
    thread.start()
    until(tmp_path / "slow.begun")
    refused = local(tmp_path, group, run=2)("slow", "down")
    (tmp_path / "go").touch()
    thread.join()
    assert (refused.code, refused.again) == (2, True)
    assert "is being worked on by `up`" in refused.words
    assert (tmp_path / "trace").read_text(encoding="utf-8") == "slow\n"
    assert local(tmp_path, group, run=2)("slow", "down").code == 0


def runner(folder: Path, group: Path) -> "subprocess.Popen[bytes]":
    line = [sys.executable, str(folder / "runner.py"), str(folder), str(group)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "HOME": str(folder / "home")}
    return subprocess.Popen(line, env=environment, start_new_session=True)


def test_ctrl_c_waits_for_what_runs_and_the_same_command_goes_on(tmp_path: Path, group: Path) -> None:
    first = runner(tmp_path, group)
    until(tmp_path / "slow1.begun")
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 0
    assert (tmp_path / "slow1.ended").exists()  # in order, and not by force
    journal = Journal(tmp_path)
    assert {task.stack: task.state for task in journal.tasks(1)}["slow1"] == "waiting"
    (tmp_path / "go").touch()
    assert runner(tmp_path, group).wait(60) == 0
    assert journal.counts(1) == {"done": 3}


def test_after_kill_9_what_still_runs_is_waited_for_and_nothing_is_lost(tmp_path: Path, group: Path) -> None:
    first = runner(tmp_path, group)
    until(tmp_path / "slow2.begun")  # so `quick` is done and written down
    until(tmp_path / "slow1.begun")
    first.kill()
    first.wait(60)
    again = runner(tmp_path, group)
    time.sleep(1)
    trace = (tmp_path / "trace").read_text(encoding="utf-8").split()
    assert trace.count("slow1") == 1  # its process of the first runner is still there, and holds the lock
    (tmp_path / "go").touch()
    assert again.wait(60) == 0
    journal = Journal(tmp_path)
    assert journal.counts(1) == {"done": 3}
    trace = (tmp_path / "trace").read_text(encoding="utf-8").split()
    assert {stack: trace.count(stack) for stack in ("quick", "slow1")} == {"quick": 1, "slow1": 2}


def test_stack_files_of_another_folder_get_the_program_by_links_and_keep_their_state(tmp_path: Path) -> None:
    program, folder = tmp_path / "program", tmp_path / "course"
    folder.mkdir()
    (program / "infra").mkdir(parents=True)
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        (program / name).write_text(name, encoding="utf-8")
    (program / "starter").mkdir()
    (program / "starter/run.sh").write_text("x", encoding="utf-8")
    (folder / "Pulumi.g1.yaml").write_text("a", encoding="utf-8")
    (folder / "members.g1.yaml").write_text("- user:ada@example.com", encoding="utf-8")
    (folder / "members.g1.yaml").chmod(0o600)
    assert root_of(program, program) == program
    root = root_of(folder, program)
    assert sorted(path.name for path in root.iterdir()) == [
        ".pulumi-state", "Pulumi.g1.yaml", "Pulumi.yaml", "__main__.py", "infra", "members.g1.yaml", "starter"
    ]  # fmt: skip
    # The program reads neither by a link that leaves its folder.
    assert not (root / "members.g1.yaml").is_symlink()
    assert (root / "members.g1.yaml").stat().st_mode & 0o077 == 0
    assert not (root / "starter/run.sh").is_symlink()
    (root / "Pulumi.g1.yaml").write_text("encryptionsalt", encoding="utf-8")
    (root / ".pulumi-state/state.json").write_text("{}", encoding="utf-8")
    assert (folder / "Pulumi.g1.yaml").read_text(encoding="utf-8") == "encryptionsalt"
    assert json.loads((folder / ".pulumi-state/state.json").read_text(encoding="utf-8")) == {}
    (folder / "Pulumi.g1.yaml").unlink()
    (folder / "members.g1.yaml").unlink()
    root_of(folder, program)
    assert not (root / "Pulumi.g1.yaml").is_symlink()
    assert not (root / "members.g1.yaml").exists()


def test_a_group_s_process_ends_when_who_started_it_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import os, subprocess, sys, time
        from coursecloud.cli.commands.course.group import end_with
        if len(sys.argv) > 2:
            end_with(int(sys.argv[2]))
            open(sys.argv[1] + ".pid", "w").write(str(os.getpid()))
            time.sleep(60)
        else:
            subprocess.Popen([sys.executable, __file__, sys.argv[1], str(os.getpid())])
            time.sleep(60)
    """)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    line = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "child")]
    parent = subprocess.Popen(line, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, stderr=subprocess.DEVNULL)
    until(tmp_path / "child.pid")
    time.sleep(0.2)
    child = int((tmp_path / "child.pid").read_text(encoding="utf-8"))
    parent.kill()
    parent.wait(10)
    for _ in range(200):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("it ran on")
