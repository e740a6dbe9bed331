"""A stack with every limit that its file can set, made, seen and taken down by people who may do nothing about billing.

IAM is enforced: each identity has its roles on the project, and none on the billing account.
"""

from __future__ import annotations

import datetime
import os
import subprocess
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from coursecloud.cli.application import app
from coursecloud.deploy import lifecycle
from emulator.environment import TOKEN
from infra.names import Names
from infra.settings.lease import Lease
from tests.e2e.conftest import PROJECT, Project, Record

MEMBER = "user:ada@example.com"
OWNER = {"Authorization": f"Bearer {TOKEN}"}
"""Of the billing account, and of all projects."""
TODAY = datetime.datetime.now(datetime.UTC).date()
LIMITS: dict[str, Any] = {
    "gcp:project": PROJECT,
    "gcp:region": "europe-west4",
    "coursecloud:lease": {
        "credit": {"amount": 50, "currency": "USD"},
        "starts": str(TODAY),
        "ends": str(TODAY + datetime.timedelta(days=25)),
        "timeZone": "Europe/Copenhagen",
        "workingHours": {"days": ["mon", "fri"], "start": "09:00", "end": "17:00"},
        "stopSchedule": "0 20 * * *",
        "maxPerHour": 3,
        "reserve": 2,
        "alerts": [0.25, 0.5, 0.9],
        "graceDays": 14,
    },
    "coursecloud:storage": {"data": {"keepNewest": 2}, "staging": {"days": 3}},
    "coursecloud:registry": {"keepNewest": 2, "deleteAfterDays": 14},
    "coursecloud:machines": {
        "workbench": {"maxRun": "8h"},
        "trainer": {"spot": True, "maxRun": "4h", "dataDisk": None},
    },
    "coursecloud:training": {"timeout": "2h", "waitForGpu": "1h", "atOnce": 1, "machineType": "g2-standard-4"},
    "coursecloud:services": {"demo": {"maxInstances": 1, "minInstances": 0, "timeout": "60s", "concurrency": 4}},
    "coursecloud:github": {"repositoryId": 123456789, "deploy": True},
}


def test_the_limits_below_are_all_that_a_lease_can_set() -> None:
    written: dict[str, Any] = LIMITS["coursecloud:lease"]
    assert set(written) == {field.alias or name for name, field in Lease.model_fields.items()}


def let_in(project: Project, member: str, role: str) -> None:
    """Grant a role on the project, as its creator does in the console."""
    url = f"{project.emulator.url}/cloudresourcemanager/v1/projects/{PROJECT}:"
    policy: dict[str, Any] = requests.post(f"{url}getIamPolicy", json={}, headers=OWNER, timeout=30).json()
    policy.setdefault("bindings", []).append({"role": role, "members": [member]})
    assert requests.post(f"{url}setIamPolicy", json={"policy": policy}, headers=OWNER, timeout=30).ok


def does(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    done = project.pulumi(*words, "--stack", "dev", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_every_limit_is_made_seen_and_taken_down_without_a_role_on_the_billing_account(
    project: Project, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    emulator = project.emulator
    emulator.enforce_iam = True
    let_in(project, MEMBER, "roles/owner")
    account = emulator.world.projects[PROJECT].billing_account
    # As its owner's `billing/` leaves it: both APIs on, and a budget that is none of the group's business.
    others = (f"{name}.googleapis.com" for name in ("billingbudgets", "cloudbilling", "logging"))
    emulator.world.projects[PROJECT].services.update(others)
    budgets = f"{emulator.url}/billingbudgets/v1/billingAccounts/{account}/budgets"
    made = {"displayName": "lease", "amount": {"specifiedAmount": {"units": "50"}}}
    assert requests.post(budgets, json=made, headers=OWNER, timeout=30).ok
    names = [name for name, value in os.environ.items() if value == TOKEN]
    assert names

    def become(member: str) -> None:
        token = emulator.token(member)
        for name in names:
            monkeypatch.setenv(name, token)
        assert requests.get(budgets, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code == 403

    def workflow(name: str) -> str:
        return f"serviceAccount:{Names(project=PROJECT, stack='dev').account(name)}@{PROJECT}.iam.gserviceaccount.com"

    become(MEMBER)
    project.stack_file("dev", LIMITS)
    does(project, "stack", "init")
    does(project, "up", "--yes", "--skip-preview")
    project.unchanged("dev")
    does(project, "refresh", "--yes", "--skip-preview")
    monkeypatch.chdir(project.root)
    (project.root / "coursecloud").mkdir()
    told = CliRunner().invoke(app, ["status", "--stack", "dev"], env={"NO_COLOR": "1"})
    assert told.exit_code == 0, told.output
    assert "billing.budgets.list" in told.output

    become(workflow("preview"))
    does(project, "preview", "--refresh", "--diff", "--expect-no-changes")

    become(workflow("deploy"))
    later = {"stopSchedule": "30 18 * * *", "maxPerHour": 4, "reserve": 3, "alerts": [0.5]}
    project.stack_file("dev", LIMITS | {"coursecloud:lease": LIMITS["coursecloud:lease"] | later})
    assert lifecycle.up(project.root, "dev", yes=True) == 0
    project.unchanged("dev")

    become(MEMBER)
    does(project, "destroy", "--yes", "--skip-preview")
    left = [each["name"] for each in emulator.remaining() if MEMBER not in str(each)]
    assert left == [requests.get(budgets, headers=OWNER, timeout=30).json()["budgets"][0]["name"]]
    asked = [call for call in emulator.requests if "as" in call]
    assert {call["as"] for call in asked} >= {MEMBER, workflow("preview"), workflow("deploy")}
    billing = [call for call in asked if any(str(need[0]).startswith("billing.") for need in call["needs"])]
    assert [call for call in billing if call["status"] < 300] == []
    refused = {(call["as"], call["id"]) for call in asked if call["status"] in (401, 403)}
    project.note(record_property, {"refused": sorted(refused)})
    assert {method for who, method in refused if who == MEMBER} == {"billingbudgets.billingAccounts.budgets.list"}
