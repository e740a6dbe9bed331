"""The other APIs: the whole life of each kind of resource, and what its service refuses."""

from __future__ import annotations

import base64
from typing import Any, cast

import pytest
from clients import PROJECT, Google

PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west1"
EMAIL = f"runner@{PROJECT}.iam.gserviceaccount.com"
BILLING = "billingAccounts/01AB23-45CD67-89EF01"
HELLO = {"image": "us-docker.pkg.dev/cloudrun/container/hello"}
CPU = 'resource.type="gce_instance" AND metric.type="compute.googleapis.com/instance/cpu/utilization"'
POLICY = {
    "displayName": "idle",
    "combiner": "OR",
    "conditions": [
        {"displayName": "cpu", "conditionThreshold": {"filter": CPU, "comparison": "COMPARISON_LT", "duration": "60s"}}
    ],
}
CRON = {
    "name": f"{PLACE}/jobs/n",
    "schedule": "0 20 * * *",
    "timeZone": "Europe/Oslo",
    "httpTarget": {"uri": "https://example.com"},
}

# API, collections, arguments of create, body, a change with its mask, what the answer says then.
LIVES: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        "artifactregistry v1",
        "projects locations repositories",
        {"parent": PLACE, "repositoryId": "images"},
        {"format": "DOCKER"},
        {"description": "new"},
    ),
    (
        "secretmanager v1",
        "projects secrets",
        {"parent": PARENT, "secretId": "token"},
        {"replication": {"automatic": {}}},
        {"labels": {"a": "b"}},
    ),
    (
        "run v2",
        "projects locations services",
        {"parent": PLACE, "serviceId": "api"},
        {"template": {"containers": [HELLO]}},
        {"description": "new"},
    ),
    (
        "run v2",
        "projects locations jobs",
        {"parent": PLACE, "jobId": "nightly"},
        {"template": {"template": {"containers": [HELLO]}}},
        {"labels": {"a": "b"}},
    ),
    ("aiplatform v1", "projects locations endpoints", {"parent": PLACE}, {"displayName": "e"}, {"displayName": "new"}),
    (
        "aiplatform v1beta1",
        "projects locations endpoints",
        {"parent": PLACE, "endpointId": "17"},
        {"displayName": "e"},
        {"description": "new"},
    ),
    (
        "aiplatform v1",
        "projects locations tensorboards",
        {"parent": PLACE},
        {"displayName": "t"},
        {"displayName": "new"},
    ),
    ("monitoring v3", "projects alertPolicies", {"name": PARENT}, POLICY, {"displayName": "new"}),
    (
        "monitoring v3",
        "projects notificationChannels",
        {"name": PARENT},
        {"type": "email", "labels": {"email_address": "a@example.com"}},
        {"displayName": "new"},
    ),
    (
        "monitoring v1",
        "projects dashboards",
        {"parent": PARENT},
        {"displayName": "d", "gridLayout": {}},
        {"displayName": "new"},
    ),
    ("cloudscheduler v1", "projects locations jobs", {"parent": PLACE}, CRON, {"description": "new"}),
    (
        "billingbudgets v1",
        "billingAccounts budgets",
        {"parent": BILLING},
        {"amount": {"specifiedAmount": {"units": "50"}}},
        {"displayName": "new"},
    ),
    (
        "cloudbuild v1",
        "projects locations triggers",
        {"parent": PLACE},
        {
            "name": "t",
            "filename": "a.yaml",
            "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}",
            "webhookConfig": {"secret": "s"},
        },
        {"description": "new"},
    ),
]


def collection(google: Google, api: str, names: str) -> Any:
    found = google.client(*api.split())
    for name in names.split():
        found = getattr(found, name)()
    return found


