"""What holds for every API: routes, validation in Google's form, paging, filters, who may, what is on record."""

from __future__ import annotations

import contextlib
import http.client
from typing import Any

import pytest
from clients import BUILD, PROJECT, Google
from google.auth.credentials import AnonymousCredentials

from emulator import Emulator, api_endpoint
from emulator.discovery import load
from emulator.filters import matches


def repository(google: Google, body: object = None, **more: object) -> Any:
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    given = {"parent": f"projects/{PROJECT}/locations/europe-west1", "repositoryId": "images"} | more
    return repositories.create(body={"format": "DOCKER"} if body is None else body, **given)


def test_a_client_with_an_endpoint_option_needs_nothing_else(google: Google) -> None:
    endpoint = api_endpoint(google.emulator.url, "cloudresourcemanager", "v3")
    client = BUILD(
        "cloudresourcemanager",
        "v3",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
        static_discovery=True,
    )
    with client:
        got = client.projects().get(name=f"projects/{PROJECT}").execute()
    assert got["name"] == f"projects/{google.number}"


def test_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Emulator(projects=["p"], host="0.0.0.0")  # noqa: S104 - that it refuses is the test


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"format": "DOKCER"}, "DOKCER"),
        ({"format": "DOCKER", "colour": "red"}, 'Unknown name "colour"'),
        ({"format": "DOCKER", "description": 7}, "repository.description"),
        ({"format": "DOCKER", "labels": ["a"]}, "repository.labels"),
        ({"format": "DOCKER", "labels": {"Team Name": "x"}}, "Team Name"),
        ({"format": "DOCKER", "cleanupPolicies": {"a": {"action": "DELET"}}}, "DELET"),
        ({}, "format"),
    ],
)
def test_a_body_that_does_not_fit_the_description_is_refused_with_its_field(
    google: Google, body: object, words: str
) -> None:
    error = google.refused(repository(google, body))
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]
    detail = error.get("details", [{}])[0]
    assert detail.get("@type", "type.googleapis.com/google.rpc.BadRequest").endswith("BadRequest")


def test_every_violation_is_told_not_only_the_first(google: Google) -> None:
    error = google.refused(repository(google, {"format": "DOKCER", "colour": "red"}))
    assert len(error["details"][0]["fieldViolations"]) == 2


def test_compute_refuses_in_its_own_older_form(google: Google) -> None:
    error = google.refused(google.client("compute", "v1").networks().insert(project=PROJECT, body={"name": "Net"}))
    assert error["errors"][0] | {"message": ""} == {"message": "", "domain": "global", "reason": "invalid"}


def test_output_only_fields_of_a_request_are_dropped(google: Google) -> None:
    repository(google, {"format": "DOCKER", "createTime": "1999-01-01T00:00:00Z"}).execute()
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    got = repositories.get(name=f"projects/{PROJECT}/locations/europe-west1/repositories/images").execute()
    assert not got["createTime"].startswith("1999")


def test_an_unknown_query_parameter_is_refused(google: Google) -> None:
    status, answer = google.ask(f"/pubsub/v1/projects/{PROJECT}/topics?colour=red")
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_name_that_is_taken_is_a_conflict(google: Google) -> None:
    repository(google).execute()
    error = google.refused(repository(google))
    assert (error["code"], error["status"]) == (409, "ALREADY_EXISTS")


def test_an_api_that_is_not_enabled_refuses_and_names_itself(bare: Google) -> None:
    error = bare.refused(repository(bare))
    assert error["code"] == 403
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    assert error["details"][0]["metadata"]["service"] == "artifactregistry.googleapis.com"
    bare.enable("artifactregistry")
    assert repository(bare).execute()["done"]


def test_an_api_without_a_project_in_its_path_must_be_on_where_the_caller_says(bare: Google) -> None:
    budgets = bare.client("billingbudgets", "v1").billingAccounts().budgets()
    request = budgets.list(parent="billingAccounts/01AB23-45CD67-89EF01")
    bare.emulator.world.projects["other-project"].services.add("billingbudgets.googleapis.com")
    assert bare.refused(request)["details"][0]["reason"] == "SERVICE_DISABLED"
    request.headers["X-Goog-User-Project"] = "other-project"
    assert request.execute() == {}


def test_a_project_that_is_not_there_is_forbidden_ground(google: Google) -> None:
    parent = "projects/nobodys/locations/europe-west1"
    assert google.refused(repository(google, parent=parent))["code"] == 403


def test_a_location_that_does_not_exist_is_refused(google: Google) -> None:
    parent = f"projects/{PROJECT}/locations/europe-west99"
    assert "europe-west99" in google.refused(repository(google, parent=parent))["message"]


def test_the_project_may_be_named_by_its_number(google: Google) -> None:
    repository(google, parent=f"projects/{google.number}/locations/europe-west1").execute()
    assert google.refused(repository(google))["code"] == 409


