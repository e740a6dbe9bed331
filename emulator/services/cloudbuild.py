"""Cloud Build: triggers and builds (v1), connections to a source host and their repositories (v2)."""

from __future__ import annotations

import re
from typing import Any

from .. import longrunning, merge
from ..call import Call
from ..errors import ApiError, failed, in_use, invalid
from ..kinds import Handlers, Kind, Service
from ..shapes import part
from ..world import Resource
from .common import need, need_account, one_of

Json = dict[str, Any]
handlers = Handlers()
TRIGGERS, BUILDS = "projects/locations/triggers", "projects/locations/builds"
CONNECTIONS = "projects/locations/connections"
SOURCES = ("build", "filename", "gitFileSource", "autodetect")
EVENTS = (
    "github",
    "triggerTemplate",
    "repositoryEventConfig",
    "pubsubConfig",
    "webhookConfig",
    "sourceToBuild",
    "bitbucketServerTriggerConfig",
    "gitlabEnterpriseEventsConfig",
    "developerConnectEventConfig",
)


def canonical(path: str) -> str:
    """The old paths without a location mean `global`."""
    return re.sub(r"^(projects/[^/]+)/(triggers|builds)", r"\1/locations/global/\2", path)


def check_trigger(call: Call, body: Json, _old: Json | None) -> None:
    """One source, one event, an account, and a repository that is there."""
    if not re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}[a-zA-Z0-9])?", body.get("name") or ""):
        raise invalid(
            f"trigger name '{body.get('name')}' is invalid", ("trigger.name", "1 to 64 letters, digits and -")
        )
    same = [t for t in call.world.below("cloudbuild", call.path.rsplit("/", 1)[0]) if t.body["name"] == body["name"]]
    if any(t.path != call.path for t in same):
        raise ApiError(409, f"trigger ({call.project.number}, {body['name']}) already exists")
    one_of(body, SOURCES, "trigger")
    events = [e for e in EVENTS if body.get(e)]
    if len([e for e in events if e != "sourceToBuild"]) > 1 or not events:
        raise invalid(f"trigger must have one event; it has {', '.join(events) or 'none'}", ("trigger", "event"))
    need_account(call, body.get("serviceAccount", ""), "trigger.service_account")
    if not body.get("serviceAccount") and call.segment("locations") != "global":
        raise failed("trigger.service_account is required: the project has no legacy Cloud Build service account.")
    if repository := part(body, "repositoryEventConfig").get("repository"):
        need(call, "cloudbuild", repository)
        if repository.split("/")[3] != call.segment("locations"):
            raise invalid(
                "trigger and repository must be in one region", ("trigger.repository_event_config", repository)
            )
        event = body["repositoryEventConfig"]
        one_of(
            {k: v for k, v in event.items() if k in ("push", "pullRequest")},
            ("push", "pullRequest"),
            "repository_event_config",
        )
        event.setdefault("repositoryType", "GITHUB")
    for key in part(body, "substitutions"):
        if not re.fullmatch(r"_[A-Z0-9_]+", key):
            raise invalid(f"substitution key '{key}' must match ^_[A-Z0-9_]+$", ("trigger.substitutions", key))
    if "build" in body:
        check_build(call, body["build"])


def check_build(_call: Call, build: Json) -> None:
    """A build has steps, each with an image."""
    if not build.get("steps"):
        raise invalid("build.steps must not be empty", ("build.steps", "required"))
    for step in build["steps"]:
        if not step.get("name"):
            raise invalid("build.steps.name is required", ("build.steps.name", "required"))


def fill_trigger(call: Call, body: Json, _old: Json | None) -> None:
    """The id and the full name."""
    body["id"] = call.path.rsplit("/", 1)[-1]
    body["resourceName"] = call.path


@handlers.on("cloudbuild.projects.triggers.create", "cloudbuild.projects.locations.triggers.create")
def create_trigger(call: Call) -> Any:
    """A trigger gets an id of the server's choice."""
    path = f"{call.path}/{call.world.uuid()}"
    call.path = path
    return _settled(call, Resource("cloudbuild", path, TRIGGERS, dict(call.body)), None)


def trigger_of(call: Call) -> Resource:
    """By its id or by its name: Google takes both."""
    place, _, wanted = call.path.rpartition("/")
    for trigger in call.world.below("cloudbuild", place):
        if trigger.collection == TRIGGERS and trigger.body["name"] == wanted:
            call.path = trigger.path
    return call.resource()


@handlers.on("cloudbuild.projects.triggers.get", "cloudbuild.projects.locations.triggers.get")
def get_trigger(call: Call) -> Any:
    """One trigger."""
    return trigger_of(call).body


@handlers.on("cloudbuild.projects.triggers.delete", "cloudbuild.projects.locations.triggers.delete")
def delete_trigger(call: Call) -> Any:
    """A trigger and no build of it."""
    call.world.drop(trigger_of(call))
    return {}


@handlers.on(
    "cloudbuild.projects.triggers.patch",
    "cloudbuild.projects.locations.triggers.patch",
    "cloudbuild.projects.locations.triggers.update",
)
def patch_trigger(call: Call) -> Any:
    """Replaces the whole trigger, except where a mask says which part."""
    held = trigger_of(call)
    schema = call.doc.schemas["BuildTrigger"]
    body = merge.update(held.body, call.body, str(call.query.get("updateMask") or ""), schema, replace=True)
    return _settled(call, Resource("cloudbuild", held.path, TRIGGERS, body), held.body)


