"""The course's job in Cloud Run: its account, its bucket, its image, and when it stops machines at night."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from coursecloud.course import sharing
from coursecloud.course.sharing import Job, Nightly, Sharing
from infra.settings import Problem, SettingsError
from infra.settings.backend import bucket_of
from infra.settings.problem import MISSING

NAMESPACE = "coursecloud-course:"
_KEYS = ("roster", "image")
_IMAGE = re.compile(r"[a-z0-9.-]+/[a-z0-9._/-]+@sha256:[0-9a-f]{64}")
_ACCOUNT = re.compile(r"([a-z][a-z0-9-]{4,28}[a-z0-9])@([a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com")
APIS = (
    "aiplatform", "artifactregistry", "cloudbuild", "cloudresourcemanager", "compute", "iam", "iamcredentials", "iap",
    "logging", "monitoring", "oslogin", "run", "secretmanager", "serviceusage", "storage", "sts",
)  # fmt: skip
"""What a stack can need, in the runner's own project, too: Google counts a service account's calls to its project."""
CPU, MEMORY = "1", "2Gi"
"""Of a task, which works on one stack at a time: an `up` takes 0.5 GB, and files in a container are memory."""
TIMEOUT = "10800s"
"""Three hours: ten stacks take a quarter of one, and a task that hangs ends by this."""
RETRIES = 6
"""One more than the tries of a stack: one that ends its container each time is given up before its task is."""
EACH_AT_NIGHT = 20
"""Stacks of a task at night: a stop takes some seconds."""
DAYS = 120
"""After so many days what came of a run is deleted; a course lasts less."""
_LABELS = {"managed-by": "coursecloud", "part": "course"}


@dataclass(frozen=True)
class Asked:
    """What is to be declared for one course."""

    sharing: Sharing
    job: Job
    account: str
    """Of the runner: the part of its address before the project's."""
    state: str
    """The bucket of all states; empty where each group has one of its own."""
    image: str
    groups: int

    @property
    def nightly(self) -> Nightly | None:
        """When machines are stopped at night; None unless the roster says so."""
        return self.sharing.nightly


def read(stack: str, here: Path) -> Asked:
    """Read Pulumi's configuration and the roster that it names. Raises SettingsError with every mistake."""
    config = {key: value for key, value in pulumi.runtime.get_config_env().items() if key.startswith(NAMESPACE)}
    file = here / (config.get(f"{NAMESPACE}roster") or sharing.ROSTER)
    content, unread = sharing.content_of(file)
    found, mistakes = sharing.of(content)
    problems = [*_problems(config), *(unread or _of_roster(content, file, found)), *mistakes]
    if problems or found.job is None:
        raise SettingsError(stack, problems)
    account = _ACCOUNT.fullmatch(_runner(content))
    assert account  # noqa: S101 - `_of_roster` refuses all else
    groups = len(list(file.parent.glob("Pulumi.*.yaml"))) if file.parent != here else 1
    state, _ = bucket_of(str(content.get("backend") or ""))
    return Asked(found, found.job, account[1], state, config[f"{NAMESPACE}image"], groups)


def _runner(content: Mapping[str, Any]) -> str:
    accounts = content.get("accounts")
    return str(cast("Mapping[str, Any]", accounts).get("runner") or "") if isinstance(accounts, dict) else ""


def _problems(config: Mapping[str, str]) -> Iterator[Problem]:
    for key in sorted(config.keys() - {f"{NAMESPACE}{name}" for name in _KEYS}):
        rule = f"this program has the keys {' and '.join(_KEYS)}"
        yield Problem(key, config[key], rule, f"`pulumi config rm {key.removeprefix(NAMESPACE)}`")
    image = config.get(f"{NAMESPACE}image")
    if image is None or not _IMAGE.fullmatch(image):
        rule = "an image is named by its digest: a tag may be another image tomorrow, with the runner's rights"
        remedy = "`pulumi config set image HOST/PATH@sha256:DIGEST`, which `docker push` prints (docs/course.md)"
        yield Problem(f"{NAMESPACE}image", MISSING if image is None else image, rule, remedy)


def _of_roster(content: Mapping[str, Any], file: Path, found: Sharing) -> Iterator[Problem]:
    if not content:
        rule = "the course's roster says what runs it"
        yield Problem(f"{NAMESPACE}roster", str(file), rule, "`pulumi config set roster ../../course/course.yaml`")
        return
    for key in ("record", "job"):
        if key not in content:
            rule = "a course in Cloud Run has a bucket and a job, which its roster names"
            yield Problem(key, MISSING, rule, f"add `{key}` to {file.name} (docs/course.md, In Cloud Run)")
    account = _runner(content)
    match = _ACCOUNT.fullmatch(account)
    if not match or (found.job and match[2] != found.job.project):
        rule = "the runner is a service account of the project in which the job runs"
        project = found.job.project if found.job else "PROJECT"
        remedy = f"write accounts: {{runner: runner@{project}.iam.gserviceaccount.com}} into {file.name}"
        yield Problem("accounts.runner", account or MISSING, rule, remedy)


