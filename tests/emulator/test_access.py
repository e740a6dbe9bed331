"""IAM enforced: who may do what by the policies that are there, in whose name, and how Google says no."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from clients import APIS, PROJECT

from emulator import Emulator, needs, roles, services
from emulator.discovery import load
from emulator.engine import GENERIC

ADA = "user:ada@example.com"
OWNER = "emulator-token"
BUCKET = "/storage/v1/b/things"
ISSUER = "https://token.actions.githubusercontent.com"


class Asking:
    """Requests to one emulator that enforces IAM, by whoever a token names."""

    def __init__(self, emulator: Emulator):
        self.emulator = emulator

    def __call__(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """`who` is a member, OWNER, or None for nobody; the answer is status and JSON."""
        if who:
            token = self.emulator.token(who) if ":" in who else who
            headers["Authorization"] = f"Bearer {token}"
        sent = body if isinstance(body, str | None) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(http.client.HTTPConnection(self.emulator.url.removeprefix("http://"))) as wire:
            wire.request(method, path, sent, named)
            answer = wire.getresponse()
            data = answer.read()
        with contextlib.suppress(ValueError):
            return answer.status, json.loads(data or b"{}")
        return answer.status, {"bytes": data}

    def owner(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = self(OWNER, method, path, body)
        assert status < 300, answer
        return answer

    def grant(self, path: str, role: str, member: str, condition: str = "") -> None:
        """Add a binding to a policy: a bucket has its own way, projects and accounts are asked by POST."""
        bucket = path.startswith("/storage")
        asks = f"{path}/iam?optionsRequestedPolicyVersion=3" if bucket else f"{path}:getIamPolicy"
        options = None if bucket else {"options": {"requestedPolicyVersion": 3}}
        policy = self.owner("POST" if options else "GET", asks, options)
        binding: dict[str, Any] = {"role": role, "members": [member]}
        if condition:
            binding["condition"] = {"title": "t", "expression": condition}
        policy = policy | {"version": 3, "bindings": [*policy.get("bindings", []), binding]}
        if bucket:
            self.owner("PUT", f"{path}/iam", policy)
        else:
            self.owner("POST", f"{path}:setIamPolicy", {"policy": policy})

    def account(self, name: str) -> str:
        made = self.owner("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": name})
        return str(made["email"])


PROJECT_POLICY = f"/cloudresourcemanager/v1/projects/{PROJECT}"


@pytest.fixture(scope="module")
def _served() -> Iterator[Asking]:
    with Emulator(projects=[PROJECT, "other-project"], enforce_iam=True) as emulator:
        yield Asking(emulator)


@pytest.fixture
def ask(_served: Asking) -> Asking:
    _served.emulator.reset()
    names = (*APIS, "iamcredentials", "sts", "serviceusage")
    _served.emulator.world.projects[PROJECT].services.update(f"{name}.googleapis.com" for name in names)
    _served.owner("POST", f"/storage/v1/b?project={PROJECT}", {"name": "things"})
    return _served


def words(answer: dict[str, Any]) -> str:
    return str(answer["error"]["message"])


def test_every_imitated_method_asks_for_a_permission_that_some_role_gives() -> None:
    unknown: set[str] = set()
    for service in services.ALL.values():
        kinds = {kind.collection for kind in service.kinds}
        for version in service.versions:
            for method in load(service.name, version).methods.values():
                if method.id in service.handlers or (method.action in GENERIC and method.collection in kinds):
                    unknown |= {p for p in needs.of_method(method.id) or () if p not in roles.permissions()}
    # Of organizations and of Vertex's models only: nobody here holds a role that gives them, so they are refused.
    assert unknown == {
        "aiplatform.models.getIamPolicy", "aiplatform.models.setIamPolicy", "billing.accounts.create",
        "billing.accounts.update", "resourcemanager.projects.create",
    }  # fmt: skip


def test_whoever_has_no_role_is_told_the_permission_in_the_words_of_the_service(ask: Asking) -> None:
    status, answer = ask(ADA, "GET", f"{BUCKET}/o/a.txt?alt=media")
    assert status == 403
    assert words(answer).startswith(
        "ada@example.com does not have storage.objects.get access to the Google Cloud Storage object."
    )
    status, answer = ask(ADA, "POST", f"/compute/v1/projects/{PROJECT}/zones/europe-west1-b/instances/vm/start")
    assert (status, words(answer)) == (
        403,
        f"Required 'compute.instances.start' permission for 'projects/{PROJECT}/zones/europe-west1-b/instances/vm'",
    )
    status, answer = ask(ADA, "GET", f"/secretmanager/v1/projects/{PROJECT}/secrets/s/versions/latest:access")
    assert status == 403
    assert answer["error"]["details"][0]["metadata"]["permission"] == "secretmanager.versions.access"
    assert "Permission 'secretmanager.versions.access' denied on resource" in words(answer)


def test_a_new_bucket_lets_in_who_has_a_basic_role_in_its_project(ask: Asking) -> None:
    ask.grant(PROJECT_POLICY, "roles/owner", ADA)
    ask.grant(PROJECT_POLICY, "roles/viewer", "user:bob@example.com")
    uniform = {"name": "others", "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    assert ask(ADA, "POST", f"/storage/v1/b?project={PROJECT}", uniform)[0] == 200
    for who, path, status in (
        (ADA, f"{BUCKET}/iam", 200),
        (ADA, "/storage/v1/b/others/iam", 200),
        ("user:bob@example.com", "/storage/v1/b/others/o", 200),
        ("user:bob@example.com", "/storage/v1/b/others/iam", 403),
        ("user:eve@example.com", "/storage/v1/b/others", 403),
        # Without uniform access an object's own list would decide, and there is none here.
        (ADA, f"{BUCKET}/o/a.txt", 403),
        (ADA, "/storage/v1/b/others/o/a.txt", 404),
    ):
        assert (who, path, ask(who, "GET", path)[0]) == (who, path, status)
    assert [each for each in ask.emulator.remaining() if each["type"] == "iamBinding" and "b/" in each["name"]] == []
    ask(ADA, "DELETE", "/storage/v1/b/others")
    assert "storage:b/others" not in ask.emulator.world.policies


def test_a_role_on_the_bucket_opens_that_bucket_only_and_no_more_than_it_says(ask: Asking) -> None:
    ask.owner("POST", f"/storage/v1/b?project={PROJECT}", {"name": "others"})
    ask.owner("POST", "/upload/storage/v1/b/things/o?uploadType=media&name=a.txt", "text")
    ask.grant(BUCKET, "roles/storage.objectViewer", ADA)
    assert ask(ADA, "GET", f"{BUCKET}/o/a.txt?alt=media") == (200, {"bytes": b"text"})
    assert ask(ADA, "GET", "/storage/v1/b/others/o")[0] == 403
    assert ask(ADA, "GET", BUCKET)[0] == 403  # the viewer of objects may not look at the bucket itself
    assert "storage.objects.create" in words(ask(ADA, "POST", f"/upload{BUCKET}/o?uploadType=media&name=b", "x")[1])
    ask.grant(BUCKET, "roles/storage.objectCreator", ADA)
    assert ask(ADA, "POST", f"/upload{BUCKET}/o?uploadType=media&name=b", "x")[0] == 200
    status, answer = ask(ADA, "POST", f"/upload{BUCKET}/o?uploadType=media&name=b", "y")
    assert status == 403
    assert "storage.objects.delete" in words(answer)


def test_an_upload_in_many_parts_is_refused_at_its_beginning(ask: Asking) -> None:
    status, answer = ask(ADA, "POST", f"/upload{BUCKET}/o?uploadType=resumable&name=b", {"name": "b"})
    assert status == 403
    assert "storage.objects.create" in words(answer)


def test_a_bucket_that_is_not_there_is_told_so_to_everybody(ask: Asking) -> None:
    assert ask(ADA, "GET", "/storage/v1/b/nowhere")[0] == 404


def test_a_role_on_the_project_reaches_all_that_is_in_it_and_no_other_project(ask: Asking) -> None:
    ask.grant(PROJECT_POLICY, "roles/storage.bucketViewer", ADA)
    assert ask(ADA, "GET", BUCKET)[0] == 200
    assert ask(ADA, "GET", f"/storage/v1/b?project={PROJECT}")[0] == 200
    ask.emulator.world.projects["other-project"].services.add("storage.googleapis.com")
    assert ask(ADA, "GET", "/storage/v1/b?project=other-project")[0] == 403


def test_nobody_is_asked_to_sign_in_and_what_is_public_is_open(ask: Asking) -> None:
    status, answer = ask(None, "GET", f"{BUCKET}/o")
    assert status == 401
    assert "Anonymous caller does not have storage.objects.list" in words(answer)
    assert ask(None, "GET", PROJECT_POLICY)[0] == 401
    assert ask("a-token-of-nobody", "GET", PROJECT_POLICY)[0] == 401
    ask.grant(BUCKET, "roles/storage.objectViewer", "allUsers")
    assert ask(None, "GET", f"{BUCKET}/o")[0] == 200


def test_a_group_gives_to_its_members_and_a_custom_role_what_it_includes(ask: Asking) -> None:
    role = {"roleId": "starter", "role": {"title": "t", "includedPermissions": ["storage.buckets.get"]}}
    ask.owner("POST", f"/iam/v1/projects/{PROJECT}/roles", role)
    ask.grant(PROJECT_POLICY, f"projects/{PROJECT}/roles/starter", "group:team@example.com")
    assert ask(ADA, "GET", BUCKET)[0] == 403
    assert ask(ask.emulator.token(ADA, "group:team@example.com"), "GET", BUCKET)[0] == 200
    ask.owner("DELETE", f"/iam/v1/projects/{PROJECT}/roles/starter")
    assert ask(ask.emulator.token(ADA, "group:team@example.com"), "GET", BUCKET)[0] == 403


def test_a_role_that_is_not_known_gives_nothing_and_is_noted(ask: Asking) -> None:
    ask.grant(PROJECT_POLICY, "roles/bigquery.jobUser", ADA)
    assert ask(ADA, "GET", PROJECT_POLICY)[0] == 403
    last = ask.emulator.requests[-1]
    assert last["as"] == ADA
    assert any("roles/bigquery.jobUser" in note for note in last["notes"])
    assert any("lacks resourcemanager.projects.get" in note for note in last["notes"])


@pytest.mark.parametrize(
    ("condition", "good"),
    [
        ("request.time < timestamp('2099-01-01T00:00:00Z')", True),
        ("request.time < timestamp('2001-01-01T00:00:00Z')", False),
        ("resource.name.startsWith('projects/_/buckets/things/objects/mine/')", True),
        ("resource.name.startsWith('projects/_/buckets/things/objects/yours/')", False),
        ("resource.type == 'storage.googleapis.com/Object' && resource.service == 'storage.googleapis.com'", True),
        ("resource.type == 'storage.googleapis.com/Bucket'", False),
        ("resource.nothing == 'x'", False),  # what cannot be decided gives nothing
    ],
)
def test_a_condition_decides_by_resource_and_time(ask: Asking, condition: str, good: bool) -> None:
    ask.grant(BUCKET, "roles/storage.objectCreator", ADA, condition)
    status, _ = ask(ADA, "POST", f"/upload{BUCKET}/o?uploadType=media&name=mine/b", "x")
    assert status == (200 if good else 403)


def test_time_that_passes_ends_a_grant_and_a_token(ask: Asking) -> None:
    token = ask.emulator.token(ADA)
    ask.grant(BUCKET, "roles/storage.objectViewer", ADA, "request.time < timestamp('2099-01-01T00:00:00Z')")
    assert ask(token, "GET", f"{BUCKET}/o")[0] == 200
    ask.emulator.pass_time(hours=2)
    assert ask(token, "GET", f"{BUCKET}/o")[0] == 401
    assert ask(ADA, "GET", f"{BUCKET}/o")[0] == 200


def test_who_may_grant_some_roles_may_grant_no_others(ask: Asking) -> None:
    changed = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
    ask.grant(
        PROJECT_POLICY, "roles/resourcemanager.projectIamAdmin", ADA, f"{changed}.hasOnly(['roles/logging.logWriter'])"
    )
    status, policy = ask(ADA, "POST", f"{PROJECT_POLICY}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    assert status == 200

    def with_(role: str) -> dict[str, Any]:
        return {"policy": policy | {"version": 3, "bindings": [*policy["bindings"], {"role": role, "members": [ADA]}]}}

    status, answer = ask(ADA, "POST", f"{PROJECT_POLICY}:setIamPolicy", with_("roles/owner"))
    assert status == 403
    assert "resourcemanager.projects.setIamPolicy" in words(answer)
    assert ask(ADA, "POST", f"{PROJECT_POLICY}:setIamPolicy", with_("roles/logging.logWriter"))[0] == 200


def test_whoever_names_an_account_has_to_be_let_act_as_it(ask: Asking) -> None:
    email = ask.account("runner")
    ask.grant(PROJECT_POLICY, "roles/aiplatform.user", ADA)
    job = {
        "displayName": "train",
        "jobSpec": {
            "serviceAccount": email,
            "workerPoolSpecs": [
                {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": 1, "containerSpec": {"imageUri": "i"}}
            ],
        },
    }
    jobs = f"/aiplatform/v1/projects/{PROJECT}/locations/europe-west1/customJobs"
    status, answer = ask(ADA, "POST", jobs, job)
    assert (status, words(answer)) == (
        403, f"Permission 'iam.serviceAccounts.actAs' denied on service account {email} (or it may not exist)."
    )  # fmt: skip
    ask.grant(f"/iam/v1/projects/{PROJECT}/serviceAccounts/{email}", "roles/iam.serviceAccountUser", ADA)
    assert ask(ADA, "POST", jobs, job)[0] == 200


def test_a_project_that_is_to_pay_has_to_let_the_caller_use_it(ask: Asking) -> None:
    ask.grant(BUCKET, "roles/storage.objectViewer", ADA)
    status, answer = ask(ADA, "GET", f"{BUCKET}/o", X_Goog_User_Project=PROJECT)
    assert status == 403
    assert f"use project {PROJECT}" in words(answer)
    ask.grant(PROJECT_POLICY, "roles/serviceusage.serviceUsageConsumer", ADA)
    assert ask(ADA, "GET", f"{BUCKET}/o", X_Goog_User_Project=PROJECT)[0] == 200


def test_of_permissions_that_are_asked_about_those_are_told_that_the_caller_has(ask: Asking) -> None:
    ask.grant(BUCKET, "roles/storage.objectViewer", ADA)
    asked = "permissions=storage.objects.get&permissions=storage.objects.delete"
    assert ask(ADA, "GET", f"{BUCKET}/iam/testPermissions?{asked}")[1]["permissions"] == ["storage.objects.get"]


def test_projects_are_listed_to_those_who_may_see_them(ask: Asking) -> None:
    assert ask(ADA, "GET", "/cloudresourcemanager/v1/projects") == (200, {})
    ask.grant(PROJECT_POLICY, "roles/browser", ADA)
    assert [p["projectId"] for p in ask(ADA, "GET", "/cloudresourcemanager/v1/projects")[1]["projects"]] == [PROJECT]


@pytest.fixture
def provider(ask: Asking) -> str:
    """A pool whose provider takes tokens of one repository; its full name."""
    pools = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
    ask.owner("POST", f"{pools}?workloadIdentityPoolId=github", {})
    mapping = {"google.subject": "assertion.sub", "attribute.ref": "assertion.ref"}
    body = {
        "attributeMapping": mapping,
        "attributeCondition": "assertion.repository_id == '7'",
        "oidc": {"issuerUri": ISSUER},
    }
    ask.owner("POST", f"{pools}/github/providers?workloadIdentityPoolProviderId=main", body)
    return str(ask.owner("GET", f"{pools}/github/providers/main")["name"])


def jwt(provider: str, **claims: Any) -> str:
    """A token of GitHub's form; nobody has signed it."""
    told = {"iss": ISSUER, "aud": f"https://iam.googleapis.com/{provider}", "sub": "repo:o/n:ref:refs/heads/main"}
    told |= {"ref": "refs/heads/main", "repository_id": "7", "exp": time.time() + 300} | claims
    parts = (json.dumps(each).encode() for each in ({"alg": "RS256"}, told))
    return ".".join(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts) + ".signature"


