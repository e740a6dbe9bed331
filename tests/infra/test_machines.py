"""Machines: each stops by itself, is reached through OS Login only, and outlives an everyday edit."""

import json
from typing import Any

import pytest

from coursecloud.plan.notices import notices
from coursecloud.plan.planning import Plan
from tests.infra.planned import (
    COMMITTED,
    MACHINE_ACCOUNT,
    PROJECT,
    Planner,
    account,
    names,
    of,
    one,
    pretend,
    role_of,
    roles,
)
from tests.project import ROOT

INSTANCE = "compute.Instance"


def machines(*entries: str) -> str:
    return "coursecloud:machines:\n" + "\n".join(f"  {entry}" for entry in entries)


def machine(plan: Plan, name: str) -> dict[str, Any]:
    return dict(one(plan, INSTANCE, name).inputs)


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_machine_stops_within_a_day(committed: dict[str, Plan], stack: str) -> None:
    assert of(committed[stack], INSTANCE)
    for instance in of(committed[stack], INSTANCE):
        scheduling = instance.inputs["scheduling"]
        assert scheduling["instanceTerminationAction"] == "STOP"
        assert scheduling["maxRunDuration"] == {"seconds": 8 * 3600}
        assert scheduling["automaticRestart"] is False


def test_the_limit_is_the_stacks(plan_of: Planner) -> None:
    plan = plan_of(machines("short: {maxRun: 30m}", "long: {maxRun: 3d, maxRunReason: one epoch takes two days}"))
    assert machine(plan, "short")["scheduling"]["maxRunDuration"] == {"seconds": 1800}
    assert machine(plan, "long")["scheduling"]["maxRunDuration"] == {"seconds": 3 * 86400}


@pytest.mark.parametrize("stack", COMMITTED)
def test_people_come_in_through_os_login_and_no_project_key_or_serial_port(
    committed: dict[str, Plan], stack: str
) -> None:
    for instance in of(committed[stack], INSTANCE):
        metadata = instance.inputs["metadata"]
        assert metadata["enable-oslogin"] == "TRUE"
        assert metadata["block-project-ssh-keys"] == "TRUE"
        assert metadata["serial-port-enable"] == "FALSE"
        assert "ssh-keys" not in metadata


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_machine_runs_as_the_stacks_own_account(committed: dict[str, Plan], stack: str) -> None:
    email = account(committed[stack], "machines").removeprefix("serviceAccount:")
    for instance in of(committed[stack], INSTANCE):
        assert instance.inputs["serviceAccount"]["email"] == email
        assert "compute@developer" not in json.dumps(instance.inputs)


@pytest.mark.parametrize("stack", COMMITTED)
def test_every_machine_is_shielded_and_forwards_nothing(committed: dict[str, Plan], stack: str) -> None:
    for instance in of(committed[stack], INSTANCE):
        shield = instance.inputs["shieldedInstanceConfig"]
        assert shield["enableVtpm"] is True
        assert shield["enableIntegrityMonitoring"] is True
        assert instance.inputs["canIpForward"] is False


def test_secure_boot_is_on_unless_the_image_needs_an_unsigned_driver(full: Plan) -> None:
    secure = {m.name: m.inputs["shieldedInstanceConfig"]["enableSecureBoot"] for m in of(full, INSTANCE)}
    assert secure == {"workbench": True, "runner": True, "trainer": False}


@pytest.mark.parametrize("stack", COMMITTED)
def test_an_everyday_edit_stops_a_machine_and_does_not_replace_it(committed: dict[str, Plan], stack: str) -> None:
    for instance in of(committed[stack], INSTANCE):
        assert instance.inputs["allowStoppingForUpdate"] is True
        assert "metadataStartupScript" not in instance.inputs


def test_the_start_up_script_is_metadata(plan_of: Planner) -> None:
    plan = plan_of(machines("box: {startupScript: starter/setup.sh, dataDisk: null}"))
    script = (ROOT / "starter" / "setup.sh").read_text(encoding="utf-8")
    assert machine(plan, "box")["metadata"]["startup-script"] == script


