"""The Dockerfiles of a service and of training: those that a repository has, or new ones."""

from __future__ import annotations

import dataclasses
import re
import shlex

from coursecloud.starter import images, install
from coursecloud.starter.repository import Repository
from coursecloud.starter.writer import BuiltImage, Writer

TRAINING, SERVICE = "dockerfiles/train.dockerfile", "dockerfiles/api.dockerfile"


def _existing(writer: Writer, purpose: images.Purpose, name: str) -> images.Dockerfile | None:
    fitting = [each for each in writer.read.values() if images.purpose(each) == purpose]
    exact = [each for each in fitting if name and name in each.path.lower()]
    return next(iter(exact or fitting), None)


def service(writer: Writer) -> BuiltImage | None:
    """Find or write the Dockerfile of the service; None where the repository has nothing that serves."""
    repository, facts = writer.repository, writer.facts
    name = facts.builds[0].image if facts.builds[0].image != bare_name(facts.training_image) else "api"
    tags = tuple(
        dict.fromkeys(
            tag for each in facts.services if each.image for own, tag in [each.image.split(":", 1)] if own == name
        )
    )
    if found := _existing(writer, "service", name):
        return BuiltImage(name, found.path, images.context(repository, found), tags)
    found = ("src/digits/api.py", "app", "fastapi") if writer.project else repository.api
    if found is None:
        writer.contents.notes.append("no program that serves was found (FastAPI, Flask or Streamlit): no service image")
        return None
    how = install.plan(repository, None, project=writer.project)
    if how is None:
        writer.contents.notes.append(f"{found[0]} serves, and {_nothing_said(writer)}: no service image")
        return None
    path = facts.dockerfile_of(name) or _asked_for(writer) or SERVICE
    how = _with_server(repository, how, found[2]) if not writer.project else how
    writer.put(path, "dockerfiles/api.dockerfile", install=how, start=_start(*found), whole=_whole(writer, "cpu"))
    return BuiltImage(name, path, ".", tags)


def _asked_for(writer: Writer) -> str | None:
    """Give a Dockerfile that a trigger names and that neither is there nor is that of training."""
    training = writer.facts.dockerfile_of(bare_name(writer.facts.training_image))
    asked = (trigger.dockerfile for trigger in writer.facts.settings.builds.triggers.values())
    there = writer.repository.paths - writer.repository.written
    return next((each for each in asked if each and each != training and each not in there), None)


def training(writer: Writer) -> BuiltImage | None:
    """Find or write the Dockerfile of training; None where the stack trains by an image of somebody else's."""
    repository, facts = writer.repository, writer.facts
    if not facts.trains or not (image := facts.training_image):
        return None
    name, tag = image.split(":", 1)
    if found := _existing(writer, "training", "train"):
        return BuiltImage(name, found.path, images.context(repository, found), (tag,))
    program = "src/digits/train.py" if writer.project else repository.training
    if program is None:
        note = "no program that trains was found (train.py, train_model.py): no training image"
        if notebooks := sorted(path for path in repository.paths if path.endswith(".ipynb")):
            note += f"; `jupyter nbconvert --to script {shlex.quote(notebooks[0])}` makes one of a notebook"
        writer.contents.notes.append(note)
        return None
    how = install.plan(repository, facts.gpu, project=writer.project)
    if how is None:
        writer.contents.notes.append(f"{program} trains, and {_nothing_said(writer)}: no training image")
        return None
    path = facts.dockerfile_of(name) or TRAINING
    writer.put(
        path,
        "dockerfiles/train.dockerfile",
        install=how,
        program=program,
        gpu=facts.gpu_name,
        whole=_whole(writer, "gpu" if facts.gpu else "cpu"),
    )
    return BuiltImage(name, path, ".", (tag,))


def _whole(writer: Writer, extra: str) -> str:
    """Write what installs the repository itself, once all of it is in the image."""
    return f"uv sync --no-dev --extra {extra}" if writer.project else ""


def _nothing_said(writer: Writer) -> str:
    conda = next((path for path in ("environment.yml", "environment.yaml") if path in writer.repository.paths), None)
    if conda:
        return (
            f"{conda} is for conda, which these images do not have (its packages in a requirements.txt, by their"
            " names on PyPI: pytorch is torch there)"
        )
    return "nothing says what it needs (pyproject.toml or requirements.txt)"


def _start(path: str, variable: str, kind: str) -> str:
    """Write the command that serves on the port that Cloud Run names."""
    module = re.sub(r"/__init__$", "", path.removesuffix(".py").removeprefix("src/")).replace("/", ".")
    port = "${PORT:-8080}"
    program = shlex.quote(f"{module}:{variable}")
    return {
        "fastapi": f"uvicorn {program} --host 0.0.0.0 --port {port}",
        "flask": f"gunicorn {program} --bind 0.0.0.0:{port}",
        "streamlit": f"streamlit run {shlex.quote(path)} --server.address=0.0.0.0 --server.port={port}"
        " --server.headless=true",
    }[kind]


def _with_server(repository: Repository, how: install.Install, kind: str) -> install.Install:
    """Add the program that serves, where the repository does not name it."""
    server = {"fastapi": "uvicorn", "flask": "gunicorn"}.get(kind)
    lists = "".join(
        text for path, text in repository.texts.items() if path in ("pyproject.toml", repository.requirements)
    )
    if server is None or server in repository.depends or server in repository.locked or "fastapi[standard" in lists:
        return how
    # The environment that `uv sync` makes has no pip.
    line = f"uv pip install {server}" if how.ways else f"pip install --no-cache-dir {server}"
    return dataclasses.replace(how, runs=(*how.runs, line))


def bare_name(image: str | None) -> str:
    """Give an image's name without its tag; empty where there is no image."""
    return (image or "").partition(":")[0]
