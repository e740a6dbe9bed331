"""The statements of a Python file, and the lines and expressions that belong to each."""

import ast
from collections.abc import Iterator
from types import CodeType

TOO_MUCH = (ValueError, RecursionError, MemoryError)
"""What Python raises for a program that is nested or written past what it reads."""


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Give each statement that runs: not what stands there for a type checker only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from statements(node)


def inner(node: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements that stand in another one, its clauses between."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from inner(child)


def extent(node: ast.stmt) -> set[int]:
    """Number the lines of a statement, its decorators and all that is in it."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else ()
    start = min([node.lineno, *(each.lineno for each in decorators)])
    return set(range(start, (node.end_lineno or node.lineno) + 1))


def at_import(tree: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements that run when a module is loaded: not those in a function."""
    for node in inner(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from at_import(node)


def own(node: ast.stmt) -> set[int]:
    """Number the lines of a statement but for those of the statements in it."""
    return extent(node) - {line for inner in inner(node) for line in extent(inner) if line != node.lineno}


def is_words(node: ast.stmt) -> bool:
    """Say whether a statement is a text alone, as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def executable(text: str, path: str) -> set[int]:
    """Number the lines of a file that Python runs."""

    def lines(code: CodeType) -> Iterator[int]:
        yield from (line for _, _, line in code.co_lines() if line)
        for each in code.co_consts:
            if isinstance(each, CodeType):
                yield from lines(each)

    return set(lines(compile(text, path, "exec", dont_inherit=True)))


def expressions(node: ast.stmt) -> Iterator[ast.AST]:
    """Walk what belongs to a statement itself, lambdas too."""
    waiting: list[ast.AST] = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting += [child for child in ast.iter_child_nodes(here) if not isinstance(child, ast.stmt)]


def name(node: ast.AST) -> str:
    """Give the name that an expression is or ends with; empty where it has none."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
