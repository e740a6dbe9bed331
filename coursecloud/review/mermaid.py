"""A small graph as a Mermaid drawing, which GitHub shows in a comment."""

import re

from coursecloud.diff.changes import Operation
from coursecloud.review.graph import Graph

GRAPH = 24
"""Up to this many resources are drawn: a larger drawing tells less than the list."""


def draw(graph: Graph, limit: int = GRAPH) -> str:
    """Draw a small graph; empty for one that is too large to tell anything, or that has no edge."""
    if not graph.edges or len(graph.nodes) > limit:
        return ""
    numbers = {node.key: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["\n```mermaid", "flowchart LR"]
    for node in graph.nodes:
        # Of a name only letters and digits go in: everything else could be Mermaid's own.
        name = re.sub(r"[^A-Za-z0-9 .-]", " ", f"{node.name} - {node.kind}")[:60]
        lines.append(f'  {numbers[node.key]}["{name}"]:::{node.operation}')
    lines += [f"  {numbers[key]} --> {numbers[to]}" for key, to in graph.edges]
    lines += [f"  classDef {operation} {style}" for operation, style in STYLES.items()]
    return "\n".join([*lines, "```", ""])


STYLES = {
    Operation.DELETE: "fill:#ffd7d5,stroke:#cf222e,color:#24292f",
    Operation.REPLACE: "fill:#f3d9fa,stroke:#8250df,color:#24292f",
    Operation.UPDATE: "fill:#fff3c4,stroke:#9a6700,color:#24292f",
    Operation.CREATE: "fill:#d3f5dc,stroke:#1a7f37,color:#24292f",
    Operation.RENAME: "fill:#d8ecff,stroke:#0969da,color:#24292f",
    Operation.SAME: "fill:#f6f8fa,stroke:#8c959f,color:#24292f",
}
