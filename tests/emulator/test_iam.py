"""Who may what: policies with their etags and conditions, service accounts, custom roles, federation."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

PARENT = f"projects/{PROJECT}"
GLOBAL = f"{PARENT}/locations/global"
EMAIL = f"runner@{PROJECT}.iam.gserviceaccount.com"
GITHUB = {
    "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    "attributeMapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
    "attributeCondition": "assertion.repository_owner == 'acme'",
}


@pytest.fixture
def iam(google: Google) -> Any:
    return google.client("iam", "v1").projects()


@pytest.fixture
def projects(google: Google) -> Any:
    return google.client("cloudresourcemanager", "v1").projects()


def bind(projects: Any, role: str, *members: str, **more: Any) -> Any:
    policy = {"bindings": [{"role": role, "members": list(members)} | more.pop("binding", {})], **more}
    return projects.setIamPolicy(resource=PROJECT, body={"policy": policy})


def test_a_policy_is_merged_sorted_and_gets_a_new_etag(projects: Any) -> None:
    first = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    bindings: list[dict[str, Any]] = [
        {"role": "roles/viewer", "members": ["user:B@example.com"]},
        {"role": "roles/viewer", "members": ["user:a@example.com"]},
        {"role": "roles/editor", "members": []},
    ]
    policy = {"etag": first["etag"], "bindings": bindings}
    second = projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    assert second["bindings"] == [{"role": "roles/viewer", "members": ["user:a@example.com", "user:b@example.com"]}]
    assert second["etag"] != first["etag"]


def test_a_stale_etag_is_refused_and_none_at_all_overwrites(projects: Any, google: Google) -> None:
    old = projects.getIamPolicy(resource=PROJECT, body={}).execute()["etag"]
    bind(projects, "roles/viewer", "user:a@example.com", etag=old).execute()
    error = google.refused(bind(projects, "roles/viewer", "user:b@example.com", etag=old))
    assert (error["code"], error["status"]) == (409, "ABORTED")
    bind(projects, "roles/viewer", "user:b@example.com").execute()


def test_a_condition_is_hidden_from_whoever_does_not_ask_for_version_3(projects: Any, google: Google) -> None:
    condition = {"title": "till", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'}
    binding = {"condition": condition}
    low = google.refused(bind(projects, "roles/viewer", "user:a@example.com", binding=binding))
    assert "must be 3" in low["message"]
    bind(projects, "roles/viewer", "user:a@example.com", binding=binding, version=3).execute()
    seen = projects.getIamPolicy(resource=PROJECT, body={}).execute()["bindings"][0]
    assert "condition" not in seen
    assert "_withcond_" in seen["role"]
    asked = {"options": {"requestedPolicyVersion": 3}}
    assert projects.getIamPolicy(resource=PROJECT, body=asked).execute()["bindings"][0]["condition"] == condition


@pytest.mark.parametrize(
    ("role", "member", "words"),
    [
        ("aiplatform.user", "user:a@example.com", "not a valid role name"),
        ("roles/aiplatform.usr", "user:a@example.com", "not supported"),
        (f"projects/{PROJECT}/roles/none", "user:a@example.com", "does not exist"),
        ("roles/viewer", "a@example.com", "type"),
        ("roles/viewer", "person:a@example.com", "unknown type"),
        ("roles/viewer", "user:a", "unknown type"),
        ("roles/viewer", f"serviceAccount:none@{PROJECT}.iam.gserviceaccount.com", "does not exist"),
        ("roles/viewer", "allUsers", "not allowed on a project"),
    ],
)
def test_a_role_or_member_that_is_none_is_refused(
    projects: Any, google: Google, role: str, member: str, words: str
) -> None:
    error = google.refused(bind(projects, role, member))
    assert error["code"] == 400
    assert words in error["message"]


def test_google_s_own_agents_and_other_projects_accounts_are_members(projects: Any, google: Google) -> None:
    members = (
        f"serviceAccount:service-{google.number}@compute-system.iam.gserviceaccount.com",
        "serviceAccount:a@else-where.iam.gserviceaccount.com",
    )
    assert bind(projects, "roles/viewer", *members).execute()["bindings"]


@pytest.mark.parametrize("number", ["", "12345"])
def test_an_agent_is_there_once_its_api_is_on_in_its_project(bare: Google, number: str) -> None:
    bare.enable("cloudresourcemanager")
    projects = bare.client("cloudresourcemanager", "v1").projects()
    member = f"serviceAccount:service-{number or bare.number}@compute-system.iam.gserviceaccount.com"
    assert "does not exist" in bare.refused(bind(projects, "roles/viewer", member))["message"]
    bare.enable("compute")
    if number:
        assert "does not exist" in bare.refused(bind(projects, "roles/viewer", member))["message"]
    else:
        assert bind(projects, "roles/viewer", member).execute()["bindings"]


def test_permissions_can_be_tested(projects: Any, google: Google) -> None:
    asked = {"permissions": ["compute.instances.create", "storage.buckets.create"]}
    assert projects.testIamPermissions(resource=PROJECT, body=asked).execute() == asked
    google.emulator.use({"deny": {"student": ["compute.*"]}})
    request = projects.testIamPermissions(resource=PROJECT, body=asked)
    request.headers["Authorization"] = "Bearer student"
    assert request.execute() == {"permissions": ["storage.buckets.create"]}


def test_a_service_account_that_is_made_again_is_another(iam: Any, projects: Any, google: Google) -> None:
    accounts = iam.serviceAccounts()
    first = accounts.create(name=PARENT, body={"accountId": "runner", "serviceAccount": {"displayName": "R"}}).execute()
    assert first["email"] == EMAIL
    error = google.refused(accounts.create(name=PARENT, body={"accountId": "runner"}))
    assert error["code"] == 409
    bind(projects, "roles/viewer", f"serviceAccount:{EMAIL}").execute()
    accounts.delete(name=f"projects/-/serviceAccounts/{EMAIL}").execute()
    assert google.refused(accounts.get(name=f"projects/-/serviceAccounts/{EMAIL}"))["code"] == 404
    member = projects.getIamPolicy(resource=PROJECT, body={}).execute()["bindings"][0]["members"][0]
    assert member == f"deleted:serviceAccount:{EMAIL}?uid={first['uniqueId']}"
    second = accounts.create(name=PARENT, body={"accountId": "runner"}).execute()
    assert second["uniqueId"] != first["uniqueId"]
    assert accounts.get(name=f"projects/-/serviceAccounts/{second['uniqueId']}").execute()["email"] == EMAIL


def test_a_service_account_is_changed_switched_off_and_on(iam: Any, google: Google) -> None:
    google.account()
    accounts, name = iam.serviceAccounts(), f"{PARENT}/serviceAccounts/{EMAIL}"
    body = {"serviceAccount": {"displayName": "new", "description": "no"}, "updateMask": "displayName"}
    changed = accounts.patch(name=name, body=body).execute()
    assert (changed["displayName"], changed.get("description")) == ("new", None)
    accounts.disable(name=name).execute()
    assert accounts.get(name=name).execute()["disabled"]
    accounts.enable(name=name).execute()
    assert len(accounts.list(name=PARENT).execute()["accounts"]) == 1
    assert accounts.keys().list(name=name).execute() == {"keys": []}
    google.emulator.use({"organization": True})
    assert "disableServiceAccountKeyCreation" in google.refused(accounts.keys().create(name=name, body={}))["message"]
    policy = {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": ["user:a@example.com"]}]}
    accounts.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert accounts.getIamPolicy(resource=name).execute()["bindings"] == policy["bindings"]


@pytest.mark.parametrize("name", ["abc", "Runner", "1runner", "a" * 31, "runner-"])
def test_a_service_account_s_name_has_rules(iam: Any, google: Google, name: str) -> None:
    assert google.refused(iam.serviceAccounts().create(name=PARENT, body={"accountId": name}))["code"] == 400


def test_a_custom_role_that_is_deleted_blocks_its_id_until_undeleted(iam: Any, google: Google) -> None:
    roles, name = iam.roles(), f"{PARENT}/roles/startStop"
    body = {"roleId": "startStop", "role": {"title": "t", "includedPermissions": ["compute.instances.start"]}}
    made = roles.create(parent=PARENT, body=body).execute()
    assert made["name"] == name
    roles.delete(name=name).execute()
    assert roles.get(name=name).execute()["deleted"]
    assert "deleted state" in google.refused(roles.create(parent=PARENT, body=body))["message"]
    assert roles.list(parent=PARENT).execute() == {}
    assert roles.list(parent=PARENT, showDeleted=True).execute()["roles"][0]["name"] == name
    roles.undelete(name=name, body={}).execute()
    changed = roles.patch(name=name, updateMask="title", body={"title": "new"}).execute()
    assert (changed["title"], changed.get("deleted")) == ("new", None)
    stale = roles.patch(name=name, updateMask="title", body={"title": "x", "etag": made["etag"]})
    assert google.refused(stale)["status"] == "ABORTED"
    assert google.refused(roles.create(parent=PARENT, body=body))["code"] == 409


def test_a_custom_role_takes_only_permissions(iam: Any, google: Google) -> None:
    for permission in ("compute.start", "Compute.instances.start", "resourcemanager.projects.list"):
        body = {"roleId": "bad_role", "role": {"includedPermissions": [permission]}}
        assert permission in google.refused(iam.roles().create(parent=PARENT, body=body))["message"]
    assert google.refused(iam.roles().create(parent=PARENT, body={"roleId": "bad-role"}))["code"] == 400


def test_a_federation_pool_keeps_its_id_for_thirty_days(iam: Any, google: Google) -> None:
    pools, name = iam.locations().workloadIdentityPools(), f"{GLOBAL}/workloadIdentityPools/github"
    operation = pools.create(parent=GLOBAL, workloadIdentityPoolId="github", body={"displayName": "GH"}).execute()
    assert operation["done"]
    assert operation["response"]["name"] == name.replace(PROJECT, google.number)
    assert pools.operations().get(name=operation["name"]).execute()["done"]
    providers = pools.providers()
    providers.create(parent=name, workloadIdentityPoolProviderId="actions", body=GITHUB).execute()
    assert providers.get(name=f"{name}/providers/actions").execute()["state"] == "ACTIVE"
    pools.delete(name=name).execute()
    deleted = pools.get(name=name).execute()
    assert deleted["state"] == "DELETED"
    assert deleted["expireTime"]
    again = pools.create(parent=GLOBAL, workloadIdentityPoolId="github", body={})
    assert google.refused(again)["code"] == 409
    assert pools.list(parent=GLOBAL).execute() == {}
    pools.undelete(name=name, body={}).execute()
    assert pools.get(name=name).execute()["state"] == "ACTIVE"
    changed = pools.patch(name=name, updateMask="displayName", body={"displayName": "new"}).execute()
    assert changed["response"]["displayName"] == "new"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attributeCondition": ""}, "must reference one of the provider's claims"),
        ({"attributeMapping": {"attribute.repository": "assertion.repository"}}, "google.subject"),
        ({"attributeMapping": {"google.subject": "assertion.sub", "repository": "a"}}, "repository"),
        ({"attributeCondition": "attribute.owner == 'acme'"}, "not mapped"),
        ({"oidc": {"issuerUri": "http://token.example.com"}}, "https://"),
    ],
)
def test_a_provider_that_would_let_anyone_in_is_refused(
    iam: Any, google: Google, change: dict[str, Any], words: str
) -> None:
    pools = iam.locations().workloadIdentityPools()
    pools.create(parent=GLOBAL, workloadIdentityPoolId="github", body={}).execute()
    request = pools.providers().create(
        parent=f"{GLOBAL}/workloadIdentityPools/github", workloadIdentityPoolProviderId="actions", body=GITHUB | change
    )
    assert words in google.refused(request)["message"]


def test_a_provider_needs_its_pool(iam: Any, google: Google) -> None:
    providers = iam.locations().workloadIdentityPools().providers()
    request = providers.create(
        parent=f"{GLOBAL}/workloadIdentityPools/none", workloadIdentityPoolProviderId="actions", body=GITHUB
    )
    assert google.refused(request)["code"] == 404


def test_services_are_switched_on_one_by_one_and_in_batches(bare: Google) -> None:
    for version in ("v1", "v1beta1"):
        services = bare.client("serviceusage", version).services()
        operation = services.batchEnable(
            parent=PARENT, body={"serviceIds": ["run.googleapis.com", "iam.googleapis.com"]}
        ).execute()
        assert operation["done"]
        assert bare.client("serviceusage", version).operations().get(name=operation["name"]).execute()["done"]
    services.enable(name=f"{PARENT}/services/compute.googleapis.com", body={}).execute()
    names = [s["config"]["name"] for s in services.list(parent=PARENT, filter="state:ENABLED").execute()["services"]]
    assert {"run.googleapis.com", "iam.googleapis.com", "compute.googleapis.com"} < set(names)
    services.disable(name=f"{PARENT}/services/run.googleapis.com", body={}).execute()
    assert services.get(name=f"{PARENT}/services/run.googleapis.com").execute()["state"] == "DISABLED"
    error = bare.refused(services.enable(name=f"{PARENT}/services/rnu.googleapis.com", body={}))
    assert error["details"][0]["reason"] == "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED"


def test_a_pool_and_its_provider_are_made_listed_and_softly_deleted(iam: Any, google: Google) -> None:
    pools = iam.locations().workloadIdentityPools()
    pools.create(parent=GLOBAL, workloadIdentityPoolId="github", body={"displayName": "G"}).execute()
    name = f"{GLOBAL}/workloadIdentityPools/github"
    assert pools.listAttestationRules(resource=name).execute() == {}
    create = pools.providers().create(parent=name, workloadIdentityPoolProviderId="github", body=GITHUB)
    assert create.execute()["done"]
    assert pools.providers().delete(name=f"{name}/providers/github").execute()["done"]
    assert pools.providers().get(name=f"{name}/providers/github").execute()["state"] == "DELETED"
    assert google.refused(create)["code"] == 409


def test_a_revision_is_taken_in_both_forms_of_base64(google: Google) -> None:
    """gcloud reads bytes and writes them in the form for addresses."""
    secrets = google.client("secretmanager", "v1").projects().secrets()
    body: dict[str, Any] = {"replication": {"automatic": {}}}
    name = f"projects/{PROJECT}/secrets/s"
    secrets.create(parent=f"projects/{PROJECT}", secretId="s", body=body).execute()
    policy = secrets.getIamPolicy(resource=name).execute()
    for _ in range(200):
        policy = secrets.setIamPolicy(resource=name, body={"policy": policy}).execute()
        if {"+", "/"} & set(policy["etag"]):
            break
    other = policy["etag"].translate(str.maketrans("+/", "-_"))
    assert other != policy["etag"]
    secrets.setIamPolicy(resource=name, body={"policy": {**policy, "etag": other}}).execute()
