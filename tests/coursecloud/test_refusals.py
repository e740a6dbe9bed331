"""Edits that cannot work: each kind told before anything is touched, by the key of the stack file that asks for it."""

import json
from typing import Any

import pytest

from catalog import types
from coursecloud.diff import copy_commands, refusals
from coursecloud.diff.edits import Edit, Op, of_preview
from coursecloud.diff.refusals import Kind, Refusal, headline, stopping
from coursecloud.diff.refusing import refused

UNDER = "urn:pulumi:x::coursecloud::coursecloud:infra:"
BUCKET = "gcp:storage/bucket:Bucket"
DISK = "gcp:compute/disk:Disk"
INSTANCE = "gcp:compute/instance:Instance"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
REGISTRY = "gcp:artifactregistry/repository:Repository"
SECRET = "gcp:secretmanager/secret:Secret"
POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"


def state(component: str, kind: str, name: str, /, *, protect: bool = False, **inputs: Any) -> dict[str, Any]:
    """Write a resource as Pulumi's state has it."""
    return {
        "urn": f"{UNDER}{component}${kind}::{name}",
        "custom": True,
        "type": kind,
        "parent": f"{UNDER}{component}::{component.lower()}",
        "inputs": {"__defaults": [], "project": "some-project-1", **inputs},
        "outputs": {},
        **({"protect": True} if protect else {}),
    }


