"""Images in a registry: pushed in pretence, counted, deleted, cleaned up as its policies say."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

PLACE = f"projects/{PROJECT}/locations/europe-west1"
NAME = f"{PLACE}/repositories/images"
ADDRESS = f"europe-west1-docker.pkg.dev/{PROJECT}/images"
DAY = 86_400


@pytest.fixture
def registry(google: Google) -> Any:
    return google.client("artifactregistry", "v1").projects().locations().repositories()


def make(registry: Any, **more: Any) -> None:
    registry.create(parent=PLACE, repositoryId="images", body={"format": "DOCKER", **more}).execute()


def images(registry: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = registry.dockerImages().list(parent=NAME).execute().get("dockerImages", [])
    return found


def tags(registry: Any) -> list[list[str]]:
    return [image["tags"] for image in images(registry)]


def test_an_image_is_counted_with_its_size_and_tags(registry: Any, google: Google) -> None:
    make(registry)
    pushed = google.emulator.push({"image": f"{ADDRESS}/team/app:v1", "size": 1000, "tags": ["latest"]})
    assert pushed["uri"].startswith(f"{ADDRESS}/team/app@sha256:")
    google.emulator.push({"image": f"{ADDRESS}/team/app:latest", "size": 500})
    assert tags(registry) == [["v1"], ["latest"]]
    assert registry.get(name=NAME).execute()["sizeBytes"] == "1500"
    packages = registry.packages().list(parent=NAME).execute()["packages"]
    assert [p["displayName"] for p in packages] == ["team/app"]
    versions = registry.packages().versions().list(parent=packages[0]["name"]).execute()["versions"]
    assert len(versions) == 2
    assert len(registry.packages().tags().list(parent=packages[0]["name"]).execute()["tags"]) == 2
    assert sum(int(f["sizeBytes"]) for f in registry.files().list(parent=NAME).execute()["files"]) == 1500
    by_tag = registry.dockerImages().get(name=f"{NAME}/dockerImages/team%2Fapp:v1").execute()
    assert by_tag["uri"] == pushed["uri"]


def test_an_image_with_a_tag_is_deleted_by_force_only(registry: Any, google: Google) -> None:
    make(registry)
    google.emulator.push({"image": f"{ADDRESS}/app:v1", "size": 1000})
    package = f"{NAME}/packages/app"
    version = registry.packages().versions().list(parent=package).execute()["versions"][0]["name"]
    assert "tagged" in google.refused(registry.packages().versions().delete(name=version))["message"]
    registry.packages().tags().delete(name=f"{package}/tags/v1").execute()
    assert tags(registry) == [[]]
    registry.packages().versions().delete(name=version).execute()
    assert images(registry) == []
    assert registry.get(name=NAME).execute()["sizeBytes"] == "0"
    google.emulator.push({"image": f"{ADDRESS}/app:v2", "size": 1000})
    registry.packages().delete(name=package).execute()
    assert images(registry) == []
    google.emulator.push({"image": f"{ADDRESS}/app:v3", "size": 1000})
    registry.delete(name=NAME).execute()
    assert google.emulator.remaining() == []


def keep(**newest: Any) -> dict[str, Any]:
    return {"id": "keep", "action": "KEEP", "mostRecentVersions": newest}


def drop(**condition: Any) -> dict[str, Any]:
    return {"id": "drop", "action": "DELETE", "condition": condition}


OLD = drop(olderThan=f"{30 * DAY}s")


CLEANED: list[tuple[list[dict[str, Any]], list[list[str]]]] = [
    ([OLD], [["v3"]]),
    ([keep(keepCount=1)], [[], ["v1"], ["v2", "stable-2"], ["v3"]]),  # keeping alone deletes nothing
    ([OLD, keep(keepCount=2)], [["v2", "stable-2"], ["v3"]]),
    ([OLD, {"id": "k", "action": "KEEP", "condition": {"tagPrefixes": ["stable"]}}], [["v2", "stable-2"], ["v3"]]),
    ([drop(tagState="UNTAGGED")], [["v1"], ["v2", "stable-2"], ["v3"]]),
    ([drop(tagState="TAGGED")], [[]]),
    ([drop(tagState="ANY", packageNamePrefixes=["other"])], [[], ["v1"], ["v2", "stable-2"], ["v3"]]),
    ([drop(newerThan=f"{20 * DAY}s")], [[], ["v1"], ["v2", "stable-2"]]),
]


@pytest.mark.parametrize(("policies", "left"), CLEANED)
def test_policies_delete_what_they_name_and_none_keeps(
    registry: Any, google: Google, policies: list[dict[str, Any]], left: list[list[str]]
) -> None:
    make(registry, cleanupPolicies={p["id"]: p for p in policies}, cleanupPolicyDryRun=True)
    google.emulator.push({"image": f"{ADDRESS}/app", "size": 1})
    google.emulator.push({"image": f"{ADDRESS}/app:v1", "size": 1})
    google.emulator.pass_time(hours=1)
    google.emulator.push({"image": f"{ADDRESS}/app:v2", "size": 1, "tags": ["stable-2"]})
    google.emulator.pass_time(days=30)
    google.emulator.push({"image": f"{ADDRESS}/app:v3", "size": 1})
    google.emulator.pass_time(days=1)
    assert len(images(registry)) == 4, "a dry run deletes nothing"
    registry.patch(name=NAME, updateMask="cleanupPolicyDryRun", body={"cleanupPolicyDryRun": False}).execute()
    google.emulator.pass_time(days=1)
    assert tags(registry) == left
    assert registry.get(name=NAME).execute()["sizeBytes"] == str(len(left))


def test_a_tag_that_cannot_move_is_not_pushed_again(registry: Any, google: Google) -> None:
    make(registry, dockerConfig={"immutableTags": True})
    google.emulator.push({"image": f"{ADDRESS}/app:v1", "size": 1})
    with pytest.raises(ValueError, match="immutable"):
        google.emulator.push({"image": f"{ADDRESS}/app:v1", "size": 1})


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        "{}",
        '{"image": "app:v1"}',
        f'{{"image": "{ADDRESS}/app:v1", "size": -1}}',
        f'{{"image": "{ADDRESS}/app:v1", "bytes": 1}}',
        f'{{"image": "{ADDRESS}x/app:v1"}}',
    ],
)
def test_what_is_no_image_is_not_pushed(registry: Any, google: Google, said: str) -> None:
    make(registry)
    status, answer = google.ask("/_emulator/image", said)
    assert (status, "image: " in answer["error"]) == (400, True)
    assert images(registry) == []
