"""Where a machine comes up when its zone has no capacity, and what becomes of its disk."""

from __future__ import annotations

import pytest
import yaml

from coursecloud.deploy import fallback_zones
from infra.settings import load
from tests.coursecloud.faked import UP, Fake, answer
from tests.coursecloud.told import disk, error, machine, planned
from tests.project import ROOT

FALLBACK = """
config:
  gcp:project: some-project-1
  coursecloud:machines:
    trainer: {zone: europe-west1-b, fallbackZones: [europe-west1-c, europe-west1-d]}
    other: {zone: europe-west1-b}
"""
URN, OTHER = machine("trainer")["urn"], machine("other")["urn"]
EXHAUSTED = "googleapi: Error 503: ZONE_RESOURCE_POOL_EXHAUSTED - The zone does not have enough resources"
IN_WORDS = "The zone 'z' does not have enough resources available to fulfill the request. Try a different zone"


def zones(messages: list[tuple[str, str]], existing: frozenset[str] = frozenset()) -> dict[str, tuple[str, ...]]:
    settings = load(yaml.safe_load(FALLBACK)["config"], "x", ROOT)
    return fallback_zones.next_zones(settings, messages, existing)


@pytest.mark.parametrize("text", [EXHAUSTED, IN_WORDS])
def test_a_machine_without_capacity_moves_to_its_first_fallback_zone(text: str) -> None:
    assert zones([(URN, text)]) == {"trainer": ("europe-west1-c", "europe-west1-d")}


def test_a_machine_without_fallback_zones_stays() -> None:
    assert zones([(OTHER, EXHAUSTED)]) == {}


def test_another_error_moves_nothing() -> None:
    assert zones([(URN, "Error 403: Permission denied")]) == {}


def test_a_machine_whose_data_disk_was_there_before_stays() -> None:
    made = FALLBACK.replace("europe-west1-d]}", "europe-west1-d], dataDisk: {sizeGb: 20}}")
    settings = load(yaml.safe_load(made)["config"], "x", ROOT)
    there = frozenset({disk("trainer-work", 20)["urn"]})
    assert fallback_zones.next_zones(settings, [(URN, EXHAUSTED)], there) == {}
    assert fallback_zones.next_zones(settings, [(URN, EXHAUSTED)], frozenset()) != {}


def test_up_moves_a_machine_in_the_stack_file_and_tries_again(fake: Fake) -> None:
    fake.stack_file(FALLBACK)
    fake.answers("up", answer(error(EXHAUSTED, URN), code=255, lines=['{"cut off']))
    assert fake.up() == 0
    path = "config set --path coursecloud:machines.trainer"
    assert fake.changes == [
        UP,
        f"{path}.zone europe-west1-c",
        f"{path}.fallbackZones[0] europe-west1-d",
        "config rm --path coursecloud:machines.trainer.fallbackZones[1]",
        UP,
    ]
    assert fake.calls[fake.calls.index(UP) :].count("preview") == 1, "nobody knows what the second one does"


def test_the_last_fallback_zone_takes_the_key_with_it(fake: Fake) -> None:
    fake.stack_file(FALLBACK.replace(", europe-west1-d]", "]"))
    fake.answers("up", answer(error(EXHAUSTED, URN), code=255))
    assert fake.up() == 0
    assert "config rm --path coursecloud:machines.trainer.fallbackZones" in fake.changes


@pytest.mark.parametrize("size", [None, 20])
def test_an_empty_disk_of_this_very_up_follows_its_machine_to_another_zone(fake: Fake, size: int | None) -> None:
    fake.stack_file(FALLBACK.replace("europe-west1-d]}", "europe-west1-d], dataDisk: {sizeGb: 20, keep: true}}"))
    made, free = disk("trainer-work", 20, protect=True), disk("trainer-work", 20)
    # It was there before, or this up has made it.
    fake.holds(*([made] if size else []))
    fake.answers("up", answer(error(EXHAUSTED, URN), code=255, state=[made]))
    fake.answers("preview", *([] if size else [answer()]), answer(planned("replace", free, made)))
    if size:
        assert fake.up() == 1
        assert fake.changes == [UP]
    else:
        assert fake.up() == 0
        assert f"state unprotect {made['urn']} --yes" in fake.changes
