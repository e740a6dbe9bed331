"""What is missing for the resource types that the program declares: one list, from source and data, before any test.

It reads the program as text and runs none of it. What the other packages have by a name that a type's file gives (what
prices it, counts what is in it, copies it, judges its inputs) is looked for in their source.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import yaml

from catalog import types
from catalog.declarations import Declaration, declarations
from catalog.types.model import ResourceType

WANTED: Mapping[str, str] = {
    "called": "what a reader calls one of it, and several",
    "bills": "how it bills: free, storage, hourly or usage",
    "idle": "what still bills while nothing runs; null for nothing",
    "stop": "how it stops billing; null where only its deletion ends that",
    "price": "what prices it; null where it is free",
    "holds": "what a deletion loses; null for nothing",
    "idBlocked": "how long nothing else can have its id after a deletion; null where it is free at once",
    "line": "what a plan shows of it; null for its name alone",
    "api": "the API that has to be on for it",
    "read": "the permissions that a preview needs to read it",
    "deploy": "the roles that an update needs for it",
    "terraform": "Terraform's name of it",
    "importId": "the id by which `pulumi import` takes one over; null where Google gives it a new one",
    "request": "the call that makes it, and where each input goes",
    "rules": "what Google says of its inputs in prose only; {} for nothing",
    "between": "what judges its inputs together; [] for nothing",
    "changes": "what a change of each input does",
    "guards": "inputs whose change by hand is said first; [] for none",
    "grants": "whom it lets in, and by which input; null for nobody",
    "played": "the event of tests/month/events.yaml that plays with one of it",
    "classes": "what each of its inputs is about",
    "components": "which components declare it, and from which keys of the stack file its inputs come",
}
"""What the file of a declared type has to say, in words."""
NEVER_NULL = frozenset({
    "called", "bills", "api", "read", "deploy", "terraform", "request", "rules", "between", "changes", "guards",
    "classes", "components", "costs", "played",
})  # fmt: skip
EMPTY = frozenset({"rules", "between", "guards"})
"""Those that may be there and have nothing in them."""
OF_STORES: Mapping[str, str] = {
    "counted": "what counts the data in it before it goes; null where nothing can",
    "copied": "what copies the data in it; null where nothing can",
}
"""What a type that holds data has to say beside."""
OF_BILLED: Mapping[str, str] = {"costs": "what one of it costs an hour, worked out by hand"}
"""What a type that is not free has to say beside."""
PATHS: Mapping[str, str] = {"buckets": "b"}
"""Collections whose addresses say another word than their methods."""
_SETS = re.compile(r"= frozenset\(\{[^}]*\}\)")
_RATED = re.compile(r'"(\w[^"]*)"')
"""The prices that `coursecloud.spend.rates` has in one of its sets."""
REGISTERED: Mapping[str, str] = {"price": "PRICED", "counted": "READERS", "copied": "COMMANDS"}
"""Fields that name an entry, and the table of `coursecloud` that has it."""


def missing(root: Path, folder: Path = types.FOLDER) -> list[str]:
    """List all that is missing or wrong, a line each, for the program in a project's folder."""
    known = Known(root, folder)
    listed = list(declarations(root))
    places = {each.short: f"{each.file}:{each.line}" for each in reversed(listed)}
    found = [f"{short} ({place}): {text}" for short, place in sorted(places.items()) for text in known.lacks(short)]
    found += [f"{each.short} ({each.file}:{each.line}): {text}" for each in listed if (text := known.unsaid(each))]
    for short in known.shorts:
        if short not in places and known.components_of(short):
            found.append(f"{short}: `components` says that the program declares it, and it does not")
        found += [f"{short}: {text}" for text in known.wrong(short)]
    return list(dict.fromkeys(found))


