"""How packages get into an image: the repository's own way, and PyTorch as the image's machine needs it."""

from pathlib import Path

import pytest

from catalog import tables
from coursecloud.starter import install, starting
from coursecloud.starter.repository import Repository

LOCK = """\
version = 1
[[package]]
name = "torch"
version = "2.7.0+cpu"
source = { registry = "https://download.pytorch.org/whl/cpu" }
"""
PYPI = (
    'version = 1\n[[package]]\nname = "torch"\nversion = "2.15.0"\nsource = { registry = "https://pypi.org/simple" }\n'
)
PROJECT = '[project]\nname = "a"\nrequires-python = "{}"\ndependencies = ["torch>=2.5", "numpy"]\n'
CPU_INDEX = '[[tool.uv.index]]\nname = "cpu"\nurl = "https://download.pytorch.org/whl/cpu"\n'


def of(tmp_path: Path, **texts: str) -> Repository:
    named = {
        "pyproject": "pyproject.toml",
        "lock": "uv.lock",
        "requirements": "requirements.txt",
        "python": ".python-version",
    }
    return starting.with_written(Repository(tmp_path), {named[name]: text for name, text in texts.items()})


def runs(repository: Repository, gpu: str = "") -> list[str]:
    made = install.plan(repository, tables.gpu(gpu) if gpu else None)
    assert made is not None
    return [line for line in made.runs if line != "pip install --no-cache-dir uv"]


@pytest.mark.parametrize(
    ("gpu", "index"),
    [("", "cpu"), ("T4", "cu126"), ("V100", "cu126"), ("L4", "cu126"), ("RTX-PRO-6000", "cu128"), ("B200", "cu128")],
)
def test_each_gpu_has_the_cuda_that_it_runs(gpu: str, index: str) -> None:
    assert install.index(tables.gpu(gpu) if gpu else None).endswith(f"/{index}")


def test_a_lock_without_cuda_is_taken_as_it_is_where_there_is_no_gpu(tmp_path: Path) -> None:
    assert runs(of(tmp_path, pyproject=PROJECT.format(">=3.11"), lock=LOCK)) == [
        "uv sync --frozen --no-dev --no-install-project"
    ]


def test_for_a_gpu_all_is_taken_from_the_lock_but_pytorch_and_what_only_it_needs(tmp_path: Path) -> None:
    first, export, rest = runs(of(tmp_path, pyproject=PROJECT.format(">=3.11"), lock=LOCK), "T4")
    # The newest releases are not made for every CUDA: the newest there is, up to the locked one.
    assert first == 'pip install --no-cache-dir "torch<=2.7.0" --index-url https://download.pytorch.org/whl/cu126'
    assert "--prune torch" in export
    assert rest == "pip install --no-cache-dir --requirement /tmp/locked.txt"


def test_a_lock_with_cuda_gets_none_where_there_is_no_gpu(tmp_path: Path) -> None:
    first, *_ = runs(of(tmp_path, pyproject=PROJECT.format(">=3.11"), lock=PYPI))
    assert first == 'pip install --no-cache-dir "torch==2.15.0" --index-url https://download.pytorch.org/whl/cpu'


def test_without_a_lock_uv_s_own_sources_are_left_out_for_a_gpu(tmp_path: Path) -> None:
    repository = of(tmp_path, pyproject=PROJECT.format(">=3.11") + CPU_INDEX)
    assert runs(repository) == ["uv pip install --system --no-cache --requirements pyproject.toml"]
    first, rest = runs(repository, "T4")
    assert first.endswith('"torch>=2.5" --index-url https://download.pytorch.org/whl/cu126')
    assert "--no-sources" in rest


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (
            "torch==2.8.0",
            'pip install --no-cache-dir "torch<=2.8.0" --index-url https://download.pytorch.org/whl/cu126',
        ),
        ("torch==2.2.0", 'pip install --no-cache-dir "torch==2.2.0"'),  # PyPI's own is one with CUDA 12
        ("torch", "pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cu126"),
    ],
)
def test_requirements_for_a_gpu(line: str, first: str, tmp_path: Path) -> None:
    assert runs(of(tmp_path, requirements=f"{line}\nnumpy\n"), "T4")[0] == first


def test_without_pytorch_nothing_is_added(tmp_path: Path) -> None:
    assert runs(of(tmp_path, requirements="numpy\n"), "T4") == [
        "pip install --no-cache-dir --requirement requirements.txt"
    ]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (">=3.11", "3.12"),
        (">=3.10,<3.12", "3.11"),
        ("==3.10.*", "3.10"),
        (">3.12.4", "3.12"),
        (">=3.13", "3.13"),
        ("no", "3.12"),
    ],
)
def test_the_python_of_an_image_is_one_that_the_repository_takes(asked: str, chosen: str, tmp_path: Path) -> None:
    assert install.python_version(of(tmp_path, pyproject=PROJECT.format(asked))) == chosen


def test_a_python_that_is_named_is_taken(tmp_path: Path) -> None:
    assert install.python_version(of(tmp_path, python="3.13.1\n")) == "3.13"


def test_nothing_says_what_is_needed(tmp_path: Path) -> None:
    assert install.plan(of(tmp_path), None) is None
