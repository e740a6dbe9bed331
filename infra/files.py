"""Files that anyone with a branch or a text editor can write: read within bounds, or refused with rule and remedy.

YAML's aliases let a file of a few lines stand for billions of values, and JSON's numbers may be any size: what a file
says is counted before any of it is made.
"""

import json
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import yaml

LARGEST = 1_000_000
"""Bytes of a file that a person writes; a stack file of 1500 machines has a quarter of that."""
LARGEST_MADE = 200_000_000
"""Bytes of a file that a program writes: a plan, or a state of Pulumi, of thousands of resources."""
MOST = 100_000
"""Values of a YAML file once its aliases are written out."""
DEEPEST = 100
"""Levels of a file; the deepest place of a stack file is the eighth."""
DIGITS = 40
"""Digits of a number; Google's longest ids have 21."""

_OPEN = (Path("/dev/fd"), Path("/proc/self/fd"), Path("/dev"))
"""Where a system shows what a process has open: a pipe there has somebody who writes."""


class NotReadError(ValueError):
    """A file that is not read: it has more bytes than it may, or is a named pipe."""

    def __init__(self, path: Path, why: str):
        super().__init__(why)
        self.path = path


class BoundError(yaml.constructor.ConstructorError):
    """A file says more than it may; `problem` says so without a word of it."""


def bytes_of(path: Path, largest: int = LARGEST) -> bytes:
    """Read a file or device of at most `largest` bytes, and what a shell puts in its place, `<(command)`.

    Raises OSError, and ValueError for a larger one and for a named pipe.
    """
    if path.is_fifo() and path.parent not in _OPEN:
        raise NotReadError(path, "it is a named pipe, into which perhaps nobody writes")
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise NotReadError(path, f"it is larger than {largest:,} bytes")
    return content


def text_of(path: Path, largest: int = LARGEST) -> str:
    """Read a text file of at most `largest` bytes. Raises OSError, and ValueError for what is larger or not UTF-8."""
    return bytes_of(path, largest).decode().replace("\r\n", "\n").replace("\r", "\n")


def yaml_of(text: str, loader: Callable[[str], yaml.SafeLoader] = yaml.SafeLoader) -> Any:
    """Make what a YAML text says. Raises yaml.YAMLError, with the place where one is known, and ValueError."""
    reader = loader(text)
    try:
        node = reader.get_single_node()
        if node is None:
            return None
        _count(node)
        return reader.construct_document(node)  # pyright: ignore[reportUnknownVariableType]
    except RecursionError:
        raise BoundError(None, None, "the file is nested too deeply") from None
    finally:
        reader.dispose()


def _count(root: yaml.Node) -> None:
    """Count the values behind a node, an alias's as often as it is used, without walking any of them twice."""
    counted: dict[int, int] = {}
    within: set[int] = set()

    def walk(node: yaml.Node, depth: int) -> int:
        if (known := counted.get(id(node))) is not None:
            return known
        if id(node) in within:
            raise _at(node, "an alias stands within what it stands for")
        if depth > DEEPEST:
            raise _at(node, f"the file is nested too deeply, over {DEEPEST} levels")
        within.add(id(node))
        total = 1
        if not isinstance(node, yaml.ScalarNode):
            entries = cast("list[Any]", node.value)
            inner = [half for pair in entries for half in pair] if isinstance(node, yaml.MappingNode) else entries
            for each in inner:
                total += walk(each, depth + 1)
                if total > MOST:
                    raise _at(node, f"its aliases stand for more than {MOST:,} values")
        within.discard(id(node))
        counted[id(node)] = total
        return total

    walk(root, 0)


def _at(node: yaml.Node, problem: str) -> BoundError:
    return BoundError(None, None, problem, node.start_mark)


def json_of(text: str | bytes, *, exact: bool = False) -> Any:
    """Make what a JSON text says: no key twice, no NaN, no number beyond all measure, nothing nested without end.

    `exact` makes each number a Decimal. Raises ValueError that says what is wrong.
    """
    numbers: Any = (_exact, _exact) if exact else (_finite, _whole)
    try:
        made = json.loads(
            text, parse_constant=_none, parse_float=numbers[0], parse_int=numbers[1], object_pairs_hook=_once
        )
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except RecursionError:
        made = None
    else:
        if _levels(made) <= DEEPEST:
            return made
    raise ValueError(f"it is nested too deeply, over {DEEPEST} levels")


def _levels(value: object) -> int:
    levels, layer = 0, [value]
    while layer and levels <= DEEPEST:
        layer = [inner for each in layer for inner in _held(each)]
        levels += 1
    return levels


def _held(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _none(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _too_large(text)
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise _too_large(text)
    return int(text)


def _exact(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= DIGITS else Decimal("Infinity")
    # Written out, 1e999999 is a line of a million digits.
    if not number.is_finite() or abs(number.adjusted()) > DIGITS:
        raise _too_large(text)
    return number


def _too_large(text: str) -> ValueError:
    return ValueError(f"the number {text if len(text) <= 20 else f'{text[:17]}...'} has too many digits")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:60]!r} is there twice")
        found[name] = value
    return found
