"""What a repository would have written into it: each file's text, and what is left out and why."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Set
from typing import Any

import yaml

from coursecloud.plan import once
from coursecloud.starter import image_files, images, install
from coursecloud.starter.facts import Build, Facts
from coursecloud.starter.image_files import bare_name
from coursecloud.starter.rendering import PROJECT, hidden, project_files
from coursecloud.starter.repository import Repository
from coursecloud.starter.writer import BuiltImage, Contents, Writer
from infra import secrecy

JOB = "vertex_job{}.yaml"


def wanted(facts: Facts, repository: Repository) -> Contents:
    """Say what a repository needs for a stack."""
    made = _Writer(facts, repository)
    made.write()
    return made.contents


class _Writer(Writer):
    def write(self) -> None:
        facts, contents = self.facts, self.contents
        if facts.example:
            contents.notes.append(
                f"{facts.file} has the example's project id, and so have these files: put yours there, and run"
                " this again"
            )
        if self.project:
            self._project()
        service, training = image_files.service(self), image_files.training(self)
        for build in facts.builds:
            self._build(build, service, training)
        self._ignored()
        jobs = self._jobs(training)
        self._workflows(service, training, jobs)
        self._dvc()

    def _project(self) -> None:
        index = install.index(self.facts.gpu)
        gpu = index if self.facts.gpu else install.CUDA
        for path in project_files():
            self.put(
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

    # Builds.

    def _build(self, build: Build, service: BuiltImage | None, training: BuiltImage | None) -> None:
        facts = self.facts
        only_training = build.image == bare_name(facts.training_image) or service is None
        first = training if only_training else service
        if first is None:
            self.contents.notes.append(f"{build.path} is not written: the repository has nothing to put into an image")
            return
        second = None if only_training else training
        submits = build.deploys and training is not None and facts.trains
        state = "job" if submits and only_training and not build.services else "image" if only_training else "none"
        job_image = f"{facts.registry}/{facts.training_image}" if facts.training_image else ""
        self.put(
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
            commit_image=f"{facts.registry}/{bare_name(facts.training_image)}:$COMMIT_SHA",
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
        if beside := _beside(build.path, self.repository.paths):
            self.contents.notes.append(
                f"{beside} is yours and stays as it is; the stack builds by {build.path}: bring over what you need,"
                " and remove it"
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
        self.put(".gcloudignore", left=left)
        if not any(path.endswith(".dockerignore") for path in self.repository.paths - self.repository.written):
            self.put(".dockerignore", left=left)

    # Jobs and workflows.

    def _jobs(self, training: BuiltImage | None) -> dict[str, str]:
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
            self.put(path, "vertex_job.yaml", job=text, command=command, own=training is not None)
            paths[name] = path
        return paths

    def _workflows(self, service: BuiltImage | None, training: BuiltImage | None, jobs: Mapping[str, str]) -> None:
        facts, repository = self.facts, self.repository
        kind, _, name = facts.ref.removeprefix("refs/").partition("/")
        values: dict[str, Any] = {
            "ref": facts.ref,
            "on": {"heads": "branches", "tags": "tags"}[kind],
            # In GitHub's patterns a '+' repeats what is before it; YAML begins no plain text with '@'.
            "name": f"'{escaped}'" if (escaped := name.replace("+", "\\+")).startswith("@") else escaped,
            "ci": facts.account("ci"),
            "reader": facts.account("ci-read"),
        }
        pushed = [each for each in (service,) if each] if facts.ci and not facts.builds_on_push else []
        submit = _submit(facts, facts.builds[0].path) if facts.pushes and pushed else None
        data = facts.ci and repository.tracked
        ours, theirs = ".github/workflows/ci.yaml", ".github/workflows/ci.yml"
        if theirs in repository.paths:
            self.contents.notes.append(f"{theirs} is yours and stays as it is; ci.yaml beside it is not written")
        elif (tested := self._tested()) and not pushed and ours not in repository.written:
            self.contents.notes.append(f"{tested} runs the tests already: ci.yaml beside it is not written")
        elif self.tests or pushed:
            self.put(ours, data=data, pushed=pushed, submit=submit, **values)
        elif ours not in repository.paths:
            self.contents.notes.append(f"the repository has no tests: {ours} is not written")
        if not facts.ci:
            self.contents.notes.append(
                f"{facts.file} has no coursecloud:github: workflows have no identity in Google Cloud, and only"
                " test. With"
                " `coursecloud:github: {repositoryId: ...}` they also push images, pull data and submit training"
            )
            return
        if jobs and (training is not None or not facts.training_image):
            submits = {job: [*facts.submit(job), "--config=job.yaml"] for job in jobs}
            self.put(
                ".github/workflows/train.yaml",
                image=training,
                jobs=jobs,
                submits=submits,
                job_image=f"{facts.registry}/{facts.training_image}" if facts.training_image else "",
                **values,
            )
        self.contents.commands["tell GitHub the provider"] = once.tell_provider(facts.stack)

    def _tested(self) -> str | None:
        """Find a workflow of the group's own that runs tests when somebody pushes."""
        for path, text in self.repository.workflows.items():
            runs = re.search(r"\b(pytest|unittest|tox|nox)\b", text) and re.search(r"\b(push|pull_request)\b", text)
            if runs and path not in self.repository.written:
                return path
        return None

    def _dvc(self) -> None:
        there = self.repository.texts.get(".dvc/config", "").strip()
        if self.project or ".dvc/config" in self.repository.written or (self.repository.dvc and not there):
            self.put(".dvc/config", url=self.facts.commands["dvc remote"].split(" storage ")[1].split()[0])
        else:
            first = "" if self.repository.dvc else "dvc init && "
            self.contents.commands["tell DVC the bucket"] = first + self.facts.commands["dvc remote"]


def _beside(path: str, paths: Set[str]) -> str | None:
    """Find a file of the same name with another ending that Cloud Build takes too."""
    name = path.rpartition(".")[0]
    return next((each for ending in ("yaml", "yml", "json") if (each := f"{name}.{ending}") in paths - {path}), None)


def _submit(facts: Facts, path: str) -> list[str]:
    """Write the words that submit a build file, from the stack's own command."""
    line = facts.commands["build"]
    words = shlex.split(line[line.index("&& ") + 3 :])
    return [f"--config={path}" if word.startswith("--config=") else word for word in words]
