"""Where the resources of a graph stand on the page: layers from left to right, by igraph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from coursecloud.review.graph import Graph

WIDTH, HEIGHT, GAP_X, GAP_Y = 210, 40, 70, 14
"""Sizes of a node and of the room between nodes, in pixels."""

SWEEPS = 100
"""How often igraph may go through the layers to take crossings out."""


@dataclass(frozen=True)
class Layout:
    """The upper left corner of each node by key, and the whole drawing's width and height, in pixels."""

    places: Mapping[str, tuple[int, int]]
    size: tuple[int, int]


def lay_out(graph: Graph) -> Layout:
    """Place each node to the right of all that it refers to, with few crossings (Sugiyama's method).

    A layer that is too tall to look at goes on in columns beside it. Within a column nodes stand close: igraph keeps
    room for every edge that passes by, which makes a stack of 150 resources ten times as tall as its tallest column.
    """
    from igraph import Graph as Drawn  # a quarter of a second, for pages only

    keys = [node.key for node in graph.nodes]
    numbers = {key: number for number, key in enumerate(keys)}
    drawn: Any = Drawn(n=len(keys), edges=[(numbers[to], numbers[key]) for key, to in graph.edges], directed=True)
    tall = max(8, round(1.3 * len(keys) ** 0.5))
    columns = [part for layer in _layers(drawn, None) for part in _parts(layer, tall)]
    column_of = {number: column for column, members in enumerate(columns) for number in members}
    ordered = _layers(drawn, [column_of[number] for number in range(len(keys))])
    places = {
        keys[number]: (column * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y))
        for column, members in enumerate(ordered)
        for row, number in enumerate(members)
    }
    right, bottom = (max((place[axis] for place in places.values()), default=0) for axis in (0, 1))
    return Layout(places, (right + WIDTH, bottom + HEIGHT))


def _layers(drawn: Any, given: Sequence[int] | None) -> Iterator[list[int]]:
    """Give the nodes of each layer in their order; igraph chooses the layers unless they are given."""
    made = drawn.layout_sugiyama(layers=given, maxiter=SWEEPS)
    # Behind the nodes are the points at which edges pass layers.
    points = sorted((round(y), x, number) for number, (x, y) in enumerate(made.coords[: drawn.vcount()]))
    for _, layer in groupby(points, key=lambda point: point[0]):
        yield [number for _, _, number in layer]


def _parts(layer: Sequence[int], tall: int) -> Iterator[Sequence[int]]:
    """Cut a layer into columns of about the same height."""
    count = -(-len(layer) // tall)
    height = -(-len(layer) // count)
    for start in range(0, len(layer), height):
        yield layer[start : start + height]
