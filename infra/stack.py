"""The whole environment, put together from its components in the order in which they need each other."""

from typing import Any

from infra import apis, names, outputs
from infra.apis import Apis
from infra.builds import Builds
from infra.component import Place
from infra.github import GitHub
from infra.images import DEPLOYED
from infra.machines import Machines
from infra.monitoring import Monitoring
from infra.names import Names
from infra.network import Network
from infra.registry import Registry
from infra.secrets import Secrets
from infra.serving import Serving
from infra.settings import Settings
from infra.storage import Storage
from infra.stores import Stores
from infra.team import Team
from infra.training import Training
from infra.workflows import Workflows


def declare(settings: Settings) -> dict[str, Any]:
    """Register every resource that the settings ask for, and return the stack's outputs."""
    place = _place(settings)
    stores = Stores(
        storage=Storage(place, settings.storage, settings.lease),
        registry=Registry(place, settings.registry, kept=_kept_tags(settings)),
        secrets=Secrets(place, settings.secrets),
    )

    # First, as what attaches an account waits until a workflow that deploys may do so.
    github = GitHub(place, settings.github) if settings.github else None
    machines = _machines(place, settings, stores, github) if settings.machines else None
    training = Training(place, settings.training, stores=stores) if settings.training.enabled else None
    serving = None
    if settings.services:
        serving = Serving(place, settings.services, builds=settings.builds, stores=stores, github=github)
    builds = _builds(place, settings, stores, training, serving, github)
    alerts = None
    if settings.monitoring.channels:
        alerts = Monitoring(place, settings.monitoring, serving=serving, builds=builds)

    accounts = {
        name: component.account
        for name, component in (("machines", machines), ("training", training), ("builds", builds))
        if component is not None
    }
    if settings.team.members:
        Team(
            place,
            settings,
            operator=machines.operator if machines else None,
            accounts=accounts,
            serving=serving,
            stores=stores,
        )
    workflows = None
    if github:
        submitted = {name: account for name, account in accounts.items() if name != "machines"}
        submitted |= {"services": serving.account} if serving else {}
        workflows = Workflows(place, github, accounts=submitted, stores=stores, serving=serving)
        github.grant_deploy(place.granted)
    return outputs.outputs(
        place,
        settings,
        machines=machines,
        training=training,
        serving=serving,
        builds=builds,
        github=github,
        alerts=alerts,
        workflows=workflows,
        stores=stores,
    )


def _builds(
    place: Place,
    settings: Settings,
    stores: Stores,
    training: Training | None,
    serving: Serving | None,
    github: GitHub | None,
) -> Builds | None:
    if not settings.builds.triggers or not settings.builds.repository:
        return None
    return Builds(
        place,
        settings.builds,
        settings.services,
        settings.builds.repository,
        stores=stores,
        training=training,
        serving=serving,
        github=github,
    )


def _place(settings: Settings) -> Place:
    """Switch the APIs on, and say once where everything is and how it is named and labelled."""
    return Place(
        project=settings.project,
        region=settings.region,
        names=Names(project=settings.project, stack=settings.stack, existing=settings.existing),
        labels=names.labels(
            course=settings.course.name,
            group=settings.course.group,
            owner=settings.course.owner,
            stack=settings.stack,
            lease_end=str(settings.lease.ends or "none"),
            own=settings.course.labels,
        ),
        apis=Apis(settings.project, apis.needed(settings)).enabled,
        course=settings.course.accounts,
    )


def _kept_tags(settings: Settings) -> tuple[str, ...]:
    """List the tags by which services that builds deploy are made anew: no cleanup takes such an image."""
    return (DEPLOYED,) if any(service.deployed_by for service in settings.services.values()) else ()


def _machines(place: Place, settings: Settings, stores: Stores, github: GitHub | None) -> Machines:
    network = Network(place, subnets=settings.subnets, nat=settings.network.egress == "nat")
    return Machines(place, settings, network=network, stores=stores, github=github)
