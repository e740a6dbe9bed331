"""Up, down and finish: in which order Pulumi is asked for what, and how each ends."""

from __future__ import annotations

import pytest

from coursecloud.deploy import lifecycle
from tests.coursecloud.faked import ALWAYS, DOWN, FINISH, UP, Fake, Said, answer
from tests.coursecloud.told import bucket, done, error, looked, machine, planned

BUSY = "googleapi: Error 503: The service is currently unavailable., backendError"


def test_a_first_up_plans_and_then_does_it(fake: Fake) -> None:
    assert fake.up() == 0
    assert fake.changes == [UP]
    assert [call for call in fake.calls if call.startswith("preview")] == ["preview"]
    assert fake.calls.index("preview") < fake.calls.index(UP)


def test_a_later_up_looks_at_the_cloud_first(fake: Fake) -> None:
    fake.holds(bucket("data"))
    assert fake.up() == 0
    assert [call for call in fake.calls if call.startswith("preview")] == ["preview --refresh"]


@pytest.mark.parametrize("command", ["up", "down", "finish"])
def test_every_call_names_the_stack_and_asks_nobody(fake: Fake, command: str) -> None:
    fake.holds(bucket("data"))
    fake.run(command)
    for call in fake.asked:
        words = call["words"]
        assert ALWAYS[1] in words
        assert words[:2] == ["stack", "ls"] or words[words.index("--stack") + 1] == "x"
        if words[0] in ("up", "preview", "refresh", "destroy", "import"):
            assert ALWAYS[0] in words, "without it Pulumi tells no events"


def test_down_deletes_what_is_not_protected_and_nothing_else(fake: Fake) -> None:
    fake.holds(bucket("data", protect=True), machine("workbench"))
    assert fake.down() == 0
    assert fake.changes == [DOWN]
    assert "refresh --preview-only" in fake.calls


def test_finish_lifts_protection_before_it_deletes(fake: Fake) -> None:
    fake.holds(bucket("data", protect=True))
    assert fake.finish() == 0
    assert fake.changes == ["state unprotect --all --yes", FINISH]


def test_finish_of_what_is_not_protected_lifts_nothing(fake: Fake) -> None:
    fake.holds(bucket("data"))
    assert fake.finish() == 0
    assert fake.changes == [FINISH]


def test_where_the_protection_cannot_be_lifted_nothing_is_deleted(fake: Fake, said: Said) -> None:
    fake.holds(bucket("data", protect=True))
    fake.answers("state unprotect", answer(code=1, errors="error: could not write the state"))
    assert fake.finish() == lifecycle.summary.FAILED
    assert fake.changes == ["state unprotect --all --yes"]
    assert "could not write the state" in said()


def test_an_up_that_fails_is_not_tried_again_and_ends_with_one(fake: Fake) -> None:
    fake.answers("up", answer(error(BUSY, machine("workbench")["urn"]), code=255))
    assert fake.up() == 1
    assert fake.changes == [UP]


def test_a_preview_that_fails_changes_nothing(fake: Fake, said: Said) -> None:
    fake.answers("preview", answer(error("Error: Program failed with an unhandled exception"), code=1))
    assert fake.up() == 1
    assert fake.changes == []
    assert said().splitlines()[0] == "up of stack x FAILED before it touched anything:"


def test_an_update_of_which_nobody_knows_what_it_does_is_none(fake: Fake, said: Said) -> None:
    fake.holds(bucket("data"))
    fake.answers("preview --refresh", answer(code=255, lines=["panic: no JSON"]))
    assert fake.up() == 1
    assert fake.changes == []
    assert "panic: no JSON" in said()


def test_a_destroy_that_got_on_is_tried_again_with_what_is_left(fake: Fake, said: Said) -> None:
    fake.holds(bucket("data"), machine("workbench"))
    fake.answers("destroy", answer(code=255, state=[bucket("data")]), answer(code=0, state=[]))
    assert fake.down() == 0
    assert fake.changes == [DOWN, DOWN]
    assert "Trying again with what is left." in said()


