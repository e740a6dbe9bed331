"""What a reader should know of a plan before they deploy, by kind."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from catalog import tables, types
from coursecloud.plan import adoption, gpu_quota, machine_notices, no_effect, service_images
from coursecloud.plan.effects import ALTERED
from coursecloud.plan.grants import ENCRYPTED, given
from coursecloud.plan.planning import Plan, holds
from infra import storage
from infra.builds import needs_first_connection
from infra.settings import EXAMPLE_PROJECT, Settings


@dataclass(frozen=True)
class Notice:
    """One thing that a reader should know before they deploy; `kind` groups them."""

    kind: str
    text: str
    short: str = ""
    """What of it fits a headline; empty where all of it does."""


KINDS = {
    "over": "the lease is over",
    "todo": "before the first up",
    "zone": "elsewhere than in the zone of the stack file",
    "program": "what the program does beside this",
    "public": "public",
    "team": "the team",
    "data": "holds data",
    "idle": "bills while nothing runs",
    "unknown": "not in the dated tables",
    "effect": "has no effect as it is, or another than it seems",
    "lease": "lease",
}
"""The kinds of notices in the order in which they are shown, with their headings."""


def notices(plan: Plan, today: datetime.date | None = None) -> list[Notice]:
    """Gather what a reader should know, by kind; with `today` also whether the lease is over."""
    settings = plan.settings
    over = settings.lease.over(today) if today else None
    found = [
        *([Notice("over", over)] if over else []),
        *_todo(settings),
        *(
            Notice("program", f"{deed.name if deed.urn else 'the program'} {deed.text}")
            for deed in plan.deeds
            # The group's own is told by its line, an altered program before all else.
            if deed.kind not in ("adopt", ALTERED)
        ),
        *(Notice("public", text) for text in _public(plan)),
        *(Notice("team", text) for text in _team(plan)),
        *(Notice("data", text) for text in _data(plan)),
        *(Notice("idle", text) for text in _idle(plan)),
        *(Notice("zone", text) for text in machine_notices.elsewhere(settings)),
        *(Notice("unknown", text) for text in _untabled(settings)),
        *(Notice("effect", text) for text in (*no_effect.told(settings), *no_effect.replaced(settings))),
        *(Notice("lease", text) for text in _lease(settings)),
    ]
    return sorted(found, key=lambda notice: list(KINDS).index(notice.kind))


_STANDS_FOR_ONE = "your-project-id"
"""What the documents, and the remedy for a stack file without a project, write where an id belongs."""


def _todo(settings: Settings) -> Iterator[Notice]:
    if settings.project == EXAMPLE_PROJECT:
        yield Notice(
            "todo",
            f"write your project's id into Pulumi.{settings.stack}.yaml: {EXAMPLE_PROJECT} is an example, and `make up`"
            " refuses it",
        )
    elif settings.project == _STANDS_FOR_ONE:
        yield Notice("todo", f"write your project's id into Pulumi.{settings.stack}.yaml: {_STANDS_FOR_ONE} is none")
    if needs_first_connection(settings.builds) and settings.builds.repository:
        repository = settings.builds.repository
        yield Notice(
            "todo",
            f"connect {repository.owner}/{repository.name} once at https://console.cloud.google.com/cloud-build/"
            f"triggers;region={settings.region}/connect?project={settings.project} (1st generation), or name"
            " a 2nd generation `connection`: without either Google answers 'Repository mapping does not exist'",
        )
    for name in sorted({name for service in settings.services.values() for name in service.mounted_secrets}):
        yield Notice(
            "todo",
            f"secret {name} is mounted: Cloud Run refuses the service until the secret has a value (`coursecloud"
            f" commands 'add secret {name}'`); use `secrets` instead of `mountedSecrets` until then",
        )
    yield from (Notice("todo", text) for text in service_images.first(settings))
    yield from (Notice("todo", text) for text in machine_notices.drivers(settings))
    short = gpu_quota.headline(settings)
    yield from (Notice("todo", text, short) for text in gpu_quota.notices(settings))
    if any(principal.endswith(ENCRYPTED) for principal in settings.team.members):
        yield Notice(
            "todo",
            "encrypted members are shown as encrypted-...@encrypted.invalid; only the real run reads them. With the"
            " empty passphrase that `make up` sets, everybody who has the stack file can decrypt them: keep addresses"
            f" in members.{settings.stack}.yaml instead, or set a passphrase of your own in PULUMI_CONFIG_PASSPHRASE",
        )


def _public(plan: Plan) -> Iterator[str]:
    for resource in plan.custom:
        if any(grant.public for grant in given(resource)):
            yield f"{resource.inputs.get('name', resource.name)}: everybody on the internet may call it"
    if any(machine for machine in plan.settings.machines) and plan.settings.network.egress == "address":
        yield "each machine has an external address while it runs; nothing comes in but SSH through IAP"


def _team(plan: Plan) -> Iterator[str]:
    settings, file = plan.settings, f"members.{plan.settings.stack}.yaml"
    if plan.members_file:
        yield f"{file} is read: an `up` where it is not would take its members' access away (it stops first)"
    # Only where a group is at work that has named nobody: a plain stack has one person.
    at_work = settings.lease.ends or settings.team.extra_roles
    if plan.members_file is False and at_work and not settings.team.members and settings.project != EXAMPLE_PROJECT:
        yield (
            f"no {file} in this folder: this plan has only the members of the stack file, which are none. Whoever"
            " deployed with that file has more, and an `up` from here would take their access away (it stops first)"
        )


def _data(plan: Plan) -> Iterator[str]:
    stores = [resource for resource in plan.custom if holds(resource) and not plan.adopts(resource)]
    lost = [f"{resource.name} ({holds(resource)})" for resource in stores if not resource.protect]
    kept = [f"{resource.name} ({holds(resource)})" for resource in stores if resource.protect]
    if own := [resource for resource in plan.custom if plan.adopts(resource)]:
        yield (
            f"{', '.join(f'{each.name} ({adoption.called(each)})' for each in own)}: the group's own, adopted as it is;"
            " never changed and never deleted by the stack, whose grants on it alone go with it. What is set there"
            " (versions, rules that delete, who else is let in) no plan knows"
        )
    if kept:
        yield (
            f"`make down` in the evening keeps {', '.join(kept)}; plain `pulumi destroy` refuses because of them, and"
            " `make finish` at the end of the course deletes them too"
        )
    yield from service_images.evening(plan.settings)
    yield from machine_notices.local_ssd(plan.settings)
    yield from machine_notices.before_stop(plan.settings)
    if lost:
        plain = "`make down`" if kept else "`pulumi destroy` and `make down`"
        yield f"{plain} in the evening delete{'s' if kept else ''} {', '.join(lost)}, with all that is in them"


def _idle(plan: Plan) -> Iterator[str]:
    idle: dict[str, list[str]] = {}
    for resource in plan.custom:
        known = types.of(resource.type)
        if known and known.idle:
            idle.setdefault(known.idle, []).append(resource.name)
    for what, names in idle.items():
        yield f"{', '.join(names)}: {what}"
    for name, service in plan.settings.services.items():
        if least := service.min_instances:
            wait = "instance waits" if least == 1 else "instances wait"
            yield f"{name}: {least} {wait} for requests around the clock, until `make down` (`minInstances`)"


def _untabled(settings: Settings) -> Iterator[str]:
    own = settings.prices
    for kind, names, priced in (
        (
            "machine type",
            [name for name in settings.allow.machine_types if not tables.machine_type(name)],
            own.machine_types,
        ),
        ("GPU", [name for name in settings.allow.gpus if not tables.gpu(name)], own.gpus),
        ("zone", settings.allow.zones, {}),
    ):
        for name in names:
            price = "its price is yours" if name in priced else "its price is unknown"
            yield f"{kind} {name}: allowed by the stack file, unknown to the tables; {price}"
    for name, machine in settings.machines.items():
        yield from (f"machine {name}: {text}" for text in machine_notices.taken_for_granted(settings, machine))
        yield from (f"machine {name}: {text}" for text in machine_notices.image(settings, machine))


def _lease(settings: Settings) -> Iterator[str]:
    lease = settings.lease
    if lease.ends is None:
        yield "no end: add `starts` and `ends` under coursecloud:lease, so that labels and access end with it"
    days = storage.noncurrent_days(lease)
    newest = settings.storage.data.keep_newest
    lost = storage.first_loss(lease)
    yield (
        f"a replaced object stays {days} days, the newest {newest} versions for ever: an old `dvc checkout`"
        + (f" can fail from {lost}" if lost else f" can fail {days} days after its data was replaced")
    )