@pytest.mark.parametrize(("api", "names", "where", "body", "change"), LIVES, ids=[f"{a} {n}" for a, n, *_ in LIVES])
def test_a_resource_is_made_read_listed_changed_and_removed(
    google: Google, api: str, names: str, where: dict[str, Any], body: dict[str, Any], change: dict[str, Any]
) -> None:
    google.account()
    before = len(google.emulator.remaining())
    things = collection(google, api, names)
    made = things.create(**where, body=body).execute()
    made = made.get("response", made)
    key = "resourceName" if "resourceName" in made else "name"
    name = made[key]
    get = {"projectId": PROJECT, "triggerId": made["id"], "name": name} if "triggers" in names else {"name": name}
    assert things.get(**get).execute()[key] == name
    parent = where.get("parent") or where["name"]
    listed = things.list(**{next(iter(where)): parent}).execute()
    assert next(v for k, v in listed.items() if f"/{k}/" in name)[0][key] == name
    mask = (
        {}
        if "dashboards" in names or "triggers" in names or (names.endswith("jobs") and api == "run v2")
        else {"updateMask": ",".join(change)}
    )
    full = {**body, **change} if not mask else change
    if "dashboards" in names:
        full["etag"] = made["etag"]
    where_to = (
        {"resourceName": name, "projectId": PROJECT, "triggerId": made["id"]} if "triggers" in names else {"name": name}
    )
    things.patch(**where_to, **mask, body=full).execute()
    after = things.get(**get).execute()
    assert {k: after[k] for k in change} == change
    things.delete(**get).execute()
    assert google.refused(things.get(**get))["code"] == 404
    assert len(google.emulator.remaining()) == before


@pytest.mark.parametrize(
    ("api", "names", "where", "body", "words"),
    [
        (
            "secretmanager v1",
            "projects secrets",
            {"parent": PARENT, "secretId": "my token"},
            {"replication": {"automatic": {}}},
            "my token",
        ),
        ("secretmanager v1", "projects secrets", {"parent": PARENT, "secretId": "t"}, {}, "replication"),
        (
            "secretmanager v1",
            "projects secrets",
            {"parent": PARENT, "secretId": "t"},
            {"replication": {"userManaged": {"replicas": [{"location": "nowhere"}]}}},
            "nowhere",
        ),
        (
            "artifactregistry v1",
            "projects locations repositories",
            {"parent": PLACE, "repositoryId": "My_Images"},
            {"format": "DOCKER"},
            "My_Images",
        ),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "Api"},
            {"template": {"containers": [HELLO]}},
            "Api",
        ),
        ("run v2", "projects locations services", {"parent": PLACE, "serviceId": "api"}, {"template": {}}, "container"),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "api"},
            {"template": {"containers": [{"image": "No Image"}]}},
            "image",
        ),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "api"},
            {"template": {"containers": [HELLO | {"env": [{"name": "PORT", "value": "1"}]}]}},
            "PORT",
        ),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "api"},
            {"template": {"containers": [HELLO], "serviceAccount": f"none@{PROJECT}.iam.gserviceaccount.com"}},
            "does not exist",
        ),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "api"},
            {
                "template": {
                    "containers": [HELLO | {"env": [{"name": "S", "valueSource": {"secretKeyRef": {"secret": "no"}}}]}]
                }
            },
            "not found",
        ),
        (
            "run v2",
            "projects locations services",
            {"parent": PLACE, "serviceId": "api"},
            {"template": {"containers": [HELLO | {"resources": {"limits": {"memory": "much"}}}]}},
            "much",
        ),
        ("aiplatform v1", "projects locations endpoints", {"parent": PLACE}, {}, "isplayName"),
        (
            "aiplatform v1",
            "projects locations customJobs",
            {"parent": PLACE},
            {"displayName": "j", "jobSpec": {"workerPoolSpecs": []}},
            "worker",
        ),
        ("monitoring v3", "projects alertPolicies", {"name": PARENT}, POLICY | {"combiner": "XOR"}, "XOR"),
        (
            "monitoring v3",
            "projects alertPolicies",
            {"name": PARENT},
            POLICY | {"notificationChannels": [f"{PARENT}/notificationChannels/1"]},
            "does not exist",
        ),
        ("monitoring v3", "projects notificationChannels", {"name": PARENT}, {"type": "pigeon"}, "pigeon"),
        (
            "monitoring v3",
            "projects notificationChannels",
            {"name": PARENT},
            {"type": "email", "labels": {"email_address": "a"}},
            "email",
        ),
        (
            "monitoring v1",
            "projects dashboards",
            {"parent": PARENT},
            {"displayName": "d", "gridLayuot": {}},
            "gridLayuot",
        ),
        ("cloudscheduler v1", "projects locations jobs", {"parent": PLACE}, CRON | {"schedule": "often"}, "often"),
        ("cloudscheduler v1", "projects locations jobs", {"parent": PLACE}, CRON | {"schedule": "0 25 * * *"}, "25"),
        (
            "cloudscheduler v1",
            "projects locations jobs",
            {"parent": PLACE},
            CRON | {"timeZone": "Europe/Bergen"},
            "Bergen",
        ),
        (
            "cloudscheduler v1",
            "projects locations jobs",
            {"parent": PLACE},
            CRON | {"attemptDeadline": "1801s"},
            "30 minutes",
        ),
        (
            "billingbudgets v1",
            "billingAccounts budgets",
            {"parent": BILLING},
            {"amount": {"specifiedAmount": {"units": "50"}}, "thresholdRules": [{"thresholdPercent": 50}]},
            "fraction",
        ),
        (
            "billingbudgets v1",
            "billingAccounts budgets",
            {"parent": BILLING},
            {"amount": {"specifiedAmount": {"units": "50", "currencyCode": "NOK"}}},
            "NOK",
        ),
        ("billingbudgets v1", "billingAccounts budgets", {"parent": BILLING}, {"amount": {}}, "exactly one"),
        (
            "billingbudgets v1",
            "billingAccounts budgets",
            {"parent": BILLING},
            {"amount": {"lastPeriodAmount": {}}, "budgetFilter": {"projects": ["projects/none"]}},
            "none",
        ),
        (
            "billingbudgets v1",
            "billingAccounts budgets",
            {"parent": BILLING},
            {
                "amount": {"lastPeriodAmount": {}},
                "notificationsRule": {"pubsubTopic": f"{PARENT}/topics/no", "schemaVersion": "1.0"},
            },
            "no",
        ),
        (
            "billingbudgets v1",
            "billingAccounts budgets",
            {"parent": "billingAccounts/none"},
            {"amount": {"lastPeriodAmount": {}}},
            "none",
        ),
        (
            "cloudbuild v1",
            "projects locations triggers",
            {"parent": PLACE},
            {"name": "t", "webhookConfig": {"secret": "s"}},
            "exactly one",
        ),
        (
            "cloudbuild v1",
            "projects locations triggers",
            {"parent": PLACE},
            {"name": "t", "filename": "a"},
            "one event",
        ),
        (
            "cloudbuild v1",
            "projects locations triggers",
            {"parent": PLACE},
            {
                "name": "t",
                "filename": "a",
                "webhookConfig": {"secret": "s"},
                "substitutions": {"region": "x"},
                "serviceAccount": EMAIL,
            },
            "region",
        ),
        (
            "cloudbuild v2",
            "projects locations connections",
            {"parent": PLACE, "connectionId": "c"},
            {"githubConfig": {"authorizerCredential": {"oauthTokenSecretVersion": f"{PARENT}/secrets/no/versions/1"}}},
            "secrets/no",
        ),
    ],
)
def test_a_service_refuses_what_only_it_can_check(
    google: Google, api: str, names: str, where: dict[str, Any], body: dict[str, Any], words: str
) -> None:
    google.account()
    before = google.emulator.remaining()
    error = google.refused(collection(google, api, names).create(**where, body=body))
    assert error["code"] in (400, 404)
    assert words in error["message"]
    assert google.emulator.remaining() == before


