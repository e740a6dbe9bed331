"""What `coursecloud check` says about a stack: its findings with their places, for people and as JSON."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import coursecloud.policy
from coursecloud import cost
from coursecloud.plan import source_location
from coursecloud.plan.notices import KINDS, Notice, notices
from coursecloud.plan.planning import Plan
from coursecloud.policy import Checked, Finding, consequence
from coursecloud.policy.consequence import Consequence, Kind
from coursecloud.spend import endings
from coursecloud.spend.endings import Ending
from infra import files
from infra.settings.guardrails import GuardrailException

VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""


@dataclass(frozen=True)
class Report:
    """One stack, checked."""

    file: Path
    checked: Checked
    exceptions: tuple[GuardrailException, ...]
    """Those of the stack file."""
    places: dict[str, tuple[source_location.Path, int]]
    """By the key of a finding: the key path in the stack file that caused it, and its line."""
    consequences: tuple[Consequence, ...] = ()
    """What the plan means for whoever deploys it, gravest first."""
    endings: tuple[Ending, ...] = ()
    """How each thing that bills by the hour comes to an end."""
    reserve: str = ""
    """What is kept of the credit for copying the work away, in words."""
    notices: tuple[Notice, ...] = ()
    """What the tables do not know of the stack file, and what of it has no effect."""

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.checked.stack


def make(plan: Plan, file: Path, today: datetime.date) -> Report:
    """Hold a plan against the rules and find the places of what they find."""
    checked = coursecloud.policy.checked(plan, today)
    text = files.text_of(file)
    by_urn = source_location.of_resources(plan) if checked.findings else {}
    found: dict[str, tuple[source_location.Path, int]] = {}
    for finding in checked.findings:
        path = by_urn.get(finding.urn, ("config",)) if finding.urn else source_location.of_rule(finding.rule.id)
        found[finding.key] = (path, source_location.line(text, path))
    asked = (Kind.OVER, Kind.FIRST, Kind.CREDIT, Kind.PROGRAM)
    estimate = cost.estimate(plan)
    means = [each for each in consequence.of_plan(plan, estimate, today) if each.kind in asked]
    # Whoever asks for the rules hears of a broken one first, but for that which the sentence of the credit explains.
    rules = _rules(checked)
    beyond = any(finding.rule.id != "credit-lasts" for finding in checked.violations)
    said = (rules, *means) if beyond else consequence.ordered([*means, rules])
    lease = plan.settings.lease
    reserve = f"{lease.reserved:g} of {lease.credit.amount:g} {lease.credit.currency}"
    ends = endings.of_plan(plan, estimate)
    told = tuple(each for each in notices(plan) if each.kind in _TOLD)
    return Report(file, checked, plan.settings.guardrails.exceptions, found, said, ends, reserve, told)


_TOLD = ("unknown", "effect")
"""Kinds of notices that are no rule's, and that whoever asks whether a stack file is right wants to hear."""


def _rules(checked: Checked) -> Consequence:
    """Say whether the stack would be let through."""
    if not checked.violations:
        return Consequence(Kind.RULES, f"stack {checked.stack} breaks no rule")
    ids = list(dict.fromkeys(finding.rule.id for finding in checked.violations))
    rules = "1 rule" if len(ids) == 1 else f"{len(ids)} rules"
    return Consequence(Kind.RULES, f"stack {checked.stack} breaks {rules}: {', '.join(ids)}", grave=True)


def of_level(report: Report, level: str) -> list[Finding]:
    """Give the findings of a level that no exception covers, those of one rule together."""
    return [f for f in report.checked.findings if f.level == level and f.excepted is None]


def to_json(reports: Sequence[Report], today: datetime.date) -> dict[str, Any]:
    """Make the JSON form of a check; docs/json.md documents its fields."""
    return {"version": VERSION, "today": str(today), "stacks": [_stack(report) for report in reports]}