class Known:
    """What the data and the source of a project know of resource types."""

    def __init__(self, root: Path, folder: Path):
        self.root = root
        self.said: dict[str, dict[str, Any]] = {
            path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))
        }
        data = root / "catalog"
        self.components: Mapping[str, Any] = _json(data / "components.json")["components"]
        self.apis: Mapping[str, Any] = _json(data / "apis.json")["apis"]
        self.rules: Mapping[str, Any] = _json(data / "api-facts.json")["rules"]
        self._running = {str(each["type"]) for each in _json(data / "running.json")["kinds"]}
        self._rated = set(_RATED.findall("".join(_SETS.findall(_text(root / "coursecloud" / "spend" / "rates.py")))))
        self._events = {
            str(each["name"]): frozenset(_words(each.get("do")))
            for each in yaml.safe_load(_text(root / "tests" / "month" / "events.yaml")) or ()
        }
        self.sources = {str(each["name"]) for each in _json(data / "sources.json")["source"]}
        self._source = _texts(root / "coursecloud")
        self._program = _texts(root / "infra")
        self._emulated = _emulated(root / "emulator" / "services")

    @property
    def shorts(self) -> list[str]:
        """The types that have a file."""
        return list(self.said)

    def components_of(self, short: str) -> Mapping[str, Any]:
        """Give what a type's file says of components."""
        return self.said.get(short, {}).get("components") or {}

    def unsaid(self, declared: Declaration) -> str:
        """Say which component of a file declares a type that does not name it; an empty text where all is well.

        A grant is declared by the resource that it is on, for the component that asks for it.
        """
        those = [name for name, each in self.components.items() if each.get("file") == declared.file]
        said = self.components_of(declared.short)
        if not those or not said or self.said[declared.short].get("grants") or said.keys() & {*those}:
            return ""
        return f"`components` lacks {' or '.join(those)}"

    def lacks(self, short: str) -> Iterator[str]:
        """Say what the file of a declared type does not say."""
        if short not in self.said:
            yield f"there is no catalog/types/{short}.json, which says all that is known of the type"
            return
        said = self.said[short]
        bills = said.get("bills")
        beside = {**(OF_STORES if said.get("holds") else {}), **(OF_BILLED if bills not in (None, "free") else {})}
        for name, words in {**WANTED, **beside}.items():
            empty = said.get(name) is None or (not said[name] and name not in EMPTY)
            if name not in said or (empty and name in NEVER_NULL):
                yield f"`{name}` is missing: {words}"
        if bills not in (None, "free") and "price" in said and not said["price"]:
            yield f"`price` is missing: it bills ({bills}), and nothing prices it"
        if bills == "hourly" and said.get("type") not in self._running:
            yield "it bills by the hour, and catalog/running.json has no such kind: `coursecloud status` misses it"
        elif said.get("type") in self._running and said.get("price") not in (None, *self._rated):
            yield f"coursecloud/spend/rates.py has no {said['price']!r}: `coursecloud status` counts what it bills as 0"
        request = cast("Mapping[str, Any]", said.get("request") or {})
        method = str(request.get("method") or "")
        if method and not self._answers(method):
            yield f"emulator/services/ answers no {method}: neither `rehearse` nor a month can play it"

    def wrong(self, short: str) -> Iterator[str]:
        """Say what a type's file says wrongly, or names and nobody has."""
        said = self.said[short]
        allowed = {_json_name(each.name) for each in fields(ResourceType)} - {"short"}
        odd = [name for name in said if name not in allowed]
        yield from (f"`{name}` is no field of a type (catalog/types/model.py)" for name in odd)
        yield from (f"`{name}` is missing" for name in ("type", "date", "source") if not said.get(name))
        if types.short_type(str(said.get("type"))) != short:
            yield f"`type` is {said.get('type')}, which is another one's"
        for source in cast("list[Any]", said.get("source") or []):
            if isinstance(source, str) and source not in self.sources:
                yield f"`source` names {source}, which catalog/sources.json does not have"
        for name, table in REGISTERED.items():
            if (entry := said.get(name)) and entry not in self._entries(table):
                yield f"`{name}` names {entry!r}, which no {table} of coursecloud has"
        for name in cast("list[str]", said.get("between") or []):
            if not any(re.search(rf"^def {re.escape(name)}\(", text, re.MULTILINE) for text in self._source.values()):
                yield f"`between` names {name}, which no function of coursecloud is called"
        for rule in cast("dict[str, str]", said.get("rules") or {}).values():
            if rule not in self.rules:
                yield f"`rules` names {rule}, which catalog/api-facts.json does not have"
        for each in cast("list[dict[str, Any]]", said.get("costs") or []):
            if not each.get("on") or not each.get("by"):
                yield f"`costs` has {each}: a case says by which arithmetic one costs more than nothing"
        event = said.get("played")
        # A group's copy of the project may have no tests.
        if event and self._events and event not in self._events:
            yield f"`played` names {event!r}, which tests/month/events.yaml does not have"
        # Without its method nobody can say what an event is about, and that is said.
        elif event and self._events and said.get("request") and not _plays(self._events[event], said):
            yield f"`played` names {event!r}, which does nothing to one of it"
        components = self.components_of(short)
        yield from (f"catalog/components.json has no {name}" for name in components if name not in self.components)
        api = said.get("api")
        if components and api and f"{api}.googleapis.com" not in self.apis:
            yield f"`api` is {api}, which catalog/apis.json does not have"
        elif components and api and not any(f'"{api}"' in text for text in self._program.values()):
            yield f"`api` is {api}, which nothing in infra/ switches on or waits for"
        if not odd:
            try:
                types.made(short, said)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                yield f"a part of it has another form than catalog/types/model.py says ({error})"

    def _answers(self, method: str) -> bool:
        """Say whether the emulator has what a method is about: as a collection, or by the id of a method of it."""
        about = method.rpartition(".")[0]
        words = self._emulated.get(method.partition(".")[0], frozenset())
        last = about.rpartition(".")[2]
        return any(word.rpartition("/")[2] == last or word.rpartition(".")[0] == about for word in words)

    def _entries(self, table: str) -> set[str]:
        """Find the keys of a table that a module of coursecloud has under that name."""
        found: set[str] = set()
        for text in self._source.values():
            if re.search(rf"^{table}\b", text, re.MULTILINE):
                for node in ast.parse(text).body:
                    if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
                        its = isinstance(node.target, ast.Name) and node.target.id == table
                        found |= {str(key.value) for key in node.value.keys if its and isinstance(key, ast.Constant)}
        return found


