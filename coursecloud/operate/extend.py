"""`coursecloud extend`: a later last day in the stack file, whose comments stay; what it costs is said first."""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from coursecloud.common import edited, stack_file, writing
from coursecloud.cost import estimate
from coursecloud.cost.credit import sentence
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.operate.money import usd
from coursecloud.operate.session import Operation
from coursecloud.plan import planning
from infra.settings import Settings, load
from infra.settings.lease import LAST_YEAR


def extend(operation: Operation, *, to: str, days: int, today: datetime.date) -> int:
    """Move the lease's end to a later day, and say what that costs. Returns 0; raises SettingsError or RefusedError."""
    path = stack_file.path_of(operation.stack, operation.root)
    ends = operation.settings.lease.ends
    new = _day(operation, ends, to, days, today)
    text = _edited(path, new)
    after = _settings(operation, path.name, text)
    plan = planning.make(operation.stack, path, operation.root)
    old_cost, new_cost = estimate(plan), estimate(replace(plan, settings=after))
    was = f" (was {ends})" if ends else " (it had no end)"
    operation.first(
        f"The lease of stack {operation.stack} ends on {new}{was}; as planned {sentence(new_cost)}.",
        *_costs(old_cost.lease_total, new_cost.lease_total, at_least=new_cost.at_least),
        f"{path.name} gets the new day and stays otherwise as it is; labels and members' access follow with the next"
        f" `coursecloud up --stack {operation.stack}`.",
    )
    operation.agreed("Write it", "say --yes, or answer the question with y")
    writing.write(path, text)
    operation.say(f"Written. Next: `coursecloud up --stack {operation.stack}`.")
    lease = new_cost.lease_total
    operation.told |= {
        "ends": new.isoformat(),
        "was": ends.isoformat() if ends else None,
        "perLease": None if lease is None else round(float(lease), 2),
        "creditEnds": new_cost.planned.gone.isoformat() if new_cost.planned.gone else None,
        "atLeast": new_cost.at_least,
        "file": path.name,
    }
    return 0


def _day(operation: Operation, ends: datetime.date | None, to: str, days: int, today: datetime.date) -> datetime.date:
    """Make out the new day, all mistakes at once. Raises RefusedError."""
    mistakes: list[tuple[str, str, str]] = []
    new: datetime.date | None = None
    if bool(to) == bool(days):
        given = f"--to {to} and --days {days}" if to else "neither --to nor --days"
        mistakes.append((given, "the new end is a day, or so many days after the old one", "give one of the two"))
    if days < 0:
        mistakes.append((f"--days {days}", "a lease is made longer by at least a day", "give a number from 1 on"))
    if to:
        try:
            new = datetime.date.fromisoformat(to)
        except ValueError:
            mistakes.append((f"--to {to}", "it is no day of the calendar as YYYY-MM-DD", "write it as 2026-12-24"))
    if days and not to and ends is None:
        remedy = "name a day: --to 2026-12-24"
        mistakes.append((f"--days {days}", "the lease has no end to count from", remedy))
    if days > 0 and not to and ends is not None:
        try:
            new = ends + datetime.timedelta(days=days)
        except OverflowError:
            mistakes.append((f"--days {days}", f"a lease ends before {LAST_YEAR + 1}", "give fewer days"))
    path = stack_file.path_of(operation.stack, operation.root).name
    if new and ends and new <= ends:
        remedy = f"give a later day; an earlier end is written by hand into {path}, where it can delete data sooner"
        mistakes.append((f"{new}", f"it is not after the lease's end, {ends}", remedy))
    elif new and new < today:
        mistakes.append((f"{new}", f"it is over: today is {today}", "give a day from today on"))
    elif new and new.year > LAST_YEAR:
        mistakes.append((f"{new}", f"a lease ends before {LAST_YEAR + 1}", "give an earlier day"))
    if mistakes or new is None:
        raise RefusedError("\n".join(f"{v}\n    rule    {r}\n    remedy  {m}" for v, r, m in mistakes))
    return new


def _edited(path: Path, new: datetime.date) -> str:
    """Give the file's text with the new day. Raises RefusedError where it is written in a way that cannot be edited."""
    with path.open(encoding="utf-8", newline="") as file:
        before = file.read()
    try:
        return edited.with_value(before, "coursecloud:lease", "ends", new.isoformat())
    except edited.EditError as error:
        rule = "one value is changed, and everything else in the file stays as it is"
        remedy = f"write `ends: {new}` below `coursecloud:lease` yourself"
        raise RefusedError(f"{path.name} was not changed: {error}", rule, remedy) from None


def _settings(operation: Operation, name: str, text: str) -> Settings:
    """Hold the edited file to every rule of a stack file before it is written. Raises SettingsError."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / name
        trial.write_text(text, encoding="utf-8", newline="")
        config = stack_file.read(operation.stack, trial)
    return load(config, operation.stack, operation.root)


def _costs(before: Decimal | None, after: Decimal | None, *, at_least: bool) -> list[str]:
    least = "at least " if at_least else ""
    if after is None:
        return ["What the lease costs is not known: it has no first day (`lease.starts`)."]
    if before is not None:
        return [f"That is {least}{usd(after - before)} more, {least}{usd(after)} for the whole lease."]
    return [f"That is {least}{usd(after)} for the whole lease."]
