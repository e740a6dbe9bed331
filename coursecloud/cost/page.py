"""An estimate as one HTML file that needs nothing else: the sentence, the credit over the days, and the bill."""

from pathlib import Path

from coursecloud.common import html
from coursecloud.cost import chart, credit, table
from coursecloud.cost.model import Estimate

FOLDER = Path(__file__).parent
"""Where the templates are: this page's, and the tables that a review's page has too."""


def full(estimate: Estimate) -> str:
    """Write the page. It loads nothing, and its policy forbids it to."""
    return html.render(
        [FOLDER],
        "page.html",
        title=f"{estimate.stack}: {credit.sentence(estimate)}",
        prices_date=str(estimate.prices_date),
        chart_style=chart.STYLE,
        figure=chart.figure(None, estimate),
        said=[text for text, _ in table.more(estimate)],
        headings=("resource", "what", *table.headings(estimate)),
        rows=[((name, what, *cells), kind) for name, what, cells, kind in table.lines(estimate)],
        further=(("Unknown, and in no total", estimate.unknown), ("Taken for granted", estimate.notes)),
    )