def declare(asked: Asked) -> dict[str, Any]:
    """Declare what runs the course; gives what `pulumi stack output` shows."""
    job, project = asked.job, asked.job.project
    provider = gcp.Provider("google", project=project, region=job.region)
    google = pulumi.ResourceOptions(provider=provider)
    wanted = [*APIS, *(["cloudscheduler"] if asked.nightly else [])]
    apis = [
        gcp.projects.Service(
            api, service=f"{api}.googleapis.com", project=project, disable_on_destroy=False, opts=google
        )
        for api in wanted
    ]
    ready = pulumi.ResourceOptions(provider=provider, depends_on=apis)
    runner = gcp.serviceaccount.Account(
        "runner", account_id=asked.account, project=project, display_name="Runs the course", opts=ready
    )
    record = gcp.storage.Bucket(
        "record",
        name=asked.sharing.bucket,
        project=project,
        location=job.region.upper(),
        labels=_LABELS,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        # A lease is written every few seconds: each version of it would be kept, and billed, for a week.
        soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
        lifecycle_rules=[
            gcp.storage.BucketLifecycleRuleArgs(
                action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=gcp.storage.BucketLifecycleRuleConditionArgs(
                    age=DAYS, matches_prefixes=["runs/", "ended/", "logs/"]
                ),
            )
        ],
        force_destroy=True,
        opts=ready,
    )
    held = [
        gcp.storage.BucketIAMMember(
            name, bucket=bucket, role="roles/storage.objectUser", member=runner.member, opts=google
        )
        for name, bucket in (("runner-record", record.name), ("runner-state", asked.state))
        if bucket
    ]
    declared = gcp.cloudrunv2.Job(
        "course",
        name=job.name,
        location=job.region,
        project=project,
        labels=_LABELS,
        deletion_protection=False,
        template=gcp.cloudrunv2.JobTemplateArgs(
            labels=_LABELS,
            task_count=1,
            template=gcp.cloudrunv2.JobTemplateTemplateArgs(
                service_account=runner.email,
                max_retries=RETRIES,
                timeout=TIMEOUT,
                containers=[
                    gcp.cloudrunv2.JobTemplateTemplateContainerArgs(
                        image=asked.image,
                        resources=gcp.cloudrunv2.JobTemplateTemplateContainerResourcesArgs(
                            limits={"cpu": CPU, "memory": MEMORY}
                        ),
                    )
                ],
            ),
        ),
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[*apis, *held]),
    )
    told = {"job": declared.id, "runner": runner.email, "record": record.url, "nightly": "off"}
    if asked.nightly:
        _at_night(asked, asked.nightly, declared, ready)
        told["nightly"] = f"stops machines at {asked.nightly.schedule} ({asked.nightly.timezone})"
    return told


def _at_night(asked: Asked, nightly: Nightly, declared: gcp.cloudrunv2.Job, ready: pulumi.ResourceOptions) -> None:
    """Declare what starts the job at night, as an account that may do this alone."""
    job = asked.job
    starter = gcp.serviceaccount.Account(
        "nightly", account_id="course-nightly", project=job.project, display_name="Starts the nightly stop", opts=ready
    )
    google = pulumi.ResourceOptions(provider=ready.provider)
    may = gcp.cloudrunv2.JobIamMember(
        "nightly",
        project=job.project,
        location=job.region,
        name=declared.name,
        role="roles/run.jobsExecutorWithOverrides",
        member=starter.member,
        opts=google,
    )
    words = ["--record", f"gs://{asked.sharing.bucket}", "--nightly"]
    tasks = max(1, -(-asked.groups // EACH_AT_NIGHT))
    body = {"overrides": {"taskCount": tasks, "containerOverrides": [{"args": words}]}}
    gcp.cloudscheduler.Job(
        "nightly",
        name=f"{job.name}-nightly",
        description="Stops machines of the course's groups",
        project=job.project,
        region=job.region,
        schedule=nightly.schedule,
        time_zone=nightly.timezone,
        http_target=gcp.cloudscheduler.JobHttpTargetArgs(
            uri=f"https://run.googleapis.com/v2/{job.path}:run",
            http_method="POST",
            headers={"Content-Type": "application/json"},
            body=base64.b64encode(json.dumps(body).encode()).decode(),
            oauth_token=gcp.cloudscheduler.JobHttpTargetOauthTokenArgs(service_account_email=starter.email),
        ),
        opts=pulumi.ResourceOptions(provider=ready.provider, depends_on=[may]),
    )
