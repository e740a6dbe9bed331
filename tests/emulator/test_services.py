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


def test_a_secret_s_versions_are_read_switched_off_and_destroyed(google: Google) -> None:
    made = google.secret()
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
    google.secret()
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


def test_messages_wait_until_they_are_taken(google: Google) -> None:
    pubsub = google.client("pubsub", "v1").projects()
    topic, name = f"{PARENT}/topics/budget", f"{PARENT}/subscriptions/all"
    pubsub.topics().create(name=topic, body={}).execute()
    made = pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()
    assert (made["ackDeadlineSeconds"], made["messageRetentionDuration"]) == (10, "604800s")
    assert made["expirationPolicy"] == {"ttl": "2678400s"}
    pubsub.topics().publish(topic=topic, body={"messages": [{"data": "aGk="}]}).execute()
    got = pubsub.subscriptions().pull(subscription=name, body={"maxMessages": 5}).execute()["receivedMessages"]
    assert got[0]["message"]["data"] == "aGk="
    pubsub.subscriptions().acknowledge(subscription=name, body={"ackIds": [got[0]["ackId"]]}).execute()
    assert pubsub.subscriptions().pull(subscription=name, body={"maxMessages": 5}).execute() == {}
    google.emulator.pass_time(hours=1)
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


def test_a_message_that_nobody_acknowledges_comes_again_until_it_is_too_old(google: Google) -> None:
    pubsub = google.client("pubsub", "v1").projects()
    topic, name = f"{PARENT}/topics/budget", f"{PARENT}/subscriptions/all"
    pubsub.topics().create(name=topic, body={}).execute()
    kept: dict[str, Any] = {"topic": topic, "messageRetentionDuration": "86400s", "expirationPolicy": {}}
    assert pubsub.subscriptions().create(name=name, body=kept).execute()["expirationPolicy"] == {}
    pubsub.topics().publish(topic=topic, body={"messages": [{"data": "aGk="}, {"data": "aG8="}]}).execute()

    def pulled(most: int = 5) -> list[str]:
        told = pubsub.subscriptions().pull(subscription=name, body={"maxMessages": most}).execute()
        return [each["ackId"] for each in told.get("receivedMessages", [])]

    (first,), (second,) = pulled(1), pulled()
    assert (first != second, pulled()) == (True, [])
    back = {"ackIds": [second], "ackDeadlineSeconds": 0}
    pubsub.subscriptions().modifyAckDeadline(subscription=name, body=back).execute()
    assert pulled() == [second]
    google.emulator.pass_time(hours=0.01)
    assert pulled() == [first, second]
    google.emulator.pass_time(hours=24)
    assert pulled() == []
    assert google.refused(pubsub.subscriptions().pull(subscription=name, body={"maxMessages": 0}))["code"] == 400
    wrong = {"ackIds": [second], "ackDeadlineSeconds": 601}
    assert google.refused(pubsub.subscriptions().modifyAckDeadline(subscription=name, body=wrong))["code"] == 400
    pushed = f"{PARENT}/subscriptions/pushed"
    push = {"topic": topic, "pushConfig": {"pushEndpoint": "https://example.com/"}}
    pubsub.subscriptions().create(name=pushed, body=push).execute()
    assert google.refused(pubsub.subscriptions().pull(subscription=pushed, body={"maxMessages": 1}))["code"] == 400


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