def exchange(ask: Asking, provider: str, token: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": f"//iam.googleapis.com/{provider}",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "subject_token": token,
    }
    return ask(None, "POST", "/sts/v1/token", urlencode(form), Content_Type="application/x-www-form-urlencoded")


def test_a_workflow_becomes_the_account_that_its_branch_may_use(ask: Asking, provider: str) -> None:
    pool = provider.partition("/providers/")[0]
    email, other = ask.account("deployer"), ask.account("another")
    ask.grant(
        f"/iam/v1/projects/{PROJECT}/serviceAccounts/{email}",
        "roles/iam.workloadIdentityUser",
        f"principalSet://iam.googleapis.com/{pool}/attribute.ref/refs/heads/main",
    )
    ask.grant(BUCKET, "roles/storage.objectViewer", f"serviceAccount:{email}")

    def minted(token: str, account: str) -> tuple[int, dict[str, Any]]:
        path = f"/iamcredentials/v1/projects/-/serviceAccounts/{quote(account)}:generateAccessToken"
        return ask(token, "POST", path, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]})

    status, federated = exchange(ask, provider, jwt(provider))
    assert status == 200, federated
    status, token = minted(federated["access_token"], email)
    assert status == 200, token
    assert ask(token["accessToken"], "GET", f"{BUCKET}/o")[0] == 200
    assert ask.emulator.requests[-1]["as"] == f"serviceAccount:{email}"
    status, answer = minted(federated["access_token"], other)
    assert status == 403
    assert "iam.serviceAccounts.getAccessToken" in words(answer)
    _, branch = exchange(ask, provider, jwt(provider, ref="refs/heads/other"))
    assert minted(branch["access_token"], email)[0] == 403


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"repository_id": "8"}, "unauthorized_client"),
        ({"iss": "https://evil.example"}, "invalid_grant"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"sub": ""}, "invalid_grant"),
    ],
)
def test_a_token_that_the_provider_does_not_take_is_refused(
    ask: Asking, provider: str, claims: dict[str, Any], error: str
) -> None:
    status, answer = exchange(ask, provider, jwt(provider, **claims))
    assert (status, answer["error"]) == (400, error)


