"""An estimate as one HTML file that needs nothing else: the sentence, the credit over the days, and the bill."""

from collections.abc import Iterator

from coursecloud.cost import cards, chart, credit, table
from coursecloud.cost.model import Estimate

_STYLE = """
:root { --line: #d0d7de; --dim: #57606a; --paper: #fff; --ink: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --dim: #9198a1; --paper: #0d1117; --ink: #f0f6fc; } }
* { box-sizing: border-box; } body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 960px; margin: 0 auto; padding: 16px; } h1 { font-size: 20px; line-height: 1.3; }
.dim { color: var(--dim); }
h2 { font-size: 17px; margin: 24px 0 4px; } ul { padding-left: 20px; }
table { border-collapse: collapse; }
th, td { padding: 3px 12px 3px 0; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
td:nth-child(2), th:nth-child(2) { text-align: left; white-space: normal; min-width: 150px; }
th { white-space: normal; vertical-align: bottom; overflow-wrap: normal; }
tr.total { font-weight: 600; }
"""


def full(estimate: Estimate) -> str:
    """Write the page. It loads nothing, and its policy forbids it to."""
    title = f"{estimate.stack}: {credit.sentence(estimate)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{cards.escaped(title)}</title>\n<style>{_STYLE}{chart.STYLE}{cards.STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(_body(estimate, title))
        + "\n</main>\n</body>\n</html>\n"
    )


def _body(estimate: Estimate, title: str) -> Iterator[str]:
    yield f"<h1>{chart.marked(title)}</h1>"
    yield f'<p class="dim">In USD, without tax; prices of {estimate.prices_date}.</p>'
    yield chart.figure(None, estimate)
    yield "<ul>" + "".join(f"<li>{chart.marked(text)}</li>" for text, _ in table.more(estimate)) + "</ul>"
    rows = (((name, what, *cells), kind) for name, what, cells, kind in table.lines(estimate))
    yield "<h2>The bill</h2>"
    yield cards.table(("resource", "what", *table.headings(estimate)), rows)
    for heading, texts in (("Unknown, and in no total", estimate.unknown), ("Taken for granted", estimate.notes)):
        if texts:
            yield f"<h2>{heading}</h2><ul>" + "".join(f"<li>{chart.marked(text)}</li>" for text in texts) + "</ul>"
