"""The command line. In: words that somebody typed. Out: what the packages below work out, printed, and an exit code."""

from typing import Any


def app(**options: Any) -> None:
    """Run it; its parts are loaded when they are needed."""
    from coursecloud.cli import application

    application.app(**options)