def step(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    found = new or old
    assert found
    sides = {"oldState": old, "newState": new}
    return {"op": op, "urn": found["urn"], **{name: side for name, side in sides.items() if side}, **more}


def anew(old: dict[str, Any], new: dict[str, Any], *because: str) -> list[dict[str, Any]]:
    """Write the steps of a replacement, the deleting one first, as the engine does where the old one goes first."""
    reasons = {"replaceReasons": list(because), "diffReasons": list(because)} if because else {}
    return [
        step("delete-replaced", old, None),
        step("replace", old, new, **reasons),
        step("create-replacement", old, new, **reasons),
    ]


def of(*steps: dict[str, Any]) -> list[Refusal]:
    return refused(of_preview(steps))


def disk(name: str = "box-work", size: Any = 50, *, protect: bool = False, **more: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {"name": f"x-{name}", "size": size, "zone": "europe-west4-a", **more}
    return state("Machines", DISK, name, protect=protect, **inputs)


def box(name: str = "box", boot: Any = 60, *, address: bool = True, **more: Any) -> dict[str, Any]:
    access: dict[str, Any] = {"accessConfigs": [{"__defaults": [], "networkTier": "PREMIUM"}]} if address else {}
    inputs: dict[str, Any] = {
        "name": f"x-{name}",
        "zone": "europe-west4-a",
        "machineType": "e2-medium",
        "bootDisk": {"initializeParams": {"size": boot, "image": "debian-cloud/debian-13"}},
        "networkInterfaces": [{"subnetwork": "projects/p/regions/r/subnetworks/s", **access}],
        **more,
    }
    return state("Machines", INSTANCE, name, **inputs)


def bucket(place: str = "EUROPE-WEST4", *, protect: bool = False, **more: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {"name": "p-x-data", "location": place, **more}
    return state("Storage", BUCKET, "data", protect=protect, **inputs)


class TestShrinking:
    def test_a_boot_disk_fails_the_update_whatever_anybody_says(self) -> None:
        (found,) = of(step("update", box(boot=60), box(boot=40)))
        assert (found.kind, found.fails, found.lose) == (Kind.SHRINKS, True, None)
        assert found.place == "coursecloud:machines.box.bootDisk.sizeGb"
        assert "60 -> 40" in found.value
        assert found.rule == "a boot disk only grows: Google refuses a smaller one"
        assert found.remedy.startswith("write 60 or more.")
        assert "--source-disk=x-box --source-disk-zone=europe-west4-a" in found.remedy
        assert stopping([found], lose=["box"]) == [found]

    @pytest.mark.parametrize("new", [60, 61, None])
    def test_what_stays_or_grows_is_fine(self, new: int | None) -> None:
        assert of(step("update", box(boot=60), box(boot=new))) == []
        assert of(step("update", disk(size=60), disk(size=new))) == []

    def test_a_machine_that_is_made_anew_for_something_else_may_have_any_boot_disk(self) -> None:
        assert of(*anew(box(boot=60), box(boot=40), "scheduling")) == []

    def test_a_data_disk_is_made_anew_and_goes_only_by_name(self) -> None:
        # The engine names no input where a rule of the provider decides.
        old, new = disk(size=50), disk(size=30)
        steps = anew(old, new)
        steps[1] |= {"replaceReasons": ["__meta"], "diffReasons": ["__meta", "size"]}
        (found,) = of(*steps)
        assert (found.kind, found.fails, found.lose) == (Kind.SHRINKS, False, "box-work")
        assert found.place == "coursecloud:machines.box.dataDisk.sizeGb"
        assert "empty" in found.rule
        assert "--lose box-work" in found.remedy
        assert stopping([found]) == [found]
        assert stopping([found], lose=["box-work"]) == []

    def test_a_disk_that_has_grown_at_google_does_not_shrink_back(self) -> None:
        old = {**disk(size=30), "outputs": {"size": 50}}
        (found,) = of(*anew(old, disk(size=30), "size"))
        assert "50 -> 30" in found.value
        (found,) = of(*anew(old, disk(size=40), "size"))
        assert "50 -> 40" in found.value
        assert of(*anew(old, disk(size=50), "size")) == []

    def test_two_names_that_were_swapped_are_found_out(self) -> None:
        (found,) = of(
            *anew(disk("big-work", 100), disk("big-work", 20), "size"),
            step("update", disk("small-work", 20), disk("small-work", 100)),
        )
        assert found.lose == "big-work"
        assert "`small-work` goes from 20 to 100: if two names were swapped, swap them back" in found.remedy
        for other in (disk("small-work", 20), disk("small-work", 200)):
            (found,) = of(
                *anew(disk("big-work", 100), disk("big-work", 20), "size"),
                step("update", other, disk("small-work", 300)),
            )
            assert "swapped" not in found.remedy
        (found,) = of(step("update", box("a", 60), box("a", 30)), step("update", box("b", 30), box("b", 60)))
        assert found.urn.endswith("::a")
        assert "`b` goes from 30 to 60" in found.remedy

    @pytest.mark.parametrize(
        ("kind", "old", "new", "fails"),
        [
            ("gcp:managedkafka/topic:Topic", {"partitionCount": 6}, {"partitionCount": 3}, True),
            (
                "gcp:workbench/instance:Instance",
                {"gceSetup": {"dataDisks": {"diskSizeGb": "200"}}},
                {"gceSetup": {"dataDisks": {"diskSizeGb": "100"}}},
                True,
            ),
            (
                "gcp:filestore/instance:Instance",
                {"tier": "BASIC_HDD", "fileShares": {"capacityGb": 2048}},
                {"tier": "BASIC_HDD", "fileShares": {"capacityGb": 1024}},
                True,
            ),
            (
                "gcp:filestore/instance:Instance",
                {"tier": "ZONAL", "fileShares": {"capacityGb": 2048}},
                {"tier": "ZONAL", "fileShares": {"capacityGb": 1024}},
                False,
            ),
            (
                "gcp:sql/databaseInstance:DatabaseInstance",
                {"settings": {"diskSize": 50, "diskAutoresize": False}},
                {"settings": {"diskSize": 20, "diskAutoresize": False}},
                True,
            ),
            (
                "gcp:sql/databaseInstance:DatabaseInstance",
                {"settings": {"diskSize": 50}},
                {"settings": {"diskSize": 20}},
                False,
            ),
        ],
    )
    def test_other_types_that_a_program_may_have_only_grow_too(
        self, kind: str, old: dict[str, Any], new: dict[str, Any], fails: bool
    ) -> None:
        found = of(step("update", state("Mine", kind, "a", **old), state("Mine", kind, "a", **new)))
        assert [each.kind for each in found] == [Kind.SHRINKS] * fails
        assert of(step("update", state("Mine", kind, "a", **new), state("Mine", kind, "a", **old))) == []


class TestProtected:
    def test_a_kept_store_that_an_input_replaces_is_told_with_key_copy_and_way(self) -> None:
        old, new = bucket(protect=True), bucket("EU", protect=True)
        (found,) = of(*anew(old, new, "location"))
        assert (found.kind, found.fails) == (Kind.PROTECTED, True)
        assert found.place == "coursecloud:storage.location or gcp:region"
        assert "is kept, and would be deleted and made anew" in found.value
        assert "`EUROPE-WEST4` -> `EU`" in found.value
        assert "gcloud storage cp --recursive --all-versions 'gs://p-x-data/*' gs://ANOTHER-BUCKET" in found.remedy
        assert "set `coursecloud:storage.keep: false`" in found.remedy
        assert "`coursecloud up --lose data`" in found.remedy

    def test_a_secret_under_another_name_is_told_though_it_only_goes(self) -> None:
        steps = [
            step("create", None, state("Secrets", SECRET, "B", protect=True, secretId="x-B")),
            step("delete", state("Secrets", SECRET, "A", protect=True, secretId="x-A"), None),
        ]
        (found,) = of(*steps)
        assert found.place == "coursecloud:secrets.names.A"
        assert "or the program in `infra/secrets.py`, asks for it no longer" in found.value
        assert "gcloud secrets versions access latest --secret=x-A --project=some-project-1 | gcloud" in found.remedy
        assert "`coursecloud:secrets.keep: false`" in found.remedy

    def test_a_machine_under_another_name_or_in_another_zone_keeps_its_disk(self) -> None:
        (gone,) = of(step("delete", disk(protect=True), None))
        assert gone.place == "coursecloud:machines.box"
        assert "`coursecloud:machines.box.dataDisk.keep: false`" in gone.remedy
        (moved,) = of(*anew(disk(protect=True), disk(protect=True, zone="europe-west4-b"), "zone"))
        assert moved.place == "coursecloud:machines.box.zone"
        assert "gcloud compute snapshots create x-box-work-copy" in moved.remedy

    def test_a_registry_and_what_holds_no_data_are_kept_too(self) -> None:
        old = state("Registry", REGISTRY, "docker", protect=True, location="europe-west4", repositoryId="x-docker")
        (found,) = of(*anew(old, {**old, "inputs": {**old["inputs"], "location": "europe-west1"}}, "location"))
        assert found.place == "gcp:region"
        assert "gcrane cp --recursive europe-west4-docker.pkg.dev/some-project-1/x-docker" in found.remedy
        (found,) = of(step("delete", state("GitHub", POOL, "pool", protect=True), None))
        assert found.place == "coursecloud:github"
        assert "copy" not in found.remedy
        assert "--lose" not in found.remedy

    def test_a_kept_disk_that_shrinks_is_told_once(self) -> None:
        (found,) = of(*anew(disk(size=50, protect=True), disk(size=30, protect=True), "size"))
        assert found.kind is Kind.PROTECTED
        assert "`50` -> `30`" in found.value

    def test_what_is_not_kept_or_kept_no_longer_is_for_the_loss_to_say(self) -> None:
        assert of(*anew(bucket(), bucket("EU"), "location")) == []
        assert of(*anew(bucket(protect=True), bucket("EU"), "location")) == []
        assert of(step("delete", bucket(), None)) == []
        assert of(step("update", bucket(protect=True), bucket(protect=True, labels={"a": "b"}))) == []
        # A resource that goes from the program was protected to the end.
        assert len(of(step("delete", bucket(protect=True), None))) == 1

    def test_what_follows_another_replacement_says_so(self) -> None:
        (found,) = of(*anew(bucket(protect=True), bucket(protect=True)))
        assert "as what it hangs on is made anew" in found.value

    @pytest.mark.parametrize(
        ("kind", "inputs", "option"),
        [
            (INSTANCE, {"deletionProtection": True}, "deletionProtection"),
            ("gcp:bigtable/table:Table", {"deletionProtection": "PROTECTED"}, "deletionProtection"),
            ("gcp:sql/databaseInstance:DatabaseInstance", {}, "deletionProtection"),
            ("gcp:cloudrunv2/service:Service", {}, "deletionProtection"),
            (BUCKET, {"deletionPolicy": "PREVENT"}, "deletionPolicy"),
            ("gcp:cloudrunv2/service:Service", {"deletionProtection": False}, None),
            (INSTANCE, {}, None),
            (BUCKET, {"deletionPolicy": "DELETE"}, None),
        ],
    )
    def test_what_the_provider_is_told_never_to_delete(
        self, kind: str, inputs: dict[str, Any], option: str | None
    ) -> None:
        old = state("Mine", kind, "a", **inputs)
        for steps in ([step("delete", old, None)], anew(old, old, "location")):
            found = of(*steps)
            assert [each.fails for each in found] == [True] * bool(option)
            assert all(option and f"`{option}`" in each.rule and each.kind is Kind.PROTECTED for each in found)
        # What was last seen says it as well as the inputs.
        seen = {**state("Mine", "gcp:x/y:Z", "a"), "outputs": inputs}
        assert len(of(step("delete", seen, None))) == (1 if inputs and option else 0)


HELD = {"isLocked": True, "retentionPeriod": 86400}


class TestLocks:
    @pytest.mark.parametrize(
        ("new", "refused_"),
        [
            ({"isLocked": True, "retentionPeriod": 86400}, False),
            ({"isLocked": True, "retentionPeriod": 90000}, False),
            ({"isLocked": True, "retentionPeriod": 3600}, True),
            ({"isLocked": False, "retentionPeriod": 86400}, True),
            ({"isLocked": True}, True),
            (None, True),
        ],
    )
    def test_a_bucket_that_is_locked_is_only_locked_more(self, new: dict[str, Any] | None, refused_: bool) -> None:
        sides = bucket(retentionPolicy=HELD), bucket(retentionPolicy=new) if new else bucket()
        for steps in ([step("update", *sides)], anew(*sides, "retentionPolicy.isLocked")):
            assert [(each.kind, each.fails) for each in of(*steps)] == [(Kind.LOCKED, True)] * refused_

    def test_one_that_is_not_locked_may_change(self) -> None:
        free = {"isLocked": False, "retentionPeriod": 86400}
        assert of(step("update", bucket(retentionPolicy=free), bucket())) == []

    def test_a_locked_log_bucket_stays_as_it_is(self) -> None:
        old = state("Mine", LOGS, "a", locked=True, retentionDays=30)
        for days in (10, 60):
            new = state("Mine", LOGS, "a", locked=True, retentionDays=days)
            assert [each.kind for each in of(step("update", old, new))] == [Kind.LOCKED]
        assert of(step("update", old, {**old, "inputs": {**old["inputs"], "description": "b"}})) == []

    def test_what_is_locked_is_deleted_by_name_only(self) -> None:
        (found,) = of(step("delete", bucket(retentionPolicy=HELD), None))
        assert (found.kind, found.lose) == (Kind.LOCKED, "data")


class TestAnotherProject:
    @staticmethod
    def moved(*resources: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            one
            for old in resources
            for one in anew(old, {**old, "inputs": {**old["inputs"], "project": "another-project"}}, "project")
        ]

    def test_a_stack_lives_where_it_lives_and_nothing_else_is_said(self) -> None:
        (found,) = of(*self.moved(bucket(protect=True), disk(), box()))
        assert (found.kind, found.place, found.fails) == (Kind.PROJECT, "gcp:project", True)
        assert found.value == "`gcp:project`: `some-project-1` -> `another-project`"
        assert "this stack lives in `some-project-1`" in found.rule
        assert "3 resources, 2 of them with data" in found.rule
        assert "`coursecloud finish --stack x`" in found.remedy

    def test_what_comes_or_goes_or_has_no_project_does_not_hide_it(self) -> None:
        grant = {**bucket(), "urn": f"{UNDER}Storage$a:b:C::g", "type": "a:b:C", "inputs": {"role": "r"}}
        steps = [*self.moved(bucket(), disk()), step("create", None, box("new")), *anew(grant, grant, "member")]
        assert [each.kind for each in of(*steps)] == [Kind.PROJECT]

    def test_one_resource_that_the_program_moves_is_another_matter(self) -> None:
        assert of(*self.moved(disk()), step("update", bucket(), bucket(labels={"a": "b"}))) == []
        grant = {**bucket(), "urn": f"{UNDER}Storage$a:b:C::g", "type": "a:b:C", "inputs": {"role": "r"}}
        assert of(*self.moved(disk()), step("update", grant, grant)) == []

    def test_a_project_that_only_the_real_run_knows_is_no_other_one(self) -> None:
        unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
        changed = {**disk(), "inputs": {**disk()["inputs"], "project": unknown}}
        assert of(step("update", disk(), changed), step("update", bucket(), bucket())) == []
        assert (
            of(step("update", disk(), changed), step("update", disk("b"), {**changed, "urn": disk("b")["urn"]})) == []
        )


class TestAnotherKindOfMachine:
    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            ("e2-medium", "t2a-standard-2", "between x86 and ARM"),
            ("c4a-standard-4", "n4-standard-4", "between x86 and ARM"),
            ("e2-standard-4", "g2-standard-4", "GPUs of its own, as g2-standard-4"),
            ("a2-highgpu-1g", "g2-standard-4", "GPUs of its own"),
            ("a3-highgpu-1g", "a3-highgpu-2g", "local SSD, as a3-highgpu-2g"),
            ("c3-standard-4", "c3-standard-4-lssd", "local SSD, as c3-standard-4-lssd"),
            ("c3-standard-4-lssd", "c3-standard-4", "local SSD, as c3-standard-4-lssd"),
        ],
    )
    def test_no_change_in_place_reaches_it(self, old: str, new: str, rule: str) -> None:
        (found,) = of(step("update", box(machineType=old), box(machineType=new)))
        assert (found.kind, found.fails, found.lose) == (Kind.FIXED, True, None)
        assert found.place == "coursecloud:machines.box.machineType"
        assert rule in found.rule
        assert "under a second name" in found.remedy
        assert "this update FAILS" in headline([found])

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("e2-medium", "n1-standard-4"),
            ("e2-medium", "e2-custom-4-5120"),
            ("c4a-standard-4", "t2a-standard-4"),
            ("g2-standard-4", "g2-standard-8"),
            ("a2-highgpu-1g", "a2-highgpu-2g"),
            ("e2-medium", "x9-unknown-1"),
            ("x9-unknown-1", "g2-standard-4"),
        ],
    )
    def test_another_size_and_what_nobody_knows_is_left_to_google(self, old: str, new: str) -> None:
        assert of(step("update", box(machineType=old), box(machineType=new))) == []

    def test_what_is_made_anew_may_become_anything(self) -> None:
        new = box(machineType="g2-standard-4")
        assert of(*anew(box(), new, "bootDisk.initializeParams.image")) == []


