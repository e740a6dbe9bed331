"""Google's API descriptions: which method a request is, and which messages it takes and gives."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from .errors import ApiError
from .shapes import part

Json = dict[str, Any]


READING = ("get", "list", "test", "wait", "batchGet", "search", "query", "aggregated")


@dataclass(frozen=True)
class Method:
    """One method; `segments` are those of its flatPath without the version, `verb` is a custom one after the colon."""

    id: str
    http: str
    segments: tuple[str, ...]
    verb: str
    parameters: Json
    request: str
    response: str
    literals: int

    @property
    def action(self) -> str:
        """insert, list, setIamPolicy ..."""
        return self.id.rsplit(".", 1)[1]

    @property
    def writes(self) -> bool:
        """Does it change anything? Some that only read are a POST."""
        return self.http != "GET" and not self.action.startswith(READING)

    @property
    def service(self) -> str:
        """compute, storage ..."""
        return self.id.split(".", 1)[0]

    @property
    def last_parameter(self) -> int:
        """Where the last {parameter} stands in the path, or -1."""
        return max((i for i, s in enumerate(self.segments) if s.startswith("{")), default=-1)

    @property
    def collection(self) -> str:
        """What the path addresses, without names: projects/zones/instances."""
        end = len(self.segments) if self.addresses_collection else self.last_parameter + 1
        return "/".join(s for s in self.segments[:end] if not s.startswith("{"))

    @property
    def addresses_collection(self) -> bool:
        """Does the path end in a collection, not in one of its members?"""
        return self.action in ("insert", "create", "list", "aggregatedList") and not self.segments[-1].startswith("{")

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path parameters when the path fits, else None."""
        found: dict[str, str] = {}
        for pattern, given in zip(self.segments, segments, strict=True):
            if pattern.startswith("{"):
                if not given:
                    return None
                found[pattern[1:-1]] = unquote(given)
            elif pattern != given:
                return None
        return found


class Document:
    """One API in one version: its methods by id, its messages by name, and the way from a path to its method."""

    def __init__(self, raw: Mapping[str, Any]):
        self.service: str = raw["name"]
        self.version: str = raw["version"]
        self.schemas: dict[str, Json] = raw["schemas"]
        self.common = frozenset(raw.get("parameters", ()))
        """Query parameters that every method takes."""
        self.methods = {entry["id"]: _method(entry, self.version) for entry in _entries(raw)}
        self._by_shape: dict[tuple[str, int, str], list[Method]] = {}
        for method in self.methods.values():
            shape = (method.http, len(method.segments), method.verb)
            self._by_shape.setdefault(shape, []).append(method)

    def find(self, http: str, segments: list[str]) -> tuple[Method, dict[str, str]]:
        """The method with most literal characters whose path fits (Google's own rule of precedence)."""
        head, colon, verb = segments[-1].partition(":")
        attempts = [([*segments[:-1], head], verb)] if colon else []
        for path, custom in [*attempts, (segments, "")]:
            candidates = self._by_shape.get((http, len(path), custom), ())
            fits = [(m, p) for m in candidates if (p := m.match(path)) is not None]
            if fits:
                return max(fits, key=lambda fit: fit[0].literals)
        raise ApiError(404, f"Method not found: {http} {self.service} {self.version} {'/'.join(segments)}")

    def items_of(self, schema: str) -> str:
        """The property of a list response that carries the items."""
        properties = self.schemas[schema].get("properties", {})
        lists = [k for k, p in properties.items() if p.get("type") == "array" and "$ref" in part(p, "items")]
        maps = [k for k, p in properties.items() if p.get("type") == "object" and k == "items"]
        return (["items"] if "items" in lists else lists or maps or ["items"])[0]


def _entries(node: Mapping[str, Any]) -> Iterator[Json]:
    """Walk the methods of an API or of one of its resources, which may hold further resources."""
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from _entries(resource)


def _method(entry: Json, version: str) -> Method:
    path: str = entry.get("flatPath") or entry["path"]
    head, _, last = path.rpartition("/")
    last, _, verb = last.partition(":")
    segments = (f"{head}/{last}" if head else last).split("/")
    if segments[0] == version:
        segments = segments[1:]
    literals = sum(len(s) for s in segments if not s.startswith("{")) + len(verb)
    return Method(
        id=entry["id"],
        http=entry["httpMethod"],
        segments=tuple(segments),
        verb=verb,
        parameters=part(entry, "parameters"),
        request=part(entry, "request").get("$ref", ""),
        response=part(entry, "response").get("$ref", ""),
        literals=literals,
    )


@functools.cache
def load(service: str, version: str) -> Document:
    """The description that google-api-python-client ships; read once, when first called."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    return Document(json.loads((folder / f"{service}.{version}.json").read_text(encoding="utf-8")))
