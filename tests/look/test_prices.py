"""What Vertex AI runs is priced as it was found: a job, a search and an endpoint of the emulator, on the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coursecloud.cost import prices
from coursecloud.spend import account, endings, ledger
from coursecloud.spend.account import Entry
from coursecloud.spend.ledger import Ledger
from coursecloud.spend.model import Look
from coursecloud.spend.rates import Rates
from tests.coursecloud import costs
from tests.look.conftest import PROJECT, REGION, Project

PLACE = f"projects/{PROJECT}/locations/{REGION}"
GPU = {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}
HOUR = Decimal("1.15") * (Decimal("0.209007") + 100 * Decimal("0.17") / 730)
"""USD an hour of an n1-standard-4 and its boot disk on Vertex AI in europe-west1, added up from Google's pages."""
T4 = Decimal("1.15") * Decimal("0.35")


def settled(seen: Look) -> dict[str, Entry]:
    rates = Rates(costs.committed("dev").settings, prices.load())
    found = account.of(ledger.fold(Ledger(seen.project), seen), rates)
    assert found
    assert not found.unknown
    return {entry.name: entry for entry in found.there}


def made(project: Project, kind: str, **body: Any) -> str:
    name = str(project.ask("POST", f"aiplatform/v1/{PLACE}/{kind}", {"displayName": "train"} | body)["name"])
    project.ask("GET", f"aiplatform/v1/{name.partition('/')[0]}/{name.partition('/')[2]}")
    return name


def pool(machine: dict[str, Any], many: int) -> dict[str, Any]:
    return {"machineSpec": machine, "replicaCount": str(many), "containerSpec": {"imageUri": "x"}}


@pytest.mark.parametrize(
    ("machine", "many", "hour"),
    [({"machineType": "n1-standard-4"}, 1, HOUR), ({"machineType": "n1-standard-4"}, 2, 2 * HOUR), (GPU, 1, HOUR + T4)],
)
def test_a_job_that_runs_has_the_price_of_its_machines(
    project: Project, machine: dict[str, Any], many: int, hour: Decimal
) -> None:
    spec = {"workerPoolSpecs": [pool(machine, many)], "scheduling": {"timeout": "7200s"}}
    made(project, "customJobs", jobSpec=spec)
    project.emulator.pass_time(hours=1)
    seen = project.look()
    entry = settled(seen)["train"]
    assert entry.per_hour == pytest.approx(hour, rel=Decimal("0.0001"))
    assert entry.life.shape
    ends = endings.of(entry.life.shape, entry.since)
    assert ends
    assert (ends - entry.since).total_seconds() == 7200
    assert entry.spent(project.start, seen.at) == pytest.approx(hour, rel=Decimal("0.02"))


def test_a_search_has_the_price_of_all_trials_that_run_at_a_time(project: Project) -> None:
    study = {"metrics": [{"metricId": "loss", "goal": "MINIMIZE"}], "parameters": [
        {"parameterId": "rate", "doubleValueSpec": {"minValue": 0.1, "maxValue": 1}}]}  # fmt: skip
    spec = {"workerPoolSpecs": [pool({"machineType": "n1-standard-4"}, 1)]}
    made(project, "hyperparameterTuningJobs", studySpec=study, maxTrialCount=6, parallelTrialCount=3, trialJobSpec=spec)
    assert settled(project.look())["train"].per_hour == pytest.approx(3 * HOUR, rel=Decimal("0.0001"))


def test_an_endpoint_has_the_price_of_the_machines_of_its_models(project: Project) -> None:
    name = project.ask("POST", f"aiplatform/v1/{PLACE}/endpoints", {"displayName": "digits"})["response"]["name"]
    own = {"machineSpec": GPU, "minReplicaCount": 2}
    body = {"deployedModel": {"model": f"{PLACE}/models/1", "dedicatedResources": own}}
    path = f"aiplatform/v1/{PLACE}/endpoints/{name.rpartition('/')[2]}"
    project.ask("POST", f"{path}:deployModel", body)
    entry = settled(project.look())["digits"]
    assert entry.per_hour == pytest.approx(2 * (Decimal("1.15") * Decimal("0.209007") + T4), rel=Decimal("0.0001"))


def test_what_nothing_prices_is_named_and_no_total_has_it(project: Project) -> None:
    made(project, "customJobs", jobSpec={"workerPoolSpecs": [pool({"machineType": "a9-enormous-1"}, 1)]})
    rates = Rates(costs.committed("dev").settings, prices.load())
    seen = project.look()
    found = account.of(ledger.fold(Ledger(seen.project), seen), rates)
    assert found
    assert any("a9-enormous-1" in reason for reason in found.unknown)
    assert [entry.per_hour is None or entry.per_hour < Decimal("0.1") for entry in found.there] == [True]
