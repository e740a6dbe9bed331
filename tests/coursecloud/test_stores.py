"""How much is in a stack's stores, counted on the emulator."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coursecloud.deploy import data_stores, store_readers
from coursecloud.deploy.cloud import Cloud
from coursecloud.spend.store import name_of
from tests import gcloud
from tests.coursecloud import deployed
from tests.coursecloud.deployed import BUCKET, HERE, PLACE, REPOSITORY, SECRET, Deployed


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def looked(stack: Deployed) -> dict[str, data_stores.StoreContent]:
    return {store.name: store for store in data_stores.look(stack.cloud, stack.resources)}


def test_everything_that_holds_data_is_told_and_nothing_else(stack: Deployed) -> None:
    found = looked(stack)
    assert list(found) == ["data", "docker", "WANDB_API_KEY", "workbench-work", "workbench"]
    assert {name: store.says for name, store in found.items()} == {
        "data": "no object",
        "docker": "no image",
        "WANDB_API_KEY": "no value",
        "workbench-work": "30 GB disk, attached to dev-workbench; files on it are not counted",
        "workbench": "20 GB boot disk; files on it are not counted",
    }
    assert [name for name, store in found.items() if store.kept] == ["data"]
    # Nobody sees from outside whether a disk is empty.
    assert [name for name, store in found.items() if store.empty] == ["data", "docker", "WANDB_API_KEY"]


def test_objects_are_counted_with_their_older_versions(stack: Deployed) -> None:
    for name, content in (("a", b"12345"), ("b/c", b"x" * 3000), ("a", b"1234567"), ("a", b"12")):
        stack.upload(name, content)
    store = looked(stack)["data"]
    assert (store.count, store.size, store.older, store.older_size) == (2, 3002, 2, 12)
    assert store.says == "2 objects, 2.9 KiB, and 2 older versions of 12 bytes"
    assert str(store) == f"Bucket data: 2 objects, 2.9 KiB, and 2 older versions of 12 bytes (gs://{BUCKET})"
    assert not store.empty


def test_a_bucket_whose_objects_were_all_deleted_is_not_empty(stack: Deployed) -> None:
    stack.upload("a", b"work")
    stack.cloud.call("DELETE", "storage", f"b/{BUCKET}/o/a")
    store = looked(stack)["data"]
    assert (store.count, store.older, store.empty) == (0, 1, False)
    assert store.says == "no object, and 1 older version of 4 bytes"


def test_the_tools_own_note_is_nobodys_work(stack: Deployed) -> None:
    stack.upload(store_readers.MARKER, b"{}")
    stack.upload(store_readers.MARKER, b"{ }")
    # As `status` leaves it; a name that is only like it is somebody's.
    stack.upload(name_of("123456789012"), b"{}")
    assert looked(stack)["data"].empty
    stack.upload(".coursecloud/mine.txt", b"work")
    stack.upload("coursecloud/ledger-of-mine.json", b"work")
    stack.upload("coursecloud/ledger-1xjson", b"work")
    assert looked(stack)["data"].count == 3


def test_objects_that_google_refuses_to_delete_are_told(stack: Deployed) -> None:
    stack.upload("a", b"1")
    stack.upload("b", b"1")
    stack.emulator.world.resources[f"storage:b/{BUCKET}/o/a"].body["temporaryHold"] = True
    store = looked(stack)["data"]
    assert store.held == 1
    assert store.says == "2 objects, 2 bytes; 1 of them is held, and Google refuses to delete those"


def test_a_large_bucket_is_counted_as_far_as_the_bound(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        stack.upload(f"object-{number}", b"12")
    pages = stack.cloud.pages

    def few(*words: Any, most: int, **more: Any) -> Any:
        return pages(*words, most=most, **(more | ({"maxResults": "2"} if "maxResults" in more else {})))

    monkeypatch.setattr(stack.cloud, "pages", few)
    assert looked(stack)["data"].says == "5 objects, 10 bytes"
    monkeypatch.setattr(store_readers, "PAGES", 2)
    store = looked(stack)["data"]
    assert store.says == "at least 4 objects, 8 bytes"
    assert (store.count, store.more) == (4, True)


@pytest.mark.parametrize(
    ("what", "empty"),
    [({}, True), ({"more": True}, False), ({"older": 1}, False), ({"unread": "x"}, False), ({"count": None}, False)],
)
def test_empty_is_only_what_was_counted_to_the_end(what: dict[str, Any], empty: bool) -> None:
    assert replace(data_stores.StoreContent("t", "u", kept=False, called="c", count=0), **what).empty is empty


def test_images_are_counted_and_may_share_layers(stack: Deployed) -> None:
    place = f"europe-west1-docker.pkg.dev/{deployed.PROJECT}/{REPOSITORY}"
    for tag, size in (("v1", 900 * 2**20), ("v2", 2**30)):
        stack.emulator.push({"image": f"{place}/app:{tag}", "size": size})
    store = looked(stack)["docker"]
    assert (store.count, store.size) == (2, 900 * 2**20 + 2**30)
    assert store.says == "2 images, at most 1.9 GiB"
    assert store.command == f"gcloud artifacts docker images list {place} --include-tags"


def test_values_of_secrets_are_counted_also_those_switched_off(stack: Deployed) -> None:
    for _ in range(3):
        body = {"payload": {"data": "c2VjcmV0"}}
        stack.cloud.call("POST", "secretManager", f"{HERE}/secrets/{SECRET}:addVersion", body=body)
    stack.cloud.call("POST", "secretManager", f"{HERE}/secrets/{SECRET}/versions/1:disable", body={})
    assert looked(stack)["WANDB_API_KEY"].says == "2 values, and 1 switched off"
    stack.cloud.call("POST", "secretManager", f"{HERE}/secrets/{SECRET}/versions/2:destroy", body={})
    store = looked(stack)["WANDB_API_KEY"]
    assert (store.says, store.count) == ("1 value, and 1 switched off", 2)


def test_a_disk_is_told_as_it_is_and_not_as_the_state_says(stack: Deployed) -> None:
    stack.cloud.call("POST", "compute", f"{PLACE}/disks/dev-workbench-work/resize", body={"sizeGb": "50"})
    where = {"deviceName": "persistent-disk-1"}
    stack.cloud.call("POST", "compute", f"{PLACE}/instances/dev-workbench/detachDisk", parameters=where)
    store = looked(stack)["workbench-work"]
    assert store.says == "50 GB disk, attached to no machine; files on it are not counted"
    assert (store.count, store.size) == (None, 50 * 2**30)


def test_what_google_does_not_tell_is_not_said_to_be_empty(stack: Deployed) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["*"]}})
    for name, store in looked(stack).items():
        assert store.unread.startswith("not read: what is in "), name
        assert "Google answers 403" in store.unread, name
        assert (store.empty, store.gone, store.count, store.says) == (False, False, None, ""), name
        assert "not read" in str(store), name


def test_an_api_that_is_switched_off_is_said_in_googles_words(stack: Deployed) -> None:
    stack.emulator.world.projects[deployed.PROJECT].services.discard("secretmanager.googleapis.com")
    store = looked(stack)["WANDB_API_KEY"]
    assert "has not been used in project" in store.unread
    assert not store.gone


def test_what_was_deleted_by_hand_is_gone(stack: Deployed) -> None:
    stack.cloud.call("DELETE", "storage", f"b/{BUCKET}")
    stack.cloud.call("DELETE", "secretManager", f"{HERE}/secrets/{SECRET}")
    stack.cloud.call("DELETE", "compute", f"{PLACE}/instances/dev-workbench")
    found = looked(stack)
    assert [name for name, store in found.items() if store.gone] == ["data", "WANDB_API_KEY", "workbench"]
    assert found["data"].unread.startswith(f"not read: what is in {BUCKET}: Google answers 404")


def test_a_type_that_nobody_has_classed_is_not_passed_over(stack: Deployed) -> None:
    stack.state("gcp:sql/databaseInstance:DatabaseInstance", "database", "dev-database")
    assert looked(stack)["database"].unread == (
        "not read: what is in it: nobody has said how to count what this type holds"
    )


def test_what_only_stays_and_what_is_about_to_be_made_are_no_stores(stack: Deployed) -> None:
    before = list(looked(stack))
    stack.state("gcp:storage/bucket:Bucket", "elsewhere", "another-bucket", name="another-bucket")
    stack.resources[-1]["retainOnDelete"] = True
    stack.state("gcp:storage/bucket:Bucket", "unmade", "")
    assert list(looked(stack)) == before


def test_few_questions_are_asked(stack: Deployed) -> None:
    start = len(stack.emulator.requests)
    looked(stack)
    assert sorted(stack.asked(start)) == [
        "artifactregistry.projects.locations.repositories.dockerImages.list",
        "compute.disks.list",
        "secretmanager.projects.secrets.versions.list",
        "storage.objects.list",
    ]


def test_nothing_waits_for_a_network_that_is_not_there(stack: Deployed) -> None:
    slept: list[float] = []
    nowhere = stack.emulator.env() | {
        name: "http://127.0.0.1:9/" for name in stack.emulator.env() if name.endswith("_CUSTOM_ENDPOINT")
    }
    cloud = Cloud(nowhere, {}, sleep=slept.append)
    found = data_stores.look(cloud, stack.resources)
    assert all("127.0.0.1:9 did not answer (ConnectionError)" in store.unread for store in found)
    assert data_stores.look(cloud, stack.resources) == found
    assert cloud.calls <= 4  # what was asked at the same time, and none after that


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
        (2**20 - 1, "1.0 MiB"), (5 * 2**30, "5.0 GiB"), (3 * 2**50, "3,072.0 TiB"),
    ],
)  # fmt: skip
def test_sizes_are_written_for_people(size: int, said: str) -> None:
    assert store_readers.readable(size) == said


def test_the_data_says_what_the_line_says(stack: Deployed) -> None:
    stack.upload("a", b"1")
    data = looked(stack)["data"].data()
    assert {key: data[key] for key in ("name", "called", "kept", "count", "size", "unread")} == {
        "name": "data", "called": BUCKET, "kept": True, "count": 1, "size": 1, "unread": "",
    }  # fmt: skip


LONG = pytest.mark.skipif(not os.environ.get("COURSECLOUD_LONG"), reason="each start of gcloud takes seconds")


@gcloud.MISSING
@LONG
def test_gcloud_takes_the_commands(stack: Deployed, tmp_path: Path) -> None:
    stack.upload("a", b"1")
    user = gcloud.Gcloud(tmp_path, stack.emulator)
    for store in looked(stack).values():
        done = user.run(store.command)
        assert done.returncode == 0, store.command + done.stderr
