"""What of a changed program no plan shows: lines that none ran, choices within one line, and what is asked outside.

A plan takes one way through a program. What waits for another day, another machine or a value of the real run leaves
no trace in it; of such lines a reader is told where they are.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from coursecloud.review import changed_constants, changed_lines, statements

_TOOLS = ("coursecloud", "emulator", "tests", "docs", "bench")
"""Folders of the project that a plan does not run."""

_HARMLESS = frozenset(
    {
        "__future__", "abc", "catalog", "collections", "dataclasses", "datetime", "decimal", "enum", "functools",
        "hashlib", "infra", "ipaddress", "itertools", "json", "math", "operator", "pulumi", "pulumi_gcp", "pydantic",
        "pydantic_core", "re", "string", "types", "typing", "typing_extensions", "urllib.parse", "zoneinfo",
    }
)  # fmt: skip
"""Modules that ask nothing of the machine, the day or the network: any other is named."""

_ASKS = frozenset(
    {
        "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals", "input", "locals",
        "open", "setattr", "vars",
        # Of objects, whatever they are called.
        "environ", "exists", "fromtimestamp", "get_organization", "get_project", "get_stack", "getenv", "glob",
        "is_dir", "is_dry_run", "is_file", "iterdir", "modules", "now", "read_bytes", "read_text", "today", "utcnow",
        "Config", "StackReference",
    }
)  # fmt: skip
"""Names that reach outside of the program, or past what is written."""

_MODULES = frozenset(
    {
        "atexit", "builtins", "ctypes", "gc", "http", "importlib", "inspect", "io", "marshal", "os", "pathlib",
        "pickle", "platform", "random", "runpy", "shutil", "socket", "subprocess", "sys", "tempfile", "threading",
        "urllib", "uuid",
    }
)  # fmt: skip
"""Modules of Python that any other module that imports them hands on: `json.decoder.os`."""

_PICKS = frozenset({"all", "any", "filter", "get", "max", "min", "next", "pop", "setdefault"})
"""Functions and methods that give one thing or another."""


_CHOOSES = "chooses within the line, and a plan shows one side"


@dataclass(frozen=True)
class Untaken:
    """One place of a changed program, and why no plan shows what it does."""

    file: str
    line: int
    why: str
    text: str

    @property
    def chooses(self) -> bool:
        """Say whether it only takes one value or another; the rest reaches outside, or nobody knows what it does."""
        return self.why == _CHOOSES

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.file}:{self.line} {self.why}: {self.text}"


def watched(path: str) -> bool:
    """Say whether a file of the project is code of the program: what runs in an `up`."""
    return path.endswith(".py") and path.partition("/")[0] not in _TOOLS


def files(root: Path, changed: Iterable[str]) -> tuple[str, ...]:
    """List the files whose lines are to be watched: where the program changes, all of it, as its parts use others."""
    own = {path for path in changed if watched(path)}
    if not own:
        return ()
    rest = [root / "__main__.py", *(root / "infra").rglob("*.py")]
    return tuple(sorted(own | {each.relative_to(root).as_posix() for each in rest}))


def of(before: Path, after: Path, changed: Iterable[str], ran: Mapping[str, Collection[int]]) -> tuple[Untaken, ...]:
    """List the places of the `changed` files, by path in the project, that no plan shows.

    `before` and `after` are the folders of both sides. `ran` are the lines that the plans of the side after the change
    ran, by file. A file that is no Python is left out: its stack does not load.
    """
    found: list[Untaken] = []
    constants: dict[str, set[str]] = {}
    for path in sorted({path for path in changed if watched(path)}):
        try:
            text = changed_lines.text_of(after, path)
            file = after / path
            if file.is_symlink():
                found.append(Untaken(path, 1, "is a link: nobody here reads the code that it leads to", ""))
                continue
            if not text and file.is_file() and file.stat().st_size:
                raise ValueError("it is not in UTF-8, or too large")
            tree = ast.parse(text)
            lines = changed_lines.differing(changed_lines.text_of(before, path), text)
            found += _places(path, text, tree, lines, ran.get(path, ()))
            constants[path] = changed_constants.of(tree, lines)
        except SyntaxError:
            continue
        except statements.TOO_MUCH:
            found.append(Untaken(path, 1, "is nothing that this tool can read", ""))
    for place in changed_constants.uses(after, constants, ran):
        found.append(Untaken(*place))
    unique = {(each.file, each.line): each for each in reversed(found)}
    return tuple(unique[key] for key in sorted(unique))


def _places(path: str, text: str, tree: ast.Module, lines: Collection[int], ran: Collection[int]) -> Iterator[Untaken]:
    shown = changed_lines.split(text)
    imported = _imported(tree)
    executable = statements.executable(text, path)
    for node in statements.statements(tree):
        here = sorted(statements.own(node) & set(lines))
        if not here or isinstance(node, ast.Pass | ast.Raise) or statements.is_words(node):
            continue

        def place(why: str, node: ast.stmt = node, here: list[int] = here) -> Untaken:
            line = node.lineno if node.lineno in here else here[0]
            return Untaken(path, line, why, " ".join(shown[each - 1].strip() for each in here))

        runs = statements.own(node) & executable
        if runs and not runs & set(ran):
            yield place("is run by no plan")
        elif outside := _outside(node, imported, set(here)):
            yield place(f"asks what a plan cannot know (`{outside}`)")
        elif _chooses(node, set(here)):
            yield place(_CHOOSES)


def _on(node: ast.stmt, lines: Collection[int]) -> Iterator[ast.AST]:
    """Take of what belongs to a statement what stands on some lines, or around them."""
    for each in statements.expressions(node):
        if isinstance(each, ast.comprehension):
            start, end = each.target.lineno, max(part.end_lineno or 0 for part in (each.iter, *each.ifs))
        elif isinstance(each, ast.expr):
            start, end = each.lineno, each.end_lineno or each.lineno
        else:
            continue
        if any(start <= line <= end for line in lines):
            yield each


def _chooses(node: ast.stmt, lines: Collection[int]) -> bool:
    if isinstance(node, ast.If | ast.While | ast.For) and node.body[0].lineno == node.lineno:
        return True
    if isinstance(node, ast.Match):
        return True
    if isinstance(node, ast.If) and all(isinstance(each, ast.Raise) for each in (*node.body, *node.orelse)):
        return False  # it goes on, or makes nothing
    return any(map(_is_choice, _on(node, lines)))


def _is_choice(node: ast.AST) -> bool:
    """Say whether an expression gives one thing or another: what it gives otherwise no plan shows."""
    match node:
        case ast.IfExp() | ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.comprehension():
            return bool(node.ifs)
        case ast.Subscript(value=ast.List() | ast.Tuple() | ast.Dict()):
            return not isinstance(node.slice, ast.Constant)
        case ast.Subscript():
            return isinstance(node.slice, ast.Call | ast.BinOp)
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return statements.name(node.func) in _PICKS
        case _:
            return False


def _imported(tree: ast.Module) -> Mapping[str, str]:
    """Give the module that each name of a file comes from."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(each.asname or each.name.partition(".")[0]): each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(each.asname or each.name): node.module or "." for each in node.names}
    return found


