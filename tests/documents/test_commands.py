"""The commands of README and of the documents, run as they stand there: in a clone, with a HOME and PATH of its own.

None of them reaches a cloud: what would is parsed (`test_documents.py`) or, in the long form, run on the emulator.
"""

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from coursecloud.plan import saved
from tests.documents.reading import Block, commands, forms
from tests.documents.test_documents import of
from tests.machine import FOUND
from tests.project import CHECKOUT, make
from tests.review.test_deployed import entry, exported

LONG = pytest.mark.skipif(not os.environ.get("COURSECLOUD_LONG"), reason="minutes: make rehearsal")
PULUMI = pytest.mark.skipif(
    not shutil.which("pulumi", path=FOUND.get("PATH")),
    reason="pulumi is not on PATH: https://www.pulumi.com/docs/install/",
)
GIVEN = {"NAME": "gpu", "FILE": "found.sarif", "DIR": "."}
"""What somebody writes in place of a word in capitals."""

ACTIVATES = [block for block in of("commands") if block.text.startswith(". ")]
RUN = [
    form
    for block in of("commands")
    if block not in ACTIVATES
    for each in commands(block)
    for form in forms(each.line)
    if form.startswith(("coursecloud ", ".venv/bin/"))
]
ON_THE_EMULATOR = [line for line in RUN if line.startswith("coursecloud rehearse")]


def given(line: str) -> str:
    return re.sub(r"\b[A-Z]+\b", lambda word: GIVEN.get(word[0], word[0]), line)


@dataclass(frozen=True)
class Clone:
    """A clone as somebody has it who has followed the README to the end, on a branch with a change."""

    root: Path
    home: Path

    def run(self, line: str, *, activated: bool = True) -> subprocess.CompletedProcess[str]:
        """Run what somebody types in a terminal, who may have activated `.venv` in it."""
        path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "coursecloud").exists()]
        path = [f"{self.root}/.venv/bin", *path] if activated else path
        return subprocess.run(
            ["/bin/sh", "-ec", given(line)],
            cwd=self.root,
            env={"HOME": str(self.home), "PATH": os.pathsep.join(path), "LANG": "C.UTF-8"},
            check=False,
            capture_output=True,
            text=True,
        )

    def git(self, *words: str) -> None:
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(
            ["git", *author, *words], cwd=self.root, env={**os.environ, "HOME": str(self.home)}, check=True,
            capture_output=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    folder = tmp_path_factory.mktemp("documents")
    found = Clone(make(folder / "clone"), folder / "home")
    found.home.mkdir()
    (found.root / "Pulumi.full.yaml").unlink()  # two stacks say the same, in less time
    for name in (".gitignore", "README.md"):
        shutil.copyfile(CHECKOUT / name, found.root / name)
    (found.root / ".venv").symlink_to(sys.prefix)
    found.git("init", "--quiet", "--initial-branch=main")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message=first")
    found.git("checkout", "--quiet", "-b", "smaller")
    stack = found.root / "Pulumi.gpu.yaml"
    shutil.copyfile(stack, found.root / "old.yaml")
    before = found.run("coursecloud plan --json --stack gpu").stdout
    text = stack.read_text(encoding="utf-8")
    stack.write_text(text.replace("n1-standard-4", "n1-highmem-2"), encoding="utf-8")
    assert stack.read_text(encoding="utf-8") != text
    found.git("commit", "--quiet", "--all", "--message=a smaller machine")
    (found.root / "before.json").write_text(before, encoding="utf-8")
    (found.root / "after.json").write_text(found.run("coursecloud plan --json --stack gpu").stdout, encoding="utf-8")
    deployed = json.dumps(exported(*map(entry, saved.read(json.loads(before)).resources)))
    deployed = deployed.replace("pulumi:full::", "pulumi:gpu::").replace("coursecloud-full", "coursecloud-gpu")
    (found.root / "state.json").write_text(deployed, encoding="utf-8")
    return found


def test_there_is_something_to_run() -> None:
    assert len(RUN) > 15
    assert len(set(RUN)) == len(RUN)
    assert len(ACTIVATES) == len(ON_THE_EMULATOR) == 1


def promised(words: list[str], printed: str, folder: Path) -> None:
    """Hold a command to the form that its options promise."""
    if "--json" in words:
        assert json.loads(printed)["version"]
    if "--csv" in words:
        head, *rows = csv.reader(printed.splitlines())
        assert head[0] == "stack"
        assert {row[0] for row in rows} >= {"dev", "gpu"}
    for option in ("--sarif", "--out"):
        if option in words:
            assert json.loads((folder / words[words.index(option) + 1]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", [line for line in RUN if line not in ON_THE_EMULATOR])
def test_a_command_does_what_the_document_says(line: str, clone: Clone) -> None:
    done = clone.run(line)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert (done.stdout + done.stderr).strip()
    promised(given(line).split(), done.stdout, clone.root)


@pytest.mark.parametrize("block", ACTIVATES, ids=str)
def test_in_a_new_terminal_the_command_is_there_once_it_is_activated(block: Block, clone: Clone) -> None:
    assert clone.run("coursecloud plan", activated=False).returncode == 127
    done = clone.run(block.text, activated=False)
    assert done.returncode == 0, done.stderr
    assert "stack dev" in done.stdout


def with_pulumi(clone: Clone) -> dict[str, str]:
    """Give an environment in which Pulumi's CLI and plugins are found, and nothing else of this machine."""
    own = {name: FOUND[name] for name in ("PULUMI_HOME",) if name in FOUND}
    own.setdefault("PULUMI_HOME", f"{FOUND.get('HOME', '')}/.pulumi")
    path = f"{clone.root}/.venv/bin{os.pathsep}{FOUND['PATH']}"
    return {**own, "HOME": str(clone.home), "PATH": path, "LANG": "C.UTF-8", "PULUMI_SKIP_UPDATE_CHECK": "true"}


@LONG
@PULUMI
@pytest.mark.parametrize("line", ON_THE_EMULATOR)
def test_a_rehearsal_comes_to_its_end(line: str, clone: Clone) -> None:
    done = subprocess.run(
        ["/bin/sh", "-ec", given(line)],
        cwd=clone.root,
        env=with_pulumi(clone),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@LONG
@PULUMI
@pytest.mark.parametrize("block", [block for block in of("sh") if "pulumi" in block.text], ids=str)
def test_the_script_for_plain_pulumi_leaves_nothing(block: Block, clone: Clone) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # What a person sees before they type the second line: the emulator serves.
    first, _, rest = block.text.replace("8080", port).partition("\n")
    script = f"{first}\nuntil curl -s -o /dev/null http://127.0.0.1:{port}/_emulator/state; do sleep 0.2; done\n{rest}"
    printed = clone.root.parent / "printed"
    with printed.open("wb") as output:
        run = subprocess.Popen(
            ["/bin/bash", "-ec", script],
            cwd=clone.root,
            env=with_pulumi(clone),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            assert run.wait(timeout=1800) == 0, printed.read_text(encoding="utf-8")
        finally:
            os.killpg(run.pid, signal.SIGTERM)  # the emulator, which would serve on
    assert printed.read_text(encoding="utf-8").endswith("[]")
