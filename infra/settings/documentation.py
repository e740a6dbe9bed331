"""What the docstring under each field of a model says.

Pydantic has an option for it (`use_attribute_docstrings`), which reads every class's source when it is imported: two
fifths of the time that the settings take. Only errors, `explain` and the schema want the words.
"""

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Mapping


@functools.cache
def documentation(model: type) -> Mapping[str, str]:
    """Give the docstring of each field that has one, by the field's name."""
    (body,) = (node.body for node in _classes(model.__module__) if node.name == model.__name__)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


@functools.cache
def _classes(module: str) -> tuple[ast.ClassDef, ...]:
    return tuple(
        node for node in ast.parse(inspect.getsource(sys.modules[module])).body if isinstance(node, ast.ClassDef)
    )
