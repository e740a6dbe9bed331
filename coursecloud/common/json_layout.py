"""JSON that people read and compare: what is short on one line, lists filled, numbers exact."""

import json
import textwrap
from decimal import Decimal
from typing import Any, cast

WIDTH = 110


def written(value: object, indent: int = 0) -> str:
    """Write a value as JSON.

    >>> print(written({"a": [Decimal("0.10"), None], "b": "c"}))
    {"a": [0.1, null], "b": "c"}
    """
    front = " " * (indent + 1)
    if isinstance(value, dict):
        first, last = "{}"
        items = cast("dict[str, object]", value).items()
        entries = [f"{json.dumps(key)}: {written(entry, indent + 1)}" for key, entry in items]
    elif isinstance(value, list):
        first, last = "[]"
        entries = [written(entry, indent + 1) for entry in cast("list[object]", value)]
    elif isinstance(value, Decimal):
        return f"{value.normalize():f}"
    else:
        return json.dumps(value, ensure_ascii=False)
    line = f"{first}{', '.join(entries)}{last}"
    if "\n" not in line and len(line) + indent <= WIDTH:
        return line
    if first == "{" or any(entry[0] in "[{" for entry in entries):
        inner = ",\n".join(front + entry for entry in entries)
    else:
        # A space within an entry is no place to break a line.
        whole = ", ".join(entry.replace(" ", "\0") for entry in entries)
        inner = textwrap.indent("\n".join(textwrap.wrap(whole, WIDTH - indent, **_AT_SPACES)), front).replace("\0", " ")
    return f"{first}\n{inner}\n{' ' * indent}{last}"


_AT_SPACES: Any = {"break_long_words": False, "break_on_hyphens": False}
