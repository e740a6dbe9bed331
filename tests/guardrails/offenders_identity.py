"""Cases of the rules about who may do what."""

import json
from collections.abc import Mapping

from coursecloud.plan.registration import UNKNOWN
from tests.guardrails.edits import DEFAULT_ACCOUNT, DROP, Case, Edit, add, put, then


def _grant(path: str, value: object) -> Edit:
    return put("projects.IAMMember", "services-logging-log-writer", path, value)


def _policy(*bindings: Mapping[str, object]) -> str:
    return json.dumps({"bindings": bindings})


IDENTITY = [
    Case(
        "iam-additive",
        "IAMBinding replaces",
        "full",
        "b",
        add("projects/iAMBinding:IAMBinding", "b", role="roles/run.viewer", members=["user:a@example.com"]),
    ),
    Case("iam-additive", "IAMPolicy", "full", "p", add("projects/iAMPolicy:IAMPolicy", "p", policyData=_policy())),
    Case(
        "iam-additive",
        "SecretIamPolicy",
        "full",
        "p",
        add("secretmanager/secretIamPolicy:SecretIamPolicy", "p", policyData=UNKNOWN),
    ),
    Case("iam-additive", "IAMAuditConfig", "full", "a", add("projects/iAMAuditConfig:IAMAuditConfig", "a")),
    Case(
        "iam-additive",
        "",
        "full",
        "m",
        add("projects/iAMMember:IAMMember", "m", role="roles/run.viewer", member="user:a@b.c"),
    ),
    Case(
        "iam-no-basic-roles",
        "roles/viewer",
        "full",
        "services-logging-log-writer",
        _grant("role", "roles/viewer"),
        ("CKV_GCP_117",),
    ),
    Case(
        "iam-no-basic-roles",
        "roles/owner",
        "full",
        "p",
        add(
            "projects/iAMPolicy:IAMPolicy", "p", policyData=_policy({"role": "roles/owner", "members": ["user:a@b.c"]})
        ),
    ),
    Case("iam-no-basic-roles", "", "full", "services-logging-log-writer", _grant("role", "roles/compute.viewer")),
    Case(
        "iam-no-project-impersonation",
        "serviceAccountUser",
        "full",
        "services-logging-log-writer",
        _grant("role", "roles/iam.serviceAccountUser"),
        ("CKV_GCP_41", "CKV_GCP_49"),
    ),
    Case(
        "iam-no-project-impersonation",
        "serviceAccountTokenCreator",
        "full",
        "services-logging-log-writer",
        _grant("role", "roles/iam.serviceAccountTokenCreator"),
        ("CKV_GCP_41",),
    ),
    Case(
        "iam-no-project-impersonation",
        "",
        "full",
        "m",
        add("serviceaccount/iAMMember:IAMMember", "m", role="roles/iam.serviceAccountUser", member="user:a@b.c"),
    ),
    Case(
        "iam-no-admin-accounts",
        "roles/storage.admin",
        "full",
        "services-logging-log-writer",
        _grant("role", "roles/storage.admin"),
        ("CKV_GCP_42",),
    ),
    Case(
        "iam-no-admin-accounts",
        "",
        "full",
        "services-logging-log-writer",
        then(_grant("role", "roles/storage.admin"), _grant("member", "group:teachers@example.com")),
    ),
    Case(
        "iam-no-admin-accounts",
        "",
        "full",
        "services-logging-log-writer",
        _grant("role", "projects/example-project-id/roles/admin_of_nothing"),
    ),
    Case(
        "iam-no-default-accounts",
        DEFAULT_ACCOUNT,
        "full",
        "services-logging-log-writer",
        _grant("member", f"serviceAccount:{DEFAULT_ACCOUNT}"),
        ("CKV_GCP_46",),
    ),
    Case(
        "iam-no-default-accounts",
        "appspot",
        "dev",
        "m",
        add(
            "storage/bucketIAMMember:BucketIAMMember",
            "m",
            bucket="b",
            role="roles/storage.objectUser",
            member="serviceAccount:p@appspot.gserviceaccount.com",
        ),
    ),
    Case(
        "iam-no-default-accounts",
        "",
        "full",
        "services-logging-log-writer",
        _grant("member", "serviceAccount:service-1@compute-system.iam.gserviceaccount.com"),
    ),
    Case("iam-no-keys", "serviceaccount.Key", "dev", "k", add("serviceaccount/key:Key", "k", serviceAccountId="a")),
    Case("iam-no-keys", "HmacKey", "dev", "k", add("storage/hmacKey:HmacKey", "k", serviceAccountEmail="a")),
    Case("iam-no-keys", "", "dev", "k", add("serviceaccount/account:Account", "k", accountId="a-b-c-d")),
    Case(
        "federation-conditioned",
        "no attributeCondition",
        "full",
        "provider",
        put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", DROP),
        ("CKV_GCP_118", "CKV_GCP_125"),
    ),
    Case(
        "federation-conditioned",
        "every repository",
        "full",
        "provider",
        put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", "assertion.ref == 'refs/heads/main'"),
        ("CKV_GCP_125",),
    ),
    Case(
        "federation-conditioned",
        "",
        "full",
        "provider",
        put(
            "iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", "assertion.repository_owner_id == '7'"
        ),
    ),
]