def test_a_claim_that_is_missing_does_not_hold_a_condition(ask: Asking, provider: str) -> None:
    token = jwt(provider)
    head, body, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    del told["repository_id"]
    bare = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    assert exchange(ask, provider, f"{head}.{bare}.x")[1]["error"] == "unauthorized_client"


def test_a_machine_is_told_by_its_metadata_server_who_it_is(ask: Asking) -> None:
    email = ask.account("runner")
    ask.grant(BUCKET, "roles/storage.objectViewer", f"serviceAccount:{email}")
    path = f"/_emulator/metadata/{email}/computeMetadata/v1/instance/service-accounts/default/token"
    assert ask(None, "GET", path)[0] == 403  # without the header, as a web page would ask
    _, token = ask(None, "GET", path, Metadata_Flavor="Google")
    assert ask(token["access_token"], "GET", f"{BUCKET}/o")[0] == 200
    assert ask(None, "GET", path.replace(email, "no-machine"), Metadata_Flavor="Google")[0] == 404


def test_the_token_of_an_account_that_is_gone_is_none(ask: Asking) -> None:
    email = ask.account("runner")
    token = ask.emulator.token(f"serviceAccount:{email}")
    ask.owner("DELETE", f"/iam/v1/projects/{PROJECT}/serviceAccounts/{email}")
    assert ask(token, "GET", f"{BUCKET}/o")[0] == 401


