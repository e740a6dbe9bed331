"""What of a changed program no plan shows: lines that none ran, choices within one line, and what is asked outside.

A plan takes one way through a program. What waits for another day, another machine or a value of the real run leaves
no trace in it; of such lines a reader is told where they are.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import cast

from coursecloud.review import changed_lines

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


@dataclass(frozen=True)
class Untaken:
    """One place of a changed program, and why no plan shows what it does."""

    file: str
    line: int
    why: str
    text: str

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
    constants: set[str] = set()
    for path in sorted({path for path in changed if watched(path)}):
        try:
            text = changed_lines.text_of(after, path)
            file = after / path
            if not text and file.is_file() and not file.is_symlink() and file.stat().st_size:
                raise ValueError("it is not in UTF-8, or too large")
            tree = ast.parse(text)
            lines = changed_lines.differing(changed_lines.text_of(before, path), text)
            found += _places(path, text, tree, lines, ran.get(path, ()))
            constants |= {name for node in _at_import(tree) if lines & _own(node) for name in _assigned(node)}
        except SyntaxError:
            continue
        except _TOO_MUCH:
            found.append(Untaken(path, 1, "is nothing that this tool can read", ""))
    if constants:
        found += _uses(after, constants, ran)
    unique = {(each.file, each.line): each for each in reversed(found)}
    return tuple(unique[key] for key in sorted(unique))


_TOO_MUCH = (ValueError, RecursionError, MemoryError)
"""What Python raises for a program that is nested or written past what it reads."""


def _places(path: str, text: str, tree: ast.Module, lines: Collection[int], ran: Collection[int]) -> Iterator[Untaken]:
    shown = changed_lines.split(text)
    imported = _imported(tree)
    executable = _executable(text, path)
    for node in _statements(tree):
        here = sorted(_own(node) & set(lines))
        if not here or isinstance(node, ast.Pass | ast.Raise) or _is_words(node):
            continue

        def place(why: str, node: ast.stmt = node, here: list[int] = here) -> Untaken:
            line = node.lineno if node.lineno in here else here[0]
            return Untaken(path, line, why, shown[line - 1].strip()[:100])

        runs = _own(node) & executable
        if runs and not runs & set(ran):
            yield place("is run by no plan")
        elif outside := _outside(node, imported, set(here)):
            yield place(f"asks what a plan cannot know (`{outside}`)")
        elif _chooses(node, set(here)):
            yield place("chooses within the line, and a plan shows one side")


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Give each statement that runs: not what stands there for a type checker only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from _statements(node)


def _inner(node: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements that stand in another one, its clauses between."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from _inner(child)


def _extent(node: ast.stmt) -> set[int]:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else ()
    start = min([node.lineno, *(each.lineno for each in decorators)])
    return set(range(start, (node.end_lineno or node.lineno) + 1))


def _at_import(tree: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements that run when a module is loaded: not those in a function."""
    for node in _inner(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _at_import(node)


def _own(node: ast.stmt) -> set[int]:
    """Number the lines of a statement but for those of the statements in it."""
    return _extent(node) - {line for inner in _inner(node) for line in _extent(inner) if line != node.lineno}


def _is_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _executable(text: str, path: str) -> set[int]:
    def lines(code: CodeType) -> Iterator[int]:
        yield from (line for _, _, line in code.co_lines() if line)
        for each in code.co_consts:
            if isinstance(each, CodeType):
                yield from lines(each)

    return set(lines(compile(text, path, "exec", dont_inherit=True)))


def _expressions(node: ast.stmt) -> Iterator[ast.AST]:
    """Walk what belongs to a statement itself, lambdas too."""
    waiting: list[ast.AST] = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting += [child for child in ast.iter_child_nodes(here) if not isinstance(child, ast.stmt)]


def _on(node: ast.stmt, lines: Collection[int]) -> Iterator[ast.AST]:
    """Take of what belongs to a statement what stands on some lines, or around them."""
    for each in _expressions(node):
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
            return _name(node.func) in _PICKS
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


def _assigned(node: ast.stmt) -> Iterator[str]:
    for each in _expressions(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id


def _uses(root: Path, constants: Collection[str], ran: Mapping[str, Collection[int]]) -> Iterator[Untaken]:
    """Find where no plan ran what uses a constant that changes: what it is there nobody has seen."""
    for path in sorted(ran):
        text = changed_lines.text_of(root, path)
        try:
            tree, executable = ast.parse(text), _executable(text, path)
        except (SyntaxError, *_TOO_MUCH):
            continue  # it has been named, or does not load
        for node in _statements(tree):
            names = {_name(each) for each in _expressions(node)} & set(constants)
            here = _own(node) & executable
            if names and here and not isinstance(node, ast.Raise) and not here & set(ran[path]):
                shown = changed_lines.split(text)[node.lineno - 1].strip()[:100]
                yield Untaken(path, node.lineno, f"uses `{min(names)}`, which changes, and is run by no plan", shown)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def ran_of(said: object) -> Mapping[str, frozenset[int]]:
    """Read what a side says that it ran: line numbers by file. What has another form counts as not run."""
    if not isinstance(said, dict):
        return {}
    return {
        path: frozenset(line for line in cast("list[object]", lines) if isinstance(line, int))
        for path, lines in cast("dict[str, object]", said).items()
        if isinstance(lines, list)
    }
