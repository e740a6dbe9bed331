"""Cases of the rules about what is public, what builds and serves, and leaked secrets."""

from coursecloud.plan.registration import UNKNOWN
from tests.guardrails.edits import DROP, Case, Edit, add, machine, put

PRIVATE_KEY = "-----BEGIN " + "PRIVATE KEY-----"  # in two parts, so that nobody takes this file for a leak
GITHUB_TOKEN = "ghp_" + "a1B2" * 9


def _grant(path: str, value: object) -> Edit:
    return put("projects.IAMMember", "services-logging-log-writer", path, value)


_STEP = {"name": "gcr.io/cloud-builders/docker", "secretEnvs": ["WANDB_API_KEY"]}


def _step(**keys: object) -> Edit:
    return put("cloudbuild.Trigger", "trainer", "build.steps", [_STEP | keys])


def _public(token: str, role: str, /, **inputs: object) -> Edit:
    return add(token, "m", role=role, member="allUsers", **inputs)


PUBLIC = [
    Case(
        "bucket-not-public",
        "allUsers",
        "dev",
        "m",
        _public("storage/bucketIAMMember:BucketIAMMember", "roles/storage.objectViewer", bucket="b"),
        ("CKV_GCP_28",),
    ),
    Case(
        "bucket-not-public",
        "allAuthenticatedUsers",
        "dev",
        "machines-use-data",
        put("storage.BucketIAMMember", "machines-use-data", "member", "allAuthenticatedUsers"),
        ("CKV_GCP_28",),
    ),
    Case(
        "bucket-not-public",
        "allUsers",
        "dev",
        "a",
        add("storage/bucketAccessControl:BucketAccessControl", "a", bucket="b", entity="allUsers", role="READER"),
    ),
    Case(
        "bucket-not-public",
        "publicRead",
        "dev",
        "a",
        add("storage/bucketACL:BucketACL", "a", bucket="b", predefinedAcl="publicRead"),
    ),
    Case(
        "bucket-not-public",
        "allUsers",
        "dev",
        "a",
        add("storage/bucketACL:BucketACL", "a", bucket="b", roleEntities=["READER:allUsers"]),
    ),
    Case(
        "bucket-not-public",
        "",
        "dev",
        "machines-use-data",
        put("storage.BucketIAMMember", "machines-use-data", "member", "domain:example.com"),
    ),
    Case(
        "registry-not-public",
        "allUsers",
        "dev",
        "m",
        _public(
            "artifactregistry/repositoryIamMember:RepositoryIamMember",
            "roles/artifactregistry.reader",
            repository="r",
            location="europe-west1",
        ),
        ("CKV_GCP_101",),
    ),
    Case(
        "registry-not-public",
        "",
        "dev",
        "machines-read-docker",
        put("artifactregistry.RepositoryIamMember", "machines-read-docker", "member", "group:a@example.com"),
    ),
    Case(
        "secret-not-public",
        "allUsers",
        "full",
        "m",
        _public("secretmanager/secretIamMember:SecretIamMember", "roles/secretmanager.secretAccessor", secretId="s"),
    ),
    Case(
        "secret-not-public",
        "",
        "full",
        "machines-reads-WANDB_API_KEY",
        put("secretmanager.SecretIamMember", "machines-reads-WANDB_API_KEY", "member", "group:a@example.com"),
    ),
    Case(
        "topic-not-public",
        "allUsers",
        "dev",
        "m",
        _public("pubsub/topicIAMMember:TopicIAMMember", "roles/pubsub.publisher", topic="t"),
        ("CKV_GCP_99",),
    ),
    Case(
        "topic-not-public",
        "",
        "dev",
        "m",
        add("pubsub/topicIAMMember:TopicIAMMember", "m", topic="t", role="roles/pubsub.publisher", member="user:a@b.c"),
    ),
    Case(
        "service-not-public",
        "public: true",
        "full",
        "m",
        _public("cloudrunv2/serviceIamMember:ServiceIamMember", "roles/run.invoker", name="full-backend", location="x"),
    ),
    Case(
        "service-not-public",
        "asks nobody",
        "full",
        "backend",
        put("cloudrunv2.Service", "backend", "invokerIamDisabled", True),
    ),
    Case(
        "service-not-public",
        "allUsers",
        "full",
        "demo-public",
        put("cloudrunv2.ServiceIamMember", "demo-public", "name", "full-backend"),
    ),
    Case(
        "service-not-public",
        "",
        "full",
        "demo-public",
        put("cloudrunv2.ServiceIamMember", "demo-public", "name", "projects/p/locations/l/services/full-demo"),
    ),
    Case("service-not-public", "", "full", "demo", put("cloudrunv2.Service", "demo", "invokerIamDisabled", True)),
    Case("grant-not-public", "allUsers", "full", "services-logging-log-writer", _grant("member", "allUsers")),
    Case(
        "grant-not-public",
        "allUsers",
        "full",
        "m",
        _public("serviceaccount/iAMMember:IAMMember", "roles/iam.workloadIdentityUser", serviceAccountId="a"),
    ),
    Case("grant-not-public", "", "full", "services-logging-log-writer", _grant("member", "domain:example.com")),
]

