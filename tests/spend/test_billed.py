"""What Google has billed: read from the budget's messages, which stay, and never 0 where nobody told it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from coursecloud.deploy import billed as looking
from coursecloud.deploy.cloud import Cloud
from coursecloud.spend import billed, page, report, table, words
from coursecloud.spend.billed import Bill, Billed
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.status import Status
from emulator import Emulator
from tests.spend import delivered
from tests.spend.test_student import HOUR, forgotten, said

PROJECT = "my-project"
OURS = f"{PROJECT} dev"
TOPIC, HELD = (f"projects/{PROJECT}/{kind}/dev-budget" for kind in ("topics", "subscriptions"))


def data(**more: Any) -> dict[str, Any]:
    """Write what a message of Google's has, without when it was published."""
    told = {
        "budgetDisplayName": OURS, "costAmount": 12.3, "costIntervalStart": "2026-11-23T08:00:00Z",
        "budgetAmount": 50.0, "budgetAmountType": "SPECIFIED_AMOUNT", "currencyCode": "USD",
    } | more  # fmt: skip
    attributes = {"billingAccountId": "01AB23-45CD67-89EF01", "budgetId": "de72f49d", "schemaVersion": "1.0"}
    return {"data": base64.b64encode(json.dumps(told).encode()).decode(), "attributes": attributes}


def message(at: str = "2026-11-25T04:10:00.5Z", **more: Any) -> dict[str, Any]:
    return {**data(**more), "publishTime": at, "messageId": "1"}


BILL = Bill(
    Decimal("12.3"),
    "USD",
    datetime(2026, 11, 23, 8, tzinfo=UTC),
    datetime(2026, 11, 25, 4, 10, 0, 500_000, tzinfo=UTC),
    OURS,
)


def test_the_newest_wins_wherever_it_stands() -> None:
    older = message("2026-11-25T02:00:00Z", costAmount=99)
    for several in ([message(), older], [older, message()]):
        assert billed.of(several, OURS) == Billed(BILL)


def test_a_month_that_is_over_is_shown_as_what_it_is() -> None:
    november = message("2026-11-30T22:00:00Z", costIntervalStart="2026-11-01T08:00:00Z")
    found = billed.of([november], OURS).bill
    assert found
    assert found.since == datetime(2026, 11, 1, 8, tzinfo=UTC)
    december = message("2026-12-01T10:00:00Z", costIntervalStart="2026-12-01T08:00:00Z", costAmount=0.5)
    found = billed.of([december, november], OURS).bill
    assert found
    assert (found.amount, found.since.month) == (Decimal("0.5"), 12)


def test_another_budgets_messages_are_named_and_never_taken() -> None:
    told = billed.of([message(budgetDisplayName="all of it", costAmount=1000)], OURS)
    assert told.bill is None
    assert "1 of budget `all of it`, and none of `my-project dev`" in told.reason
    assert billed.of([message(budgetDisplayName="all of it", costAmount=1000), message()], OURS) == Billed(BILL)


MALFORMED: tuple[dict[str, Any], ...] = (
    {},
    {"data": "!", "attributes": {"schemaVersion": "1.0"}, "publishTime": "2026-11-25T04:10:00Z"},
    {"data": "x" * 20_000, "attributes": {"schemaVersion": "1.0"}, "publishTime": "2026-11-25T04:10:00Z"},
    {**message(), "data": base64.b64encode(b"[1]").decode()},
    {**message(), "data": base64.b64encode(b"[" * 7_000).decode()},
    {**message(), "attributes": {"schemaVersion": "2.0"}},
    {**message(), "attributes": None},
    {**message(), "publishTime": "yesterday"},
    {**message(), "publishTime": "2026-11-25T04:10:00"},
    message(costAmount="12.3"),
    message(costAmount=True),
    message(costAmount=float("nan")),
    message(costAmount=None),
    message(currencyCode="dollars"),
    message(costIntervalStart=7),
)


@pytest.mark.parametrize("odd", MALFORMED)
def test_what_is_not_understood_is_said_and_hides_nothing(odd: dict[str, Any]) -> None:
    told = billed.of([odd], OURS)
    assert (told.bill, "1 that this tool does not understand" in told.reason) == (None, True)
    assert billed.of([odd, message(), odd], OURS) == Billed(BILL)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulator]:
    with Emulator(projects=[PROJECT], enabled=["pubsub.googleapis.com"]) as emulator:
        yield emulator


@pytest.fixture
def cloud(emulated: Emulator) -> Cloud:
    """Give a session with a project whose budget has a topic and a subscription, as billing/ makes them."""
    emulated.reset()
    emulated.use({})
    cloud = Cloud(emulated.env(PROJECT), {})
    cloud.call("PUT", "pubsub", TOPIC, body={})
    cloud.call("PUT", "pubsub", HELD, body={"topic": TOPIC, "messageRetentionDuration": "86400s"})
    return cloud


def publish(cloud: Cloud, *messages: dict[str, Any]) -> None:
    cloud.call("POST", "pubsub", f"{TOPIC}:publish", body={"messages": list(messages)})


