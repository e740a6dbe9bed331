"""What a stack file only counts otherwise is no saving, and a credit that a line raises is held against the old one."""

import re
from typing import Any

import pytest

from coursecloud.review import closing, consequence, money
from coursecloud.review.report import Review
from tests.review.conftest import Planner
from tests.review.made import Config, Edit, reviewed


def on(**sections: Any) -> Edit:
    """Put stack gpu into a project that is no example, with some sections changed."""

    def edit(config: Config) -> None:
        config["gcp:project"] = "some-project-1"
        for name, values in sections.items():
            config[f"coursecloud:{name}"] = config.get(f"coursecloud:{name}", {}) | values

    return edit


def change(plan_of: Planner, **sections: Any) -> Review:
    return reviewed(plan_of("gpu", on()), plan_of("gpu", on(**sections)), "gpu")


def cost(review: Review) -> money.Cost:
    found = review.stacks[0].cost
    assert found
    return found


CHEAP = {"gpus": {"nvidia-tesla-t4": {"hour": 0.01, "spot": 0.001}}}


@pytest.mark.parametrize("sections", [{"usage": {"machines": {"trainer": 0.5}}}, {"prices": CHEAP}])
def test_a_smaller_claim_is_no_saving_and_the_first_line_says_so(plan_of: Planner, sections: dict[str, Any]) -> None:
    review = change(plan_of, **sections)
    assert "SAVES NOTHING" in review.sentence
    assert "-$" not in review.sentence
    assert consequence.money(cost(review)).startswith(consequence.SAME)
    assert cost(review).per_hour == 0
    assert cost(review).lines == ()
    assert "less, which saves nothing" in consequence.money(cost(review))


def test_a_larger_claim_counts_whole(plan_of: Planner) -> None:
    review = change(plan_of, usage={"machines": {"trainer": 9}})
    assert "SAVES NOTHING" not in review.sentence
    assert "the credit ends on" in review.sentence
    assert cost(review).lines[0].name == "trainer"
    back = reviewed(plan_of("gpu", on(usage={"machines": {"trainer": 9}})), plan_of("gpu", on()), "gpu")
    assert cost(back).lines == ()


def test_what_a_change_saves_is_told_beside_a_smaller_claim(plan_of: Planner) -> None:
    machine = {"trainer": {"machineType": "n1-standard-2", "gpu": {"model": "T4"}, "spot": True}}
    alone = cost(change(plan_of, machines=machine)).per_hour
    both = change(plan_of, machines=machine, usage={"machines": {"trainer": 0.5}})
    assert alone < 0
    assert cost(both).per_hour == alone
    assert "SAVES NOTHING" in both.sentence


def test_a_raised_credit_is_held_against_the_old_one(plan_of: Planner) -> None:
    more = {"usage": {"machines": {"trainer": 9}}, "lease": {"credit": {"amount": 500}}}
    review = change(plan_of, **more)
    assert "lasts ONLY BY WHAT THE FILE NOW SAYS; by what it said before, it ends on" in review.sentence
    assert "only what the stack file now says of itself" in consequence.of_credit(cost(review))
    (gate,), mistakes = closing.gates(["credit"])
    assert not mistakes
    assert list(gate.closed(review.stacks))
    # A credit that was enough before, and is raised, is none of it.
    raised = change(plan_of, lease={"credit": {"amount": 500}})
    assert not list(gate.closed(raised.stacks))


def test_a_quota_that_has_to_be_raised_first_is_told_where_it_is_new(plan_of: Planner) -> None:
    more = {"other": {"machineType": "n1-standard-4", "gpu": {"model": "T4"}, "spot": True}}
    (note,) = (note for note in change(plan_of, machines=more).stacks[0].notes if "quota" in note)
    assert "2 for 'PREEMPTIBLE_NVIDIA_T4_GPUS'" in note
    assert not [note for note in change(plan_of, storage={"keep": True}).stacks[0].notes if "quota" in note]


def test_a_credit_that_lasts_shorter_in_a_lease_without_end_is_told(plan_of: Planner) -> None:
    def edit(config: Config) -> None:
        config["coursecloud:machines"] = {"a": {"machineType": "n1-standard-4"}}

    review = reviewed(plan_of("dev"), plan_of("dev", edit), "dev")
    assert re.search(r"; the credit lasts \d+ days instead of 107; ", review.sentence)
    found = review.stacks[0]
    assert any("before the change; the lease has no end" in each.text for each in found.consequences)
