"""The price files: every machine of the course's table against its parts, and what a dated file must have."""

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from catalog import tables
from coursecloud.cost import prices
from coursecloud.cost.prices import Unknown, load
from infra.settings.lease import CURRENCIES

FACTS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "data" / "machine-prices.yaml").read_text(encoding="utf-8")
)
ROUNDING = Decimal("0.0000006")
MACHINES = [(name, region, entry) for name, regions in FACTS["machines"].items() for region, entry in regions.items()]
GPUS = [(name, region, entry) for name, regions in FACTS["gpus"].items() for region, entry in regions.items()]
DISKS = [(name, region, entry) for name, regions in FACTS["disks"].items() for region, entry in regions.items()]
ALL = load()


@pytest.mark.parametrize("spot", [False, True])
@pytest.mark.parametrize(("name", "region", "entry"), MACHINES)
def test_a_machine_costs_what_its_parts_do(name: str, region: str, entry: Any, *, spot: bool) -> None:
    found = prices.machine(ALL, name, region, spot=spot, looked_up=name == "g2-standard-4")
    if entry == "not offered":
        assert found == Unknown(f"{name} is not offered in {region}")
    else:
        assert isinstance(found, Decimal)
        assert abs(found - Decimal(str(entry[spot]))) <= ROUNDING


@pytest.mark.parametrize("spot", [False, True])
@pytest.mark.parametrize(("name", "region", "entry"), GPUS)
def test_a_gpu_costs_what_the_table_says(name: str, region: str, entry: Any, *, spot: bool) -> None:
    found = prices.gpu(ALL, name, region, spot=spot)
    if entry == "not offered":
        assert isinstance(found, Unknown)
        assert "not offered" in found.reason
    else:
        assert found == Decimal(str(entry[spot]))


@pytest.mark.parametrize(("name", "region", "entry"), DISKS)
def test_a_disk_costs_what_the_table_says(name: str, region: str, entry: float) -> None:
    assert ALL.gib_month(region, name) == Decimal(str(entry))


@pytest.mark.parametrize("family", FACTS["rates"])
def test_a_familys_rates_are_those_of_the_table(family: str) -> None:
    vcpu, gib = (ALL.hour("us-central1", f"{family}.{part}") for part in ("vcpu", "gib"))
    assert [vcpu, gib] == [Decimal(str(rate)) for rate in FACTS["rates"][family]]


SAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "machine-prices-sample.json").read_text(encoding="utf-8"), parse_float=Decimal
)["machineTypes"]


def _sampled(name: str, entry: dict[str, Any]) -> tables.MachineType:
    family = "n1" if name in ("f1-micro", "g1-small") else name.partition("-")[0]
    vcpus, memory, ssd = float(entry["vcpus"]), float(entry["memoryGib"]), int(entry.get("localSsdGib", 0))
    return tables.MachineType(name, family, int(vcpus), memory, frozenset(), billed_vcpus=vcpus, local_ssd_gib=ssd)


def test_another_dated_table_agrees_with_every_price_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    known = tables.machine_types()
    every = {name: _sampled(name, entry) for name, entry in SAMPLE.items()} | known
    monkeypatch.setattr(tables, "machine_types", lambda: every)
    off: list[tuple[object, ...]] = []
    held = 0
    for name, entry in SAMPLE.items():
        # Spot prices are compared where they are of the same day.
        same_day = tables.table(f"machine-prices/{every[name].family}")["date"] == "2026-08-03"
        for region, pair in entry["usd"].items():
            for spot in (False, True) if same_day else (False,):
                found = prices.machine(ALL, name, region, spot=spot, looked_up=True)
                held += 1
                if isinstance(found, Unknown) or abs(found / pair[spot] - 1) > Decimal("1e-8"):
                    off.append((name, region, spot, found, pair[spot]))
    assert off == []
    assert held > 500


def test_a_machine_type_is_of_the_size_that_another_table_says() -> None:
    # The price of an A100 80 GB has its local SSD in it.
    off = {
        name: (known.vcpus, known.memory_gib, known.local_ssd_gib)
        for name, entry in SAMPLE.items()
        if (known := tables.machine_types().get(name))
        and ((known.billed_vcpus == known.vcpus and known.vcpus != float(entry["vcpus"]))
        or known.memory_gib != float(entry["memoryGib"])
        or (known.family != "a2" and known.local_ssd_gib != float(entry.get("localSsdGib", 0))))
    }  # fmt: skip
    assert off == {}


