"""Objects of Cloud Storage: uploads, reads by path, copies, versions, what keeps them, what lets them go."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

import pytest
from clients import PROJECT, Google
from googleapiclient.http import MediaIoBaseUpload

NAME = "my-course-bucket"


@pytest.fixture
def storage(google: Google) -> Any:
    return google.client("storage", "v1")


def make(storage: Any, **more: Any) -> None:
    storage.buckets().insert(project=PROJECT, body={"name": NAME, **more}).execute()


def put(storage: Any, name: str, data: bytes = b"hello", **more: Any) -> dict[str, Any]:
    media = MediaIoBaseUpload(io.BytesIO(data), "text/plain")
    made: dict[str, Any] = storage.objects().insert(bucket=NAME, name=name, media_body=media, **more).execute()
    return made


def names(storage: Any, **more: Any) -> list[str]:
    listed = storage.objects().list(bucket=NAME, **more).execute()
    return [item["name"] for item in listed.get("items", [])]


def wire(google: Google, path: str, **headers: str) -> tuple[int, Message, bytes]:
    request = urllib.request.Request(f"{google.emulator.url}{path}", headers=headers)  # noqa: S310 - our own address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


def test_an_object_is_read_by_its_path_as_gos_client_reads_it(storage: Any, google: Google) -> None:
    make(storage)
    made = put(storage, ".pulumi/stacks/a b.json", b"0123456789")
    path = f"/{NAME}/.pulumi%2Fstacks%2Fa%20b.json"
    status, headers, data = wire(google, path)
    assert (status, data) == (200, b"0123456789")
    assert headers["X-Goog-Generation"] == made["generation"]
    assert headers["X-Goog-Hash"] == f"crc32c={made['crc32c']},md5={made['md5Hash']}"
    assert wire(google, path.replace("%2F", "/"))[2] == b"0123456789"
    status, headers, data = wire(google, path, Range="bytes=2-4")
    assert (status, data, headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert wire(google, path, Range="bytes=-3")[2] == b"789"
    assert wire(google, path, Range="bytes=10-")[0] == 416
    assert wire(google, f"{path}?generation=1")[0] == 404


def test_what_is_not_there_is_told_in_the_xml_form(storage: Any, google: Google) -> None:
    make(storage)
    for path in (f"/{NAME}/none", "/no-such-bucket/none"):
        status, headers, data = wire(google, path)
        assert (status, headers.get_content_type()) == (404, "application/xml")
        assert b"<Code>NoSuchKey</Code>" in data


def test_the_sums_are_those_that_clients_compute(storage: Any) -> None:
    make(storage)
    # The check value of CRC-32C, 0xE3069283, and its like for an even number of bytes.
    assert put(storage, "odd", b"123456789")["crc32c"] == "4waSgw=="
    assert put(storage, "even", b"\0" * 32)["crc32c"] == "ipE2qg=="


def test_a_large_upload_comes_in_pieces(storage: Any) -> None:
    make(storage)
    data = bytes(range(256)) * 4096
    media = MediaIoBaseUpload(io.BytesIO(data), "text/plain", chunksize=256 * 1024, resumable=True)
    request = storage.objects().insert(bucket=NAME, name="large", media_body=media, body={"metadata": {"a": "b"}})
    pieces, made = 0, None
    while made is None:
        _, made = request.next_chunk()
        pieces += 1
    assert pieces == 4
    assert (made["size"], made["contentType"], made["metadata"]) == (str(len(data)), "text/plain", {"a": "b"})
    assert storage.objects().get_media(bucket=NAME, object="large").execute() == data


def test_a_large_upload_keeps_the_condition_that_it_began_with(storage: Any, google: Google) -> None:
    make(storage)
    put(storage, "lock")
    media = MediaIoBaseUpload(io.BytesIO(b"mine"), "text/plain", resumable=True)
    again = storage.objects().insert(bucket=NAME, name="lock", media_body=media, ifGenerationMatch="0")
    assert google.refused(again)["code"] == 412
    assert storage.objects().get_media(bucket=NAME, object="lock").execute() == b"hello"


def test_what_has_the_boundary_in_it_comes_whole(storage: Any, google: Google) -> None:
    make(storage)
    body = b'--b\r\nContent-Type: application/json\r\n\r\n{"name":"a"}\r\n--b\r\nContent-Type: text/x\r\n\r\n'
    data = b"one --b\r\n\r\ntwo\n"
    address = f"{google.emulator.url}/upload/storage/v1/b/{NAME}/o?uploadType=multipart"
    head = {"Content-Type": "multipart/related; boundary=b"}
    request = urllib.request.Request(address, body + data + b"\r\n--b--\r\n", head)  # noqa: S310 - our own address
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        assert answer.status == 200
    assert storage.objects().get_media(bucket=NAME, object="a").execute() == data
    assert storage.objects().get(bucket=NAME, object="a").execute()["contentType"] == "text/x"


def test_objects_are_listed_by_name_with_folders_a_page_at_a_time(storage: Any) -> None:
    make(storage)
    for name in ("b/2", "a", "b/1", "c", "b/d/3"):
        put(storage, name)
    assert names(storage) == ["a", "b/1", "b/2", "b/d/3", "c"]
    listed = storage.objects().list(bucket=NAME, delimiter="/").execute()
    assert ([i["name"] for i in listed["items"]], listed["prefixes"]) == (["a", "c"], ["b/"])
    first = storage.objects().list(bucket=NAME, delimiter="/", maxResults=2).execute()
    assert ([i["name"] for i in first["items"]], first["prefixes"]) == (["a"], ["b/"])
    second = (
        storage.objects().list(bucket=NAME, delimiter="/", maxResults=2, pageToken=first["nextPageToken"]).execute()
    )
    assert [i["name"] for i in second["items"]] == ["c"]
    assert names(storage, prefix="b/", delimiter="/") == ["b/1", "b/2"]
    assert names(storage, startOffset="b/2", endOffset="c") == ["b/2", "b/d/3"]


def test_objects_are_copied_and_joined(storage: Any, google: Google) -> None:
    make(storage)
    one, _ = put(storage, "x/one", b"1"), put(storage, "two", b"22")
    where = {"sourceBucket": NAME, "sourceObject": "x/one", "destinationBucket": NAME}
    told = storage.objects().rewrite(**where, destinationObject="x/one.bak", body={}).execute()
    assert (told["done"], told["resource"]["name"], told["resource"]["size"]) == (True, "x/one.bak", "1")
    storage.objects().copy(**where, destinationObject="again", body={}).execute()
    assert storage.objects().get_media(bucket=NAME, object="again").execute() == b"1"
    stale = storage.objects().copy(**where, destinationObject="again", ifSourceGenerationMatch="1", body={})
    assert google.refused(stale)["code"] == 412
    taken = storage.objects().rewrite(**where, destinationObject="again", ifGenerationMatch="0", body={})
    assert google.refused(taken)["code"] == 412
    body = {"sourceObjects": [{"name": "x/one", "generation": one["generation"]}, {"name": "two"}]}
    joined = storage.objects().compose(destinationBucket=NAME, destinationObject="both", body=body).execute()
    assert (joined["size"], joined["componentCount"]) == ("3", 2)
    assert storage.objects().get_media(bucket=NAME, object="both").execute() == b"122"


@pytest.mark.parametrize("field", ["temporaryHold", "eventBasedHold"])
def test_an_object_under_a_hold_stays(storage: Any, google: Google, field: str) -> None:
    make(storage)
    put(storage, "kept")
    storage.objects().patch(bucket=NAME, object="kept", body={field: True}).execute()
    gone = storage.objects().delete(bucket=NAME, object="kept")
    refused = google.refused(gone)
    assert (refused["code"], refused["errors"][0]["reason"]) == (403, "objectUnderActiveHold")
    over = MediaIoBaseUpload(io.BytesIO(b"over"), "text/plain")
    written = storage.objects().insert(bucket=NAME, name="kept", media_body=over)
    assert google.refused(written)["errors"][0]["reason"] == "objectUnderActiveHold"
    storage.objects().patch(bucket=NAME, object="kept", body={field: False}).execute()
    gone.execute()


def test_an_object_stays_for_as_long_as_its_bucket_retains_it(storage: Any, google: Google) -> None:
    make(storage, retentionPolicy={"retentionPeriod": str(10 * 86_400)})
    put(storage, "kept")
    gone = storage.objects().delete(bucket=NAME, object="kept")
    google.emulator.pass_time(days=9)
    assert google.refused(gone)["errors"][0]["reason"] == "retentionPolicyNotMet"
    google.emulator.pass_time(days=2)
    gone.execute()


def test_a_deleted_object_can_be_restored_for_a_week_and_then_is_gone(storage: Any, google: Google) -> None:
    make(storage)
    made = put(storage, "work")
    storage.objects().delete(bucket=NAME, object="work").execute()
    assert names(storage) == []
    assert names(storage, softDeleted=True) == ["work"]
    storage.objects().restore(bucket=NAME, object="work", generation=made["generation"]).execute()
    assert storage.objects().get_media(bucket=NAME, object="work").execute() == b"hello"
    put(storage, "work", b"new")  # what is written over is soft-deleted too
    storage.objects().delete(bucket=NAME, object="work").execute()
    assert names(storage, softDeleted=True) == ["work", "work"]
    google.emulator.pass_time(days=8)
    assert names(storage, softDeleted=True) == []
    storage.buckets().delete(bucket=NAME).execute()


def test_a_deleted_bucket_can_be_restored_for_a_week_unless_its_name_is_taken(storage: Any, google: Google) -> None:
    make(storage, labels={"a": "b"})
    generation = storage.buckets().get(bucket=NAME).execute()["generation"]
    made = put(storage, "work")
    storage.objects().delete(bucket=NAME, object="work").execute()
    storage.buckets().delete(bucket=NAME).execute()
    assert google.emulator.remaining() == []
    assert "items" not in storage.buckets().list(project=PROJECT).execute()
    gone = storage.buckets().list(project=PROJECT, softDeleted=True).execute()["items"]
    assert [b["name"] for b in gone] == [NAME]
    make(storage)
    back = storage.buckets().restore(bucket=NAME, generation=generation)
    assert google.refused(back)["code"] == 409
    storage.buckets().delete(bucket=NAME).execute()
    assert back.execute()["labels"] == {"a": "b"}
    storage.objects().restore(bucket=NAME, object="work", generation=made["generation"]).execute()
    storage.objects().delete(bucket=NAME, object="work").execute()
    storage.buckets().delete(bucket=NAME).execute()
    google.emulator.pass_time(days=8)
    assert google.refused(back)["code"] == 404
    assert google.emulator.state()["resources"] == []


def test_without_soft_deletion_nothing_comes_back(storage: Any) -> None:
    make(storage, softDeletePolicy={"retentionDurationSeconds": "0"})
    put(storage, "work")
    storage.objects().delete(bucket=NAME, object="work").execute()
    assert names(storage, softDeleted=True) == []


DELETE = {"type": "Delete"}


def lives(storage: Any, google: Google, condition: dict[str, Any], days: float) -> list[str]:
    rule = {"action": DELETE, "condition": condition}
    make(
        storage,
        versioning={"enabled": True},
        lifecycle={"rule": [rule]},
        softDeletePolicy={"retentionDurationSeconds": "0"},
    )
    for data in (b"1", b"22", b"333"):
        put(storage, "data/a", data)
    put(storage, "logs/b.txt", b"4444")
    google.emulator.pass_time(days=days)
    listed = storage.objects().list(bucket=NAME, versions=True).execute().get("items", [])
    return [f"{i['name']}:{i['size']}{'-' if 'timeDeleted' in i else ''}" for i in listed]


ALL = ["data/a:1-", "data/a:2-", "data/a:3", "logs/b.txt:4"]


@pytest.mark.parametrize(
    ("condition", "days", "left"),
    [
        ({"age": 10}, 9, ALL),
        ({"age": 10}, 10, ["data/a:3-", "logs/b.txt:4-"]),  # first they become old versions
        ({"age": 10}, 11, []),
        ({"age": 10, "isLive": False}, 30, ["data/a:3", "logs/b.txt:4"]),
        ({"age": 10, "matchesPrefix": ["logs/"]}, 10, [*ALL[:3], "logs/b.txt:4-"]),
        ({"age": 10, "matchesSuffix": [".txt"]}, 10, [*ALL[:3], "logs/b.txt:4-"]),
        ({"numNewerVersions": 1}, 1, ["data/a:3", "logs/b.txt:4"]),
        ({"numNewerVersions": 2}, 1, ALL[1:]),
        ({"daysSinceNoncurrentTime": 7}, 6, ALL),
        ({"daysSinceNoncurrentTime": 7, "isLive": False}, 7, ["data/a:3", "logs/b.txt:4"]),
        ({"age": 1, "matchesStorageClass": ["ARCHIVE"]}, 30, ALL),
        ({"createdBefore": "2020-01-01"}, 30, ALL),
        ({"daysSinceCustomTime": 1}, 30, ALL),
    ],
)
def test_a_lifecycle_rule_deletes_what_all_its_conditions_name(
    storage: Any, google: Google, condition: dict[str, Any], days: float, left: list[str]
) -> None:
    assert lives(storage, google, condition, days) == left


def test_a_lifecycle_rule_changes_the_class_and_spares_what_is_held(storage: Any, google: Google) -> None:
    rules = [
        {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 1}},
        {"action": DELETE, "condition": {"age": 5}},
    ]
    make(storage, lifecycle={"rule": rules})
    put(storage, "free")
    put(storage, "held")
    storage.objects().patch(bucket=NAME, object="held", body={"temporaryHold": True}).execute()
    google.emulator.pass_time(days=2)
    assert {i["storageClass"] for i in storage.objects().list(bucket=NAME).execute()["items"]} == {"NEARLINE"}
    google.emulator.pass_time(days=5)
    assert names(storage) == ["held"]
