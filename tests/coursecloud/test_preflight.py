"""What an update or an evening would take away, read from Pulumi's preview and its state."""

from typing import Any

import pytest

from coursecloud.diff import data_loss
from coursecloud.plan import import_ids
from tests.coursecloud.told import bucket, resource


def step(op: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> dict[str, Any]:
    found = new or old
    assert found
    sides = {"oldState": old, "newState": new}
    return {"op": op, "urn": found["urn"], **{key: side for key, side in sides.items() if side}}


RENAMED = (step("create", new=bucket("data-bucket")), step("delete", old=bucket("data")))


class TestTwins:
    def test_one_thing_under_two_names_is_seen(self) -> None:
        (twin,) = data_loss.twins(RENAMED, [bucket("data")])
        assert (twin.kind, twin.name, twin.identity) == ("Bucket", "data-bucket", "p-x-data")
        assert twin.alias == 'pulumi.Alias(name="data")'

    def test_one_thing_under_two_parents_is_seen_and_its_alias_is_the_whole_name(self) -> None:
        moved = bucket("data", under="Lake")
        (twin,) = data_loss.twins([step("create", new=moved)], [bucket("data")])
        assert twin.alias == f'"{bucket("data")["urn"]}"'

    @pytest.mark.parametrize(
        "new",
        [
            bucket("data-bucket", called="p-x-other"),
            bucket("data-bucket", called=import_ids.PREVIEWED_UNKNOWN),
            resource("gcp:storage/bucket:Bucket", "unnamed"),
        ],
    )
    def test_another_thing_or_one_of_which_nobody_knows_the_name_is_none(self, new: dict[str, Any]) -> None:
        assert data_loss.twins([step("create", new=new)], [bucket("data")]) == []

    def test_what_stays_or_waits_for_its_deletion_is_none(self) -> None:
        assert data_loss.twins([step("same", old=bucket("data"), new=bucket("data"))], [bucket("data")]) == []
        assert data_loss.twins([step("create", new=bucket("new"))], [bucket("data", delete=True)]) == []

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
        assert len(data_loss.twins([step("create", new=new)], [old])) == 1
        other = {key: f"{value}2" for key, value in inputs.items()}
        assert data_loss.twins([step("create", new=resource(kind, "new", under="Storage", **other))], [old]) == []

    def test_a_binding_with_another_condition_is_another_one(self) -> None:
        def grant(title: str) -> dict[str, Any]:
            binding = {"project": "p", "role": "r", "member": "m", "condition": {"title": title}}
            return resource("gcp:projects/iAMMember:IAMMember", title, under="Team", **binding)

        assert data_loss.twins([step("create", new=grant("lease b"))], [grant("lease a")]) == []
        assert import_ids.import_id("gcp:projects/iAMMember:IAMMember", grant("lease a")["inputs"]) == "p r m lease a"


class TestLosses:
    @pytest.mark.parametrize(
        ("op", "said"),
        [
            ("delete", "Bucket data (p-x-data): all objects in it"),
            # It goes together with what it refers to, and does not come back.
            ("delete-replaced", "Bucket data (p-x-data): all objects in it"),
            ("replace", "Bucket data (p-x-data): all objects in it; it would be made anew, empty"),
            ("create-replacement", "Bucket data (p-x-data): all objects in it; it would be made anew, empty"),
        ],
    )
    def test_what_holds_data_and_goes_is_said_in_a_line(self, op: str, said: str) -> None:
        assert [str(loss) for loss in data_loss.losses([step(op, old=bucket("data"))])] == [said]

    @pytest.mark.parametrize("op", ["same", "update", "create", "read", "refresh", "import"])
    def test_what_stays_is_none(self, op: str) -> None:
        assert data_loss.losses([step(op, old=bucket("data"), new=bucket("data"))]) == []

    def test_the_steps_of_one_replacement_are_one_loss(self) -> None:
        steps = [step(op, old=bucket("data")) for op in ("create-replacement", "replace", "delete-replaced")]
        assert len(data_loss.losses(steps)) == 1

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
        assert data_loss.losses([step("delete", old=resource(kind, "any"))]) == []

    def test_a_type_that_nobody_classed_may_hold_anything(self) -> None:
        (loss,) = data_loss.losses([step("delete", old=resource("gcp:redis/instance:Instance", "cache"))])
        assert "nobody has said what this type holds" in str(loss)

    def test_what_google_keeps_or_was_made_a_moment_ago_is_none(self) -> None:
        assert data_loss.losses([step("delete", old=bucket("data", retainOnDelete=True))]) == []
        assert data_loss.losses([step("delete", old=bucket("data"))], [bucket("data")["urn"]]) == []

    def test_a_destroy_takes_what_is_not_protected_and_an_end_takes_all(self) -> None:
        there = [bucket("data", protect=True), bucket("staging")]
        assert [loss.name for loss in data_loss.in_state(there, protected=False)] == ["staging"]
        assert [loss.name for loss in data_loss.in_state(there, protected=True)] == ["data", "staging"]


class TestLeaving:
    GRANT = resource("gcp:projects/iAMMember:IAMMember", "member-0123abcd-run-viewer", under="Team")

    @staticmethod
    def state(*keys: str) -> dict[str, Any]:
        stack = {"type": "pulumi:pulumi:Stack", "urn": "s", "outputs": {"membersByFile": list(keys)}}
        return {"resources": [stack]}

    def test_who_came_in_by_somebodys_file_is_not_locked_out_unseen(self) -> None:
        steps = [step("delete", old=self.GRANT)]
        assert data_loss.leaving(steps, self.state("member-0123abcd"), ()) == ["member-0123abcd"]

    def test_whom_somebody_took_out_of_the_stack_file_may_go(self) -> None:
        assert data_loss.leaving([step("delete", old=self.GRANT)], self.state(), ()) == []

    def test_of_a_state_that_does_not_say_who_came_how_everybody_is_named(self) -> None:
        assert data_loss.leaving([step("delete", old=self.GRANT)], {}, ()) == ["member-0123abcd"]

    def test_a_member_who_only_loses_a_role_is_still_there(self) -> None:
        steps = [step("delete", old=self.GRANT)]
        assert data_loss.leaving(steps, self.state("member-0123abcd"), {"member-0123abcd"}) == []
