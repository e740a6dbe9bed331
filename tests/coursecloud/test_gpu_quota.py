"""The quotas of GPUs: every GPU has one, by Google's name, with the page and the words to ask with."""

from pathlib import Path

import pytest

from catalog import tables
from coursecloud import cost
from coursecloud.plan import gpu_quota, notices, planning
from coursecloud.policy import consequence
from tests.project import ROOT
from tests.settings.stacks import PROJECT, settings


def said(text: str, folder: Path) -> list[str]:
    return list(gpu_quota.notices(settings(PROJECT + "gcp:region: europe-west4\n" + text, folder)))


@pytest.mark.parametrize(
    ("text", "quota", "metric", "count"),
    [
        ("machines: {a: {machineType: n1-standard-4, gpu: {model: T4, count: 2}, spot: true}}",
         "PREEMPTIBLE_NVIDIA_T4_GPUS", "compute.googleapis.com/preemptible_nvidia_t4_gpus", 2),
        ("machines: {a: {machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true}}", "NVIDIA_T4_GPUS",
         "compute.googleapis.com/nvidia_t4_gpus", 1),
        ("machines: {a: {machineType: g2-standard-24, spot: true}}", "PREEMPTIBLE_NVIDIA_L4_GPUS",
         "compute.googleapis.com/preemptible_nvidia_l4_gpus", 2),
        ("machines: {a: {machineType: a2-ultragpu-1g, spot: true}}", "PREEMPTIBLE_NVIDIA_A100_80GB_GPUS",
         "compute.googleapis.com/preemptible_nvidia_a100_80gb_gpus", 1),
        ("machines: {a: {machineType: a3-highgpu-8g, onDemandGpu: true, zone: europe-west4-b}}",
         "GPUS_PER_GPU_FAMILY (gpu_family: NVIDIA_H100)", "compute.googleapis.com/gpus_per_gpu_family", 8),
        ("training: {machineType: g2-standard-8, spot: true}",
         "Custom model training preemptible Nvidia L4 GPUs per region",
         "aiplatform.googleapis.com/custom_model_training_preemptible_nvidia_l4_gpus", 1),
        ("training: {machineType: n1-standard-8, gpu: {model: T4}}",
         "Custom model training Nvidia T4 GPUs per region",
         "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus", 1),
        ("training: {machineType: a2-ultragpu-2g}", "Custom model training Nvidia A100 80GB GPUs per region",
         "aiplatform.googleapis.com/custom_model_training_nvidia_a100_80gb_gpus", 2),
    ],
)  # fmt: skip
def test_a_gpu_has_its_quota_by_name_with_page_and_words(
    text: str, quota: str, metric: str, count: int, tmp_path: Path
) -> None:
    first, *others = said(f"coursecloud:{text}\n", tmp_path)
    assert f"a quota of {count} for '{quota}' in europe-west4 is needed by " in first
    assert f"https://console.cloud.google.com/iam-admin/quotas?project=my-project-1 filter by {metric}, Edit" in first
    assert "paste: 'University course mlops: a student group" in first
    # What is no machine of Compute Engine does not count among all GPUs.
    assert any("GPUS_ALL_REGIONS" in line for line in others) is text.startswith("machines")


def test_a_stack_without_a_gpu_asks_for_none(tmp_path: Path) -> None:
    assert said("", tmp_path) == []


def test_machines_that_share_a_quota_ask_for_it_once_and_each_region_of_a_fallback_has_its_own(tmp_path: Path) -> None:
    machine = "{machineType: n1-standard-4, gpu: {model: T4}, spot: true, zone: europe-west4-a%s}"
    text = f"coursecloud:machines: {{a: {machine % ''}, b: {machine % ', fallbackZones: [europe-west1-b]'}}}\n"
    text += "coursecloud:network: {subnets: {europe-west4: 10.10.0.0/20, europe-west1: 10.10.16.0/20}}\n"
    here, there, everywhere = said(text, tmp_path)
    assert here.startswith("a quota of 2 for ")
    assert "is needed by `a`, `b`;" in here
    assert there.startswith("a quota of 1 for ")
    assert "is needed by `b`;" in there
    assert "one of 2 for" in everywhere


def test_every_gpu_of_the_tables_has_the_names_of_its_quotas() -> None:
    for gpu in tables.gpus().values():
        assert gpu.quota["onDemand"], gpu.name
        assert "PREEMPTIBLE" in gpu.quota["spot"], gpu.name
        assert gpu.quota["onDemand"] != "GPUS_PER_GPU_FAMILY" or gpu.quota["family"], gpu.name


def test_each_quota_is_asked_for_with_the_time_that_its_own_machine_or_job_may_run(tmp_path: Path) -> None:
    text = "coursecloud:machines: {a: {machineType: g2-standard-4, spot: true, maxRun: 3h}, b: {maxRun: 9h}}\n"
    text += "coursecloud:training: {machineType: n1-standard-4, gpu: {model: T4}, timeout: 12h}\n"
    machine, job, _ = said(text, tmp_path)
    assert "Each stops by itself after 3h;" in machine
    assert "Each stops by itself after 12h;" in job


def test_the_first_line_of_a_plan_is_half_a_line_about_all_quotas(tmp_path: Path) -> None:
    text = "config:\n  gcp:project: my-project-1\n  gcp:region: europe-west4\n"
    text += "  coursecloud:training: {machineType: n1-standard-4, gpu: {model: T4}}\n"
    text += "  coursecloud:machines: {a: {machineType: g2-standard-4, spot: true}}\n"
    (tmp_path / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    plan = planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT)
    told = [each.text for each in consequence.of_plan(plan, cost.estimate(plan), None) if each.kind == "first"]
    (first,) = told
    assert first.startswith("ask Google for the quota of 1 L4 in europe-west4 and 1 more, days before (")
    assert len(first) < 120


@pytest.mark.parametrize(
    ("machine", "said_of"),
    [
        ("{machineType: n1-standard-4, gpu: {model: P100}, spot: true}", "has no P100 with n1-standard-4: machine a"),
        ("{machineType: n1-standard-4, gpu: {model: P100}, spot: true, zone: europe-west1-b}", ""),
        ("{machineType: e2-small}", ""),
    ],
)
def test_a_machine_that_the_zone_of_the_stack_file_does_not_have_is_named_with_where_it_is(
    machine: str, said_of: str, tmp_path: Path
) -> None:
    text = f"config: {{gcp:project: my-project-1, gcp:zone: europe-west1-c, 'coursecloud:machines': {{a: {machine}}}}}"
    (tmp_path / "Pulumi.x.yaml").write_text(text, encoding="utf-8")
    plan = planning.make("x", tmp_path / "Pulumi.x.yaml", ROOT)
    told = [each.text for each in notices.notices(plan) if each.kind == "zone"]
    assert len(told) == bool(said_of)
    assert said_of in "".join(told)
