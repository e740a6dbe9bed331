"""Machine types of one's own size: what Google makes, and what a remedy proposes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import custom_types, tables

FAMILIES = ("e2", "n1", "n2", "n2d", "n4", "n4d", "n4a")


@pytest.mark.parametrize(
    ("name", "vcpus", "gib", "billed"),
    [
        ("e2-custom-4-5120", 4, 5, 4),
        ("custom-2-4096", 2, 4, 2),
        ("n1-custom-1-1024", 1, 1, 1),
        ("n2-custom-36-36864", 36, 36, 36),
        ("n2-custom-2-40960-ext", 2, 40, 2),
        ("n2d-custom-8-8192", 8, 8, 8),
        ("n4-custom-6-24576", 6, 24, 6),
        ("e2-custom-medium-4096", 2, 4, 1),
        ("e2-custom-micro-1280", 2, 1.25, 0.25),
    ],
)
def test_a_size_of_ones_own_is_read(name: str, vcpus: int, gib: float, billed: float) -> None:
    found = tables.machine_type(name)
    assert custom_types.mistake(name) is None
    assert found
    assert (found.vcpus, found.memory_gib, found.billed_vcpus) == (vcpus, gib, billed)
    assert found.family == (name.split("-")[0] if name[0] != "c" else "n1")
    assert found.zones == frozenset(tables.families()[found.family]["zones"])
    assert found.premium > 1


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("e2-custom-3-3072", "no 3 vCPUs, which is odd"),
        ("e2-custom-34-34816", "2 to 32 vCPUs"),
        ("n2-custom-34-34816", "between its steps"),
        ("n2d-custom-10-10240", "between its steps"),
        ("e2-custom-4-5000", "multiple of 256"),
        ("e2-custom-4-512", "2048 to 32768 MiB"),
        ("n1-custom-2-20480", "asked for with -ext"),
        ("e2-custom-4-40960-ext", "no extended memory"),
        ("e2-custom-micro-4096", "1 to 2 GiB"),
        ("n1-custom-micro-1024", "no size"),
        ("c3-custom-4-8192", "Google's own sizes only"),
        ("custom-4", "FAMILY-custom-VCPUS-MEBIBYTES"),
        ("e2-custom-4-5GB", "FAMILY-custom-VCPUS-MEBIBYTES"),
        ("e2-custom-0-0", "2 to 32 vCPUs"),
    ],
)
def test_what_google_does_not_make_is_refused_with_its_rule(name: str, rule: str) -> None:
    wrong = custom_types.mistake(name)
    assert wrong
    assert rule in wrong[0]
    assert tables.machine_type(name) is None


@pytest.mark.parametrize("name", ["e2-medium", "n1-standard-4", "customer-4-4096", "my-customs", ""])
def test_another_name_is_no_size_of_ones_own(name: str) -> None:
    assert not custom_types.is_custom(name)
    assert custom_types.mistake(name) is None


@given(st.sampled_from(FAMILIES), st.integers(0, 200), st.integers(0, 2_000_000), st.booleans())
def test_the_remedy_of_a_wrong_size_leads_to_one_that_google_makes(
    family: str, vcpus: int, memory: int, extended: bool
) -> None:
    name = f"{family}-custom-{vcpus}-{memory}{'-ext' if extended else ''}"
    for _ in range(5):
        wrong = custom_types.mistake(name)
        if wrong is None:
            assert tables.machine_type(name)
            return
        if written := re.search(rf"write ({family}-custom-[\w-]+)", wrong[1]):
            name = written[1]
        elif count := re.search(r"write (\d+)", wrong[1]):
            name = re.sub(r"custom-\d+", f"custom-{count[1]}", name)
        else:
            assert "leave -ext away" in wrong[1]
            name = name.removesuffix("-ext")
    pytest.fail(f"no end of remedies: {name}")
