"""The dated tables: each says where it is from, and none contradicts another or itself."""

import datetime
import json
from typing import Any

import pytest

from catalog import tables

FILES = sorted(
    str(path.relative_to(tables.DATA).with_suffix(""))
    for path in (*tables.DATA.glob("*.json"), *tables.DATA.glob("machine*/*"))
)


def _zones(text: str) -> set[str]:
    """Read `us-central1 a b, europe-west1 b` as zones."""
    return {
        f"{region}-{letter}" for part in text.split(", ") for region, *letters in [part.split()] for letter in letters
    }


EVERYWHERE = (
    "us-central1 a b c f, europe-west1 b c d, europe-west4 a b c, europe-north1 a b c, us-east1 b c d, us-west1 a b c"
)
CHECKED = {
    "e2-medium": EVERYWHERE,
    "e2-standard-4": EVERYWHERE,
    "n1-standard-4": EVERYWHERE,
    "n2-standard-4": EVERYWHERE,
    "a2-highgpu-1g": "us-central1 a b c f, europe-west4 a b, us-west1 b",
    "g2-standard-4": "us-central1 a b c, europe-west4 a b c, us-east1 b d, us-west1 a b",
}
"""Zones that were looked up one by one on 2026-11-23."""


@pytest.mark.parametrize("name", FILES)
def test_a_table_says_where_it_is_from_and_of_what_day(name: str) -> None:
    data = tables.table(name)
    dated = datetime.date.fromisoformat(data["date"])
    assert dated >= datetime.date(2026, 1, 1)
    assert data["source"]
    for source in data["source"]:
        assert source["title"]
        assert source["url"].startswith(("https://", "infra/"))
        assert datetime.date.fromisoformat(source["read"][:10]) >= dated


@pytest.mark.parametrize("name", FILES)
def test_a_table_holds_no_key_twice(name: str) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(set(keys)) == len(keys), keys
        return dict(pairs)

    json.loads((tables.DATA / f"{name}.json").read_text(encoding="utf-8"), object_pairs_hook=unique)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("nvidia-tesla-t4", "nvidia-tesla-t4"),
        ("NVIDIA-TESLA-T4", "nvidia-tesla-t4"),
        ("T4", "nvidia-tesla-t4"),
        ("t4", "nvidia-tesla-t4"),
        ("a100", "nvidia-tesla-a100"),
        ("A100 40 GB", "nvidia-tesla-a100"),
        ("a100-80gb", "nvidia-a100-80gb"),
    ],
)
def test_a_gpu_is_found_by_each_of_its_names(model: str, name: str) -> None:
    found = tables.gpu(model)
    assert found
    assert found.name == name


@pytest.mark.parametrize("model", ["", "nvidia", "tesla", "t44", "nvidia-t4", "tesla-t4"])
def test_what_is_no_name_of_a_gpu_finds_none(model: str) -> None:
    assert tables.gpu(model) is None


def test_every_zone_belongs_to_its_region() -> None:
    for region, zones in tables.regions().items():
        assert zones
        assert list(zones) == sorted(set(zones))
        assert {tables.region_of(zone) for zone in zones} == {region}


def _every() -> set[str]:
    return {zone for zones in tables.regions().values() for zone in zones}


def test_families_gpus_and_machine_types_are_in_known_zones_only() -> None:
    for family, entry in tables.families().items():
        assert entry["zones"], family
        assert set(entry["zones"]) <= _every(), family
    for name, gpu in tables.gpus().items():
        assert gpu.zones, name
        assert gpu.zones | gpu.doubtful_zones <= _every(), name
        assert not gpu.zones & gpu.doubtful_zones, name
    for machine_type in tables.machine_types().values():
        assert machine_type.zones, machine_type
        assert machine_type.zones <= _every(), machine_type


def test_every_machine_type_is_of_a_known_family_and_has_a_size() -> None:
    families = tables.families()
    assert sorted(entry["order"] for entry in families.values()) == list(range(1, len(families) + 1))
    for name, machine_type in tables.machine_types().items():
        assert machine_type.family in families
        assert name.startswith(f"{machine_type.family}-") or name in ("f1-micro", "g1-small"), name
        assert machine_type.vcpus > 0
        assert machine_type.memory_gib > 0


def test_a_gpu_is_attached_or_comes_with_machine_types_that_say_so() -> None:
    carried = {machine_type.gpu for machine_type in tables.machine_types().values() if machine_type.gpu}
    for name, gpu in tables.gpus().items():
        assert gpu.attached != (name in carried), name
        assert gpu.attached == (set(gpu.max_vcpus) == set(gpu.counts)), name
        assert list(gpu.counts) == sorted(set(gpu.counts))
        assert [family for family, entry in tables.families().items() if name in entry["gpus"]] == list(gpu.families)
    for machine_type in tables.machine_types().values():
        if machine_type.gpu:
            assert machine_type.gpu_count in tables.gpus()[machine_type.gpu].counts
            assert machine_type.zones <= tables.gpus()[machine_type.gpu].zones, machine_type.name


