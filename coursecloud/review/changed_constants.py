"""Constants that a change alters, and who uses them where no plan ran: what it is there nobody has seen."""

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from coursecloud.review import changed_lines, statements


def of(tree: ast.Module, lines: Collection[int]) -> set[str]:
    """Name what is assigned on some lines where a module is loaded, `.NAME` where that is in a class."""
    found = set[str]()
    for node in statements.at_import(tree):
        if statements.own(node) & set(lines):
            found |= {*_stored(statements.expressions(node))}
    classes = (each for each in ast.walk(tree) if isinstance(each, ast.ClassDef))
    within = {name for each in classes for node in each.body for name in _stored(statements.expressions(node))}
    return {f".{name}" if name in within else name for name in found}


def uses(
    root: Path, constants: Mapping[str, Collection[str]], ran: Mapping[str, Collection[int]]
) -> Iterator[tuple[str, int, str, str]]:
    """Find the uses of `constants`, by the file that has them, of which no plan ran a line.

    Gives file, line, why and text of each.
    """
    handed = {name for path, names in constants.items() if path != "__main__.py" for name in names}
    for path in sorted(ran) if any(constants.values()) else ():
        text = changed_lines.text_of(root, path)
        try:
            tree, executable = ast.parse(text), statements.executable(text, path)
        except (SyntaxError, *statements.TOO_MUCH):
            continue  # it has been named, or does not load
        own, imported = set(constants.get(path, ())), _imported(tree)
        taken = {here for here, name in imported.items() if name in handed}
        for node, bound in _scoped(tree, frozenset()):
            names = set(_used(node, (own - bound) | taken))
            names |= {name for each in statements.expressions(node) if (name := _of(each, imported, handed))}
            here = statements.own(node) & executable
            if names and here and not isinstance(node, ast.Raise) and not here & set(ran[path]):
                shown = changed_lines.split(text)[node.lineno - 1].strip()
                yield path, node.lineno, f"uses `{min(names)}`, which changes, and is run by no plan", shown


def _stored(nodes: Iterator[ast.AST]) -> Iterator[str]:
    return (each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))


def _used(node: ast.stmt, names: Collection[str]) -> Iterator[str]:
    return (each.id for each in statements.expressions(node) if isinstance(each, ast.Name) and each.id in names)


def _of(node: ast.AST, imported: Mapping[str, str], handed: Collection[str]) -> str:
    """Name the constant that an expression takes of a class, or of something that the file imports."""
    if not isinstance(node, ast.Attribute):
        return ""
    if f".{node.attr}" in handed:
        return node.attr
    inner = node.value
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    named = not isinstance(inner, ast.Name) or inner.id in imported
    return node.attr if node.attr in handed and named else ""


def _imported(tree: ast.Module) -> dict[str, str]:
    """Give what each name of a file that is imported is called where it comes from."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return {each.asname or each.name.partition(".")[0]: each.name for node in nodes for each in node.names}


def _scoped(tree: ast.AST, bound: frozenset[str]) -> Iterator[tuple[ast.stmt, frozenset[str]]]:
    """Give each statement with the names that a function around it has for itself."""
    for node in statements.inner(tree):
        yield node, bound
        inside = bound
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            within = list(ast.walk(node))
            shared = {name for each in within if isinstance(each, ast.Global) for name in each.names}
            inside |= {each.arg for each in within if isinstance(each, ast.arg)} | {*_stored(iter(within))} - shared
        yield from _scoped(node, inside)
