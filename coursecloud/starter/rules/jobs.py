"""Files of training jobs: as whom a job runs, and whether its GPU is the stack's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coursecloud.starter import lined
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold each file of a job against the stack's training; one that is no YAML is no job."""
    if not facts.trains:
        return
    named = any(re.search(r"custom-jobs\s+create[^\n]*--service-account", text) for text in repository.texts.values())
    gpus = {_gpu(pool) for job in facts.jobs.values() for pool in _pools(job)} - {""}
    for path, text in repository.job_files.items():
        try:
            made = lined.mapping(lined.load(text))
        except lined.NotYamlError:
            continue
        pools = _pools(made)
        if pools and not named and not _said(made, "serviceAccount"):
            rule = "without one Vertex AI runs the job as an account of Google's, not as that of the stack's jobs"
            remedy = (
                f"add `serviceAccount: {facts.account('training')}`; `coursecloud commands train --stack"
                f" {facts.stack}` has the whole job"
            )
            line = lined.line_of(made)
            yield FileFinding(path, line, "job-account", "warns", "no serviceAccount", rule, remedy)
        for pool in pools:
            gpu = _gpu(pool)
            if gpu and gpu not in gpus:
                have = " and ".join(sorted(gpus)) or "no GPU"
                rule = (
                    f"the stack's jobs have {have}: nobody asks for the quota of this one, which is 0 in a new project,"
                    " and `coursecloud cost` does not count it"
                )
                remedy = f"write it into {facts.file} (training.gpu), and see `coursecloud commands quota`"
                yield FileFinding(path, lined.line_of(gpu), "job-gpu", "warns", gpu, rule, remedy)


def _said(values: dict[str, Any], name: str) -> Any:
    """Take a key as the API writes it, or as Python does."""
    return values.get(name) or values.get(re.sub(r"([A-Z])", lambda letter: f"_{letter[1].lower()}", name))


def _pools(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [lined.mapping(each) for each in lined.listed(_said(job, "workerPoolSpecs"))]


def _gpu(pool: dict[str, Any]) -> str:
    return _said(lined.mapping(_said(pool, "machineSpec")), "acceleratorType") or ""
