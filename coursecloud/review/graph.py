"""The resources of a stack as a graph: what refers to what, and what happens to it."""

from collections.abc import Iterable
from dataclasses import dataclass

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.matching import key_of
from coursecloud.plan.planning import short_type


@dataclass(frozen=True)
class Node:
    """One resource."""

    key: str
    name: str
    kind: str
    operation: Operation


@dataclass(frozen=True)
class Graph:
    """Nodes, and edges from what refers to what it refers to, by key."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()

    def near_changes(self) -> "Graph":
        """Take what changes and what it touches."""
        changed = {node.key for node in self.nodes if node.operation is not Operation.SAME}
        near = changed | {key for edge in self.edges if changed & set(edge) for key in edge}
        nodes = [node for node in self.nodes if node.key in near]
        # Between two that stay, an edge says nothing about the change.
        edges = [edge for edge in self.edges if set(edge) <= near and changed & set(edge)]
        return Graph(tuple(nodes), tuple(edges))


def draw(changes: Iterable[Change]) -> Graph:
    """Draw every resource of a stack."""
    nodes: dict[str, Node] = {}
    links: dict[str, set[str]] = {}
    for change in changes:
        nodes[change.key] = Node(change.key, change.name, short_type(change.resource.type), change.operation)
        links[change.key] = {
            key_of(urn) for side in (change.before, change.after) if side for urn in side.dependencies
        } - {change.key}
    edges = [(key, to) for key in nodes for to in sorted(links[key]) if to in nodes]
    return Graph(tuple(nodes.values()), tuple(edges))
