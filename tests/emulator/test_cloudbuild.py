"""Cloud Build on the emulator: triggers, builds, connections to a source host and their repositories."""

from __future__ import annotations

from typing import Any

from clients import PROJECT, Google

PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west1"
EMAIL = f"runner@{PROJECT}.iam.gserviceaccount.com"


def test_a_trigger_is_found_by_its_name_and_runs_without_saying_its_repository_again(google: Google) -> None:
    account = f"{PARENT}/serviceAccounts/{google.account()}"
    triggers = google.client("cloudbuild", "v1").projects().locations().triggers()
    github = {"owner": "o", "name": "n", "push": {"branch": "^main$"}}
    body = {"name": "trainer", "filename": "c.yaml", "serviceAccount": account, "github": github}
    made = triggers.create(parent=PLACE, body=body).execute()
    name = f"{PLACE}/triggers/trainer"
    run = triggers.run(name=name, body={"source": {"projectId": PROJECT, "branchName": "main"}}).execute()
    assert run["metadata"]
    assert triggers.get(name=name).execute()["id"] == made["id"]
    assert triggers.delete(name=name).execute() == {}
    assert google.refused(triggers.get(name=name))["code"] == 404


def test_a_connection_a_repository_and_a_trigger_hold_each_other(google: Google) -> None:
    google.account()
    version = google.secret()["name"]
    build = google.client("cloudbuild", "v2").projects().locations()
    config = {"githubConfig": {"appInstallationId": "1", "authorizerCredential": {"oauthTokenSecretVersion": version}}}
    operation = build.connections().create(parent=PLACE, connectionId="gh", body=config).execute()
    assert operation["response"]["installationState"]["stage"] == "COMPLETE"
    assert build.operations().get(name=operation["name"]).execute()["done"]
    repositories, parent = build.connections().repositories(), f"{PLACE}/connections/gh"
    bad = repositories.create(parent=parent, repositoryId="c", body={"remoteUri": "https://github.com/acme/course"})
    assert ".git" in google.refused(bad)["message"]
    repositories.create(
        parent=parent, repositoryId="c", body={"remoteUri": "https://github.com/acme/course.git"}
    ).execute()
    triggers = google.client("cloudbuild", "v1").projects().locations().triggers()
    event = {"repository": f"{parent}/repositories/c", "push": {"branch": "^main$"}}
    body = {
        "name": "t",
        "filename": "a.yaml",
        "repositoryEventConfig": event,
        "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}",
    }
    made = triggers.create(parent=PLACE, body=body).execute()
    taken = triggers.create(parent=PLACE, body=body)
    assert "already exists" in google.refused(taken)["message"]
    assert "already being used" in google.refused(repositories.delete(name=f"{parent}/repositories/c"))["message"]
    assert "still has the repository" in google.refused(build.connections().delete(name=parent))["message"]
    ran = triggers.run(name=made["resourceName"], body={}).execute()
    assert ran["response"]["status"] == "SUCCESS"
    triggers.delete(name=made["resourceName"]).execute()
    repositories.delete(name=f"{parent}/repositories/c").execute()
    build.connections().delete(name=parent).execute()


def test_a_connection_without_its_token_waits_for_a_person(google: Google) -> None:
    connections = google.client("cloudbuild", "v2").projects().locations().connections()
    made = connections.create(parent=PLACE, connectionId="gh", body={"githubConfig": {}}).execute()["response"]
    assert made["installationState"]["stage"] == "PENDING_USER_OAUTH"


def test_a_build_with_an_account_must_say_where_its_log_goes(google: Google) -> None:
    builds = google.client("cloudbuild", "v1").projects().locations().builds()
    body: dict[str, Any] = {"steps": [{"name": "ubuntu"}], "serviceAccount": f"{PARENT}/serviceAccounts/{EMAIL}"}
    assert "logging" in google.refused(builds.create(parent=PLACE, body=body))["message"]
    body["options"] = {"logging": "CLOUD_LOGGING_ONLY"}
    assert builds.create(parent=PLACE, body=body).execute()["done"]
