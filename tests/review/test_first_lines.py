"""The first ten lines of a comment tell a first-time reader whether to merge, and why: changes of different kinds."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from coursecloud.policy.example import put
from coursecloud.review import json_form, markdown, page
from coursecloud.review.dangers import Kind
from coursecloud.review.report import Review
from coursecloud.review.stacks import review
from tests.review.conftest import Planner
from tests.review.made import INSTANCE, TODAY, Config, resource, reviewed, whole
from tests.review.printed import printed
from tests.review.test_blind_spots import closed
from tests.review.test_protection import machine, on, section

Edit = Callable[[Config], None]

LINES = 10


def both(*edits: Edit) -> Edit:
    def edit(config: Config) -> None:
        for each in edits:
            each(config)

    return edit


def to_another_region(config: Config) -> None:
    config["gcp:region"] = "europe-west1"
    machine(zone="europe-west1-b", fallbackZones=["europe-west1-c"])(config)


def unknown_machine(config: Config) -> None:
    section("allow", machineTypes=["x9-standard-4"])(config)
    config["coursecloud:machines"]["trainer"].pop("gpu")
    machine(machineType="x9-standard-4", spot=False, image="debian")(config)


def free(config: Config) -> None:
    section("storage", keep=False)(config)


HARMLESS = section("course", owner="p-3f2a9c41d0")
DEAR = machine(spot=False, onDemandGpu=True, machineType="n1-standard-16", gpu={"model": "T4", "count": 4})
WEAKER = both(section("lease", maxPerHour=8, stopSchedule=None), section("storage", keep=False))
MEMBER = section("team", members=["user:eve@example.com"])
MOVED = both(free, section("storage", location="US"))

CHANGES: dict[str, tuple[Edit, Edit, list[str], list[str]]] = {
    "harmless": (
        both(), HARMLESS,
        ["FINE: updates", "it can be merged", "costs as much as before", "the credit of 50 USD lasts"],
        ["Do not merge", "STOP"],
    ),
    "dear": (
        both(), DEAR,
        [
            "STOP: the credit ends on 2026-11-", "days BEFORE THE LEASE (most of it: trainer)", "Do not merge",
            "before the change it lasted", "USD an hour with everything on",
        ],
        ["it can be merged", "No data is lost"],
    ),
    "protected": (
        both(), to_another_region,
        [
            "STOP: this update FAILS and moves nothing: 4 stores are protected", "Do not merge: this update would fail",
            "disk `trainer-work`, registry `docker`, bucket `data`, bucket `models` are protected", "`gcp:region`",
        ],
        ["it can be merged", "USD/h", "WITH DATA", "-$", "merge unless", "once", "widens"],
    ),
    "unknown": (
        both(), unknown_machine,
        [
            "nobody can say whether the credit lasts", "+? /h: trainer has NO KNOWN PRICE", "Do not merge",
            "it may be any amount: `trainer: the table has no machine type x9-standard-4",
        ],
        ["it can be merged", "-0.", "USD/h"],
    ),
    "protection": (
        both(), WEAKER,
        [
            "stops KEEPING 2 resources; WEAKENS PROTECTION in 2 places", "Do not merge",
            "kept no longer, and deleted by the next `make down` with all in them: `bucket data`, `bucket models`",
            "an hour may cost 8 USD instead of 2", "then runs 8 h more instead of 2 h: 2.42 USD instead of 0.61 USD",
        ],
        ["it can be merged", "No data is lost"],
    ),
    "access": (
        both(), MEMBER,
        ["LOOK FIRST: creates 16 grants; widens access", "`user:eve@example.com` gets", "No data is lost"],
        ["it can be merged", "Do not merge"],
    ),
    "data": (
        free, MOVED,
        [
            "STOP: replaces 3 buckets WITH DATA", "Do not merge",
            "`bucket data` is deleted and made anew, empty: all objects in it are gone",
            "copy it before: `gcloud storage cp",
        ],
        ["it can be merged", "No data is lost"],
    ),
}  # fmt: skip


def review_of(plan_of: Planner, before: Edit, after: Edit) -> Review:
    return reviewed(plan_of("gpu", on(before)), plan_of("gpu", on(before, after)), "gpu")


@pytest.mark.parametrize("name", CHANGES)
def test_ten_lines_say_whether_to_merge_and_why(plan_of: Planner, name: str) -> None:
    before, after, said, unsaid = CHANGES[name]
    first = "\n".join(markdown.full(review_of(plan_of, before, after)).splitlines()[:LINES])
    for text in said:
        assert text in first, f"{text!r} is not in\n{first}"
    for text in unsaid:
        assert text not in first, f"{text!r} is in\n{first}"


@pytest.mark.parametrize("name", CHANGES)
def test_every_form_begins_with_the_same_sentence(plan_of: Planner, name: str) -> None:
    review = review_of(plan_of, *CHANGES[name][:2])
    form = json_form.to_json(review)
    assert form["headline"].endswith(review.sentence)
    assert " ".join(printed(review, 2000).split()).startswith(form["headline"].replace(": ", " ", 1))
    assert review.sentence.replace("'", "&#x27;") in page.full(review)
    (stack,) = form["stacks"]
    assert stack["headline"] == stack["consequences"][0]["text"]


class TestCreditGate:
    def test_it_closes_where_the_credit_newly_ends_before_the_lease(self, plan_of: Planner) -> None:
        (why,) = closed(review_of(plan_of, both(), DEAR), "credit")
        assert "the credit of 50 USD ends on 2026-11-" in why
        assert closed(review_of(plan_of, both(), HARMLESS), "credit") == []

    def test_it_stays_open_where_a_credit_that_ended_before_ends_later(self, plan_of: Planner) -> None:
        assert closed(review_of(plan_of, DEAR, machine(machineType="n1-standard-4")), "credit") == []
        (why,) = closed(review_of(plan_of, machine(machineType="n1-standard-4"), DEAR), "credit")
        assert "ends on" in why

    def test_a_lease_that_grows_longer_than_the_credit_closes_it(self, plan_of: Planner) -> None:
        (why,) = closed(review_of(plan_of, both(), section("lease", ends="2027-03-01")), "credit")
        assert "before the lease does (2027-03-01)" in why

    def test_it_closes_where_nobody_can_say_any_more(self, plan_of: Planner) -> None:
        (why,) = closed(review_of(plan_of, both(), unknown_machine), "credit")
        assert "nobody can say whether the credit of 50 USD lasts" in why
        # What nobody knew before is no news.
        assert closed(review_of(plan_of, unknown_machine, HARMLESS), "credit") == []

    def test_without_an_end_it_closes_where_the_credit_lasts_a_day_less(self, plan_of: Planner) -> None:
        def endless(config: Config) -> None:
            config["coursecloud:lease"] = {"stopSchedule": "0 20 * * *"}

        (why,) = closed(review_of(plan_of, endless, DEAR), "credit")
        assert "the lease has no end to hold that against" in why
        assert closed(review_of(plan_of, endless, HARMLESS), "credit") == []
        assert closed(review_of(plan_of, both(endless, DEAR), machine(machineType="n1-standard-4")), "credit") == []


def test_an_unknown_price_never_reads_as_a_saving(plan_of: Planner) -> None:
    before = plan_of("gpu", on())
    review = reviewed(before, put("compute.Instance", "trainer", "machineType", "x9-huge-1")(before), "gpu")
    assert {Kind.PRICE, Kind.CREDIT} <= {danger.kind for danger in review.dangers}
    assert "-$" not in review.sentence
    assert "-$" not in markdown.full(review).split("</summary>")[0]
    assert "+? /h: trainer has NO KNOWN PRICE" in review.sentence
    assert closed(review, "cost>100")


def test_what_one_stack_saves_is_nothing_to_the_owner_of_another() -> None:
    kinds = ("e2-small", "n1-standard-4")
    small, large = (whole(resource(INSTANCE, "m", {"machineType": each, "zone": "us-central1-a"})) for each in kinds)
    one, other = (review(name, *sides, today=TODAY) for name, sides in (("aa", (small, large)), ("bb", (large, small))))
    said = Review("base", "head", (one, other)).sentence
    assert re.search(r"\+\$0\.\d+/h in 1 stack, -\$0\.\d+/h in 1 stack$", said), said
    said = Review("base", "head", (one, dataclasses.replace(one, name="bb"))).sentence
    assert "in 1 stack" not in said
