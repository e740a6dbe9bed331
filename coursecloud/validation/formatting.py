"""A report of a check for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from coursecloud.validation.check import BASES, UNCHECKED, ValidationReport
from infra.settings.problem import MISSING

HEADINGS = {base: base for base in BASES} | {"type": "type only"}


def full(report: ValidationReport) -> RenderableType:
    """Lay out the findings first, then what was checked by what."""
    totals = report.totals
    parts: list[RenderableType] = [Text(), *_findings(to_json(report)["findings"])]
    if len(parts) == 1:
        parts.append(Text("Google's API descriptions and the dated facts have nothing against this plan", "bold green"))
    parts += [Text(), table(report)]
    more = totals["inputs"] - totals["type"] - totals["unsent"] - totals["later"]
    parts.append(
        Text(
            f"{more} of {totals['inputs']} inputs are held against more than a type. enum, pattern, format: Google's"
            " descriptions; ours: dated facts where those say it in prose only (an input can count in both);"
            " later: known to the real run only. Every name was looked up, and"
            f" {totals['required']} required fields were looked for.",
            "dim",
        )
    )
    if report.unsent:
        parts.append(Text("unsent: never reaches the API", "dim"))
        grid = Table.grid(padding=(0, 1))
        for (name, reason), times in sorted(report.unsent.items()):
            grid.add_row("  -", Text(f"{name} ({times}): {reason}", "dim"))
        parts.append(grid)
    return Group(*parts)


def _findings(findings: list[dict[str, Any]]) -> Iterator[RenderableType]:
    """Lay out what Google would refuse, and apart from it what cannot be checked, each under its count."""
    for unchecked, what in ((False, "that Google would refuse"), (True, "that cannot be checked")):
        chosen = [finding for finding in findings if (finding["kind"] in UNCHECKED) == unchecked]
        if chosen:
            style = "bold yellow" if unchecked else "bold red"
            yield Text(f"{len(chosen)} thing{'s' if len(chosen) > 1 else ''} {what}", style)
            yield from map(_listed, chosen)


def _listed(finding: Mapping[str, Any]) -> RenderableType:
    """Lay out one finding from its JSON form: where and what, the rule, the remedy, and where it comes from."""
    where = f"{finding['resource']}  {finding['input']}".rstrip()
    value = "" if finding["value"] is None else f": {_short(finding['value'])}"
    keys = " and ".join(finding["keys"])
    grid = Table.grid(padding=(0, 2))
    for overflow in ("ellipsis", "ellipsis", "fold"):
        # Nothing of what is said is cut, however narrow the terminal: the address of a source can be longer than it.
        grid.add_column(overflow=overflow)
    for heading, said in (
        ("rule", finding["rule"]),
        ("remedy", finding["remedy"]),
        ("from", f"{keys}, through {finding['file']}" if keys else finding["file"]),
    ):
        grid.add_row("   ", heading, Text(said))
    return Group(Text(f"  {where}{value}"), grid)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 120 else shown[:117] + "..."


def table(report: ValidationReport) -> Table:
    """Count the inputs of each API by what they were held against."""
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("API", overflow="fold")
    for heading in ("inputs", *HEADINGS.values()):
        grid.add_column(heading, justify="right")
    rows = [*sorted(report.coverage.items()), ("all", report.totals)]
    for api, counted in rows:
        grid.add_row(
            api, *(str(counted[base] or "") for base in ("inputs", *BASES)), style="bold" if api == "all" else ""
        )
    return grid


def overview(rows: list[dict[str, Any]]) -> RenderableType:
    """Lay out the checks of `plan --all`: a row a stack, and the findings of all of them."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("stack", overflow="fold")
    for heading in ("inputs", "checked", "type only", "unsent", "later", "findings"):
        grid.add_column(heading, justify="right")
    parts: list[RenderableType] = [Text(), grid]
    for row in rows:
        checked: dict[str, Any] | None = row["check"]
        if checked is None:
            grid.add_row(row["stack"], *["?"] * 6)
            continue
        inputs, weak, unsent, later = (
            sum(counted[base] for counted in checked["coverage"].values())
            for base in ("inputs", "type", "unsent", "later")
        )
        counts = (inputs, inputs - weak - unsent - later, weak, unsent, later, len(checked["findings"]))
        grid.add_row(row["stack"], *map(str, counts))
        if checked["findings"]:
            parts += [Text(f"\nstack {row['stack']}", "bold"), *_findings(checked["findings"])]
    return Group(*parts)


def to_json(report: ValidationReport) -> dict[str, Any]:
    """Make the JSON form of a report: `findings`, `coverage` by API, `unsent` and `documents`."""
    return {
        "findings": [
            {
                "resource": finding.resource,
                "urn": finding.urn,
                "input": finding.input,
                "value": None if finding.value is MISSING else finding.value,
                "kind": finding.kind,
                "rule": finding.rule,
                "remedy": finding.remedy,
                "file": finding.place.file,
                "keys": list(finding.place.keys),
            }
            for finding in report.findings
        ],
        "coverage": {
            api: {base: counted[base] for base in ("inputs", *BASES, "required")}
            for api, counted in sorted(report.coverage.items())
        },
        "unsent": [
            {"input": name, "reason": reason, "count": times} for (name, reason), times in sorted(report.unsent.items())
        ],
        "documents": dict(sorted(report.revisions.items())),
    }
