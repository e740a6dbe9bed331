"""The first line says what happened, the last ones what is now, what it costs, and the next step; none is untrue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coursecloud.deploy import budgets, consent, lifecycle, summary
from coursecloud.deploy.cloud import Cloud
from tests.coursecloud.faked import PROJECT, Fake, Said, answer
from tests.coursecloud.told import bucket, disk, done, error, looked, machine, planned

Json = dict[str, Any]
NEXT_UP = "  next    `coursecloud up --stack x`"
MISLEADING = ("stack rm", "state delete", "refresh", "pulumi destroy", "--protect", "protect` flag")
"""What Pulumi advises, and what would lose the stack file or the data, or does not help."""
BILLING = {"billingbudgets.googleapis.com", "cloudbilling.googleapis.com"}
RM = (
    "The resources in the stack have been deleted, but the history and configuration associated with the stack are"
    " still maintained. \nIf you want to remove the stack completely, run `pulumi stack rm x`."
)


def test_an_up_ends_with_what_is_now_what_it_costs_and_the_evening(fake: Fake, said: Said) -> None:
    made = [bucket("data"), machine("workbench")]
    fake.answers("up", answer(*(done("create", None, each) for each in made), state=made))
    assert fake.up() == 0
    lines = said.lines()
    assert lines[-4] == "Up: stack x is as its file says, 2 resources (2 created)." or lines[2].startswith(
        "Up: stack x"
    )
    assert "an hour while all of it runs" in lines[-2]
    assert lines[-1].startswith("  next    ")
    assert "in the evening `coursecloud down --stack x`" in lines[-1]


def test_an_up_that_found_nothing_to_do_says_so(fake: Fake, said: Said) -> None:
    fake.holds(bucket("data"))
    assert fake.up() == 0
    lines = said.lines()
    assert lines[0] == "Up: stack x is as its file says, 1 resources (no change)."
    assert "  costs   nothing by the hour" in lines


def test_a_price_that_nobody_knows_is_said(fake: Fake, said: Said) -> None:
    fake.holds(machine("workbench"), machine("stranger"))
    assert fake.up() == 0
    lines = said.lines()
    (costs,) = [line for line in lines if line.startswith("  costs")]
    assert costs.startswith("  costs   at least $")
    assert "          no price is known for stranger" in lines


def test_a_program_that_fails_afterwards_costs_no_update(fake: Fake, said: Said) -> None:
    (fake.root / "__main__.py").write_text("1 / 0\n", encoding="utf-8")
    fake.stack_file("config: {gcp:project: some-project-1} # another\n")
    fake.holds(bucket("data"))
    assert fake.up() == 0
    assert "  costs   not known: the plan of the stack fails (ZeroDivisionError)" in said()


def test_an_evening_ends_with_what_is_kept_what_it_costs_and_the_morning(fake: Fake, said: Said) -> None:
    kept, gone = bucket("data", protect=True), machine("workbench")
    fake.holds(kept, gone)
    fake.answers("destroy", answer(done("delete", gone), state=[kept]))
    assert fake.down() == 0
    lines = said.lines()
    assert lines[:2] == [
        "  deleted    Instance workbench", "Down: 1 deleted; 1 kept with what is in them: Bucket data",
    ]  # fmt: skip
    assert "a day until the next `up`" in lines[2]
    assert lines[-1] == f"{NEXT_UP} in the morning makes the rest anew"


@pytest.mark.parametrize("command", ["down", "finish"])
def test_where_nothing_is_left_the_stack_file_stays_and_pulumis_advice_is_not_shown(
    fake: Fake, said: Said, command: str
) -> None:
    gone = machine("workbench")
    fake.holds(gone)
    events = [*done("delete", gone), {"stdoutEvent": {"message": RM, "color": "never"}}]
    fake.answers("destroy", answer(events, lines=RM.splitlines(), state=[]))
    assert fake.run(command) == 0
    text = said()
    assert text.splitlines()[-2:] == [
        f"{command.capitalize()}: 1 deleted; nothing of stack x is left or costs.",
        f"{NEXT_UP} makes it anew: its stack file stays",
    ]
    assert not [word for word in MISLEADING if word in text]


def finished(fake: Fake, said: Said) -> list[str]:
    """Finish a stack of one machine; what is said before the last two lines, which say what they always do."""
    gone = machine("workbench")
    fake.holds(gone)
    fake.answers("destroy", answer(done("delete", gone), state=[]))
    assert fake.finish() == 0
    *before, result, following = said.lines()
    assert result == "Finish: 1 deleted; nothing of stack x is left or costs."
    assert following == f"{NEXT_UP} makes it anew: its stack file stays"
    return before


class TestOfTheBillingAccount:
    """A budget or spend cap outlives the stack, and is said before the result; who may not see one reads no `none`."""

    @pytest.fixture(autouse=True)
    def switched_on(self, fake: Fake) -> Iterator[None]:
        services = fake.emulator.world.projects[PROJECT].services
        services |= BILLING
        yield
        services -= BILLING
        fake.emulator.use({})

    @staticmethod
    def account(fake: Fake) -> Cloud:
        return Cloud(fake.emulator.env(PROJECT), {})

    def test_one_that_is_there_is_named_with_who_takes_it_down(self, fake: Fake, said: Said) -> None:
        cloud = self.account(fake)
        body = {"displayName": "of the course", "amount": {"specifiedAmount": {"units": "50"}},
                "budgetFilter": {"projects": [f"projects/{PROJECT}"]}}  # fmt: skip
        of = budgets.account(cloud, PROJECT)
        name = cloud.call("POST", "billingBudgets", f"{of}/budgets", body=body)["name"]
        try:
            (line,) = [line for line in finished(fake, said) if "budget" in line]
        finally:
            cloud.call("DELETE", "billingBudgets", name)
        assert line == (
            "  stays      budget `of the course` of 50.00 USD, the billing account's: who made it takes it down, by"
            f" `pulumi destroy --stack x` in billing/, else `gcloud billing budgets delete {name}`"
        )

    def test_where_there_is_none_nothing_is_said(self, fake: Fake, said: Said) -> None:
        assert finished(fake, said) == ["  deleted    Instance workbench"]

    def test_a_member_reads_in_one_line_that_it_is_not_to_be_seen(self, fake: Fake, said: Said) -> None:
        fake.emulator.use({"faults": [{"match": "billingbudgets.*", "status": 403, "count": 0}]})
        (line,) = [line for line in finished(fake, said) if "budget" in line]
        assert line == (
            "  not seen   a budget or a spend cap, if somebody made one: you have no role on the billing account, whose"
            " they are; who made it takes it down (docs/billing.md)"
        )

    @pytest.mark.parametrize("api", ["billingbudgets.googleapis.com", "cloudbilling.googleapis.com"])
    def test_where_an_api_is_off_too(self, fake: Fake, said: Said, api: str) -> None:
        fake.emulator.world.projects[PROJECT].services.discard(api)
        (line,) = [line for line in finished(fake, said) if "budget" in line]
        assert "if somebody made one: the APIs that tell are off in the project; who made it takes it down" in line
        assert "console.developers" not in line

    def test_where_nobody_answers_too(self, fake: Fake, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT", "http://127.0.0.1:9/v1/")
        (line,) = [line for line in finished(fake, said) if "budget" in line]
        assert "127.0.0.1:9 did not answer" in line

    def test_an_evening_asks_nothing_about_it(self, fake: Fake, said: Said) -> None:
        fake.emulator.use({"faults": [{"match": "billingbudgets.*", "status": 403, "count": 0}]})
        fake.holds(machine("workbench"))
        fake.answers("destroy", answer(done("delete", machine("workbench")), state=[]))
        assert fake.down() == 0
        assert "budget" not in said()


PROTECTED = (
    'unable to delete resource "urn"\nas it is currently marked for protection. To unprotect it, either remove the'
    " `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
    "pulumi state unprotect 'urn'"
)


class TestFailed:
    """What failed, in Google's words, and what is there all the same."""

    BUSY = "googleapi: Error 503: The service is currently unavailable., backendError"

    def failed(self, fake: Fake, said: Said, *events: Any, state: list[Json] | None = None) -> list[str]:
        fake.answers("up", answer(*events, code=255, state=state))
        assert fake.up() == summary.FAILED
        return said.lines()

    def test_after_something_was_done(self, fake: Fake, said: Said) -> None:
        made = bucket("data")
        lines = self.failed(fake, said, done("create", None, made), error(self.BUSY, machine("w")["urn"]), state=[made])
        assert lines[:5] == [
            "  created    Bucket data",
            "up of stack x FAILED after 1 created:",
            f"  Instance w: {self.BUSY}",
            "      remedy  Google was busy: the same command again in a minute goes on where it ended",
            "  now     1 resources exist",
        ]
        assert lines[5].startswith("  costs")
        assert lines[-1] == "  next    the remedy above; then `coursecloud up --stack x` goes on from here"

    def test_before_anything_was_done(self, fake: Fake, said: Said) -> None:
        assert self.failed(fake, said, error(self.BUSY, machine("w")["urn"]))[0] == (
            "up of stack x FAILED before anything was done:"
        )

    def test_without_a_known_remedy_none_is_promised(self, fake: Fake, said: Said) -> None:
        lines = self.failed(fake, said, error("something new", machine("w")["urn"]))
        assert lines[-1].startswith("  next    mend what is said above; then")

    def test_where_pulumi_says_nothing_that_is_said(self, fake: Fake, said: Said) -> None:
        assert self.failed(fake, said)[1] == "  Pulumi does not say why"

    def test_an_evening_that_fails_says_how_far_it_came(self, fake: Fake, said: Said) -> None:
        gone, left = machine("a"), machine("b")
        fake.holds(gone, left)
        fake.answers(
            "destroy",
            answer(done("delete", gone), error(self.BUSY, left["urn"]), code=255, state=[left]),
            answer(error(self.BUSY, left["urn"]), code=255),
        )
        assert fake.down() == 1
        lines = said.lines()
        assert "down of stack x FAILED after 1 deleted:" in lines
        assert lines[-1].endswith("`coursecloud down --stack x` goes on from here")

    def test_the_engines_advice_is_not_shown(self, fake: Fake, said: Said) -> None:
        lines = self.failed(fake, said, error(PROTECTED, machine("w")["urn"]))
        assert not [word for word in MISLEADING if word in "\n".join(lines)]


