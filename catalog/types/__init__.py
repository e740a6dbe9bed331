"""What the project knows of a resource type: one dated file a type, `catalog/types/SHORT.json`, read when asked for.

`model.ResourceType` says what a file may hold. `generated/` beside them is made by a command that its notes name.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from catalog.types.model import ResourceType
from catalog.types.parts import (
    Changes,
    Classes,
    Cost,
    Declared,
    Door,
    Grants,
    Grows,
    Lock,
    Policy,
    Protects,
    Request,
    Watches,
    Word,
)

FOLDER = Path(__file__).parent

_SHORT = re.compile(r"[A-Za-z0-9]+\.[A-Za-z0-9]+")
_LETS_IN = re.compile(
    r"(?i)iam_?(?P<iam>member|binding|policy)$|(?P<entry>AccessControl)$|Acl$|(?P<list>DatasetAccess)$"
)
"""How the provider names all that lets somebody in (its 1495 types, release 10.2.0)."""


def short_type(token: str) -> str:
    """Shorten a type token: `gcp:storage/bucket:Bucket` gives `storage.Bucket`.

    >>> short_type("gcp:projects/iAMMember:IAMMember")
    'projects.IAMMember'
    """
    module, _, name = token.removeprefix("gcp:").partition(":")
    return f"{module.partition('/')[0]}.{name}"


def of(token: str) -> ResourceType | None:
    """Find what is known of a type by its token; None for a type that has no file."""
    found = named(short_type(token)) if token.startswith("gcp:") else None
    return found if found and found.type == token else None


@functools.lru_cache(maxsize=1024)
def named(short: str) -> ResourceType | None:
    """Find what is known of a type by its short name, which a stranger may have written."""
    if not _SHORT.fullmatch(short):
        return None
    try:
        text = (FOLDER / f"{short}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return made(short, json.loads(text))


@functools.cache
def every() -> Mapping[str, ResourceType]:
    """Read all of them, by token."""
    found = (named(short) for short in shorts())
    return {each.type: each for each in found if each}


def shorts() -> list[str]:
    """List the short names of the types that have a file."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@functools.cache
def declared() -> tuple[ResourceType, ...]:
    """List the types that components of the program declare, by name."""
    # Most files have no such word, and to look for it is faster than to read what they say.
    paths = (path for path in sorted(FOLDER.glob("*.json")) if '"components"' in path.read_text(encoding="utf-8"))
    return tuple(each for path in paths if (each := named(path.stem)) and each.components)


def grants(short: str) -> Grants | None:
    """Say whom a type lets in, by its short name: also one that has no file, by how the provider names such types."""
    if known := named(short):
        return known.grants
    match = _LETS_IN.search(short)
    if match is None:
        return None
    to = {"member": "member", "binding": "members", "policy": "policyData"}.get((match["iam"] or "").lower())
    if match["list"]:
        return Grants("accesses")
    if to is None:
        return Grants("entity" if match["entry"] else "roleEntities", "role" if match["entry"] else None)
    return Grants(to, None if to == "policyData" else "role")


@functools.cache
def terraform_fields() -> Mapping[str, Mapping[str, Any]]:
    """Read, by short type, which of Terraform's fields are blocks, lists of at most one, or not plain snake case."""
    return json.loads((FOLDER / "generated" / "terraform.json").read_text(encoding="utf-8"))["fields"]


def made(short: str, said: Mapping[str, Any]) -> ResourceType:
    """Make a type of what its file says. Raises TypeError or KeyError for a field that no type has, or must have."""
    values: dict[str, Any] = {_PYTHON.get(key, key): _of_file(key, value) for key, value in said.items()}
    return ResourceType(short=short, **values)


_PYTHON = {"deleteFirst": "delete_first", "idBlocked": "id_blocked", "importId": "import_id"}


def _of_file(key: str, value: Any) -> Any:
    if key in _READ and value is not None:
        return _READ[key](value)
    return _collected(value, tuple) if key != "line" else value


def _collected(value: Any, kind: Callable[[list[Any]], Any]) -> Any:
    return kind(cast("list[Any]", value)) if isinstance(value, list) else value


def _changes(said: Mapping[str, Any]) -> Changes:
    values: dict[str, Any] = {_PYTHON.get(key, key): _collected(value, frozenset) for key, value in said.items()}
    return Changes(**values)


def _grows(said: Mapping[str, Any]) -> dict[str, Grows]:
    return {
        path: Grows(entry["what"], {key: tuple(allowed) for key, allowed in entry.get("only", {}).items()})
        for path, entry in said.items()
    }


def _door(said: Mapping[str, Any]) -> Door:
    return Door(said["decides"], tuple(said["inputs"]))


def _classes(said: Mapping[str, Any]) -> Classes:
    only = {path: tuple(values) for path, values in said.get("only", {}).items()}
    words: dict[str, Word] = {}
    for word in get_args(Word):
        words |= dict.fromkeys(said.get(word, ()), word)
    unless_given: dict[str, Any] = said.get("unlessGiven", {})
    if odd := said.keys() - {*get_args(Word), "only", "unlessGiven"}:
        raise ValueError(f"classes of inputs: {', '.join(sorted(odd))}")
    if odd := [path for path, taken in unless_given.items() if taken in only.get(path, (taken,))]:
        raise ValueError(f"`unlessGiven` of {', '.join(odd)}: not in `only`, or what it allows")
    return Classes(words, only, unless_given)


def _grants(said: Mapping[str, Any]) -> Grants:
    values: dict[str, Any] = {key: value for key, value in said.items() if key != "gives"}
    return Grants(**values, gives={who: tuple(roles) for who, roles in said.get("gives", {}).items()})


def _components(said: Mapping[str, Any]) -> dict[str, Declared]:
    return {
        name: Declared({path: tuple(keys) for path, keys in entry.get("inputs", {}).items()}, entry.get("named", ""))
        for name, entry in said.items()
    }


_READ: Mapping[str, Callable[[Any], Any]] = {
    "costs": lambda said: tuple(Cost(**each) for each in said),
    "request": lambda said: Request(**said),
    "changes": _changes,
    "grows": _grows,
    "locked": lambda said: Lock(**said),
    "protects": lambda said: {
        path: Protects(**{key: _collected(value, tuple) for key, value in entry.items()})
        for path, entry in said.items()
    },
    "watches": lambda said: Watches(**said),
    "grants": _grants,
    "classes": _classes,
    "door": _door,
    "policy": lambda said: Policy(**said),
    "components": _components,
}
"""How the parts of a file are read that are more than a text, a list of them, or a map."""


def sources() -> Iterator[Mapping[str, str]]:
    """Read the sources that the files of types name."""
    yield from json.loads((FOLDER.parent / "sources.json").read_text(encoding="utf-8"))["source"]
