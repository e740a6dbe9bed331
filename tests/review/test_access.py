"""Who gets more than before, by whatever form of grant: a member, a binding, a whole policy or an access list."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from coursecloud.review.dangers import Kind
from infra.settings.lease import Lease
from tests.review.made import GRANT, resource, reviewed, whole

ACCOUNT = "gcp:serviceaccount/account:Account"
BINDING = "gcp:storage/bucketIAMBinding:BucketIAMBinding"
POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"
LIST = "gcp:storage/bucketACL:BucketACL"
ENTRY = "gcp:storage/bucketAccessControl:BucketAccessControl"
SET = "gcp:bigquery/dataset:Dataset"
ADDED = "gcp:bigquery/datasetAccess:DatasetAccess"
ANN, BEN = "user:ann@example.com", "user:ben@example.com"
VIEWER, ADMIN = "roles/storage.objectViewer", "roles/storage.admin"
UNTIL = "request.time < timestamp('2026-12-{day}T00:00:00Z')"


def side(kind: str, inputs: Mapping[str, Any]) -> Plan:
    return whole(resource(kind, "g", {"bucket": "b", **inputs}))


def policy(*bindings: tuple[str, *tuple[str, ...]]) -> dict[str, str]:
    said = [{"role": role, "members": members} for role, *members in bindings]
    return {"policyData": json.dumps({"bindings": said})}


def until(day: str) -> dict[str, Any]:
    return {"role": VIEWER, "member": ANN, "condition": {"title": "lease", "expression": UNTIL.format(day=day)}}


def told(before: Plan, after: Plan) -> list[tuple[Kind, str]]:
    wanted = (Kind.PUBLIC, Kind.ACCESS)
    return [(danger.kind, danger.text) for danger in reviewed(before, after).dangers if danger.kind in wanted]


def _entry(role: str = "READER", who: str = "ann@example.com") -> dict[str, str]:
    return {"role": role, "userByEmail": who}


MORE = [
    (BINDING, {"role": VIEWER, "members": [ANN]}, {"role": VIEWER, "members": [ANN, BEN]}, BEN, VIEWER),
    (BINDING, {"role": VIEWER, "members": [ANN]}, {"role": ADMIN, "members": [ANN]}, ANN, ADMIN),
    (POLICY, policy((VIEWER, ANN)), policy((VIEWER, ANN), (ADMIN, BEN)), BEN, ADMIN),
    (POLICY, policy((VIEWER, ANN), (ADMIN, BEN)), policy((VIEWER, ANN), (ADMIN, BEN, ANN)), ANN, ADMIN),
    (LIST, {"roleEntities": [f"OWNER:{BEN}"]}, {"roleEntities": [f"OWNER:{BEN}", f"READER:{ANN}"]}, ANN, "READER"),
    (ENTRY, {"role": "READER", "entity": ANN}, {"role": "OWNER", "entity": ANN}, ANN, "OWNER"),
    (GRANT, {"role": VIEWER, "member": ANN}, {"role": VIEWER, "member": ANN, "bucket": "other"}, ANN, VIEWER),
    (SET, {"accesses": [_entry()]}, {"accesses": [_entry(), _entry("WRITER", "ben@example.com")]}, BEN, "WRITER"),
    (SET, {"accesses": [_entry()]}, {"accesses": [_entry("OWNER")]}, ANN, "OWNER"),
    (ADDED, _entry(), _entry("OWNER"), ANN, "OWNER"),
]


@pytest.mark.parametrize(("kind", "before", "after", "who", "role"), MORE)
def test_who_gets_more_is_told_and_nobody_else(kind: str, before: Any, after: Any, who: str, role: str) -> None:
    assert told(side(kind, before), side(kind, after)) == [(Kind.ACCESS, f"`{who}` gets `{role}`")]


EVER = {"role": VIEWER, "member": ANN}
OTHER = until("05") | {"condition": {"title": "t", "expression": "true"}}


@pytest.mark.parametrize(
    ("after", "how"), [(EVER, "without the condition it had"), (OTHER, "on another condition than before")]
)
@pytest.mark.parametrize("member", [ANN, "serviceAccount:own@some-project-1.iam.gserviceaccount.com"])
def test_a_condition_that_goes_or_is_another_is_told_of_the_stacks_own_accounts_too(
    member: str, after: dict[str, Any], how: str
) -> None:
    account = resource(ACCOUNT, "own", {"accountId": "own", "project": "some-project-1"})
    before, now = (
        whole(account, *side(GRANT, inputs | {"member": member}).resources) for inputs in (until("05"), after)
    )
    assert told(before, now) == [(Kind.ACCESS, f"`{member}` gets `{VIEWER}` {how}")]
    (weaker,) = reviewed(before, now).stacks[0].protection
    assert weaker.what == f"`{VIEWER}` for `{member}`: condition"
    assert weaker.was == UNTIL.format(day="05")


def test_a_grant_that_ends_later_than_before_is_told_unless_the_lease_does_too() -> None:
    lease = Lease.model_validate({"starts": "2026-11-01", "ends": "2026-12-01", "graceDays": 7})
    ends = [
        dataclasses.replace(plan, settings=plan.settings.model_copy(update={"lease": lease}))
        for plan in (side(GRANT, until(day)) for day in ("05", "09", "20"))
    ]
    assert reviewed(ends[0], ends[1]).stacks[0].protection == ()
    (weaker,) = reviewed(ends[0], ends[2]).stacks[0].protection
    assert (weaker.was, weaker.will) == ("2026-12-05T00:00:00Z", "2026-12-20T00:00:00Z")
    assert weaker.what == f"end of what `{ANN}` may (`{VIEWER}`)"
    assert weaker.then == "they come in until then, whatever the lease says"
    assert reviewed(ends[2], ends[0]).stacks[0].protection == ()


def test_members_who_get_the_same_are_one_line() -> None:
    members = [f"user:s{number}@example.com" for number in range(25)]
    ((_, text),) = told(whole(), side(BINDING, {"role": VIEWER, "members": members}))
    assert text.startswith("`user:s0@example.com`, `user:s1@example.com`, ")
    assert text.endswith(f"`user:s24@example.com` get `{VIEWER}`")


def test_who_is_of_a_domain_of_few_stands_first() -> None:
    members = [*(f"user:s{number}@example.com" for number in range(25)), "user:me@elsewhere.example"]
    ((_, text),) = told(whole(), side(BINDING, {"role": VIEWER, "members": members}))
    assert text.startswith("`user:me@elsewhere.example`, `user:s0@example.com`, ")


PUBLIC: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (BINDING, {"role": VIEWER, "members": [ANN]}, {"role": VIEWER, "members": [ANN, "allUsers"]}, "allUsers"),
    (POLICY, policy(), policy((VIEWER, "allAuthenticatedUsers")), "allAuthenticatedUsers"),
    (LIST, {"predefinedAcl": "private"}, {"predefinedAcl": "authenticatedRead"}, "allAuthenticatedUsers"),
    (LIST, {"defaultAcl": "private"}, {"defaultAcl": "publicReadWrite"}, "allUsers"),
    (ENTRY, {"role": "READER", "entity": ANN}, {"role": "READER", "entity": "allUsers"}, "allUsers"),
    (GRANT, {"role": VIEWER, "member": ANN}, {"role": VIEWER, "member": "principalSet://goog/public:all"}, "goog/"),
    (SET, {}, {"accesses": [{"role": "READER", "specialGroup": "allAuthenticatedUsers"}]}, "allAuth"),
    (ADDED, _entry(), {"role": "READER", "iamMember": "allUsers"}, "allUsers"),
]


@pytest.mark.parametrize(("kind", "before", "after", "who"), PUBLIC)
def test_everybody_on_the_internet_is_told_by_any_form(kind: str, before: Any, after: Any, who: str) -> None:
    ((found, text),) = told(side(kind, before), side(kind, after))
    assert found is Kind.PUBLIC
    assert text.startswith("everybody on the internet")
    assert who in text


NO_MORE = [
    (BINDING, {"role": VIEWER, "members": [ANN, BEN]}, {"role": VIEWER, "members": [BEN]}),
    (BINDING, {"role": VIEWER, "members": [ANN, BEN]}, {"role": VIEWER, "members": [BEN, ANN.upper()]}),
    (POLICY, policy((VIEWER, ANN), (ADMIN, BEN)), policy((ADMIN, BEN))),
    (POLICY, policy((VIEWER, ANN, BEN)), policy((VIEWER, BEN, ANN))),
    (GRANT, until("05"), until("12")),
    (GRANT, {"role": VIEWER, "member": ANN}, until("12")),
]


@pytest.mark.parametrize(("kind", "before", "after"), NO_MORE)
def test_who_gets_less_or_the_same_is_not_told(kind: str, before: Any, after: Any) -> None:
    assert told(side(kind, before), side(kind, after)) == []


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (BINDING, {"role": VIEWER, "members": UNKNOWN}),
        (BINDING, {"role": VIEWER, "members": [ANN, UNKNOWN]}),
        (POLICY, {"policyData": UNKNOWN}),
    ],
)
def test_what_only_the_real_run_knows_is_somebody(kind: str, inputs: Mapping[str, Any]) -> None:
    assert any("somebody whom only the real run knows" in text for _, text in told(whole(), side(kind, inputs)))
    assert told(side(kind, inputs), side(kind, inputs)) == []


@pytest.mark.parametrize("there", [True, False])
def test_an_own_account_that_newly_reads_a_secret_is_told_unless_the_secret_is_new(there: bool) -> None:
    account = resource(ACCOUNT, "own", {"accountId": "own", "project": "some-project-1"})
    secret = resource("gcp:secretmanager/secret:Secret", "s", {"secretId": "s"})
    member = "serviceAccount:own@some-project-1.iam.gserviceaccount.com"
    reader = {"secretId": "s", "role": "roles/secretmanager.secretAccessor", "member": member}
    kind = "gcp:secretmanager/secretIamMember:SecretIamMember"
    grant = resource(kind, "g", reader, refers={"secretId": secret})
    before, after = whole(account, *([secret] if there else [])), whole(account, secret, grant)
    assert [kind for kind, _ in told(before, after)] == [Kind.ACCESS] * there


def test_whom_somebody_takes_the_place_of_is_told() -> None:
    before, after = (side(GRANT, {"role": VIEWER, "member": who}) for who in (ANN, BEN))
    assert told(before, after) == [(Kind.ACCESS, f"`{BEN}` gets `{VIEWER}` in place of `{ANN}`")]
