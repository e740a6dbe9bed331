"""What a person does once before the first `up`, as commands like those of the days. Pure: settings in, words out."""

import shlex

from coursecloud.plan import gpu_quota
from infra import monitoring, names
from infra.names import Names
from infra.settings import Settings
from infra.settings.backend import bucket_of


def commands(settings: Settings) -> dict[str, str]:
    """Write the commands by name. Whoever owns the project runs those of quotas and notifications."""
    project = settings.project
    return {
        # One login is gcloud's own, the other what programs find: Pulumi, DVC, Google's libraries.
        "log in gcloud": "gcloud auth login",
        "log in programs": "gcloud auth application-default login",
        "set project": shlex.join(["gcloud", "config", "set", "project", project]),
        **gpu_quota.commands(settings),
        # `coursecloud:monitoring` names the channel by the number with which what this prints ends.
        "email notifications": monitoring.channel_command(project, settings.stack),
        **_state(settings),
        **_github(settings),
    }


def _state(settings: Settings) -> dict[str, str]:
    """Write how a group comes to share its state: a bucket beside the stack, and its address in Pulumi.yaml."""
    bucket = state_bucket(settings)
    named, folder = bucket_of(settings.course.backend)
    if settings.course.backend:
        # The stack file says where: nothing is written into Pulumi.yaml. Of a folder in a bucket that others share each
        # member is let into that folder alone.
        return {
            f"let in {names.member_key(member)} to state": _into(member, named, folder)
            for member in settings.team.members
            if folder
        }
    address = shlex.join(["sed", "-E", "-i.before", f"s|^( +url: ).*|\\1{bucket}|", "Pulumi.yaml"])
    return {
        "state bucket": shlex.join([
            *("gcloud", "storage", "buckets", "create", bucket, f"--project={settings.project}"),
            *(f"--location={settings.region}", "--uniform-bucket-level-access", "--public-access-prevention"),
        ]),
        # GNU's sed and that of macOS agree on no way to edit a file without a copy.
        "share state": f"{address} && rm Pulumi.yaml.before",
    }  # fmt: skip


def _into(member: str, bucket: str, folder: str) -> str:
    """Write how who owns a shared bucket lets a member into one folder of it: its objects, and their list.

    A list is of the bucket, and told by its prefix
    (https://cloud.google.com/iam/docs/conditions-attribute-reference#cloud-storage, from memory, 2026-11).
    """
    objects = f"resource.name.startsWith('projects/_/buckets/{bucket}/objects/{folder}/')"
    listed = f"api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('{folder}/')"
    condition = f"^#^title=state of {folder}#expression={objects} || {listed}"
    return shlex.join([
        *("gcloud", "storage", "buckets", "add-iam-policy-binding", f"gs://{bucket}", f"--member={member}"),
        *("--role=roles/storage.objectUser", f"--condition={condition}"),
    ])  # fmt: skip


def _github(settings: Settings) -> dict[str, str]:
    """Write what the repository of `coursecloud:github` has to be told, and what its previews have to be let read."""
    if settings.github is None:
        return {}
    own = Names(project=settings.project, stack=settings.stack, existing=settings.existing)
    accounts = ["preview", *(["deploy"] if settings.github.deploy else []), "ci", "ci-read"]
    told = {f"GCP_{each.upper().replace('-', '_')}_SERVICE_ACCOUNT": own.email(each) for each in accounts}
    told["COURSECLOUD_STACK"] = settings.stack
    lines = [shlex.join(["gh", "variable", "set", name, "--body", value]) for name, value in told.items()]
    return {
        "tell github": " && ".join([tell_provider(settings.stack), *lines]),
        "let previews read state": shlex.join([
            *("gcloud", "storage", "buckets", "add-iam-policy-binding", state_bucket(settings)),
            *(f"--member=serviceAccount:{own.email('preview')}", "--role=roles/storage.objectViewer"),
        ]),
    }  # fmt: skip


def state_bucket(settings: Settings) -> str:
    """Give the address of the bucket that a group's state goes into; it is none of the stack's, which may go."""
    if bucket := bucket_of(settings.course.backend)[0]:
        return f"gs://{bucket}"
    return f"gs://{settings.project}-pulumi"


def tell_provider(stack: str) -> str:
    """Write how the repository is told the identity provider, whose name has a number that only Google knows."""
    return (
        f'gh variable set GCP_WORKLOAD_IDENTITY_PROVIDER --body "$(pulumi stack output github --stack {stack}'
        ' --json | python3 -c \'import json, sys; print(json.load(sys.stdin)["workloadIdentityProvider"])\')"'
    )