def test_a_gpu_that_is_attached_has_both_prices_in_every_region_that_has_it() -> None:
    missing = {
        (name, region, spot)
        for name, known in tables.gpus().items()
        for region in {tables.region_of(zone) for zone in known.zones}
        for spot in (False, True)
        if known.attached and isinstance(prices.gpu(ALL, name, region, spot=spot), Unknown)
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("name", "region", "usd"),
    [
        # 5 % more than the rates of e2 in Belgium: 1.05 * (4 * .02399337 + 8 * .00321609)
        ("e2-custom-4-8192", "europe-west1", "0.127787"),
        # a shared core of e2 bills as half a vCPU: 1.05 * (.5 * .02399337 + 2 * .00321609)
        ("e2-custom-small-2048", "europe-west1", "0.019350"),
        # n1 with and without its name: 1.05 * (2 * .031611 + 10 * .004237)
        ("custom-2-10240", "us-central1", "0.110872"),
        ("n1-custom-2-10240", "us-central1", "0.110872"),
        # 13 of the 20 GiB are what n1 has for 2 vCPUs: 1.05 * (2 * .031611 + 13 * .004237) + 7 * 2.25 * .004237
        ("n1-custom-2-20480-ext", "us-central1", "0.190951"),
    ],
)
def test_a_custom_machine_costs_its_cores_and_memory_and_a_little_more(name: str, region: str, usd: str) -> None:
    found = prices.machine(ALL, name, region)
    assert isinstance(found, Decimal)
    assert abs(found - Decimal(usd)) <= ROUNDING * 2


@pytest.mark.parametrize("name", ["c2-custom-4-8192", "n2-custom-micro-1024", "n2-custom-0-1024", "e2-custom-4", "x"])
def test_what_is_no_custom_machine_has_no_price(name: str) -> None:
    assert prices.machine(ALL, name, "europe-west1") == Unknown(
        f"the table has no machine type {name} (coursecloud:prices takes its price)"
    )


def priced() -> list[tuple[str, str]]:
    return [
        (name, region)
        for name, machine in tables.machine_types().items()
        # Of some families the tables have shapes and no price; their machines are `?` and named.
        if machine.family not in UNPRICED
        for region in sorted({tables.region_of(zone) for zone in machine.zones} & ALL.compute["regions"].keys())
    ]


COURSE = {"e2", "n1", "n2", "n2d", "c2", "t2d", "t2a", "g2", "a2", "h3", "m1", "m2", "m3", "m4", "z3", "c4n", "n4d"}
"""Families of which every type has a price wherever it is offered."""
UNPRICED = {"a4", "a4x", "h4d", "m4n", "x4"}
"""Families of which no public dated table has a price."""


def test_every_machine_that_is_offered_has_a_price() -> None:
    every = priced()
    missing = {(name, region) for name, region in every if isinstance(prices.machine(ALL, name, region), Unknown)}
    families = {tables.machine_types()[name].family for name, _ in missing}
    assert not families & COURSE
    # The tables of prices and of zones are of different days: a region that is new for a family may have none yet.
    assert len(missing) < 0.06 * len(every)


def test_spot_is_never_dearer_and_nothing_is_free() -> None:
    for name, region in priced():
        full, spot = (prices.machine(ALL, name, region, spot=kind) for kind in (False, True))
        if isinstance(full, Unknown) or isinstance(spot, Unknown):
            continue
        # Of m2, which has no Spot machines, the table says the same price twice.
        assert 0 < spot < full or (name.startswith("m2-") and spot == full), (name, region)


@pytest.mark.parametrize(
    ("less", "more", "times"),
    [
        ("e2-medium", "e2-standard-2", 2),
        ("e2-small", "e2-medium", 2),
        ("e2-micro", "e2-small", 2),
        ("n1-standard-1", "n1-standard-16", 16),
        ("a2-highgpu-1g", "a2-highgpu-8g", 8),
        ("g2-standard-24", "g2-standard-48", 2),
        ("c2-standard-4", "c2-standard-60", 15),
    ],
)
def test_a_machine_of_twice_the_parts_costs_twice(less: str, more: str, times: int) -> None:
    small, large = (prices.machine(ALL, name, "us-central1") for name in (less, more))
    assert isinstance(small, Decimal)
    assert large == small * times