def secret(google: Google, name: str = "token") -> Any:
    secrets = google.client("secretmanager", "v1").projects().secrets()
    secrets.create(parent=PARENT, secretId=name, body={"replication": {"automatic": {}}}).execute()
    data = base64.b64encode(b"s3cret").decode()
    return secrets.addVersion(parent=f"{PARENT}/secrets/{name}", body={"payload": {"data": data}}).execute()


def test_a_secret_s_versions_are_read_switched_off_and_destroyed(google: Google) -> None:
    made = secret(google)
    assert made["name"] == f"projects/{google.number}/secrets/token/versions/1"
    versions = google.client("secretmanager", "v1").projects().secrets().versions()
    latest = f"{PARENT}/secrets/token/versions/latest"
    assert base64.b64decode(versions.access(name=latest).execute()["payload"]["data"]) == b"s3cret"
    versions.disable(name=made["name"], body={}).execute()
    assert google.refused(versions.access(name=latest))["status"] == "FAILED_PRECONDITION"
    versions.enable(name=made["name"], body={}).execute()
    versions.destroy(name=made["name"], body={}).execute()
    assert versions.get(name=made["name"]).execute()["state"] == "DESTROYED"
    assert "DESTROYED" in google.refused(versions.enable(name=made["name"], body={}))["message"]
    assert "s3cret" not in str(google.emulator.state())
    google.client("secretmanager", "v1").projects().secrets().delete(name=f"{PARENT}/secrets/token").execute()
    assert google.emulator.remaining() == []


