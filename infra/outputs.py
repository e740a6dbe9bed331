"""What `pulumi up` leaves in the reader's hands: names, addresses and commands to copy, quoted for a shell."""

import json
import shlex
from typing import Any

from infra.builds import Builds
from infra.commands import call, commands
from infra.component import Place
from infra.github import GitHub
from infra.machines import Machines
from infra.monitoring import Monitoring
from infra.secrets import newest_version
from infra.serving import Serving
from infra.settings import Settings
from infra.stores import Stores
from infra.training import Training
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
    alerts: Monitoring | None,
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
            **({"jobs": {name: json.dumps(job) for name, job in training.jobs.items()}} if training.jobs else {}),
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
    if alerts:
        result["alert"] = alerts.alert.name
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


def _call(uri: str) -> str:
    return call(shlex.quote(uri))
