"""What goes with a machine type: disks, images, ways to buy. Every series of the tables, and what they do not know."""

from pathlib import Path

import pytest

from catalog import tables
from tests.settings.stacks import PROJECT, mistakes, settings

ALL_DISKS = tuple(tables.table("compute")["diskTypes"])


def box(text: str, zone: str = "", allow: str = "") -> str:
    placed = f"gcp:region: {tables.region_of(zone)}\n" if zone else ""
    more = f"coursecloud:allow: {{machineTypes: [{allow}]}}\n" if allow else ""
    at = f", zone: {zone}" if zone else ""
    quiet = "coursecloud:training: {enabled: false}\n"
    return f"{PROJECT}{placed}{more}{quiet}coursecloud:machines: {{box: {{{text}{at}}}}}\n"


def sold(kind: tables.MachineType) -> str:
    """Write a way in which a type is sold; empty where there is none."""
    if kind.on_demand:
        return f"machineType: {kind.name}" + (", onDemandGpu: true" if kind.gpu else "")
    return f"machineType: {kind.name}, spot: true" if kind.spot else ""


def one_of_each_series() -> list[tables.MachineType]:
    # The largest, so that no disk wants more vCPUs.
    found = {kind.family: kind for kind in sorted(tables.machine_types().values(), key=lambda k: (k.vcpus, k.name))}
    return [kind for kind in found.values() if sold(kind)]


def test_a_machine_of_any_series_plans_with_disks_that_it_takes(tmp_path: Path) -> None:
    wrong: list[str] = []
    for kind in one_of_each_series():
        if kind.architecture == "ARM64" and kind.gpu:
            continue
        text = box(sold(kind), sorted(kind.zones)[0])
        read = settings(text, tmp_path)
        machine = read.machines["box"]
        if not kind.takes(read.boot_disk_type(machine), boot=True) or not kind.takes(read.data_disk_type(machine)):
            wrong.append(f"{kind.name} {read.boot_disk_type(machine)} {read.data_disk_type(machine)}")
        image = read.image_of(machine)
        if image is None or image.architecture != kind.architecture:
            wrong.append(f"{kind.name} {image}")
    assert wrong == []


