"""The resources of a stack as a graph laid out in layers: what refers to what, and what happens to it."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from coursecloud.engine import Registration
from coursecloud.plan import short_type
from coursecloud.review.changes import Change, Operation
from coursecloud.review.pairs import key_of

WIDTH, HEIGHT, GAP_X, GAP_Y = 210, 40, 70, 14
"""Sizes of a node and of the room between nodes, in pixels."""


@dataclass(frozen=True)
class Node:
    """One resource; x and y are its upper left corner in pixels."""

    key: str
    name: str
    kind: str
    component: str
    operation: Operation
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Graph:
    """Nodes, and edges from what refers to what it refers to, by key."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        right = max((node.x for node in self.nodes), default=0) + WIDTH
        return right, max((node.y for node in self.nodes), default=0) + HEIGHT

    def near_changes(self) -> "Graph":
        """Take what changes and what it touches, laid out anew."""
        changed = {node.key for node in self.nodes if node.operation is not Operation.SAME}
        near = changed | {key for edge in self.edges if changed & set(edge) for key in edge}
        nodes = [node for node in self.nodes if node.key in near]
        # Between two that stay, an edge says nothing about the change.
        edges = [edge for edge in self.edges if set(edge) <= near and changed & set(edge)]
        return lay_out(nodes, edges)


def draw(changes: Iterable[Change], resources: Iterable[Registration]) -> Graph:
    """Draw every resource of a stack; `resources` tell which components there are."""
    components = {key_of(resource.urn): resource.name for resource in resources if not resource.custom}
    nodes: dict[str, Node] = {}
    links: dict[str, set[str]] = {}
    for change in changes:
        resource = change.resource
        component = components.get(key_of(resource.parent), "") if resource.parent else ""
        nodes[change.key] = Node(change.key, change.name, short_type(resource.type), component, change.operation)
        links[change.key] = {
            key_of(urn) for side in (change.before, change.after) if side for urn in side.dependencies
        } - {change.key}
    edges = [(key, to) for key in nodes for to in sorted(links[key]) if to in nodes]
    return lay_out(list(nodes.values()), edges)


def lay_out(nodes: Sequence[Node], edges: Collection[tuple[str, str]]) -> Graph:
    """Place nodes in layers from left to right, each to the right of all that it refers to.

    Within a layer, nodes of one component stay together and stand near the middle of what they refer to. A layer
    that is too tall to look at goes on in a column beside it.
    """
    tall = max(8, round(1.3 * len(nodes) ** 0.5))
    column = 0
    layers = _layers(nodes, edges)
    placed: dict[str, Node] = {}
    rows: dict[str, float] = {}
    refers: dict[str, list[str]] = {node.key: [] for node in nodes}
    for key, to in edges:
        refers[key].append(to)
    for number in range(max(layers.values(), default=-1) + 1):
        layer = [node for node in nodes if layers[node.key] == number]
        middles = {node.key: _middle([rows[to] for to in refers[node.key] if to in rows]) for node in layer}
        blocks: dict[str, list[float]] = {}
        for node in layer:
            blocks.setdefault(node.component, []).append(middles[node.key])
        block = {name: _middle(found) for name, found in blocks.items()}
        layer.sort(key=lambda node: (block[node.component], node.component, middles[node.key], node.key))
        for place, node in enumerate(layer):
            beside, row = divmod(place, tall)
            rows[node.key] = row
            x, y = (column + beside) * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y)
            placed[node.key] = dataclasses.replace(node, x=x, y=y)
        column += -(-len(layer) // tall)
    return Graph(tuple(placed.values()), tuple(edges))


def _middle(rows: Sequence[float]) -> float:
    return sum(rows) / len(rows) if rows else 0.0


def _layers(nodes: Sequence[Node], edges: Iterable[tuple[str, str]]) -> Mapping[str, int]:
    """Number the layers: one more than the last of what a node refers to. A circle is cut where it is met."""
    refers: dict[str, list[str]] = {node.key: [] for node in nodes}
    for key, to in edges:
        refers[key].append(to)
    found: dict[str, int] = {}
    for node in nodes:
        stack, entered = [node.key], set[str]()
        while stack:
            key = stack[-1]
            entered.add(key)
            ahead = [to for to in refers[key] if to not in found and to not in entered]
            if ahead and key not in found:
                stack.append(ahead[0])
                continue
            found.setdefault(key, 1 + max((found[to] for to in refers[key] if to in found), default=-1))
            stack.pop()
    return found
