"""Requests for both judges of Google's API descriptions: the committed stacks', and each with one thing changed.

`coursecloud.validation` judges for `plan --check`, and `emulator.validate` for the emulator. Neither knows the other:
a mistake that one of them makes is seen where they differ.
"""

import copy
import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast
from urllib.parse import quote

from coursecloud.validation import discovery, request
from coursecloud.validation.mapping import Element, Target, TypeMapping, mappings
from coursecloud.validation.message_validation import Holder, hold_parameter
from emulator import validate
from emulator.discovery import load
from emulator.errors import ApiError
from tests.coursecloud.conformed import committed
from tests.project import NAMES

Path = tuple[str | int, ...]

VALUES: Mapping[str, object] = {
    "true": True,
    "five": 5,
    "minus five": -5,
    "a half": 1.5,
    "a whole float": 2.0,
    "2^31": 2**31,
    "2^32": 2**32,
    "2^63": 2**63,
    "2^64": 2**64,
    "10^400": 10**400,
    "'true'": "true",
    "'5'": "5",
    "'-5'": "-5",
    "'+5'": "+5",
    "'1.5'": "1.5",
    "'1e3'": "1e3",
    "'1_0'": "1_0",
    "'2^63'": str(2**63),
    "no text": "",
    "a blank": " ",
    "some text": "NO_SUCH_VALUE",
    "an unspecified enum": "SOMETHING_UNSPECIFIED",
    "letters of the world": "\u00e9\u2603",
    "long text": "a" * 3000,
    "a moment": "2026-11-23T20:00:00Z",
    "a moment at an offset": "2026-11-23T20:00:00.5+01:00",
    "a moment in small letters": "2026-11-23t20:00:00z",
    "a moment without an offset": "2026-11-23T20:00:00",
    "a moment of the year 0": "0000-01-01T00:00:00Z",
    "a day": "2026-11-23",
    "a day that is none": "2026-02-30",
    "seconds": "300s",
    "minutes": "5m",
    "less than no seconds": "-1.5s",
    "too many seconds": "999999999999s",
    "base64": "YQ==",
    "base64 for addresses": "_-8",
    "base64 cut off": "YQabc",
    "signs": "$%&",
    "an empty object": {},
    "an object": {"key": "value"},
    "a list of a text": ["x"],
    "a list of a number": [5],
    "a list of an object": [{"key": "value"}],
    "a list with nothing in it": [None],
    "nothing": None,
}
"""What is put into every place: right in some, wrong in most, by its type, its form, its range or its words."""


@dataclass(frozen=True)
class Asked:
    """A body that a method is asked with; `change` says what was made of `field`, which `kind` it is."""

    api: tuple[str, str]
    method: str
    message: str
    body: Any
    field: str
    kind: str
    change: str


@functools.cache
def description(api: tuple[str, str]) -> dict[str, Any]:
    """Read a description by neither judge's way."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return json.loads((folder / ".".join((*api, "json"))).read_text(encoding="utf-8"))


def planned() -> Iterator[tuple[TypeMapping, request.ProviderRequest]]:
    """Make the request of each resource of the committed stacks."""
    for stack in NAMES:
        for resource in committed(stack).custom:
            mapping = mappings()[resource.type]
            yield mapping, request.make(mapping, resource.inputs)


def json_of(node: request.Node) -> Any:
    """Write a request's body as it is sent; what is not known before, or is turned into something else, is a text."""
    if node.leaf is not None and not node.children:
        return "later" if node.leaf.unknown or node.changed else node.value
    if any(isinstance(step, Element) for step in node.children):
        return [each for child in node.children.values() if (each := json_of(child)) is not None]
    return {str(step): each for step, child in node.children.items() if (each := json_of(child)) is not None}


def bodies() -> Iterator[tuple[tuple[str, str], str, str, list[Any]]]:
    """List the bodies of the committed stacks by API, method and message, each once."""
    found: dict[tuple[tuple[str, str], str, str], dict[str, Any]] = {}
    for mapping, made in planned():
        api = (mapping.service, mapping.version)
        if message := discovery.load(*api).entries[mapping.method].get("request", {}).get("$ref"):
            body = json_of(made.body)
            found.setdefault((api, mapping.method, message), {})[json.dumps(body, sort_keys=True)] = body
    for key, known in found.items():
        yield *key, list(known.values())


