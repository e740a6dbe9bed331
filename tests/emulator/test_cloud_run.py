"""Cloud Run on the emulator: generations, secrets and buckets that are mounted, probes, jobs."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west1"
HELLO = {"image": "us-docker.pkg.dev/cloudrun/container/hello"}


def test_a_cloud_run_service_is_ready_at_once_and_counts_its_generations(google: Google) -> None:
    services = google.client("run", "v2").projects().locations().services()
    name = f"{PLACE}/services/api"
    services.create(parent=PLACE, serviceId="api", body={"template": {"containers": [HELLO]}}).execute()
    got = services.get(name=name).execute()
    assert got["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert (got["generation"], got["observedGeneration"], got["reconciling"]) == ("1", "1", False)
    assert got["uri"].startswith("https://api-")
    assert got["template"]["containers"][0]["ports"][0]["containerPort"] == 8080
    operation = services.patch(
        name=name, body={"template": {"containers": [HELLO], "scaling": {"minInstanceCount": 1}}}
    ).execute()
    assert operation["response"]["generation"] == "2"
    assert [r["bills"] for r in google.emulator.remaining()] == ["1 instance(s) kept warm"]
    operations = google.client("run", "v2").projects().locations().operations()
    assert operations.get(name=operation["name"]).execute()["done"]


def test_a_cloud_run_service_that_mounts_a_secret_waits_for_a_version_and_for_its_account_to_read_it(
    google: Google,
) -> None:
    email = google.account()
    secrets = google.client("secretmanager", "v1").projects().secrets()
    secrets.create(parent=PARENT, secretId="key", body={"replication": {"automatic": {}}}).execute()
    mounted = HELLO | {"env": [{"name": "S", "valueSource": {"secretKeyRef": {"secret": "key", "version": "latest"}}}]}
    services = google.client("run", "v2").projects().locations().services()
    body = {"template": {"serviceAccount": email, "containers": [mounted]}}
    create = services.create(parent=PLACE, serviceId="api", body=body)
    assert "has no version" in google.refused(create)["message"]
    name = f"{PARENT}/secrets/key"
    secrets.addVersion(parent=name, body={"payload": {"data": "eA=="}}).execute()
    assert "Secret Manager Secret Accessor" in google.refused(create)["message"]
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{email}"]}
    secrets.setIamPolicy(resource=name, body={"policy": {"bindings": [binding]}}).execute()
    assert create.execute()["done"]


def _mounting(email: str, **more: Any) -> dict[str, Any]:
    source = {"bucket": "b-mounted", "readOnly": True} | more
    return {
        "serviceAccount": email,
        "volumes": [{"name": "v", "gcs": source}],
        "containers": [HELLO | {"volumeMounts": [{"name": "v", "mountPath": "/mnt/v"}]}],
    }


def test_a_cloud_run_service_mounts_a_bucket_that_is_there_and_that_its_account_may_use(google: Google) -> None:
    email = google.account()
    services = google.client("run", "v2").projects().locations().services()

    def create(**more: Any) -> Any:
        return services.create(parent=PLACE, serviceId="api", body={"template": _mounting(email, **more)})

    assert "does not exist" in google.refused(create())["message"]
    buckets = google.client("storage", "v1").buckets()
    buckets.insert(project=PROJECT, body={"name": "b-mounted"}).execute()
    assert "storage.objects.get" in google.refused(create())["message"]
    reader = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{email}"]}
    buckets.setIamPolicy(bucket="b-mounted", body={"bindings": [reader]}).execute()
    assert "storage.objects.create" in google.refused(create(readOnly=False))["message"]
    first = {"template": _mounting(email) | {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN1"}}
    assert "second" in google.refused(services.create(parent=PLACE, serviceId="api", body=first))["message"]
    assert create().execute()["done"]


@pytest.mark.parametrize(
    ("container", "says"),
    [
        ({"volumeMounts": [{"name": "none", "mountPath": "/mnt/v"}]}, "not found"),
        ({"startupProbe": {}}, "exactly one"),
        ({"startupProbe": {"httpGet": {"path": "ready"}}}, "begin with"),
        ({"startupProbe": {"httpGet": {}, "periodSeconds": 10, "failureThreshold": 25}}, "at most 240"),
        ({"startupProbe": {"httpGet": {}, "periodSeconds": 241, "failureThreshold": 1}}, "between 1 and 240"),
        ({"livenessProbe": {"httpGet": {}, "periodSeconds": 5, "timeoutSeconds": 6}}, "longer than"),
    ],
)
def test_a_cloud_run_container_is_refused_with_odd_mounts_and_probes(
    google: Google, container: dict[str, Any], says: str
) -> None:
    services = google.client("run", "v2").projects().locations().services()
    body = {"template": {"containers": [HELLO | container]}}
    assert says in google.refused(services.create(parent=PLACE, serviceId="api", body=body))["message"]


@pytest.mark.parametrize("path", ["/dev/x", "/", "mnt", "/mnt:x"])
def test_a_cloud_run_container_mounts_at_a_folder_of_its_own(google: Google, path: str) -> None:
    services = google.client("run", "v2").projects().locations().services()
    box = HELLO | {"volumeMounts": [{"name": "v", "mountPath": path}]}
    body: dict[str, Any] = {"template": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [box]}}
    assert "absolute path" in google.refused(services.create(parent=PLACE, serviceId="api", body=body))["message"]


def test_a_change_of_a_service_without_a_mask_is_the_whole_of_it(google: Google) -> None:
    services = google.client("run", "v2").projects().locations().services()
    name = f"{PLACE}/services/api"
    before: dict[str, Any] = {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [HELLO]}
    services.create(parent=PLACE, serviceId="api", body={"template": before}).execute()
    services.patch(name=name, body={"template": {"containers": [HELLO]}}).execute()
    assert "volumes" not in services.get(name=name).execute()["template"]


def test_a_probe_that_is_given_is_told_as_it_was_given(google: Google) -> None:
    services = google.client("run", "v2").projects().locations().services()
    # As the provider sends it: null for what is not meant.
    probe = {
        "httpGet": {"path": "/ready"},
        "tcpSocket": None,
        "grpc": None,
        "periodSeconds": 10,
        "failureThreshold": 24,
    }
    body = {"template": {"containers": [HELLO | {"startupProbe": probe}]}}
    services.create(parent=PLACE, serviceId="api", body=body).execute()
    (box,) = services.get(name=f"{PLACE}/services/api").execute()["template"]["containers"]
    assert box["startupProbe"]["httpGet"] == {"path": "/ready", "port": 8080}
    assert "tcpSocket" not in box["startupProbe"]


def test_a_cloud_run_job_leaves_an_execution(google: Google) -> None:
    jobs = google.client("run", "v2").projects().locations().jobs()
    jobs.create(parent=PLACE, jobId="nightly", body={"template": {"template": {"containers": [HELLO]}}}).execute()
    ran = jobs.run(name=f"{PLACE}/jobs/nightly", body={}).execute()["response"]
    assert jobs.executions().list(parent=f"{PLACE}/jobs/nightly").execute()["executions"][0]["name"] == ran["name"]
    assert jobs.get(name=f"{PLACE}/jobs/nightly").execute()["executionCount"] == 1
