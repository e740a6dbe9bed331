"""What to do about an error is said in the words of the project: each sign is met by a real message, none by another's.

The messages are those of Google's APIs and of the provider (10.2), as its source, Google's troubleshooting pages and
public bug reports show them; read 2026-11-27.
"""

from __future__ import annotations

import re

import pytest

from catalog import tables
from coursecloud.deploy import remedies
from coursecloud.diff.engine_events import Told
from tests.coursecloud.told import bucket, machine

TABLE = tables.table("remedies")["remedies"]
MET: dict[str, tuple[str, ...]] = {
    "your login has run out": (
        "googleapi: Error 401: Request had invalid authentication credentials. Expected OAuth 2 access token, login"
        " cookie or other valid authentication credential. Details: ACCESS_TOKEN_EXPIRED, authError",
        'oauth2: "invalid_grant" "Token has been expired or revoked."',
        'oauth2: "invalid_grant" "reauth related error (invalid_rapt)" "https://support.google.com/a/answer/9368756"',
        "oauth2: invalid_rapt",
        "google.auth.exceptions.RefreshError: Reauthentication is needed. Please run `gcloud auth login`",
        "Attempted to load application default credentials since neither `credentials` nor `access_token` was set in"
        " the provider block. No credentials loaded. google: could not find default credentials.",
    ),
    "no open billing account": (
        "googleapi: Error 403: This API method requires billing to be enabled. Please enable billing on project"
        " #my-project by visiting https://console.developers.google.com/billing/enable?project=my-project then retry.",
        'googleapi: Error 403: Billing is off. "reason": "BILLING_DISABLED", "domain": "googleapis.com"',
        "googleapi: Error 403: The billing account for the owning project is disabled in state absent, accountDisabled",
        "Error 400: Billing account for project '1234' is not open. Billing must be enabled for activation",
        "Error 403: The project to be billed is associated with a delinquent billing account., accountDisabled",
    ),
    "Google could not be reached": (
        'Get "https://storage.googleapis.com/storage/v1/b/x": dial tcp: lookup storage.googleapis.com: no such host',
        'Post "https://oauth2.googleapis.com/token": dial tcp 142.250.1.95:443: connect: connection refused',
        "read tcp 10.0.0.2:51234->142.250.1.95:443: read: connection reset by peer",
        "dial tcp 142.250.1.95:443: connect: network is unreachable",
        "read tcp 10.0.0.2:51234->142.250.1.95:443: i/o timeout",
        'Get "https://compute.googleapis.com/compute/v1/projects/x": net/http: TLS handshake timeout',
    ),
    "somebody disabled an API": (
        "googleapi: Error 403: Compute Engine API has not been used in project 1234 before or it is disabled. Enable it"
        " by visiting https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=1234",
        'googleapi: Error 403: denied. "reason": "SERVICE_DISABLED", "domain": "googleapis.com"',
    ),
    "the zone has no capacity": (
        "googleapi: Error 503: ZONE_RESOURCE_POOL_EXHAUSTED - The zone is busy",
        "The zone 'projects/x/zones/europe-west1-b' does not have enough resources available to fulfill the request."
        "  Try a different zone, or try again later., ",
    ),
    "GPU quota of 0": (
        "Error waiting for instance to create: Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally.",
    ),
    "ask for more in the console": (
        "googleapi: Error 403: Quota 'CPUS' exceeded.  Limit: 12.0 in region europe-west1., quotaExceeded",
        "Error waiting for creating Disk: QUOTA_EXCEEDED: Quota 'SSD_TOTAL_GB'",
        "The project exceeded its allowed quota of service accounts.",
        "Error 429: The following quota metrics exceed quota limits:"
        " aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus, RESOURCE_EXHAUSTED",
    ),
    "Google was busy": (
        "googleapi: Error 429: Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'"
        " of service 'secretmanager.googleapis.com' for consumer 'project_number:1234'., rateLimitExceeded",
        "googleapi: Error 429: Too many requests",
        "googleapi: Error 403: Too many writes., rateLimitExceeded",
        "rpc error: code = ResourceExhausted desc = RESOURCE_EXHAUSTED",
        "googleapi: Error 500: Internal error encountered.",
        "googleapi: Error 503: The service is currently unavailable., backendError",
    ),
    "only while the machine runs": (
        'Error: current instance status must be "RUNNING" to change accessConfigs, is "TERMINATED"',
    ),
    "something still uses it": (
        "googleapi: Error 400: The disk resource 'projects/x/zones/z/disks/d' is already being used by"
        " 'projects/x/zones/z/instances/i', resourceInUseByAnotherResource",
        "The network resource 'projects/x/global/networks/n' is already being used by 'projects/x/global/firewalls/f'",
        "The subnetwork is in use by an instance",
    ),
    "a hold or a retention": (
        "googleapi: Error 403: Object 'b/o' is subject to bucket's retention policy or object retention and cannot be"
        " deleted or overwritten until 2027-01-01T00:00:00Z, retentionPolicyNotMet",
        "googleapi: Error 403: Object 'b/o' is under active Event-Based hold and cannot be deleted, overwritten or"
        " archived until hold is removed., objectUnderActiveHold",
        "googleapi: Error 403: Object 'b/o' is under active Temporary hold and cannot be deleted",
    ),
    "it is kept": (
        "unable to delete resource \"urn:pulumi:x::y::z\"\nas it is currently marked for protection. To unprotect it,"
        " either remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the"
        " command:\npulumi state unprotect 'urn:pulumi:x::y::z'",
        "googleapi: Error 400: Invalid value: resource is protected against deletion",
        'cannot destroy service without setting deletion_protection=false and running `terraform apply`',
        "The resource cannot be deleted: deletion protection is on",
    ),
    "Google has something of that name": (
        "googleapi: Error 409: The resource 'projects/x/global/networks/n' already exists, alreadyExists",
        "googleapi: Error 409: Your previous request to create the named bucket succeeded and you already own it.",
        "rpc error: code = AlreadyExists desc = ALREADY_EXISTS",
    ),
    "a project owner must deploy": (
        "googleapi: Error 403: Required 'compute.disks.create' permission for 'projects/x/zones/z/disks/d', forbidden",
        "rpc error: code = PermissionDenied desc = PERMISSION_DENIED",
        "ada@example.com does not have storage.buckets.create access to the Google Cloud project.",
    ),
    "does not take that value": (
        "googleapi: Error 400: Invalid value for field 'resource.sizeGb': '5'., invalid",
        "rpc error: code = InvalidArgument desc = INVALID_ARGUMENT",
        "Invalid value for machine type",
    ),
}  # fmt: skip


