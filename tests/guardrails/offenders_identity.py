"""Cases of the rules about who may do what."""

from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import add, grant, policy_data, put
from tests.guardrails.cases import Case

IDENTITY = [
    Case("iam-additive", "IAMPolicy", "full", "p", add("projects/iAMPolicy:IAMPolicy", "p", policyData=policy_data())),
    Case(
        "iam-additive",
        "SecretIamPolicy",
        "full",
        "p",
        add("secretmanager/secretIamPolicy:SecretIamPolicy", "p", policyData=UNKNOWN),
    ),
    Case("iam-additive", "IAMAuditConfig", "full", "a", add("projects/iAMAuditConfig:IAMAuditConfig", "a")),
    Case(
        "iam-no-basic-roles",
        "roles/owner",
        "full",
        "p",
        add(
            "projects/iAMPolicy:IAMPolicy",
            "p",
            policyData=policy_data({"role": "roles/owner", "members": ["user:a@b.c"]}),
        ),
    ),
    Case(
        "iam-no-project-impersonation",
        "serviceAccountTokenCreator",
        "full",
        "services-logging-log-writer",
        grant("role", "roles/iam.serviceAccountTokenCreator"),
        ("CKV_GCP_41",),
    ),
    Case(
        "iam-no-admin-accounts",
        "",
        "full",
        "services-logging-log-writer",
        grant("role", "projects/example-project-id/roles/admin_of_nothing"),
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
    Case("iam-no-keys", "HmacKey", "dev", "k", add("storage/hmacKey:HmacKey", "k", serviceAccountEmail="a")),
    *(
        Case(
            "federation-conditioned",
            "that is understood here holds runs to",
            "full",
            "provider",
            put(
                "iam.WorkloadIdentityPoolProvider",
                "provider",
                "attributeCondition",
                f"assertion.repository_id == '123456789' && assertion.event_name in ['push'] && {third}",
            ),
        )
        for third in (
            "(assertion.event_name != 'x' || assertion.ref == 'refs/heads/main')",
            "(assertion.event_name == 'pull_request' || assertion.ref.startsWith('refs/'))",
            "true",
        )
    ),
    *(
        Case(
            "federation-conditioned",
            "can mean anything",
            "full",
            "provider",
            put(
                "iam.WorkloadIdentityPoolProvider",
                "provider",
                "attributeCondition",
                f"assertion.repository_id == '123456789' && assertion.ref == 'refs/heads/main' && {more}",
            ),
        )
        for more in (
            "assertion.sub == 'x' ? true : true",
            r"assertion.sub != '\\\\' || true || assertion.sub == 'x'",
            r"assertion.sub != r'\' || true || assertion.sub == 'x'",
            'assertion.sub != """x',
        )
    ),
    Case(
        "federation-conditioned",
        "every repository",
        "full",
        "provider",
        put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", "assertion.ref == 'refs/heads/main'"),
        ("CKV_GCP_125",),
    ),
]
