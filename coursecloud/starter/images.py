"""Which Dockerfile of a repository is of what, and from which folder it is built."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from coursecloud.starter import dockerfile
from coursecloud.starter.dockerfile import Dockerfile, Instruction
from coursecloud.starter.repository import Repository

Purpose = Literal["service", "training"]

SERVERS = (
    "uvicorn",
    "gunicorn",
    "fastapi",
    "streamlit",
    "flask",
    "bentoml",
    "gradio",
    "hypercorn",
    "granian",
    "waitress",
)
"""Programs that answer requests."""
_SERVES = re.compile(rf"\b({'|'.join(SERVERS)})\b|\b(api|app|server|serve|main_api|frontend|backend)\.py\b")
_TRAINS = re.compile(r"train", re.IGNORECASE)
_SERVICE_NAME = re.compile(r"(?i)(api|app|serv|backend|server|web|front|streamlit|ui|infer|predict|deploy)")


def read(repository: Repository) -> dict[str, Dockerfile]:
    """Read the Dockerfiles of a repository, by path."""
    return {path: dockerfile.parse(path, text) for path, text in sorted(repository.dockerfiles.items())}


def started(file: Dockerfile) -> list[Instruction]:
    """List what the image runs: ENTRYPOINT and CMD."""
    return [each for name in ("ENTRYPOINT", "CMD") if (each := file.last(name))]


def purpose(file: Dockerfile) -> Purpose | None:
    """Say what an image is for, by what it runs, else by its name."""
    ran = " ".join(each.text for each in started(file))
    name = PurePosixPath(file.path).as_posix()
    if _SERVES.search(ran):
        return "service"
    if _TRAINS.search(ran) or _TRAINS.search(name):
        return "training"
    if _SERVICE_NAME.search(name) or file.last("EXPOSE"):
        return "service"
    return None


def sources(each: Instruction) -> list[str]:
    """List what a COPY or ADD takes from the folder that is built, not from another stage or an address."""
    words = each.form or each.text.split()
    if any(word.startswith("--from") for word in words) or "<<" in each.text:
        return []
    plain = [word for word in words if not word.startswith("--")]
    return [word for word in plain[:-1] if not re.match(r"https?://|git@", word) and "$" not in word]


def there(repository: Repository, source: str, folder: str) -> bool:
    """Say whether a repository has what a COPY names."""
    path = f"{folder}/{source}" if folder != "." else source
    path = re.sub(r"^(\./|/)+", "", path).rstrip("/")
    path = re.sub(r"/\./", "/", path)
    if path in ("", ".") or path.endswith("/."):
        return True
    if not re.search(r"[*?\[]", path):
        return repository.has(path)
    pattern = re.compile(_glob(path))
    return any(pattern.fullmatch(part) for each in repository.paths for part in _upwards(each))


def _upwards(path: str) -> list[str]:
    return [path, *(str(each) for each in PurePosixPath(path).parents)]


def _glob(path: str) -> str:
    made = re.escape(path).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.sub(r"\\\[(.*?)\\\]", r"[\1]", made)


def context(repository: Repository, file: Dockerfile) -> str:
    """Say from which folder an image is built: the repository's, or its own where that has more of what it copies."""
    own = str(PurePosixPath(file.path).parent)
    if own == ".":
        return "."
    copied = [
        source
        for stage in file.stages
        for each in stage.instructions
        if each.name in ("COPY", "ADD")
        for source in sources(each)
    ]
    named = [each for each in copied if not re.search(r"[*?\[]", each) and each not in (".", "./")]
    if not named:
        return "."

    def found(folder: str) -> int:
        return sum(there(repository, each, folder) for each in named)

    return own if found(own) > found(".") else "."
