"""A table of money in a page: rows on a wide screen, on a telephone a card for each, so that nothing scrolls."""

import html
from collections.abc import Callable, Iterable, Sequence

from coursecloud.common.console import visible

STYLE = """
@media (max-width: 600px) {
  table.cards, .cards tbody, .cards tr, .cards td { display: block; width: 100%; min-width: 0; }
  .cards tr { border-top: 1px solid var(--line); padding: 6px 0; }
  .cards tr.heads, .cards td:empty { display: none; }
  .cards td, .cards td:first-child, .cards td:nth-child(2) { border: 0; padding: 1px 0; min-width: 0;
    white-space: normal; text-align: right; display: flex; justify-content: space-between; gap: 12px; }
  .cards td > span { min-width: 0; } .cards td:first-child { text-align: left; font-weight: 600; }
  .cards td:not(:first-child)::before { content: attr(data-label); color: var(--dim); text-align: left; flex: none;
    max-width: 55%; }
  .cards.words td, .cards.words td:nth-child(2) { display: block; text-align: left; }
  .cards.words td:not(:first-child)::before { content: attr(data-label) ": "; }
}
"""
"""What a page puts into its style once, behind its own rules of a table; `--line` and `--dim` are its colours."""


def escaped(value: str) -> str:
    """Write a text that nobody has marked."""
    return html.escape(visible(value), quote=True)


def table(
    headings: Sequence[str],
    rows: Iterable[tuple[Sequence[str], str]],
    write: Callable[[str], str] = escaped,
    *,
    words: bool = False,
) -> str:
    """Write a table of rows, each with its kind; on a telephone each cell stands beside its heading.

    `write` makes HTML of a cell's text, and has to escape it. `words` says that the cells are sentences, not amounts.
    """
    heads = "".join(f"<th>{escaped(heading)}</th>" for heading in headings)
    lines = [f'<table class="cards{" words" if words else ""}"><tr class="heads">{heads}</tr>']
    for cells, kind in rows:
        shown = "".join(
            f'<td data-label="{escaped(heading)}">{f"<span>{write(cell)}</span>" if cell else ""}</td>'
            for heading, cell in zip(headings, cells, strict=True)
        )
        lines.append(f'<tr class="{escaped(kind)}">{shown}</tr>' if kind else f"<tr>{shown}</tr>")
    return "\n".join((*lines, "</table>"))
