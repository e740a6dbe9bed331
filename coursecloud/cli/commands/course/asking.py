"""Questions at a terminal."""

import sys

import typer


def somebody() -> bool:
    """Say whether somebody is at a terminal and can answer."""
    return sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Ask at the terminal; no answer is a no."""
    from coursecloud.cli import refusals

    try:
        return typer.confirm(question, err=refusals.wanted())
    except typer.Abort:
        return False