def test_a_resource_has_a_policy_of_its_own(google: Google) -> None:
    secret(google)
    secrets = google.client("secretmanager", "v1").projects().secrets()
    policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": ["user:a@example.com"]}]}
    secrets.setIamPolicy(resource=f"{PARENT}/secrets/token", body={"policy": policy}).execute()
    got = secrets.getIamPolicy(resource=f"{PARENT}/secrets/token", options_requestedPolicyVersion=3).execute()
    assert got["bindings"] == policy["bindings"]
    assert google.refused(secrets.getIamPolicy(resource=f"{PARENT}/secrets/none"))["code"] == 404
    assert [r["binding"] for r in google.emulator.remaining() if "binding" in r] == [
        "roles/secretmanager.secretAccessor: user:a@example.com"
    ]


def test_a_repository_a_service_and_a_bucket_have_policies_too(google: Google) -> None:
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    repositories.create(parent=PLACE, repositoryId="images", body={"format": "DOCKER"}).execute()
    services = google.client("run", "v2").projects().locations().services()
    services.create(parent=PLACE, serviceId="api", body={"template": {"containers": [HELLO]}}).execute()
    for collection, name, role in (
        (repositories, f"{PLACE}/repositories/images", "roles/artifactregistry.reader"),
        (services, f"{PLACE}/services/api", "roles/run.invoker"),
    ):
        bindings = [{"role": role, "members": ["allUsers"]}]
        before = collection.getIamPolicy(resource=name).execute()
        policy = {"bindings": bindings, "etag": before["etag"]}
        collection.setIamPolicy(resource=name, body={"policy": policy}).execute()
        assert collection.getIamPolicy(resource=name).execute()["bindings"] == bindings
        assert google.refused(collection.setIamPolicy(resource=name, body={"policy": policy}))["code"] == 409
    buckets = google.client("storage", "v1").buckets()
    buckets.insert(project=PROJECT, body={"name": "b-policies", "location": "EU"}).execute()
    assert buckets.get(bucket="b-policies").execute()["location"] == "EU"
    bindings = [{"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]}]
    buckets.setIamPolicy(bucket="b-policies", body={"bindings": bindings}).execute()
    got = buckets.getIamPolicy(bucket="b-policies", optionsRequestedPolicyVersion=3).execute()
    assert got["bindings"] == bindings
    assert google.client("storage", "v1").anywhereCaches().list(bucket="b-policies").execute()["kind"]


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


def test_a_trigger_is_found_by_its_name_and_runs_without_saying_its_repository_again(google: Google) -> None:
    account = f"{PARENT}/serviceAccounts/{google.account()}"
    triggers = google.client("cloudbuild", "v1").projects().locations().triggers()
    github = {"owner": "o", "name": "n", "push": {"branch": "^main$"}}
    body = {"name": "trainer", "filename": "c.yaml", "serviceAccount": account, "github": github}
    made = triggers.create(parent=PLACE, body=body).execute()
    name = f"{PLACE}/triggers/trainer"
    run = triggers.run(name=name, body={"source": {"projectId": PROJECT, "branchName": "main"}}).execute()
    assert run["metadata"]
    assert triggers.get(name=name).execute()["id"] == made["id"]
    assert triggers.delete(name=name).execute() == {}
    assert google.refused(triggers.get(name=name))["code"] == 404


def test_a_cloud_run_job_leaves_an_execution(google: Google) -> None:
    jobs = google.client("run", "v2").projects().locations().jobs()
    jobs.create(parent=PLACE, jobId="nightly", body={"template": {"template": {"containers": [HELLO]}}}).execute()
    ran = jobs.run(name=f"{PLACE}/jobs/nightly", body={}).execute()["response"]
    assert jobs.executions().list(parent=f"{PLACE}/jobs/nightly").execute()["executions"][0]["name"] == ran["name"]
    assert jobs.get(name=f"{PLACE}/jobs/nightly").execute()["executionCount"] == 1


def test_a_training_job_runs_its_course_and_bills_until_then(google: Google) -> None:
    jobs = google.client("aiplatform", "v1").projects().locations().customJobs()
    pool = {
        "machineSpec": {"machineType": "n1-standard-4"},
        "replicaCount": "1",
        "containerSpec": {"imageUri": "gcr.io/a/b"},
    }
    made = jobs.create(parent=PLACE, body={"displayName": "j", "jobSpec": {"workerPoolSpecs": [pool]}}).execute()
    assert google.emulator.remaining()[0]["bills"]
    assert "cancel" in google.refused(jobs.delete(name=made["name"]))["message"]
    states = [jobs.get(name=made["name"]).execute()["state"].removeprefix("JOB_STATE_") for _ in range(3)]
    assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert not google.emulator.remaining()[0]["bills"]
    jobs.delete(name=made["name"]).execute()


@pytest.mark.parametrize(
    ("machine", "scheduling", "says"),
    [
        ({"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}, {}, ""),
        ({"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}, {}, "T4"),
        ({"machineType": "n1-standard-4"}, {}, "without an accelerator"),
        (
            {"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
            {"timeout": "604801s"},
            "7 days",
        ),
    ],
)
def test_a_training_job_queues_for_some_gpus_only(
    google: Google, machine: dict[str, Any], scheduling: dict[str, str], says: str
) -> None:
    jobs = google.client("aiplatform", "v1").projects().locations().customJobs()
    pool = {"machineSpec": machine, "replicaCount": "1", "containerSpec": {"imageUri": "gcr.io/a/b"}}
    queued = {"strategy": "FLEX_START", "maxWaitDuration": "7200s", **scheduling}
    body: dict[str, Any] = {"displayName": "j", "jobSpec": {"workerPoolSpecs": [pool], "scheduling": queued}}
    create = jobs.create(parent=PLACE, body=body)
    if says:
        assert says in google.refused(create)["message"]
    else:
        assert create.execute()["jobSpec"]["scheduling"]["maxWaitDuration"] == "7200s"


def test_an_endpoint_with_a_model_on_it_stays(google: Google) -> None:
    endpoints = google.client("aiplatform", "v1").projects().locations().endpoints()
    name = endpoints.create(parent=PLACE, body={"displayName": "e"}).execute()["response"]["name"]
    kept = next(iter(google.emulator.world.of("aiplatform", "projects/locations/endpoints")))
    kept.body["deployedModels"] = [{"id": "1"}]
    assert "deployed models" in google.refused(endpoints.delete(name=name))["message"]


def test_a_connection_a_repository_and_a_trigger_hold_each_other(google: Google) -> None:
    google.account()
    version = secret(google)["name"]
    build = google.client("cloudbuild", "v2").projects().locations()
    config = {"githubConfig": {"appInstallationId": "1", "authorizerCredential": {"oauthTokenSecretVersion": version}}}
    operation = build.connections().create(parent=PLACE, connectionId="gh", body=config).execute()
    assert operation["response"]["installationState"]["stage"] == "COMPLETE"
    assert build.operations().get(name=operation["name"]).execute()["done"]
    repositories, parent = build.connections().repositories(), f"{PLACE}/connections/gh"
    bad = repositories.create(parent=parent, repositoryId="c", body={"remoteUri": "https://github.com/acme/course"})
    assert ".git" in google.refused(bad)["message"]
    repositories.create(
        parent=parent, repositoryId="c", body={"remoteUri": "https://github.com/acme/course.git"}
    ).execute()
    triggers = google.client("cloudbuild", "v1").projects().locations().triggers()
    event = {"repository": f"{parent}/repositories/c", "push": {"branch": "^main$"}}
    body = {
        "name": "t",
        "filename": "a.yaml",
        "repositoryEventConfig": event,
        "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}",
    }
    made = triggers.create(parent=PLACE, body=body).execute()
    taken = triggers.create(parent=PLACE, body=body)
    assert "already exists" in google.refused(taken)["message"]
    assert "already being used" in google.refused(repositories.delete(name=f"{parent}/repositories/c"))["message"]
    assert "still has the repository" in google.refused(build.connections().delete(name=parent))["message"]
    ran = triggers.run(name=made["resourceName"], body={}).execute()
    assert ran["response"]["status"] == "SUCCESS"
    triggers.delete(name=made["resourceName"]).execute()
    repositories.delete(name=f"{parent}/repositories/c").execute()
    build.connections().delete(name=parent).execute()


def test_a_connection_without_its_token_waits_for_a_person(google: Google) -> None:
    connections = google.client("cloudbuild", "v2").projects().locations().connections()
    made = connections.create(parent=PLACE, connectionId="gh", body={"githubConfig": {}}).execute()["response"]
    assert made["installationState"]["stage"] == "PENDING_USER_OAUTH"


def test_a_build_with_an_account_must_say_where_its_log_goes(google: Google) -> None:
    builds = google.client("cloudbuild", "v1").projects().locations().builds()
    body: dict[str, Any] = {"steps": [{"name": "ubuntu"}], "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}"}
    assert "logging" in google.refused(builds.create(parent=PLACE, body=body))["message"]
    body["options"] = {"logging": "CLOUD_LOGGING_ONLY"}
    assert builds.create(parent=PLACE, body=body).execute()["done"]


def test_messages_wait_until_they_are_taken(google: Google) -> None:
    pubsub = google.client("pubsub", "v1").projects()
    topic, name = f"{PARENT}/topics/budget", f"{PARENT}/subscriptions/all"
    pubsub.topics().create(name=topic, body={}).execute()
    made = pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()
    assert (made["ackDeadlineSeconds"], made["messageRetentionDuration"]) == (10, "604800s")
    pubsub.topics().publish(topic=topic, body={"messages": [{"data": "aGk="}]}).execute()
    got = pubsub.subscriptions().pull(subscription=name, body={"maxMessages": 5}).execute()["receivedMessages"]
    assert got[0]["message"]["data"] == "aGk="
    pubsub.subscriptions().acknowledge(subscription=name, body={"ackIds": [got[0]["ackId"]]}).execute()
    assert pubsub.subscriptions().pull(subscription=name, body={"maxMessages": 5}).execute() == {}
    change = {"subscription": {"ackDeadlineSeconds": 20}, "updateMask": "ackDeadlineSeconds"}
    assert pubsub.subscriptions().patch(name=name, body=change).execute()["ackDeadlineSeconds"] == 20
    labels = {"topic": {"labels": {"a": "b"}}, "updateMask": "labels"}
    assert pubsub.topics().patch(name=topic, body=labels).execute()["labels"] == {"a": "b"}
    assert pubsub.topics().subscriptions().list(topic=topic).execute() == {"subscriptions": [name]}
    pubsub.topics().delete(topic=topic).execute()
    assert pubsub.subscriptions().get(subscription=name).execute()["topic"] == "_deleted-topic_"
    pubsub.subscriptions().delete(subscription=name).execute()
    assert google.emulator.remaining() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"topic": f"{PARENT}/topics/no"}, "topics/no"),
        ({"ackDeadlineSeconds": 5}, "between 10 and 600"),
        ({"messageRetentionDuration": "60s"}, "10 minutes"),
        ({"pushConfig": {"pushEndpoint": "http://a"}}, "https://"),
    ],
)
def test_a_subscription_that_does_not_fit_is_refused(google: Google, change: dict[str, Any], words: str) -> None:
    pubsub = google.client("pubsub", "v1").projects()
    pubsub.topics().create(name=f"{PARENT}/topics/topic", body={}).execute()
    request = pubsub.subscriptions().create(
        name=f"{PARENT}/subscriptions/sub", body={"topic": f"{PARENT}/topics/topic"} | change
    )
    assert words in google.refused(request)["message"]
    bad = pubsub.topics().create(name=f"{PARENT}/topics/goog-t", body={})
    assert google.refused(bad)["code"] == 400


def test_a_log_metric_is_described_by_google(google: Google) -> None:
    metrics = google.client("logging", "v2").projects().metrics()
    made = metrics.create(parent=PARENT, body={"name": "stops", "filter": "severity>=ERROR"}).execute()
    assert made["metricDescriptor"]["type"] == "logging.googleapis.com/user/stops"
    changed = metrics.update(
        metricName=f"{PARENT}/metrics/stops", body={"name": "stops", "filter": "severity=INFO"}
    ).execute()
    assert changed["filter"] == "severity=INFO"
    assert metrics.list(parent=PARENT).execute()["metrics"][0]["name"] == "stops"
    metrics.delete(metricName=f"{PARENT}/metrics/stops").execute()
    assert google.refused(metrics.get(metricName=f"{PARENT}/metrics/stops"))["code"] == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"filter": 'metric.type="a/b"'}, "resource.type"),
        ({"filter": CPU + " " * 2048}, "too long"),
        ({"comparison": "COMPARISON_EQ"}, "only GT and LT"),
        ({"duration": "90s"}, "multiple of a minute"),
    ],
)
def test_a_condition_of_an_alert_is_one_that_google_watches(google: Google, change: dict[str, str], says: str) -> None:
    held = {"filter": CPU, "comparison": "COMPARISON_GT", "duration": "60s", **change}
    body = POLICY | {"conditions": [{"displayName": "c", "conditionThreshold": held}]}
    alerts = google.client("monitoring", "v3").projects().alertPolicies()
    assert says in google.refused(alerts.create(name=PARENT, body=body))["message"]


