"""A service whose image is a build's: the evening and the morning leave it what was deployed last."""

import json
import urllib.request
from typing import Any

import pytest

from tests.e2e.conftest import PROJECT, Project

STACK = "released"
HOME = f"europe-west1-docker.pkg.dev/{PROJECT}/{STACK}-docker/api"
SAMPLE = "us-docker.pkg.dev/cloudrun/container/hello"
SERVICE = f"run/v2/projects/{PROJECT}/locations/europe-west1/services/{STACK}-api"


def stack(*, keep: bool) -> dict[str, Any]:
    return {
        "gcp:project": PROJECT,
        "coursecloud:machines": {},
        "coursecloud:training": {"enabled": False},
        "coursecloud:registry": {"keep": keep},
        "coursecloud:builds": {
            "repository": {"owner": "a", "name": "b"},
            "triggers": {"release": {"branch": "^main$", "dockerfile": "D", "image": "api", "deploys": True}},
        },
        "coursecloud:services": {"api": {"deployedBy": "release"}},
    }


def ask(project: Project, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(  # noqa: S310
        f"{project.emulator.url}/{path}", data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def runs(project: Project) -> str:
    return str(ask(project, "GET", SERVICE)["template"]["containers"][0]["image"])


def build(project: Project, commit: str) -> None:
    """What the trigger's build does: push, release, and only then move the tag."""
    project.emulator.push({"image": f"{HOME}:{commit}", "size": 1000})
    service = ask(project, "GET", SERVICE)
    service["template"]["containers"][0]["image"] = f"{HOME}:{commit}"
    service["template"]["labels"] = {"client.knative.dev/nonce": "abc"}
    ask(project, "PATCH", SERVICE, service | {"client": "gcloud", "clientVersion": "500.0.0"})
    project.emulator.push({"image": f"{HOME}:deployed", "size": 1000})


def pulumi(project: Project, *words: str) -> str:
    done = project.pulumi(*words, "--stack", STACK, "--yes", "--skip-preview", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("keep", [True, False])
def test_the_morning_serves_what_was_deployed_last_where_the_registry_is_kept(project: Project, keep: bool) -> None:
    project.stack_file(STACK, stack(keep=keep))
    assert project.pulumi("stack", "init", STACK).returncode == 0
    assert "nobody has pushed" in pulumi(project, "up")
    assert runs(project) == SAMPLE

    build(project, "c0ffee")
    assert "nobody has pushed" not in pulumi(project, "up")
    assert runs(project) == f"{HOME}:c0ffee"
    pulumi(project, "refresh")
    # What the build has changed is known now, and is the build's.
    project.unchanged(STACK)
    pulumi(project, "up")
    assert runs(project) == f"{HOME}:c0ffee"

    pulumi(project, "destroy", *(["--exclude-protected"] if keep else []))
    said = pulumi(project, "up")
    assert runs(project) == (f"{HOME}:deployed" if keep else SAMPLE)
    assert ("nobody has pushed" in said) is not keep
