"""Cases of the rules about what is public, what builds and serves, and leaked secrets."""

from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import add, machine, public, put, step, variable
from tests.guardrails.cases import Case

PRIVATE_KEY = "-----BEGIN " + "PRIVATE KEY-----"  # in two parts, so that nobody takes this file for a leak


PUBLIC = [
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
        "authenticatedRead",
        "dev",
        "a",
        add("storage/bucketACL:BucketACL", "a", bucket="b", defaultAcl="authenticatedRead"),
    ),
    Case(
        "bucket-not-public",
        "allUsers",
        "dev",
        "a",
        add("storage/bucketACL:BucketACL", "a", bucket="b", roleEntities=["READER:allUsers"]),
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
    Case("service-not-public", "", "full", "demo", put("cloudrunv2.Service", "demo", "invokerIamDisabled", True)),
    Case(
        "grant-not-public",
        "allUsers",
        "full",
        "m",
        public("serviceaccount/iAMMember:IAMMember", "roles/iam.workloadIdentityUser", serviceAccountId="a"),
    ),
]

DELIVERY = [
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
        "service-own-account",
        "names no service account",
        "full",
        "j",
        add("cloudrunv2/job:Job", "j", location="europe-west4", template={"template": {"containers": []}}),
    ),
    Case(
        "build-prints-no-secrets",
        "cat config.yaml",
        "full",
        "trainer",
        step(script="sed -i s/KEY/$$WANDB_API_KEY/ config.yaml\ncat config.yaml"),
    ),
    Case("build-prints-no-secrets", "printenv", "full", "trainer", step(args=["printenv"])),
    Case("build-prints-no-secrets", "set -ex", "full", "trainer", step(script="#!/bin/bash\nset -ex\nmake")),
    Case("build-prints-no-secrets", "", "full", "trainer", step(script="printf '%s' $$WANDB_API_KEY > key")),
    Case(
        "build-prints-no-secrets",
        "",
        "full",
        "trainer",
        put("cloudbuild.Trigger", "trainer", "build.steps", [{"name": "bash", "args": ["printenv"]}]),
    ),
]


LEAKS = [
    Case("no-secret-values", "private key", "dev", "workbench", machine("metadata.note", PRIVATE_KEY)),
    Case(
        "no-secret-values",
        "WANDB_API_KEY",
        "dev",
        "workbench",
        machine("metadata.startup-script", "export WANDB_API_KEY=0123456789abcdef"),
    ),
    Case("no-secret-values", "DB_PASSWORD", "full", "demo", variable("DB_PASSWORD", "hunter2")),
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
    Case("no-secret-values", "password in an address", "full", "demo", variable("DB", "postgres://me:pw@host/db")),
    Case("no-secret-values", "", "full", "demo", variable("TOKEN", "")),
    Case(
        "no-secret-values",
        "",
        "dev",
        "workbench",
        machine("metadata.startup-script", "export WANDB_API_KEY=$(gcloud secrets versions access latest)"),
    ),
    Case("no-secret-values", "", "full", "demo", variable("URL", "https://example.com:8080/a@b")),
]