def look(cloud: Cloud) -> Billed:
    return looking.look(cloud, PROJECT, "dev")


def test_what_was_read_is_there_for_the_next_who_reads(cloud: Cloud, emulated: Emulator) -> None:
    publish(cloud, data(costAmount=11), data(budgetDisplayName="another"))
    emulated.pass_time(hours=3)
    publish(cloud, data())
    for _ in range(2):  # at once: nobody waits for ten seconds
        found = look(cloud).bill
        assert found
        assert (found.amount, found.currency) == (Decimal("12.3"), "USD")
    emulated.pass_time(hours=25)
    assert "no message of budget `my-project dev` came in the last day" in look(cloud).reason


def test_all_that_waits_is_read_however_little_an_answer_has(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST", 1)
    publish(cloud, data(costAmount=1))
    publish(cloud, data(costAmount=2))
    for _ in range(2):
        found = look(cloud).bill
        assert found
        assert found.amount == 2


def test_an_answer_with_nothing_is_not_the_last_word(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(cloud, data())
    ask, first = Cloud.call, iter([dict[str, Any]()])

    def call(self: Cloud, method: str, api: str, path: str, **more: Any) -> dict[str, Any]:
        for nothing in first:
            return nothing
        return ask(self, method, api, path, **more)

    monkeypatch.setattr(Cloud, "call", call)
    assert look(cloud).bill


def test_where_nobody_set_it_up_that_is_said(cloud: Cloud, emulated: Emulator) -> None:
    cloud.call("DELETE", "pubsub", HELD)
    assert look(cloud) == billed.NOWHERE
    emulated.world.projects[PROJECT].services.discard("pubsub.googleapis.com")
    assert look(cloud) == billed.NOWHERE
    emulated.world.projects[PROJECT].services.add("pubsub.googleapis.com")


def test_who_may_not_read_is_told_so(cloud: Cloud, emulated: Emulator) -> None:
    publish(cloud, data())
    emulated.use({"deny": {"student": ["pubsub.*"]}})
    student = Cloud(emulated.env(PROJECT) | {"GOOGLE_OAUTH_ACCESS_TOKEN": "student"}, {})
    told = look(student)
    assert told.bill is None
    assert told.reason.startswith("you may not read subscription `dev-budget` of the project, or there is none")


def test_without_an_answer_googles_words_are_said(cloud: Cloud, emulated: Emulator) -> None:
    emulated.use({"faults": [{"match": "pubsub.*pull", "status": 503, "count": 0}]})
    assert "503" in look(cloud).reason


def test_a_message_that_cannot_be_given_back_is_read_all_the_same(cloud: Cloud, emulated: Emulator) -> None:
    publish(cloud, data())
    emulated.use({"faults": [{"match": "pubsub.*modifyAckDeadline", "status": 403, "count": 0}]})
    assert look(cloud).bill


def told(**more: Any) -> Status:
    """Say where a group stands at six in the morning of its third day, of whom Google billed something."""
    there = forgotten()
    there.wait(54 * HOUR)
    _, status = said(there, Ledger(delivered.PROJECT))
    since, at = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((24, 0), (25, 1)))
    bill = Bill(Decimal("12.3"), "USD", since, at, OURS)
    return replace(status, billed=Billed(replace(bill, **more)))


def test_it_stands_beside_what_is_counted_for_the_same_time() -> None:
    status = told()
    sentence = dict(words.sentences(status))["billed"]
    counted = status.per_hour * 25
    assert sentence.startswith("12.30 USD since 2026-11-24 00:00, as of 2026-11-25 01:00 (5 h old); here")
    assert f"here {words.money(counted)} are counted for that time, and bills come late" in sentence
    form = table.to_json(status)
    assert form["billedUnknown"] is None
    assert form["billed"] == {
        "amount": 12.3, "currency": "USD", "since": "2026-11-24T00:00:00+00:00", "at": "2026-11-25T01:00:00+00:00",
        "budget": OURS, "counted": pytest.approx(float(counted), abs=1e-6),
    }  # fmt: skip
    assert report.to_json(status)["billed"] == form["billed"]
    assert "- Billed: 12.30 USD since" in report.markdown(status)
    assert "billed: 12.30 USD since" in page.full(status)


def test_another_currency_is_shown_as_it_is() -> None:
    status = told(currency="DKK", amount=Decimal("81.5"))
    assert dict(words.sentences(status))["billed"].startswith("81.50 DKK since")
    assert table.to_json(status)["billed"]["currency"] == "DKK"


def test_a_time_that_begins_before_the_lease_is_compared_with_nothing() -> None:
    status = told(since=datetime(2026, 11, 1, 8, tzinfo=UTC))
    assert "counted for that time" not in dict(words.sentences(status))["billed"]
    assert table.to_json(status)["billed"]["counted"] is None


def test_what_nobody_told_is_not_known_and_no_0() -> None:
    status = replace(told(), billed=billed.NOWHERE)
    assert dict(words.sentences(status))["billed"].startswith("not known: Google shows it to who has a role")
    form = table.to_json(status)
    assert (form["billed"], form["billedUnknown"]) == (None, billed.NOWHERE.reason)
