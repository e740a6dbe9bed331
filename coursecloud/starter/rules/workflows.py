"""Workflows of GitHub: who they are in Google Cloud, and what they print and release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coursecloud.starter import lined, shell
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository
from coursecloud.starter.rules import commands, releases

_KEY = (
    "a key of a service account works for whoever has it, from anywhere, until somebody deletes it; the stack"
    " makes none"
)
_SECRET = re.compile(r"secrets\.(\w*(GCP|GCLOUD|GOOGLE|GCR|SA|SERVICE_ACCOUNT|CREDENTIAL|GDRIVE)\w*)", re.IGNORECASE)


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Hold each workflow against the rules."""
    for path, text in repository.workflows.items():
        made = lined.read(path, text, "GitHub runs nothing of it")
        yield from (made,) if isinstance(made, FileFinding) else _workflow(facts, path, made)


def _remedy(facts: Facts) -> str:
    if not facts.ci:
        return f"add `coursecloud:github: {{repositoryId: ...}}` to {facts.file}, and use workload_identity_provider"
    return (
        "workload_identity_provider: ${{ vars.GCP_WORKLOAD_IDENTITY_PROVIDER }} and service_account: "
        f"{facts.account('ci')}, with `permissions: id-token: write`; then delete the key"
    )


def _workflow(facts: Facts, path: str, made: dict[str, Any]) -> Iterator[FileFinding]:
    events = _events(made.get("on"))
    jobs = lined.mapping(made.get("jobs")) or {"": {"steps": lined.mapping(made.get("runs")).get("steps")}}
    for text in [each for part in (made, *map(lined.mapping, jobs.values())) for each in lined.texts(part.get("env"))]:
        if match := _SECRET.search(text):
            yield FileFinding(path, text.line, "key-in-workflow", "leaks", f"secrets.{match[1]}", _KEY, _remedy(facts))
    for job in map(lined.mapping, jobs.values()):
        rights = job.get("permissions", made.get("permissions"))
        for step in map(lined.mapping, lined.listed(job.get("steps"))):
            yield from _step(facts, path, step, events, rights, action="runs" in made)


def _events(on: Any) -> dict[str, int]:
    names = list(lined.mapping(on)) or lined.listed(on)
    return {str(name): lined.line_of(name) for name in names}


def _step(
    facts: Facts, path: str, step: dict[str, Any], events: dict[str, int], rights: Any, *, action: bool
) -> Iterator[FileFinding]:
    uses = step.get("uses", "")
    with_ = lined.mapping(step.get("with"))
    keyed = False
    for name in with_:
        if str(name) in ("credentials_json", "service_account_key", "service_account_json", "gcp_credentials") or (
            str(name) == "password" and "_json_key" in str(with_.get("username", ""))
        ):
            keyed = True
            yield FileFinding(path, lined.line_of(name), "key-in-workflow", "leaks", str(name), _KEY, _remedy(facts))
    for text in lined.texts(step.get("env")):
        if (match := _SECRET.search(text)) and not keyed:
            yield FileFinding(path, text.line, "key-in-workflow", "leaks", f"secrets.{match[1]}", _KEY, _remedy(facts))
    if str(uses).startswith("google-github-actions/auth") and with_.get("workload_identity_provider"):
        account = with_.get("service_account")
        if str(account) == facts.account("ci") and set(events) == {"pull_request"}:
            rule = "`ci` is for pushed code; a pull request is `ci-read`, which changes nothing"
            remedy = f"service_account: {facts.account('ci-read')}"
            yield FileFinding(path, lined.line_of(account), "wrong-identity", "fails", str(account), rule, remedy)
        yield from _identity(facts, path, lined.line_of(uses), events, rights, action=action)
    if str(uses).startswith("google-github-actions/deploy-cloudrun"):
        name = with_.get("service")
        yield from releases.service(facts, path, lined.line_of(name), str(name) if name else None)
        image = with_.get("image")
        yield from releases.deployed(path, lined.line_of(image), str(image or ""))
    run = step.get("run")
    if isinstance(run, lined.Lined):
        for command in shell.commands(run, run.line):
            if (match := _SECRET.search(command.text)) and not keyed:
                yield FileFinding(
                    path, command.line, "key-in-workflow", "leaks", f"secrets.{match[1]}", _KEY, _remedy(facts)
                )
                continue
            yield from commands.commands(
                facts, path, command, logged=True, secret="secrets." in str(step.get("env", ""))
            )


def _identity(
    facts: Facts,
    path: str,
    line: int,
    events: dict[str, int],
    rights: Any,
    *,
    action: bool,
) -> Iterator[FileFinding]:
    granted = lined.mapping(rights)
    if not action and not (granted.get("id-token") == "write" or str(rights) == "write-all"):
        rule = "GitHub hands an identity token only to a job that asks for it"
        yield FileFinding(
            path,
            line,
            "no-id-token",
            "fails",
            "no id-token: write",
            rule,
            "add `permissions: {contents: read, id-token: write}` to the job",
        )
    if not facts.ci:
        rule = f"{facts.file} has no coursecloud:github, and so no identity for workflows"
        yield FileFinding(
            path,
            line,
            "no-federation",
            "fails",
            "workload_identity_provider",
            rule,
            "add `coursecloud:github: {repositoryId: ...}`, and `make up`",
        )
        return
    for event in ("pull_request_target", "workflow_run", "issue_comment"):
        if event in events:
            rule = "Google refuses this event: it runs the default branch's workflow at a stranger's wish"
            yield FileFinding(
                path,
                events[event],
                "event-refused",
                "fails",
                event,
                rule,
                "use push, release, schedule, workflow_dispatch or pull_request",
            )
