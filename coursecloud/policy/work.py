"""Which account of a stack does which work: what it may with each store, whom it acts as, what runs as it.

Held here beside the program's own grants on purpose: an edit of those is judged by this, and by the stack file.
"""

from collections.abc import Mapping

from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy import expected
from coursecloud.policy.reading import at
from infra.names import WORKLOADS
from infra.settings import Settings

_SEES = frozenset({"roles/storage.bucketViewer"})
_READS = _SEES | {"roles/storage.objectViewer"}
_ADDS = _READS | {"roles/storage.objectCreator"}
_WRITES = _READS | {"roles/storage.objectUser"}
_PULLS = frozenset({"roles/artifactregistry.reader"})
_PUSHES = _PULLS | {"roles/artifactregistry.writer"}
_ACCESSES = frozenset({"roles/secretmanager.secretAccessor"})
_ACTS = frozenset({"roles/iam.serviceAccountUser"})

_BUCKETS = {
    "members": {"data": _WRITES, "models": _WRITES, "staging": _WRITES},
    "machines": {"data": _WRITES, "models": _WRITES, "staging": _WRITES},
    "training": {"data": _READS, "models": _WRITES, "staging": _WRITES},
    "prediction": {"models": _READS},
    "services": {"models": _READS},
    "builds": {"data": _READS, "staging": _READS},
    "deployer": {"data": _READS, "staging": _READS},
    "ci": {"data": _READS, "staging": _WRITES},
    "ci-read": {"data": _READS},
}
_REGISTRIES = {
    **dict.fromkeys(("members", "builds", "deployer", "ci"), _PUSHES),
    **dict.fromkeys(("machines", "training", "prediction", "services", "ci-read"), _PULLS),
}
_BUILDERS = ("builds", "deployer")
_ACTS_AS = {
    "members": ("builds", "machines", "training"),
    "deployer": ("services", "training"),
    "ci": ("builds", "services", "training"),
    "deploy": ("builds", "checks", "deployer", "machines", "services", "training", "prediction"),
}
KNOWN = frozenset({*WORKLOADS, "checks", "deployer", "ci", "ci-read", "preview", "deploy"})
"""The accounts of a stack, as the program names them."""

Roles = frozenset[str]


def may(who: str, of: str, target: str, settings: Settings) -> Roles | None:
    """Give the roles that somebody's work needs on one thing; None where nothing is said of that thing.

    `who` is an account of the stack or `members`, `of` the type of the thing, `target` its name in the program.
    """
    match of:
        case "storage.Bucket" if target in expected.BUCKETS:
            by_services = _by_services(settings).get(target, frozenset()) if who == "services" else frozenset[str]()
            return _BUCKETS.get(who, {}).get(target, frozenset()) | by_services
        case "artifactregistry.Repository" if target in expected.REPOSITORIES or who in KNOWN:
            return _REGISTRIES.get(who, frozenset())
        case "secretmanager.Secret":
            if who == "members":
                return None  # their types say what they get
            reader = "builds" if who in _BUILDERS else who
            # One that only the program declares is read by nobody: the stack file names who reads which.
            return _ACCESSES if reader in settings.secrets.names.get(target, ()) else frozenset()
        case "serviceaccount.Account" if target in KNOWN:
            return _ACTS if target in _ACTS_AS.get(who, ()) else frozenset()
        case _:
            return None


def _by_services(settings: Settings) -> Mapping[str, Roles]:
    """Give what services may with buckets that they mount or write to, by the stack file."""
    found: dict[str, Roles] = {}
    for service in settings.services.values():
        for bucket in service.writes:
            found[bucket] = found.get(bucket, frozenset()) | _ADDS
        for bucket, volume in service.volumes.items():
            found[bucket] = found.get(bucket, frozenset()) | (_WRITES if volume.write else _READS)
    return found


def runs_as(resource: Registration, settings: Settings) -> frozenset[str] | None:
    """Give the stack's accounts, by name, of which a resource has one or one of its own; None where it may be more."""
    name = resource.name
    match short_type(resource.type):
        case "compute.Instance" | "compute.InstanceTemplate" | "compute.RegionInstanceTemplate":
            return frozenset({"machines"})
        case "cloudrunv2.Service":
            return frozenset({"services"})
        case "cloudbuild.Trigger":
            declared = settings.builds.triggers.get(name)
            asked = any(at(resource.inputs, f"{way}.pullRequest") for way in ("github", "repositoryEventConfig"))
            if asked or (declared and declared.pull_request):
                return frozenset({"checks"})
            return frozenset({"deployer" if declared.deploys else "builds"}) if declared else None
        case _:
            return None


def comes_by(who: str, settings: Settings) -> frozenset[str]:
    """Give the runs, by event and ref, of the group's workflows that may be an account; of any other there is none."""
    if settings.github is None:
        return frozenset()
    ref = settings.github.ref
    match who:
        case "preview" | "ci-read":
            return frozenset({expected.PULL_REQUEST})
        case "deploy":
            return frozenset({f"push/{ref}"})
        case "ci":
            return expected.runs(ref)
        case _:
            return frozenset()


DEPLOYS = frozenset({"deploy", "deployer", "ci", "preview", "ci-read"})
"""Accounts as which only builds that deploy, and workflows, run: nothing else of a stack does."""
