"""What a look before an update asks for, asked by Google's own client: lists, policies, and one object."""

from __future__ import annotations

import io
from typing import Any

from clients import PROJECT, Google
from googleapiclient.http import MediaIoBaseUpload

ZONE, PLACE = "europe-west1-b", f"projects/{PROJECT}/locations/europe-west1"
NOTE = "a-folder/last.json"


def test_machines_and_disks_of_a_zone_are_listed_and_those_of_another_are_not(google: Google) -> None:
    google.network()
    compute = google.client("compute", "v1")
    assert "items" not in compute.instances().list(project=PROJECT, zone=ZONE).execute()
    compute.instances().insert(project=PROJECT, zone=ZONE, body=google.machine()).execute()
    compute.disks().insert(project=PROJECT, zone=ZONE, body={"name": "work", "sizeGb": "30"}).execute()
    (machine,) = compute.instances().list(project=PROJECT, zone=ZONE).execute()["items"]
    assert (machine["name"], machine["status"]) == ("vm", "RUNNING")
    scopes = compute.instances().aggregatedList(project=PROJECT).execute()["items"]
    assert [each["name"] for each in scopes[f"zones/{ZONE}"]["instances"]] == ["vm"]
    disks = compute.disks().list(project=PROJECT, zone=ZONE).execute()["items"]
    users = {disk["name"]: [user.rpartition("/")[2] for user in disk.get("users", [])] for disk in disks}
    assert users == {"vm": ["vm"], "work": []}
    for things in (compute.instances(), compute.disks()):
        assert "items" not in things.list(project=PROJECT, zone="europe-west1-c").execute()
    assert compute.instances().getIamPolicy(project=PROJECT, zone=ZONE, resource="vm").execute()["etag"]


def test_rules_of_a_network_are_listed(google: Google) -> None:
    google.network()
    compute = google.client("compute", "v1")
    assert "items" not in compute.firewalls().list(project=PROJECT).execute()
    rule = {"name": "open", "network": "global/networks/net", "allowed": [{"IPProtocol": "tcp"}]}
    compute.firewalls().insert(project=PROJECT, body=rule).execute()
    (found,) = compute.firewalls().list(project=PROJECT).execute()["items"]
    assert (found["name"], found["network"].rpartition("/")[2]) == ("open", "net")


def test_keys_of_an_account_are_listed_of_either_kind(google: Google) -> None:
    name = f"projects/{PROJECT}/serviceAccounts/{google.account()}"
    keys = google.client("iam", "v1").projects().serviceAccounts().keys()
    assert keys.list(name=name).execute() == {"keys": []}
    assert google.client("storage", "v1").projects().hmacKeys().list(projectId=PROJECT).execute()["kind"]


def test_providers_of_a_federation_are_listed(google: Google) -> None:
    pools = google.client("iam", "v1").projects().locations().workloadIdentityPools()
    place = f"projects/{PROJECT}/locations/global"
    pools.create(parent=place, workloadIdentityPoolId="pool", body={}).execute()
    pool = f"{place}/workloadIdentityPools/pool"
    assert pools.providers().list(parent=pool).execute() == {}
    body: dict[str, Any] = {
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        "attributeMapping": {"google.subject": "assertion.sub"},
        "attributeCondition": "assertion.repository_id == '1'",
    }
    pools.providers().create(parent=pool, workloadIdentityPoolProviderId="actions", body=body).execute()
    (found,) = pools.providers().list(parent=pool).execute()["workloadIdentityPoolProviders"]
    assert found["name"].endswith("/providers/actions")


def test_values_of_a_secret_are_listed_without_what_they_are(google: Google) -> None:
    secrets = google.client("secretmanager", "v1").projects().secrets()
    made: dict[str, Any] = {"replication": {"automatic": {}}}
    name = secrets.create(parent=f"projects/{PROJECT}", secretId="KEY", body=made).execute()["name"]
    assert secrets.versions().list(parent=name).execute().get("versions", []) == []
    secrets.addVersion(parent=name, body={"payload": {"data": "YWJj"}}).execute()
    (version,) = secrets.versions().list(parent=name).execute()["versions"]
    assert (version["state"], "YWJj" in str(version)) == ("ENABLED", False)


def test_images_of_a_registry_are_listed(google: Google) -> None:
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    repositories.create(parent=PLACE, repositoryId="images", body={"format": "DOCKER"}).execute()
    images = repositories.dockerImages()
    assert images.list(parent=f"{PLACE}/repositories/images").execute().get("dockerImages", []) == []
    google.emulator.push({"image": f"europe-west1-docker.pkg.dev/{PROJECT}/images/app:v1", "size": 7})
    (image,) = images.list(parent=f"{PLACE}/repositories/images").execute()["dockerImages"]
    assert (image["imageSizeBytes"], image["tags"]) == ("7", ["v1"])


def test_an_object_is_written_over_read_and_taken_away(google: Google) -> None:
    storage = google.client("storage", "v1")
    storage.buckets().insert(project=PROJECT, body={"name": "my-data"}).execute()
    for content in (b"first", b"second"):
        media = MediaIoBaseUpload(io.BytesIO(content), "application/json")
        storage.objects().insert(bucket="my-data", name=NOTE, media_body=media).execute()
    assert storage.objects().get(bucket="my-data", object=NOTE).execute()["size"] == "6"
    assert storage.objects().get_media(bucket="my-data", object=NOTE).execute() == b"second"
    storage.objects().delete(bucket="my-data", object=NOTE).execute()
    assert google.refused(storage.objects().get_media(bucket="my-data", object=NOTE))["code"] == 404
