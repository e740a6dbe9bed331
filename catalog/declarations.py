"""Where the program declares resources of the provider, read from its source as text; none of it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SDK = "pulumi_gcp"


@dataclass(frozen=True)
class Declaration:
    """A place of the program that declares a resource."""

    short: str
    file: str
    line: int


def declarations(root: Path) -> Iterator[Declaration]:
    """List where the program in a project's folder declares resources of the provider."""
    for path in (root / "__main__.py", *sorted((root / "infra").rglob("*.py"))):
        if path.is_file():
            yield from _declared(path.read_text(encoding="utf-8"), str(path.relative_to(root)))


def _declared(text: str, file: str) -> Iterator[Declaration]:
    tree = ast.parse(text)
    local = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (short := _type_of(node.func, local)):
            yield Declaration(short, file, node.lineno)


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give each name that stands for a part of the SDK, with the way to it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.asname or each.name, each.name) for each in node.names if _of_sdk(each.name))
        elif isinstance(node, ast.ImportFrom) and _of_sdk(node.module or ""):
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)


def _of_sdk(name: str) -> bool:
    return name.partition(".")[0] == SDK


def _type_of(called: ast.expr, local: Mapping[str, str]) -> str:
    """Name the type whose class is called, `storage.Bucket`; an empty text for any other call."""
    names: list[str] = []
    while isinstance(called, ast.Attribute):
        names.insert(0, called.attr)
        called = called.value
    if not isinstance(called, ast.Name) or called.id not in local:
        return ""
    _, *way = [*local[called.id].split("."), *names]
    plain = len(way) == 2 and way[1][:1].isupper() and not way[1].endswith(("Args", "ArgsDict"))
    return ".".join(way) if plain else ""
