"""What a program asks Pulumi's engine for: the request that registers a resource, read field by field."""

import functools
import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

from google.protobuf import json_format

from coursecloud.plan import sdk
from coursecloud.plan.registration import UNKNOWN, Registration

FIELDS = frozenset({
    "type", "name", "parent", "custom", "object", "protect", "dependencies", "provider", "propertyDependencies",
})  # fmt: skip
"""Of the request that registers a resource: what a Registration has a field for."""

TALK = frozenset({
    "acceptSecrets", "acceptResources", "supportsPartialValues", "supportsResultReporting", "accepts_byte_string",
    "aliasSpecs", "deleteBeforeReplaceDefined", "sourcePosition", "stackTrace", "parentStackTraceHandle",
})  # fmt: skip
"""What only says how the SDK and the engine talk with each other, or where the program was."""

OPTIONS: Mapping[str, str] = {
    "aliases": "aliases", "aliasURNs": "aliasURNs", "deleteBeforeReplace": "deleteBeforeReplace",
    "ignoreChanges": "ignoreChanges", "replaceOnChanges": "replaceOnChanges", "replace_with": "replaceWith",
    "retainOnDelete": "retainOnDelete", "replacement_trigger": "replacementTrigger", "version": "version",
    "importId": "importId", "deletedWith": "deletedWith", "remote": "remote", "providers": "providers",
    "pluginDownloadURL": "pluginDownloadURL", "pluginChecksums": "pluginChecksums", "packageRef": "packageRef",
    "customTimeouts": "customTimeouts", "hideDiffs": "hideDiffs", "hooks": "hooks", "envVarMappings": "envVarMappings",
    "state_migrations": "stateMigrations", "transforms": "transforms",
}  # fmt: skip
"""What else a program can ask for, by the name of the request's field, and how a plan calls it."""


def registration(urn: str, request: Any, applied: Sequence[str]) -> Registration:
    """Read what a program asks Pulumi's engine for; `applied` are the names of the transforms that it brings."""
    written = json_format.MessageToDict(request, preserving_proto_field_name=True)
    options: dict[str, Any] = {called: plain(written[name]) for name, called in OPTIONS.items() if written.get(name)}
    # Tokens of a run mean nothing outside of it.
    options |= {"transforms": list(applied)} if applied else {}
    if "stateMigrations" in options:
        options["stateMigrations"] = len(options["stateMigrations"])
    options |= {"replaceWith": sorted(request.replace_with)} if request.replace_with else {}
    if (version := _installed(request.type)) and request.version not in ("", version):
        options["otherVersion"] = f"{request.version}, where {version} is installed"
    # A closed world: what a later release of Pulumi can be asked for is never passed over.
    known = FIELDS | TALK | OPTIONS.keys() | {"additionalSecretOutputs"}
    # These two the SDK adds to every resource that has labels; the program did not ask for them.
    if secret := [name for name in request.additionalSecretOutputs if name not in ("effectiveLabels", "pulumiLabels")]:
        options["additionalSecretOutputs"] = secret
    if unread := sorted(each.name for each, _ in request.ListFields() if each.name not in known):
        options["unread"] = unread
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=None if request.parent.split("::")[2:3] in ([], ["pulumi:pulumi:Stack"]) else request.parent,
        inputs=_inputs(request),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            name: tuple(sorted(urns.urns)) for name, urns in sorted(request.propertyDependencies.items()) if urns.urns
        },
        provider=request.provider or None,
        protect=request.protect,
        options=options,
    )


def declared(request: Any, roots: Sequence[str]) -> tuple[str, int] | None:
    """Find the line of the program that asks for a resource: the innermost in one of the folders."""
    for frame in request.stackTrace.frames:
        for root in roots:
            inside = frame.pc.uri.removeprefix(root)
            if inside != frame.pc.uri and "site-packages/" not in inside:
                return unquote(inside), frame.pc.line
    return None


@functools.cache
def _installed(kind: str) -> str | None:
    """Look up the version of the package that a type is from, as far as it is a Python package of Pulumi's."""
    try:
        return importlib.metadata.version(f"pulumi-{kind.partition(':')[0]}")
    except importlib.metadata.PackageNotFoundError:
        return None


def _inputs(request: Any) -> dict[str, Any]:
    found = plain(json_format.MessageToDict(request.object))
    if request.type.startswith("pulumi:providers:"):
        # They would stand in every plan that is saved and every review of it.
        found |= {key: {"$secret": True} for key in found if key in ("credentials", "accessToken")}
    return found


def plain(value: Any) -> Any:
    """Turn the wire form into plain JSON: whole numbers as integers, unknown values marked."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain(entry) for entry in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == sdk.UNKNOWN_TEXT else value