def test_a_size_of_ones_own_costs_its_parts_and_a_premium() -> None:
    vcpu, gib = (ALL.hour("us-central1", f"e2.{part}") for part in ("vcpu", "gib"))
    assert vcpu
    assert gib
    own = prices.machine(ALL, "e2-custom-4-5120", "us-central1")
    assert own == (4 * vcpu + 5 * gib) * Decimal("1.05")
    # Of 20 GiB 13 are the family's most of two vCPUs; the other 7 cost 2.25 times the family's rate.
    vcpu, gib = (ALL.hour("us-central1", f"n1.{part}") for part in ("vcpu", "gib"))
    assert vcpu
    assert gib
    extended = prices.machine(ALL, "n1-custom-2-20480-ext", "us-central1")
    assert extended == 2 * vcpu * Decimal("1.05") + gib * (13 * Decimal("1.05") + 7 * Decimal("2.25"))


def test_memory_is_priced_and_not_only_cores() -> None:
    # n1-highmem-2 has 5.5 GiB more than n1-standard-2: .004237 each
    one, two = (prices.machine(ALL, f"n1-{kind}-2", "us-central1") for kind in ("standard", "highmem"))
    assert isinstance(one, Decimal)
    assert isinstance(two, Decimal)
    assert two - one == Decimal("5.5") * Decimal("0.004237")


def test_rates_that_come_apart_later_take_the_place_of_bundled_ones() -> None:
    # What a refresh writes: cores, memory and GPU of a g2, each with a price of its own.
    hour = {"g2.vcpu": [Decimal(1), None], "g2.gib": [Decimal(10), None], "gpu.nvidia-l4": [Decimal(100), None]}
    made = prices.Prices({"date": "2026-01-01", "regions": {"us-central1": {"hour": hour}}}, {}, {})
    assert prices.machine(made, "g2-standard-4", "us-central1") == 4 + 160 + 100
    assert isinstance(prices.machine(made, "g2-standard-4", "us-central1", spot=True), Unknown)


@pytest.mark.parametrize("lacking", ["g2.vcpu", "g2.gib", "gpu.nvidia-l4"])
def test_a_machine_lacks_a_price_where_one_part_does(lacking: str) -> None:
    hour = {"g2.vcpu": [Decimal(1), None], "g2.gib": [Decimal(1), None], "gpu.nvidia-l4": [Decimal(1), None]}
    del hour[lacking]
    made = prices.Prices({"date": "2026-01-01", "regions": {"us-central1": {"hour": hour}}}, {}, {})
    assert isinstance(prices.machine(made, "g2-standard-4", "us-central1"), Unknown)


@pytest.mark.parametrize("name", [*prices.FILES, "prices-skus"])
def test_a_price_file_has_its_sources_and_its_date(name: str) -> None:
    content = prices.read(prices.DATA / f"{name}.json")
    assert datetime.date.fromisoformat(content["date"])
    assert all(set(source) == {"title", "url", "read"} for source in content["source"])


def test_every_free_tier_is_of_something_that_has_a_price() -> None:
    services = ALL.services
    assert set(services["free"]) - set(services["prices"]) == {"storage.standard", "egress"}


def test_every_region_of_the_course_has_every_kind_of_price() -> None:
    for region in ("us-central1", "europe-west1", "europe-west4"):
        entry = ALL.compute["regions"][region]
        assert {"e2.vcpu", "n1.vcpu", "n2.vcpu", "gpu.nvidia-tesla-t4", "address"} <= set(entry["hour"])
        disks = {"pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced", "hyperdisk-extreme"}
        assert set(entry["gibMonth"]) == {*disks, "standard"}
        assert set(entry["performanceMonth"]) == {"hyperdisk-balanced.iops", "hyperdisk-balanced.mibps"}
        assert all(None not in pair for pair in entry["ssdMonth"].values())
        assert set(entry["gib"]) == {"egress", "nat-data"}


def test_the_files_date_is_that_of_its_oldest_region() -> None:
    compute = ALL.compute
    assert compute["date"] == min(entry["date"] for entry in compute["regions"].values())


@pytest.mark.parametrize("name", prices.FILES)
def test_no_price_is_negative(name: str) -> None:
    def numbers(value: Any) -> list[Decimal]:
        if isinstance(value, dict):
            return [number for entry in cast("dict[str, Any]", value).values() for number in numbers(entry)]
        if isinstance(value, list):
            return [number for entry in cast("list[Any]", value) for number in numbers(entry)]
        return [value] if isinstance(value, Decimal) else []

    found = numbers(prices.read(prices.DATA / f"{name}.json"))
    assert found
    assert min(found) > 0


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_currency_is_converted_through_the_euro(currency: str) -> None:
    table = json.loads((prices.DATA / "prices-currencies.json").read_text(encoding="utf-8"))["perEuro"]
    rate = ALL.usd(currency)
    assert rate is not None
    assert abs(float(rate) - table["USD"] / table[currency]) < 1e-12
    assert ALL.usd("XXX") is None