def asked() -> Iterator[Asked]:
    """Ask with each body as it is, and with one change at each place that its message has."""
    tried: set[str] = set()
    for api, method, message, known in bodies():
        seen: set[tuple[str, str]] = set()
        for body in known:
            yield Asked(api, method, message, body, message, "message", "as it is")
            for path, value, rule in places(api, {"$ref": message}, body):
                for below, changed_kind, change, changed in changes(api, path, value, rule, body, tried):
                    field = ".".join([message, *("[]" if isinstance(part, int) else part for part in below)])
                    if (field, change) not in seen:
                        seen.add((field, change))
                        yield Asked(api, method, message, changed, field, changed_kind, change)


def places(api: tuple[str, str], rule: Any, value: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Walk the places of a body with their rules."""
    rule = followed(api, rule)
    yield path, value, rule
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            below = rule.get("properties", {}).get(name) or rule.get("additionalProperties")
            if below:
                yield from places(api, below, inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[Any]", value)):
            yield from places(api, rule["items"], inner, (*path, number))


def followed(api: tuple[str, str], rule: Any) -> Any:
    """Follow a reference to the message that it names."""
    return description(api)["schemas"][rule["$ref"]] if "$ref" in rule else rule


def kind(rule: Any) -> str:
    """Name what a rule asks for: enum, pattern, or the type with its format."""
    if rule.get("enum") or rule.get("pattern"):
        return "enum" if rule.get("enum") else "pattern"
    return f"{rule['type']} {rule.get('format', '')}".strip()


def changes(
    api: tuple[str, str], path: Path, value: Any, rule: Any, body: Any, tried: set[str]
) -> Iterator[tuple[Path, str, str, Any]]:
    """Change one place: by every value, and an object by every field that it may have, lacks, or is not known.

    Gives the place that is another one then, what it asks for, what was done, and the body. `tried` are the kinds of
    places that were given every value.
    """
    if path:
        tried.add(kind(rule))
        for name, other in VALUES.items():
            yield path, kind(rule), name, put(body, path, other)
    if not isinstance(value, dict):
        return
    known: dict[str, Any] = rule.get("properties", {})
    for unknown in ("x", ""):
        below = (*path, "noSuchField")
        yield below, "free" if not known else "unknown", f"is there with '{unknown}'", put(body, below, unknown)
    for name, old in cast("dict[str, Any]", value).items():
        below = (*path, name)
        inner = followed(api, known.get(name) or rule["additionalProperties"])
        yield below, kind(inner), "is left out", put(body, below, GONE)
        if known and (snake := re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)) != name:
            changed = put(put(body, below, GONE), (*path, snake), old)
            yield below, kind(inner), "is written in snake case", changed
    for name, inner in known.items():
        if name not in value:
            # Read on their own here, so that neither judge decides what is held against it.
            words = inner.get("description", "")[:60].lower()
            fixed = inner.get("readOnly") or "output only" in words or "output-only" in words
            shown = "output only" if fixed else kind(followed(api, inner))
            yield (*path, name), shown, "is there too", put(body, (*path, name), sample(api, inner))
            if shown not in (*tried, "output only"):
                tried.add(shown)
                for called, other in VALUES.items():
                    yield (*path, name), shown, called, put(body, (*path, name), other)


GONE = object()


def put(body: Any, path: Path, value: object) -> Any:
    """Copy a body with another value at a place."""
    whole = copy.deepcopy(body)
    node = whole
    for part in path[:-1]:
        node = node[part]
    if value is GONE:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return whole


def sample(api: tuple[str, str], rule: Any) -> Any:
    """Make a value that a field takes, of its type alone."""
    rule = followed(api, rule)
    if rule.get("enum"):
        return rule["enum"][-1]
    formed = {"google-datetime": "2026-11-23T20:00:00Z", "date-time": "2026-11-23T20:00:00Z", "date": "2026-11-23",
              "google-duration": "300s", "byte": "YQ==", "int64": "5", "uint64": "5"}  # fmt: skip
    plain: dict[str, Any] = {"string": formed.get(rule.get("format"), "x"), "array": [], "object": {}, "any": "x",
                             "integer": 5, "number": 5, "boolean": True}  # fmt: skip
    return plain[rule["type"]]


def plan_refuses(each: Asked) -> list[str]:
    """Ask the judge of `plan --check`; what it has against the body."""
    same = {name: Target(name) for name in each.body}
    mapping = TypeMapping(*each.api, each.method, {}, {}, same, {})
    made = request.make(mapping, each.body) if each.body else request.ProviderRequest()
    holder = Holder(discovery.load(*each.api), each.method)
    return [f"{held.field}: {held.breach}" for held in holder.body(each.message, made.body) if held.breach]


def emulator_refuses(each: Asked) -> list[str]:
    """Ask the emulator's judge; what it has against the body."""
    document = load(*each.api)
    try:
        validate.check_body(document, document.methods[each.method], copy.deepcopy(each.body))
    except ApiError as error:
        return error.message.splitlines()
    return []


TEXTS: Mapping[str, str] = {
    "capitals": "Not-A-Name",
    "signs": "$%&",
    "a digit first": "5",
    "a blank": "name with blanks",
    "long text": "a" * 300,
    "'true'": "true",
    "'1.5'": "1.5",
}
"""What is put into every parameter of a path or a query."""


@dataclass(frozen=True)
class Called:
    """A method that is called with parameters; `change` says what was made of that of the name `field`."""

    api: tuple[str, str]
    method: str
    parameters: Mapping[str, request.Parameter]
    field: str
    kind: str
    change: str


def called() -> Iterator[Called]:
    """Call each method of the committed stacks with the parameters that they give, and with one of them changed."""
    seen: set[tuple[str, str, str]] = set()
    for mapping, made in planned():
        api = (mapping.service, mapping.version)
        given = {each.name: each for each in made.parameters if each.text is not None}
        if len(given) < len(made.parameters):
            continue  # only the real run knows them all
        rules = method_of(api, mapping.method)["parameters"]
        for field, change, text in [("", "as it is", ""), *((name, *each) for name in given for each in TEXTS.items())]:
            if (mapping.method, field, change) in seen:
                continue
            seen.add((mapping.method, field, change))
            changed = dict(given)
            if field:
                leaf = request.Leaf((field,), text)
                changed[field] = request.Parameter(field, text, (leaf,), f"{{{field}}}")
            shown = f"{rules[field]['location']} {kind(rules[field])}" if field else "method"
            yield Called(api, mapping.method, changed, f"{mapping.method} {{{field}}}", shown, change)
        yield Called(api, mapping.method, given, f"{mapping.method} {{noSuchField}}", "unknown", "is there with 'x'")


def method_of(api: tuple[str, str], method: str) -> dict[str, Any]:
    """Find a method's description by its id, which is the way to it."""
    node = description(api)
    *resources, name = method.split(".")[1:]
    for each in resources:
        node = node["resources"][each]
    return node["methods"][name]


def plan_refuses_call(each: Called) -> list[str]:
    """Ask the judge of `plan --check`; what it has against the parameters."""
    rules = discovery.load(*each.api).entries[each.method]["parameters"]
    parameters = list(each.parameters.values())
    if each.kind == "unknown":
        leaf = request.Leaf(("noSuchField",), "x")
        parameters.append(request.Parameter("noSuchField", "x", (leaf,), "{noSuchField}"))
    judged = (held for one in parameters for held in hold_parameter(rules.get(one.name), one, each.method))
    return [f"{held.field}: {held.breach}" for held in judged if held.breach]


def emulator_refuses_call(each: Called) -> list[str]:
    """Ask the emulator by an address, as a client does; what it has against it, another method that it finds too."""
    document, entry = load(*each.api), method_of(each.api, each.method)
    path, query = entry["path"], {"noSuchField": ["x"]} if each.kind == "unknown" else {}
    for name, one in each.parameters.items():
        if entry["parameters"][name]["location"] == "query":
            query[name] = [str(one.text)]
        path = path.replace(f"{{+{name}}}", quote(str(one.text), safe="/"))
        path = path.replace(f"{{{name}}}", quote(str(one.text), safe=""))
    try:
        method, found = document.find(entry["httpMethod"], path.removeprefix(f"{each.api[1]}/").split("/"))
        if method.id != each.method:
            return [f"this is {method.id}"]
        validate.check_path(method, found)
        validate.check_query(document, method, query)
    except ApiError as error:
        return error.message.splitlines()
    return []
