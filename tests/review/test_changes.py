"""What happens to each resource of small plans: its operation, its reasons and what follows from it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursecloud.diff.changes import Operation
from coursecloud.diff.comparison import compare
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.review import dangers
from tests.review.made import (
    BUCKET,
    DISK,
    GRANT,
    INSTANCE,
    NETWORK,
    SUBNET,
    changed,
    operations,
    resource,
    urn,
)

PLAIN = resource(BUCKET, "b", {"name": "b", "location": "EU"})


def test_what_comes_is_created_and_what_goes_is_deleted() -> None:
    assert operations([], [PLAIN]) == {"b": "create"}
    assert operations([PLAIN], []) == {"b": "delete"}


def test_what_stays_is_the_same() -> None:
    assert operations([PLAIN], [PLAIN]) == {}


def test_a_change_in_place_is_an_update_and_any_other_a_replacement_with_its_reason() -> None:
    assert operations([PLAIN], [resource(BUCKET, "b", {"name": "b", "location": "EU", "labels": {"a": "b"}})]) == {
        "b": "update"
    }
    change = changed([PLAIN], [resource(BUCKET, "b", {"name": "b", "location": "US"})])["b"]
    assert change.operation is Operation.REPLACE
    assert [reason.property for reason in change.reasons] == ["location"]
    assert change.delete_first
    assert change.loses == "objects"


def test_a_change_that_the_provider_overlooks_is_none_and_is_shown_as_such() -> None:
    change = changed([PLAIN], [resource(BUCKET, "b", {"name": "b", "location": "eu"})])["b"]
    assert change.operation is Operation.SAME
    assert change.properties[0].ignored


def test_a_type_that_the_table_does_not_have_is_an_update_that_may_replace() -> None:
    before, after = (resource("gcp:new/thing:Thing", "t", {"zone": zone}) for zone in "ab")
    change = changed([before], [after])["t"]
    assert change.operation is Operation.UPDATE
    assert change.uncertain
    assert [danger.kind for danger in dangers.dangers([change])] == [dangers.Kind.UNKNOWN]


def test_the_program_may_ask_for_a_new_resource() -> None:
    old, new = ({"name": "b", "labels": {"a": value}} for value in "xy")
    before = resource(BUCKET, "b", old)
    assert operations([before], [resource(BUCKET, "b", new, replaceOnChanges=["labels"])]) == {"b": "replace"}
    assert operations([before], [resource(BUCKET, "b", new, replaceOnChanges=["*"])]) == {"b": "replace"}
    assert operations([before], [resource(BUCKET, "b", new, replaceOnChanges=["location"])]) == {"b": "update"}


def test_a_trigger_replaces_when_it_changes_and_not_when_it_comes_or_goes() -> None:
    # As the engine does (CLI 3.272): added or removed is no change.
    none = resource(INSTANCE, "m", {})
    gpu, other = (resource(INSTANCE, "m", {}, replacementTrigger=value) for value in ("T4", "no"))
    assert operations([gpu], [other]) == {"m": "replace"}
    assert operations([none], [gpu]) == {}
    assert operations([gpu], [none]) == {}
    assert "T4 -> no" in changed([gpu], [other])["m"].reasons[0].text


def test_what_is_replaced_together_with_another_follows_it() -> None:
    # The disk's own replacement is "no change" to the machine: its link stays the same.
    def side(size: int) -> list[Registration]:
        disk = resource(DISK, "d", {"name": "d", "size": size})
        return [disk, resource(INSTANCE, "m", {"name": "m"}, replaceWith=[disk.urn]), resource(INSTANCE, "n", {})]

    assert operations(side(50), side(20)) == {"d": "replace", "m": "replace"}
    assert operations(side(20), side(50)) == {"d": "update"}
    machine = changed(side(50), side(20))["m"]
    assert (machine.reasons[0].property, machine.reasons[0].follows) == ("replaceWith", "d")
    assert machine.delete_first
    assert machine.properties == ()


def test_what_the_program_tells_pulumi_to_overlook_is_no_change() -> None:
    before, after = (resource(BUCKET, "b", {"location": place}, ignoreChanges=["location"]) for place in ("EU", "US"))
    assert operations([before], [after]) == {}


ACCOUNT = "gcp:serviceaccount/account:Account"
TRIGGER = "gcp:cloudbuild/trigger:Trigger"


class TestRenames:
    def test_an_alias_by_urn_name_or_type_renames(self) -> None:
        old = resource(BUCKET, "old", {"name": "b"})
        for alias in ({"urn": urn(BUCKET, "old")}, {"spec": {"name": "old"}}, urn(BUCKET, "old")):
            change = changed([old], [resource(BUCKET, "new", {"name": "b"}, aliases=[alias])])["new"]
            assert change.operation is Operation.RENAME
            assert change.renamed_from == "old"

    def test_without_an_alias_it_is_another_resource(self) -> None:
        old, new = (resource(BUCKET, name, {"name": "b"}) for name in ("old", "new"))
        assert operations([old], [new]) == {"new": "create", "old": "delete"}

    def test_an_alias_takes_no_resource_that_is_still_declared(self) -> None:
        old = resource(BUCKET, "old", {"name": "b"})
        new = resource(BUCKET, "new", {"name": "c"}, aliases=[{"urn": old.urn}])
        assert operations([old], [old, new]) == operations([old], [new, old]) == {"new": "create"}

    def test_a_child_follows_its_parents_alias_and_its_name(self) -> None:
        def family(name: str, **options: Any) -> list[Registration]:
            parent = resource("coursecloud:infra:Storage", name, custom=False, **options)
            return [parent, resource(BUCKET, f"{name}-data", {"name": "b"}, parent=parent)]

        assert operations(family("old"), family("new", aliases=[{"spec": {"name": "old"}}])) == {"new-data": "rename"}

    def test_a_move_to_another_parent_is_told_by_an_alias_without_parent(self) -> None:
        old = resource(BUCKET, "b", {"name": "b"})
        parent = resource("coursecloud:infra:Storage", "s", custom=False)
        new = resource(BUCKET, "b", {"name": "b"}, parent=parent, aliases=[{"spec": {"noParent": True}}])
        assert operations([old], [parent, new]) == {"b": "rename"}

    def test_a_renamed_resource_that_changes_too_is_updated_or_replaced(self) -> None:
        old = resource(BUCKET, "old", {"name": "b", "location": "EU"})
        new = resource(BUCKET, "new", {"name": "b", "location": "US"}, aliases=[{"urn": old.urn}])
        change = changed([old], [new])["new"]
        assert change.operation is Operation.REPLACE
        assert change.renamed_from == "old"

    def test_a_component_in_a_plan_is_the_one_in_a_state(self) -> None:
        inner = "coursecloud:infra:Storage"
        planned = resource(BUCKET, "b", {"name": "b"}, parent=resource(inner, "s", custom=False))
        kept = resource(BUCKET, "b", {"name": "b"}, parent=resource(inner, "s", custom=False))
        assert operations([kept], [planned]) == {}


def network(*, auto: bool = False, name: str = "n") -> list[Registration]:
    net = resource(NETWORK, "net", {"name": name, "autoCreateSubnetworks": auto})
    link = f"projects/p/global/networks/{name}"
    sub = resource(SUBNET, "sub", {"name": "s", "network": link, "ipCidrRange": "10.0.0.0/20"}, refers={"network": net})
    nic = [{"subnetwork": "projects/p/regions/r/subnetworks/s"}]
    machine = resource(INSTANCE, "m", {"name": "m", "networkInterfaces": nic}, refers={"networkInterfaces": sub})
    return [net, sub, machine]


class TestWhatFollows:
    def test_a_replaced_network_takes_its_subnets_and_their_machines_down_with_it(self) -> None:
        found = changed(network(), network(auto=True))
        assert {name: str(change.operation) for name, change in found.items()} == dict.fromkeys(
            ("net", "sub", "m"), "replace"
        )
        assert [(reason.property, reason.follows) for reason in found["m"].reasons] == [("networkInterfaces", "sub")]
        assert found["sub"].delete_first

    def test_a_disk_that_is_replaced_changes_its_machine_in_place(self) -> None:
        def made(size: int) -> list[Registration]:
            disk = resource(DISK, "d", {"name": "d", "size": size})
            attached = [{"source": "projects/p/zones/z/disks/d", "deviceName": "work"}]
            return [disk, resource(INSTANCE, "m", {"attachedDisks": attached}, refers={"attachedDisks": disk})]

        assert operations(made(20), made(10)) == {"d": "replace", "m": "update"}
        assert operations(made(10), made(20)) == {"d": "update"}

    def test_a_grant_on_a_bucket_goes_with_it_though_its_value_stays(self) -> None:
        def made(place: str) -> list[Registration]:
            bucket = resource(BUCKET, "b", {"name": "b", "location": place})
            return [bucket, resource(GRANT, "g", {"bucket": "b", "role": "r"}, refers={"bucket": bucket})]

        change = changed(made("EU"), made("US"))["g"]
        assert change.operation is Operation.REPLACE
        assert "its value stays" in change.reasons[0].text
        assert not change.properties[-1].at_run

    def test_where_the_new_one_comes_first_a_known_value_that_stays_changes_nothing(self) -> None:
        def made(place: str, value: str) -> list[Registration]:
            bucket = resource(BUCKET, "b", {"name": "b", "location": place}, deleteBeforeReplace=False)
            return [bucket, resource(GRANT, "g", {"bucket": value}, refers={"bucket": bucket})]

        assert operations(made("EU", "b"), made("US", "b")) == {"b": "replace"}
        # A link is what the provider makes: it is unknown while the new bucket does not exist.
        assert operations(made("EU", "links/b"), made("US", "links/b")) == {"b": "replace", "g": "replace"}

    def test_an_unknown_value_follows_what_it_depends_on(self) -> None:
        def made(place: str) -> list[Registration]:
            bucket = resource(BUCKET, "b", {"name": "b", "location": place})
            return [bucket, resource(GRANT, "g", {"member": UNKNOWN}, refers={"member": bucket})]

        assert operations(made("EU"), made("EU")) == {}
        assert operations(made("EU"), made("US")) == {"b": "replace", "g": "replace"}

    def test_a_circle_of_references_ends(self) -> None:
        def made(auto: bool) -> list[Registration]:
            net, sub, machine = network(auto=auto)
            again = resource(NETWORK, "net", {**net.inputs, "description": "d"}, refers={"description": machine})
            return [again, sub, machine]

        assert set(operations(made(False), made(True))) == {"net", "sub", "m"}


class TestUnknown:
    def test_the_same_unknown_is_unchanged_and_told_as_not_compared(self) -> None:
        before = after = resource(GRANT, "g", {"member": UNKNOWN})
        change = changed([before], [after])["g"]
        assert change.operation is Operation.SAME
        assert change.unseen == ("member",)

    def test_an_unknown_from_another_resource_is_a_change(self) -> None:
        one, two = (resource(BUCKET, name, {"name": name}) for name in ("one", "two"))
        before, after = (resource(GRANT, "g", {"member": UNKNOWN}, refers={"member": to}) for to in (one, two))
        assert operations([one, two, before], [one, two, after]) == {"g": "replace"}

    def test_an_unknown_from_a_renamed_resource_is_the_same(self) -> None:
        old, new = (
            resource(BUCKET, "old", {"name": "b"}),
            resource(BUCKET, "new", {"name": "b"}, aliases=[{"urn": urn(BUCKET, "old")}]),
        )
        before, after = (resource(GRANT, "g", {"member": UNKNOWN}, refers={"member": to}) for to in (old, new))
        assert operations([old, before], [new, after]) == {"new": "rename"}

    @pytest.mark.parametrize("state", [False, True])
    def test_what_comes_from_an_account_under_another_name_only_the_real_run_compares(self, state: bool) -> None:
        def side(name: str) -> list[Registration]:
            account = resource(ACCOUNT, name, {"accountId": "x-builds", "project": "p"})
            member = "serviceAccount:x-builds@p.iam.gserviceaccount.com"
            return [
                account,
                resource(GRANT, "grant", {"member": member, "bucket": "b"}, refers={"member": account}),
                resource(TRIGGER, "trigger", {"serviceAccount": "projects/p/x"}, refers={"serviceAccount": account}),
                # What it refers to is one of the account's own inputs, which every preview knows.
                resource(GRANT, "named", {"member": "x-builds", "bucket": "b"}, refers={"member": account}),
                resource(GRANT, "other", {"member": "user:a@b.c", "bucket": "b"}),
            ]

        found = changed(side("builds-account"), side("builder-account"), state=state)
        unseen = {name: change.unseen for name, change in found.items() if change.unseen}
        assert unseen == {"grant": ("member",), "trigger": ("serviceAccount",)}
        assert found["grant"].operation is Operation.SAME
        same = changed(side("builds-account"), side("builds-account"), state=state)
        assert not any(change.unseen for change in same.values())

    def test_a_known_value_that_becomes_unknown_is_a_change_that_only_the_run_can_tell(self) -> None:
        before, after = (resource(GRANT, "g", {"member": value}) for value in ("user:a@b.c", UNKNOWN))
        change = changed([before], [after])["g"]
        assert change.operation is Operation.REPLACE
        assert change.properties[0].at_run
        assert "only the real run" in change.reasons[0].text

    def test_against_a_state_what_the_plan_cannot_know_is_taken_to_be_what_it_is(self) -> None:
        before, after = (resource(GRANT, "g", {"member": value}) for value in ("user:a@b.c", UNKNOWN))
        assert operations([before], [after], state=True) == {}


class TestProtection:
    def kept(self, place: str, *, protect: bool) -> Registration:
        return resource(BUCKET, "b", {"name": "b", "location": place}, protect=protect)

    def test_what_stays_protected_is_neither_deleted_nor_replaced(self) -> None:
        assert changed([self.kept("EU", protect=True)], [])["b"].refused
        assert changed([self.kept("EU", protect=True)], [self.kept("US", protect=True)])["b"].refused

    def test_a_change_that_lifts_the_protection_replaces_and_that_is_said(self) -> None:
        # As the engine does (CLI 3.272): it looks at the program, not at what the state says.
        change = changed([self.kept("EU", protect=True)], [self.kept("US", protect=False)])["b"]
        assert not change.refused
        (danger,) = dangers.dangers([change])
        assert "lifts its protection" in danger.text

    def test_a_resource_that_is_retained_loses_nothing_and_bills_on(self) -> None:
        kept = resource(BUCKET, "b", {"name": "b"}, retainOnDelete=True)
        change = changed([kept], [])["b"]
        assert change.loses is None
        assert [danger.kind for danger in dangers.dangers([change])] == [dangers.Kind.LEFT]


words = st.sampled_from(["a", "b", "c"])
inputs = st.dictionaries(
    st.sampled_from(["name", "location", "labels", "zone", "size", "network", "member"]),
    words
    | st.integers(0, 3)
    | st.just(UNKNOWN)
    | st.dictionaries(words, words, max_size=2)
    | st.lists(words, max_size=2),
    max_size=4,
)


@st.composite
def plans(draw: st.DrawFn) -> list[Registration]:
    made: list[Registration] = []
    for name in draw(st.lists(st.sampled_from("uvwxyz"), unique=True, max_size=5)):
        kind = draw(st.sampled_from([BUCKET, DISK, NETWORK, SUBNET, GRANT, "gcp:new/thing:Thing"]))
        given_ = draw(inputs)
        refers = {top: draw(st.sampled_from(made)) for top in given_ if made and draw(st.booleans())}
        made.append(resource(kind, name, given_, refers=refers, protect=draw(st.booleans())))
    return made


@settings(deadline=None)
@given(plans())
def test_nothing_happens_between_a_plan_and_itself(plan: list[Registration]) -> None:
    assert operations(plan, plan) == {}


@settings(deadline=None)
@given(plans(), plans())
def test_every_resource_of_both_sides_is_in_exactly_one_change(
    before: list[Registration], after: list[Registration]
) -> None:
    found = compare(before, after)
    assert sorted(c.key for c in found) == sorted({c.key for c in found})
    assert {c.before.urn for c in found if c.before} == {r.urn for r in before}
    assert {c.after.urn for c in found if c.after} == {r.urn for r in after}
    for change in found:
        assert (change.operation is Operation.CREATE) == (change.before is None)
        assert (change.operation is Operation.DELETE) == (change.after is None)
        assert (change.operation is Operation.REPLACE) == bool(change.reasons)
        telling = any(not entry.ignored for entry in change.properties)
        assert change.operation is not Operation.UPDATE or telling


@settings(deadline=None)
@given(plans(), plans())
def test_the_other_way_round_what_came_goes(before: list[Registration], after: list[Registration]) -> None:
    there, back = ({c.key: c.operation for c in compare(*sides)} for sides in ((before, after), (after, before)))
    mirror = {Operation.CREATE: Operation.DELETE, Operation.DELETE: Operation.CREATE}
    for key, operation in there.items():
        assert operation not in mirror or back[key] is mirror[operation]


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_a_committed_stack_does_not_differ_from_itself(stack: str, plan_of: Any) -> None:
    plan = plan_of(stack)
    assert operations(plan.resources, plan.resources) == {}