DELIVERY = [
    Case(
        "trigger-own-account",
        "names no service account",
        "full",
        "trainer",
        put("cloudbuild.Trigger", "trainer", "serviceAccount", DROP),
    ),
    Case(
        "trigger-own-account",
        "default service account",
        "full",
        "trainer",
        put(
            "cloudbuild.Trigger",
            "trainer",
            "serviceAccount",
            "projects/p/serviceAccounts/123@cloudbuild.gserviceaccount.com",
        ),
    ),
    Case(
        "trigger-own-account",
        "",
        "full",
        "trainer",
        put(
            "cloudbuild.Trigger",
            "trainer",
            "serviceAccount",
            "projects/p/serviceAccounts/own@p.iam.gserviceaccount.com",
        ),
    ),
    Case(
        "service-own-account",
        "names no service account",
        "full",
        "demo",
        put("cloudrunv2.Service", "demo", "template.serviceAccount", DROP),
    ),
    Case(
        "service-own-account",
        "names no service account",
        "full",
        "j",
        add("cloudrunv2/job:Job", "j", location="europe-west4", template={"template": {"containers": []}}),
    ),
    Case(
        "service-own-account",
        "",
        "full",
        "j",
        add("cloudrunv2/job:Job", "j", location="europe-west4", template={"template": {"serviceAccount": "a@b.c"}}),
    ),
    Case(
        "build-prints-no-secrets",
        "echo",
        "full",
        "trainer",
        _step(entrypoint="bash", args=["-c", "echo $$WANDB_API_KEY"]),
    ),
    Case(
        "build-prints-no-secrets",
        "cat config.yaml",
        "full",
        "trainer",
        _step(script="sed -i s/KEY/$$WANDB_API_KEY/ config.yaml\ncat config.yaml"),
    ),
    Case("build-prints-no-secrets", "printenv", "full", "trainer", _step(args=["printenv"])),
    Case("build-prints-no-secrets", "set -ex", "full", "trainer", _step(script="#!/bin/bash\nset -ex\nmake")),
    Case(
        "build-prints-no-secrets",
        "",
        "full",
        "trainer",
        _step(entrypoint="bash", args=["-c", "echo $$WANDB_API_KEY | docker login --password-stdin"]),
    ),
    Case("build-prints-no-secrets", "", "full", "trainer", _step(script="printf '%s' $$WANDB_API_KEY > key")),
    Case(
        "build-prints-no-secrets",
        "",
        "full",
        "trainer",
        put("cloudbuild.Trigger", "trainer", "build.steps", [{"name": "bash", "args": ["printenv"]}]),
    ),
]


def _variable(name: str, value: str) -> Edit:
    return put("cloudrunv2.Service", "demo", "template.containers.0.envs", [{"name": name, "value": value}])


LEAKS = [
    Case(
        "no-secret-values", "GitHub token", "dev", "workbench", machine("metadata.startup-script", f"x={GITHUB_TOKEN}")
    ),
    Case("no-secret-values", "private key", "dev", "workbench", machine("metadata.note", PRIVATE_KEY)),
    Case(
        "no-secret-values",
        "WANDB_API_KEY",
        "dev",
        "workbench",
        machine("metadata.startup-script", "export WANDB_API_KEY=0123456789abcdef"),
    ),
    Case("no-secret-values", "DB_PASSWORD", "full", "demo", _variable("DB_PASSWORD", "hunter2")),
    Case(
        "no-secret-values",
        "API_TOKEN",
        "full",
        "trainer",
        put("cloudbuild.Trigger", "trainer", "substitutions", {"_API_TOKEN": "abc"}),
    ),
    Case(
        "no-secret-values",
        "state",
        "full",
        "v",
        add("secretmanager/secretVersion:SecretVersion", "v", secret="s", secretData=UNKNOWN),
    ),
    Case("no-secret-values", "password in an address", "full", "demo", _variable("DB", "postgres://me:pw@host/db")),
    Case(
        "no-secret-values", "", "full", "demo", _variable("DB_PASSWORD_SECRET", "projects/p/secrets/s/versions/latest")
    ),
    Case("no-secret-values", "", "full", "demo", _variable("TOKEN", "")),
    Case(
        "no-secret-values",
        "",
        "dev",
        "workbench",
        machine("metadata.startup-script", "export WANDB_API_KEY=$(gcloud secrets versions access latest)"),
    ),
    Case("no-secret-values", "", "full", "demo", _variable("URL", "https://example.com:8080/a@b")),
]