class TestTouched:
    """Nobody is told that nothing was touched after something was."""

    UNTRUE = ("before it touched anything", "nothing was touched", "nothing was changed")

    def said_of(self, fake: Fake, said: Said, **more: Any) -> str:
        try:
            fake.up(**more)
        except (lifecycle.RefusedError, consent.StoppedError) as caught:
            return said() + str(caught)
        return said()

    def grown(self, fake: Fake, *plan: Json, code: int = 0) -> None:
        small, large = disk("workbench-work", 20), disk("workbench-work", 50)
        fake.holds(small, bucket("data"))
        fake.answers("preview --refresh", answer(looked(small, large, "size")))
        fake.answers("preview", answer(*plan, code=code))

    def test_by_a_stop_after_the_stack_file_was_written(self, fake: Fake, said: Said) -> None:
        self.grown(fake, planned("delete", bucket("data")))
        text = self.said_of(fake, said)
        assert "--lose data" in text
        assert not [words for words in self.UNTRUE if words in text]

    def test_by_a_no_after_the_stack_file_was_written(self, fake: Fake, said: Said) -> None:
        self.grown(fake, planned("create", None, machine("w")))
        text = self.said_of(fake, said, yes=False)
        assert "was not confirmed" in text
        assert not [words for words in self.UNTRUE if words in text]

    def test_by_a_preview_that_fails_after_the_stack_file_was_written(self, fake: Fake, said: Said) -> None:
        self.grown(fake, error("Program failed"), code=1)
        text = self.said_of(fake, said)
        assert "FAILED" in text
        assert not [words for words in self.UNTRUE if words in text]

    def test_and_where_nothing_was_that_is_said(self, fake: Fake, said: Said) -> None:
        fake.answers("preview", answer(error("Program failed"), code=1))
        assert self.UNTRUE[0] in self.said_of(fake, said)
        fake.answers("preview", answer(planned("create", None, machine("w"))))
        assert self.UNTRUE[2] in self.said_of(fake, said, yes=False)


def test_many_are_named_by_what_bills_first_and_counted() -> None:
    urns = [bucket(f"b{number}")["urn"] for number in range(7)] + [machine("m")["urn"]]
    assert summary.listed(urns) == ("Instance m, Bucket b0, Bucket b1, Bucket b2, Bucket b3, Bucket b4 and 2 more")
    assert summary.listed(urns[:2]) == "Bucket b0, Bucket b1"