def test_each_type_of_disk_is_taken_or_refused_as_the_series_says(tmp_path: Path) -> None:
    wrong: list[str] = []
    for kind in one_of_each_series():
        if kind.architecture == "ARM64" and kind.gpu:
            continue
        for disk in ALL_DISKS:
            size = max(20, tables.table("compute")["diskTypes"][disk]["minGib"])
            found = mistakes(
                box(f"{sold(kind)}, dataDisk: {{type: {disk}, sizeGb: {size}}}", sorted(kind.zones)[0]), tmp_path
            )
            refused = [one for one in found if one.path == "coursecloud:machines.box.dataDisk.type"]
            if bool(refused) == kind.takes(disk) or len(found) != len(refused):
                wrong.append(f"{kind.name} {disk}: {[str(one) for one in found]}")
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "zone", "path", "rule", "remedy"),
    [
        ("machineType: g2-standard-4, spot: true, bootDisk: {type: pd-standard}", "europe-west4-a", "bootDisk.type",
         "boots from no pd-standard", "pd-balanced"),
        ("machineType: n4-standard-4, bootDisk: {type: pd-balanced}", "europe-west4-a", "bootDisk.type",
         "takes hyperdisk-balanced", "hyperdisk-balanced"),
        ("machineType: e2-medium, bootDisk: {type: hyperdisk-balanced}", "europe-west4-a", "bootDisk.type",
         "boots from no hyperdisk-balanced", "goes with"),
        ("machineType: c3-standard-4, dataDisk: {type: hyperdisk-extreme, sizeGb: 64}", "europe-west4-a",
         "dataDisk.type", "from 88 vCPUs on", "write type"),
        ("machineType: n4-standard-4, dataDisk: {type: hyperdisk-throughput, sizeGb: 100}", "europe-west4-a",
         "dataDisk.sizeGb", "2048 to 32768 GB", "sizeGb: 2048"),
        ("machineType: c4a-standard-4, image: debian", "europe-west4-a", "image", "ARM processor", "debian-arm"),
        ("machineType: c4a-standard-4, image: debian-cloud/debian-12", "europe-west4-a", "image", "ARM processor",
         "debian-arm"),
        ("machineType: e2-medium, image: ubuntu-arm", "europe-west4-a", "image", "x86 processor", "ubuntu"),
        ("machineType: e2-medium, image: debian-cloud/debian-12-arm64", "europe-west4-a", "image", "x86 processor",
         "debian"),
        ("machineType: e2-medium, image: deeplearning-platform-release/common-cu113", "europe-west4-a", "image",
         "no longer", "deep-learning"),
        ("machineType: a4-highgpu-8g", "us-central1-b", "machineType", "not on demand", "spot: true"),
        ("machineType: a4-highgpu-8g, onDemandGpu: true", "us-central1-b", "machineType", "not on demand", "spot"),
        ("machineType: a3-highgpu-8g", "europe-west4-b", "machineType", "8 H100 at the full price", "spot: true"),
        ("machineType: a4x-highgpu-4g, image: p-1/arm64", "us-central1-a", "machineType", "by reservation only",
         "L4"),
        ("machineType: h3-standard-88, spot: true", "us-central1-a", "spot", "no Spot price", "another type"),
        ("machineType: e2-custom-3-3072", "europe-west4-a", "machineType", "odd", "2 or 4"),
    ],
)  # fmt: skip
def test_what_google_would_refuse_is_refused(
    text: str, zone: str, path: str, rule: str, remedy: str, tmp_path: Path
) -> None:
    (said,) = mistakes(box(text, zone), tmp_path)
    assert said.path == f"coursecloud:machines.box.{path}"
    assert rule in said.rule
    assert remedy in said.remedy


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("machineType: a2-highgpu-1g, spot: true, bootDisk: {type: pd-standard, sizeGb: 60}", "europe-west4-a"),
        ("machineType: n4-standard-4, bootDisk: {type: hyperdisk-balanced}, dataDisk: {type: hyperdisk-balanced}",
         "europe-west4-a"),
        ("machineType: c3-standard-88, dataDisk: {type: hyperdisk-extreme, sizeGb: 64}", "europe-west4-a"),
        ("machineType: c4a-standard-4, image: debian-cloud/debian-12-arm64", "europe-west4-a"),
        ("machineType: c4a-standard-4, image: some-project/some-family", "europe-west4-a"),
        ("machineType: a3-highgpu-1g, spot: true", "europe-west4-b"),
        ("machineType: e2-custom-4-5120", "europe-west4-a"),
        ("machineType: n1-custom-4-15360, gpu: {model: T4}, spot: true", "europe-west4-a"),
    ],
)  # fmt: skip
def test_what_google_takes_is_taken(text: str, zone: str, tmp_path: Path) -> None:
    assert mistakes(box(text, zone), tmp_path) == ()


def test_a_type_newer_than_the_table_is_as_its_series_where_that_is_known(tmp_path: Path) -> None:
    read = settings(box("machineType: c4a-standard-96", "europe-west4-a", "c4a-standard-96"), tmp_path)
    machine = read.machines["box"]
    image = read.image_of(machine)
    assert image
    assert (image.path, read.boot_disk_type(machine)) == ("debian-cloud/debian-13-arm64", "hyperdisk-balanced")
    assert [one.path for one in mistakes(box("machineType: x9-big", "europe-west4-a", "x9-big"), tmp_path)] == [
        "coursecloud:machines.box.machineType"
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [("n1-standard-1", "n1-standard-4"), ("e2-medium", "e2-standard-4"), ("n2d-standard-4", "e2-standard-4"),
     ("e2-custom-4-5120", "e2-standard-4"), ("g4-standard-48", "list it under")],
)  # fmt: skip
def test_a_type_that_vertex_does_not_train_on_is_refused(name: str, near: str, tmp_path: Path) -> None:
    text = f"{PROJECT}gcp:region: us-central1\ncoursecloud:training: {{machineType: {name}}}\n"
    (said,) = mistakes(text, tmp_path)
    assert said.path == "coursecloud:training.machineType"
    assert "Vertex AI trains on fewer types" in said.rule
    assert near in said.remedy
    assert mistakes(f"{text}coursecloud:allow: {{machineTypes: [{name}]}}\n", tmp_path) == ()


def test_vertex_trains_on_types_that_compute_engine_has() -> None:
    assert [name for name in tables.table("vertex")["training"] if name not in tables.machine_types()] == []
