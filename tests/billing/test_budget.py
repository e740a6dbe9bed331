"""A budget counts what the credit pays, over the lease, and mistakes are all said at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from billing import budget
from coursecloud.plan import engine, planning
from infra.names import Names
from infra.settings import SettingsError
from tests.project import CHECKOUT, ROOT

ACCOUNT = "012345-6789AB-CDEF01"
GROUP = """
config:
  gcp:project: group-project-1
  coursecloud:lease:
    credit: {amount: 350.5, currency: DKK}
    starts: 2026-11-23
    ends: 2026-12-18
  coursecloud:team: {members: ["user:ada@example.com"]}
"""


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(group: str = GROUP, **config: str) -> budget.Asked:
        (tmp_path / "Pulumi.dev.yaml").write_text(group, encoding="utf-8")
        given = {f"coursecloud-billing:{key}": value for key, value in {"account": ACCOUNT, **config}.items() if value}
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(given))
        return budget.read("dev", tmp_path)

    return read


PROGRAM = """
from pathlib import Path
from types import SimpleNamespace
import pulumi_gcp as gcp
from billing import budget
gcp.organizations.get_project_output = lambda **_: SimpleNamespace(number="42")
budget.declare(budget.read("dev", Path.cwd()))
"""


def test_a_budget_does_not_take_the_credit_off_and_counts_over_the_lease(configured: Any, tmp_path: Path) -> None:
    given = {"account": ACCOUNT, "channels": "12345678901234567890, 12345"}
    asked = configured(**given)
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    config = {f"coursecloud-billing:{key}": value for key, value in given.items()}
    recorded = engine.record(
        tmp_path / "__main__.py", project="coursecloud-billing", stack="dev", config=config, mark="x"
    )
    inputs = {(each.type, each.name): each.inputs for each in recorded.resources}
    made = inputs["gcp:billing/budget:Budget", "budget"]
    assert made["billingAccount"] == ACCOUNT
    assert made["amount"] == {"specifiedAmount": {"currencyCode": "DKK", "units": "350", "nanos": 500_000_000}}
    assert made["budgetFilter"] == {
        "projects": ["projects/42"],
        "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        "customPeriod": {
            "startDate": {"year": 2026, "month": 11, "day": 23},
            "endDate": {"year": 2026, "month": 12, "day": 18},
        },
    }
    assert {rule["spendBasis"] for rule in made["thresholdRules"]} == {"CURRENT_SPEND"}
    assert [rule["thresholdPercent"] for rule in made["thresholdRules"]] == list(asked.settings.lease.alerts)
    assert made["allUpdatesRule"]["monitoringNotificationChannels"] == [
        f"projects/group-project-1/notificationChannels/{number}" for number in ("12345678901234567890", "12345")
    ]
    assert inputs["gcp:pubsub/topic:Topic", "budget"]["name"] == "dev-budget"
    held = inputs["gcp:pubsub/subscription:Subscription", "budget"]
    assert (held["name"], held["messageRetentionDuration"], held["ackDeadlineSeconds"]) == ("dev-budget", "86400s", 10)
    assert held["expirationPolicy"] == {"ttl": ""}, "it would go after a month in which nobody reads"
    readers = [each for (kind, _), each in inputs.items() if kind.endswith(":SubscriptionIAMMember")]
    assert [(each["member"], each["role"]) for each in readers] == [("user:ada@example.com", "roles/pubsub.subscriber")]
    assert made["displayName"] == Names("group-project-1", "dev").budget, "by which status knows its messages"
    provider = inputs["pulumi:providers:gcp", "google"]
    assert (provider["billingProject"], provider["userProjectOverride"]) == ("group-project-1", "true")
    services = {each["service"] for (kind, _), each in inputs.items() if kind == "gcp:projects/service:Service"}
    assert services == {"billingbudgets.googleapis.com", "cloudbilling.googleapis.com", "pubsub.googleapis.com"}


def test_an_account_in_another_currency_gets_an_amount_of_its_own(configured: Any) -> None:
    asked = configured(amount="47", currency="EUR")
    assert (f"{asked.amount}", asked.currency) == ("47", "EUR")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"account": ""}, "three times six signs"),
        ({"account": "billingAccounts/012345-6789AB-CDEF01"}, "three times six signs"),
        ({"account": "012345-6789ab-cdef01"}, "three times six signs"),
        ({"amount": "47"}, "an amount of its own has a currency"),
        ({"currency": "EUR"}, "an amount of its own has a currency"),
        ({"amount": "0", "currency": "EUR"}, "above 0"),
        ({"amount": "1e3", "currency": "EUR"}, "above 0"),
        ({"amount": "47", "currency": "euro"}, "three capital letters"),
        ({"channels": "me@example.com"}, "separated by commas"),
        ({"channels": '["12345", 7]'}, "separated by commas"),
        ({"channels": "[1"}, "separated by commas"),
        ({"channels": ",".join(["12345"] * 6)}, "at most 5 channels"),
        ({"acount": "x"}, "has the keys account, amount, currency and channels"),
    ],
)
def test_a_mistake_of_its_configuration_is_said_with_rule_and_remedy(
    configured: Any, config: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as error:
        configured(**config)
    assert said in str(error.value)
    assert "pulumi config" in str(error.value)


def test_mistakes_of_both_files_are_said_at_once(configured: Any) -> None:
    with pytest.raises(SettingsError) as error:
        configured("config:\n  gcp:project: example-project-id\n", account="x", currency="EUR")
    text = str(error.value)
    for said in ("three times six", "has a currency", "still the example", "from its first day to its last"):
        assert said in text


def test_a_stack_file_with_a_mistake_is_said_as_the_stack_itself_says_it(configured: Any) -> None:
    with pytest.raises(SettingsError, match="coursecloud:leese"):
        configured("config:\n  gcp:project: group-project-1\n  coursecloud:leese: {}\n")


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_the_groups_own_stack_has_nothing_of_the_billing_account(stack: str) -> None:
    for resource in planning.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT).custom:
        assert "billing" not in resource.type.lower()
        assert "billingbudgets" not in str(resource.inputs.get("service"))
        for given in (resource.inputs.get("role"), resource.inputs.get("permissions")):
            assert "billing." not in str(given)


def test_it_is_committed_with_the_settings_that_its_document_names() -> None:
    text = (CHECKOUT / "docs" / "billing.md").read_text(encoding="utf-8")
    for key in ("account", "amount", "currency", "channels"):
        assert f"config set {key}" in text
