"""A plan in the JSON form of `terraform show -json`, for scanners that know Terraform and not Pulumi.

It says what Pulumi would create in Terraform's words; Terraform itself has never seen it and cannot apply it.
The names are data (`catalog/types`, and `generated/terraform.json` there).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from catalog import types
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN, Registration

FORMAT_VERSION = "1.2"
"""Of the JSON form (developer.hashicorp.com/terraform/internals/json-format, read 2026-11-23)."""

TERRAFORM_VERSION = "1.9.8"
"""Readers tell the file's kind by it; that release writes this format."""

PROVIDER = "registry.terraform.io/hashicorp/google"

Fields = Mapping[str, Mapping[str, Any]]


def name_of(kind: str) -> str | None:
    """Give Terraform's name of a type; None where nobody has said it."""
    known = types.of(kind)
    return known.terraform if known else None


@dataclass(frozen=True)
class Exported:
    """A Terraform plan, and what is not in it."""

    plan: dict[str, Any]
    left_out: tuple[str, ...]
    """Pulumi's types whose Terraform name nobody has said."""


def export(plan: Plan) -> Exported:
    """Say a plan in Terraform's words: values it does not know are in `after_unknown`, as Terraform has them."""
    known = [resource for resource in plan.custom if name_of(resource.type)]
    addresses = _addresses(known)
    values = {urn: _translated(resource) for urn, resource in ((r.urn, r) for r in known)}
    heads = {urn: _head(address) for urn, address in addresses.items()}
    return Exported(
        {
            "format_version": FORMAT_VERSION,
            "terraform_version": TERRAFORM_VERSION,
            "variables": {},
            "planned_values": {
                "root_module": {
                    "resources": [
                        {**heads[urn], "schema_version": 0, "values": after, "sensitive_values": {}}
                        for urn, (after, _) in values.items()
                    ]
                }
            },
            "resource_changes": [
                {
                    **heads[urn],
                    "change": {
                        "actions": ["create"],
                        "before": None,
                        "after": after,
                        "after_unknown": unknown,
                        "before_sensitive": False,
                        "after_sensitive": {},
                    },
                }
                for urn, (after, unknown) in values.items()
            ],
            "configuration": {
                "provider_config": {
                    "google": {
                        "name": "google",
                        "full_name": PROVIDER,
                        "expressions": {
                            "project": {"constant_value": plan.settings.project},
                            "region": {"constant_value": plan.settings.region},
                        },
                    }
                },
                "root_module": {
                    "resources": [
                        {
                            **{key: heads[resource.urn][key] for key in ("address", "mode", "type", "name")},
                            "provider_config_key": "google",
                            "expressions": _expressions(resource, values[resource.urn][0], addresses),
                            "schema_version": 0,
                        }
                        for resource in known
                    ]
                },
            },
        },
        tuple(sorted({resource.type for resource in plan.custom if not name_of(resource.type)})),
    )


def _addresses(resources: list[Registration]) -> dict[str, str]:
    """Give each resource its address by URN; two of one name, under different components, are told apart."""
    addresses: dict[str, str] = {}
    for resource in resources:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", resource.name)
        address = f"{name_of(resource.type)}.{name if name[:1].isalpha() else f'_{name}'}"
        count = sum(other == address or other.startswith(f"{address}__") for other in addresses.values())
        addresses[resource.urn] = f"{address}__{count + 1}" if count else address
    return addresses


def _head(address: str) -> dict[str, str]:
    kind, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "provider_name": PROVIDER}


def _translated(resource: Registration) -> tuple[dict[str, Any], dict[str, Any]]:
    return _object(resource.inputs, _fields(resource))


def _fields(resource: Registration) -> Fields:
    return types.terraform_fields().get(types.short_type(resource.type), {})


def _object(inputs: Mapping[str, Any], fields: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """Translate the fields of a resource or a block: what is known, and where something is not."""
    after: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for key, value in inputs.items():
        field = fields.get(key, {})
        name = field.get("name") or _snake(key)
        if value == UNKNOWN:
            unknown[name] = True
            continue
        if field.get("block"):
            blocks = cast("list[Any]", value if isinstance(value, list) else [value])
            pairs = [
                _object(cast("Mapping[str, Any]", block), field.get("fields", {}))
                for block in blocks
                if isinstance(block, Mapping)
            ]
            known, missing = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        else:
            known, missing = _value([value] if field.get("list") and not isinstance(value, list) else value)
        after[name] = known
        if _any(missing):
            unknown[name] = missing
    return after, unknown


def _value(value: Any) -> tuple[Any, Any]:
    """Translate a value that is no block; keys of maps are the user's own words and stay."""
    if value == UNKNOWN:
        return None, True
    if isinstance(value, Mapping):
        pairs = {key: _value(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
        known = {key: entry for key, (entry, missing) in pairs.items() if missing is not True}
        return known, {key: missing for key, (_, missing) in pairs.items() if _any(missing)}
    if isinstance(value, list):
        listed = [_value(entry) for entry in cast("list[Any]", value)]
        return [entry for entry, _ in listed], [missing for _, missing in listed]
    return value, False


def _any(missing: Any) -> bool:
    if isinstance(missing, Mapping):
        return any(map(_any, cast("Mapping[str, Any]", missing).values()))
    if isinstance(missing, list):
        return any(map(_any, cast("list[Any]", missing)))
    return missing is True


def _snake(camel: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", camel)


def _expressions(
    resource: Registration, after: Mapping[str, Any], addresses: Mapping[str, str]
) -> dict[str, dict[str, Any] | list[Any]]:
    """Say where each value comes from: another resource that the program took it from, or the program itself."""
    fields = _fields(resource)
    found: dict[str, dict[str, Any] | list[Any]] = {}
    for key in resource.inputs:
        name = fields.get(key, {}).get("name") or _snake(key)
        sources = [addresses[urn] for urn in resource.property_dependencies.get(key, ()) if urn in addresses]
        if fields.get(key, {}).get("block"):
            found[name] = [_constants(block) for block in after.get(name, ())]
        elif sources:
            found[name] = {"references": sources}
        elif name in after:
            found[name] = {"constant_value": after[name]}
    return found


def _constants(block: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [_constants(inner) for inner in cast("list[Mapping[str, Any]]", value)]
        if isinstance(value, list) and value and all(isinstance(inner, Mapping) for inner in cast("list[Any]", value))
        else {"constant_value": value}
        for key, value in block.items()
    }