def test_a_machine_without_disk_or_script_has_no_start_up_script(plan_of: Planner) -> None:
    assert "startup-script" not in machine(plan_of(machines("box: {dataDisk: null}")), "box")["metadata"]


def test_nothing_uses_the_dead_container_declaration(full: Plan) -> None:
    runner = machine(full, "runner")
    assert "gce-container-declaration" not in runner["metadata"]
    assert "docker run" in runner["metadata"]["startup-script"]
    assert runner["bootDisk"]["initializeParams"]["image"].startswith("cos-cloud/")


@pytest.mark.parametrize(
    ("settings", "scheduling"),
    [
        ("{}", ("STANDARD", False, "MIGRATE")),
        ("{spot: true}", ("SPOT", True, "TERMINATE")),
        ("{machineType: n1-standard-4, gpu: {model: T4}, spot: true}", ("SPOT", True, "TERMINATE")),
        ("{machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true}", ("STANDARD", False, "TERMINATE")),
        ("{machineType: g2-standard-4, onDemandGpu: true}", ("STANDARD", False, "TERMINATE")),
    ],
)
def test_spot_and_gpu_machines_are_scheduled_as_google_wants(
    plan_of: Planner, settings: str, scheduling: tuple[str, bool, str]
) -> None:
    found = machine(plan_of("gcp:region: europe-west4", machines(f"box: {settings}")), "box")["scheduling"]
    assert (found["provisioningModel"], found["preemptible"], found["onHostMaintenance"]) == scheduling
    assert found["automaticRestart"] is False


@pytest.mark.parametrize(("egress", "has"), [("address", [{"networkTier": "PREMIUM"}]), ("nat", None)])
def test_a_machine_has_an_address_of_its_own_only_where_the_stack_says_so(
    plan_of: Planner, egress: str, has: object
) -> None:
    plan = plan_of(f"coursecloud:network: {{egress: {egress}}}", machines("box: {}"))
    (card,) = machine(plan, "box")["networkInterfaces"]
    assert card.get("accessConfigs") == has


def test_a_container_is_told_the_secrets_that_machines_may_read_and_no_others(plan_of: Planner) -> None:
    plan = plan_of(
        "coursecloud:secrets: {names: {KEY: [machines], OTHER: [training]}}",
        machines("box: {image: container-optimized, container: {image: trainer}}"),
    )
    script = machine(plan, "box")["metadata"]["startup-script"]
    assert f"KEY_SECRET=projects/{PROJECT}/secrets/unit-KEY/" in script
    assert "OTHER" not in script


def test_a_gpu_newer_than_the_table_is_attached_by_the_name_that_the_stack_has(plan_of: Planner) -> None:
    plan = plan_of(
        "coursecloud:allow: {gpus: [nvidia-x1]}",
        machines("box: {machineType: n1-standard-4, gpu: {model: nvidia-x1, count: 2}, spot: true}"),
    )
    assert machine(plan, "box")["guestAccelerators"] == [{"type": "nvidia-x1", "count": 2}]


def test_a_gpu_is_attached_by_googles_name_in_a_zone_that_has_it(plan_of: Planner) -> None:
    box = machine(
        plan_of(
            "gcp:region: europe-west4",
            machines("box: {machineType: n1-standard-8, gpu: {model: t4, count: 2}, spot: true}"),
        ),
        "box",
    )
    assert box["guestAccelerators"] == [{"type": "nvidia-tesla-t4", "count": 2}]
    assert box["zone"].startswith("europe-west4-")


def test_a_gpu_that_comes_with_the_machine_is_not_attached_again(plan_of: Planner) -> None:
    plan = plan_of("gcp:region: europe-west4", machines("box: {machineType: g2-standard-4, spot: true}"))
    assert "guestAccelerators" not in machine(plan, "box")
    assert machine(plan, "box")["bootDisk"]["initializeParams"]["image"].startswith("deeplearning-platform-release/")


