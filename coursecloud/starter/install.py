"""How a repository's packages get into an image: its own way, with the PyTorch that the image's machine needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog import tables
from coursecloud.starter.repository import Repository

CPU = "https://download.pytorch.org/whl/cpu"
"""PyTorch without CUDA: 200 MB instead of several GB."""

CUDA = "https://download.pytorch.org/whl/cu126"
_NEWER_CUDA = "https://download.pytorch.org/whl/cu128"
_NEWER = re.compile(r"b200|b300|gb200|rtx-pro-6000")
"""Of GPUs, those of Blackwell: CUDA 12.6 has no code for them. The builds for CUDA 12.8 have none for Volta (V100) and
older (PyTorch's releases; as known on 2026-11-28, and not looked up). Drivers from 525 on run every CUDA 12."""
_FIRST = (2, 6)
"""PyTorch's first release for CUDA 12.6; for older ones the build on PyPI is one with CUDA."""

_PYTHONS = ("3.12", "3.11", "3.13", "3.10", "3.14")
"""Versions of Python, best first: those for which every package has wheels before the newest."""


def index(gpu: tables.GpuModel | None) -> str:
    """Give the index with the PyTorch for a GPU, or for none.

    >>> index(tables.gpu("V100"))
    'https://download.pytorch.org/whl/cu126'
    """
    if gpu is None:
        return CPU
    return _NEWER_CUDA if _NEWER.search(gpu.name) else CUDA


@dataclass(frozen=True)
class Install:
    """The lines of a Dockerfile that install a repository's packages."""

    copies: tuple[str, ...]
    """The files that they need, for COPY."""
    runs: tuple[str, ...]
    """What is run, one RUN each."""
    ways: tuple[str, ...] = ()
    """Folders to put in front of PATH."""


def cpu_index(repository: Repository) -> tuple[str, int] | None:
    """Find where the repository asks for PyTorch without CUDA: file and line; None where it does not."""
    for path in ("pyproject.toml", "uv.toml", *repository.matching(r"(.*/)?requirements[\w./-]*\.(txt|in)")):
        for number, line in enumerate(repository.texts.get(path, "").split("\n"), 1):
            if line.lstrip().startswith("#"):
                continue
            if re.search(r"whl/cpu\b|\btorch\w*\s*==\s*[\d.]+\+cpu|torch-backend\s*=\s*[\"']cpu", line):
                return path, number
    return None


def python_version(repository: Repository) -> str:
    """Choose the version of Python for the images: the repository's own, or the best that it takes."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if match := re.match(r"\s*(3\.\d+)", repository.texts.get(".python-version", "")):
        return match[1]
    asked = str(repository.said("project").get("requires-python", "") or "")
    poetry = repository.said("tool", "poetry", "dependencies").get("python", "")
    asked = asked or re.sub(r"\^(3\.\d+)", r">=\1,<4", str(poetry))
    try:
        allowed = SpecifierSet(asked)
    except InvalidSpecifier:
        return _PYTHONS[0]
    # `>3.11.4` and `==3.11.*` mean the newest of 3.11.
    return next((each for each in _PYTHONS if allowed.contains(f"{each}.99", prereleases=True)), _PYTHONS[0])


def plan(repository: Repository, gpu: tables.GpuModel | None, *, project: bool = False) -> Install | None:
    """Say how to install what the repository depends on; None where nothing says what that is.

    `project` is the repository that is written from nothing, with its own extras for CPU and GPU.
    """
    if project:
        extra = "gpu" if gpu else "cpu"
        return Install(
            ("pyproject.toml", "uv.loc[k]"),
            ("pip install --no-cache-dir uv", f"uv sync --no-dev --no-install-project --extra {extra}"),
            (".venv/bin",),
        )
    own = _own(repository, gpu)
    wheels = index(gpu)
    if "uv.lock" in repository.texts and "pyproject.toml" in repository.texts:
        files = ("pyproject.toml", "uv.lock")
        if own is None:
            runs = ("pip install --no-cache-dir uv", "uv sync --frozen --no-dev --no-install-project")
            return Install(files, runs, (".venv/bin",))
        left = " ".join(f"--prune {name}" for name in own)
        export = (
            f"uv export --quiet --frozen --no-dev --no-emit-project --no-hashes {left} --output-file /tmp/locked.txt"
        )
        runs = (
            "pip install --no-cache-dir uv",
            _torch(repository, own, wheels),
            export,
            "pip install --no-cache-dir --requirement /tmp/locked.txt",
        )
        return Install(files, runs)
    if repository.said("project"):
        before = (_torch(repository, own, wheels),) if own else ()
        sources = " --no-sources" if own else ""
        runs = (
            *before,
            "pip install --no-cache-dir uv",
            f"uv pip install --system --no-cache{sources} --requirements pyproject.toml",
        )
        return Install(("pyproject.toml",), runs)
    if file := repository.requirements:
        before = (_torch(repository, own, wheels),) if own else ()
        return Install((file,), (*before, f"pip install --no-cache-dir --requirement {file}"))
    if repository.said("tool", "poetry"):
        # pip does not read where Poetry would take a package from.
        before = (_torch(repository, _of_torch(repository), wheels),) if repository.torch else ()
        return Install((), (*before, "pip install --no-cache-dir ."))
    return None


def _own(repository: Repository, gpu: tables.GpuModel | None) -> list[str] | None:
    """List the packages that have to come from PyTorch's own index; None where the repository's own way fits."""
    if not repository.torch:
        return None
    without_cuda = cpu_index(repository) is not None or any(
        "whl/cpu" in source or version.endswith("+cpu") for version, source in repository.locked.values()
    )
    # Without an index of its own it takes PyPI's build, whose CUDA may be newer than the GPU or its driver.
    return None if gpu is None and without_cuda else _of_torch(repository)


def _of_torch(repository: Repository) -> list[str]:
    """List the packages of PyTorch that a repository names, itself or in what is locked; without one, PyTorch."""
    names = ("torch", "torchvision", "torchaudio")
    return [name for name in names if name in repository.depends or name in repository.locked] or ["torch"]


def _torch(repository: Repository, names: list[str], wheels: str) -> str:
    """Write the line that installs PyTorch from its own index, in the repository's version."""
    asked: list[str] = []
    for name in names:
        locked = repository.locked.get(name, ("", ""))[0].partition("+")[0]
        said = re.sub(r"\s+", "", repository.depends.get(name, "")).partition("+")[0]
        version = f"=={locked}" if locked else said if re.match(r"[=<>!~]", said) else ""
        if wheels != CPU:
            # The newest releases are not made for every CUDA: the newest there is, up to the one that is asked for.
            version = re.sub(r"^==", "<=", version)
        asked.append(f'"{name}{version}"' if version else name)
    exact = repository.locked.get("torch", ("", ""))[0] or repository.depends.get("torch", "")
    old = re.search(r"^(?:==)?\s*(\d+)\.(\d+)", exact)
    if wheels != CPU and old and (int(old[1]), int(old[2])) < _FIRST:
        return f"pip install --no-cache-dir {' '.join(asked)}".replace("<=", "==")
    return f"pip install --no-cache-dir {' '.join(asked)} --index-url {wheels}"


def line_of_tests(repository: Repository, *, project: bool = False) -> str | None:
    """Write the shell line that installs what the tests need and runs them; None without tests.

    Tests run on machines without a GPU, so that PyTorch comes without CUDA.
    """
    if project:
        return "pip install --quiet uv && uv run --extra cpu pytest"
    if not repository.tests:
        return None
    run = f"pytest {repository.tests}"
    if "uv.lock" in repository.texts:
        return f"pip install --quiet uv && uv run --frozen --all-groups --with pytest {run}"
    cpu = f" --extra-index-url {CPU}" if repository.torch else ""
    if repository.said("project"):
        extras = repository.said("project", "optional-dependencies")
        extra = next((each for each in ("dev", "test", "tests") if each in extras), None)
        return f"pip install --quiet pytest '.{f'[{extra}]' if extra else ''}'{cpu} && python -m {run}"
    if repository.said("tool", "poetry"):
        return f"pip install --quiet pytest .{cpu} && python -m {run}"
    parts = [file for file in (repository.requirements, *_dev(repository)) if file]
    if parts:
        named = " ".join(f"--requirement {file}" for file in parts)
        return f"pip install --quiet pytest {named}{cpu} && PYTHONPATH=.:src python -m {run}"
    return None


def _dev(repository: Repository) -> list[str]:
    names = ("requirements_dev.txt", "requirements-dev.txt", "requirements_tests.txt", "requirements-test.txt")
    return [name for name in names if name in repository.texts]
