"""Cases of the rules about who may do what."""

from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import add, grant, policy_data, put
from infra.federation import condition
from tests.guardrails.cases import Case

_OWN = condition(123456789, "refs/heads/main")

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
            "is not the one that lets in repository 123456789 alone",
            "full",
            "provider",
            put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", text),
        )
        for text in (
            f"true // && {_OWN}",
            f"{_OWN} && assertion.sub == 'x' ? true : true",
            f"{_OWN} && assertion.sub != r'\\' || true || assertion.sub == 'x'",
            _OWN.replace("refs/heads/main", "refs/heads/evil"),
            _OWN.replace("123456789", "999"),
            _OWN.replace("'push'", "'push', 'pull_request_target'"),
            f"{_OWN} ",
        )
    ),
    Case(
        "federation-conditioned",
        "is for another issuer than GitHub",
        "full",
        "provider",
        put("iam.WorkloadIdentityPoolProvider", "provider", "oidc", {"issuerUri": "https://gitlab.com"}),
    ),
    Case(
        "federation-conditioned",
        "names no repository",
        "dev",
        "p",
        add(
            "iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
            "p",
            attributeCondition=_OWN,
            oidc={"issuerUri": "https://token.actions.githubusercontent.com"},
        ),
    ),
    Case(
        "federation-conditioned",
        "is not the one",
        "full",
        "provider",
        put("iam.WorkloadIdentityPoolProvider", "provider", "attributeCondition", "assertion.ref == 'refs/heads/main'"),
        ("CKV_GCP_125",),
    ),
]
