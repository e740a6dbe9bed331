"""One value of a stack file changed, and every other letter left as it is: comments, order, spelling, line ends."""

from __future__ import annotations

from typing import cast

import yaml

from coursecloud.common.stack_file import full_key


class EditError(ValueError):
    """The file is written in a way in which this edit cannot be made; the text says which."""


def with_value(text: str, section: str, key: str, value: str) -> str:
    """Give the text of a stack file with a key of a section set to a plain value, such as a day.

    `section` is a whole key, `coursecloud:lease`. Both are added where they are not there. Raises EditError.
    """
    try:
        root = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        raise EditError("it is no YAML") from None
    newline = "\r\n" if "\r\n" in text else "\n"
    config = _value(root, "config")
    if config is None or _empty(config):
        return _appended(text, newline, ["config:", f"  {section}:", f"    {key}: {value}"], replaces=config)
    at = next((node for name, node in _entries(config) if full_key(name.value) == section), None)
    if at is not None and _aliased(text, at):
        raise EditError(f"{section} stands for what is written elsewhere in it (`*NAME`)")
    if at is None or _empty(at):
        indent = " " * _entries(config)[0][0].start_mark.column
        if at is not None:
            return f"{text[: at.start_mark.index].rstrip(' ')} {{{key}: {value}}}{text[at.end_mark.index :]}"
        return _below(text, newline, config, f"{indent}{section}:{newline}{indent}  {key}: {value}", f"{section}: {{{key}: {value}}}")  # fmt: skip # noqa: E501
    old = _value(at, key)
    if old is not None:
        if not isinstance(old, yaml.ScalarNode) or old.style in ("|", ">"):
            raise EditError(f"{section}.{key} is written over several lines")
        start, end = old.start_mark.index, old.end_mark.index
        space = "" if text[start - 1 : start].isspace() else " "
        return f"{text[:start]}{space}{value}{text[end:]}"
    if not isinstance(at, yaml.MappingNode):
        raise EditError(f"{section} is no mapping")
    indent = " " * _entries(at)[0][0].start_mark.column
    return _below(text, newline, at, f"{indent}{key}: {value}", f"{key}: {value}")


def _entries(node: yaml.Node | None) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    found = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    return [(key, value) for key, value in found if isinstance(key, yaml.ScalarNode)]


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in _entries(node) if key.value == name), None)


def _empty(node: yaml.Node) -> bool:
    return (isinstance(node, yaml.ScalarNode) and not node.value) or (
        isinstance(node, yaml.MappingNode) and not node.value
    )


def _aliased(text: str, node: yaml.Node) -> bool:
    """Say whether a node is an anchor's or an alias's: an edit of one would change the other."""
    before = text[: node.start_mark.index].rstrip(" ").rpartition("\n")[2]
    return text[node.start_mark.index : node.start_mark.index + 1] in "&*" or "&" in before or (": *" in before)


def _below(text: str, newline: str, mapping: yaml.Node, line: str, inline: str) -> str:
    """Add an entry at a mapping's end: a line of its own, or within the braces."""
    entries = _entries(mapping)
    last = entries[-1][1]
    if isinstance(mapping, yaml.MappingNode) and mapping.flow_style:
        end = mapping.end_mark.index - 1
        return f"{text[:end].rstrip()}, {inline}{text[end:]}"
    # A block value ends where the next key begins: what is between, comments of what follows, stays below.
    end = last.end_mark.index
    while end > last.start_mark.index and text[end - 1 : end].isspace():
        end -= 1
    end = _past_comments(text, last, end)
    line_end = text.find("\n", end)
    if line_end < 0:
        return f"{text.rstrip()}{newline}{line}{newline}"
    return f"{text[: line_end + 1]}{line}{newline}{text[line_end + 1 :]}"


def _past_comments(text: str, node: yaml.Node, end: int) -> int:
    """Go back from an end that PyYAML puts behind comments to the end of the node's last own line."""
    lines = text[:end].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        if sum(map(len, lines[:-1])) + len(lines) - 2 <= node.start_mark.index:
            break
        lines.pop()
    return sum(map(len, lines)) + len(lines) - 1


def _appended(text: str, newline: str, lines: list[str], *, replaces: yaml.Node | None) -> str:
    if replaces is not None:
        end = replaces.end_mark.index
        # `config:` is there and has nothing: the lines go right below it.
        start = text[: replaces.start_mark.index].rstrip()
        rest = text[end:]
        return (
            f"{start}{newline}{newline.join(lines[1:])}{rest if rest.startswith(newline) else newline + rest.lstrip()}"
        )
    head = text.rstrip()
    return f"{head}{newline if head else ''}{newline.join(lines)}{newline}"