def _texts(folder: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _words(value: object) -> Iterator[str]:
    """Give every text of what an event does: its verbs, its patterns, the keys that it edits."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _words(each)
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield key
            yield from _words(inner)


def _plays(words: frozenset[str], said: Mapping[str, Any]) -> bool:
    """Say whether an event touches a type or what it is a part of, by an address at Google or a key that sets it."""
    request = cast("dict[str, Any]", said.get("request") or {})
    service, *collections = str(request.get("method") or "").split(".")[:-1] or [""]
    components = cast("dict[str, dict[str, dict[str, list[str]]]]", said.get("components") or {})
    inputs = [listed for component in components.values() for listed in component.get("inputs", {}).values()]
    keys = {key.partition(":")[2] for listed in inputs for key in listed}
    parts = {PATHS.get(each, each) for each in collections} - {"projects", "locations"}
    return any(
        word in keys
        or (word.startswith(f"{service}:") and any(re.search(rf"[:/]{part}/", word) for part in parts))
        or (not parts and word == "project")
        or (service == "serviceusage" and word.endswith(".googleapis.com"))
        for word in words
    )


def _emulated(folder: Path) -> dict[str, frozenset[str]]:
    """Give, by the name of an API, the texts in the emulator's modules that are about it."""
    found: dict[str, frozenset[str]] = {}
    for text in _texts(folder).values():
        words = {str(node.value) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        for service in {word.partition(".")[0] for word in words if re.fullmatch(r"\w+(\.\w+)+", word)} | words:
            if service.isalnum():
                found[service] = found.get(service, frozenset()) | words
    return found


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _json_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def told(found: list[str]) -> str:
    """Say the list, its consequence first."""
    many = (
        f"{len(found)} fact{'s' if len(found) != 1 else ''} about resource types {'are' if len(found) != 1 else 'is'}"
    )
    lines = "".join(f"\n  {text}" for text in found)
    return f"{many} missing or wrong; nothing is tested before that is mended (catalog/types/model.py):{lines}"
