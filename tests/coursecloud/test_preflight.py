"""What an update or an evening would take away: said before anything is touched, and gone only by name."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from coursecloud import identity, lifecycle, preflight
from coursecloud.commands import life
from tests.coursecloud.test_lifecycle import FALLBACK, calls, project, updates, write_state

__all__ = ["project"]

STACK = "urn:pulumi:x::coursecloud::"


def resource(kind: str, name: str, /, *, under: str = "Storage", **inputs: Any) -> dict[str, Any]:
    parent = f"coursecloud:infra:{under}$" if under else ""
    return {"urn": f"{STACK}{parent}{kind}::{name}", "type": kind, "custom": True, "inputs": inputs}


def bucket(name: str, *, called: str = "p-x-data", under: str = "Storage", **more: Any) -> dict[str, Any]:
    return {**resource("gcp:storage/bucket:Bucket", name, under=under, name=called), **more}


def step(op: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> dict[str, Any]:
    found = new or old
    assert found
    sides = {"oldState": old, "newState": new}
    return {"op": op, "urn": found["urn"], **{key: side for key, side in sides.items() if side}}


def previewed(project: Path, *steps: dict[str, Any]) -> None:
    (project.parent / "PREVIEW").write_text(json.dumps({"steps": steps}))


RENAMED = (step("create", new=bucket("data-bucket")), step("delete", old=bucket("data")))


class TestTwins:
    def test_one_thing_under_two_names_is_seen(self) -> None:
        (twin,) = preflight.twins(RENAMED, [bucket("data")])
        assert (twin.kind, twin.name, twin.identity) == ("Bucket", "data-bucket", "p-x-data")
        assert twin.alias == 'pulumi.Alias(name="data")'

    def test_one_thing_under_two_parents_is_seen_and_its_alias_is_the_whole_name(self) -> None:
        moved = bucket("data", under="Lake")
        (twin,) = preflight.twins([step("create", new=moved)], [bucket("data")])
        assert twin.alias == f'"{bucket("data")["urn"]}"'

    @pytest.mark.parametrize(
        "new",
        [
            bucket("data-bucket", called="p-x-other"),
            bucket("data-bucket", called=identity.PREVIEWED_UNKNOWN),
            resource("gcp:storage/bucket:Bucket", "unnamed"),
        ],
    )
    def test_another_thing_or_one_of_which_nobody_knows_the_name_is_none(self, new: dict[str, Any]) -> None:
        assert preflight.twins([step("create", new=new)], [bucket("data")]) == []

    def test_what_stays_or_waits_for_its_deletion_is_none(self) -> None:
        assert preflight.twins([step("same", old=bucket("data"), new=bucket("data"))], [bucket("data")]) == []
        assert preflight.twins([step("create", new=bucket("new"))], [bucket("data", delete=True)]) == []

    @pytest.mark.parametrize(
        ("kind", "inputs"),
        [
            ("gcp:serviceaccount/account:Account", {"project": "p", "accountId": "x-training"}),
            ("gcp:projects/iAMMember:IAMMember", {"project": "p", "role": "roles/viewer", "member": "user:a@b.c"}),
            ("gcp:pubsub/topic:Topic", {"project": "p", "name": "t"}),
            # Types that no table names: by what names things and places.
            ("gcp:bigquery/dataset:Dataset", {"project": "p", "datasetId": "d", "description": "any"}),
            ("gcp:sql/databaseInstance:DatabaseInstance", {"project": "p", "name": "d", "region": "europe-west1"}),
        ],
    )
    def test_it_holds_for_every_type(self, kind: str, inputs: dict[str, Any]) -> None:
        old, new = resource(kind, "old", **inputs), resource(kind, "new", **inputs)
        assert len(preflight.twins([step("create", new=new)], [old])) == 1
        other = {key: f"{value}2" for key, value in inputs.items()}
        assert preflight.twins([step("create", new=resource(kind, "new", under="Storage", **other))], [old]) == []

    def test_a_binding_with_another_condition_is_another_one(self) -> None:
        def grant(title: str) -> dict[str, Any]:
            binding = {"project": "p", "role": "r", "member": "m", "condition": {"title": title}}
            return resource("gcp:projects/iAMMember:IAMMember", title, under="Team", **binding)

        assert preflight.twins([step("create", new=grant("lease b"))], [grant("lease a")]) == []
        assert identity.import_id("gcp:projects/iAMMember:IAMMember", grant("lease a")["inputs"]) == "p r m lease a"


class TestLosses:
    @pytest.mark.parametrize(
        ("op", "said"),
        [
            ("delete", "Bucket data (p-x-data) is deleted, with all objects in it"),
            # It goes together with what it refers to, and does not come back.
            ("delete-replaced", "Bucket data (p-x-data) is deleted, with all objects in it"),
            ("replace", "Bucket data (p-x-data) is deleted and made anew, empty, with all objects in it"),
            ("create-replacement", "Bucket data (p-x-data) is deleted and made anew, empty, with all objects in it"),
        ],
    )
    def test_what_holds_data_and_goes_is_said_in_a_line(self, op: str, said: str) -> None:
        assert [str(loss) for loss in preflight.losses([step(op, old=bucket("data"))])] == [said]

    @pytest.mark.parametrize("op", ["same", "update", "create", "read", "refresh", "import"])
    def test_what_stays_is_none(self, op: str) -> None:
        assert preflight.losses([step(op, old=bucket("data"), new=bucket("data"))]) == []

    def test_the_steps_of_one_replacement_are_one_loss(self) -> None:
        steps = [step(op, old=bucket("data")) for op in ("create-replacement", "replace", "delete-replaced")]
        assert len(preflight.losses(steps)) == 1

    @pytest.mark.parametrize(
        "kind",
        [
            "gcp:compute/network:Network",
            "gcp:projects/iAMMember:IAMMember",
            "gcp:pubsub/topicIAMMember:TopicIAMMember",
            "gcp:storage/bucketIAMBinding:BucketIAMBinding",
            "pulumi:providers:gcp",
        ],
    )
    def test_what_holds_nothing_is_none(self, kind: str) -> None:
        assert preflight.losses([step("delete", old=resource(kind, "any"))]) == []

    def test_a_type_that_nobody_classed_may_hold_anything(self) -> None:
        (loss,) = preflight.losses([step("delete", old=resource("gcp:sql/databaseInstance:DatabaseInstance", "db"))])
        assert "nobody has said what this type holds" in str(loss)

    def test_what_google_keeps_or_was_made_a_moment_ago_is_none(self) -> None:
        assert preflight.losses([step("delete", old=bucket("data", retainOnDelete=True))]) == []
        assert preflight.losses([step("delete", old=bucket("data"))], [bucket("data")["urn"]]) == []

    def test_a_destroy_takes_what_is_not_protected_and_an_end_takes_all(self) -> None:
        there = [bucket("data", protect=True), bucket("staging")]
        assert [loss.name for loss in preflight.in_state(there, protected=False)] == ["staging"]
        assert [loss.name for loss in preflight.in_state(there, protected=True)] == ["data", "staging"]


class TestLeaving:
    GRANT = resource("gcp:projects/iAMMember:IAMMember", "member-0123abcd-run-viewer", under="Team")

    @staticmethod
    def state(*keys: str) -> dict[str, Any]:
        stack = {"type": "pulumi:pulumi:Stack", "urn": "s", "outputs": {"membersByFile": list(keys)}}
        return {"resources": [stack]}

    def test_who_came_in_by_somebodys_file_is_not_locked_out_unseen(self) -> None:
        steps = [step("delete", old=self.GRANT)]
        assert preflight.leaving(steps, self.state("member-0123abcd"), ()) == ["member-0123abcd"]

    def test_whom_somebody_took_out_of_the_stack_file_may_go(self) -> None:
        assert preflight.leaving([step("delete", old=self.GRANT)], self.state(), ()) == []

    def test_of_a_state_that_does_not_say_who_came_how_everybody_is_named(self) -> None:
        assert preflight.leaving([step("delete", old=self.GRANT)], {}, ()) == ["member-0123abcd"]

    def test_a_member_who_only_loses_a_role_is_still_there(self) -> None:
        steps = [step("delete", old=self.GRANT)]
        assert preflight.leaving(steps, self.state("member-0123abcd"), {"member-0123abcd"}) == []


class TestUp:
    def stopped(self, project: Path, **more: Any) -> str:
        with pytest.raises(lifecycle.StoppedError) as error:
            lifecycle.up(project, "x", yes=True, **more)
        assert updates(project) == [], "something was touched"
        return str(error.value)

    def test_a_renamed_resource_stops_it_and_the_alias_is_named(self, project: Path) -> None:
        write_state(project, resources=[bucket("data")])
        previewed(project, *RENAMED)
        said = self.stopped(project, lose=["data"])
        assert said.splitlines()[0] == "up of stack x stopped before it touched anything."
        assert 'aliases=[pulumi.Alias(name="data")]' in said

    def test_yes_is_no_answer_to_a_loss_and_the_name_is(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_state(project, resources=[bucket("data"), bucket("models")])
        previewed(project, step("delete", old=bucket("data")), step("replace", old=bucket("models")))
        assert "--lose data --lose models" in self.stopped(project)
        assert "--lose models" in self.stopped(project, lose=["data"])
        assert lifecycle.up(project, "x", yes=True, lose=["data", "models"]) == 0
        assert updates(project) == ["up --stack x --yes --skip-preview"]
        assert "As named: Bucket data" in capsys.readouterr().out

    def test_a_name_that_stays_is_said_so_that_it_does_not_stand_there_for_ever(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_state(project, resources=[bucket("data")])
        assert lifecycle.up(project, "x", yes=True, lose=["data"]) == 0
        assert "--lose data: nothing of that name would go now" in capsys.readouterr().out

    def test_a_member_who_came_in_by_a_file_that_is_not_here_stops_it(self, project: Path) -> None:
        write_state(project, **TestLeaving.state("member-0123abcd"))
        previewed(project, step("delete", old=TestLeaving.GRANT))
        said = self.stopped(project)
        assert "1 member would LOSE their access: member-0123abcd" in said
        assert "members.x.yaml" in said
        assert lifecycle.up(project, "x", yes=True, lose=["member-0123abcd"]) == 0

    def test_all_reasons_are_said_at_once(self, project: Path) -> None:
        write_state(project, resources=[bucket("data"), *TestLeaving.state("member-0123abcd")["resources"]])
        previewed(project, *RENAMED, step("delete", old=TestLeaving.GRANT))
        said = self.stopped(project)
        assert all(word in said for word in ("pulumi.Alias", "--lose data", "members.x.yaml"))

    def test_a_first_up_has_nothing_to_look_for(self, project: Path) -> None:
        assert lifecycle.up(project, "x", yes=True) == 0
        assert not [call for call in calls(project) if call.startswith("preview")]

    @pytest.mark.parametrize("printed", ["", "no JSON"])
    def test_an_update_of_which_nobody_knows_what_it_does_is_none(self, project: Path, printed: str) -> None:
        write_state(project, resources=[bucket("data")])
        (project.parent / "PREVIEW").write_text(printed)
        assert lifecycle.up(project, "x", yes=True) != 0
        assert updates(project) == []
        # The second preview is the one that the user sees.
        assert [call for call in calls(project) if call.startswith("preview")][-1] == "preview --stack x"

    def test_after_it_has_begun_it_does_not_say_that_nothing_was_touched(self, project: Path) -> None:
        write_state(project, pending_operations=[{"type": "creating", "resource": bucket("other", called="o")}])
        write_state(project, "AFTER", resources=[bucket("data")])
        previewed(project, step("replace", old=bucket("data")))
        with pytest.raises(lifecycle.StoppedError, match="what it had begun stays"):
            lifecycle.up(project, "x", yes=True)

    def test_an_empty_disk_of_this_very_up_follows_its_machine_to_another_zone(self, project: Path) -> None:
        (project / "Pulumi.x.yaml").write_text(FALLBACK)
        machine = resource("gcp:compute/instance:Instance", "trainer", under="Machines")["urn"]
        disk = resource("gcp:compute/disk:Disk", "trainer-work", under="Machines", protect=True)
        (project.parent / "FAILURES").write_text("once\n")
        event = {"diagnosticEvent": {"urn": machine, "message": "ZONE_RESOURCE_POOL_EXHAUSTED"}}
        (project.parent / "EVENTS").write_text(json.dumps(event))
        # The state is empty before the first up, which makes the disk.
        fake = project.parent / "bin/pulumi"
        fake.write_text(
            fake.read_text().replace('sed -i 1d "$FAILURES"', 'cp "$AFTER" "$STATE"; sed -i 1d "$FAILURES"')
        )
        write_state(project, "AFTER", resources=[disk])
        previewed(project, step("replace", old=disk))
        assert lifecycle.up(project, "x", yes=True) == 0
        assert f"state unprotect --stack x {disk['urn']} --yes" in calls(project)


class TestEvening:
    STATE = (bucket("data", protect=True), bucket("staging", called="p-x-staging"))

    def test_what_it_takes_along_is_named_and_asked_for(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_state(project, resources=self.STATE)
        asked: list[str] = []
        with pytest.raises(lifecycle.RefusedError, match="nothing was deleted"):
            lifecycle.down(project, "x", yes=False, ask=lambda text: bool(asked.append(text)))
        assert updates(project) == []
        said = capsys.readouterr().out
        assert said.splitlines()[0].startswith("1 store with its data will be GONE")
        assert "Bucket staging (p-x-staging)" in said
        assert "keep: true" in said
        assert len(asked) == 1

    def test_nobody_to_ask_is_no(self, project: Path) -> None:
        write_state(project, resources=self.STATE)
        with pytest.raises(lifecycle.RefusedError):
            lifecycle.down(project, "x", yes=False)

    @pytest.mark.parametrize(("yes", "answer"), [(True, False), (False, True)])
    def test_a_yes_is_a_yes_and_pulumi_asks_no_second_time(self, project: Path, yes: bool, answer: bool) -> None:
        write_state(project, resources=self.STATE)
        assert lifecycle.down(project, "x", yes=yes, ask=lambda _: answer) == 0
        assert updates(project) == ["destroy --stack x --exclude-protected --yes --skip-preview"]

    def test_where_all_is_kept_nothing_is_asked(self, project: Path) -> None:
        write_state(project, resources=self.STATE[:1])
        assert lifecycle.down(project, "x", yes=False) == 0
        assert updates(project) == ["destroy --stack x --exclude-protected"]

    def test_the_end_of_the_course_names_what_is_kept_too_and_stops_without_the_name(self, project: Path) -> None:
        write_state(project, resources=self.STATE)
        asked: list[str] = []
        with pytest.raises(lifecycle.RefusedError, match="nothing was deleted"):
            lifecycle.finish(project, "x", confirm=lambda text: bool(asked.append(text)))
        assert updates(project) == []
        assert "Bucket data (p-x-data)" in asked[0]
        assert "Bucket staging" in asked[0]


def test_nobody_at_the_terminal_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert life._asked("Delete all of that") is False  # pyright: ignore[reportPrivateUsage]
