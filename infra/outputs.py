"""What `pulumi up` leaves in the reader's hands: names, addresses and commands to copy, quoted for a shell."""

import json
import shlex
from typing import Any

from infra.builds import Builds
from infra.component import Place
from infra.github import GitHub
from infra.machines import Machines
from infra.secrets import newest_version
from infra.serving import Serving
from infra.settings import Settings
from infra.stores import Stores
from infra.training import Training, submit_command
from infra.workflows import Workflows


def outputs(
    place: Place,
    settings: Settings,
    *,
    stores: Stores,
    machines: Machines | None,
    training: Training | None,
    serving: Serving | None,
    builds: Builds | None,
    github: GitHub | None,
    workflows: Workflows | None,
) -> dict[str, Any]:
    """Name what the stack has; `commands` maps what one wants to do to the command that does it."""
    result: dict[str, Any] = {
        "project": place.project,
        "region": place.region,
        "buckets": {
            "data": stores.storage.data.url,
            "models": stores.storage.models.url,
            "staging": stores.storage.staging.url,
        },
        "registry": stores.registry.docker_url,
        "commands": commands(place, settings),
    }
    if machines:
        result["machines"] = {
            name: {"zone": machine.zone, "internalIp": machine.network_interfaces[0].network_ip}
            for name, machine in machines.instances.items()
        }
    if settings.team.members:
        # Who deploys without their file would take their access away: `coursecloud up` looks here first.
        result["membersByFile"] = list(settings.members_by_file)
    if training:
        result["training"] = {
            "job": json.dumps(training.job),
            "serviceAccount": training.account.email,
            "predictionServiceAccount": training.prediction.email if training.prediction else None,
            "endpoint": training.endpoint.id if training.endpoint else None,
        }
    if stores.secrets.containers:
        result["secrets"] = {name: newest_version(place, name) for name in stores.secrets.containers}
    if serving:
        result["services"] = {name: service.uri for name, service in serving.services.items()}
        result["callService"] = {name: service.uri.apply(_call) for name, service in serving.services.items()}
    if builds:
        result["triggers"] = {name: trigger.name for name, trigger in builds.triggers.items()}
    if github:
        result["github"] = {
            "workloadIdentityProvider": github.provider.name,
            "previewServiceAccount": github.preview.email,
            "deployServiceAccount": github.deploy.email if github.deploy else None,
        }
        if workflows:
            result["github"] |= {
                "ciServiceAccount": workflows.ci.email,
                "ciReadServiceAccount": workflows.reader.email,
            }
    return result


def commands(place: Place, settings: Settings) -> dict[str, str]:
    """Write the commands, keyed by what they are for; all of it is known before anything is deployed."""
    names, project = place.names, f"--project={place.project}"
    result: dict[str, str] = {}
    for name, machine in settings.machines.items():
        instance = [names.resource(name), project, f"--zone={settings.zone_of(machine)}"]
        result[f"ssh {name}"] = _line("gcloud", "compute", "ssh", *instance, "--tunnel-through-iap")
        result[f"start {name}"] = _line("gcloud", "compute", "instances", "start", *instance)
        result[f"stop {name}"] = _line("gcloud", "compute", "instances", "stop", *instance)
    data = f"gs://{names.bucket('data')}"
    result["upload data"] = _line("gcloud", "storage", "cp", "--recursive", "data", data, project)
    result["list data"] = _line("gcloud", "storage", "ls", "--all-versions", data, project)
    image = f"{place.region}-docker.pkg.dev/{place.project}/{names.resource('docker')}/trainer:latest"
    result["docker login"] = _line("gcloud", "auth", "configure-docker", f"{place.region}-docker.pkg.dev", "--quiet")
    result["docker push"] = f"{_line('docker', 'build', '--tag', image, '.')} && {_line('docker', 'push', image)}"
    if settings.builds.triggers:
        # A staging folder of the stack's own, as gcloud would make a bucket that nobody deletes. The log of a build
        # by an account of its own is followed by viewers of the project only, so it is linked to.
        result["submit build"] = _line(
            "gcloud", "builds", "submit", ".", "--config=cloudbuild.yaml", project, f"--region={place.region}",
            f"--service-account=projects/{place.project}/serviceAccounts/"
            f"{names.account('builds')}@{place.project}.iam.gserviceaccount.com",
            f"--gcs-source-staging-dir=gs://{names.bucket('staging')}/source",
            "--format=value(status,logUrl)", "--suppress-logs",
        )  # fmt: skip
    for name, trigger in settings.builds.triggers.items():
        if trigger.pull_request or trigger.deploys:
            continue  # only GitHub can start it: nobody in the team acts as what deploys
        kind = "--tag=TAG" if trigger.tag else "--branch=main"
        result[f"run trigger {name}"] = _line(
            "gcloud",
            "builds",
            "triggers",
            "run",
            names.resource(name),
            project,
            f"--region={place.region}",
            kind,
        )
    if settings.training.enabled:
        readable = tuple(name for name, readers in settings.secrets.names.items() if "training" in readers)
        result["train"] = submit_command(place, settings.training, readable)
        region = settings.training.region or place.region
        result["list jobs"] = _line("gcloud", "ai", "custom-jobs", "list", project, f"--region={region}")
    for name in settings.secrets.names:
        # The value is typed or piped in, so it is in no shell history and no process list.
        result[f"add secret {name}"] = _line(
            "gcloud", "secrets", "versions", "add", names.secret(name), project, "--data-file=-"
        )
    result["read logs"] = _line("gcloud", "logging", "read", "severity>=WARNING", project, "--limit=20")
    return result


def _call(uri: str) -> str:
    return f'curl --header "Authorization: Bearer $(gcloud auth print-identity-token)" {shlex.quote(uri)}'


def _line(*words: str) -> str:
    return shlex.join(words)
