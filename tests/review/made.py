"""Small plans made by hand, and edits of the committed ones."""

import copy
import datetime
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.comparison import compare
from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration
from coursecloud.review.report import Review
from coursecloud.review.stacks import review
from infra.settings import Settings
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 23)
BUCKET = "gcp:storage/bucket:Bucket"
DISK = "gcp:compute/disk:Disk"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
INSTANCE = "gcp:compute/instance:Instance"
NETWORK = "gcp:compute/network:Network"
SUBNET = "gcp:compute/subnetwork:Subnetwork"

Config = dict[str, Any]
Edit = Callable[[Config], None]


def urn(kind: str, name: str, under: str = "") -> str:
    return f"urn:pulumi:unit::coursecloud::{under}{kind}::{name}"


def resource(
    kind: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    refers: Mapping[str, Registration | Iterable[Registration]] | None = None,
    protect: bool = False,
    parent: Registration | None = None,
    custom: bool = True,
    **options: Any,
) -> Registration:
    """Make one resource; `refers` says which input comes from which other resource."""
    links = {
        top: tuple(to.urn for to in ([target] if isinstance(target, Registration) else target))
        for top, target in (refers or {}).items()
    }
    return Registration(
        urn=urn(kind, name, f"{parent.type}$" if parent else ""),
        type=kind,
        name=name,
        custom=custom,
        parent=parent.urn if parent else None,
        inputs=dict(inputs or {}),
        dependencies=tuple(sorted({to for tos in links.values() for to in tos})),
        property_dependencies=links,
        provider=None,
        protect=protect,
        options=options,
    )


def changed(before: Iterable[Registration], after: Iterable[Registration], **how: Any) -> dict[str, Change]:
    """Compare, and give the changes by name."""
    return {change.name: change for change in compare(before, after, **how)}


def operations(before: Iterable[Registration], after: Iterable[Registration], **how: Any) -> dict[str, str]:
    """Compare, and say of each resource that does not stay what happens to it."""
    found = changed(before, after, **how)
    return {name: str(c.operation) for name, c in found.items() if c.operation is not Operation.SAME}


def whole(*resources: Registration, stack: str = "unit") -> Plan:
    """Make a plan of some resources."""
    return Plan(Settings(stack=stack, project="some-project-1"), tuple(resources), {})


def reviewed(before: Plan | None, after: Plan | None, name: str = "unit", **how: Any) -> Review:
    """Review one stack."""
    return Review("base", "head", (review(name, before, after, today=TODAY, **how),))


def config_of(stack: str) -> Config:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]


def planned(config: Config, folder: Path, stack: str = "full") -> Plan:
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return plans.make(stack, file, ROOT)


def edited(config: Config, edit: Edit) -> Config:
    new = copy.deepcopy(config)
    edit(new)
    return new