def test_another_number_of_gpus_replaces_the_machine(plan_of: Planner) -> None:
    region = "gcp:region: europe-west4"
    one_gpu = machines("box: {machineType: n1-standard-8, gpu: {model: T4}, spot: true}")
    two_gpus = one_gpu.replace("T4}", "T4, count: 2}")
    none = machines("box: {machineType: n1-standard-8, spot: true}")
    triggers = [
        json.dumps(one(plan_of(region, text), INSTANCE, "box").options["replacementTrigger"])
        for text in (one_gpu, two_gpus, none)
    ]
    assert len(set(triggers)) == 3


def test_a_machine_does_not_outlive_its_data_disk(plan_of: Planner) -> None:
    plan = plan_of(machines("box: {dataDisk: {}}", "bare: {dataDisk: null}"))
    assert one(plan, INSTANCE, "box").options["replaceWith"] == [one(plan, "compute.Disk", "box-work").urn]
    assert "replaceWith" not in one(plan, INSTANCE, "bare").options


def test_work_is_on_a_disk_of_its_own_in_the_machines_zone(plan_of: Planner) -> None:
    plan = plan_of(machines("box: {dataDisk: {sizeGb: 40, type: pd-ssd}, zone: europe-west1-c}"))
    disk = one(plan, "compute.Disk", "box-work")
    assert (disk.inputs["size"], disk.inputs["type"], disk.inputs["zone"]) == (40, "pd-ssd", "europe-west1-c")
    (attached,) = machine(plan, "box")["attachedDisks"]
    assert attached["deviceName"] == "work"
    assert attached["source"].endswith("/zones/europe-west1-c/disks/unit-box-work")


@pytest.mark.parametrize(("keep", "protected"), [("true", {"box-work"}), ("false", set[str]())])
def test_keep_protects_the_data_disk_and_never_the_machine(plan_of: Planner, keep: str, protected: set[str]) -> None:
    plan = plan_of(machines(f"box: {{dataDisk: {{keep: {keep}}}}}"))
    assert {resource.name for resource in plan.custom if resource.protect} == protected


def test_no_data_disk_where_none_is_wanted(plan_of: Planner) -> None:
    plan = plan_of(machines("box: {dataDisk: null}"))
    assert names(plan, "compute.Disk") == set()
    assert "attachedDisks" not in machine(plan, "box")


def test_the_boot_disk_goes_with_the_machine_and_is_as_large_as_its_image_needs(plan_of: Planner) -> None:
    plan = plan_of("gcp:region: europe-west4", machines("box: {machineType: g2-standard-4, spot: true}", "small: {}"))
    for name, least in (("box", 50), ("small", 20)):
        boot = machine(plan, name)["bootDisk"]
        assert boot["autoDelete"] is True
        assert boot["initializeParams"]["size"] >= least


def test_an_image_that_the_table_does_not_know_is_taken_as_it_is(plan_of: Planner) -> None:
    box = machine(plan_of(machines("box: {image: my-images/my-family}")), "box")
    assert box["bootDisk"]["initializeParams"]["image"] == "my-images/my-family"
    assert box["shieldedInstanceConfig"]["enableSecureBoot"] is False


def test_machines_may_use_the_buckets_and_pull_images_and_no_more(plan_of: Planner) -> None:
    buckets = {("roles/storage.objectUser", f"{PROJECT}-unit-{name}") for name in ("data", "models", "staging")}
    buckets |= {("roles/storage.bucketViewer", bucket) for _, bucket in buckets}
    assert roles(plan_of(), "machines") == buckets | {
        ("roles/logging.logWriter", PROJECT),
        ("roles/monitoring.metricWriter", PROJECT),
        ("roles/artifactregistry.reader", "unit-docker"),
    }
    assert account(plan_of(), "machines") == MACHINE_ACCOUNT


