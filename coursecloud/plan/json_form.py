"""The documented JSON form of a plan: written here, and held to its shape before it is read, whoever wrote it."""

import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from coursecloud.plan.notices import notices
from coursecloud.plan.planning import Plan, bills, holds, unknowns

_Urn = Annotated[str, StringConstraints(pattern=r"^urn:pulumi:[^:]+::[^:]+::[^:].*::.+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, alias_generator=to_camel)


class _Options(_Strict):
    model_config = ConfigDict(extra="allow")
    aliases: list[str | dict[str, Any]] = Field(default_factory=list)


class _Resource(_Strict):
    urn: _Urn
    type: str
    name: str
    custom: bool
    parent: _Urn | None
    inputs: dict[str, Any]
    dependencies: list[str]
    property_dependencies: dict[str, list[str]]
    provider: str | None
    protect: bool
    options: _Options
    files: dict[str, str | None] = Field(default_factory=dict)


class _Form(_Strict):
    settings: dict[str, Any]
    resources: list[_Resource]
    outputs: dict[str, Any] = Field(default_factory=dict)


def breaches(form: object, most: int = 5) -> list[str]:
    """List what has another shape than a plan's JSON form, by its path and in words; the first few."""
    try:
        _Form.model_validate(form)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        said = [f"{'.'.join(map(str, details['loc']))}: {details['msg'].lower()}" for details in found[:most]]
        return [*said, f"and {len(found) - most} more"] if len(found) > most else said
    return []


VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""


def _place(file: str, line: int) -> dict[str, Any]:
    return {"file": file, "line": line}


def to_json(plan: Plan, today: datetime.date | None = None) -> dict[str, Any]:
    """Make the JSON form of a plan; docs/json.md documents its fields, and `notices` what `today` is for."""
    settings = plan.settings
    return {
        "version": VERSION,
        "stack": settings.stack,
        "project": settings.project,
        "region": settings.region,
        "settings": settings.model_dump(mode="json", by_alias=True),
        "counts": {
            "resources": len(plan.custom),
            "kept": sum(resource.protect for resource in plan.custom),
            "types": dict(sorted(plan.counts().items())),
        },
        "notices": [{"kind": notice.kind, "text": notice.text} for notice in notices(plan, today)],
        "resources": [
            {
                "urn": resource.urn,
                "type": resource.type,
                "name": resource.name,
                "custom": resource.custom,
                "parent": resource.parent,
                "inputs": resource.inputs,
                "unknown": unknowns(resource),
                "dependencies": list(resource.dependencies),
                "propertyDependencies": {name: list(urns) for name, urns in resource.property_dependencies.items()},
                "provider": resource.provider,
                "protect": resource.protect,
                "options": resource.options,
                **({"files": resource.files} if resource.files else {}),
                **({"atRun": resource.at_run} if resource.at_run else {}),
                **({"declared": _place(*resource.declared)} if resource.declared else {}),
                "bills": bills(resource) if resource.custom else None,
                "holds": holds(resource),
            }
            for resource in plan.resources
        ],
        "outputs": plan.outputs,
        "membersFile": plan.members_file,
        "program": [
            {"kind": deed.kind, "text": deed.text, "name": deed.name, "urn": deed.urn} for deed in plan.program
        ],
    }