def test_an_alert_has_at_most_six_conditions(google: Google) -> None:
    alerts = google.client("monitoring", "v3").projects().alertPolicies()
    (condition,) = cast("list[dict[str, Any]]", POLICY["conditions"])
    refused = google.refused(alerts.create(name=PARENT, body=POLICY | {"conditions": [condition] * 7}))
    assert "at most 6" in refused["message"]
    assert alerts.create(name=PARENT, body=POLICY | {"conditions": [condition] * 6}).execute()["name"]


def test_a_channel_in_use_stays_unless_forced(google: Google) -> None:
    monitoring = google.client("monitoring", "v3").projects()
    channel = {"type": "email", "labels": {"email_address": "a@example.com"}}
    name = monitoring.notificationChannels().create(name=PARENT, body=channel).execute()["name"]
    monitoring.alertPolicies().create(name=PARENT, body=POLICY | {"notificationChannels": [name]}).execute()
    assert "in use" in google.refused(monitoring.notificationChannels().delete(name=name))["message"]
    monitoring.notificationChannels().delete(name=name, force=True).execute()


def test_a_scheduled_job_is_paused_and_resumed(google: Google) -> None:
    jobs = google.client("cloudscheduler", "v1").projects().locations().jobs()
    name = jobs.create(parent=PLACE, body=CRON).execute()["name"]
    assert jobs.pause(name=name, body={}).execute()["state"] == "PAUSED"
    assert jobs.resume(name=name, body={}).execute()["state"] == "ENABLED"
    assert jobs.run(name=name, body={}).execute()["lastAttemptTime"]