def test_the_nightly_stop_reaches_every_machine_and_google_may_carry_it_out(full: Plan) -> None:
    (policy,) = of(full, "compute.ResourcePolicy")
    assert policy.inputs["instanceSchedulePolicy"] == {
        "vmStopSchedule": {"schedule": "0 20 * * *"},
        "timeZone": "Europe/Copenhagen",
    }
    agent = one(full, "projects.IAMMember", "scheduled-stop-agent")
    assert role_of(agent) == "custom role operator"
    for instance in of(full, INSTANCE):
        assert instance.inputs["resourcePolicies"].endswith("/europe-west4/resourcePolicies/full-stop")
        assert agent.urn in instance.dependencies


def test_the_agent_that_stops_machines_is_that_of_the_project(
    plan_anew: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a provider says of any bucket.
    pretend(monkeypatch, "gcp:storage/bucket:Bucket", projectNumber="123")
    plan = plan_anew("coursecloud:lease: {stopSchedule: 0 20 * * *}")
    agent = one(plan, "projects.IAMMember", "scheduled-stop-agent")
    assert agent.inputs["member"] == "serviceAccount:service-123@compute-system.iam.gserviceaccount.com"


def test_each_region_with_a_machine_has_its_own_stop(plan_of: Planner) -> None:
    plan = plan_of(
        "coursecloud:lease: {stopSchedule: 0 20 * * *}",
        "coursecloud:network: {subnets: {europe-west1: 10.1.0.0/20, europe-west4: 10.2.0.0/20}}",
        machines("here: {}", "there: {zone: europe-west4-a}"),
    )
    assert names(plan, "compute.ResourcePolicy") == {"stop-europe-west1", "stop-europe-west4"}
    for instance in of(plan, INSTANCE):
        region = instance.inputs["zone"].rpartition("-")[0]
        assert f"/regions/{region}/" in instance.inputs["resourcePolicies"]


def test_without_a_schedule_nothing_is_granted_to_googles_agent(dev: Plan) -> None:
    assert names(dev, "compute.ResourcePolicy") == set()
    assert "scheduled-stop-agent" not in names(dev, "projects.IAMMember")


def test_labels_of_a_machine_are_on_it_and_its_disks(plan_of: Planner) -> None:
    plan = plan_of(machines("box: {labels: {purpose: demo}}", "other: {}"))
    assert machine(plan, "box")["labels"]["purpose"] == "demo"
    assert machine(plan, "box")["bootDisk"]["initializeParams"]["labels"]["purpose"] == "demo"
    assert one(plan, "compute.Disk", "box-work").inputs["labels"]["purpose"] == "demo"
    assert "purpose" not in machine(plan, "other")["labels"]


def test_the_boot_disk_is_as_the_stack_says_and_else_as_its_image_needs(plan_of: Planner) -> None:
    plan = plan_of(
        machines("said: {bootDisk: {sizeGb: 33, type: pd-ssd}}", "plain: {}", "unknown: {image: my-images/my-family}")
    )
    disks = {name: machine(plan, name)["bootDisk"]["initializeParams"] for name in ("said", "plain", "unknown")}
    assert {name: (disk["size"], disk["type"]) for name, disk in disks.items()} == {
        "said": (33, "pd-ssd"),
        "plain": (20, "pd-balanced"),
        "unknown": (50, "pd-balanced"),  # what it needs is not known, so there is room
    }


def test_what_a_machine_may_is_said_by_its_roles_alone_and_nothing_keeps_it_from_going(plan_of: Planner) -> None:
    box = machine(plan_of(machines("box: {}")), "box")
    assert box["serviceAccount"]["scopes"] == ["https://www.googleapis.com/auth/cloud-platform"]
    assert box["deletionProtection"] is False


def test_only_a_machine_goes_before_its_successor_comes_and_each_does(plan_of: Planner) -> None:
    plan = plan_of(machines("with: {}", "without: {dataDisk: null}"))
    first = {resource.name for resource in plan.custom if resource.options.get("deleteBeforeReplace")}
    assert first == {"with", "without"}


def test_a_machine_that_is_replaced_goes_before_the_new_one_comes(dev: Plan) -> None:
    (instance,) = of(dev, INSTANCE)
    assert instance.options["deleteBeforeReplace"] is True


@pytest.mark.parametrize(
    ("text", "boot", "data", "image", "maintenance"),
    [
        ("machineType: n4-standard-4", "hyperdisk-balanced", "hyperdisk-balanced", "debian-13", "MIGRATE"),
        ("machineType: c3-standard-4", "pd-balanced", "pd-balanced", "debian-13", "MIGRATE"),
        ("machineType: c4a-standard-4", "hyperdisk-balanced", "hyperdisk-balanced", "debian-13-arm64", "MIGRATE"),
        ("machineType: e2-custom-4-5120", "pd-balanced", "pd-balanced", "debian-13", "MIGRATE"),
        ("machineType: c4a-standard-4, container: {image: a}", "hyperdisk-balanced", "hyperdisk-balanced",
         "cos-arm64-stable", "MIGRATE"),
        ("machineType: g4-standard-48, onDemandGpu: true", "hyperdisk-balanced", "hyperdisk-balanced",
         "common-cu129-ubuntu-2204-nvidia-580", "TERMINATE"),
        ("machineType: h4d-standard-192", "hyperdisk-balanced", "hyperdisk-balanced", "debian-13", "TERMINATE"),
    ],
)  # fmt: skip
def test_what_is_left_out_fits_the_series(
    text: str, boot: str, data: str, image: str, maintenance: str, plan_of: Planner
) -> None:
    plan = plan_of("gcp:region: us-central1", machines(f"box: {{{text}}}"))
    inputs = machine(plan, "box")
    made = inputs["bootDisk"]["initializeParams"]
    assert (made["type"], made["image"].rpartition("/")[2]) == (boot, image)
    assert one(plan, "compute.Disk", "box-work").inputs["type"] == data
    assert inputs["scheduling"]["onHostMaintenance"] == maintenance
    assert "onInstanceStopAction" not in inputs["scheduling"]


@pytest.mark.parametrize("text", ["c3-standard-4-lssd", "a3-highgpu-1g, spot: true", "a2-ultragpu-1g, spot: true"])
def test_what_is_on_local_ssd_may_go_when_the_machine_stops(text: str, plan_of: Planner) -> None:
    plan = plan_of("gcp:region: us-central1", machines(f"box: {{machineType: {text}}}"))
    assert machine(plan, "box")["scheduling"]["onInstanceStopAction"] == {"discardLocalSsd": True}
    (said,) = [notice.text for notice in notices(plan) if "local SSD" in notice.text]
    assert "empty after each stop" in said
    assert "--discard-local-ssd=true" in said


def test_what_is_assumed_of_a_type_that_the_tables_lack_is_said(plan_of: Planner) -> None:
    allow = "coursecloud:allow: {machineTypes: [x9-big-4, c4a-standard-99]}"
    plan = plan_of(
        "gcp:region: us-central1",
        allow,
        machines(
            "strange: {machineType: x9-big-4, image: debian}", "near: {machineType: c4a-standard-99}",
            "whole: {machineType: n4-standard-4}", "plain: {}",
        ),
    )  # fmt: skip
    said = [notice.text for notice in notices(plan) if notice.kind == "unknown"]
    assert any("strange: the tables know neither x9-big-4 nor its series; taken for granted: no GPU" in s for s in said)
    assert any("near: the table lacks c4a-standard-99; taken to be as its series: ARM" in s for s in said)
    assert any("whole: the table knows that us-central1 has n4-standard-4, not in which zones" in s for s in said)
    assert not any("plain" in text for text in said)