def _settled(call: Call, trigger: Resource, old: Json | None) -> Any:
    trigger.body.setdefault("createTime", call.world.now())
    check_trigger(call, trigger.body, old)
    fill_trigger(call, trigger.body, old)
    return call.world.put(trigger).body


@handlers.on(
    "cloudbuild.projects.triggers.run",
    "cloudbuild.projects.locations.triggers.run",
    "cloudbuild.projects.builds.create",
    "cloudbuild.projects.locations.builds.create",
)
def build(call: Call) -> Any:
    """A build that succeeds at once."""
    body: Json = {}
    if call.method.action == "create":
        body = dict(call.body)
        check_build(call, body)
        _log_to(body, body.get("serviceAccount"))
    else:
        trigger = trigger_of(call).body
        body = {"buildTriggerId": trigger["id"], "serviceAccount": trigger.get("serviceAccount", "")}
        if "build" in trigger:
            body |= {"steps": trigger["build"]["steps"], "options": part(trigger["build"], "options")}
            _log_to(body, body["serviceAccount"])
    place, stamp = "/".join(call.path.split("/")[:4]), call.world.now()
    name = call.world.uuid()
    body |= {
        "id": name,
        "name": f"{place}/builds/{name}",
        "projectId": call.project.id,
        "status": "SUCCESS",
        "createTime": stamp,
        "startTime": stamp,
        "finishTime": stamp,
        "logUrl": f"https://console.cloud.google.com/cloud-build/builds/{name}",
    }
    call.world.put(Resource("cloudbuild", f"{place}/builds/{name}", BUILDS, body))
    kind = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
    return longrunning.reply(call, body, {"@type": kind, "build": body})  # gcloud looks for the build here only


def _log_to(body: Json, account: Any) -> None:
    options = part(body, "options")
    told = (
        options.get("logging") in ("CLOUD_LOGGING_ONLY", "NONE")
        or options.get("defaultLogsBucketBehavior")
        or body.get("logsBucket")
    )
    if account and not told:
        text = (
            "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use "
            "the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either "
            "CLOUD_LOGGING_ONLY / NONE logging options"
        )
        raise invalid(text, ("build.options.logging", "missing"))


def check_connection(call: Call, body: Json, _old: Json | None) -> None:
    """The token must be there; how far the installation is, follows from what was given."""
    sort = one_of(
        body,
        ("githubConfig", "githubEnterpriseConfig", "gitlabConfig", "bitbucketDataCenterConfig", "bitbucketCloudConfig"),
        "connection",
    )
    secret = str(part(body[sort], "authorizerCredential").get("oauthTokenSecretVersion") or "")
    if secret:
        need(call, "secretmanager", secret.removesuffix("/versions/latest"))
    ready = sort != "githubConfig" or bool(secret and body[sort].get("appInstallationId"))
    stage = "COMPLETE" if ready else "PENDING_INSTALL_APP" if secret else "PENDING_USER_OAUTH"
    body["installationState"] = {"stage": stage}
    if stage != "COMPLETE":
        body["installationState"] |= {
            "message": "Follow the link to finish.",
            "actionUri": "https://accounts.google.com/AccountChooser",
        }
    if secret:
        body[sort]["authorizerCredential"]["username"] = "octocat"
    body["reconciling"] = False


def check_repository(call: Call, body: Json, _old: Json | None) -> None:
    """The connection is ready and the address is a git one."""
    connection = need(call, "cloudbuild", call.path.rsplit("/", 2)[0])
    if connection.body["installationState"]["stage"] != "COMPLETE":
        raise failed(f"connection {connection.name} is not ready: {connection.body['installationState']['stage']}")
    if not re.fullmatch(r"https://[\w.-]+/[\w./-]+\.git", body.get("remoteUri") or ""):
        raise invalid(
            f"remote_uri '{body.get('remoteUri')}' must be https://host/owner/name.git",
            ("repository.remote_uri", "invalid"),
        )
    body["webhookId"] = body.get("webhookId") or call.world.next_id()[:9]


def repository_used(call: Call, resource: Resource) -> None:
    """A repository that a trigger listens to stays."""
    for trigger in call.world.of("cloudbuild", TRIGGERS):
        if part(trigger.body, "repositoryEventConfig").get("repository") == resource.path:
            raise in_use(f"repository '{resource.path}'", trigger.path)


def connection_used(call: Call, resource: Resource) -> None:
    """A connection that has repositories stays."""
    for child in call.world.below("cloudbuild", resource.path):
        raise failed(f"connection '{resource.name}' still has the repository '{child.name}'")


for _version in ("operations", "projects.locations.operations"):
    handlers[f"cloudbuild.{_version}.get"] = longrunning.read
_COMMON: Json = {
    "stamps": ("createTime", "updateTime"),
    "etag": "etag",
    "name_rule": r"[a-zA-Z0-9]([\w-]{0,62}[a-zA-Z0-9])?",
}
KINDS = (
    Kind("cloudbuild", TRIGGERS),
    Kind("cloudbuild", BUILDS),
    Kind("cloudbuild", CONNECTIONS, "?connectionId", check=check_connection, blocked=connection_used, **_COMMON),
    Kind(
        "cloudbuild",
        f"{CONNECTIONS}/repositories",
        "?repositoryId",
        check=check_repository,
        blocked=repository_used,
        **_COMMON,
    ),
)
SERVICE = Service(
    "cloudbuild", ("v1", "v2"), locations=("global",), kinds=KINDS, handlers=handlers, canonical=canonical
)
