"""Every input is understood: one that no type's file classes, or made of Google's answers, closes the gate."""

import functools
import re
from collections.abc import Iterator
from typing import Any, cast

from catalog import types
from catalog.types.model import ResourceType
from catalog.types.parts import Classes
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import told
from coursecloud.policy.example import DROP, Example, bucket, machine, put
from coursecloud.policy.reading import Inputs, UnknownError, at
from coursecloud.policy.rule import ResourceRule
from coursecloud.policy.rules import alerts
from coursecloud.policy.told_values import said
from infra.settings import Settings

EXCEPTION = "an exception in the stack file, with a reason and an end"
"""What may be done where a rule cannot be kept."""


def _inputs(resource: Registration, settings: Settings) -> Iterator[str]:
    known = types.of(resource.type)
    if known is None or known.classes is None:
        return  # the type as a whole is not understood
    yield from _made_of_answers(resource, known)
    yield from told.otherwise(resource, settings)
    for path, taken in known.classes.unless_given.items():
        if at(resource.inputs, path) is None:
            allowed = " or ".join(said(each) for each in known.classes.only[path])
            yield f"`{path}` is left out, which is {said(taken)}; {allowed} is what somebody has looked at"
    odd: list[str] = []
    later = ""
    for path, value in _leaves(resource.inputs):
        if path == "project":
            if value not in (settings.project, UNKNOWN):
                yield f"`project` is {said(value)}, and the stack is in {settings.project}"
            continue
        if elsewhere := _project(path, value, settings):
            yield f"`{path}` is of project {elsewhere}, and the stack is in {settings.project}"
        match _judged(known.classes, path, value):
            case "unknown":
                odd.append(f"`{path}`")
            case "value":
                yield f"`{path}` is {said(value)}, and nobody has said what that spends, opens or loses"
            case "later":
                later = path
            case _:
                pass
    if odd:
        listed = ", ".join(list(dict.fromkeys(odd))[:6]) + (f" and {len(odd) - 6} more" if len(odd) > 6 else "")
        words = "spends, opens or loses" if len(set(odd)) == 1 else "spend, open or lose"
        yield f"nobody has said what {listed} {words}"
    if later:
        raise UnknownError(f"`{later}`")


_LONE = re.compile(r"\$\{[^}]*\}|\*")
"""What Google computes, and nothing that the program puts around it."""


def _made_of_answers(resource: Registration, known: ResourceType) -> Iterator[str]:
    """Name what the program makes of what Google answers: no preview has it, so no other rule has looked at it.

    Who gets which role by it is judged as a grant.
    """
    held = alerts.HELD.get((types.short_type(resource.type), resource.name), frozenset())
    judged = {known.grants.to, known.grants.role, "condition"} if known.grants else set[str]()
    for path, text in resource.at_run.items():
        place = re.sub(r"\[\d+\]", "[]", path)
        if _LONE.fullmatch(text) or place in held or place.partition(".")[0].removesuffix("[]") in judged:
            continue
        # Inside of a block a word is harmless where another rule holds it to the stack file: not what nobody has seen.
        plain = "." not in place or place.startswith("labels.")
        if known.classes and not (plain and _word(known.classes, place) == "harmless"):
            yield f"`{path}` is {said(text)} in the real run, made of what Google answers: no preview shows it"


_OF_PROJECT = re.compile(r"(?:https://[\w.-]*googleapis\.com/\w+/\w+/)?projects/(?P<project>[a-z][a-z0-9:.-]*)/")


def _project(path: str, value: object, settings: Settings) -> str:
    """Name the project of what an input refers to, where that is another one; images are Google's and others'."""
    found = _OF_PROJECT.match(value) if isinstance(value, str) else None
    return found["project"] if found and found["project"] != settings.project and not path.endswith("image") else ""


def _judged(classes: Classes, path: str, value: object) -> str:
    """Say whether an input is understood: `yes`, `unknown` (nobody classed it), `value` (not this one), or `later`."""
    if path in classes.only:
        if value == UNKNOWN:
            return "later"
        wanted = _readable() if path == "permissions[]" and isinstance(value, str) else ()
        return "yes" if any(_same(value, each) for each in classes.only[path]) or value in wanted else "value"
    return "yes" if _word(classes, path) else "unknown"


