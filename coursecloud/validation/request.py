"""The request that the provider would make of a planned resource: its body as a tree that knows its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from coursecloud.validation.mapping import Element, Step, Target, TypeMapping, names_in

UNKNOWN: object = {"$unknown": True}
"""How a plan marks a value that only the real run can know."""


@dataclass(frozen=True)
class Leaf:
    """One value among the inputs of a resource, with the way to it: names, and numbers in lists."""

    parts: tuple[str | int, ...]
    value: object

    @property
    def at(self) -> str:
        """Write the path, e.g. `lifecycleRules[0].action.type`."""
        return written(self.parts)

    @property
    def generic(self) -> str:
        """Write the path for all elements, e.g. `lifecycleRules[].action.type`."""
        return written(self.parts, numbers=False)

    @property
    def unknown(self) -> bool:
        """Say whether only the real run can know the value."""
        return self.value == UNKNOWN


def written(parts: tuple[str | int, ...], *, numbers: bool = True) -> str:
    """Write a path; without `numbers`, for all the elements of a list.

    >>> written(("allows", 0, "ports", 1), numbers=False)
    'allows[].ports[]'
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]" if numbers else "[]"
        else:
            text += f".{part}" if text else part
    return text


def leaves(value: object, parts: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Give every value of the inputs, however deep; an empty object counts, an empty list does not."""
    if isinstance(value, Mapping) and value and value != UNKNOWN:
        for name, entry in cast("Mapping[str, object]", value).items():
            yield from leaves(entry, (*parts, name))
    elif isinstance(value, list):
        for number, entry in enumerate(cast("list[object]", value)):
            yield from leaves(entry, (*parts, number))
    elif value is not None:
        yield Leaf(parts, cast("object", value))


@dataclass
class Node:
    """A place in a request's body: a value, or what lies below."""

    leaf: Leaf | None = None
    value: object = None
    changed: bool = False
    """Whether the provider sends something else, made of the value."""
    counted: bool = True
    """False for what is sent and is no input's value: the key of a pair."""
    children: dict[Step, Node] = field(default_factory=dict["Step", "Node"])

    def at(self, steps: tuple[Step, ...]) -> Node:
        """Find the place that some steps lead to; it is made if it is not there."""
        node = self
        for step in steps:
            node = node.children.setdefault(step, Node())
        return node

    def first(self) -> Leaf | None:
        """Find the first input at or below this place."""
        return self.leaf or next((leaf for child in self.children.values() if (leaf := child.first())), None)


@dataclass(frozen=True)
class Parameter:
    """A parameter of the path or the query; `text` is None where an input of it is no text, or not known yet."""

    name: str
    text: str | None
    leaves: tuple[Leaf, ...]
    form: str


@dataclass
class ProviderRequest:
    """What the provider would send, and the inputs that it would not."""

    parameters: list[Parameter] = field(default_factory=list[Parameter])
    body: Node = field(default_factory=Node)
    unsent: list[tuple[Leaf, str]] = field(default_factory=list[tuple[Leaf, str]])
    """Inputs that never reach the method, with the reason."""
    unmapped: list[Leaf] = field(default_factory=list[Leaf])
    """Inputs that the mapping does not know."""
    later: list[Leaf] = field(default_factory=list[Leaf])
    """Whole lists and objects that only the real run can know, where only what is in them is mapped."""
    translated: list[tuple[Leaf, Target]] = field(default_factory=list[tuple[Leaf, Target]])
    """Values that the provider translates by a table, which may lack them."""


def make(mapping: TypeMapping, inputs: Mapping[str, Any]) -> ProviderRequest:
    """Make the request of a resource's inputs."""
    request = ProviderRequest(parameters=list(_parameters(mapping, inputs)))
    for leaf in leaves(inputs):
        _place(request, mapping, leaf)
    return request


def _parameters(mapping: TypeMapping, inputs: Mapping[str, Any]) -> Iterator[Parameter]:
    for name, form in (*mapping.path.items(), *mapping.query.items()):
        used = tuple(Leaf((each,), inputs[each]) for each in names_in(form) if each in inputs)
        if len(used) == len(names_in(form)):
            known = all(isinstance(leaf.value, str | int) for leaf in used)
            yield Parameter(name, form.format_map(inputs) if known else None, used, form)


def _place(request: ProviderRequest, mapping: TypeMapping, leaf: Leaf) -> None:
    parts = leaf.parts
    for length in range(len(parts), 0, -1):
        prefix = written(parts[:length], numbers=False)
        if prefix in mapping.unsent:
            request.unsent.append((leaf, mapping.unsent[prefix]))
            return
        if prefix in mapping.inputs:
            _send(request, mapping.inputs[prefix], leaf, length)
            return
    if parts[0] in mapping.composed:
        return
    below = (f"{leaf.generic}.", f"{leaf.generic}[")
    mapped = leaf.unknown and any(name.startswith(below) for name in mapping.inputs)
    (request.later if mapped else request.unmapped).append(leaf)


def _send(request: ProviderRequest, target: Target, leaf: Leaf, length: int) -> None:
    parts = leaf.parts
    elements = (written(parts[: end + 1]) for end in range(length) if isinstance(parts[end], int))
    steps = tuple(target.steps(elements))
    value = leaf.value
    if target.values and not leaf.unknown:
        request.translated.append((leaf, target))
        value = target.values.get(str(value))
    rest = parts[length:]
    if target.pairs and rest and isinstance(rest[0], str):
        # The open element of the path is this pair's, not that of the whole map.
        steps = (*steps[:-1], Element(written(parts[: length + 1])))
        request.body.at(steps).children["key"] = Node(leaf, rest[0], counted=False)
        steps, length = (*steps, "value"), length + 1
    steps += tuple(
        Element(written(parts[: end + 1])) if isinstance(parts[end], int) else str(parts[end])
        for end in range(length, len(parts))
    )
    if value is None:
        return
    node = request.body.at(steps)
    node.leaf, node.value, node.changed = leaf, value, bool(target.becomes)
