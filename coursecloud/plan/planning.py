"""What a stack would be: a pure value made from a recording, and its documented JSON form."""

import datetime
import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from catalog import tables, types
from catalog.types import short_type as short_type
from coursecloud.common import shadows, stack_file
from coursecloud.plan import (
    adoption,
    effects,
    engine,
    gpu_quota,
    machine_notices,
    real_run,
    service_images,
    trigger_files,
)
from coursecloud.plan.grants import given
from coursecloud.plan.registration import UNKNOWN, Deed, Registration
from infra import files, storage
from infra.builds import needs_first_connection
from infra.settings import EXAMPLE_PROJECT, Problem, Settings, SettingsError, load
from infra.settings.problem import MISSING

VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""

PROJECT = "coursecloud"
"""The Pulumi project's name, as in Pulumi.yaml."""


@dataclass(frozen=True)
class Plan:
    """The resources of one stack before anything exists."""

    settings: Settings
    resources: tuple[Registration, ...]
    outputs: Mapping[str, Any]
    unread: tuple[str, ...] = ()
    """Of a saved plan: the settings that this version of the tool does not understand, and left out."""
    program: tuple[Deed, ...] = ()
    """What the program did beside registering, and what it does otherwise in a real run."""
    members_file: bool | None = None
    """Whether members.STACK.yaml, which git never has, was there; None where nobody looked."""

    @functools.cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """All that the program does beside asking for resources with the inputs that are shown."""
        found = (effects.of_resource(each, adopted=self.adopts(each)) for each in self.resources)
        return (*self.program, *(deed for deeds in found for deed in deeds))

    def adopts(self, resource: Registration) -> bool:
        """Say whether a resource is the group's own, which the stack uses and never changes or deletes."""
        return adoption.adopted(resource, self.settings)

    @property
    def custom(self) -> tuple[Registration, ...]:
        """The resources that Google will hold; components only group them."""
        return tuple(resource for resource in self.resources if resource.custom)

    def counts(self) -> Counter[str]:
        """Count resources by short type, e.g. `storage.Bucket`."""
        return Counter(short_type(resource.type) for resource in self.custom)


def make(stack: str, file: Path, root: Path, *, twice: bool = False) -> Plan:
    """Plan the stack of a stack file with the program in `root`; with `twice` it is run as the real run, too.

    Raises SettingsError before the program runs where the file has mistakes, or where a file of the project would be
    run in place of a library.
    """
    if found := shadows.found(root):
        raise SettingsError(stack, [Problem(f"{shadow}", MISSING, shadows.RULE, shadows.REMEDY) for shadow in found])
    config = stack_file.read(stack, file)
    try:
        settings = load(config, stack, root)
    except SettingsError as error:
        raise stack_file.located(error, files.text_of(file)) from None
    program = root / "__main__.py"
    recording = engine.record(program, project=PROJECT, stack=stack, config=config)
    done = (*_beside(file), *recording.deeds)
    patterns: dict[str, dict[str, str]] = {}
    if twice:
        done += real_run.differences(program, recording, project=PROJECT, stack=stack, config=config, patterns=patterns)
    listed = sorted(recording.resources, key=lambda r: r.urn)
    listed = [replace(each, at_run=patterns[each.urn]) if each.urn in patterns else each for each in listed]
    resources = tuple(trigger_files.read(resource, root, file.parent) for resource in listed)
    there = (root / f"members.{stack}.yaml").is_file()
    return Plan(settings, resources, recording.outputs, program=done, members_file=there)


def _beside(file: Path) -> Iterator[Deed]:
    """Name what the stack file gives Pulumi or a provider: it can send all elsewhere, and no resource shows it."""
    for key, value in sorted(stack_file.beside(file).items()):
        encrypted = isinstance(value, dict) and "secure" in value
        said = "(encrypted)" if encrypted else json.dumps(value, default=str)[:200].replace("`", "'")
        yield Deed("provider", f"is run with `{key}: {said}` of the stack file, which no setting of the project shows")


