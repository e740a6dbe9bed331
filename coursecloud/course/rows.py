"""What is known of each group in one row: what its file plans, what it has cost, what was done, what is wrong.

A row is a mapping of JSON values; money is USD, and what is not known is None. docs/json.md documents the fields.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from coursecloud.course.journal import Journal, Task

Row = dict[str, Any]
_NOT_LET_IN = re.compile(r"Google answers 403\b.*[Pp]ermission")
VERSION = 1
PLANNED: tuple[str, ...] = (
    "stack", "group", "project", "region", "resources", "kept", "machines", "gpus", "perHourOn", "planned", "credit",
    "currency", "usdRate", "leaseEnds", "creditEnds", "atLeast", "broken", "mistakes",
)  # fmt: skip
"""What a plan says of a group: the columns of `course plan --csv`."""
SEEN: tuple[str, ...] = (
    "stack", "group", "project", "creditEnds", "daysLeft", "credit", "currency", "spent", "projected", "perHour",
    "running", "byHand", "leaseEnds", "lastUp", "lastDown", "broken", "failure", "lookedAt", "unread",
    "joined",
)  # fmt: skip
"""What a course's status says of a group: the columns of `course status --csv`."""


def planned(stack: str, file: Path, root: Path, today: datetime.date) -> tuple[Row, str | None]:
    """Plan one group: its row, and what is wrong with its file. Loads the SDK."""
    from coursecloud import cost, policy
    from coursecloud.plan import gpu_quota, planning
    from infra import secrecy
    from infra.settings import SettingsError

    try:
        made = planning.make(stack, file, root)
    except SettingsError as error:
        empty: Row = dict.fromkeys(PLANNED) | {"stack": stack, "mistakes": len(error.problems)}
        return empty, str(error)
    settings = made.settings
    estimate, checked = cost.estimate(made), policy.checked(made, today)
    gpus = [(settings.zone_of(each), each.gpu) for each in settings.machines.values() if each.gpu]
    row: Row = {
        "stack": stack,
        "group": secrecy.hide(settings.course.group),
        "project": secrecy.hide(settings.project),
        "region": settings.region,
        "resources": len(made.custom),
        "kept": sum(resource.protect for resource in made.custom),
        "machines": len(settings.machines),
        "gpus": sum(gpu.count for _, gpu in gpus),
        "gpusByZone": [[zone, gpu.model, gpu.count] for zone, gpu in gpus],
        "quotas": [[need.quota, need.region, need.count] for need in gpu_quota.needs(settings)],
        "perHourOn": _usd(estimate.per_hour_on),
        "planned": _usd(estimate.due.lease),
        "credit": float(estimate.credit),
        "currency": estimate.currency,
        "usdRate": None if estimate.rate is None else float(estimate.rate.usd),
        "leaseStarts": None if settings.lease.starts is None else str(settings.lease.starts),
        "leaseEnds": None if settings.lease.ends is None else str(settings.lease.ends),
        "creditEnds": None if estimate.planned.gone is None else str(estimate.planned.gone),
        "rest": _usd(sum((day.planned for day in estimate.days if day.date > today), Decimal(0))),
        "atLeast": estimate.at_least,
        "broken": sorted({finding.rule.id for finding in checked.violations}),
        "mistakes": 0,
    }
    return row, None