def alternatives(sign: str) -> list[str]:
    """Take a regular expression apart at its outermost bars."""
    found, depth = [""], 0
    for letter in sign:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


@pytest.mark.parametrize(("start", "text"), [(start, text) for start, texts in MET.items() for text in texts])
def test_each_message_gets_the_remedy_that_is_meant_for_it(start: str, text: str) -> None:
    assert start in remedies.remedy(text), text


def test_each_sign_is_met_by_a_message_of_its_own() -> None:
    own = {entry["remedy"]: next(texts for start, texts in MET.items() if start in entry["remedy"]) for entry in TABLE}
    unmet = [
        sign
        for entry in TABLE
        for sign in alternatives(entry["sign"])
        if not any(re.search(sign, text, re.IGNORECASE) for text in own[entry["remedy"]])
    ]
    assert unmet == [], "no message is known that says this: take the sign out, or add the message"


def test_only_what_concerns_every_call_stops() -> None:
    stops = {start for start, texts in MET.items() if any(remedies.stops(text) for text in texts)}
    assert stops == {"your login has run out", "no open billing account", "Google could not be reached"}
    assert all(remedies.stops(text) for start in stops for text in MET[start])


def test_an_error_that_nobody_knows_has_no_remedy_and_stops_nothing() -> None:
    assert remedies.remedy("something new") == ""
    assert not remedies.stops("something new")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  sdk-v2/provider2.go:571: sdk.helper_schema: googleapi: Error 403: no: provider=google-beta@10.2.0\n",
         "googleapi: Error 403: no"),
        ("1 error occurred:\n\t* googleapi: Error 403: no\n\n\n", "googleapi: Error 403: no"),
        ("2 errors occurred:\n\t* one\n\t* two", "one * two"),
        ("x" * 600, "x" * 497 + "..."),
    ],
)  # fmt: skip
def test_googles_words_stand_without_the_providers_frame(text: str, words: str) -> None:
    assert remedies.words(text) == words


URN = machine("w")["urn"]


def test_what_failed_is_listed_with_its_remedy_and_the_engines_echo_left_out() -> None:
    told = Told(
        failed={URN: "googleapi: Error 503: backendError", bucket("b")["urn"]: "something new"},
        errors=["update failed", "preview failed", "resource operation failed", "Error 401: expired"],
    )
    assert list(remedies.lines(told)) == [
        "  Instance w: googleapi: Error 503: backendError",
        "      remedy  Google was busy: the same command again in a minute goes on where it ended",
        "  Bucket b: something new",
        "  Error 401: expired",
        "      remedy  your login has run out: `gcloud auth application-default login`, then the same command again",
    ]


def test_where_nothing_else_says_why_the_engines_words_stay() -> None:
    assert list(remedies.lines(Told(errors=["update failed"]))) == ["  update failed"]


def test_a_programs_own_traceback_keeps_its_lines() -> None:
    text = 'Traceback:\n  File "__main__.py", line 1\n    1/0\nZeroDivisionError'
    assert list(remedies.lines(Told(errors=[text, text]))) == [f"  {text}"]