def bills(resource: Registration) -> str:
    """Say how a resource bills: free, storage, hourly or usage; `unknown` for a type nobody has classed."""
    known = types.of(resource.type)
    return (known.bills if known else None) or "unknown"


def holds(resource: Registration) -> str | None:
    """Say what is lost with a resource, or None."""
    known = types.of(resource.type)
    return known.holds if known else None


def unknowns(resource: Registration) -> list[str]:
    """List the paths of a resource's inputs that only the real run can know."""
    return list(_unknown(resource.inputs))


def _unknown(value: Any, path: str = "") -> Iterator[str]:
    if value == UNKNOWN:
        yield path
    elif isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from _unknown(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from _unknown(entry, f"{path}[{index}]")


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
            if deed.kind != "adopt"
        ),
        *(Notice("public", text) for text in _public(plan)),
        *(Notice("team", text) for text in _team(plan)),
        *(Notice("data", text) for text in _data(plan)),
        *(Notice("idle", text) for text in _idle(plan)),
        *(Notice("zone", text) for text in machine_notices.elsewhere(settings)),
        *(Notice("unknown", text) for text in _untabled(settings)),
        *(Notice("lease", text) for text in _lease(settings)),
    ]
    return sorted(found, key=lambda notice: list(KINDS).index(notice.kind))


def _todo(settings: Settings) -> Iterator[Notice]:
    if settings.project == EXAMPLE_PROJECT:
        yield Notice(
            "todo",
            f"write your project's id into Pulumi.{settings.stack}.yaml: {EXAMPLE_PROJECT} is an example, and `make up`"
            " refuses it",
        )
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
    short = gpu_quota.headline(settings)
    yield from (Notice("todo", text, short) for text in gpu_quota.notices(settings))
    if any(principal.endswith("@encrypted.invalid") for principal in settings.team.members):
        yield Notice(
            "todo",
            "encrypted members are shown as encrypted-N@encrypted.invalid; only the real run reads them. With the empty"
            " passphrase that `make up` sets, everybody who has the stack file can decrypt them: keep addresses in"
            f" members.{settings.stack}.yaml instead, or set a passphrase of your own in PULUMI_CONFIG_PASSPHRASE",
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
        if settings.image_of(machine) is None:
            yield f"machine {name}: image {machine.image} is not in the table; what it needs is unknown"


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


def _place(file: str, line: int) -> dict[str, Any]:
    return {"file": file, "line": line}


def to_json(plan: Plan, today: datetime.date | None = None) -> dict[str, Any]:
    """Make the JSON form of a plan; docs/json.md documents its fields, and `notices` what `today` is for."""
    settings = plan.settings
    return {
        "version": VERSION,
        "stack": settings.stack,
        "project": settings.project,
        "region": settings.region,
        "settings": settings.model_dump(mode="json", by_alias=True),
        "counts": {
            "resources": len(plan.custom),
            "kept": sum(resource.protect for resource in plan.custom),
            "types": dict(sorted(plan.counts().items())),
        },
        "notices": [{"kind": notice.kind, "text": notice.text} for notice in notices(plan, today)],
        "resources": [
            {
                "urn": resource.urn,
                "type": resource.type,
                "name": resource.name,
                "custom": resource.custom,
                "parent": resource.parent,
                "inputs": resource.inputs,
                "unknown": unknowns(resource),
                "dependencies": list(resource.dependencies),
                "propertyDependencies": {name: list(urns) for name, urns in resource.property_dependencies.items()},
                "provider": resource.provider,
                "protect": resource.protect,
                "options": resource.options,
                **({"files": resource.files} if resource.files else {}),
                **({"atRun": resource.at_run} if resource.at_run else {}),
                **({"declared": _place(*resource.declared)} if resource.declared else {}),
                "bills": bills(resource) if resource.custom else None,
                "holds": holds(resource),
            }
            for resource in plan.resources
        ],
        "outputs": plan.outputs,
        "membersFile": plan.members_file,
        "program": [
            {"kind": deed.kind, "text": deed.text, "name": deed.name, "urn": deed.urn} for deed in plan.program
        ],
    }