def _outside(node: ast.stmt, imported: Mapping[str, str], lines: Collection[int]) -> str:
    """Name the first thing in a statement that reaches outside of the program; empty where nothing does."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [node.module or "."] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        names = [each.name for each in node.names]
        return next((f"import {each}" for each in modules if not _harmless(each)), "") or next(
            (each for each in names if each in _ASKS | _MODULES or _is_inner(each)), ""
        )
    for each in _on(node, lines):
        if isinstance(each, ast.Attribute) and (each.attr in _ASKS | _MODULES or _is_inner(each.attr)):
            return ast.unparse(each)[:60]
        if isinstance(each, ast.Name) and (
            each.id in _ASKS or _is_inner(each.id) or not _harmless(imported.get(each.id, "infra"))
        ):
            return each.id
    return ""


def _harmless(module: str) -> bool:
    return module in _HARMLESS or module.partition(".")[0] in _HARMLESS or module == "."


def _is_inner(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in ("__init__", "__name__", "__file__")


def ran_of(said: object) -> Mapping[str, frozenset[int]]:
    """Read what a side says that it ran: line numbers by file. What has another form counts as not run."""
    if not isinstance(said, dict):
        return {}
    return {
        path: frozenset(line for line in cast("list[object]", lines) if isinstance(line, int))
        for path, lines in cast("dict[str, object]", said).items()
        if isinstance(lines, list)
    }
