"""Asking Google directly: where, as whom, how often, and what is said when it says no."""

import http.server
import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_gcp
import pytest
import requests
from google.auth import exceptions

from coursecloud.deploy import credentials, endpoints
from coursecloud.deploy.cloud import Cloud, CloudError
from emulator import services
from emulator.environment import PROVIDER
from tests.coursecloud import deployed
from tests.coursecloud.deployed import BUCKET, HERE, PLACE, Deployed

SECRET = "ya29.a0-a-token-that-nobody-may-see"


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the seconds that requests are put off, and wait for none of them."""
    found: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", found.append)
    return found


@pytest.fixture
def stack() -> Iterator[Deployed]:
    yield from deployed.deploy()


def test_an_api_is_moved_as_the_providers_settings_move_it() -> None:
    """Under a name that the provider does not know, nothing would be moved, and nobody would notice."""
    settings = (Path(pulumi_gcp.__file__).parent / "config/vars.py").read_text(encoding="utf-8")
    known = set(re.findall(r"__config__\.get\('(\w+)CustomEndpoint'\)", settings))
    assert set(endpoints.APIS) - set(endpoints.SAME) <= known
    host = {
        api: url.split("/")[2].removesuffix(".googleapis.com").rpartition("-")[2] for api, url in endpoints.APIS.items()
    }
    emulated = {api for api in endpoints.APIS if host[api] in services.ALL and api not in endpoints.SAME}
    assert {endpoints.variable(api) for api in emulated} <= {f"GOOGLE_{name}_CUSTOM_ENDPOINT" for name in PROVIDER}


def test_an_api_without_a_setting_goes_where_its_other_version_goes() -> None:
    variables = {"GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT": "http://env/run/v2/"}
    assert endpoints.address("cloudRunV1", {}, {}) == "https://run.googleapis.com/v1/"
    assert endpoints.address("cloudRunV1", variables, {}) == "http://env/run/v1/"


def test_the_stack_file_goes_before_the_environment() -> None:
    variables = {"GOOGLE_STORAGE_CUSTOM_ENDPOINT": "http://env/storage/v1/"}
    assert endpoints.address("storage", {}, {}) == "https://storage.googleapis.com/storage/v1/"
    assert endpoints.address("storage", variables, {}) == "http://env/storage/v1/"
    config = {"gcp:storageCustomEndpoint": "http://file/storage/v1"}
    assert endpoints.address("storage", variables, config) == "http://file/storage/v1/"
    assert endpoints.address("vertexAi", {}, {}, "europe-west4").startswith("https://europe-west4-aiplatform.")


def test_uploads_go_where_the_bucket_is() -> None:
    assert endpoints.upload_address("http://h:1/storage/v1/") == "http://h:1/upload/storage/v1/"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": "http://p"}, {"https": "http://p"}),
        ({"https_proxy": "http://small", "HTTPS_PROXY": "http://capital"}, {"https": "http://small"}),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "example.com, googleapis.com"}, {}),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": ".googleapis.com"}, {}),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "apis.com"}, {"https": "http://p"}),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, {}),
        ({"ALL_PROXY": "http://p", "NO_PROXY": ","}, {"all": "http://p"}),
    ],
)
def test_proxies_are_those_of_the_environment_that_is_given(
    environment: Mapping[str, str], found: Mapping[str, str]
) -> None:
    assert endpoints.proxies(environment, "https://storage.googleapis.com/storage/v1/b") == found


def test_what_would_leave_the_machine_goes_to_the_proxy(stack: Deployed) -> None:
    some = {name: value for name, value in stack.emulator.env().items() if "STORAGE" not in name}
    with pytest.raises(CloudError, match=r"storage\.googleapis\.com did not answer"):
        Cloud(some, {}, sleep=stack.slept.append).get("storage", "b/x")
    assert [call["path"] for call in stack.emulator.left_the_machine()] == ["storage.googleapis.com:443"] * 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_busy_api_is_asked_again(stack: Deployed, status: int, method: str) -> None:
    name = {"GET": "secretmanager.projects.secrets.get", "POST": "secretmanager.projects.secrets.create"}[method]
    stack.emulator.use({"faults": [{"match": name, "status": status}]})
    start = len(stack.emulator.requests)
    path = f"{HERE}/secrets/{deployed.SECRET}" if method == "GET" else f"{HERE}/secrets"
    made: Any = {"replication": {"automatic": {}}} if method == "POST" else None
    parameters = {"secretId": "another"} if method == "POST" else {}
    assert "name" in stack.cloud.call(method, "secretManager", path, parameters=parameters, body=made)
    assert stack.asked(start) == [name] * 2


def test_an_api_that_stays_busy_is_not_asked_for_ever(stack: Deployed, waited: list[float]) -> None:
    stack.emulator.use({"faults": [{"match": "storage.buckets.get", "status": 503, "count": 0}]})
    start = len(stack.emulator.requests)
    with pytest.raises(CloudError, match="Google answers 503: Injected by the scenario") as caught:
        stack.cloud.get("storage", f"b/{BUCKET}")
    assert (caught.value.status, caught.value.gone, len(stack.emulator.requests)) == (503, False, start + 3)
    assert waited == [1]


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), ("90000", 30)])
def test_google_says_how_long_to_wait_within_bounds(asked: str, seconds: int, waited: list[float]) -> None:
    """The emulator has no such header, so a server of a few lines answers."""
    answers: list[tuple[int, dict[str, str], bytes]] = [
        (429, {"Retry-After": asked}, b"{}"),
        (200, {}, b'{"name": "x"}'),
    ]

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the test quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/"
        busy = Cloud({"GOOGLE_OAUTH_ACCESS_TOKEN": SECRET, "GOOGLE_STORAGE_CUSTOM_ENDPOINT": here}, {})
        assert busy.get("storage", "b/x") == {"name": "x"}
        server.shutdown()
    assert waited == [seconds]


def test_a_refusal_is_no_reason_to_ask_again(stack: Deployed) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["storage.buckets.get"]}})
    start = len(stack.emulator.requests)
    with pytest.raises(CloudError) as caught:
        stack.cloud.get("storage", f"b/{BUCKET}")
    assert (caught.value.status, len(stack.emulator.requests)) == (403, start + 1)


def test_what_is_not_there_is_told_from_an_address_that_is_none(stack: Deployed) -> None:
    with pytest.raises(CloudError) as caught:
        stack.cloud.get("storage", "b/another-bucket")
    assert caught.value.gone
    with pytest.raises(CloudError) as caught:
        stack.cloud.get("storage", "nothing/of/the/kind")
    assert (caught.value.status, caught.value.gone) == (404, False)


@pytest.mark.parametrize(("api", "path"), [("storage", f"b/{BUCKET}"), ("secretManager", f"{HERE}/secrets")])
def test_an_api_that_is_switched_off_is_told_from_a_refusal(stack: Deployed, api: str, path: str) -> None:
    stack.emulator.use({"deny": {"emulator-token": ["*"]}})
    with pytest.raises(CloudError) as caught:
        stack.cloud.get(api, path)
    assert (caught.value.status, caught.value.off) == (403, False)
    stack.emulator.world.projects[deployed.PROJECT].services.clear()
    with pytest.raises(CloudError) as caught:
        stack.cloud.get(api, path)
    assert (caught.value.status, caught.value.off) == (403, True)


def test_half_an_answer_is_none(stack: Deployed) -> None:
    stack.emulator.use({"faults": [{"match": "storage.buckets.get", "cut": "after", "count": 0}]})
    with pytest.raises(CloudError, match="did not answer"):
        stack.cloud.get("storage", f"b/{BUCKET}")
    stack.emulator.use({})
    start = len(stack.emulator.requests)
    with pytest.raises(CloudError, match="did not answer"):
        stack.cloud.get("storage", f"b/{BUCKET}")
    assert len(stack.emulator.requests) == start


def test_an_object_is_read_within_bounds(stack: Deployed) -> None:
    stack.upload("a/b c", b"12345")
    assert stack.cloud.read_object(BUCKET, "a/b c", 5) == b"12345"
    with pytest.raises(CloudError, match="larger than 4 bytes"):
        stack.cloud.read_object(BUCKET, "a/b c", 4)


def test_an_operation_is_waited_for_and_may_fail(stack: Deployed) -> None:
    disk = {"name": "another", "sizeGb": "10"}
    stack.emulator.use({"polls": 3})
    begun = stack.cloud.call("POST", "compute", f"{PLACE}/disks", body=disk)
    stack.cloud.done(begun, deployed.PROJECT, 60)
    assert len(stack.slept) == 4  # three answers that it goes on, and the one that it has ended
    assert stack.cloud.get("compute", f"{PLACE}/disks/another")["status"] == "READY"
    stack.emulator.use({"faults": [{"match": "compute.disks.insert", "operation": "QUOTA_EXCEEDED"}]})
    begun = stack.cloud.call("POST", "compute", f"{PLACE}/disks", body=disk | {"name": "third"})
    with pytest.raises(CloudError, match="QUOTA_EXCEEDED"):
        stack.cloud.done(begun, deployed.PROJECT, 60)
    stack.emulator.use({"polls": 3})
    begun = stack.cloud.call("POST", "compute", f"{PLACE}/disks", body=disk | {"name": "fourth"})
    with pytest.raises(CloudError, match="had not ended"):
        stack.cloud.done(begun, deployed.PROJECT, -1)


def test_a_token_goes_as_the_provider_sends_it(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    stack.emulator.use({"deny": {SECRET: ["storage.buckets.get"], "of-the-file": ["storage.*"]}})
    environment = stack.emulator.env() | {"GOOGLE_OAUTH_ACCESS_TOKEN": SECRET}
    with pytest.raises(CloudError) as caught:
        Cloud(environment, {}).get("storage", f"b/{BUCKET}")
    assert caught.value.status == 403
    assert SECRET not in str(caught.value)
    with pytest.raises(CloudError, match="403"):
        Cloud(stack.emulator.env(), {"gcp:accessToken": "of-the-file"}).get("storage", f"b/{BUCKET}")
    made = credentials.session({"GOOGLE_OAUTH_ACCESS_TOKEN": SECRET}, {})

    def send(request: requests.PreparedRequest, **_: Any) -> requests.Response:
        sent.append(request.headers)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(made, "send", send)
    made.get("http://127.0.0.1/")
    assert sent[0]["Authorization"] == f"Bearer {SECRET}"
    assert "x-goog-user-project" not in sent[0]


def test_a_project_that_pays_is_named_where_the_provider_names_one() -> None:
    found: Any = credentials.session(
        {"GOOGLE_OAUTH_ACCESS_TOKEN": SECRET}, {"gcp:userProjectOverride": "true", "gcp:billingProject": "payer"}
    )
    assert found.credentials.quota_project_id == "payer"


def test_an_expired_token_is_said_in_googles_words_with_the_remedy(stack: Deployed) -> None:
    stack.emulator.use({"faults": [{"match": "storage.buckets.get", "status": 401, "count": 0}]})
    with pytest.raises(CloudError, match=r"Google answers 401: .*; run `gcloud auth application-default login`"):
        stack.cloud.get("storage", f"b/{BUCKET}")


@pytest.mark.parametrize(
    "key",
    [
        '{"type": "service_account", "private_key": "-----BEGIN',
        '{"private_key": "MIIE-secret"}',
        "MIIE-secret/key.json",
    ],
)
def test_a_key_that_is_none_is_refused_without_a_word_of_it(key: str) -> None:
    with pytest.raises(CloudError, match=r"credentials do not work .*application-default login") as caught:
        Cloud({"GOOGLE_CREDENTIALS": key}, {}).get("storage", "b/x")
    assert not re.search("MIIE|BEGIN", str(caught.value))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.TransportError("HTTPSConnectionPool(...)"), "Google's sign-in did not answer"),
        (
            exceptions.RefreshError("invalid_grant: Token has been expired or revoked.", {"error": "x"}),
            "the credentials do not work (invalid_grant: Token has been expired or revoked.); run `gcloud auth"
            " application-default login`",
        ),
    ],
)
def test_a_sign_in_that_fails_is_tried_once(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session, tried = requests.Session(), list[str]()

    def refused(method: str, *_: Any, **__: Any) -> requests.Response:
        tried.append(method)
        raise error

    monkeypatch.setattr(session, "request", refused)
    asked = Cloud({}, {}, session=session)
    for _ in range(3):
        with pytest.raises(CloudError) as caught:
            asked.get("storage", "b/x")
        assert str(caught.value) == said
    assert tried == ["GET"]


def test_what_pulumi_alone_can_read_is_said() -> None:
    with pytest.raises(CloudError, match="gcp:accessToken is encrypted"):
        Cloud({}, {"gcp:accessToken": {"secure": "v1:abc"}}).get("storage", "b/x")


def test_a_key_is_taken_itself_or_by_the_name_of_its_file(tmp_path: Path) -> None:
    key = json.dumps({"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"})
    (tmp_path / "key.json").write_text(key, encoding="utf-8")
    for given in (
        {"GOOGLE_CREDENTIALS": key},
        {"GCLOUD_KEYFILE_JSON": str(tmp_path / "key.json")},
        {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")},
    ):
        made: Any = credentials.session(given, {})
        assert made.credentials.refresh_token == "r"


def test_a_message_steers_no_terminal(stack: Deployed) -> None:
    stack.emulator.use({"faults": [{"match": "storage.*", "status": 403, "message": "\x1b[31mno\n" + "x" * 500}]})
    with pytest.raises(CloudError) as caught:
        stack.cloud.get("storage", f"b/{BUCKET}")
    assert "\\u001b[31mno xxx" in str(caught.value)
    assert len(str(caught.value)) < 330


def test_lists_are_read_page_by_page_as_far_as_the_bound(stack: Deployed) -> None:
    for number in range(5):
        stack.cloud.call(
            "POST", "secretManager", f"{HERE}/secrets", parameters={"secretId": f"s{number}"}, body=deployed.REPLICATED
        )
    all_of_them, more = stack.cloud.pages("secretManager", f"{HERE}/secrets", "secrets", most=9, pageSize="2")
    assert (len(all_of_them), more) == (6, False)
    some, more = stack.cloud.pages("secretManager", f"{HERE}/secrets", "secrets", most=2, pageSize="2")
    assert (len(some), more) == (4, True)