class TestNeedsRunning:
    def test_an_address_comes_and_goes_only_while_the_machine_runs(self) -> None:
        for sides in ((box(), box(address=False)), (box(address=False), box())):
            (found,) = of(step("update", *sides))
            assert (found.kind, found.fails, found.lose) == (Kind.RUNNING, False, None)
            assert found.place == "coursecloud:network.egress"
            assert "only while the machine runs" in found.rule
            start = "gcloud compute instances start x-box --project=some-project-1 --zone=europe-west4-a"
            assert start in found.remedy
            assert stopping([found]) == []

    def test_other_inputs_of_the_interface_that_want_it_running(self) -> None:
        for name, value in (("securityPolicy", "p"), ("ipv6AccessConfigs", [{"networkTier": "PREMIUM"}])):
            new = box()
            new["inputs"]["networkInterfaces"][0][name] = value
            assert [each.kind for each in of(step("update", box(), new))] == [Kind.RUNNING]

    def test_what_is_changed_in_any_state_or_made_anew_does_not_ask_for_it(self) -> None:
        assert of(step("update", box(), box(machineType="e2-small", labels={"a": "b"}))) == []
        assert of(*anew(box(), box(address=False), "scheduling")) == []
        assert of(step("create", None, box())) == []


class TestPreview:
    def test_groups_of_resources_and_providers_are_none(self) -> None:
        root = {"urn": "urn:pulumi:x::coursecloud::pulumi:pulumi:Stack::x", "type": "pulumi:pulumi:Stack"}
        provider = {
            "urn": "urn:pulumi:x::coursecloud::pulumi:providers:gcp::d",
            "type": "pulumi:providers:gcp",
            "custom": True,
        }
        assert list(of_preview([step("same", root, root), step("update", provider, provider)])) == []
        component = {"urn": f"{UNDER}Storage::storage", "type": "coursecloud:infra:Storage", "protect": True}
        assert list(of_preview([step("delete", component, None)])) == []

    def test_a_replacement_is_one_edit_in_whatever_order_its_steps_come(self) -> None:
        steps = anew(disk(size=50), disk(size=30), "size")
        for order in (steps, steps[::-1], steps[1:]):
            (edit,) = of_preview(order)
            assert (edit.op, edit.old["size"], edit.new["size"], edit.because) == (Op.REPLACE, 50, 30, ("size",))

    def test_other_operations_of_the_engine_change_nothing(self) -> None:
        for op in ("same", "refresh", "import", "read"):
            assert of(step(op, bucket(protect=True), bucket(protect=True))) == []


