"""Rates out of the prices of machine types: given back exactly, or not taken."""

from decimal import Decimal

import pytest

from coursecloud.cost import derive
from coursecloud.cost.derive import MachineShape, Pair


def shape(vcpus: str, gib: str, ssd: str = "0", gpus: int = 0) -> MachineShape:
    return MachineShape(Decimal(vcpus), Decimal(gib), Decimal(ssd), "nvidia-l4" if gpus else None, gpus)


SHAPES = {
    "n9-standard-2": shape("2", "8"),
    "n9-standard-4": shape("4", "16"),
    "n9-highmem-2": shape("2", "16"),
    "n9-highmem-4": shape("4", "32"),
    "n9-highcpu-8": shape("8", "8"),
    "n9-highcpu-16": shape("16", "16"),
    "n9-standard-8-lssd": shape("8", "32", "375"),
    "n9-standard-16-lssd": shape("16", "64", "750"),
}


def priced(**more: Pair) -> dict[str, Pair]:
    """Prices at .03 a vCPU, .004 a GiB and .08 a month for a GiB of SSD; Spot a fourth of it."""
    usd = {
        name: each.vcpus * Decimal("0.03") + each.gib * Decimal("0.004") + each.ssd_gib * Decimal("0.08") / 730
        for name, each in SHAPES.items()
    }
    return {name: (value, value / 4) for name, value in usd.items()} | more


def test_rates_are_solved_from_types_of_different_make() -> None:
    found = derive.rates("n9", priced(), SHAPES)
    assert found.hour == {
        "n9.vcpu": [Decimal("0.03"), Decimal("0.0075")],
        "n9.gib": [Decimal("0.004"), Decimal("0.001")],
    }
    assert found.ssd_month == [Decimal("0.08"), Decimal("0.02")]


@pytest.mark.parametrize("spot", [False, True])
def test_a_type_that_the_rates_do_not_fit_keeps_its_own_price(*, spot: bool) -> None:
    right = priced()["n9-highmem-2"]
    own = (right[0], right[1] * 2) if spot else (right[0] * 2, right[1])
    found = derive.rates("n9", priced(**{"n9-highmem-2": own}), SHAPES)
    assert found.hour["n9-highmem-2"] == list(own)
    assert found.hour["n9.vcpu"] == [Decimal("0.03"), Decimal("0.0075")]


def test_a_type_of_unknown_shape_keeps_its_own_price() -> None:
    found = derive.rates("n9", priced(**{"n9-new-1": (Decimal(7), Decimal(3))}), SHAPES)
    assert found.hour["n9-new-1"] == [7, 3]


def test_cores_and_memory_that_never_come_apart_are_one_rate() -> None:
    shapes = {name: each for name, each in SHAPES.items() if each.gib == 4 * each.vcpus and not each.ssd_gib}
    shapes["n9-standard-8"] = shape("8", "32")
    usd = {name: (each.vcpus * Decimal("0.05"), each.vcpus * Decimal("0.02")) for name, each in shapes.items()}
    assert derive.rates("n9", usd, shapes).hour == {"n9.vcpu+4gib": [Decimal("0.05"), Decimal("0.02")]}


def test_gpus_have_a_rate_of_their_own() -> None:
    shapes = {f"n9-{n}": shape(str(n * 4), str(n * 16), gpus=gpus) for n, gpus in ((1, 1), (2, 1), (6, 2), (12, 4))}
    usd = {
        name: (each.vcpus * Decimal("0.05") + each.gpus * Decimal("0.7"), each.vcpus + Decimal(each.gpus))
        for name, each in shapes.items()
    }
    assert derive.rates("n9", usd, shapes).hour == {
        "n9.vcpu+4gib": [Decimal("0.05"), Decimal(1)],
        "gpu.nvidia-l4": [Decimal("0.7"), Decimal(1)],
    }


def test_a_local_ssd_that_the_table_gives_away_has_no_known_price() -> None:
    free = {
        name: tuple(
            price - each.ssd_gib * Decimal(rate) / 730 for price, rate in zip(pair, ("0.08", "0.02"), strict=True)
        )
        for (name, pair), each in zip(priced().items(), SHAPES.values(), strict=True)
    }
    found = derive.rates("n9", {name: (pair[0], pair[1]) for name, pair in free.items()}, SHAPES)
    assert found.ssd_month is None
    assert set(found.hour) == {"n9.vcpu", "n9.gib"}


def test_two_types_are_too_few_to_trust_two_rates() -> None:
    few = {name: pair for name, pair in priced().items() if name in ("n9-standard-2", "n9-highmem-2")}
    assert set(derive.rates("n9", few, SHAPES).hour) == set(few)
