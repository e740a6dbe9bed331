"""What a repository would have written into it: each file's text, and what is left out and why."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from coursecloud.starter import images, install
from coursecloud.starter.facts import Build, Facts
from coursecloud.starter.rendering import PROJECT, hidden, project_files, rendered
from coursecloud.starter.repository import Repository
from infra import secrecy
from infra.builds import DOCKER, GCLOUD

TRAINING, SERVICE = "dockerfiles/train.dockerfile", "dockerfiles/api.dockerfile"
JOB = "vertex_job{}.yaml"


@dataclass
class Contents:
    """The files by path, and in words what else there is to know."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])
    commands: dict[str, str] = field(default_factory=dict[str, str])
    """What a person does once, by what it is for."""
    project: bool = False
    """Whether it is a whole repository, from nothing."""


@dataclass(frozen=True)
class Image:
    """An image that a build makes."""

    name: str
    dockerfile: str
    folder: str
    tags: tuple[str, ...]
    """Tags by which the stack itself names it, beside that of the commit."""


def wanted(facts: Facts, repository: Repository) -> Contents:
    """Say what a repository needs for a stack."""
    made = _Writer(facts, repository)
    made.write()
    return made.contents


class _Writer:
    def __init__(self, facts: Facts, repository: Repository):
        self.facts, self.repository = facts, repository
        self.project = repository.empty or "src/digits/train.py" in repository.written
        self.contents = Contents(project=self.project)
        self.python = "3.12" if self.project else install.python_version(repository)
        self.tests = install.line_of_tests(repository, project=self.project)
        read = images.read(repository)
        self.read = {path: each for path, each in read.items() if path not in repository.written}

    def write(self) -> None:
        facts, contents = self.facts, self.contents
        if facts.example:
            contents.notes.append(
                f"{facts.file} has the example's project id, and so have these files: put yours there, and run"
                " this again"
            )
        if self.project:
            self._project()
        service, training = self._service_image(), self._training_image()
        for build in facts.builds:
            self._build(build, service, training)
        self._ignored()
        jobs = self._jobs(training)
        self._workflows(service, training, jobs)
        self._dvc()

    def _put(self, path: str, template: str = "", **values: Any) -> None:
        facts = self.facts
        known = {"stack": facts.stack, "project": facts.project, "region": facts.region, "registry": facts.registry}
        common = {"python": self.python, "docker": DOCKER, "gcloud": GCLOUD, "tests": self.tests}
        self.contents.files[path] = rendered(template or hidden(path), known | common | values)

    def _project(self) -> None:
        index = install.index(self.facts.gpu)
        gpu = index if self.facts.gpu else install._CUDA  # pyright: ignore[reportPrivateUsage]
        for path in project_files():
            self._put(
                path,
                PROJECT + hidden(path),
                cpu=install.CPU,
                gpu=gpu,
                build=self.facts.builds[0].path,
                account=self.facts.account,
                buckets=self.facts.buckets,
                ci=self.facts.ci,
                trains=self.facts.trains,
                file=self.facts.file,
            )

    # Images.

    def _existing(self, purpose: images.Purpose, name: str) -> images.Dockerfile | None:
        fitting = [each for each in self.read.values() if images.purpose(each) == purpose]
        exact = [each for each in fitting if name and name in each.path.lower()]
        return next(iter(exact or fitting), None)

    def _service_image(self) -> Image | None:
        """Find or write the Dockerfile of the service; None where the repository has nothing that serves."""
        repository, facts = self.repository, self.facts
        name = facts.builds[0].image if facts.builds[0].image != _name(facts.training_image) else "api"
        tags = tuple(
            dict.fromkeys(
                tag for each in facts.services if each.image for own, tag in [each.image.split(":", 1)] if own == name
            )
        )
        if found := self._existing("service", name):
            return Image(name, found.path, images.context(repository, found), tags)
        found = ("src/digits/api.py", "app", "fastapi") if self.project else repository.api
        if found is None:
            self.contents.notes.append(
                "no program that serves was found (FastAPI, Flask or Streamlit): no service image"
            )
            return None
        how = install.plan(repository, None, project=self.project)
        if how is None:
            self.contents.notes.append(f"{found[0]} serves, and {self._nothing_said()}: no service image")
            return None
        path = facts.dockerfile_of(name) or self._asked_for() or SERVICE
        how = _with_server(repository, how, found[2]) if not self.project else how
        self._put(path, "dockerfiles/api.dockerfile", install=how, start=_start(*found), whole=self._whole("cpu"))
        return Image(name, path, ".", tags)

    def _nothing_said(self) -> str:
        conda = next((path for path in ("environment.yml", "environment.yaml") if path in self.repository.paths), None)
        if conda:
            return (
                f"{conda} is for conda, which these images do not have (its packages in a requirements.txt, by their"
                " names on PyPI: pytorch is torch there)"
            )
        return "nothing says what it needs (pyproject.toml or requirements.txt)"

    def _asked_for(self) -> str | None:
        """Give a Dockerfile that a trigger names and that neither is there nor is that of training."""
        training = self.facts.dockerfile_of(_name(self.facts.training_image))
        asked = (trigger.dockerfile for trigger in self.facts.settings.builds.triggers.values())
        there = self.repository.paths - self.repository.written
        return next((each for each in asked if each and each != training and each not in there), None)

    def _training_image(self) -> Image | None:
        """Find or write the Dockerfile of training; None where the stack trains by an image of somebody else's."""
        repository, facts = self.repository, self.facts
        if not facts.trains or not (image := facts.training_image):
            return None
        name, tag = image.split(":", 1)
        if found := self._existing("training", "train"):
            return Image(name, found.path, images.context(repository, found), (tag,))
        program = "src/digits/train.py" if self.project else repository.training
        if program is None:
            note = "no program that trains was found (train.py, train_model.py): no training image"
            if notebooks := sorted(path for path in repository.paths if path.endswith(".ipynb")):
                note += f"; `jupyter nbconvert --to script {shlex.quote(notebooks[0])}` makes one of a notebook"
            self.contents.notes.append(note)
            return None
        how = install.plan(repository, facts.gpu, project=self.project)
        if how is None:
            self.contents.notes.append(f"{program} trains, and {self._nothing_said()}: no training image")
            return None
        path = facts.dockerfile_of(name) or TRAINING
        self._put(
            path,
            "dockerfiles/train.dockerfile",
            install=how,
            program=program,
            gpu=facts.gpu_name,
            whole=self._whole("gpu" if facts.gpu else "cpu"),
        )
        return Image(name, path, ".", (tag,))

    def _whole(self, extra: str) -> str:
        """Write what installs the repository itself, once all of it is in the image."""
        return f"uv sync --no-dev --extra {extra}" if self.project else ""

    # Builds.

    def _build(self, build: Build, service: Image | None, training: Image | None) -> None:
        facts = self.facts
        only_training = build.image == _name(facts.training_image) or service is None
        first = training if only_training else service
        if first is None:
            self.contents.notes.append(f"{build.path} is not written: the repository has nothing to put into an image")
            return
        second = None if only_training else training
        submits = build.deploys and training is not None and facts.trains
        state = "job" if submits and only_training and not build.services else "image" if only_training else "none"
        job_image = f"{facts.registry}/{facts.training_image}" if facts.training_image else ""
        self._put(
            build.path,
            "cloudbuild.yaml",
            image=first,
            full=f"{facts.registry}/{build.image}",
            tags=() if build.services else first.tags,
            second=second,
            services=[each.name for each in build.services],
            submits=submits,
            training=state,
            gated=second is not None or submits,
            job=JOB.format(""),
            job_image=job_image,
            commit_image=f"{facts.registry}/{_name(facts.training_image)}:$COMMIT_SHA",
            submit=[*facts.submit(), "--config=/tmp/job.yaml"] if submits else [],
            triggers=build.triggers,
            by_hand=shlex.join(_submit(facts, build.path)) if facts.pushes else "",
            trainer=(training if only_training else second),
        )
        there = self.repository.texts.get(build.path)
        if build.services and there is not None and not re.search(r"run[\s\"',]+(deploy|services)", there):
            names = ", ".join(each.key for each in build.services)
            self.contents.notes.append(
                f"{build.path} is yours and releases nothing, while {facts.file} has it release {names}: `gcloud run"
                " deploy` is what is looked for; remove the file and run this again for one that does"
            )
        if not build.triggers:
            self.contents.notes.append(
                f"no trigger of {facts.file} names {build.path}: it is for `gcloud builds submit`; see"
                " `coursecloud explain"
                " builds` for one that a push starts, and that deploys"
            )
        for each in facts.services:
            if not each.deployed_by:
                self.contents.notes.append(
                    f"service {each.key} has no `deployedBy` in {facts.file}: no build releases it, and it"
                    " runs what its"
                    " `image` says"
                )

    def _ignored(self) -> None:
        copied = {
            source.strip("./").split("/")[0]
            for each in self.read.values()
            for stage in each.stages
            for instruction in stage.instructions
            if instruction.name in ("COPY", "ADD")
            for source in images.sources(instruction)
        }
        # What git has of data and models, an image may need.
        kept = {path.split("/")[0] for path in self.repository.paths if re.search(r"/(?!\.git)[^/]+(?<!\.dvc)$", path)}
        left = [name for name in ("data", "models") if name not in copied | kept]
        left += [name for name in ("notebooks", "reports") if name not in copied]
        self._put(".gcloudignore", left=left)
        if not any(path.endswith(".dockerignore") for path in self.repository.paths - self.repository.written):
            self._put(".dockerignore", left=left)

    # Jobs and workflows.

    def _jobs(self, training: Image | None) -> dict[str, str]:
        """Write the files of the training jobs; gives their paths by the jobs' names."""
        facts = self.facts
        if not facts.trains:
            return {}
        paths: dict[str, str] = {}
        for name, job in facts.jobs.items():
            path = JOB.format(f"-{name}" if name else "")
            if secrecy.hidden(job) != job:
                self.contents.notes.append(
                    f"{path} is not written: `training` of {facts.file} has what looks like a secret, and a job's"
                    " configuration is readable by everyone who sees the job; name it under coursecloud:secrets instead"
                )
                continue
            text = yaml.safe_dump(job, sort_keys=False, width=120)
            command = shlex.join([*facts.submit(name), f"--config={path}"])
            self._put(path, "vertex_job.yaml", job=text, command=command, own=training is not None)
            paths[name] = path
        return paths

    def _workflows(self, service: Image | None, training: Image | None, jobs: Mapping[str, str]) -> None:
        facts, repository = self.facts, self.repository
        kind, _, name = facts.ref.removeprefix("refs/").partition("/")
        values: dict[str, Any] = {
            "ref": facts.ref,
            "on": {"heads": "branches", "tags": "tags"}[kind],
            "name": name,
            "ci": facts.account("ci"),
            "reader": facts.account("ci-read"),
        }
        pushed = [each for each in (service,) if each] if facts.ci and not facts.builds_on_push else []
        submit = _submit(facts, facts.builds[0].path) if facts.pushes and pushed else None
        data = facts.ci and repository.tracked
        theirs = ".github/workflows/ci.yml"
        if theirs in repository.texts:
            self.contents.notes.append(f"{theirs} is yours and stays as it is; ci.yaml beside it is not written")
        elif self.tests or pushed:
            self._put(".github/workflows/ci.yaml", data=data, pushed=pushed, submit=submit, **values)
        elif ".github/workflows/ci.yaml" not in repository.paths:
            self.contents.notes.append("the repository has no tests: .github/workflows/ci.yaml is not written")
        if not facts.ci:
            self.contents.notes.append(
                f"{facts.file} has no coursecloud:github: workflows have no identity in Google Cloud, and only"
                " test. With"
                " `coursecloud:github: {repositoryId: ...}` they also push images, pull data and submit training"
            )
            return
        if jobs and (training is not None or not facts.training_image):
            submits = {job: [*facts.submit(job), "--config=job.yaml"] for job in jobs}
            self._put(
                ".github/workflows/train.yaml",
                image=training,
                jobs=jobs,
                submits=submits,
                job_image=f"{facts.registry}/{facts.training_image}" if facts.training_image else "",
                **values,
            )
        self.contents.commands["tell GitHub the provider"] = (
            f'gh variable set GCP_WORKLOAD_IDENTITY_PROVIDER --body "$(pulumi stack output github --stack {facts.stack}'
            ' --json | python3 -c \'import json, sys; print(json.load(sys.stdin)["workloadIdentityProvider"])\')"'
        )

    def _dvc(self) -> None:
        there = self.repository.texts.get(".dvc/config", "").strip()
        if self.project or ".dvc/config" in self.repository.written or (self.repository.dvc and not there):
            self._put(".dvc/config", url=self.facts.commands["dvc remote"].split(" storage ")[1].split()[0])
        else:
            first = "" if self.repository.dvc else "dvc init && "
            self.contents.commands["tell DVC the bucket"] = first + self.facts.commands["dvc remote"]


def _submit(facts: Facts, path: str) -> list[str]:
    """Write the words that submit a build file, from the stack's own command."""
    line = facts.commands["build"]
    words = shlex.split(line[line.index("&& ") + 3 :])
    return [f"--config={path}" if word.startswith("--config=") else word for word in words]


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


def _name(image: str | None) -> str:
    return (image or "").partition(":")[0]