def test_the_gravest_comes_first_and_the_headline_counts_what_fails() -> None:
    found = of(
        step("update", box("a"), box("a", address=False)),
        step("update", box("b", 60), box("b", 40)),
        *anew(disk(size=50), disk(size=30), "size"),
        *anew(bucket(protect=True), bucket("EU", protect=True), "location"),
    )
    assert [each.kind for each in found] == [Kind.PROTECTED, Kind.SHRINKS, Kind.SHRINKS, Kind.RUNNING]
    assert refusals.headline(found) == (
        "this update FAILS and moves nothing: 1 store is protected, what only grows would shrink (1)"
    )
    assert refusals.headline([each for each in found if not each.fails]) == ""


def test_a_refusal_is_said_as_every_mistake_and_in_a_line() -> None:
    (found,) = of(step("update", box(boot=60), box(boot=40)))
    assert str(found) == f"{found.value}\n    rule    {found.rule}\n    remedy  {found.remedy}"
    assert found.sentence.count("\n") == 0
    assert found.sentence.startswith(f"{found.value}: {found.rule}. Write 60 or more")


def test_what_others_wrote_cannot_end_its_backticks_nor_its_command() -> None:
    evil = "a` $(rm -rf ~) ; [x](https://evil.example) \n## Merge"
    old = state("Storage", BUCKET, evil, protect=True, name=evil, location=evil)
    (found,) = of(*anew(old, {**old, "inputs": {**old["inputs"], "location": evil * 9}}, "location"))
    for text in (found.value, found.rule, found.remedy):
        assert text.count("`") % 2 == 0
        assert "\n" not in text
        outside = "".join(text.split("`")[::2])
        assert "evil" not in outside
        assert "rm -rf" not in outside
    for name in ("a' $(rm -rf ~)", "a` `id`", "$HOME", "a b", "--all", "a\nb", "é"):
        assert copy_commands.how(BUCKET, {"name": name}) == copy_commands.how(BUCKET, {})
    assert "'gs://NAME/*'" in str(copy_commands.how(BUCKET, {}))


