"""A plan for a terminal: a tree by component with the settings that matter, and what to know before an up."""

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, cast

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from coursecloud import cost
from coursecloud.common.console import console as console
from coursecloud.cost import table as cost_table
from coursecloud.plan.planning import KINDS, Plan, bills, holds, notices, short_type, unknowns
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy.reading import has_unknown, number
from infra.settings.lease import Lease
from infra.settings.types import Duration

Inputs = Mapping[str, Any]


def _at(inputs: Inputs, *path: str | int) -> Any:
    """Read a value wherever the program has put one; None where it is not, or is not of that shape."""
    value: Any = inputs
    for key in path:
        if isinstance(key, int):
            entries = cast("list[Any]", value) if isinstance(value, list) else []
            value = entries[key] if key < len(entries) else None
        else:
            value = cast("Inputs", value).get(key) if isinstance(value, Mapping) and value != UNKNOWN else None
    return value


def _said(value: Any) -> str:
    """Write a value in few words, whatever it is."""
    if value is None:
        return "none"
    return "?" if has_unknown(value) else plain(str(value))[:400]


def _texts(value: Any) -> list[str]:
    return [_said(each) for each in cast("list[Any]", value)] if isinstance(value, list) else [_said(value)]


def _machine(inputs: Inputs) -> str:
    gpus: Any = _at(inputs, "guestAccelerators") or []
    count = len(cast("list[Any]", gpus)) if isinstance(gpus, list) else 0
    seconds = number(_at(inputs, "scheduling", "maxRunDuration", "seconds"))
    stops = f"stops after {Duration(seconds)}" if seconds is not None else "nothing known stops it"
    boot = ("bootDisk", "initializeParams")
    return ", ".join(
        [
            _said(_at(inputs, "machineType")),
            *(
                f"{_said(_at(inputs, 'guestAccelerators', place, 'count'))}"
                f" {_said(_at(inputs, 'guestAccelerators', place, 'type'))}"
                for place in range(count)
            ),
            *(["Spot"] if _at(inputs, "scheduling", "preemptible") is True else []),
            _said(_at(inputs, "zone")),
            stops,
            f"{_said(_at(inputs, *boot, 'image')).rpartition('/')[2]}, {_said(_at(inputs, *boot, 'size'))} GB",
        ]
    )


def _bucket(inputs: Inputs) -> str:
    rules: Any = _at(inputs, "lifecycleRules")
    conditions = [
        _at(rule, "condition")
        for rule in (cast("list[Any]", rules) if isinstance(rules, list) else [])
        if _at(rule, "action", "type") == "Delete"
    ]
    if not conditions:
        rule = "nothing in it is ever deleted"
    elif (age := _at(conditions[0], "age")) is not None:
        rule = f"deleted after {_said(age)} days"
    else:
        days, newest = (_said(_at(conditions[0], key)) for key in ("daysSinceNoncurrentTime", "numNewerVersions"))
        rule = f"old versions {days} days, newest {newest} kept"
    return f"{_said(_at(inputs, 'name'))}, {_said(_at(inputs, 'location'))}, {rule}"


def _firewall(inputs: Inputs) -> str:
    port = _said(_at(inputs, "allows", 0, "ports", 0))
    return f"{_said(_at(inputs, 'allows', 0, 'protocol'))} {port} from {', '.join(_texts(_at(inputs, 'sourceRanges')))}"


def _all(form: str, *paths: tuple[str | int, ...]) -> Callable[[Inputs], str]:
    return lambda inputs: form.format(*(_said(_at(inputs, *path)) for path in paths))


def _role(inputs: Inputs) -> str:
    permissions: Any = _at(inputs, "permissions")
    return f"{len(cast('list[Any]', permissions)) if isinstance(permissions, list) else _said(permissions)} permissions"


_SUMMARIES: dict[str, Callable[[Inputs], str]] = {
    "compute.Instance": _machine,
    "compute.Disk": _all("{} GB {}, {}", ("size",), ("type",), ("zone",)),
    "compute.Subnetwork": _all("{}, {}", ("ipCidrRange",), ("region",)),
    "compute.Firewall": _firewall,
    "compute.ResourcePolicy": _all(
        "stops at {} {}",
        ("instanceSchedulePolicy", "vmStopSchedule", "schedule"),
        ("instanceSchedulePolicy", "timeZone"),
    ),
    "storage.Bucket": _bucket,
    "artifactregistry.Repository": lambda i: f"{_said(_at(i, 'format')).lower()}, {_said(_at(i, 'location'))}",
    "secretmanager.Secret": _all("{}", ("secretId",)),
    "serviceaccount.Account": _all("{}", ("accountId",)),
    "cloudbuild.Trigger": _all("{}", ("description",)),
    "cloudrunv2.Service": _all("at most {} instances", ("template", "scaling", "maxInstanceCount")),
    "iam.WorkloadIdentityPoolProvider": _all("{}", ("attributeCondition",)),
    "projects.IAMCustomRole": _role,
}
"""The settings that matter, by type."""


def plain(text: str) -> str:
    """Write out what a terminal would obey, or what would turn or hide text."""
    return "".join(
        each if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else f"\\u{ord(each):04x}"
        for each in text
    )


def tree(plan: Plan) -> Tree:
    """Draw every resource under what it hangs under; grants and APIs of one place share a line."""
    settings = plan.settings
    root = Tree(Text.assemble((f"stack {settings.stack}", "bold"), f"  {settings.project}, {settings.region}"))
    there = {resource.urn for resource in plan.resources}
    under: dict[str | None, list[Registration]] = {}
    for resource in plan.resources:
        under.setdefault(resource.parent if resource.parent in there else None, []).append(resource)
    _branch(root, under, None)
    return root


