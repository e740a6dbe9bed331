"""Where the resources of a graph stand on the page: layers from left to right, ordered by grandalf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursecloud.review.graph import Graph

WIDTH, HEIGHT, GAP_X, GAP_Y = 210, 40, 70, 14
"""Sizes of a node and of the room between nodes, in pixels."""

SWEEPS = 6
"""How often the layers are gone through to take crossings out."""


@dataclass(frozen=True)
class Layout:
    """The upper left corner of each node by key, and the whole drawing's width and height, in pixels."""

    places: Mapping[str, tuple[int, int]]
    size: tuple[int, int]


def lay_out(graph: Graph) -> Layout:
    """Place each node to the right of all that it refers to, with few crossings (Sugiyama's method).

    Of the library's layout only the order is taken: with room for every edge that passes a layer, a stack of 150
    resources would be ten times as tall as its tallest layer. A layer that is too tall to look at goes on in columns
    beside it.
    """
    tall = max(8, round(1.3 * len(graph.nodes) ** 0.5))
    columns = [part for layer in _layers(graph) for part in _parts(layer, tall)]
    places = {
        key: (column * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y))
        for column, members in enumerate(columns)
        for row, key in enumerate(members)
    }
    right, bottom = (max((place[axis] for place in places.values()), default=0) for axis in (0, 1))
    return Layout(places, (right + WIDTH, bottom + HEIGHT))


class _Size:
    """What grandalf asks of a node."""

    w = WIDTH
    h = HEIGHT
    xy = (0, 0)


def _layers(graph: Graph) -> list[list[str]]:
    """Give the keys of each layer in their order; parts of the graph that nothing joins stand below each other."""
    found: list[list[str]] = []
    for keys, edges in _joined(graph):
        for number, layer in enumerate(_ordered(keys, edges)):
            if number == len(found):
                found.append([])
            found[number] += layer
    return found


def _joined(graph: Graph) -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """Split a graph into the parts that nothing joins, in the order of their first nodes.

    The library would compare every pair of nodes for it.
    """
    near: dict[str, list[str]] = {node.key: [] for node in graph.nodes}
    for key, to in graph.edges:
        near[key].append(to)
        near[to].append(key)
    part: dict[str, int] = {}
    parts: list[tuple[list[str], list[tuple[str, str]]]] = []
    for start in near:
        left = [] if start in part else [start]
        if left:
            parts.append(([], []))
        while left:
            key = left.pop()
            if key not in part:
                part[key] = len(parts) - 1
                left += near[key]
    for key in near:
        parts[part[key]][0].append(key)
    for edge in graph.edges:
        parts[part[edge[0]]][1].append(edge)
    yield from parts


def _ordered(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """Give the layers of nodes that hang together."""
    if not edges:
        yield list(keys)
        return
    import grandalf.graphs as parts  # for pages only
    from grandalf.layouts import SugiyamaLayout

    vertices: dict[str, Any] = {key: parts.Vertex(key) for key in keys}
    for vertex in vertices.values():
        vertex.view = _Size()
    # What hangs together is handed over as such: the library's own graph would look for its parts pair by pair.
    layout: Any = SugiyamaLayout(
        parts.graph_core(list(vertices.values()), [parts.Edge(vertices[to], vertices[key]) for key, to in edges])
    )
    layout.init_all()
    layout.draw(SWEEPS)
    for layer in layout.layers:
        # Between the nodes are the points at which edges pass the layer.
        yield [vertex.data for vertex in layer if not layout.grx[vertex].dummy]


def _parts(layer: Sequence[str], tall: int) -> Iterator[Sequence[str]]:
    """Cut a layer into columns of about the same height."""
    count = -(-len(layer) // tall)
    height = -(-len(layer) // max(1, count))
    for start in range(0, len(layer), height):
        yield layer[start : start + height]
