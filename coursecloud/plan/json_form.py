"""The shape of a plan's JSON form: whoever wrote it, what reads it afterwards meets values of these types."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

_Urn = Annotated[str, StringConstraints(pattern=r"^urn:pulumi:[^:]+::[^:]+::[^:].*::.+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, alias_generator=to_camel)


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
    options: dict[str, Any]


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