def test_a_token_without_a_permission_is_refused_by_that_permission(google: Google) -> None:
    google.emulator.use({"deny": {"student": ["artifactregistry.repositories.create"]}})
    request = repository(google)
    request.headers["Authorization"] = "Bearer student"
    error = google.refused(request)
    assert error["details"][0]["metadata"]["permission"] == "artifactregistry.repositories.create"
    assert repository(google).execute()["done"]


def test_lists_come_in_pages_and_can_be_filtered(google: Google) -> None:
    for index in range(5):
        repository(google, {"format": "DOCKER", "labels": {"n": str(index)}}, repositoryId=f"r{index}").execute()
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    parent = f"projects/{PROJECT}/locations/europe-west1"
    request, seen = repositories.list(parent=parent, pageSize=2), []
    while request is not None:
        answer = request.execute()
        seen.append(len(answer["repositories"]))
        request = repositories.list_next(request, answer)
    assert seen == [2, 2, 1]
    found = repositories.list(parent=f"projects/{PROJECT}/locations/-", filter="labels.n=3").execute()
    assert [r["name"][-2:] for r in found["repositories"]] == ["r3"]


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("state:ENABLED", True),
        ('labels.course="mlops"', True),
        ("labels.course=x OR size>5", True),
        ("(name eq vm-.*) (size<5)", False),
        ("NOT name=vm-1", False),
        ("labels.team:*", False),
        ("name=vm-*", True),
    ],
)
def test_filters_read_as_google_reads_them(text: str, passes: bool) -> None:
    assert matches(text, {"name": "vm-1", "state": "ENABLED", "size": 7, "labels": {"course": "mlops"}}) is passes


def test_an_update_changes_what_its_mask_names_and_nothing_else(google: Google) -> None:
    repository(google, {"format": "DOCKER", "description": "old", "labels": {"a": "b"}}).execute()
    repositories = google.client("artifactregistry", "v1").projects().locations().repositories()
    name = f"projects/{PROJECT}/locations/europe-west1/repositories/images"
    changed = repositories.patch(
        name=name, updateMask="description", body={"description": "new", "labels": {}}
    ).execute()
    assert (changed["description"], changed["labels"]) == ("new", {"a": "b"})
    error = google.refused(repositories.patch(name=name, updateMask="colour", body={}))
    assert error["code"] == 400
    error = google.refused(repositories.patch(name=name, updateMask="format", body={"format": "NPM"}))
    assert "immutable" in error["message"]


def test_the_most_literal_path_wins() -> None:
    document = load("run", "v2")
    method, _ = document.find("GET", ["projects", "p", "locations", "l", "services", "s:getIamPolicy"])
    assert method.id == "run.projects.locations.services.getIamPolicy"
    family, _ = load("compute", "v1").find("GET", ["projects", "p", "global", "images", "family", "debian-12"])
    assert family.id == "compute.images.getFromFamily"


def test_a_method_that_is_not_imitated_says_so(google: Google) -> None:
    google.network()
    compute = google.client("compute", "v1")
    error = google.refused(compute.networks().switchToCustomMode(project=PROJECT, network="net"))
    assert error["code"] == 501
    assert "compute.networks.switchToCustomMode" in error["message"]


def test_who_wants_to_leave_the_machine_is_refused_and_on_record(google: Google) -> None:
    host, port = google.emulator.url.removeprefix("http://").split(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port))) as proxy:
        proxy.set_tunnel("oauth2.googleapis.com", 443)
        with pytest.raises(OSError, match="403"):
            proxy.connect()
    assert [r["path"] for r in google.emulator.left_the_machine()] == ["oauth2.googleapis.com:443"]


def test_each_request_is_on_record_with_method_status_and_time(google: Google) -> None:
    repository(google).execute()
    entry = google.emulator.requests[-1]
    assert (entry["method"], entry["id"]) == ("POST", "artifactregistry.projects.locations.repositories.create")
    assert entry["status"] == 200
    assert entry["ms"] >= 0


def test_the_state_can_be_read_and_thrown_away_over_http(google: Google) -> None:
    repository(google).execute()
    _, state = google.ask("/_emulator/state")
    assert [r["service"] for r in state["resources"]] == ["artifactregistry"]
    _, left = google.ask("/_emulator/remaining")
    assert [(r["type"], bool(r["bills"])) for r in left] == [("repositories", True)]
    google.ask("/_emulator/reset", "")
    assert google.ask("/_emulator/remaining") == (200, [])
    assert google.ask("/_emulator/none")[0] == 404
    assert google.ask("/_emulator/requests?from=last")[0] == 400


def test_a_batch_is_answered_part_by_part(google: Google) -> None:
    google.network()
    compute = google.client("compute", "v1")
    answers: dict[str, Any] = {}

    def keep(request_id: str, answer: Any, error: Any) -> None:
        answers[request_id] = answer or error

    batch = compute.new_batch_http_request(callback=keep)
    batch.add(compute.networks().get(project=PROJECT, network="net"), request_id="1")
    batch.add(compute.networks().get(project=PROJECT, network="none"), request_id="2")
    batch.execute()
    assert answers["1"]["name"] == "net"
    assert answers["2"].resp.status == 404