def test_every_store_of_the_program_has_a_way_to_be_copied_or_none_is_promised() -> None:
    stores = {each.type for each in types.declared() if each.holds}
    assert {BUCKET, DISK, SECRET, REGISTRY} <= {kind for kind in stores if copy_commands.how(kind, {})}
    assert copy_commands.how("gcp:vertex/aiEndpoint:AiEndpoint", {}) is None
    assert copy_commands.how(SECRET, {"secretId": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}) == copy_commands.how(
        SECRET, {}
    )


def test_whatever_shape_a_stranger_gives_is_looked_at_without_stumbling() -> None:
    odd: list[Any] = [None, True, 0, -1, "", "²", "x", [], [1], {}, {"size": []}, [{"a": None}]]
    names: tuple[str, ...] = (
        "size",
        "bootDisk",
        "project",
        "retentionPolicy",
        "networkInterfaces",
        "deletionProtection",
        "settings",
    )
    for kind in (BUCKET, DISK, INSTANCE, LOGS, "gcp:sql/databaseInstance:DatabaseInstance", "", "x"):
        for first in odd:
            sides: list[dict[str, Any]] = [dict.fromkeys(names, value) for value in (first, *odd)]
            edits = [
                Edit(urn, kind, op, sides[0], new, kept, parent, ("size", "", "[x]"))
                for urn in ("", "a", f"{UNDER}Machines${kind}::box")
                for op in Op
                for new in sides[1:]
                for kept, parent in ((True, None), (False, "::"), (True, f"{UNDER}Machines::m"))
            ]
            for edit in edits:
                json.dumps([str(found) for found in refused([edit])])


