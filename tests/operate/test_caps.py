"""`coursecloud caps`: what is there, what a cap would pause, how one is set, and who may not look."""

from __future__ import annotations

from typing import Any

import pytest

from coursecloud.deploy.preconditions import RefusedError
from coursecloud.operate.caps import put, show
from tests.look.conftest import PROJECT, REGION
from tests.operate.conftest import STACK, Desk

ACCOUNT = "01AB23-45CD67-89EF01"
BUDGETS = f"billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets"


@pytest.fixture
def owner(desk: Desk) -> Desk:
    desk.project.emulator.world.projects[PROJECT].services |= {
        "billingbudgets.googleapis.com", "cloudbilling.googleapis.com",
    }  # fmt: skip
    return desk


def held(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.project.ask("GET", BUDGETS).get("budgets", [])
    return found


def test_without_any_it_is_said_what_that_means(owner: Desk) -> None:
    owner.project.ask("POST", BUDGETS, {"amount": {"specifiedAmount": {"units": "5"}}, "displayName": "no cap"})
    assert owner.run("caps", show) == 0
    assert owner.said[0] == f"Google's spend caps: none on {PROJECT}; nothing of Google's pauses what it spends."
    assert "None of them sees Compute Engine" in owner.text
    assert owner.told["caps"] == []
    assert not [call for call in owner.project.emulator.requests if call["write"] and "POST" not in call["method"]]


def test_one_is_set_on_vertex_as_google_wants_it(owner: Desk) -> None:
    assert owner.run("caps", lambda op: put(op, "vertex", 0)) == 0
    assert owner.said[0] == f"At 50.00 USD a month Google would pause Vertex AI in {PROJECT} until the month ends."
    (cap,) = held(owner)
    number = owner.project.emulator.world.projects[PROJECT].number
    assert cap["budgetFilter"]["projects"] == [f"projects/{number}"]
    assert cap["budgetFilter"]["services"] == ["services/C7E2-9256-1C43"]
    assert cap["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "50", "nanos": 0}
    assert cap["spendCap"]["outputState"] == "CONFIGURED"
    assert owner.run("caps", show) == 0
    assert "Vertex AI: 50.00 USD a month; it counts" in owner.text
    assert (owner.told["caps"][0]["service"], owner.told["caps"][0]["amount"]) == ("vertex", 50.0)


def test_a_second_time_it_is_the_same_one_with_another_amount(owner: Desk) -> None:
    owner.run("caps", lambda op: put(op, "vertex", 0))
    assert owner.run("caps", lambda op: put(op, "vertex", 12.5)) == 0
    assert "(it is 50.00 USD now)" in owner.said[0]
    (cap,) = held(owner)
    assert cap["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "12", "nanos": 500000000}


def test_on_cloud_run_it_says_what_it_would_pause(owner: Desk) -> None:
    box = {"image": "docker.io/library/nginx"}
    where = f"run/v2/projects/{PROJECT}/locations/{REGION}/services"
    owner.project.ask("POST", where, {"template": {"containers": [box]}}, serviceId="api")
    assert owner.run("caps", lambda op: put(op, "run", 10)) == 0
    assert "service api, which answers nobody then" in owner.text
    assert held(owner)[0]["budgetFilter"]["services"] == ["services/152E-C115-5142"]


def test_nothing_is_set_where_nobody_says_yes(owner: Desk) -> None:
    with pytest.raises(RefusedError, match="was not confirmed"):
        owner.run("caps", lambda op: put(op, "vertex", 0), answer=False)
    assert held(owner) == []


@pytest.mark.parametrize(
    ("service", "amount", "words"),
    [
        ("compute", 0, "one of vertex and run"),
        ("vertex", -5, "amount of money"),
        ("gke", -1, "amount of money"),
        ("vertex", float("nan"), "--amount nan"),
        ("vertex", float("inf"), "--amount inf"),
    ],
)
def test_bad_input_is_refused(owner: Desk, service: str, amount: float, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        owner.run("caps", lambda op: put(op, service, amount))


def test_another_currency_needs_an_amount(owner: Desk) -> None:
    owner.file(STACK.replace("{amount: 50}", "{amount: 350, currency: DKK}"))
    with pytest.raises(RefusedError, match="--amount 50 is 50 USD"):
        owner.run("caps", lambda op: put(op, "vertex", 0))
    assert owner.run("caps", lambda op: put(op, "vertex", 40)) == 0


def test_an_enforced_one_is_left_alone(owner: Desk) -> None:
    owner.run("caps", lambda op: put(op, "vertex", 0))
    (cap,) = held(owner)
    body = owner.project.emulator.world.get("billingbudgets", cap["name"])
    assert body is not None
    body.body["spendCap"]["outputState"] = "ENFORCED"
    with pytest.raises(RefusedError, match="has PAUSED the service"):
        owner.run("caps", lambda op: put(op, "vertex", 80))
    owner.run("caps", show)
    assert "it has PAUSED the service" in owner.text


def test_who_may_not_look_is_told_so(owner: Desk) -> None:
    for fault in ({"match": "billingbudgets.*"}, {"match": "cloudbilling.*"}):
        owner.project.emulator.use({"faults": [{**fault, "status": 403, "count": 0}]})
        assert owner.run("caps", show) == 1
        assert owner.said[0].startswith(f"Whether {PROJECT} has spend caps is NOT known: Google answers 403")
        assert "a project's owner does not" in owner.text
        assert owner.told["caps"] is None
        assert owner.run("caps", lambda op: put(op, "vertex", 0)) == 1
    owner.project.emulator.use({})
    assert held(owner) == []


def test_without_a_network_nothing_is_said_to_be_none(owner: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = owner.project.emulator.env() | {"GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT": "http://127.0.0.1:9/v1/"}
    monkeypatch.setattr(owner.project.emulator, "env", lambda: environment)
    assert owner.run("caps", show) == 1
    assert owner.said == [
        f"Whether {PROJECT} has spend caps is NOT known: 127.0.0.1:9 did not answer (ConnectionError)."
    ]
    assert owner.run("caps", lambda op: put(op, "vertex", 20)) == 1
    assert (owner.told["set"], owner.told["reason"]) == (None, "127.0.0.1:9 did not answer (ConnectionError)")
    assert owner.asked == []


def test_one_that_google_refuses_is_said_not_to_be_set(owner: Desk) -> None:
    refused = {"faults": [{"match": "billingbudgets.billingAccounts.budgets.create", "status": 403, "count": 0}]}
    assert owner.run("caps", lambda op: put(op, "vertex", 20), scenario=refused) == 1
    assert owner.said[-1].startswith("NOT set: Google answers 403")
    assert owner.told["set"] is None
    owner.project.emulator.use({})
    assert held(owner) == []


def test_where_the_api_is_off_it_is_said_how_to_switch_it_on(desk: Desk) -> None:
    desk.project.emulator.world.projects[PROJECT].services -= {"cloudbilling.googleapis.com"}
    assert desk.run("caps", show) == 1
    assert "gcloud services enable billingbudgets.googleapis.com" in desk.text


def test_as_it_is_typed(owner: Desk) -> None:
    code, out, err = owner.typed("caps", "--set", "--amount", "20", "--yes")
    assert code == 0, out + err
    code, told = owner.json("caps")
    assert (code, [each["amount"] for each in told["caps"]]) == (0, [20.0])
    code, _, err = owner.typed("caps", "--set", "--service", "x")
    assert (code, "remedy" in err) == (2, True)
