"""A state that a group shares in a bucket: the engine keeps it, its locks and its history on the emulator."""

import datetime
import json
import socket
import subprocess
import urllib.request
from typing import Any

import pytest

from coursecloud.deploy import lifecycle
from tests.e2e.conftest import Project

BUCKET = "rehearsal-state"
LOCK = ".pulumi/locks/organization/coursecloud/dev/other.json"


def ask(project: Project, path: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(f"{project.emulator.url}/{path}", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def kept(project: Project) -> set[str]:
    listed = ask(project, f"storage/v1/b/{BUCKET}/o?prefix=.pulumi/")
    return {item["name"] for item in listed.get("items", [])}


def lock(project: Project, **whose: Any) -> None:
    """Let somebody hold the lock of the stack, as Pulumi writes it down."""
    now = datetime.datetime.now(datetime.UTC).isoformat()
    body = json.dumps({"username": "other", "timestamp": now, **whose})
    ask(project, f"upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={LOCK}", body.encode())


@pytest.mark.long
def test_a_stack_lives_with_its_state_in_a_bucket(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # The bucket is there before the stack, in a project of its own: the stack's own project stays bare.
    project.emulator.world.add_project("state-project", enabled=["storage.googleapis.com"])
    ask(project, "storage/v1/b?project=state-project", json.dumps({"name": BUCKET}).encode())
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"gs://{BUCKET}")
    assert lifecycle.up(project.root, "dev", yes=True) == 0
    state = ".pulumi/stacks/coursecloud/dev.json"
    assert state in kept(project)
    assert not list((project.root / ".pulumi-state").rglob("dev.json"))
    project.unchanged("dev")
    assert not [name for name in kept(project) if "/locks/" in name]

    # Of another computer nobody here knows whether the process still runs.
    lock(project, hostname="elsewhere", pid=1)
    refused = project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
    assert refused.returncode != 0
    assert "locked by 1 lock" in refused.stdout + refused.stderr
    before = project.pulumi("stack", "export", "--stack", "dev").stdout
    with pytest.raises(lifecycle.RefusedError, match=r"(?s)worked on by other on elsewhere, process 1, since.*cancel"):
        lifecycle.up(project.root, "dev", yes=True)
    assert LOCK in kept(project)
    assert project.pulumi("stack", "export", "--stack", "dev").stdout == before
    assert project.pulumi("cancel", "--yes", "--stack", "dev").returncode == 0
    assert LOCK not in kept(project)

    # Of this one it is known: what has died holds nothing up.
    with subprocess.Popen(["true"]) as died:
        pass
    lock(project, hostname=socket.gethostname(), pid=died.pid)
    assert lifecycle.up(project.root, "dev", yes=True) == 0
    assert not [name for name in kept(project) if "/locks/" in name]

    assert project.pulumi("destroy", "--yes", "--stack", "dev").returncode == 0
    left = [r for r in project.emulator.remaining() if not r["name"].startswith(f"b/{BUCKET}")]
    assert left == []
