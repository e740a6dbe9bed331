"""Rules between sections, and between a stack and its folder: pure but for reading files, every breach at once.

A rule is silent where what it builds on is broken itself: that mistake is said once, where it was made.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from catalog import limits
from infra import names
from infra.settings import places
from infra.settings.backend import bucket_of
from infra.settings.model import Settings
from infra.settings.problem import MISSING, Findings, Problem, nearest
from infra.settings.types import NOT_IN_PROJECT_IDS
from infra.settings.usage import check as used


def check(settings: Settings, found: Findings, folder: Path) -> Iterator[Problem]:
    """Yield the breach of every rule."""
    yield from _project(settings)
    yield from _stack_name(settings)
    yield from places.check(settings, found)
    yield from _files(settings, folder)
    yield from _secrets(settings, found)
    yield from _job_variables(settings)
    yield from _watched(settings, found)
    yield from _deployers(settings, found)
    yield from _labels(settings)
    yield from _existing(settings)
    yield from _exceptions(settings)
    yield from used(settings.usage, settings.machines, settings.allow.machine_types, settings.lease.credit, found)


def _project(settings: Settings) -> Iterator[Problem]:
    for word in NOT_IN_PROJECT_IDS:
        if word in settings.project:
            yield Problem(
                "gcp:project",
                settings.project,
                f"Google gives out no project id with '{word}' in it",
                "copy the ID column of `gcloud projects list`",
            )
    bucket = names.Names(settings.project, settings.stack).bucket("data")
    if "google" not in bucket and not re.fullmatch(limits.pattern("bucket-name"), bucket):
        rule = f"Cloud Storage takes no bucket with 'goog' in front or 'g00gle' in its name, as of {bucket}"
        yield Problem("gcp:project", settings.project, rule, "take another project, or rename the stack file")


def _stack_name(settings: Settings) -> Iterator[Problem]:
    file = f"Pulumi.{settings.stack}.yaml"
    example = "rename the stack file, for example Pulumi.group-07.yaml"
    if not names.STACK.fullmatch(settings.stack):
        rule = "the name of a stack has 1 to 40 letters, digits, '-', '_' and '.', and begins with a letter"
        yield Problem(file, settings.stack, rule, example)
    if "google" in settings.stack.lower():
        yield Problem(file, settings.stack, "Cloud Storage takes no bucket name with 'google' in it", example)


def _files(settings: Settings, folder: Path) -> Iterator[Problem]:
    for name, machine in settings.machines.items():
        for key, script in (("startupScript", machine.startup_script), ("beforeStop", machine.before_stop)):
            if script and (mistake := _script_mistake(script, folder)):
                yield Problem(f"coursecloud:machines.{name}.{key}", script, *mistake)


_NO_SCRIPTS = (".md", ".py", ".ipynb", ".yaml", ".yml", ".json", ".toml")


_NEVER_SHOWN = re.compile(
    r"(.*/)?(\.(git|ssh|gnupg|aws|azure|kube|pulumi|pulumi-state)/.*|\.config/gcloud/.*|\.docker/config\.json"
    r"|\.(env(\.[^/]*)?|netrc|pgpass|npmrc|pypirc)|[^/]+\.(key|pem|p12|pfx|kdbx|jks|keystore|ppk|asc|gpg)"
    r"|id_(rsa|dsa|ecdsa|ed25519)|[^/]*credentials?(\.(json|db|txt|ini|ya?ml))?)",
    re.IGNORECASE,
)
"""What holds secrets by its name. As a script it would be in the machine's metadata, for all who may look at that."""


def _script_mistake(name: str, folder: Path) -> tuple[str, str] | None:
    try:
        if _NEVER_SHOWN.fullmatch(posixpath.normpath(name)):
            rule = "a file of this name holds secrets, and a script stands in the machine's metadata for many to read"
            return rule, "name a shell script, e.g. scripts/setup.sh; a secret is read where it runs, by its name"
        script = (folder / name).resolve()
        if Path(name).is_absolute() or not script.is_relative_to(folder.resolve()):
            return "the script lies outside the project", "put it into the project, e.g. scripts/setup.sh"
        if not script.is_file():
            return f"there is no such file in {folder.resolve()}", "create it or correct the path"
        if script.stat().st_size > 200_000:
            return "Compute Engine takes 256 KB of metadata a value", "fetch the bulk from the data bucket"
        text = script.read_text(encoding="utf-8")
        if not text.startswith("#!") and script.suffix.lower() in _NO_SCRIPTS:
            return "a file without '#!' in its first line runs in /bin/sh, and this is none for it", (
                "name a shell script, e.g. scripts/setup.sh, or begin it with what runs it: #!/usr/bin/env python3"
            )
    except UnicodeDecodeError:
        return "the script is not UTF-8 text", "save it as UTF-8"
    except (OSError, ValueError, RuntimeError) as error:
        return f"the script cannot be read ({error})", "correct the path, e.g. scripts/setup.sh"
    return None


def _secrets(settings: Settings, found: Findings) -> Iterator[Problem]:
    known = settings.secrets.names
    for name, service in settings.services.items():
        listed = [(f"secrets[{index}]", secret) for index, secret in enumerate(service.secrets)]
        listed += [(f"mountedSecrets[{index}]", secret) for index, secret in enumerate(service.mounted_secrets)]
        for key, secret in listed:
            path = f"coursecloud:services.{name}.{key}"
            if not found.sound(f"coursecloud:secrets.names.{secret}"):
                continue
            if secret not in known:
                remedy = nearest(secret, known, f"add `{secret}: [services]` under coursecloud:secrets.names")
                yield Problem(path, secret, "coursecloud:secrets.names has no such secret", remedy)
            elif "services" not in known[secret]:
                yield Problem(
                    path,
                    secret,
                    "services may not read this secret",
                    f"add `services` to coursecloud:secrets.names.{secret}",
                )


