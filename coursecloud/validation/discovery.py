"""Google's API descriptions (discovery documents), as google-api-python-client ships them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import util
from pathlib import Path
from typing import Any

REMEDY = "pip install 'coursecloud[check]' (in this project's folder: .venv/bin/pip install -e '.[check]')"


class MissingError(LookupError):
    """The descriptions are not installed, or not this one; the text says rule and remedy."""

    def __init__(self, what: str, upgrade: str = ""):
        super().__init__(
            f"{what}\n    remedy  {REMEDY.replace('install', f'install {upgrade}') if upgrade else REMEDY}"
        )


class Document:
    """One API in one version: its methods by id and its messages by name, as JSON."""

    def __init__(self, raw: Mapping[str, Any]):
        self.service: str = raw["name"]
        self.version: str = raw["version"]
        self.revision: str = raw.get("revision", "")
        """When Google made the description, as YYYYMMDD."""
        self.schemas: Mapping[str, dict[str, Any]] = raw.get("schemas", {})
        self.common: frozenset[str] = frozenset(raw.get("parameters", {}))
        """Query parameters that every method takes."""
        self.entries: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in _walk(raw)}

    def node(self, rule: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference to the message that it names; anything else is itself."""
        return self.schemas[rule["$ref"]] if "$ref" in rule else rule


def _walk(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("methods", {}).values()
    for child in node.get("resources", {}).values():
        yield from _walk(child)


def folder() -> Path:
    """Find the folder of descriptions without importing Google's client; raises MissingError."""
    found = util.find_spec("googleapiclient")
    if found is None or found.origin is None:
        raise MissingError("Google's API descriptions are not installed")
    return Path(found.origin).parent / "discovery_cache" / "documents"


def wanted(apis: Iterable[tuple[str, str]]) -> None:
    """Raise MissingError where a description of some services and versions is not there."""
    there = folder()
    lacking = [
        f"{service} {version}" for service, version in sorted(apis) if not _file(there, service, version).is_file()
    ]
    if lacking:
        old = "the installed google-api-python-client has no description of " + ", ".join(lacking)
        raise MissingError(old, "--upgrade")


def _file(there: Path, service: str, version: str) -> Path:
    return there / f"{service}.{version}.json"


def raw(service: str, version: str) -> dict[str, Any]:
    """Read one description as JSON; raises MissingError."""
    wanted([(service, version)])
    return json.loads(_file(folder(), service, version).read_text(encoding="utf-8"))


@functools.cache
def load(service: str, version: str) -> Document:
    """Read one description; once, when first asked for."""
    return Document(raw(service, version))
