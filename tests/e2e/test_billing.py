"""The budget of a group's lease, by the owner of the billing account, beside the group's own stack."""

import base64
import json
import shutil
import subprocess
import urllib.request
from decimal import Decimal
from typing import Any

from coursecloud.deploy import billed
from coursecloud.deploy.cloud import Cloud
from emulator.services.billing import ACCOUNT as FORM
from tests.e2e.conftest import PROJECT, Project
from tests.project import CHECKOUT

MEMBER = "user:ada@example.com"
GROUP = {
    "gcp:project": PROJECT,
    "coursecloud:machines": {},
    "coursecloud:training": {"enabled": False},
    "coursecloud:team": {"members": [MEMBER]},
    "coursecloud:lease": {
        "credit": {"amount": 50, "currency": "USD"},
        "starts": "2026-11-23",
        "ends": "2026-12-18",
    },
}


def get(project: Project, path: str) -> Any:
    request = urllib.request.Request(f"{project.emulator.url}/{path}")  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def test_a_budget_is_made_beside_the_groups_stack_and_goes_by_itself(project: Project) -> None:
    account = project.emulator.world.projects[PROJECT].billing_account
    assert FORM.fullmatch(account)
    project.stack_file("dev", GROUP)
    for name in ("billing", "coursecloud"):
        shutil.copytree(CHECKOUT / name, project.root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def pulumi(*words: str, at: str = "billing") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *words, "--stack", "dev", "--non-interactive"],
            cwd=project.root / at,
            capture_output=True,
            text=True,
            check=False,
        )

    def does(*words: str, at: str = "billing") -> str:
        done = pulumi(*words, at=at)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    does("stack", "init")
    refused = pulumi("preview")
    assert refused.returncode != 0
    assert "three times six signs" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr

    does("config", "set", "account", account)
    does("up", "--yes", "--skip-preview")
    does("preview", "--expect-no-changes")
    does("refresh", "--preview-only", "--expect-no-changes")
    (made,) = get(project, f"billingbudgets/v1/billingAccounts/{account}/budgets")["budgets"]
    assert made["budgetFilter"]["creditTypesTreatment"] == "EXCLUDE_ALL_CREDITS"
    assert made["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "50"}

    (bound,) = get(project, f"pubsub/v1/projects/{PROJECT}/subscriptions/dev-budget:getIamPolicy")["bindings"]
    assert (bound["role"], bound["members"]) == ("roles/pubsub.subscriber", [MEMBER])
    told = {"budgetDisplayName": made["displayName"], "costAmount": 1.5, "currencyCode": "USD",
            "costIntervalStart": "2026-11-23T08:00:00Z"}  # fmt: skip
    message = {"data": base64.b64encode(json.dumps(told).encode()).decode(), "attributes": {"schemaVersion": "1.0"}}
    cloud = Cloud(project.emulator.env(PROJECT), {})
    cloud.call("POST", "pubsub", f"projects/{PROJECT}/topics/dev-budget:publish", body={"messages": [message]})
    bill = billed.look(cloud, PROJECT, "dev").bill
    assert bill
    assert (bill.amount, bill.currency) == (Decimal("1.5"), "USD")

    # The group comes and goes; the budget is none of its business.
    does("stack", "init", at=".")
    does("up", "--yes", "--skip-preview", at=".")
    does("destroy", "--yes", "--skip-preview", at=".")
    assert len(get(project, f"billingbudgets/v1/billingAccounts/{account}/budgets")["budgets"]) == 1
    does("preview", "--expect-no-changes")

    does("destroy", "--yes", "--skip-preview")
    assert not get(project, f"billingbudgets/v1/billingAccounts/{account}/budgets").get("budgets")
    for kind in ("topics", "subscriptions"):
        assert not get(project, f"pubsub/v1/projects/{PROJECT}/{kind}").get(kind)
