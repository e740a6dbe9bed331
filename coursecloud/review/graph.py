"""The resources of a stack as a graph: what refers to what, and what happens to it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coursecloud.diff.changes import Change, Operation
from coursecloud.diff.matching import key_of
from coursecloud.plan.planning import short_type
from coursecloud.review import folding


@dataclass(frozen=True)
class Node:
    """One resource, or the grants that a drawing folds into one."""

    key: str
    name: str
    kind: str
    operation: Operation
    fold: int = 0
    """The same number for grants that a drawing folds into one; 0 for what stands by itself."""
    to: str = ""
    """To whom such grants go."""


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

    def alike(self, node: Node) -> tuple[Node, ...]:
        """Give what a box stands for: a node itself, or all that are folded into it."""
        return tuple(each for each in self.nodes if each.fold == node.fold) if node.fold else (node,)

    def folded(self) -> "Graph":
        """Draw one member's grants as one box, which refers to all that they refer to."""
        folds: dict[int, list[Node]] = {}
        for node in self.nodes:
            if node.fold:
                folds.setdefault(node.fold, []).append(node)
        into = {node.key: folds[node.fold][0].key for node in self.nodes if node.fold}
        nodes: list[Node] = []
        for node in self.nodes:
            alike = folds.get(node.fold, [node])
            if alike[0] is node and len(alike) > 1:
                nodes.append(replace(node, name=f"{len(alike)} grants", kind=f"to {node.to}"))
            elif alike[0] is node:
                nodes.append(node)
        edges = dict.fromkeys((into.get(key, key), into.get(to, to)) for key, to in self.edges)
        return Graph(tuple(nodes), tuple(edges))


def draw(changes: Iterable[Change]) -> Graph:
    """Draw every resource of a stack."""
    listed = list(changes)
    known = {change.key for change in listed}
    links = {
        change.key: sorted(
            {key_of(urn) for side in (change.before, change.after) if side for urn in side.dependencies}
            & known - {change.key}
        )
        for change in listed
    }
    folds = folding.folds(listed, links)
    nodes = {
        change.key: Node(
            change.key,
            change.name,
            short_type(change.resource.type),
            change.operation,
            *folds.get(change.key, (0, "")),
        )
        for change in listed
    }
    return Graph(tuple(nodes.values()), tuple((key, to) for key in nodes for to in links[key]))