def test_an_attached_gpu_is_only_where_the_machines_that_take_it_are() -> None:
    families = tables.families()
    for gpu in tables.gpus().values():
        if gpu.attached:
            assert all(gpu.zones <= set(families[family]["zones"]) for family in gpu.families), gpu.name


@pytest.mark.parametrize("name", sorted(CHECKED))
def test_a_machine_type_is_in_the_zones_that_were_looked_up(name: str) -> None:
    regions = {part.split()[0] for part in EVERYWHERE.split(", ")}
    found = {zone for zone in tables.machine_types()[name].zones if tables.region_of(zone) in regions}
    assert found >= _zones(CHECKED[name])
    if name.startswith(("g2", "a2")):
        assert not {zone for zone in found if zone.startswith("europe-west1-")}


def test_t4_and_v100_attach_to_n1_only_and_v100_is_not_in_belgium() -> None:
    t4, v100 = tables.gpus()["nvidia-tesla-t4"], tables.gpus()["nvidia-tesla-v100"]
    assert t4.families == v100.families == ("n1",)
    assert "europe-west4-a" in v100.zones
    assert not {zone for zone in v100.zones if zone.startswith("europe-west1-")}
    assert (t4.counts, v100.counts) == ((1, 2, 4), (1, 2, 4, 8))


@pytest.mark.parametrize("model", ["T4", "t4", "nvidia-tesla-t4", "NVIDIA-TESLA-T4"])
def test_a_gpu_is_found_by_googles_name_and_by_its_short_one_in_any_case(model: str) -> None:
    found = tables.gpu(model)
    assert found
    assert found.name == "nvidia-tesla-t4"


@pytest.mark.parametrize("model", ["", "nvidia-", "tesla", "T", "T40", "Z100"])
def test_an_unknown_gpu_is_none_and_not_a_similar_one(model: str) -> None:
    assert tables.gpu(model) is None


def test_the_zones_for_a_pair_have_both_and_keep_googles_order() -> None:
    n1, v100 = tables.machine_types()["n1-standard-4"], tables.gpus()["nvidia-tesla-v100"]
    assert tables.zones_for(n1, v100, "europe-west4") == ("europe-west4-a",)
    assert tables.zones_for(n1, None, "europe-west4") == ("europe-west4-a", "europe-west4-b", "europe-west4-c")
    assert tables.zones_for(n1, v100, "europe-west1") == ()
    assert tables.zones_for(None, v100, "europe-west4") == ("europe-west4-a",)
    assert tables.zones_for(None, None, "europe-west4") == ("europe-west4-a", "europe-west4-b", "europe-west4-c")
    assert tables.zones_for(None, None, "nowhere") == ()


def test_each_number_of_gpus_that_is_attached_has_its_most_vcpus() -> None:
    for entry in tables.gpus().values():
        assert set(entry.max_vcpus) == (set(entry.counts) if entry.attached else set()), entry.name


def test_a_family_takes_known_disks() -> None:
    for name, entry in tables.families().items():
        assert set(entry["diskTypes"]) <= tables.table("compute")["diskTypes"].keys(), name


def test_each_family_has_a_file_of_prices_that_are_its_own() -> None:
    priced = {
        path.stem: tables.table(f"machine-prices/{path.stem}") for path in (tables.DATA / "machine-prices").iterdir()
    }
    # No dated table has a price of these; their machines are `?` and named.
    assert tables.families().keys() - priced.keys() == {"a4", "a4x", "h4d", "m4n", "x4"}
    for name, entry in priced.items():
        assert entry["hour"].keys() <= tables.regions().keys(), name
        keys = {key.partition("+")[0] for hour in entry["hour"].values() for key in hour}
        others = {key for key in keys if not key.startswith((f"{name}.", f"{name}-", "gpu."))}
        assert others <= ({"f1-micro", "g1-small"} if name == "n1" else set()), name


def test_vertex_run_and_storage_are_in_known_regions_only() -> None:
    compute = tables.table("compute")
    for key in ("vertexRegions", "runRegions"):
        assert set(compute[key]) <= tables.regions().keys()
    assert set(compute["storageLocations"]["regions"]) <= tables.regions().keys()


def test_every_image_is_a_family_of_a_public_project_with_a_size() -> None:
    assert {"debian", "deep-learning", "container-optimized"} <= tables.images().keys()
    for name, image in tables.images().items():
        assert image.path == f"{image.project}/{image.family}"
        assert 10 <= image.min_gib <= 100, name
        assert isinstance(image.secure_boot, bool)


def test_every_permission_of_a_role_is_written_as_google_writes_it() -> None:
    for role, entry in tables.table("roles")["roles"].items():
        assert role.startswith("roles/")
        assert entry["permissions"]
        assert all(permission.count(".") >= 2 for permission in entry["permissions"]), role