def _stack(report: Report) -> dict[str, Any]:
    return {
        "stack": report.stack,
        "rules": report.checked.rules,
        "resources": report.checked.resources,
        **consequence.to_json(report.consequences),
        "violations": len(report.checked.violations),
        "findings": [_finding(finding, *report.places[finding.key]) for finding in report.checked.findings],
        "unusedExceptions": [_exception(entry) for entry in report.checked.unused],
        "endings": [_ending(each) for each in report.endings],
        "notices": [{"kind": each.kind, "text": each.text} for each in report.notices],
    }


def _ending(each: Ending) -> dict[str, Any]:
    until = None if each.until is None else round(float(each.until), 6)
    return {"name": each.name, "kind": each.kind, "computes": each.computes, "ends": each.ends, "until": until}


def _exception(entry: GuardrailException) -> dict[str, Any]:
    return entry.model_dump(mode="json", by_alias=True)


def _finding(finding: Finding, path: source_location.Path, line: int) -> dict[str, Any]:
    rule = finding.rule
    return {
        "key": finding.key,
        "rule": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "level": finding.level,
        "urn": finding.urn,
        "name": finding.name,
        "message": finding.message,
        "why": rule.why,
        "remedy": rule.remedy,
        "references": {
            "checkov": list(rule.references.checkov),
            "trivy": list(rule.references.trivy),
            "cis": list(rule.references.cis),
        },
        "excepted": _exception(finding.excepted) if finding.excepted else None,
        "place": ".".join(path[1:]),
        "line": line,
    }


def full(report: Report, *, brief: bool = False) -> RenderableType:
    """Lay out a check for a terminal: violations, exceptions, what is not known, advice, and the count.

    `brief` leaves out advice and what is not known, for many stacks in a row.
    """
    # Of many stacks only what somebody has to do something about; of broken rules the count, and first.
    broken = any(each.grave and each.kind is Kind.RULES for each in report.consequences)
    count = Text(_count(report), "bold red" if broken else "bold green")
    parts: list[RenderableType] = [count] if brief and broken else []
    parts += [
        Text(f"{report.stack}: {each.text}", "bold red")
        for each in report.consequences
        if brief and each.grave and each.kind in (Kind.OVER, Kind.CREDIT, Kind.PROGRAM)
    ]
    parts += [] if brief else [consequence.shown(report.consequences), Text()]
    if violations := of_level(report, "violation"):
        parts += [Text("violations", "bold red"), *_explained(violations, report)]
    if covered := [finding for finding in report.checked.findings if finding.excepted]:
        parts += [Text("exceptions in force", "bold yellow"), *_covered(covered)]
    if report.checked.unused:
        parts.append(Text("exceptions that cover nothing: remove them", "bold yellow"))
        parts += [_bullet(f"{entry.rule} of {entry.resource}, until {entry.until}") for entry in report.checked.unused]
    if not brief and (unknown := of_level(report, "unknown")):
        parts += [
            Text("not judged: nobody here can know it", "bold yellow"),
            *_unknown(unknown),
        ]
    for kind in () if brief else _TOLD:
        if told := [_bullet(each.text) for each in report.notices if each.kind == kind]:
            parts += [Text(KINDS[kind], "bold yellow"), *told]
    if not brief and (advice := of_level(report, "advice")):
        parts += [Text("advice", "bold yellow"), *_advice(advice)]
    if not brief and report.endings:
        parts += [Text("how what bills ends, if nobody watches", "bold yellow"), *_ends(report)]
    if not (brief and broken):
        parts.append(count)
    return Group(*parts)


