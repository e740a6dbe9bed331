"""A group's own bucket and repository in a stack: used as they are, never changed, there after every end."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from coursecloud.deploy.consent import StoppedError
from tests.e2e.conftest import PROJECT, Project

BUCKET = {
    "name": "our-own-data",
    "location": "US",
    "versioning": {"enabled": True},
    "labels": {"who": "us"},
    "website": {"mainPageSuffix": "index.html"},
    "cors": [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 3}],
    "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 400}}]},
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "inherited"},
}
REPOSITORY = {"format": "DOCKER", "labels": {"who": "us"}, "description": "ours", "cleanupPolicyDryRun": True}
PLACE = f"/artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
CONFIG: dict[str, Any] = {
    "gcp:project": PROJECT,
    "coursecloud:machines": {},
    "coursecloud:team": {"members": ["user:ada@example.com"]},
}
ADOPTS = CONFIG | {
    "coursecloud:storage": {"keep": True, "data": {"existing": "our-own-data"}},
    "coursecloud:registry": {"existing": "our-images"},
}
THEIRS = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}


def ask(project: Project, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    request = urllib.request.Request(project.emulator.url + path, data=data, method=method, headers=headers)  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def found(project: Project) -> Any:
    """All that Google says of what is the group's own but the policies, which have etags of their own."""
    return [
        ask(project, "GET", "/storage/v1/b/our-own-data"),
        ask(project, "GET", "/storage/v1/b/our-own-data/o?versions=true"),
        ask(project, "GET", f"{PLACE}/our-images"),
    ]


def granted(project: Project) -> list[Any]:
    """Who is let in on the bucket."""
    return ask(project, "GET", "/storage/v1/b/our-own-data/iam").get("bindings", [])


@pytest.fixture
def theirs(project: Project) -> Project:
    services = ("storage", "artifactregistry")
    project.emulator.world.projects[PROJECT].services.update(f"{name}.googleapis.com" for name in services)
    ask(project, "POST", f"/storage/v1/b?project={PROJECT}", BUCKET)
    ask(project, "POST", f"{PLACE}?repositoryId=our-images", REPOSITORY)
    for _ in range(2):
        ask(project, "POST", "/upload/storage/v1/b/our-own-data/o?uploadType=media&name=work.csv", {"rows": 1})
    ask(project, "PUT", "/storage/v1/b/our-own-data/iam", {"bindings": [THEIRS]})
    return project


def test_what_is_adopted_is_as_it_was_after_every_command(theirs: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = found(theirs)
    theirs.stack_file("x", ADOPTS)
    assert lifecycle.up(theirs.root, "x", yes=True) == 0
    said = capsys.readouterr().out
    assert "adopted    Bucket data" in said
    assert "OPENED" not in said, "who is let in on the group's own is the group's to say"
    theirs.unchanged("x")
    assert "user:ada@example.com" in json.dumps(granted(theirs))
    assert "allUsers" in json.dumps(granted(theirs))

    # What the group sets itself is no news to the stack, and nothing puts it back.
    ask(theirs, "PATCH", "/storage/v1/b/our-own-data", {"versioning": {"enabled": False}, "labels": {"who": "me"}})
    changed = found(theirs)
    assert lifecycle.up(theirs.root, "x", yes=True) == 0
    assert "versioning" not in capsys.readouterr().out
    assert found(theirs) == changed

    for end in (lambda: lifecycle.down(theirs.root, "x", yes=True), lambda: lifecycle.finish(theirs.root, "x")):
        assert end() == 0
        said = capsys.readouterr().out
        assert "stays   the group's own, untouched: our-own-data, our-images" in said
        assert "deleted    Bucket data" not in said
        assert found(theirs) == changed
        assert granted(theirs) == [THEIRS], "the stack's grants went with it, and no other"
        assert lifecycle.up(theirs.root, "x", yes=True) == 0
        capsys.readouterr()
    assert before[1] == changed[1]


def test_plain_pulumi_leaves_it_too(theirs: Project) -> None:
    before = found(theirs)
    theirs.stack_file("x", ADOPTS | {"coursecloud:storage": {"data": {"existing": "our-own-data"}}})
    assert lifecycle.up(theirs.root, "x", yes=True) == 0
    done = theirs.pulumi("destroy", "--yes", "--stack", "x", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr
    assert found(theirs) == before
    assert granted(theirs) == [THEIRS]
    assert lifecycle.down(theirs.root, "x", yes=True) == 0, "nothing of the stack is left"


def test_a_bucket_with_work_goes_for_an_own_one_only_by_name_and_comes_back_empty(theirs: Project) -> None:
    own = f"/upload/storage/v1/b/{PROJECT}-x-data/o?uploadType=media&name=a.csv"
    theirs.stack_file("x", CONFIG)
    assert lifecycle.up(theirs.root, "x", yes=True) == 0
    ask(theirs, "POST", own, {"rows": 1})
    before = found(theirs)
    theirs.stack_file("x", ADOPTS | {"coursecloud:storage": {"data": {"existing": "our-own-data"}}})
    with pytest.raises(StoppedError, match="--lose data"):
        lifecycle.up(theirs.root, "x", yes=True)
    assert "a.csv" in json.dumps(theirs.emulator.state())
    assert lifecycle.up(theirs.root, "x", yes=True, lose=["data", "docker"]) == 0
    assert "a.csv" not in json.dumps(theirs.emulator.state())
    assert found(theirs) == before
    theirs.unchanged("x")

    theirs.stack_file("x", CONFIG)
    assert lifecycle.up(theirs.root, "x", yes=True) == 0
    theirs.unchanged("x")
    assert found(theirs) == before
    assert granted(theirs) == [THEIRS]
    assert lifecycle.finish(theirs.root, "x") == 0
    assert found(theirs) == before