def grant(member: str, name: str, role: str = "roles/viewer", **more: Any) -> dict[str, Any]:
    kind = "gcp:projects/iAMMember:IAMMember"
    return state("Team", kind, name, project="p", role=role, member=member, __defaults=[], **more)


def test_a_member_in_other_letters_is_one_to_google_and_would_lose_what_is_made_first() -> None:
    old, new = "user:ada@example.com", "user:Ada@example.com"
    steps = [
        *(step("create", None, grant(new, f"n-{role}", role)) for role in ("roles/a", "roles/b")),
        *(step("delete", grant(old, f"o-{role}", role), None) for role in ("roles/a", "roles/b")),
    ]
    (found,) = of(*steps)
    assert (found.kind, found.fails, found.lose) == (Kind.RESPELT, True, None)
    assert "2 grants of one member" in found.value
    assert refusals.headline([found]) == "this update FAILS: a member in other letters would lose all access (1)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (grant("user:ada@example.com", "o"), grant("user:bob@example.com", "n")),
        (grant("user:ada@example.com", "o"), grant("user:Ada@example.com", "n", "roles/editor")),
        (grant("user:ada@example.com", "o"), grant("user:ada@example.com", "n")),
        (grant("user:ada@example.com", "o", condition={"title": "a"}), grant("user:Ada@example.com", "n")),
    ],
)
def test_another_member_or_another_grant_is_no_other_spelling(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert of(step("create", None, new), step("delete", old, None)) == []