def _branch(place: Tree, under: Mapping[str | None, list[Registration]], parent: str | None) -> None:
    children = under.get(parent, [])
    # Only what has nothing below it can share a line.
    folded = [resource for resource in children if resource.custom and resource.urn not in under]
    services = [resource for resource in folded if short_type(resource.type) == "projects.Service"]
    grants = [resource for resource in folded if _GRANT.search(short_type(resource.type))]
    for resource in children:
        if resource in services or resource in grants:
            continue
        if resource.custom:
            _branch(place.add(_line(resource)), under, resource.urn)
        elif _holds_any(resource, under):
            _branch(place.add(Text(plain(resource.name), "bold cyan")), under, resource.urn)
        elif resource.options.get("remote"):
            place.add(Text.assemble((plain(resource.name), "bold cyan"), "  what is in it only the real run shows"))
    if services:
        place.add(Text(", ".join(plain(resource.name) for resource in services), "dim"))
    if grants:
        roles = sorted({_short_role(_at(resource.inputs, "role")) for resource in grants})
        place.add(Text(f"{len(grants)} grants: {', '.join(roles)}", "dim"))


_GRANT = re.compile(r"\.\w*I[Aa][Mm]Member$")


def _holds_any(component: Registration, under: Mapping[str | None, list[Registration]]) -> bool:
    return any(child.custom or _holds_any(child, under) for child in under.get(component.urn, ()))


def _line(resource: Registration) -> Text:
    kind = short_type(resource.type)
    marks = [bills(resource)] if bills(resource) != "free" else []
    marks += ["kept"] if resource.protect else ["holds data"] if holds(resource) else []
    summary = _SUMMARIES.get(kind, lambda _: "")(resource.inputs)
    return Text.assemble(
        (f"{plain(kind)} ", "dim"),
        (plain(resource.name), "green" if resource.protect else ""),
        f"  {summary}" if summary else "",
        (f"  [{', '.join(marks)}]" if marks else "", "yellow"),
    )


def _short_role(role: Any) -> str:
    return plain(role.rpartition("/")[2]) if isinstance(role, str) else "(a custom role)"


def full(plan: Plan, today: datetime.date | None = None) -> RenderableType:
    """Lay out everything that `coursecloud plan` shows for one stack; with `today`, first whether its lease is over."""
    kept = sum(resource.protect for resource in plan.custom)
    by_bill = {
        kind: sum(bills(r) == kind for r in plan.custom) for kind in ("hourly", "storage", "usage", "free", "unknown")
    }
    parts: list[RenderableType] = [tree(plan), Text()]
    parts.append(
        Text.assemble(
            (f"{len(plan.custom)} resources to create", "bold"),
            ": " + ", ".join(f"{count} {kind}" for kind, count in by_bill.items() if count),
            f"; {kept} kept, {len(plan.custom) - kept} gone with `make down`",
        )
    )
    estimate = cost.estimate(plan)
    parts += [Text("costs", "bold yellow"), _bullets(list(cost_table.short(estimate)))]
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for notice in notices(plan, today):
        found[notice.kind].append(notice.text)
    found["lease"].insert(0, _lease(plan.settings.lease))
    only_real = [f"{resource.name}: {', '.join(unknowns(resource))}" for resource in plan.custom if unknowns(resource)]
    parts = [*(Text(f"OVER: {plain(text)}", "bold red") for text in found.pop("over")), *parts]
    # What the reader has to do comes last: it is what stands above their next prompt.
    todo = found.pop("todo")
    sections = [(KINDS[kind], texts) for kind, texts in found.items()]
    for heading, texts in (*sections, ("known only to the real run", only_real), (KINDS["todo"], todo)):
        if texts:
            parts += [Text(heading, "bold yellow"), _bullets(texts)]
    return Group(*parts)


def _lease(lease: Lease) -> str:
    hours, credit = lease.working_hours, lease.credit
    days = f"{lease.starts} to {lease.ends}" if lease.starts and lease.ends else "no dates"
    return (
        f"{credit.amount:g} {credit.currency} of credit, {days}, working hours {hours.start}-{hours.end}"
        f" {lease.time_zone}, at most {lease.max_per_hour:g} {credit.currency} an hour"
    )


def _bullets(texts: list[str]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")
    for text in texts:
        grid.add_row("  -", Text(plain(text)))
    return grid


ROW: tuple[str, ...] = ("stack", "project", "region", "resources", "kept", "machines", "lease_end", "mistakes")
"""The columns of a row of `plan --all`."""


def row(plan: Plan) -> dict[str, Any]:
    """Put a plan into one row."""
    settings = plan.settings
    return {
        "stack": settings.stack,
        "project": settings.project,
        "region": settings.region,
        "resources": len(plan.custom),
        "kept": sum(resource.protect for resource in plan.custom),
        "machines": len(settings.machines),
        "lease_end": str(settings.lease.ends) if settings.lease.ends else None,
        "mistakes": 0,
    }


def overview(rows: list[dict[str, Any]]) -> Table:
    """Lay out the rows of `plan --all`."""
    table = Table(box=None, pad_edge=False)
    # The region is left to JSON and CSV: a long project id needs its room in 80 columns.
    columns = [column for column in ROW if column != "region"]
    for column in columns:
        right = column in ("resources", "kept", "machines", "mistakes")
        table.add_column(column.replace("_", " "), justify="right" if right else "left", overflow="fold")
    for entry in rows:
        table.add_row(*("?" if entry[column] is None else str(entry[column]) for column in columns))
    return table
