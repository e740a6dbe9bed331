"""What a remedy proposes exists and helps: each is held word for word, followed, and then nothing is wrong."""

from pathlib import Path

import pytest

from catalog import tables
from infra.settings.hardware import free_range
from infra.settings.offers import _alternatives  # pyright: ignore[reportPrivateUsage]
from tests.settings.stacks import PROJECT, mistakes, settings

N1 = "machineType: n1-standard-4, spot: true"
V100 = f"{N1}, gpu: {{model: V100}}"
WEST4 = "gcp:region: europe-west4\n"
FOUND_IN = "it is also in asia-east1-c and us-central1-a and us-central1-b"


def machine(text: str, before: str = "") -> str:
    return f"{before}coursecloud:machines: {{a: {{{text}}}}}\n"


def subnets(text: str, zone: str) -> str:
    return f"coursecloud:network: {{subnets: {{{text}}}}}\n" + machine(f"zone: {zone}")


FOLLOWED = [
    # a range that is free, from 10.10 on
    (
        subnets("europe-west1: 10.20.0.0/20", "europe-west4-a"),
        "add `europe-west4: 10.10.0.0/20` under coursecloud:network.subnets",
        subnets("europe-west1: 10.20.0.0/20, europe-west4: 10.10.0.0/20", "europe-west4-a"),
    ),
    (
        subnets("europe-west1: 10.10.0.0/20, europe-west4: 10.10.16.0/20", "us-central1-a"),
        "add `us-central1: 10.10.32.0/20` under coursecloud:network.subnets",
        subnets("europe-west1: 10.10.0.0/20, europe-west4: 10.10.16.0/20, us-central1: 10.10.32.0/20", "us-central1-a"),
    ),
    (
        machine("zone: europe-west4-a"),
        "add `europe-west1: 10.10.0.0/20` and `europe-west4: 10.10.16.0/20` under coursecloud:network.subnets",
        subnets("europe-west1: 10.10.0.0/20, europe-west4: 10.10.16.0/20", "europe-west4-a"),
    ),
    # a place that has what is wanted: in the same region, else in the same part of the world
    (
        machine(f"{N1}, gpu: {{model: P100}}, zone: europe-west1-c"),
        "write europe-west1-b or europe-west1-d",
        machine(f"{N1}, gpu: {{model: P100}}, zone: europe-west1-d"),
    ),
    (
        machine(V100),
        f"write gcp:region: europe-west4; {FOUND_IN}",
        machine(V100, WEST4),
    ),
    (
        machine(f"{V100}, zone: europe-west1-b"),
        f"write gcp:region: europe-west4 and zone: europe-west4-a; {FOUND_IN}",
        machine(f"{V100}, zone: europe-west4-a", WEST4),
    ),
    (
        "coursecloud:training: {gpu: {model: V100}}\n",
        "write europe-west4 or asia-east1 or us-central1 or us-east1",
        "coursecloud:training: {gpu: {model: V100}, region: us-central1}\n",
    ),
    # where the sources disagree
    (
        machine(f"{V100}, zone: europe-west4-b", WEST4),
        "take one of europe-west4-a, or look europe-west4-b up with `gcloud compute accelerator-types list` and list it"
        " under coursecloud:allow.zones",
        machine(f"{V100}, zone: europe-west4-b", WEST4) + "coursecloud:allow: {zones: [europe-west4-b]}\n",
    ),
    (
        machine("machineType: g2-standard-4, spot: true, zone: us-west1-c", "gcp:region: us-west1\n"),
        "take one of us-west1-a, us-west1-b, or look us-west1-c up with `gcloud compute machine-types list` and list it"
        " under coursecloud:allow.zones",
        machine("machineType: g2-standard-4, spot: true, zone: us-west1-b", "gcp:region: us-west1\n"),
    ),
    # a GPU and the machine that it goes with
    (
        machine("machineType: n1-standard-4, gpu: {model: L4, count: 2}, spot: true", WEST4),
        "remove `gpu:` and write machineType: g2-standard-24",
        machine("machineType: g2-standard-24, spot: true", WEST4),
    ),
    (
        machine("machineType: n1-standard-4, gpu: {model: L4, count: 3}, spot: true", WEST4),
        "remove `gpu:` and write machineType: g2-standard-4",
        machine("machineType: g2-standard-4, spot: true", WEST4),
    ),
    (
        machine("machineType: n1-standard-16, spot: true, gpu: {model: V100}", WEST4),
        "write machineType: n1-standard-8, or count: 2",
        machine("machineType: n1-standard-16, spot: true, gpu: {model: V100, count: 2}", WEST4),
    ),
    (
        machine("machineType: n1-standard-96, spot: true, gpu: {model: P4}", "gcp:region: us-central1\n"),
        "write machineType: n1-standard-8, or count: 4",
        machine("machineType: n1-standard-8, spot: true, gpu: {model: P4}", "gcp:region: us-central1\n"),
    ),
    (
        machine("machineType: n1-standard-96, spot: true, gpu: {model: P100, count: 4}"),
        "write machineType: n1-standard-8",
        machine("machineType: n1-standard-8, spot: true, gpu: {model: P100, count: 4}"),
    ),
    # of two numbers as near as each other, the smaller one
    (
        machine(f"{N1}, gpu: {{model: V100, count: 6}}", WEST4),
        "write count: 4",
        machine(f"{N1}, gpu: {{model: V100, count: 4}}", WEST4),
    ),
    (
        machine(f"{N1}, gpu: {{model: V100, count: 7}}", WEST4),
        "write count: 8",
        machine(f"{N1}, gpu: {{model: V100, count: 8}}", WEST4),
    ),
    (
        machine("bootDisk: {sizeGb: 49}, machineType: g2-standard-4, spot: true", WEST4),
        "write sizeGb: 50 or more, or leave it out",
        machine("bootDisk: {sizeGb: 50}, machineType: g2-standard-4, spot: true", WEST4),
    ),
    # a word that was meant
    (
        machine("machineType: n2-standart-8"),
        "did you mean 'n2-standard-8'? A newer one: list it under coursecloud:allow.machineTypes",
        machine("machineType: n2-standard-8"),
    ),
    (
        machine("machineType: mystery"),
        "common ones are e2-medium, n1-standard-4, g2-standard-4. A newer one: list it under"
        " coursecloud:allow.machineTypes",
        machine("machineType: e2-medium"),
    ),
    (
        machine("zone: europe-west1-q"),
        "write one of europe-west1-b, europe-west1-c, europe-west1-d. A newer one: list it under"
        " coursecloud:allow.zones",
        machine("zone: europe-west1-d"),
    ),
    (
        machine("zone: xyzzy"),
        "write for example europe-west1-b, europe-west1-c, europe-west1-d. A newer one: list it under"
        " coursecloud:allow.zones",
        machine("zone: europe-west1-c"),
    ),
    (
        "coursecloud:storage: {location: mars}\n",
        "write a region such as europe-west1, or one of us, eu, asia, asia1, eur4, nam4",
        "coursecloud:storage: {location: EUR4}\n",
    ),
    (
        "gcp:zone: us-central1-a\n",
        "write one of europe-west1-b, europe-west1-c, europe-west1-d, or leave gcp:zone out",
        "gcp:zone: europe-west1-c\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "remedy", "followed"), FOLLOWED)
def test_a_remedy_that_is_followed_leaves_nothing_wrong(
    broken: str, remedy: str, followed: str, tmp_path: Path
) -> None:
    assert [problem.remedy for problem in mistakes(PROJECT + broken, tmp_path)] == [remedy]
    assert mistakes(PROJECT + followed, tmp_path) == ()


def test_a_region_of_which_the_table_knows_nothing_still_gets_an_example(tmp_path: Path) -> None:
    config = "gcp:region: mars-1\ncoursecloud:training: {enabled: false}\ncoursecloud:allow: {zones: [mars-1-x]}\n"
    (found,) = mistakes(PROJECT + config + machine("zone: venus"), tmp_path)
    assert found.remedy.startswith("write for example europe-west1-b. ")


@pytest.mark.parametrize(("numbers", "text"), [((1,), "1"), ((1, 2), "1 or 2"), ((1, 2, 4), "1, 2 or 4")])
def test_numbers_are_listed_as_alternatives(numbers: tuple[int, ...], text: str) -> None:
    assert _alternatives(numbers) == text


def test_a_free_range_overlaps_none_that_is_taken(tmp_path: Path) -> None:
    text = "coursecloud:network: {subnets: {europe-west1: 10.10.0.0/16, europe-west4: 10.11.0.0/20}}"
    assert free_range(settings(PROJECT + text, tmp_path)) == "10.11.16.0/20"


class TestZoneOf:
    """Where a machine runs that says nothing, little or everything."""

    @pytest.mark.parametrize(
        ("config", "zone"),
        [
            ("", "europe-west1-b"),
            ("gcp:zone: europe-west1-d\n", "europe-west1-d"),
            (machine("zone: europe-west1-c", "gcp:zone: europe-west1-d\n"), "europe-west1-c"),
            # A zone of the stack that lacks the machine gives way to one that has it.
            (machine(f"{N1}, gpu: {{model: P100}}", "gcp:zone: europe-west1-c\n"), "europe-west1-b"),
            (machine(f"{N1}, gpu: {{model: P100}}", "gcp:zone: europe-west1-d\n"), "europe-west1-d"),
            (machine(V100, WEST4), "europe-west4-a"),
        ],
    )
    def test_it_is_the_first_that_has_what_the_machine_needs(self, config: str, zone: str, tmp_path: Path) -> None:
        read = settings(PROJECT + config, tmp_path)
        (found,) = read.machines.values()
        assert read.zone_of(found) == zone


class TestImageOf:
    """Which image a machine gets that names none."""

    @pytest.mark.parametrize(
        ("text", "image"),
        [
            ("", "debian"),
            ("container: {image: a}", "container-optimized"),
            (f"{N1}, gpu: {{model: T4}}", "deep-learning"),
            ("machineType: g2-standard-4, spot: true", "deep-learning"),
            ("machineType: g2-standard-4, spot: true, container: {image: a}", "deep-learning"),
            ("image: ubuntu", "ubuntu"),
            ("image: debian-cloud/debian-13", "debian"),
        ],
    )
    def test_it_is_chosen_by_what_the_machine_is_for(self, text: str, image: str, tmp_path: Path) -> None:
        read = settings(PROJECT + machine(text, WEST4), tmp_path)
        assert read.image_of(read.machines["a"]) == tables.images()[image]
