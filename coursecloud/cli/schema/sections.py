"""The schema of each section, out of pydantic's: nothing by reference, so that each place has its own words.

`MODEL` says of which model of the settings a node was made: `referring` makes references of them again.
"""

from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from typing_extensions import override

from coursecloud.cli.schema.ranges import durations
from infra.names import OWN_LABELS
from infra.settings import Settings

Node = dict[str, Any]
MODEL = "$model"


class _InOrder(GenerateJsonSchema):
    """Pydantic sorts keys, also those of an example; ours stand as somebody would write them."""

    @override
    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def sections() -> dict[str, Node]:
    """Make the schema of all that a stack file can have, by its key without a namespace."""
    whole = Settings.model_json_schema(schema_generator=_InOrder)
    made = {name: _inlined(node, whole["$defs"]) for name, node in whole["properties"].items() if name != "stack"}
    for holder in (made["course"], made["machines"]["additionalProperties"]):
        holder["properties"]["labels"].setdefault("propertyNames", {})["not"] = {"enum": sorted(OWN_LABELS)}
    return made


def _inlined(node: Node, definitions: dict[str, Node], key: str = "") -> Node:
    if "$ref" in node:
        model = node["$ref"].rpartition("/")[2]
        node = {**definitions[model], **{k: v for k, v in node.items() if k != "$ref"}, MODEL: model}
    made = {name: value for name, value in node.items() if name not in ("title", "anyOf")}
    if choices := [_inlined(choice, definitions, key) for choice in node.get("anyOf", ())]:
        made = _merged(choices) | made
    if made.get("default", made) is None or made.get("type") in ("object", ["object", "null"]):
        made.pop("default", None)  # a section's defaults are those of its keys
    if "description" in made:
        made["description"] = " ".join(made["description"].split())
    if "seconds" in made:
        made["pattern"] = durations(*made.pop("seconds"))
    if "patternProperties" in made:
        ((pattern, values),) = made.pop("patternProperties").items()
        made["propertyNames"] = {"pattern": pattern, **made.get("propertyNames", {})}
        made["additionalProperties"] = values
    if "properties" in made:
        made["properties"] = {name: _inlined(value, definitions, name) for name, value in made["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if isinstance(made.get(inner), dict):
            made[inner] = _inlined(made[inner], definitions, key)
    if "items" in made and key != "args":
        made["uniqueItems"] = True
    return made


def _merged(choices: list[Node]) -> Node:
    """Make one node of what may be one of several kinds, of which at most one has rules of its own."""
    merged: Node = {}
    kinds: list[str] = []
    for choice in choices:
        merged |= choice
        kind = cast("str | list[str]", choice["type"])
        kinds += [kind] if isinstance(kind, str) else kind
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    if "enum" in merged and "null" in kinds:
        merged["enum"] = [*merged["enum"], None]
    return merged | {"type": kinds}
