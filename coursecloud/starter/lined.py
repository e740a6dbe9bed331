"""YAML of others in which every text knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import yaml

from coursecloud.starter.finding import FileFinding
from infra import files


class Lined(str):
    """A text of a YAML file; `line` is where it begins, from 1."""

    line: int
    block: bool

    __slots__ = ("block", "line")


class _Loader(yaml.SafeLoader):
    """Every scalar is a text: `on:` is no yes."""


_Loader.yaml_implicit_resolvers = {}


def _text(_: yaml.SafeLoader, node: yaml.ScalarNode) -> Lined:
    made = Lined(node.value)
    made.block = node.style in ("|", ">")
    made.line = node.start_mark.line + 1 + made.block
    return made


_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_constructor(None, lambda loader, node: _any(loader, node))  # pyright: ignore[reportArgumentType]


def _any(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _text(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return cast("dict[Any, Any]", loader.construct_mapping(cast("yaml.MappingNode", node), deep=True))


class NotYamlError(ValueError):
    """A text is not YAML; `line` says where, 0 where that is not known."""

    def __init__(self, line: int, why: str):
        super().__init__(why)
        self.line = line


def load(text: str) -> Any:
    """Make what a YAML text says; raises NotYamlError."""
    try:
        return files.yaml_of(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise NotYamlError(line, "this is not YAML") from None
    except (ValueError, TypeError, yaml.YAMLError):
        raise NotYamlError(0, "this is not YAML") from None


def read(path: str, text: str, who: str) -> dict[str, Any] | FileFinding:
    """Make the mapping that a YAML file says; of one that is no YAML the finding. `who` is, in words, refused by it."""
    try:
        return mapping(load(text))
    except NotYamlError as error:
        rule, remedy = f"{error}, and {who}", "mend the YAML of that line or the one before"
        return FileFinding(path, error.line, "unreadable", "fails", "", rule, remedy)


def mapping(value: Any) -> dict[str, Any]:
    """Take a mapping; anything else is an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """Take a list; a single value is a list of it, and nothing an empty one."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def line_of(value: Any) -> int:
    """Give the line of the first text in a value; 0 where there is none."""
    return next((each.line for each in texts(value)), 0)


def texts(value: Any) -> Iterator[Lined]:
    """List every text of a value, keys too."""
    if isinstance(value, Lined):
        yield value
    elif isinstance(value, dict):
        for key, entry in cast("dict[Any, Any]", value).items():
            yield from texts(key)
            yield from texts(entry)
    elif isinstance(value, list):
        for entry in cast("list[Any]", value):
            yield from texts(entry)


_SUBSTITUTED = re.compile(r"(?<!\$)\$(?:\{(_?[A-Z][A-Z0-9_]*)\}|(_[A-Z][A-Z0-9_]*|PROJECT_ID|LOCATION))")


def substituted(text: str, values: dict[str, str]) -> str:
    """Put the values of substitutions into a text; one that has none stays as it is."""
    for _ in range(3):  # a value may name another
        done = _SUBSTITUTED.sub(lambda match: values.get(match[1] or match[2], match[0]), text)
        if done == text:
            break
        text = done
    return text
