"""The rules between keys of one section that a schema can say; each in the words that the editor shows.

The loader has these rules too, and more: a test holds that nothing it accepts is refused here.
"""

from typing import Any

Node = dict[str, Any]

_TRUE = {"const": True}
_SOMETHING: Node = {"not": {"enum": [None, ""]}}


def _has(key: str, what: Node = _SOMETHING) -> Node:
    return {"required": [key], "properties": {key: what}}


def _none_of(*conditions: Node) -> Node:
    return {"not": {"anyOf": list(conditions)}}


def _refused(message: str, *together: Node) -> Node:
    # A mapping is never null. Editors show the message of `enum`, and not that of `not`.
    return {"if": {"allOf": [{"type": "object"}, *together]}, "then": {"enum": [None], "errorMessage": message}}


def _one(*keys: str) -> Node:
    return {"oneOf": [_has(key, {"not": {"type": "null"}}) for key in keys]}


_RULES: dict[str, tuple[Node, ...]] = {
    "lease": (_refused("a lease with an end needs its start; add `starts:`", _has("ends"), _none_of(_has("starts"))),),
    "machines.*": (
        _refused(
            "a GPU at the full price is a costly default; add `spot: true`, or `onDemandGpu: true`",
            _has("gpu"),
            _none_of(_has("spot", _TRUE), _has("onDemandGpu", _TRUE)),
        ),
        _refused("a machine runs a container or a start-up script, not both", _has("container"), _has("startupScript")),
    ),
    "training": (
        _refused(
            "an endpoint and an account for prediction are part of training, which is not enabled",
            _has("enabled", {"const": False}),
            {"anyOf": [_has("endpoint", _TRUE), _has("prediction", _TRUE)]},
        ),
    ),
    "builds": (
        _refused(
            "triggers need a repository; add `repository: {owner: ..., name: ...}`",
            _has("triggers", {"minProperties": 1}),
            _none_of(_has("repository")),
        ),
    ),
    "builds.triggers.*": (
        _refused(
            "a trigger has exactly one of branch, tag and pullRequest", {"not": _one("branch", "tag", "pullRequest")}
        ),
        _refused("a trigger has exactly one of buildFile and dockerfile", {"not": _one("buildFile", "dockerfile")}),
    ),
}


def ruled(sections: dict[str, Node]) -> dict[str, Node]:
    """Add the rules to the sections that have some; they bind mappings only, not a section with nothing in it."""
    for place, rules in _RULES.items():
        node: Node = {"properties": sections}
        for part in place.split("."):
            node = node["additionalProperties"] if part == "*" else node["properties"][part]
        node["allOf"] = list(rules)
    return sections
