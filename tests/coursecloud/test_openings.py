"""What was opened by hand, found and closed on the emulator."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import types
from coursecloud.deploy import iam_policies, openings
from coursecloud.deploy.cloud import Cloud, CloudError
from coursecloud.deploy.iam_policies import LiveGrant, Own, Target
from coursecloud.deploy.openings import Opening
from emulator.world import Resource
from tests import gcloud
from tests.coursecloud import deployed
from tests.coursecloud.deployed import ACCOUNT, AREA, BUCKET, HERE, POOL, PROJECT, READS, Deployed

STRANGER = "user:stranger@example.com"


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def seen(stack: Deployed) -> tuple[Opening, ...]:
    found = openings.look(stack.cloud, stack.resources, PROJECT)
    assert found.unread == ()
    return found.openings


def test_a_stack_as_it_was_made_has_nothing_open(stack: Deployed) -> None:
    assert seen(stack) == ()


WAYS = {
    "bucket": ("storage", f"b/{BUCKET}", "roles/storage.objectViewer"),
    "secret": ("secretManager", f"{HERE}/secrets/{deployed.SECRET}", "roles/secretmanager.secretAccessor"),
    "registry": ("artifactRegistry", f"{AREA}/repositories/{deployed.REPOSITORY}", "roles/artifactregistry.reader"),
    "service": ("cloudRunV2", f"{AREA}/services/dev-demo", "roles/run.invoker"),
    "account": ("iamBeta", f"{HERE}/serviceAccounts/{ACCOUNT}", "roles/iam.serviceAccountTokenCreator"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers", STRANGER])
def test_a_member_who_was_let_in_by_hand_is_seen_and_shut_out_again(stack: Deployed, way: str, member: str) -> None:
    api, path, role = WAYS[way]
    before = dict(stack.emulator.world.policies)
    stack.grant(api, path, role, member)
    (opening,) = seen(stack)
    assert opening.public == member.startswith("all")
    who = f"everybody on the internet ({member})" if opening.public else member
    assert opening.says == f"{who} has {role}"
    assert path.rpartition("/")[2] in opening.resource
    assert f"--member={member} --role={role}" in opening.command
    openings.close(stack.cloud, opening)
    assert seen(stack) == ()
    assert _bindings(stack) == {key: policy["bindings"] for key, policy in before.items() if policy["bindings"]}


def _bindings(stack: Deployed) -> dict[str, Any]:
    policies = stack.emulator.world.policies
    return {key: policy["bindings"] for key, policy in policies.items() if policy["bindings"]}


def test_a_machine_of_its_own_may_be_opened_too(stack: Deployed) -> None:
    path = f"{deployed.PLACE}/instances/dev-workbench"
    body = {"policy": {"bindings": [{"role": "roles/compute.osAdminLogin", "members": [STRANGER]}]}}
    stack.cloud.call("POST", "compute", f"{path}/setIamPolicy", body=body)
    (opening,) = seen(stack)
    assert str(opening) == f"Instance workbench (dev-workbench): {STRANGER} has roles/compute.osAdminLogin"
    openings.close(stack.cloud, opening)
    assert seen(stack) == ()


def test_everybody_comes_first(stack: Deployed) -> None:
    stack.grant("storage", f"b/{BUCKET}", READS, "allUsers", STRANGER)
    stack.grant("secretManager", WAYS["secret"][1], WAYS["secret"][2], STRANGER, "allUsers")
    assert [opening.public for opening in seen(stack)] == [True, True, False, False]


def test_a_declared_grant_is_none_also_in_other_letters(stack: Deployed) -> None:
    stack.grant("secretManager", WAYS["secret"][1], WAYS["secret"][2], STRANGER)
    said = {"project": PROJECT, "secretId": deployed.SECRET, "role": WAYS["secret"][2]}
    stack.state(
        "gcp:secretmanager/secretIamMember:SecretIamMember", "reads", "x", member="user:Stranger@Example.com", **said
    )
    assert seen(stack) == ()
    stack.resources[-1]["outputs"]["role"] = "roles/secretmanager.viewer"
    assert len(seen(stack)) == 1


def test_a_grant_with_another_condition_is_another(stack: Deployed) -> None:
    """Somebody who takes the end of the lease off their access has more than was declared."""
    until = {"title": "lease", "expression": "request.time < timestamp('2027-01-18T00:00:00Z')"}
    member = f"serviceAccount:{ACCOUNT}"
    stack.grant("resourceManager", HERE, "roles/run.viewer", member, **until)
    said = {"project": PROJECT, "role": "roles/run.viewer", "member": member, "condition": until}
    stack.state("gcp:projects/iAMMember:IAMMember", "views", "x", **said)
    assert seen(stack) == ()
    stack.grant("resourceManager", HERE, "roles/run.viewer", member)
    (opening,) = seen(stack)
    assert str(opening) == f"Project {PROJECT}: {member} has roles/run.viewer"
    assert opening.command.endswith(" --condition=None")
    openings.close(stack.cloud, opening)
    assert seen(stack) == ()
    assert [b.get("condition", {}).get("title") for b in _bindings(stack)[f"cloudresourcemanager:{HERE}"]] == [
        None,
        "lease",
    ]


@pytest.mark.parametrize("way", ["bucket", "secret", "account"])
def test_a_declared_grant_with_a_condition_is_none_on_anything(stack: Deployed, way: str) -> None:
    """Without its version asked for, a policy hides its conditions."""
    api, path, role = WAYS[way]
    until = {"title": "lease", "expression": "request.time < timestamp('2027-01-18T00:00:00Z')"}
    stack.grant(api, path, role, STRANGER, **until)
    (opening,) = seen(stack)
    assert opening.says == f"{STRANGER} has {role}, while {until['expression']}"
    (held,) = [each for each in types.every().values() if each.policy and each.cloud == api]
    assert held.policy
    grant = types.named(held.policy.grant)
    assert grant
    assert grant.grants
    on = path.rpartition("/")[2]
    stack.state(grant.type, "declared", "x", **{grant.grants.on: on}, role=role, member=STRANGER, condition=until)
    assert seen(stack) == ()


def test_what_is_about_to_be_deleted_is_not_looked_at(stack: Deployed) -> None:
    stack.grant(*WAYS["secret"], STRANGER)
    (secret,) = [each for each in stack.resources if each["type"].endswith(":Secret")]
    secret["delete"] = True
    assert seen(stack) == ()


def test_of_the_project_only_what_is_the_stacks_own_is_judged(stack: Deployed) -> None:
    federated = f"principalSet://iam.googleapis.com/projects/{stack.number}/locations/global/workloadIdentityPools/"
    stack.grant("resourceManager", HERE, "roles/owner", STRANGER)
    stack.grant("resourceManager", HERE, "roles/editor", f"{federated}another/*")
    assert seen(stack) == ()
    stack.grant("resourceManager", HERE, "roles/editor", f"serviceAccount:{ACCOUNT}", f"{federated}github-1/*")
    assert [opening.grant and opening.grant[1].member for opening in seen(stack)] == [
        f"{federated}github-1/*",
        f"serviceAccount:{ACCOUNT}",
    ]


def test_a_project_that_is_open_to_everybody_would_be_said() -> None:
    """Google refuses it today."""
    policy = {"bindings": [{"role": "roles/viewer", "members": ["allAuthenticatedUsers", STRANGER]}]}
    ours = Own(PROJECT, "12", frozenset(), frozenset())
    found = list(iam_policies.strange(Target(iam_policies.PROJECT, HERE, PROJECT), policy, [], ours))
    assert found == [LiveGrant("roles/viewer", "allAuthenticatedUsers")]


def test_what_google_gives_by_itself_is_nobodys_deed(stack: Deployed) -> None:
    agent = f"serviceAccount:service-{stack.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    bucket = f"b/{BUCKET}"
    stack.grant(
        "storage", bucket, "roles/storage.legacyBucketOwner", f"projectEditor:{PROJECT}", f"projectOwner:{PROJECT}"
    )
    stack.grant("storage", bucket, "roles/storage.legacyBucketReader", f"projectViewer:{PROJECT}")
    stack.grant("secretManager", WAYS["secret"][1], WAYS["secret"][2], agent)
    assert seen(stack) == ()
    # But not to whom it does not, nor what it does not.
    stack.grant("storage", bucket, "roles/storage.objectAdmin", f"projectViewer:{PROJECT}")
    stack.grant("storage", bucket, "roles/storage.legacyBucketOwner", "projectEditor:other-project")
    assert len(seen(stack)) == 2


@pytest.mark.parametrize(
    ("member", "known"),
    [
        ("serviceAccount:service-12@compute-system.iam.gserviceaccount.com", True),
        ("serviceAccount:service-13@compute-system.iam.gserviceaccount.com", False),
        ("serviceAccount:service-12@my-own-project.iam.gserviceaccount.com", False),
        ("serviceAccount:service-12@compute-system.iam.gserviceaccount.com.example.com", False),
        ("serviceAccount:12-compute@developer.gserviceaccount.com", False),
        ("user:service-12@compute-system.iam.gserviceaccount.com", False),
    ],
)
def test_only_the_projects_own_agents_are_googles(member: str, known: bool) -> None:
    ours = Own("p", "12", frozenset(), frozenset())
    assert ours.by_google(LiveGrant("roles/viewer", member)) == known
    assert not Own("p", "", frozenset(), frozenset()).by_google(LiveGrant("roles/viewer", member))


def test_an_account_that_was_deleted_opens_nothing(stack: Deployed) -> None:
    stack.cloud.call("POST", "iamBeta", f"{HERE}/serviceAccounts", body={"accountId": "somebody"})
    email = f"somebody@{PROJECT}.iam.gserviceaccount.com"
    stack.grant("storage", f"b/{BUCKET}", READS, f"serviceAccount:{email}")
    assert len(seen(stack)) == 1
    stack.cloud.call("DELETE", "iamBeta", f"{HERE}/serviceAccounts/{email}")
    assert seen(stack) == ()


def test_a_role_that_the_state_holds_as_a_whole_lists_its_members(stack: Deployed) -> None:
    stack.grant("storage", f"b/{BUCKET}", "roles/storage.objectViewer", STRANGER)
    said = {"bucket": f"b/{BUCKET}", "role": "roles/storage.objectViewer", "members": [STRANGER]}
    stack.state("gcp:storage/bucketIAMBinding:BucketIAMBinding", "viewers", "x", **said)
    assert seen(stack) == ()
    stack.grant("storage", f"b/{BUCKET}", READS, STRANGER)
    assert len(seen(stack)) == 1
    stack.state("gcp:storage/bucketIAMPolicy:BucketIAMPolicy", "all", "x", bucket=f"b/{BUCKET}")
    assert seen(stack) == ()


def test_a_rule_of_the_firewall_is_seen_and_closed(stack: Deployed) -> None:
    stack.rule(
        "open-web",
        sourceRanges=["0.0.0.0/0"],
        allowed=[{"IPProtocol": "tcp", "ports": ["22", "80-90"]}, {"IPProtocol": "all"}],
    )
    stack.rule("from-home", sourceRanges=["192.0.2.7/32"])
    first, second = seen(stack)
    assert str(first) == (
        "Network dev-network: firewall rule open-web lets tcp:22,80-90, everything in from 0.0.0.0/0"
        " (everybody on the internet)"
    )
    assert first.command == f"gcloud compute firewall-rules delete open-web --project={PROJECT}"
    assert (first.public, second.public) == (True, False)
    openings.close(stack.cloud, first)
    openings.close(stack.cloud, first)
    assert seen(stack) == (second,)


def test_a_rule_is_closed_when_google_has_closed_it(stack: Deployed) -> None:
    stack.rule("open-web", sourceRanges=["0.0.0.0/0"])
    (opening,) = seen(stack)
    stack.emulator.use({"faults": [{"match": "compute.firewalls.delete", "operation": "RESOURCE_EXHAUSTED"}]})
    with pytest.raises(CloudError, match="RESOURCE"):
        openings.close(stack.cloud, opening)
    stack.emulator.use({"polls": 2})
    openings.close(stack.cloud, opening)
    assert stack.slept
    assert seen(stack) == ()


NETWORK = f"{HERE}/global/networks/dev-network"
LINK = f"https://www.googleapis.com/compute/v1/{NETWORK}"
RULE = {"name": "new", "network": LINK, "allowed": [{"IPProtocol": "tcp"}], "sourceRanges": ["0.0.0.0/0"]}


@pytest.mark.parametrize(
    ("rule", "opens"),
    [
        (RULE, True),
        (RULE | {"sourceRanges": ["::/0"]}, True),
        (RULE | {"sourceRanges": [], "sourceTags": ["web"]}, True),
        (RULE | {"name": "known"}, False),
        (RULE | {"disabled": True}, False),
        (RULE | {"direction": "EGRESS"}, False),
        ({**RULE, "allowed": [], "denied": [{"IPProtocol": "all"}]}, False),
        (RULE | {"network": LINK.replace("dev-network", "default")}, False),
        (RULE | {"network": LINK.replace("dev-network", "not-dev-network")}, False),
    ],
)
def test_only_what_lets_something_in_is_open(rule: dict[str, Any], opens: bool) -> None:
    found = list(openings.opened([rule], NETWORK, ["projects/p/global/firewalls/known"]))
    assert bool(found) == opens
    assert [opening.public for opening in found] == [bool(rule["sourceRanges"])] * opens


def test_another_network_and_a_policy_of_rules_are_said_and_left_to_people(stack: Deployed) -> None:
    body = stack.emulator.world.resources[f"compute:{NETWORK}"].body
    body["peerings"] = [{"name": "to-theirs", "network": f"{LINK}-of-others", "state": "ACTIVE"}]
    body["firewallPolicy"] = f"https://www.googleapis.com/compute/v1/{HERE}/global/firewallPolicies/theirs"
    peering, policy = seen(stack)
    assert (
        peering.command
        == f"gcloud compute networks peerings delete to-theirs --network=dev-network --project={PROJECT}"
    )
    assert "firewall policy theirs" in policy.says
    assert [peering.closable, policy.closable] == [False, False]
    with pytest.raises(ValueError, match="closed by people only: gcloud compute networks peerings delete"):
        openings.close(stack.cloud, peering)


def test_keys_of_accounts_are_said_and_left_to_people(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{HERE}/serviceAccounts/{ACCOUNT}/keys"
    made = {
        "validAfterTime": "2026-11-20T10:00:00Z",
        "validBeforeTime": "9999-12-31T23:59:59Z",
        "keyType": "USER_MANAGED",
    }
    keys = [
        {"name": f"{name}/0123456789abcdef", **made},
        {"name": f"{name}/1", **made, "disabled": True},
        {"name": f"{name}/2", **made, "keyType": "SYSTEM_MANAGED"},
        {"name": f"{name}/3", **made, "validBeforeTime": "2026-12-24T00:00:00Z"},
    ]
    get = stack.cloud.get

    def answered(api: str, path: str, **more: str) -> dict[str, Any]:
        return {"keys": keys} if path == name else get(api, path, **more)

    monkeypatch.setattr(stack.cloud, "get", answered)
    first, second = seen(stack)
    assert first.says == "whoever has key 0123456789ab, made 2026-11-20, is this account"
    assert second.says == "whoever has key 3, made 2026-11-20, is this account, until 2026-12-24"
    assert first.command == f"gcloud iam service-accounts keys delete 0123456789abcdef --iam-account={ACCOUNT}"
    assert not first.closable


def test_a_key_that_somebody_made_is_seen(stack: Deployed) -> None:
    stack.cloud.call("POST", "iamBeta", f"{HERE}/serviceAccounts/{ACCOUNT}/keys", body={})
    (opening,) = seen(stack)
    assert opening.resource == f"Account {ACCOUNT}"
    assert opening.says.startswith("whoever has key ")


def test_keys_for_the_older_protocol_of_storage_are_keys(stack: Deployed) -> None:
    for access, email, state in (
        ("GOOG1A", ACCOUNT, "ACTIVE"),
        ("GOOG1B", ACCOUNT, "INACTIVE"),
        ("GOOG1C", "x@y.z", "ACTIVE"),
    ):
        body = {"accessId": access, "serviceAccountEmail": email, "state": state, "timeCreated": "2026-11-20T10:00:00Z"}
        stack.emulator.world.put(Resource("storage", f"{HERE}/hmacKeys/{access}", "projects/hmacKeys", body))
    (opening,) = seen(stack)
    assert str(opening) == f"Account {ACCOUNT}: whoever has HMAC key GOOG1A, made 2026-11-20, reads and writes as it"


def test_a_provider_that_lets_others_in_is_seen_and_closed(stack: Deployed) -> None:
    deployed.provider(stack, "theirs")
    (opening,) = seen(stack)
    assert opening.says == (
        "provider theirs lets in whom https://token.actions.githubusercontent.com vouches for where "
        "assertion.repository_id == '1'"
    )
    openings.close(stack.cloud, opening)
    assert seen(stack) == ()
    assert stack.cloud.get("iamBeta", f"{POOL}/providers/github")["state"] == "ACTIVE"


def test_a_provider_that_is_switched_off_lets_nobody_in(stack: Deployed) -> None:
    deployed.provider(stack, "theirs")
    off = {"updateMask": "disabled"}
    stack.cloud.call("PATCH", "iamBeta", f"{POOL}/providers/theirs", parameters=off, body={"disabled": True})
    assert seen(stack) == ()


def test_two_who_write_a_policy_at_once_lose_nothing(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    api, path, role = WAYS["secret"]
    stack.grant(api, path, role, "allUsers")
    (opening,) = seen(stack)
    read, rivals = iam_policies.read, [STRANGER]

    def meanwhile(cloud: Cloud, target: Target) -> dict[str, Any]:
        policy = read(cloud, target)
        if rivals:
            stack.grant(api, path, role, rivals.pop())
        return policy

    monkeypatch.setattr(iam_policies, "read", meanwhile)
    openings.close(stack.cloud, opening)
    (left,) = seen(stack)
    assert left.grant
    assert left.grant[1].member == STRANGER


def test_a_refusal_to_close_is_said_at_once(stack: Deployed) -> None:
    stack.grant(*WAYS["secret"], "allUsers")
    (opening,) = seen(stack)
    stack.emulator.use({"deny": {"emulator-token": ["secretmanager.secrets.setIamPolicy"]}})
    start = len(stack.emulator.requests)
    with pytest.raises(CloudError, match="Google answers 403"):
        openings.close(stack.cloud, opening)
    assert len(stack.emulator.requests) == start + 2


def test_a_policy_without_a_revision_is_not_written(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.grant(*WAYS["secret"], "allUsers")
    (opening,) = seen(stack)
    read = iam_policies.read

    def without(cloud: Cloud, target: Target) -> dict[str, Any]:
        return {key: value for key, value in read(cloud, target).items() if key != "etag"}

    monkeypatch.setattr(iam_policies, "read", without)
    start = len(stack.emulator.requests)
    with pytest.raises(CloudError, match="has no etag"):
        openings.close(stack.cloud, opening)
    assert not [call for call in stack.emulator.requests[start:] if call["id"].endswith("setIamPolicy")]


def test_what_could_not_be_looked_at_is_said(stack: Deployed) -> None:
    refused = [
        "storage.buckets.getIamPolicy",
        "compute.firewalls.list",
        "iam.serviceAccountKeys.list",
        "iam.projects.serviceAccounts.keys.list",
    ]
    stack.emulator.use({"deny": {"emulator-token": refused}})
    found = openings.look(stack.cloud, stack.resources, PROJECT)
    assert [re.sub(": Google answers 403.*", "", line) for line in found.unread] == [
        "not read: firewall rules of dev-network",
        f"not read: keys of {ACCOUNT}",
        "not read: who may use data",
    ]


def test_a_list_without_end_is_not_taken_for_whole(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "PAGES", 0)
    found = openings.look(stack.cloud, stack.resources, PROJECT)
    end = "there are more than 0, and the rest was not looked at"
    assert found.unread == (
        f"not read: HMAC keys: {end}",
        f"not read: firewall rules of dev-network: {end}",
        f"not read: providers of github-1: {end}",
    )


def test_the_projects_number_is_asked_for_where_no_bucket_tells_it(stack: Deployed) -> None:
    agent = f"serviceAccount:service-{stack.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    stack.grant(*WAYS["secret"], agent)
    stack.resources[:] = [each for each in stack.resources if not each["type"].endswith(":Bucket")]
    assert seen(stack) == ()
    stack.emulator.use({"deny": {"emulator-token": ["cloudresourcemanager.projects.get"]}})
    assert [opening.grant and opening.grant[1].member for opening in seen(stack)] == [agent]


def test_what_was_deleted_by_hand_is_no_opening(stack: Deployed) -> None:
    stack.cloud.call("DELETE", "storage", f"b/{BUCKET}")
    stack.cloud.call("DELETE", "secretManager", f"{HERE}/secrets/{deployed.SECRET}")
    assert seen(stack) == ()


def test_one_question_each(stack: Deployed) -> None:
    start = len(stack.emulator.requests)
    seen(stack)
    things, accounts, networks, pools, project, keys = 6, 1, 1, 1, 1, 1
    assert len(stack.emulator.requests) - start == things + accounts + 2 * networks + pools + project + keys


EVERY_DAY = ("projects", "secrets")
"""Each start of gcloud takes seconds, so `make test` runs these; `make rehearsal` runs all."""


@gcloud.MISSING
def test_gcloud_takes_the_commands(stack: Deployed, tmp_path: Path) -> None:
    lease = {"title": "it's", "expression": "request.time < timestamp('2027-01-18T00:00:00Z')"}
    stack.grant("resourceManager", HERE, "roles/run.viewer", f"serviceAccount:{ACCOUNT}", **lease)
    for api, path, role in WAYS.values():
        stack.grant(api, path, role, STRANGER)
    stack.rule("open-web", sourceRanges=["0.0.0.0/0"])
    deployed.provider(stack, "theirs")
    stack.cloud.call("POST", "iamBeta", f"{HERE}/serviceAccounts/{ACCOUNT}/keys", body={})
    user, left = gcloud.Gcloud(tmp_path, stack.emulator), list[Opening]()
    for opening in seen(stack):
        if not (os.environ.get("COURSECLOUD_LONG") or opening.command.split()[1] in EVERY_DAY):
            left.append(opening)
            continue
        done = user.run(opening.command)
        assert done.returncode == 0, opening.command + done.stderr
    assert list(seen(stack)) == left
