"""Cloud Storage: buckets and their rules, objects and their versions, policies."""

from __future__ import annotations

import io
from typing import Any

import pytest
from clients import PROJECT, Google
from googleapiclient.http import MediaIoBaseUpload

NAME = "my-course-bucket"


@pytest.fixture
def storage(google: Google) -> Any:
    return google.client("storage", "v1")


def make(storage: Any, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = storage.buckets().insert(project=PROJECT, body={"name": NAME, **more}).execute()
    return made


def upload(storage: Any, name: str, data: bytes = b"hello") -> dict[str, Any]:
    media = MediaIoBaseUpload(io.BytesIO(data), "text/plain")
    made: dict[str, Any] = storage.objects().insert(bucket=NAME, name=name, media_body=media).execute()
    return made


def test_a_bucket_gets_what_google_gives_it(storage: Any, google: Google) -> None:
    made = make(storage, location="europe-west1")
    assert (made["location"], made["locationType"], made["storageClass"]) == ("EUROPE-WEST1", "region", "STANDARD")
    assert (made["projectNumber"], made["metageneration"], made["id"]) == (google.number, "1", NAME)
    assert made["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    assert make(storage, name="another-bucket")["locationType"] == "multi-region"
    assert [b["name"] for b in storage.buckets().list(project=PROJECT).execute()["items"]] == [NAME, "another-bucket"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "My-Bucket"}, "Invalid bucket name"),
        ({"name": "my_bucket"}, "Invalid bucket name"),
        ({"name": "google-course"}, "Invalid bucket name"),
        ({"name": "192.168.1.1"}, "Invalid bucket name"),
        ({"location": "europe-west99"}, "not valid"),
        ({"storageClass": "CHEAP"}, "CHEAP"),
        ({"iamConfiguration": {"publicAccessPrevention": "yes"}}, "yes"),
        ({"lifecycle": {"rule": [{"action": {"type": "Delet"}, "condition": {"age": 1}}]}}, "Delet"),
        ({"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {}}]}}, "at least one condition"),
        ({"softDeletePolicy": {"retentionDurationSeconds": "60"}}, "between 7 and 90 days"),
        ({"labels": {"Course": "x"}}, "Course"),
    ],
)
def test_a_bucket_that_google_would_not_make_is_refused(
    storage: Any, google: Google, change: dict[str, Any], words: str
) -> None:
    request = storage.buckets().insert(project=PROJECT, body={"name": NAME} | change)
    assert words in google.refused(request)["message"]
    assert google.emulator.remaining() == []


def test_bucket_names_are_taken_for_the_whole_world(storage: Any, google: Google) -> None:
    make(storage)
    mine = google.refused(storage.buckets().insert(project=PROJECT, body={"name": NAME}))
    assert "you already own it" in mine["message"]
    google.emulator.world.projects["other-project"].services.add("storage.googleapis.com")
    other = google.refused(storage.buckets().insert(project="other-project", body={"name": NAME}))
    assert (other["code"], "shared by all users" in other["message"]) == (409, True)


def test_a_patch_merges_and_null_takes_away(storage: Any, google: Google) -> None:
    make(storage, labels={"a": "1", "b": "2"}, versioning={"enabled": True})
    changed = storage.buckets().patch(bucket=NAME, body={"labels": {"a": None}, "versioning": None}).execute()
    assert changed["labels"] == {"b": "2"}
    assert "versioning" not in changed
    assert changed["metageneration"] == "2"
    stale = storage.buckets().patch(bucket=NAME, ifMetagenerationMatch="1", body={"labels": {"c": "3"}})
    assert google.refused(stale)["code"] == 412
    moved = storage.buckets().patch(bucket=NAME, body={"location": "US-EAST1"})
    assert "cannot be changed" in google.refused(moved)["message"]


def test_a_bucket_with_objects_stays(storage: Any, google: Google) -> None:
    make(storage)
    made = upload(storage, "dir/a.txt")
    assert (made["size"], made["contentType"], made["md5Hash"]) == ("5", "text/plain", "XUFAKrxLKna5cZ2REBfFkg==")
    assert storage.objects().get_media(bucket=NAME, object="dir/a.txt").execute() == b"hello"
    assert google.refused(storage.buckets().delete(bucket=NAME))["code"] == 409
    listed = storage.objects().list(bucket=NAME, delimiter="/").execute()
    assert listed["prefixes"] == ["dir/"]
    storage.objects().delete(bucket=NAME, object="dir/a.txt").execute()
    storage.buckets().delete(bucket=NAME).execute()
    assert google.refused(storage.buckets().get(bucket=NAME))["code"] == 404
    assert google.emulator.remaining() == []


def test_old_versions_keep_a_bucket_from_being_empty(storage: Any, google: Google) -> None:
    make(storage, versioning={"enabled": True})
    first = upload(storage, "a", b"one")
    upload(storage, "a", b"two")
    storage.objects().delete(bucket=NAME, object="a").execute()
    assert "items" not in storage.objects().list(bucket=NAME).execute()
    assert len(storage.objects().list(bucket=NAME, versions=True).execute()["items"]) == 2
    assert google.refused(storage.buckets().delete(bucket=NAME))["code"] == 409
    old = storage.objects().get_media(bucket=NAME, object="a", generation=first["generation"])
    assert old.execute() == b"one"
    for entry in storage.objects().list(bucket=NAME, versions=True).execute()["items"]:
        storage.objects().delete(bucket=NAME, object="a", generation=entry["generation"]).execute()
    storage.buckets().delete(bucket=NAME).execute()


def test_an_upload_may_ask_that_nothing_is_overwritten(storage: Any, google: Google) -> None:
    make(storage)
    upload(storage, "lock")
    media = MediaIoBaseUpload(io.BytesIO(b"mine"), "text/plain")
    again = storage.objects().insert(bucket=NAME, name="lock", media_body=media, ifGenerationMatch="0")
    assert google.refused(again)["code"] == 412


def test_a_bucket_closed_to_the_public_refuses_everyone_as_a_member(storage: Any, google: Google) -> None:
    make(storage, iamConfiguration={"publicAccessPrevention": "enforced"})
    policy = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
    assert google.refused(storage.buckets().setIamPolicy(bucket=NAME, body=policy))["code"] == 412
    storage.buckets().patch(bucket=NAME, body={"iamConfiguration": {"publicAccessPrevention": "inherited"}}).execute()
    assert storage.buckets().setIamPolicy(bucket=NAME, body=policy).execute()["bindings"] == policy["bindings"]
    stale = {"etag": "CAE=", **policy}
    assert google.refused(storage.buckets().setIamPolicy(bucket=NAME, body=stale))["code"] == 412
