"""A group's own repository as it is: its files, read within bounds, and what they say about how it is built."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from coursecloud.common import project
from coursecloud.plan.nested import listed, mapping
from coursecloud.starter import listing
from coursecloud.starter.kept import kept

MOST = 20_000
"""Files of a repository that are looked at."""

_READ = frozenset({
    ".py", ".yaml", ".yml", ".toml", ".txt", ".json", ".cfg", ".ini", ".sh", ".bash", ".env", ".dockerfile", ".tf",
    ".ipynb", ".dvc", ".lock", ".mk", ".pem", ".key", ".p12", ".conf",
})  # fmt: skip
_NAMED = frozenset(
    {"makefile", "justfile", "procfile", ".gitignore", ".gcloudignore", ".dockerignore", ".python-version"}
)
_OWN_FILES = re.compile(r"(?i)(readme|licen[cs]e|copying|\.gitignore|\.gitattributes|\.gitkeep)(\.\w+)?")
"""What a host puts into a new repository."""


@dataclass(frozen=True)
class Unread:
    """A file that was not read, and why."""

    path: str
    why: str


class Repository:
    """The files of a folder by their paths in it, with '/' between; `texts` holds those that people write."""

    def __init__(self, root: Path):
        self.root = root
        self.texts: dict[str, str] = {}
        self.unread: list[Unread] = []
        self.versioned = False
        """Whether git keeps the folder: it is in a repository, which does not ignore it."""
        self.paths = self._paths()
        for path in sorted(self.paths):
            if _is_text(path):
                self._read(path)

    def _paths(self) -> set[str]:
        listed, self.versioned = listing.listed(self.root)
        found: set[str] = set()
        for path in listed:
            parts = PurePosixPath(path).parts
            if not listing.SKIPPED.isdisjoint(parts[:-1]) or not os.path.lexists(self.root / path):
                continue
            file = self.root / path
            if file.is_dir() and not file.is_symlink():
                why = "it is a repository of its own (a submodule): run this there, too, if it is built"
                self.unread.append(Unread(path.rstrip("/"), why))
                continue
            found.add(path)
            if len(found) >= MOST:
                self.unread.append(Unread(".", f"there are more than {MOST:,} files; the others were not looked at"))
                break
        # An environment of the group's may stand in the same repository: its files are not what is built.
        inner = {str(PurePosixPath(path).parent) for path in found if PurePosixPath(path).name == "Pulumi.yaml"}
        inner = {folder for folder in inner if folder != "." and project.find(self.root / folder) == self.root / folder}
        return {path for path in found if not any(path.startswith(f"{folder}/") for folder in inner)}

    def _read(self, path: str) -> None:
        file = self.root / path
        if file.is_symlink():
            self.unread.append(Unread(path, "it is a link"))
            return
        if not file.is_file():
            return
        try:
            self.texts[path] = listing.text_of(file)
        except UnicodeDecodeError:
            self.unread.append(Unread(path, "it is not UTF-8 text"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            if not path.endswith((".ipynb", ".json", ".txt", ".lock")):  # such are often data
                self.unread.append(Unread(path, why or "it cannot be read"))

    def has(self, path: str) -> bool:
        """Say whether there is a file or a folder of a path."""
        return path in self.paths or any(each.startswith(f"{path.rstrip('/')}/") for each in self.paths)

    def matching(self, pattern: str) -> dict[str, str]:
        """Give the texts whose paths match a pattern, whole and in any case."""
        known = re.compile(pattern, re.IGNORECASE)
        return {path: text for path, text in self.texts.items() if known.fullmatch(path)}

    @property
    def empty(self) -> bool:
        """Say whether there is nothing but what a host puts into a new repository."""
        return all("/" not in path and _OWN_FILES.fullmatch(path) for path in self.paths)

    @cached_property
    def written(self) -> frozenset[str]:
        """The files that an earlier run has written, by their paths."""
        return frozenset(kept(self.root))

    # What there is.

    @cached_property
    def dockerfiles(self) -> dict[str, str]:
        """The Dockerfiles, by path."""
        return self.matching(r"(.*/)?(dockerfile(\.[\w.-]+)?|[\w.-]+\.dockerfile)(?<!dockerignore)")

    @cached_property
    def build_files(self) -> dict[str, str]:
        """The build files of Cloud Build, by path."""
        named = self.matching(r"(.*/)?[\w.-]*cloud[_-]?build[\w.-]*\.(ya?ml|json)")
        like = {
            path: text
            for path, text in self.matching(r"[^.].*\.ya?ml").items()
            if re.search(r"(?m)^steps:", text)
            and re.search(r"(?m)^\s*-?\s*name:\s*['\"]?[\w.-]+[/\w.-]*", text)
            and not re.search(r"(?m)^(jobs|on|workerPoolSpecs):", text)
        }
        return named | like

    @cached_property
    def workflows(self) -> dict[str, str]:
        """The workflows and actions of GitHub, by path."""
        return self.matching(r"\.github/(workflows/[^/]+|actions/.*/action)\.ya?ml")

    @cached_property
    def job_files(self) -> dict[str, str]:
        """The files that describe a job of Vertex AI, by path."""
        found = {**self.matching(r"[^.].*\.ya?ml"), **self.matching(r"[^.].*\.json")}
        return {path: text for path, text in found.items() if re.search(r"workerPoolSpecs|machineSpec|imageUri", text)}

    @property
    def dvc(self) -> bool:
        """Say whether it uses DVC."""
        return self.has(".dvc")

    @cached_property
    def tracked(self) -> bool:
        """Say whether DVC has data of it."""
        return self.dvc and any(path.endswith(".dvc") or PurePosixPath(path).name == "dvc.lock" for path in self.paths)

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """What pyproject.toml says; empty where there is none that can be read."""
        try:
            return tomllib.loads(self.texts.get("pyproject.toml", ""))
        except tomllib.TOMLDecodeError:
            return {}

    @cached_property
    def package(self) -> str | None:
        """The folder of the group's package: src/NAME, or NAME beside pyproject.toml; None without one."""
        inits = [PurePosixPath(path) for path in self.paths if path.endswith("/__init__.py")]
        folders = sorted(str(each.parent) for each in inits if "test" not in each.parts[0])
        inside = [each for each in folders if each.startswith("src/") and each.count("/") == 1]
        return next(iter(inside), None) or next((each for each in folders if "/" not in each and each != "src"), None)

    @cached_property
    def training(self) -> str | None:
        """Path of the program that trains; None where none is found."""
        wanted = re.compile(r"(.*/)?(train|train_model|training|trainer|run_train\w*)\.py")
        found = [path for path in self.texts if wanted.fullmatch(path) and "test" not in path]
        return min(found, key=lambda path: ("src/" not in path, path.count("/"), len(path)), default=None)

    @cached_property
    def api(self) -> tuple[str, str, str] | None:
        """The program that serves: its path, the variable of its application, and the kind; None without one."""
        found: list[tuple[int, str, str, str]] = []
        for path, text in self.texts.items():
            if not path.endswith(".py") or re.search(r"(^|/)tests?[_/]|_test\.py", path):
                continue
            if match := re.search(r"(?m)^(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:fastapi\.)?FastAPI\(", text):
                found.append((0, path, match[1], "fastapi"))
            elif match := re.search(r"(?m)^(\w+)\s*=\s*(?:flask\.)?Flask\(", text):
                found.append((1, path, match[1], "flask"))
            elif re.search(r"(?m)^\s*(import streamlit|from streamlit)", text):
                found.append((2, path, "", "streamlit"))
        if not found:
            return None
        _, path, variable, kind = min(found, key=lambda each: (each[0], each[1].count("/"), len(each[1]), each[1]))
        return path, variable, kind

    @cached_property
    def tests(self) -> str | None:
        """The folder of tests; None without one."""
        for folder in ("tests", "test"):
            if any(re.search(rf"^{folder}/(.*/)?(test_\w+|\w+_test)\.py$", path) for path in self.paths):
                return folder
        return None

    @cached_property
    def requirements(self) -> str | None:
        """The file of requirements; None without one."""
        return next((name for name in ("requirements.txt", "requirements/base.txt") if name in self.texts), None)

    def said(self, *keys: str) -> Mapping[str, Any]:
        """Give a table of pyproject.toml; an empty one where it has none, or something else there."""
        at: Any = self.pyproject
        for key in keys:
            at = mapping(at).get(key)
        return mapping(at)

    @cached_property
    def depends(self) -> dict[str, str]:
        """What it depends on: the name of each package with the rest of its line."""
        lists = [
            self.said("project").get("dependencies"),
            *self.said("project", "optional-dependencies").values(),
            *self.said("dependency-groups").values(),
        ]
        lines = [each for found in lists for each in listed(found) if isinstance(each, str)]
        lines += [
            f"{name} {value if isinstance(value, str) else ''}"
            for name, value in self.said("tool", "poetry", "dependencies").items()
        ]
        for text in self.matching(r"(.*/)?requirements[\w./-]*\.(txt|in)").values():
            lines += text.split("\n")
        found: dict[str, str] = {}
        for each in lines:
            if match := re.match(r"\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*([^;#]*)", each):
                found.setdefault(re.sub(r"[-_.]+", "-", match[1]).lower(), match[2].strip())
        return found

    @cached_property
    def torch(self) -> bool:
        """Say whether it depends on PyTorch, itself or by what is built on it."""
        return any(name in self.depends for name in ON_TORCH)

    @cached_property
    def locked(self) -> dict[str, tuple[str, str]]:
        """The packages of uv.lock: version and where it comes from."""
        try:
            made = tomllib.loads(self.texts.get("uv.lock", ""))
        except tomllib.TOMLDecodeError:
            return {}
        found: dict[str, tuple[str, str]] = {}
        for each in map(mapping, listed(made.get("package"))):
            source = str(mapping(each.get("source")).get("registry", ""))
            found[str(each.get("name", ""))] = (str(each.get("version", "")), source)
        return found


ON_TORCH = ("torch", "torchvision", "torchaudio", "pytorch-lightning", "lightning", "timm", "ultralytics", "fastai")
"""Packages that bring PyTorch, or are it."""


def _is_text(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return (
        PurePosixPath(name).suffix in _READ
        or name in _NAMED
        or name.startswith(("dockerfile", ".env"))
        or path in (".dvc/config", ".dvc/.gitignore")
    )
