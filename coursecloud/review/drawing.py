"""What hangs together in a stack: a drawing for a page, and a table where a drawing would be noise."""

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from coursecloud.common.html import text
from coursecloud.diff.changes import Operation
from coursecloud.review import formatting
from coursecloud.review.graph import Graph, Node
from coursecloud.review.layout import HEIGHT, WIDTH, lay_out

MOST = 120
"""Boxes up to which a drawing tells something: above, no screen shows them so that they can be read."""

MOST_ARROWS = 300
"""Arrows up to which an eye can follow one; a stack with everything on has 140."""

MARGIN = 20
CUT = 25
"""Characters of a name that have room in a node; all of it is in the node's tooltip."""

NAMED = 8
"""Names that a row of the table lists; all of them are in the list of changes below it."""


def graphs(graph: Graph, details: Mapping[str, str]) -> Markup:
    """Show what changes and what it touches, and, if there is more and it can be drawn, everything.

    `details` names the element of the page that tells of a change, by the change's key.
    """
    return Markup("\n".join(_graphs(graph, details)))  # noqa: S704 - each text in it is escaped


def _graphs(graph: Graph, details: Mapping[str, str]) -> Iterator[str]:
    near, whole = graph.near_changes().folded(), graph.folded()
    if not _readable(near):
        yield from _table(graph.near_changes())
        return
    both = len(near.nodes) < len(whole.nodes) and _readable(whole)
    legend = " ".join(
        f'<span class="{operation}">{formatting.DONE[operation]}</span>'
        for operation in formatting.DONE
        if operation is not Operation.SAME and any(node.operation is operation for node in graph.nodes)
    )
    other = "show everything", "show what changes"
    toggle = f'<button data-act="all">{other[0]}</button>' if both else ""
    left_out = "" if both else _left_out(graph, near)
    yield (
        f'<div><div class="bar">{legend}<button data-act="in" aria-label="zoom in">+</button>'
        f'<button data-act="out" aria-label="zoom out">&minus;</button><button data-act="fit">fit</button>{toggle}'
        f'<span class="dim">an arrow leads to what a resource refers to; click one to see its change{left_out}</span>'
        "</div>"
    )
    yield _svg(near, details, other[0], hidden=False)
    if both:
        yield _svg(whole, details, other[1], hidden=True)
    yield '<div class="told"></div></div>'


def _readable(graph: Graph) -> bool:
    return len(graph.nodes) <= MOST and len(graph.edges) <= MOST_ARROWS


def _left_out(graph: Graph, near: Graph) -> str:
    count = len(graph.nodes) - sum(len(graph.alike(node)) for node in near.nodes)
    return f"; {count} more that stay as they are would be too many to draw" if count > 0 else ""


def _table(graph: Graph) -> Iterator[str]:
    """Say by operation and type how many there are; a drawing of so many boxes could not be read."""
    rows: dict[tuple[Operation, str], list[str]] = {}
    for node in graph.nodes:
        if node.operation is not Operation.SAME:
            rows.setdefault((node.operation, node.kind), []).append(node.name)
    order = list(formatting.DONE)
    yield '<table class="many"><tr><th>what happens</th><th>to</th><th>how many</th><th>which</th></tr>'
    for (operation, kind), names in sorted(
        rows.items(), key=lambda row: (order.index(row[0][0]), -len(row[1]), row[0])
    ):
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield (
            f'<tr><td class="{operation}">{formatting.DONE[operation]}</td><td><code>{text(kind)}</code></td>'
            f"<td>{len(names)}</td><td>{text(', '.join(names[:NAMED]))}{more}</td></tr>"
        )
    yield '</table><p class="dim">A drawing of so many could not be read; every change is listed below.</p>'


def _svg(graph: Graph, details: Mapping[str, str], other: str, *, hidden: bool) -> str:
    laid = lay_out(graph)
    width, height = laid.size
    ids = {node.key: str(number) for number, node in enumerate(graph.nodes)}
    lines = [_edge(ids[key], laid.places[key], ids[to], laid.places[to]) for key, to in graph.edges]
    lines += [_node(node, laid.places[node.key], ids[node.key], details.get(node.key, "")) for node in graph.nodes]
    box = f"{-MARGIN} {-MARGIN} {width + 2 * MARGIN} {height + 2 * MARGIN}"
    return (
        f'<div class="graph" data-other="{other}"{" hidden" if hidden else ""}>'
        f'<svg viewBox="{box}" preserveAspectRatio="xMidYMid meet" role="group" aria-label="resources">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="currentColor" opacity=".4"/></marker></defs>' + "".join(lines) + "</svg></div>"
    )


def _edge(start: str, leaves: tuple[int, int], end: str, arrives: tuple[int, int]) -> str:
    # What is referred to stands to the left, so an edge leaves on the left and arrives on the right.
    x1, y1, x2, y2 = leaves[0], leaves[1] + HEIGHT // 2, arrives[0] + WIDTH, arrives[1] + HEIGHT // 2
    bend = max(30, (x1 - x2) // 2)
    return (
        f'<path class="edge" data-from="{start}" data-to="{end}" marker-end="url(#arrow)"'
        f' d="M{x1} {y1}C{x1 - bend} {y1} {x2 + bend} {y2} {x2} {y2}"/>'
    )


def _node(node: Node, place: tuple[int, int], number: str, detail: str) -> str:
    x, y = place
    said = f"{node.kind} {node.name}" + (
        f", {formatting.DONE[node.operation]}" if node.operation is not Operation.SAME else ""
    )
    return (
        f'<g class="node {node.operation}" tabindex="0" role="button" data-node="{number}" data-detail="{detail}">'
        f"<title>{text(said)}</title>"
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text x="{x + 10}" y="{y + 17}">{text(_cut(node.name, CUT))}</text>'
        f'<text class="kind" x="{x + 10}" y="{y + 32}">{text(_cut(node.kind, CUT + 1))}</text></g>'
    )


def _cut(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