def _existing(settings: Settings) -> Iterator[Problem]:
    """Want each bucket of the group's to be one thing of the stack, and none that the stack makes itself."""
    made = names.Names(settings.project, settings.stack)
    paths = {name: f"coursecloud:storage.{name}.existing" for name in ("data", "models")}
    own = {made.bucket(name): name for name in ("data", "models", "staging")}
    used: dict[str, str] = {}
    for name, path in paths.items():
        bucket = settings.existing.get(name)
        if bucket is None:
            continue
        if bucket in own:
            yield Problem(
                path,
                bucket,
                f"it is the name of the stack's own {own[bucket]} bucket, which the stack makes and may delete",
                "leave `existing` out and write `keep: true` under coursecloud:storage; or name another bucket",
            )
        elif bucket in used:
            yield Problem(path, bucket, f"{used[bucket]} names it already", "name another bucket")
        used.setdefault(bucket, path)
    if (state := bucket_of(settings.course.backend)[0]) in own:
        yield Problem(
            "coursecloud:course.backend",
            settings.course.backend,
            f"the stack makes its {own[state]} bucket itself, and may delete it with the state in it",
            "write a bucket of its own, for example gs://mlops-group-07-pulumi",
        )
    repository = settings.existing.get("docker")
    if repository and repository in (made.resource("docker"), made.resource("python")):
        yield Problem(
            "coursecloud:registry.existing",
            repository,
            "it is the name of a repository that the stack makes itself, and may delete",
            "leave `existing` out and write `keep: true` under coursecloud:registry; or name another repository",
        )


def _exceptions(settings: Settings) -> Iterator[Problem]:
    """Want one exception from a rule for a resource: of two, a reader would see either reason and either end."""
    listed = settings.guardrails.exceptions
    for index, entry in enumerate(listed):
        # Where all of it is the same, that is said of the list.
        if entry not in listed[:index] and any(
            (entry.rule, entry.resource) == (each.rule, each.resource) for each in listed[:index]
        ):
            yield Problem(
                f"coursecloud:guardrails.exceptions[{index}]",
                f"{entry.rule} of {entry.resource}",
                "there is an exception from this rule for this resource already, with another reason or end",
                "keep one of them, with the reason and the end that hold",
            )


def _job_variables(settings: Settings) -> Iterator[Problem]:
    """Give each variable of a training job one value: the stack's, or the stack file's."""
    told = {f"{names.variable(name)}_SECRET": name for name, of in settings.secrets.names.items() if "training" in of}
    places = [("coursecloud:training.env", settings.training.env)]
    places += [(f"coursecloud:training.jobs.{name}.env", job.env) for name, job in settings.training.jobs.items()]
    for path, variables in places:
        for name in sorted(set(variables) & set(told)):
            rule = f"the stack tells the job by this variable where the secret {told[name]} is"
            yield Problem(f"{path}.{name}", variables[name], rule, "rename yours, or remove it")


_MOST_WATCHED = 30
"""Services that the filter of one condition has room for: 2,048 characters (monitoring v3, MetricThreshold.filter)."""


def _watched(settings: Settings, found: Findings) -> Iterator[Problem]:
    """Want something for an alert to watch, and not more than its filter can name."""
    path, channels = "coursecloud:monitoring.channels", settings.monitoring.channels
    if not channels or not found.sound("coursecloud:services", "coursecloud:builds"):
        return
    if not settings.services and not settings.builds.triggers:
        rule = "an alert watches services and builds, and the stack has neither"
        yield Problem(path, list(channels), rule, "remove it, or add coursecloud:services or coursecloud:builds")
    for what, watched in (("services", settings.services), ("triggers", settings.builds.triggers)):
        if len(watched) > _MOST_WATCHED:
            rule = f"an alert watches at most {_MOST_WATCHED} {what}, and these are {len(watched)}"
            yield Problem(path, list(channels), rule, "remove it, or put some of them into a stack of their own")


def _deployers(settings: Settings, found: Findings) -> Iterator[Problem]:
    deploying = {name for name, trigger in settings.builds.triggers.items() if trigger.deploys}
    for name, service in settings.services.items():
        trigger, path = service.deployed_by, f"coursecloud:services.{name}.deployedBy"
        if trigger is None or trigger in deploying or not found.sound("coursecloud:builds.triggers"):
            continue
        if trigger in settings.builds.triggers:
            rule, remedy = (
                "this trigger deploys nothing",
                f"add `deploys: true` to coursecloud:builds.triggers.{trigger}",
            )
        else:
            rule = "coursecloud:builds.triggers has no such trigger"
            remedy = nearest(
                trigger, deploying, f"add `{trigger}: {{branch: ^main$, dockerfile: Dockerfile, deploys: true}}`"
            )
        yield Problem(path, trigger, rule, remedy)


def _labels(settings: Settings) -> Iterator[Problem]:
    places = [("coursecloud:course.labels", settings.course.labels)]
    places += [(f"coursecloud:machines.{name}.labels", m.labels) for name, m in settings.machines.items()]
    for path, labels in places:
        for key in sorted(set(labels) & names.OWN_LABELS):
            yield Problem(f"{path}.{key}", labels[key], "the stack sets this label itself", "rename yours")
    count = len(settings.course.labels) + max((len(m.labels) for m in settings.machines.values()), default=0)
    most = limits.between("labels")["most"]
    if count > most - len(names.OWN_LABELS):
        yield Problem(
            "coursecloud:course.labels",
            MISSING,
            f"a resource takes {most} labels, of which the stack sets {len(names.OWN_LABELS)}; these are {count}",
            "remove some",
        )
