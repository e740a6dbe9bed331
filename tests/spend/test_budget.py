"""Whether a budget and a cap are there: as status says it, and finish; and what who may not look is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coursecloud.deploy import budgets
from coursecloud.deploy.cloud import Cloud
from coursecloud.spend.budget import Budgets, standing, staying
from emulator import Emulator

PROJECT, ACCOUNT = "my-project", "01AB23-45CD67-89EF01"
APIS = ["billingbudgets.googleapis.com", "cloudbilling.googleapis.com", "cloudresourcemanager.googleapis.com"]
PLAIN = {"displayName": "my-project dev", "amount": {"specifiedAmount": {"units": "50"}},
         "budgetFilter": {"creditTypesTreatment": "EXCLUDE_ALL_CREDITS"}}  # fmt: skip


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulator]:
    with Emulator(projects=[PROJECT], enabled=APIS) as emulator:
        yield emulator


@pytest.fixture
def cloud(emulated: Emulator) -> Cloud:
    emulated.reset()
    emulated.use({})
    return Cloud(emulated.env(PROJECT), {})


def make(cloud: Cloud, body: dict[str, Any]) -> str:
    of = [f"projects/{budgets.number(cloud, PROJECT)}"]
    whole = {**body, "budgetFilter": {"projects": of, **body.get("budgetFilter", {})}}
    return str(cloud.call("POST", "billingBudgets", f"billingAccounts/{ACCOUNT}/budgets", body=whole)["name"])


def test_none_is_said_with_what_it_risks(cloud: Cloud) -> None:
    told = budgets.look(cloud, PROJECT)
    assert told == Budgets(())
    assert standing(told, "dev").startswith("none: nobody is told by Google what it bills (docs/billing.md")
    assert list(staying(told, "dev")) == []


def test_one_that_is_there_is_named_with_who_takes_it_down(cloud: Cloud) -> None:
    name = make(cloud, PLAIN)
    told = budgets.look(cloud, PROJECT)
    said = standing(told, "dev")
    assert "`my-project dev` of 50.00 USD tells by e-mail" in said
    assert "no spend cap" in said
    assert "takes credits off" not in said
    (line,) = staying(told, "dev")
    assert line.startswith("  stays      budget `my-project dev` of 50.00 USD, the billing account's: who made it")
    assert "`pulumi destroy --stack dev` in billing/" in line
    assert f"`gcloud billing budgets delete {name}`" in line


def test_one_that_takes_credits_off_is_said_to_tell_nothing(cloud: Cloud) -> None:
    make(cloud, {**PLAIN, "budgetFilter": {"creditTypesTreatment": "INCLUDE_ALL_CREDITS"}})
    assert "takes credits off, so it tells nothing while the credit lasts" in standing(
        budgets.look(cloud, PROJECT), "dev"
    )


def test_who_may_not_look_is_told_so_and_never_none(cloud: Cloud, emulated: Emulator) -> None:
    make(cloud, PLAIN)
    emulated.use({"deny": {"student": ["billingbudgets.*"]}})
    student = Cloud(emulated.env(PROJECT) | {"GOOGLE_OAUTH_ACCESS_TOKEN": "student"}, {})
    told = budgets.look(student, PROJECT)
    assert told == Budgets(None, "you have no role on the billing account, whose they are")
    assert standing(told, "dev").startswith("not known: you have no role on the billing account")
    (line,) = staying(told, "dev")
    assert line.startswith("  not seen   a budget or a spend cap, if somebody made one: you have no role")
    assert "docs/billing.md" in line


def test_where_the_apis_are_off_that_is_said_in_few_words(cloud: Cloud, emulated: Emulator) -> None:
    services = emulated.world.projects[PROJECT].services
    for api in ("billingbudgets.googleapis.com", "cloudbilling.googleapis.com"):
        services.discard(api)
        assert budgets.look(cloud, PROJECT) == Budgets(None, "the APIs that tell are off in the project")
        services.add(api)


def test_without_a_network_none_is_not_said(cloud: Cloud, emulated: Emulator) -> None:
    make(cloud, PLAIN)
    closed = {"GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT": "http://127.0.0.1:9/v1/"}
    told = budgets.look(Cloud(emulated.env(PROJECT) | closed, {}), PROJECT)
    assert told == Budgets(None, "127.0.0.1:9 did not answer (ConnectionError)")