def _ends(report: Report) -> Iterator[RenderableType]:
    """Say of what computes how it ends, of the rest what it costs in all, and what is kept for copying the work."""
    for how, group in groupby(
        sorted((each for each in report.endings if each.computes), key=lambda each: each.ends),
        key=lambda each: each.ends,
    ):
        yield _bullet(Text.assemble((", ".join(each.name for each in group), "bold"), f": {how}"))
    stored = [each for each in report.endings if not each.computes]
    known = sum((each.until for each in stored if each.until is not None), Decimal(0))
    if stored:
        unknown = ", ".join(each.name for each in stored if each.until is None)
        names = ", ".join(dict.fromkeys(each.name for each in stored if each.until is not None))
        until = f"to the lease's end and {endings.AFTER} days more"
        if names:
            yield _bullet(Text.assemble((names, "bold"), f": stores, about {known:.2f} USD {until}, unless ended"))
        if unknown:
            yield _bullet(Text.assemble((unknown, "bold"), f": stores, at a price that nobody knows, {until}"))
    yield _bullet(f"{report.reserve} is kept for copying the work away (`lease.reserve`)")


def _by_rule(findings: Sequence[Finding]) -> Iterator[tuple[coursecloud.policy.Rule, list[Finding]]]:
    for _, group in groupby(findings, key=lambda finding: finding.rule.id):
        same = list(group)
        yield same[0].rule, same


def _explained(findings: Sequence[Finding], report: Report) -> Iterator[RenderableType]:
    for rule, same in _by_rule(findings):
        yield Padding(Text.assemble((rule.id, "bold"), f"  {rule.title} ({rule.severity})"), (0, 0, 0, 2))
        for finding in same:
            line = report.places[finding.key][1]
            where = f"  ({report.file.name}:{line})" if line > 1 else ""
            yield _bullet(Text.assemble((finding.name, "bold"), f": {finding.message}", (where, "dim")), indent=4)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim")
        grid.add_column(overflow="fold")
        grid.add_row("why", Text(rule.why))
        grid.add_row("remedy", Text(rule.remedy))
        if references := str(rule.references):
            grid.add_row("also", Text(references))
        yield Padding(grid, (0, 0, 1, 6))


def _covered(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for entry in dict.fromkeys(finding.excepted for finding in findings):
        if entry is not None:
            same = [finding for finding in findings if finding.excepted == entry]
            # A pattern that takes in parts of several components may be wider than whoever wrote it meant.
            parts = sorted({_component(finding.urn) for finding in same if finding.urn})
            wide = f", in {' and '.join(parts)}" if parts[1:] else ""
            some = f"{entry.resource} ({len(same)}{wide})" if "*" in entry.resource else entry.resource
            yield _bullet(
                Text.assemble(
                    (entry.rule, "bold"), f" of {some}, until {entry.until}: {' '.join(entry.reason.split())}"
                )
            )


def _component(urn: str) -> str:
    """Name the component that a resource is in, by the types that its URN lists from the outermost on."""
    return urn.split("::")[2].partition("$")[0].rpartition(":")[2]


def _unknown(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for rule, same in _by_rule(findings):
        for message, group in groupby(sorted(same, key=lambda f: f.message), key=lambda f: f.message):
            names = ", ".join(finding.name for finding in group)
            yield _bullet(Text.assemble((rule.id, "bold"), f" of {names}: {message}"))


def _advice(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    for rule, same in _by_rule(findings):
        for finding in same:
            yield _bullet(Text.assemble((rule.id, "bold"), f" of {finding.name}: {finding.message}. {rule.remedy}"))


def _bullet(text: str | Text, indent: int = 2) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")
    grid.add_row(f"{'-':>{indent + 1}}", text)
    return grid


def _count(report: Report) -> str:
    checked = report.checked
    violations = len(checked.violations)
    others = {
        "excepted": sum(finding.excepted is not None for finding in checked.findings),
        "unknown": len(of_level(report, "unknown")),
        "advice": len(of_level(report, "advice")),
    }
    said = [
        f"{violations or 'no'} violation{'' if violations == 1 else 's'}",
        *(f"{count} {what}" for what, count in others.items() if count),
    ]
    return f"{report.stack}: {checked.rules} rules, {checked.resources} resources: {', '.join(said)}"
