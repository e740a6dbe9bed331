"""Who takes the exercises, and how each comes by its access token: as it does on Google."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google.auth.transport.requests
import requests
from google.auth import exceptions, identity_pool

from emulator import Emulator
from infra.names import Names
from tests.exercises.filled import GROUP, PROJECT, REPOSITORY, STACK

OWNER = "emulator-token"
ISSUER = "https://token.actions.githubusercontent.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MACHINE = "full-workbench"
PEOPLE = {"member": ("user:ada@example.com", GROUP), "stranger": ("user:eve@example.com",)}
ACCOUNTS = {
    "training": "training",
    "prediction": "prediction",
    "build": "builds",
    "deploying build": "deployer",
    "check": "checks",
    "service": "services",
}
"""What runs as an account of the stack, by the metadata server of where it runs."""

MAIN, PULL, TAG, BRANCH, OTHER = "refs/heads/main", "refs/pull/7/merge", "refs/tags/v1", "refs/heads/other", 987654321
_NAMED: dict[str, tuple[str, int, str, str]] = {
    "deploy": ("deploy", REPOSITORY, "push", MAIN),
    "preview": ("preview", REPOSITORY, "pull_request", PULL),
    "ci": ("ci", REPOSITORY, "push", MAIN),
    "ci-read": ("ci-read", REPOSITORY, "pull_request", PULL),
    "deploy of a pull request": ("deploy", REPOSITORY, "pull_request", PULL),
    "deploy of another branch": ("deploy", REPOSITORY, "push", BRANCH),
    "deploy of another repository": ("deploy", OTHER, "push", MAIN),
    "preview of another repository": ("preview", OTHER, "pull_request", PULL),
}

EVENTS: dict[str, tuple[str, str, frozenset[str]]] = {
    "a push to main": ("push", MAIN, frozenset({"deploy", "ci"})),
    "a push to another branch": ("push", BRANCH, frozenset()),
    "a tag": ("push", TAG, frozenset({"ci"})),
    "a release": ("release", TAG, frozenset({"ci"})),
    "a schedule": ("schedule", MAIN, frozenset({"ci"})),
    "a dispatch on main": ("workflow_dispatch", MAIN, frozenset({"ci"})),
    "a dispatch on a tag": ("workflow_dispatch", TAG, frozenset({"ci"})),
    "a dispatch on another branch": ("workflow_dispatch", BRANCH, frozenset()),
    "a pull request": ("pull_request", PULL, frozenset({"preview", "ci-read"})),
    "a closed pull request": ("pull_request", MAIN, frozenset({"preview", "ci-read"})),
    "the target of a pull request": ("pull_request_target", MAIN, frozenset()),
    "a comment": ("issue_comment", MAIN, frozenset()),
    "a workflow after another": ("workflow_run", MAIN, frozenset()),
    "a merge queue": ("merge_group", "refs/heads/gh-readonly-queue/main/pr-7", frozenset()),
    "a branch called as tags are": ("push", "refs/heads/refs/tags", frozenset()),
}
"""What starts a workflow: event and ref of its token, and which of the four accounts it may be
(https://docs.github.com/actions/reference/events-that-trigger-workflows, read 2026-11-28)."""
WORKFLOWS = _NAMED | {
    f"{account} by {what}": (account, REPOSITORY, event, ref)
    for what, (event, ref, _) in EVENTS.items()
    for account in ("deploy", "preview", "ci", "ci-read")
}
"""GitHub's workflows: the account that each asks for, of which repository, by which event and for which ref it runs."""

AGENTS = {
    "schedule": "compute-system",
    "build agent": "gcp-sa-cloudbuild",
    "run agent": "serverless-robot-prod",
    "vertex agent": "gcp-sa-aiplatform-cc",
}
"""Google's own: what stops machines at night, and what starts a build, a service or a job as the account it names."""

NAMES = Names(project=PROJECT, stack=STACK)


class NoTokenError(Exception):
    """Nobody hands this identity a token; the words say who refused."""


@dataclass(frozen=True)
class Identities:
    """All of them, on one emulator."""

    emulator: Emulator
    pool: str
    """The full name of the federation provider."""

    def token(self, who: str) -> str:
        """An access token, got as that identity gets one; NoTokenError where it gets none."""
        if who == "owner":
            return OWNER
        if who in PEOPLE:
            return self.emulator.token(*PEOPLE[who])
        if who in AGENTS:
            return self.emulator.token(self.member(who))
        return self._workflow(who) if who in WORKFLOWS else self._metadata(self.machine(who))

    def member(self, who: str) -> str:
        """As policies name it; of a workflow, the account that it asks for."""
        if who in PEOPLE:
            return PEOPLE[who][0]
        if who in AGENTS:
            number = self.emulator.world.projects[PROJECT].number
            return f"serviceAccount:service-{number}@{AGENTS[who]}.iam.gserviceaccount.com"
        name = WORKFLOWS[who][0] if who in WORKFLOWS else ACCOUNTS.get(who, "machines")
        return f"serviceAccount:{email(name)}"

    def groups(self, who: str) -> tuple[str, ...]:
        """The groups that it is in."""
        return PEOPLE.get(who, ("",))[1:]

    def machine(self, who: str) -> str:
        """Whose metadata server it asks: a machine's, or that of where the account runs."""
        return MACHINE if who == "machine" else email(ACCOUNTS[who])

    def _metadata(self, machine: str) -> str:
        path = "computeMetadata/v1/instance/service-accounts/default/token"
        answer = requests.get(
            f"{self.emulator.url}/_emulator/metadata/{machine}/{path}",
            headers={"Metadata-Flavor": "Google"},
            timeout=10,
        )
        if answer.status_code != 200:
            raise NoTokenError(answer.text)
        return str(answer.json()["access_token"])

    def _workflow(self, who: str) -> str:
        """By Google's own client: exchange GitHub's token, then ask for the account's."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "token")
            file.write_text(self.jwt(who), encoding="utf-8")
            credentials: Any = identity_pool.Credentials.from_info(  # pyright: ignore[reportUnknownMemberType]
                self.configuration(who, file), scopes=[SCOPE]
            )
            session = requests.Session()
            session.trust_env = False
            try:
                credentials.refresh(google.auth.transport.requests.Request(session))
            except exceptions.GoogleAuthError as refused:
                raise NoTokenError(str(refused)) from None
        return str(credentials.token)

    def configuration(self, who: str, token: Path) -> dict[str, Any]:
        """What google-github-actions/auth writes into the file of a workflow's credentials."""
        url = self.emulator.url
        account = email(WORKFLOWS[who][0])
        return {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{self.pool}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{url}/sts/v1/token",
            "service_account_impersonation_url": f"{url}/iamcredentials/v1/projects/-/serviceAccounts/"
            f"{account}:generateAccessToken",
            "credential_source": {"file": str(token)},
        }

    def jwt(self, who: str) -> str:
        """GitHub's token of a run; its signature is not looked at."""
        _, repository, event, ref = WORKFLOWS[who]
        now = self.emulator.world.time().timestamp()
        claims = {
            "iss": ISSUER,
            "aud": f"https://iam.googleapis.com/{self.pool}",
            # A repository may have GitHub put the event into it; here it tells the walkers apart.
            "sub": f"repo:example-group/example-repository:event_name:{event}:ref:{ref}",
            "repository_id": str(repository),
            "event_name": event,
            "ref": ref,
            "exp": now + 300,
        }
        parts = (json.dumps(each).encode() for each in ({"alg": "RS256"}, claims))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".x"


def email(name: str) -> str:
    """The address of an account of the stack."""
    return f"{NAMES.account(name)}@{PROJECT}.iam.gserviceaccount.com"