def test_billing_can_be_unlinked_and_linked_again(google: Google) -> None:
    projects = google.client("cloudbilling", "v1").projects()
    assert projects.getBillingInfo(name=PARENT).execute()["billingEnabled"]
    off = projects.updateBillingInfo(name=PARENT, body={"billingAccountName": ""}).execute()
    assert not off["billingEnabled"]
    assert google.refused(projects.updateBillingInfo(name=PARENT, body={"billingAccountName": "none"}))["code"] == 400
    projects.updateBillingInfo(name=PARENT, body={"billingAccountName": BILLING}).execute()
    linked = google.client("cloudbilling", "v1").billingAccounts().projects().list(name=BILLING).execute()
    assert PROJECT in [p["projectId"] for p in linked["projectBillingInfo"]]


def test_a_key_is_brought_to_ones_login_profile(google: Google) -> None:
    users = google.client("oslogin", "v1").users()
    name = "users/ada@example.com"
    assert users.getLoginProfile(name=name).execute()["posixAccounts"][0]["primary"]
    assert google.refused(users.importSshPublicKey(parent=name, body={"key": "rubbish"}))["code"] == 400
    key = {"key": "ssh-ed25519 AAAA ada"}
    told = users.importSshPublicKey(parent=name, body=key).execute()["loginProfile"]
    assert [each["key"] for each in told["sshPublicKeys"].values()] == [key["key"]]
    assert users.getLoginProfile(name="users/bob@example.com").execute().get("sshPublicKeys") == {}


def test_a_project_is_told_by_both_versions(google: Google) -> None:
    first = google.client("cloudresourcemanager", "v1").projects().get(projectId=PROJECT).execute()
    third = google.client("cloudresourcemanager", "v3").projects().get(name=PARENT).execute()
    assert (first["projectNumber"], first["lifecycleState"]) == (google.number, "ACTIVE")
    assert (third["name"], third["state"]) == (f"projects/{google.number}", "ACTIVE")
    listed = google.client("cloudresourcemanager", "v1").projects().list(filter=f"projectId={PROJECT}").execute()
    assert [p["projectId"] for p in listed["projects"]] == [PROJECT]