def _word(classes: Classes, path: str) -> str:
    """Say what an input is about, or the next larger block that somebody has classed; empty where none is."""
    while path and path not in classes.words:
        # Without the brackets of a list, then without the last name.
        path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
    return classes.words[path] if path else ""


def _same(value: object, each: object) -> bool:
    # 1 is no true.
    return value == each and isinstance(value, bool) == isinstance(each, bool)


@functools.cache
def _readable() -> frozenset[str]:
    """List what a preview asks of the types that the program declares: settings and policies."""
    return frozenset(permission for each in types.declared() for permission in each.read)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give what an input says, with its path as the classes have it; what is not given is not said."""
    if isinstance(value, dict) and value != UNKNOWN and value:
        for key, entry in cast("Inputs", value).items():
            yield from _leaves(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for entry in cast("list[Any]", value):
            yield from _leaves(entry, f"{path}[]")
    elif value is not None:
        yield path, value


_GCLOUD = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim"


RULES = (
    ResourceRule(
        id="input-understood",
        title="Every input is one that somebody has looked at",
        why="An input that no rule, price or fact knows can open, spend or lose anything without a word.",
        remedy=f"Leave it out; or class it in catalog/types; or {EXCEPTION}.",
        severity="high",
        applies=lambda _: True,
        check=_inputs,
        breaks=(
            Example("dev", "workbench", machine("metadata.ssh-keys", "me:ssh-rsa AAAA"), says="`metadata.ssh-keys`"),
            Example(
                "dev",
                "workbench",
                machine("scheduling.automaticRestart", True),
                says="`scheduling.automaticRestart` is `True`",
            ),
            Example(
                "dev",
                "workbench",
                machine("bootDisk.initializeParams.image", "somebody/theirs"),
                says="the stack file says `debian-cloud/debian-13`",
            ),
            Example(
                "full",
                "backend",
                put("cloudrunv2.Service", "backend", "template.containers.0.envs.0.value", "gs://theirs"),
                says="`DATA_BUCKET`",
            ),
            Example("dev", "workbench", machine("attachedDisks", DROP), says="no disk attached"),
            Example("dev", "data", bucket("name", "somebodys"), says="`name` is `somebodys`"),
            Example("dev", "data", bucket("softDeletePolicy", DROP), says="is left out, which is `604800`"),
            *(
                Example(stack, name, put(kind, name, path, DROP), says=f"`{path}` is left out")
                for stack, kind, name, path in (
                    ("dev", "compute.Network", "network", "autoCreateSubnetworks"),
                    ("full", "cloudrunv2.Service", "backend", "deletionProtection"),
                    ("full", "compute.Instance", "workbench", "allowStoppingForUpdate"),
                    ("full", "compute.Instance", "workbench", "scheduling.automaticRestart"),
                    ("full", "compute.Instance", "workbench", "bootDisk.initializeParams.type"),
                    ("full", "compute.Disk", "workbench-work", "type"),
                    ("full", "cloudbuild.Trigger", "trainer", "build.timeout"),
                    ("full", "cloudbuild.Trigger", "release", "filename"),
                )
            ),
            Example(
                "full",
                "backend",
                put("cloudrunv2.Service", "backend", "location", "europe-west1"),
                says="`location` is `europe-west1`",
            ),
            *(
                Example("dev", "workbench", machine(path, value), says=says)
                for path, value, says in (
                    (
                        "guestAccelerators",
                        [{"type": "nvidia-tesla-t4", "count": 1}],
                        "`guestAccelerators` is `1 nvidia",
                    ),
                    ("scheduling.provisioningModel", "SPOT", "it is Spot, and the stack file says nothing of Spot"),
                    ("scratchDisks", [{"interface": "NVME"}], "1 local SSD of its own"),
                    ("networkInterfaces.0.accessConfigs", [{"natIp": ""}] * 2, "2 external addresses"),
                    ("name", "other", "`name` is `other`"),
                    ("networkInterfaces", [{"subnetwork": "dev-subnet"}] * 2, "2 network interfaces"),
                    ("zone", "europe-west1-c", "`zone` is `europe-west1-c`"),
                    ("bootDisk.initializeParams.type", "pd-ssd", "`bootDisk.initializeParams.type` is `pd-ssd`"),
                )
            ),
            Example(
                "dev",
                "workbench-work",
                put("compute.Disk", "workbench-work", "zone", "europe-west1-c"),
                says="`zone` is `europe-west1-c`",
            ),
            Example(
                "gpu",
                "trainer",
                put("compute.Instance", "trainer", "guestAccelerators", DROP),
                says="`guestAccelerators` is `none`",
            ),
            Example(
                "full",
                "WANDB_API_KEY",
                put(
                    "secretmanager.Secret",
                    "WANDB_API_KEY",
                    "replication.auto",
                    {
                        "customerManagedEncryption": {
                            "kmsKeyName": "projects/p/locations/global/keyRings/r/cryptoKeys/k"
                        }
                    },
                ),
                says="`replication.auto.customerManagedEncryption.kmsKeyName`",
            ),
            Example(
                "full",
                "trainer",
                put(
                    "compute.Instance",
                    "trainer",
                    "attachedDisks",
                    [{"source": "projects/p/zones/z/disks/full-workbench-work", "deviceName": "work"}],
                ),
                says="`full-workbench-work` attached",
            ),
            Example(
                "full", "workbench", put("compute.Instance", "workbench", "resourcePolicies", DROP), says="no schedule"
            ),
            Example(
                "full",
                "trainer",
                put("compute.Instance", "trainer", "scheduling.maxRunDuration.seconds", 86400),
                says="`scheduling.maxRunDuration.seconds` is `86400`",
            ),
            Example(
                "dev",
                "subnet-europe-west1",
                put("compute.Subnetwork", "subnet-europe-west1", "ipCidrRange", "0.0.0.0/1"),
                says="`ipCidrRange` is `0.0.0.0/1`",
            ),
            *(
                Example("full", name, put("cloudbuild.Trigger", name, path, value), says=says)
                for name, path, value, says in (
                    ("trainer", "includedFiles", DROP, "every push builds"),
                    ("trainer", "location", "global", "it builds in `global`"),
                    ("trainer", "location", DROP, "it builds in `global`"),
                    ("trainer", "build.options.machineType", "E2_HIGHCPU_32", "`build.options.machineType`"),
                    ("trainer", "build.images", ["us-docker.pkg.dev/evil/x/y"], "it pushes `us-docker.pkg.dev/evil"),
                    ("checks", "build.images", ["europe-west4-docker.pkg.dev/p/full-docker/checks"], "it pushes"),
                    ("trainer", "build.steps.0.args", ["run", "--rm", "evil/image"], "docker run --rm evil/image"),
                    ("trainer", "build.steps.0.args", ["push", "us-docker.pkg.dev/evil/x/y"], "docker push us-"),
                    ("trainer", "build.steps.0.args.4", "us-docker.pkg.dev/evil/x:latest", "a step runs"),
                    ("trainer", "build.steps.0.args.6", "Dockerfile.other", "a step runs"),
                    ("trainer", "build.steps.0.env", ["A=b"], "a step runs"),
                )
            ),
            *(
                Example(
                    "full", "trainer", put("cloudbuild.Trigger", "trainer", "build.steps", [step]), says="a step runs"
                )
                for step in (
                    {"name": _GCLOUD, "entrypoint": "gcloud", "args": ["secrets", "versions", "access", "latest"]},
                    {"name": _GCLOUD, "entrypoint": "gcloud", "args": ["run", "services", "update", "full-demo"]},
                    {"name": _GCLOUD, "entrypoint": "bash", "args": ["run", "services", "update", "full-demo"]},
                )
            ),
        ),
        keeps=(Example("dev", "workbench", machine("labels.near", "miss")),),
    ),
)
