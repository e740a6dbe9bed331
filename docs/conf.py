"""How Sphinx makes the site of these documents: `make docs`, into build/docs. A link that leads nowhere ends it."""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

project = "coursecloud"
author = "The coursecloud authors"
copyright = "2026 The coursecloud authors, Apache-2.0"  # noqa: A001 - Sphinx's name for it

extensions = ["myst_parser"]
# Anchors as GitHub makes them, where the same files are read, too.
myst_heading_anchors = 3
# A block without a language is command lines or a piece of a file, and no Python.
highlight_language = "text"

html_theme = "furo"
html_title = "coursecloud"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

DOCS = Path(__file__).parent
PICTURE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#\s]+)(?:#[^)]*)?\)")


def _outside(_: Sphinx, docname: str, source: list[str]) -> None:
    """Make words of a link to a file of the project that is no document: the site has no copy of it, the clone has."""
    folder = (DOCS / f"{docname}.md").parent

    def words(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        if not target.exists():
            logging.getLogger(__name__).warning("a link to %s, which is not there", link[2], location=docname)
        path = str(target.relative_to(DOCS.parent))
        return link[1] if path in link[1] else f"{link[1]} (`{path}` in the clone)"

    source[0] = LINK.sub(words, source[0])


def _listed(_: Sphinx, docname: str, source: list[str]) -> None:
    """Make a table of a picture's arrows: what draws Mermaid would come from a server, and the site needs none."""
    del docname

    def table(picture: re.Match[str]) -> str:
        names = dict(re.findall(r"^\s*(\w+)\[\"(.+)\"\]$", picture[1], re.MULTILINE))
        rows: dict[str, list[str]] = {}
        for start, end in re.findall(r"^\s*(\w+) --> (\w+)$", picture[1], re.MULTILINE):
            rows.setdefault(names[start], []).append(f"`{names[end]}`")
        lines = (f"| `{start}` | {', '.join(ends)} |\n" for start, ends in rows.items())
        return "| box | arrows to |\n|---|---|\n" + "".join(lines)

    source[0] = PICTURE.sub(table, source[0])


def setup(app: Sphinx) -> None:
    """Sphinx calls it."""
    app.connect("source-read", _outside)
    app.connect("source-read", _listed)