def seen(
    row: Row, looked: Task | None, up: Task | None, down: Task | None, failure: Task | None, today: datetime.date
) -> Row:
    """Add to a plan's row what a look and the journal know of the group."""
    told: Mapping[str, Any] = looked.told if looked else {}
    credit = cast("Mapping[str, Any]", told.get("credit") or {})
    ends = _day(credit.get("ends")) or row.get("creditEnds")
    things = cast("list[Mapping[str, Any]]", told.get("things") or [])
    spent, rest = told.get("spent"), row.get("rest")
    return row | {
        "creditEnds": ends,
        "creditEndsBy": "what runs" if credit.get("ends") else "the plan" if ends else None,
        "daysLeft": None if ends is None else max(0, (datetime.date.fromisoformat(ends) - today).days),
        "spent": spent,
        "projected": None if spent is None or rest is None else round(spent + rest, 4),
        "creditUsd": None if row.get("usdRate") is None else round(row["credit"] * row["usdRate"], 4),
        "perHour": told.get("perHour"),
        "running": list(dict.fromkeys(told.get("running") or ())),
        "byHand": sum(bool(each.get("byHand")) for each in things),
        "lastUp": _at(up),
        "lastDown": _at(down),
        "failure": failure and {"verb": failure.verb, "at": _time(failure.ended), "words": failure.words},
        "lookedAt": told.get("at"),
        "joined": told.get("joined"),
        "unread": [*_unseen(looked, up, down), *(told.get("unread") or ())],
    }


def _unseen(looked: Task | None, *done: Task | None) -> list[str]:
    """Say why a look says nothing of what runs now: there was none, or it was before what was done since."""
    if looked is None:
        return ["nobody has looked yet"]
    later = [task for task in done if task and (task.ended or 0) > (looked.ended or 0)]
    return [f"the last look was before the last {later[0].verb}"] if later else []


def of_course(plans: Iterable[Row], journal: Journal, today: datetime.date) -> list[Row]:
    """Give the row of each group, first whose credit ends first; those of whom that is not known come last."""
    looks, last_looks = journal.latest("status", done=True), journal.latest("status")
    ups, downs = journal.latest("up"), journal.latest("down", "finish")
    did = journal.latest("up", "down", "finish", "stop", "save")
    made: list[Row] = []
    for row in plans:
        stack = row["stack"]
        last = did.get(stack)
        failed = last if last and last.state in ("failed", "refused") else None
        seen_now = seen(row, looks.get(stack), ups.get(stack), downs.get(stack), failed, today)
        if (missed := last_looks.get(stack)) and missed.state != "done":
            seen_now["unread"] = [f"the last look failed: {missed.words}", *seen_now["unread"]]
            seen_now["joined"] = [] if _NOT_LET_IN.search(missed.words) else None
        made.append(seen_now)
    return sorted(made, key=lambda row: (row["creditEnds"] or "9999", row["stack"]))


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Add up a course: money by currency, in it; quotas to ask for; GPUs by zone. What has no number is counted."""
    money: dict[str, dict[str, float]] = {}
    quotas, zones = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    projects: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.get("mistakes"):
            continue
        for quota, region, count in row["quotas"]:
            quotas[quota, region] += count
            projects[quota, region] += 1
        for zone, model, count in row["gpusByZone"]:
            zones[zone, model] += count
        entry = money.setdefault(
            row["currency"], {"groups": 0, "planned": 0, "credit": 0, "perHourOn": 0, "unknown": 0}
        )
        entry["groups"] += 1
        entry["credit"] += row["credit"]
        if row["usdRate"] is None or row["planned"] is None or row["atLeast"]:
            entry["unknown"] += 1
        if row["usdRate"]:
            entry["planned"] += (row["planned"] or 0) / row["usdRate"]
            entry["perHourOn"] += (row["perHourOn"] or 0) / row["usdRate"]
    return {
        "groups": len(rows),
        "mistakes": sum(bool(row.get("mistakes")) for row in rows),
        "broken": sum(bool(row.get("broken")) for row in rows),
        "money": {
            name: {key: round(value, 2) for key, value in entry.items()} for name, entry in sorted(money.items())
        },
        "quotas": [
            {"quota": quota, "region": region, "count": count, "projects": projects[quota, region]}
            for (quota, region), count in sorted(quotas.items())
        ],
        "gpus": [{"zone": zone, "model": model, "count": count} for (zone, model), count in sorted(zones.items())],
    }


def _at(task: Task | None) -> dict[str, Any] | None:
    return None if task is None else {"verb": task.verb, "at": _time(task.ended), "state": task.state}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="minutes")


def _day(moment: object) -> str | None:
    return str(moment)[:10] if moment else None


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else round(float(amount), 6)
