"""The repository that is written from nothing works: its own tests pass, which kill a training and go on with it.

With PyTorch where it is installed (`make test-starter`), else with the linear model of scikit-learn.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from coursecloud.starter import rendering, starting
from tests.project import CHECKOUT
from tests.starter.repositories import look

TORCH = os.environ.get("COURSECLOUD_TORCH", "")
"""A Python with PyTorch and what else the repository needs."""
HADOLINT = (shutil.which("hadolint", path=str(Path(TORCH).parent)) or "") if TORCH else ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("from-nothing")
    starting.write(made, look("group", made))
    return made


def tried(folder: Path, python: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "AIP_"))}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_its_own_tests_pass(folder: Path) -> None:
    done = tried(folder, sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout.splitlines()[-1]


def test_a_training_that_forgets_where_it_was_is_seen_by_them(folder: Path) -> None:
    train = folder / "src" / "digits" / "train.py"
    text = train.read_text(encoding="utf-8")
    try:
        train.write_text(text.replace("learner.restore(state)\n            progress", "progress"), encoding="utf-8")
        assert train.read_text(encoding="utf-8") != text
        done = tried(folder, sys.executable, "tests/test_train.py", "-k", "goes_on")
    finally:
        train.write_text(text, encoding="utf-8")
    assert done.returncode == 1, done.stdout


@pytest.mark.skipif(
    not TORCH, reason="PyTorch is not installed; `make test-starter` installs it, 200 MB from its own index"
)
def test_its_own_tests_pass_with_pytorch(folder: Path) -> None:
    kind = subprocess.run(
        [TORCH, "-c", "from digits import model; print(model.make().kind)"],
        env={**os.environ, "PYTHONPATH": str(folder / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert kind.stdout.strip() == "torch"
    done = tried(folder, TORCH)
    assert done.returncode == 0, done.stdout + done.stderr


MEANT = {
    "DL3013": "an image has the newest packages that the repository takes; its lock says which",
    "DL3025": "a shell fills $PORT in, and `exec` takes its place",
    "DL3059": "a layer of PyTorch's is kept while the other packages change",
}
"""What hadolint says of the Dockerfiles that are written, and why it is so."""


@pytest.mark.skipif(not HADOLINT, reason="hadolint is not installed; `make test-starter` installs it")
@pytest.mark.parametrize("stack", ["group", "sweep", "two"])
def test_a_linter_finds_in_a_dockerfile_what_is_meant_and_no_more(stack: str, tmp_path: Path) -> None:
    starting.write(tmp_path, look(stack, tmp_path))
    files = sorted(tmp_path.rglob("*.dockerfile"))
    assert files
    ignored = [word for rule in MEANT for word in ("--ignore", rule)]
    done = subprocess.run([HADOLINT, *ignored, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    with files[0].open("a", encoding="utf-8") as file:
        file.write("RUN cd /tmp && apt-get install curl\n")
    assert subprocess.run([HADOLINT, *ignored, files[0]], capture_output=True, check=False).returncode == 1


def test_what_its_code_imports_is_what_it_depends_on(folder: Path) -> None:
    said = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    known = {line.split(">=")[0] for line in said["project"]["dependencies"]}
    assert known == {"fastapi", "google-cloud-storage", "numpy", "scikit-learn", "uvicorn"}
    assert {name for extra in said["project"]["optional-dependencies"].values() for name in extra} == {"torch>=2.6"}
    indexes = {each["name"]: each["url"].rpartition("/")[2] for each in said["tool"]["uv"]["index"]}
    assert indexes == {"pytorch-cpu": "cpu", "pytorch-gpu": "cu126"}


def test_every_template_is_a_file_of_the_package() -> None:
    folder = rendering.TEMPLATES
    assert folder.is_relative_to(CHECKOUT) or importlib.util.find_spec("coursecloud")
    listed = rendering.project_files()
    assert {"src/digits/train.py", ".gitignore", ".dvc/.gitignore", "tests/test_train.py"} <= set(listed)
    assert not list(folder.rglob(".*"))
