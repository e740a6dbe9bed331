"""HTML by jinja2: every text is escaped, and shown as it is, unless a filter here has made HTML of it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from coursecloud.common.console import visible

BASE = Path(__file__).with_name("base.html")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def text(value: str) -> Markup:
    """Put text that anyone may have written where HTML stands."""
    return escape(visible(value))


def marked(value: str) -> Markup:
    """Put a sentence where HTML stands: what is between backticks as code, and each date in one piece."""
    code = re.sub(r"`([^`]*)`", r"<code>\1</code>", str(text(value)))
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', code))  # noqa: S704 - escaped above


def _shown(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def render(folders: Sequence[Path], name: str, **values: Any) -> str:
    """Write a page by the template `name` of one of the folders, which may stand on `BASE`.

    Raises jinja2.UndefinedError for a value that is not given.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, BASE.parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["marked"] = marked
    return made.get_template(name).render(**values)
