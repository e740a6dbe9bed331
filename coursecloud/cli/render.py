"""A plan for a terminal: a tree by component with the settings that matter, and what to know before an up."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from catalog import types
from coursecloud import cost
from coursecloud.cli import line_template
from coursecloud.cli.line_template import plain
from coursecloud.common.console import console as console
from coursecloud.cost import table as cost_table
from coursecloud.plan import adoption
from coursecloud.plan.notices import KINDS, notices
from coursecloud.plan.planning import Plan, bills, holds, short_type, unknowns
from coursecloud.plan.registration import Registration
from coursecloud.policy import Finding, consequence
from infra.settings.lease import Lease


def tree(plan: Plan) -> Tree:
    """Draw every resource under what it hangs under; grants and APIs of one place share a line."""
    settings = plan.settings
    root = Tree(Text.assemble((f"stack {settings.stack}", "bold"), f"  {settings.project}, {settings.region}"))
    there = {resource.urn for resource in plan.resources}
    under: dict[str | None, list[Registration]] = {}
    for resource in plan.resources:
        under.setdefault(resource.parent if resource.parent in there else None, []).append(resource)
    _branch(root, under, None, plan)
    return root


def _branch(place: Tree, under: Mapping[str | None, list[Registration]], parent: str | None, plan: Plan) -> None:
    children = under.get(parent, [])
    # Only what has nothing below it can share a line.
    folded = [resource for resource in children if resource.custom and resource.urn not in under]
    services = [resource for resource in folded if short_type(resource.type) == "projects.Service"]
    grants = [resource for resource in folded if _grants(resource)]
    told_together = {resource.urn for resource in (*services, *grants)}
    for resource in children:
        if resource.urn in told_together:
            continue
        if resource.custom:
            _branch(place.add(_line(resource, own=plan.adopts(resource))), under, resource.urn, plan)
        elif _holds_any(resource, under):
            _branch(place.add(Text(plain(resource.name), "bold cyan")), under, resource.urn, plan)
        elif resource.options.get("remote"):
            place.add(Text.assemble((plain(resource.name), "bold cyan"), "  what is in it only the real run shows"))
    if services:
        place.add(Text(", ".join(plain(resource.name) for resource in services), "dim"))
    if grants:
        roles = sorted({_short_role(resource.inputs.get("role")) for resource in grants})
        place.add(Text(f"{len(grants)} grants: {', '.join(roles)}", "dim"))


def _grants(resource: Registration) -> bool:
    found = types.grants(short_type(resource.type))
    return found is not None and found.to == "member"


def _holds_any(component: Registration, under: Mapping[str | None, list[Registration]]) -> bool:
    return any(child.custom or _holds_any(child, under) for child in under.get(component.urn, ()))


def _line(resource: Registration, *, own: bool) -> Text:
    kind = short_type(resource.type)
    if own:
        called = plain(adoption.called(resource))
        marked = ("  [the group's own: adopted, never changed, never deleted by us]", "yellow")
        return Text.assemble((f"{plain(kind)} ", "dim"), (plain(resource.name), "green"), f"  {called}", marked)
    marks = [bills(resource)] if bills(resource) != "free" else []
    marks += ["kept"] if resource.protect else ["holds data"] if holds(resource) else []
    known = types.of(resource.type)
    summary = line_template.filled(known.line, resource.inputs) if known else ""
    return Text.assemble(
        (f"{plain(kind)} ", "dim"),
        (plain(resource.name), "green" if resource.protect else ""),
        f"  {summary}" if summary else "",
        (f"  [{', '.join(marks)}]" if marks else "", "yellow"),
    )


def _short_role(role: Any) -> str:
    return plain(role.rpartition("/")[2]) if isinstance(role, str) else "(a custom role)"


def full(plan: Plan, today: datetime.date | None = None, violations: Sequence[Finding] = ()) -> RenderableType:
    """Lay out everything that `coursecloud plan` shows for one stack: what it means first, the next step last.

    `today` tells whether its lease is over, `violations` which rules it breaks.
    """
    kept = sum(resource.protect for resource in plan.custom)
    own = sum(plan.adopts(resource) for resource in plan.custom)
    by_bill = {
        kind: sum(bills(r) == kind for r in plan.custom) for kind in ("hourly", "storage", "usage", "free", "unknown")
    }
    estimate = cost.estimate(plan)
    means = consequence.of_plan(plan, estimate, today, violations)
    parts: list[RenderableType] = [consequence.shown(means), Text(), tree(plan), Text()]
    parts.append(
        Text.assemble(
            (f"{len(plan.custom) - own} resources to create", "bold"),
            f" and {own} of the group's own to adopt" if own else "",
            ": " + ", ".join(f"{count} {kind}" for kind, count in by_bill.items() if count),
            f"; {kept} kept, {len(plan.custom) - kept - own} gone with `make down`",
            _later(plan),
        )
    )
    parts += [Text("costs", "bold yellow"), _bullets(list(cost_table.short(estimate)))]
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for notice in notices(plan, today):
        found[notice.kind].append(notice.text)
    found["lease"] = [*_lease(plan.settings.lease), *found["lease"]]
    # What the reader has to do comes last: it is what stands above their next prompt.
    del found["over"]
    todo = found.pop("todo")
    sections = [(KINDS[kind], texts) for kind, texts in found.items()]
    for heading, texts in (*sections, (KINDS["todo"], todo)):
        if texts:
            parts += [Text(heading, "bold yellow"), _bullets(texts)]
    return Group(*parts, Text.assemble(("next  ", "bold green"), _next(plan, bool(todo), bool(violations))))


def _lease(lease: Lease) -> Iterator[str]:
    hours, credit = lease.working_hours, lease.credit
    days = f"{lease.starts} to {lease.ends}" if lease.starts and lease.ends else "no dates"
    zone = f"working hours {hours.start}-{hours.end} {lease.time_zone}"
    yield f"{credit.amount:g} {credit.currency} of credit, {days}, {zone}"
    yield (
        f"`coursecloud check` refuses what costs more than {lease.max_per_hour:g} {credit.currency} an hour with"
        " everything on (`maxPerHour`)"
    )


def _later(plan: Plan) -> str:
    """Say how many values nobody can know before an up; `plan --json` has each as `{"$unknown": true}`."""
    found = sum(len(unknowns(resource)) for resource in plan.custom)
    return f"; Google gives {found} value{'' if found == 1 else 's'} at `make up`" if found else ""


def _next(plan: Plan, todo: bool, broken: bool) -> str:
    stack = plan.settings.stack
    up = "`make up`" if stack == "dev" else f"`make up STACK={stack}`"
    first = f"`coursecloud check --stack {stack}`, which says how to mend what is broken; then " if broken else ""
    return (
        f"{'do the lines above, then ' if todo else ''}{first}{up}: it shows what it would do, and asks before it does"
        f" it. `coursecloud commands --stack {stack}` has every command to paste: the logins, ssh, data, builds, jobs"
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
