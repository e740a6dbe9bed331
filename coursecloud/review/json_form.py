"""The documented JSON form of a review (docs/json.md)."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from coursecloud import cost
from coursecloud.diff import property_diff
from coursecloud.diff.changes import Change, Operation, PropertyChange
from coursecloud.diff.refusals import Refusal
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy import Finding
from coursecloud.policy import consequence as means
from coursecloud.review import formatting
from coursecloud.review.changed_lines import Lines
from coursecloud.review.dangers import Danger
from coursecloud.review.money import Findings, Line
from coursecloud.review.protection import Weaker
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack

VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""


def to_json(review: Review, closed: Sequence[str] = ()) -> dict[str, Any]:
    """Make the JSON form; docs/json.md documents its fields. Values are whole, secrets are `{"$secret": true}`."""
    return {
        "version": VERSION,
        "base": review.base,
        "head": review.head,
        "level": review.level.name.lower(),
        "verdict": review.sentence,
        "headline": f"{formatting.VERDICTS[review.level]}: {review.sentence}",
        "closed": list(closed),
        "notes": list(review.notes),
        "program": list(review.program),
        "runs": list(review.runs),
        "packages": list(review.requires),
        "project": list(review.project),
        "rosters": list(review.rosters),
        "lines": [_lines(each) for each in review.lines],
        "leaks": [dataclasses.asdict(leak) for leak in review.leaks],
        "outside": list(review.outside),
        "documents": [_lines(each) | {"typed": each.file in review.typed} for each in review.documents],
        "untaken": [{"file": each.file, "line": each.line, "why": each.why} for each in review.untaken],
        "stacks": [_stack(stack) for stack in review.stacks],
    }


def _lines(each: Lines) -> dict[str, Any]:
    return {
        "file": each.file,
        "ranges": [list(run) for run in each.ranges],
        "goneAfter": list(each.gone),
        "whole": each.whole or None,
        "text": str(each),
    }


def _stack(stack: Stack) -> dict[str, Any]:
    counts = Counter(change.operation for change in stack.changes)
    return {
        "stack": stack.name,
        "status": str(stack.status),
        "example": stack.example,
        "level": stack.level.name.lower(),
        "verdict": stack.sentence,
        "counts": {str(operation): counts[operation] for operation in Operation if operation is not Operation.SAME}
        | {"unchanged": stack.unchanged},
        "mistakes": [{"side": side, "message": message} for side, message in stack.mistakes],
        "refusals": [_refusal(refusal) for refusal in stack.refusals],
        **means.to_json(stack.consequences),
        "dangers": [_danger(danger) for danger in stack.dangers],
        "protection": [_weaker(each) for each in stack.protection],
        "changes": [_change(change) for change in stack.changes],
        "settings": [_property(entry) for entry in stack.settings],
        "outputs": [_property(entry) for entry in stack.outputs],
        "unseen": [{"name": name, "property": top} for name, top in stack.unseen],
        "cost": {
            "before": cost.to_json(stack.cost.before) if stack.cost.before else None,
            "after": cost.to_json(stack.cost.after) if stack.cost.after else None,
            "addsPerHourOn": float(round(stack.cost.per_hour, 6)),
            "newlyUnknown": list(stack.cost.news_unknown),
            "changes": [_cost_line(line) for line in stack.cost.lines],
        }
        if stack.cost
        else None,
        "rules": _findings(stack.findings) if stack.findings else None,
        "notes": list(stack.notes),
    }


def _cost_line(line: Line) -> dict[str, Any]:
    amounts = {"perHourOn": line.per_hour_on, "perDay": line.per_day, "perMonth": line.per_month}
    return {
        "urn": line.urn,
        "name": line.name,
        "component": line.component,
        "what": line.what,
        "was": line.was or None,
        **{name: None if value is None else float(round(value, 6)) for name, value in amounts.items()},
        "unknown": list(line.unknown),
    }


def _findings(findings: Findings) -> dict[str, Any]:
    def entry(finding: Finding) -> dict[str, Any]:
        return {
            "rule": finding.rule.id,
            "level": finding.level,
            "urn": finding.urn,
            "name": finding.name,
            "message": finding.message,
        }

    return {name: [entry(finding) for finding in getattr(findings, name)] for name in ("new", "fixed", "still")}


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "kind": str(refusal.kind),
        "urn": refusal.urn,
        "place": refusal.place,
        "value": refusal.value,
        "rule": refusal.rule,
        "remedy": refusal.remedy,
        "fails": refusal.fails,
        "lose": refusal.lose,
    }


def _weaker(each: Weaker) -> dict[str, Any]:
    return {
        "about": each.about,
        "what": each.what,
        "was": each.was,
        "will": each.will,
        "then": each.then,
        "urn": each.urn,
    }


def _danger(danger: Danger) -> dict[str, Any]:
    urn = danger.change.resource.urn if danger.change else None
    return {"kind": str(danger.kind), "urn": urn, "text": danger.text}


def _change(change: Change) -> dict[str, Any]:
    return {
        "operation": str(change.operation),
        "urn": change.resource.urn,
        "type": change.resource.type,
        "kind": short_type(change.resource.type),
        "name": change.name,
        "renamedFrom": change.before.urn if change.renamed_from and change.before else None,
        "reasons": [
            {"property": reason.property, "follows": reason.cause, "text": reason.text} for reason in change.reasons
        ],
        "places": [{"file": place.file, "line": place.line, "url": place.url or None} for place in change.places],
        "deleteFirst": change.delete_first,
        "loses": change.loses,
        "protected": _protected(change.before),
        "refused": change.refused,
        "uncertain": change.uncertain,
        "properties": [_property(entry) for entry in change.inputs or change.properties],
    }


def _protected(resource: Registration | None) -> bool:
    return bool(resource and resource.protect)


def _property(change: PropertyChange) -> dict[str, Any]:
    sides = {
        name: property_diff.plain(value)
        for name, value in (("old", change.old), ("new", change.new))
        if value is not property_diff.NOTHING
    }
    return {
        "path": change.path,
        **sides,
        "replaces": change.replaces,
        "ignored": change.ignored,
        "atRun": change.at_run,
        "prunes": change.prunes,
        "restarts": change.restarts,
    }
