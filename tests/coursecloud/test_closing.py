"""The first line says what happened, the last ones what is now, what it costs, and the next step; none is untrue."""

from __future__ import annotations

from typing import Any

import pytest

from coursecloud.deploy import consent, lifecycle, summary
from tests.coursecloud.faked import Fake, Said, answer
from tests.coursecloud.told import bucket, disk, done, error, looked, machine, planned

Json = dict[str, Any]
NEXT_UP = "  next    `coursecloud up --stack x`"
MISLEADING = ("stack rm", "state delete", "refresh", "pulumi destroy", "--protect", "protect` flag")
"""What Pulumi advises, and what would lose the stack file or the data, or does not help."""
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