@pytest.mark.parametrize("left", [[bucket("data")], [bucket("data"), bucket("other")]])
def test_a_destroy_that_did_not_get_on_is_not_tried_again(fake: Fake, left: list[dict[str, object]]) -> None:
    fake.holds(bucket("data"))
    fake.answers("destroy", answer(error(BUSY, bucket("data")["urn"]), code=255, state=left))
    assert fake.down() == 1
    assert fake.changes == [DOWN]


def test_what_is_done_is_said_while_it_is_done_and_counted_at_the_end(fake: Fake, said: Said) -> None:
    made = [bucket("data"), machine("workbench")]
    fake.answers("up", answer(*(done("create", None, each) for each in made), state=made))
    assert fake.up() == 0
    lines = said().splitlines()
    assert lines[:2] == ["  created    Bucket data", "  created    Instance workbench"]
    assert lines[2] == "Up: stack x is as its file says, 2 resources (2 created)."


class TestAsking:
    """Without --yes somebody is asked, with the plan before their eyes; nobody there is no."""

    def asked(self, fake: Fake, answered: bool) -> list[str]:
        questions: list[str] = []
        fake.answers("preview", answer(planned("create", None, machine("workbench"))))

        def ask(question: str) -> bool:
            questions.append(question)
            return answered

        if answered:
            assert fake.up(yes=False, ask=ask) == 0
        else:
            with pytest.raises(lifecycle.RefusedError, match="nothing was changed"):
                fake.up(yes=False, ask=ask)
        return questions

    @pytest.mark.parametrize(("answered", "changes"), [(True, [UP]), (False, [])])
    def test_the_answer_is_obeyed(self, fake: Fake, said: Said, answered: bool, changes: list[str]) -> None:
        assert self.asked(fake, answered) == ["Do it"]
        assert fake.changes == changes
        assert said.lines()[:2] == [
            "This update of stack x in some-project-1:", "  creates 1: Instance workbench",
        ]  # fmt: skip

    def test_nobody_to_ask_is_no(self, fake: Fake) -> None:
        fake.answers("preview", answer(planned("create", None, machine("workbench"))))
        with pytest.raises(lifecycle.RefusedError, match="answer yes, or say --yes"):
            fake.up(yes=False)
        assert fake.changes == []

    def test_an_update_that_changes_nothing_is_no_question(self, fake: Fake) -> None:
        assert fake.up(yes=False) == 0
        assert fake.changes == [UP]


class TestProject:
    """A stack stays in its project."""

    def test_another_project_is_refused_before_anything_is_touched(self, fake: Fake) -> None:
        held, wanted = bucket("data"), bucket("data")
        held["inputs"]["project"], wanted["inputs"]["project"] = "the-old-one", "some-project-1"
        opened = bucket("models", inputs={"versioning": True})
        fake.holds(held, opened)
        by_hand = looked(opened, bucket("models", inputs={"versioning": False}), "versioning")
        fake.answers("preview --refresh", answer(by_hand, planned("replace", held, wanted), stays=True))
        for lose in ((), ("data",)):
            with pytest.raises(lifecycle.RefusedError, match="the-old-one") as caught:
                fake.up(lose=lose)
            assert str(caught.value).startswith("up of stack x stopped before it touched anything: ")
        assert fake.changes == [], "what was opened there is not put in order either"

    def test_the_same_project_and_what_names_none_are_fine(self, fake: Fake) -> None:
        held = bucket("data")
        held["inputs"]["project"] = "some-project-1"
        fake.holds(held, bucket("other"))
        assert fake.up() == 0

    def test_the_provider_may_name_another(self, fake: Fake) -> None:
        provider = {"urn": "urn:pulumi:x::coursecloud::pulumi:providers:gcp::default", "type": "pulumi:providers:gcp"}
        fake.holds({**provider, "custom": True, "inputs": {"project": "billed-elsewhere"}}, bucket("data"))
        assert fake.up() == 0
