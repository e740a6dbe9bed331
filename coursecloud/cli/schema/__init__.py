"""The JSON Schema of the stack file, made from the settings: editors complete, explain and check by it.

Draft-07, because yaml-language-server (VS Code, Neovim, Helix, Zed ...) and the JetBrains editors read it in every
version; of the newer drafts not all of them read all (yaml-language-server's own README, read 2026-11-23: "JSON
Schema 7 and below").
"""

import functools
from typing import Any

from coursecloud.cli.schema import referring, tabled
from coursecloud.cli.schema.keys import described
from coursecloud.cli.schema.sections import sections
from coursecloud.common.stack_file import PULUMIS_OWN
from infra.settings.types import NOT_IN_PROJECT_IDS

FILE = "stack.schema.json"
"""The committed schema, beside the stack files that name it in their first line."""

RENEW = "coursecloud schema --write"
"""The command that writes the committed schema anew."""

_PULUMIS = {
    "encryptionsalt": "Written by Pulumi on your machine, for encrypted values. Do not commit it.",
    "encryptedkey": "Written by Pulumi where a key of a cloud encrypts values.",
    "secretsprovider": "What encrypts values, written by `pulumi stack change-secrets-provider`.",
    "environment": "Environments of Pulumi ESC to import. coursecloud needs none.",
}
_SECURE = {
    "type": "object",
    "description": "A value that only Pulumi can read, written by `pulumi config set --secret`.",
    "properties": {"secure": {"type": "string", "description": "The encrypted value."}},
    "required": ["secure"],
    "additionalProperties": False,
}
_AS_TEXT = r"^\s*(\{[\s\S]*|null\s*)?$"
"""A section may also be its JSON as text, which is how `pulumi config set` writes it; or be empty."""


def text() -> str:
    """Write the schema as it is committed."""
    return referring.written(committed()) + "\n"


def committed() -> dict[str, Any]:
    """Make the schema with a definition for each section of the settings, and references to them."""
    return referring.referring(build())


@functools.cache
def build() -> dict[str, Any]:
    """Make the schema of a whole stack file, with what Pulumi itself puts there, and each section where it stands.

    What it leaves to the loader: what the tables say goes together (a GPU, its machine type and its zone), rules
    between sections, the files that keys name, regular expressions, and numbers inside of a text (cron, ranges).
    """
    missing = PULUMIS_OWN - _PULUMIS.keys() - {"config"}
    assert not missing, missing  # noqa: S101 - a key that Pulumi added needs its line above
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "description": "What one group's environment on Google Cloud is. `coursecloud explain KEY` says more.",
        "type": "object",
        "properties": {
            "config": _config(),
            **{
                key: {"description": text} | ({} if key == "environment" else {"type": "string"})
                for key, text in _PULUMIS.items()
            },
        },
        "required": ["config"],
        "additionalProperties": False,
        "definitions": tabled.definitions(),
    }


def _config() -> dict[str, Any]:
    plain = sections()
    for name in ("region", "zone"):
        plain[name]["type"] = ["string", "null"]
    made = described(tabled.suggested(plain))
    provider = {f"gcp:{name}": made.pop(name) for name in ("project", "region", "zone")}
    project = provider["gcp:project"]
    provider["gcp:project"] = {
        "description": project.pop("description"),
        "examples": project.pop("examples", []),
        "anyOf": [project | {"not": {"pattern": "|".join(NOT_IN_PROJECT_IDS)}}, _SECURE],
    }
    members = made["team"]["properties"]["members"]
    members["items"] = {"anyOf": [members["items"], _SECURE]}
    for name, section in made.items():
        section["type"] = ["object", "string"] if section.get("required") else ["object", "null", "string"]
        section["pattern"] = _AS_TEXT
        if name in ("machines", "services"):
            section["additionalProperties"]["type"] = ["object", "null"]
    return {
        "type": "object",
        "description": "Settings by namespace: gcp: is the provider's, coursecloud: is this project's.",
        "properties": {**provider, **{f"coursecloud:{name}": section for name, section in made.items()}},
        "patternProperties": {
            # A key without a namespace is the project's own, to Pulumi too.
            **{f"^{name}$": {"$ref": f"#/properties/config/properties/coursecloud:{name}"} for name in made},
            "^gcp:(?!(project|region|zone)$)": {"description": "A further setting of the Google Cloud provider."},
            "^(?!gcp:|google:|coursecloud:)[^:]*:": {"description": "A setting of another provider or tool."},
        },
        "required": ["gcp:project"],
        "additionalProperties": False,
        "allOf": tabled.refused(),
    }
