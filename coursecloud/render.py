"""A plan for a terminal: a tree by component with the settings that matter, and what to know before an up."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from coursecloud import cost
from coursecloud.console import console as console
from coursecloud.cost import table as cost_table
from coursecloud.plan import KINDS, Plan, bills, holds, notices, short_type, unknowns
from infra.settings.lease import Lease
from infra.settings.types import Duration

Inputs = Mapping[str, Any]


def _machine(inputs: Inputs) -> str:
    schedule = inputs["scheduling"]
    gpus = [f"{gpu['count']} {gpu['type']}" for gpu in inputs.get("guestAccelerators", [])]
    boot = inputs["bootDisk"]["initializeParams"]
    return ", ".join(
        [
            inputs["machineType"],
            *gpus,
            *(["Spot"] if schedule["preemptible"] else []),
            inputs["zone"],
            f"stops after {Duration(schedule['maxRunDuration']['seconds'])}",
            f"{boot['image'].rpartition('/')[2]}, {boot['size']} GB",
        ]
    )


def _bucket(inputs: Inputs) -> str:
    delete = next(rule for rule in inputs["lifecycleRules"] if rule["action"]["type"] == "Delete")["condition"]
    rule = (
        f"deleted after {delete['age']} days"
        if "age" in delete
        else f"old versions {delete['daysSinceNoncurrentTime']} days, newest {delete['numNewerVersions']} kept"
    )
    return f"{inputs['name']}, {inputs['location']}, {rule}"


_SUMMARIES: dict[str, Callable[[Inputs], str]] = {
    "compute.Instance": _machine,
    "compute.Disk": lambda i: f"{i['size']} GB {i['type']}, {i['zone']}",
    "compute.Subnetwork": lambda i: f"{i['ipCidrRange']}, {i['region']}",
    "compute.Firewall": lambda i: f"tcp {i['allows'][0]['ports'][0]} from {', '.join(i['sourceRanges'])}",
    "compute.ResourcePolicy": lambda i: "stops at {vmStopSchedule[schedule]} {timeZone}".format(
        **i["instanceSchedulePolicy"]
    ),
    "storage.Bucket": _bucket,
    "artifactregistry.Repository": lambda i: f"{i['format'].lower()}, {i['location']}",
    "secretmanager.Secret": lambda i: str(i["secretId"]),
    "serviceaccount.Account": lambda i: str(i["accountId"]),
    "cloudbuild.Trigger": lambda i: str(i["description"]),
    "cloudrunv2.Service": lambda i: "at most {maxInstanceCount} instances".format(**i["template"]["scaling"]),
    "iam.WorkloadIdentityPoolProvider": lambda i: str(i["attributeCondition"]),
    "projects.IAMCustomRole": lambda i: f"{len(i['permissions'])} permissions",
}
"""The settings that matter, by type."""


def tree(plan: Plan) -> Tree:
    """Draw the resources under their components; grants and APIs of a component share one line."""
    settings = plan.settings
    root = Tree(Text.assemble((f"stack {settings.stack}", "bold"), f"  {settings.project}, {settings.region}"))
    for component in (resource for resource in plan.resources if not resource.custom):
        children = [resource for resource in plan.custom if resource.parent == component.urn]
        if not children:
            continue
        branch = root.add(Text(component.name, "bold cyan"))
        for resource in children:
            kind = short_type(resource.type)
            if kind == "projects.Service" or "IAMMember" in kind or "IamMember" in kind:
                continue
            marks = [bills(resource)] if bills(resource) != "free" else []
            marks += ["kept"] if resource.protect else ["holds data"] if holds(resource) else []
            summary = _SUMMARIES.get(kind, lambda _: "")(resource.inputs)
            branch.add(
                Text.assemble(
                    (f"{kind} ", "dim"),
                    (resource.name, "green" if resource.protect else ""),
                    f"  {summary}" if summary else "",
                    (f"  [{', '.join(marks)}]" if marks else "", "yellow"),
                )
            )
        services = [resource.name for resource in children if short_type(resource.type) == "projects.Service"]
        if services:
            branch.add(Text(", ".join(services), "dim"))
        grants = [resource for resource in children if "Member" in resource.type]
        if grants:
            roles = sorted({_role(resource.inputs["role"]) for resource in grants})
            branch.add(Text(f"{len(grants)} grants: {', '.join(roles)}", "dim"))
    return root


def _role(role: Any) -> str:
    return role.rpartition("/")[2] if isinstance(role, str) else "(a custom role)"


def full(plan: Plan) -> RenderableType:
    """Lay out everything that `coursecloud plan` shows for one stack."""
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
    for notice in notices(plan):
        found[notice.kind].append(notice.text)
    found["lease"].insert(0, _lease(plan.settings.lease))
    only_real = [f"{resource.name}: {', '.join(unknowns(resource))}" for resource in plan.custom if unknowns(resource)]
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
        grid.add_row("  -", Text(text))
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
