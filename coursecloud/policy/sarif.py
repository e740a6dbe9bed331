"""Findings as SARIF 2.1.0 in the form that GitHub's code scanning reads (its documentation, read 2026-11-23).

Left out are findings that an exception covers, because code scanning would raise them again; the exceptions
stand in the run's properties.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coursecloud.common import project
from coursecloud.common.console import visible
from coursecloud.policy import RULES, Finding, Rule
from coursecloud.policy.reporting import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {"violation": "error", "advice": "note", "unknown": "note"}
_GRADES = {"critical": "9.0", "high": "7.5", "medium": "5.0", "low": "2.0"}
"""Within the bounds by which GitHub grades `security-severity`: over 9.0, 7.0, 4.0 and 0."""


def sarif(reports: Sequence[Report]) -> dict[str, Any]:
    """Make one run of all the stacks."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "coursecloud",
                        "version": project.version(),
                        "rules": [_rule(rule) for rule in RULES],
                    }
                },
                # Another category would keep a run of other stacks from closing these alerts.
                "automationDetails": {"id": "coursecloud-check/"},
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(finding, report)
                    for report in reports
                    for finding in report.checked.findings
                    if finding.excepted is None
                ],
                "properties": {
                    "exceptions": [
                        {"stack": report.stack, **entry.model_dump(mode="json", by_alias=True)}
                        for report in reports
                        for entry in report.exceptions
                    ]
                },
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    references = str(rule.references)
    also = f"\n\nAlso known as {references}." if references else ""
    properties: dict[str, Any] = {
        "tags": [rule.topic, *rule.references.checkov, *rule.references.trivy],
        "precision": "very-high",
        "problem.severity": "recommendation" if rule.advisory else "error",
    }
    if rule.topic == "security":
        properties["security-severity"] = _GRADES[rule.severity]
    return {
        "id": rule.id,
        "name": rule.title,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why} {rule.remedy}{also}",
            "markdown": f"{rule.why}\n\n**Remedy:** {rule.remedy}{also}",
        },
        "defaultConfiguration": {"level": "note" if rule.advisory else "error"},
        "properties": properties,
    }


def _result(finding: Finding, report: Report) -> dict[str, Any]:
    path, line = report.places[finding.key]
    # The line moves when somebody edits the file above it; the rule and the resource do not.
    stable = hashlib.sha256(f"{report.stack} {finding.key}".encode()).hexdigest()
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": _LEVELS[finding.level],
        "message": {"text": visible(f"{report.stack}, {finding.name}: {finding.message}. {finding.rule.remedy}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(report.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": line},
                },
                "logicalLocations": [
                    {
                        "fullyQualifiedName": visible(finding.urn or ".".join(path)),
                        "kind": "resource" if finding.urn else "member",
                    }
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{stable[:16]}:1", "ruleAndResource/v1": stable},
    }


def _uri(file: Path) -> str:
    """Name a stack file as from the repository's root; by its name alone where it is in no repository."""
    file = file.resolve()
    for folder in file.parents:
        if (folder / ".git").exists():
            return file.relative_to(folder).as_posix()
    return file.name
