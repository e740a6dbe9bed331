"""Holds the list of known survivors against the source, and the tests of each module against the files there are.

`make mutation` asks first: an entry whose line has changed since is about a mutant that there is no longer.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.mutation import run, selection
from tests.mutation.results import Change

CORES = (
    *("plan/engine", "plan/notices", "plan/planning", "plan/engine_request", "plan/saved"),
    *("common/stack_file", "common/stack_yaml"),
)
MODULES = [
    *(path for path in sorted((run.ROOT / "infra").rglob("*.py")) if path.name != "__init__.py"),
    *(run.ROOT / "catalog" / f"{name}.py" for name in ("data", "families", "tables")),
    *(run.ROOT / "coursecloud" / f"{name}.py" for name in CORES),
]


def mistakes(listed: Mapping[Change, str]) -> list[str]:
    """List every entry that is stale or has no reason, and every module whose tests are not there."""
    return [*_entries(listed), *_modules()]


def _entries(listed: Mapping[Change, str]) -> Iterator[str]:
    for change, reason in sorted(listed.items()):
        source = source_of(change.where)
        if source is None:
            yield f"{change.where}: there is no such function any more; take the entry out"
        elif flat(change.was).removesuffix(",") not in flat(source):
            yield f"{change.where} has no `{change.was}` any more; take the entry out"
        if change.was == change.becomes:
            yield f"{change.where}: the entry changes nothing; take it out"
        if len(reason) <= 20:
            yield f"{change.where}: {reason!r} is no reason; say why no test can notice"


def _modules() -> Iterator[str]:
    for path in MODULES:
        module = name_of(path)
        for file in selection.files_of(module):
            if not (run.ROOT / file).is_file():
                yield f"{file} is not there; name the tests of {module} in tests/mutation/selection.py"


def name_of(path: Path) -> str:
    """Name a module by its file."""
    return ".".join(path.relative_to(run.ROOT).with_suffix("").parts)


def flat(text: str) -> str:
    """Drop line ends, indentation and the comma that ruff adds, which a change does not depend on."""
    return "".join(text.split()).replace(",)", ")").replace(",]", "]")


def source_of(where: str) -> str | None:
    """Give the source of the function that a change is in; None where there is none."""
    for path in MODULES:
        module = name_of(path)
        if where.startswith(f"{module}."):
            text = path.read_text(encoding="utf-8")
            found = list(_inside(text, ast.parse(text).body, where.removeprefix(f"{module}.").split(".")))
            return "\n".join(found) if found else None
    return None


def _inside(text: str, body: list[ast.stmt], names: list[str]) -> Iterator[str]:
    """Give the source of what is called so, level by level."""
    found = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == names[0]]
    for node in found:
        if names[1:]:
            yield from _inside(text, node.body, names[1:])
        else:
            yield ast.get_source_segment(text, node) or ""
