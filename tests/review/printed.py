"""A review as a terminal shows it."""

from coursecloud.cli.render import console
from coursecloud.review import terminal
from coursecloud.review.report import Review


def printed(review: Review, columns: int = 80) -> str:
    shown = console()
    shown.width = columns
    with shown.capture() as capture:
        shown.print(terminal.full(review))
    return capture.get()