def test_googles_own_agents_have_what_google_gives_them_in_their_project(ask: Asking) -> None:
    number = ask.emulator.world.projects[PROJECT].number
    run = f"serviceAccount:service-{number}@serverless-robot-prod.iam.gserviceaccount.com"
    compute = f"serviceAccount:service-{number}@compute-system.iam.gserviceaccount.com"
    repository = f"artifactregistry:projects/{PROJECT}/locations/europe-west1/repositories/r"
    assert ask.emulator.may(run, "artifactregistry.repositories.downloadArtifacts", repository)
    other = repository.replace(PROJECT, "other-project")
    assert not ask.emulator.may(run, "artifactregistry.repositories.downloadArtifacts", other)
    assert not ask.emulator.may(run, "artifactregistry.repositories.delete", repository)
    assert not ask.emulator.may(run.replace(number, "1"), "artifactregistry.repositories.downloadArtifacts", repository)
    assert not ask.emulator.may(compute, "compute.instances.stop", f"compute:projects/{PROJECT}/zones/z/instances/i")


def test_a_token_is_handed_out_by_http_to_whoever_asks_on_this_machine(ask: Asking) -> None:
    status, answer = ask(None, "POST", "/_emulator/token", {"as": ADA})
    assert status == 200
    assert ask(answer["token"], "GET", BUCKET)[0] == 403
    for wrong in ({"as": "ada"}, {"as": "group:team@example.com"}, {"who": ADA}, {"as": ADA, "groups": "x"}):
        assert ask(None, "POST", "/_emulator/token", wrong)[0] == 400


def test_without_enforcement_everybody_may_do_everything() -> None:
    with Emulator(projects=[PROJECT], enabled=["storage.googleapis.com"]) as emulator:
        assert Asking(emulator)("whatever", "GET", f"/storage/v1/b?project={PROJECT}")[0] == 200
