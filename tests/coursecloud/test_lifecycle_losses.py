"""What holds data or lets somebody in goes only by name, and before anything is touched all of it is said."""

from __future__ import annotations

import io
from typing import Any

import pytest

from coursecloud.cli.commands import life
from coursecloud.deploy import consent, lifecycle
from tests.coursecloud.faked import DOWN, FINISH, UP, Fake, Said, answer
from tests.coursecloud.told import begun, bucket, error, machine, planned, resource

Json = dict[str, Any]
RENAMED = (planned("create", None, bucket("data-bucket")), planned("delete", bucket("data"), None))
GRANT = resource("gcp:projects/iAMMember:IAMMember", "member-0123abcd-run-viewer", under="Team")
KEEPS = "config:\n  gcp:project: some-project-1\n  coursecloud:storage: {keep: true}\n"


def by_file(*keys: str) -> Json:
    """Give the stack's own entry in the state: who came in by somebody's members.x.yaml."""
    return {"type": "pulumi:pulumi:Stack", "urn": "s", "outputs": {"membersByFile": list(keys)}}


class TestUp:
    """A morning loses nothing unnamed, whatever --yes says."""

    def planned(self, fake: Fake, *events: Json) -> None:
        fake.answers("preview --refresh", answer(*events, stays=True))

    def stopped(self, fake: Fake, **more: Any) -> str:
        with pytest.raises(consent.StoppedError) as caught:
            fake.up(**more)
        assert fake.changes == [], "something was touched"
        said = str(caught.value)
        assert said.splitlines()[0] == "up of stack x stopped before it touched anything."
        return said

    def test_a_renamed_resource_stops_it_and_the_alias_is_named(self, fake: Fake) -> None:
        fake.holds(bucket("data"))
        self.planned(fake, *RENAMED)
        assert 'aliases=[pulumi.Alias(name="data")]' in self.stopped(fake, lose=["data"])

    def test_yes_is_no_answer_to_a_loss_and_the_name_is(self, fake: Fake, said: Said) -> None:
        data, models = bucket("data"), bucket("models", called="p-x-models")
        fake.holds(data, models)
        self.planned(fake, planned("delete", data), planned("replace", models, models))
        assert "--lose data --lose models" in self.stopped(fake)
        assert "--lose models" in self.stopped(fake, lose=["data"])
        said()
        assert fake.up(lose=["data", "models"]) == 0
        assert fake.changes == [UP]
        assert said.lines()[0].startswith("As named, this goes: Bucket data")

    def test_a_name_that_stays_is_said_so_that_it_does_not_stand_there_for_ever(self, fake: Fake, said: Said) -> None:
        fake.holds(bucket("data"))
        assert fake.up(lose=["data"]) == 0
        assert "--lose data: nothing of that name would go now" in said()

    def test_a_member_who_came_in_by_a_file_that_is_not_here_stops_it(self, fake: Fake) -> None:
        fake.holds(by_file("member-0123abcd"))
        self.planned(fake, planned("delete", GRANT))
        stopped = self.stopped(fake)
        assert "1 member would LOSE their access: member-0123abcd" in stopped
        assert "members.x.yaml" in stopped
        assert fake.up(lose=["member-0123abcd"]) == 0

    def test_all_reasons_are_said_at_once(self, fake: Fake) -> None:
        fake.holds(bucket("data"), by_file("member-0123abcd"))
        self.planned(fake, *RENAMED, planned("delete", GRANT))
        stopped = self.stopped(fake)
        assert all(word in stopped for word in ("pulumi.Alias", "--lose data", "members.x.yaml"))

    def test_after_it_has_begun_it_does_not_say_that_nothing_was_touched(self, fake: Fake) -> None:
        other = machine("workbench", name="x-workbench", project="some-project-1")
        fake.holds(bucket("data"))
        # The first update is refused because Google has the machine; once that is taken over, the plan is another one.
        fake.answers(
            "up", answer(begun("create", None, other), error("Error 409: alreadyExists", other["urn"]), code=255)
        )
        fake.answers("import", answer(state=[bucket("data"), other]))
        fake.answers("preview", answer(planned("replace", bucket("data"), bucket("data"))))
        with pytest.raises(consent.StoppedError) as caught:
            fake.up()
        first = str(caught.value).splitlines()[0]
        assert first == "up of stack x stopped before it lost anything; what it had begun stays."
        assert fake.commands == ["up", "import"]


class TestEvening:
    """What is kept stays, and what goes along is named."""

    STATE = (bucket("data", protect=True), bucket("staging", called="p-x-staging"))

    def test_what_it_takes_along_is_named_and_asked_for(self, fake: Fake, said: Said) -> None:
        fake.holds(*self.STATE)
        asked: list[str] = []
        with pytest.raises(lifecycle.RefusedError, match="nothing was changed"):
            fake.down(yes=False, ask=lambda text: bool(asked.append(text)))
        assert fake.changes == []
        lines = said.lines()
        assert lines[0].startswith("1 store with its data will be GONE")
        assert "Bucket staging" in lines[1]
        assert "keep: true" in lines[2]
        assert asked == ["Delete all of that"]

    def test_nobody_to_ask_is_no(self, fake: Fake) -> None:
        fake.holds(*self.STATE)
        with pytest.raises(lifecycle.RefusedError, match="answer yes, or say --yes"):
            fake.down(yes=False)
        assert fake.changes == []

    @pytest.mark.parametrize(("yes", "answered"), [(True, False), (False, True)])
    def test_a_yes_is_a_yes_and_pulumi_asks_no_second_time(self, fake: Fake, yes: bool, answered: bool) -> None:
        fake.holds(*self.STATE)
        assert fake.down(yes=yes, ask=lambda _: answered) == 0
        assert fake.changes == [DOWN]

    def test_where_all_is_kept_nothing_is_asked(self, fake: Fake) -> None:
        fake.holds(*self.STATE[:1])
        assert fake.down(yes=False) == 0
        assert fake.changes == [DOWN]

    def test_what_the_file_keeps_since_the_last_up_is_not_protected_yet_and_stops_it(self, fake: Fake) -> None:
        from coursecloud.plan import planning

        fake.stack_file(KEEPS)
        made = planning.make("x", fake.root / "Pulumi.x.yaml", fake.root)
        kept = next(each for each in made.resources if each.type.endswith(":Bucket") and each.protect)
        fake.holds({"urn": kept.urn, "type": kept.type, "custom": True, "inputs": kept.inputs})
        with pytest.raises(consent.StoppedError, match=rf"(?s)keeps them:.*{kept.name}.*--lose {kept.name}"):
            fake.down()
        assert fake.changes == []
        assert fake.down(lose=[kept.name]) == 0
        assert fake.changes == [DOWN]

    def test_the_end_of_the_course_names_what_is_kept_too_and_stops_without_the_name(self, fake: Fake) -> None:
        fake.holds(*self.STATE)
        asked: list[str] = []
        with pytest.raises(lifecycle.RefusedError, match="nothing was changed"):
            fake.finish(confirm=lambda text: bool(asked.append(text)))
        assert fake.changes == []
        assert "Bucket data" in asked[0]
        assert "Bucket staging" in asked[0]

    def test_the_end_of_a_stack_without_data_says_that_it_holds_none(self, fake: Fake) -> None:
        fake.holds(machine("workbench"))
        asked: list[str] = []
        assert fake.finish(confirm=lambda text: not asked.append(text)) == 0
        assert asked[0].endswith("it holds none")
        assert fake.changes == [FINISH]


def test_nobody_at_the_terminal_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    end = life.End(wanted=False)
    assert end.asked("Delete all of that") is False
