"""The site of the documents: what `make docs` makes has every page, each once, and no page links to what is not there.

Sphinx itself, which is no dependency of the tests, is strict about links: a warning ends `make docs`.
"""

import re

import pytest

from tests.documents.reading import blocks
from tests.project import CHECKOUT

DOCS = CHECKOUT / "docs"


def listed() -> list[str]:
    """List the pages of the navigation, in its order."""
    trees = [each.text for each in blocks(DOCS / "index.md", CHECKOUT) if each.language == "{toctree}"]
    return [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]


def test_the_navigation_has_every_page_once() -> None:
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.glob("**/*.md")} - {"index"}
    assert sorted(listed()) == sorted(pages)


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (
            '<script type="module">import mermaid from "https://cdn.jsdelivr.net/npm/mermaid@11/dist/m.mjs";</script>',
            True,
        ),
        ('<script src="//cdn.example.com/a.js"></script>', True),
        ('<link rel="stylesheet" type="text/css" href="https://fonts.example.com/a.css" />', True),
        ('@font-face { src: url("https://fonts.example.com/a.woff2") }', True),
        ('<script src="_static/documentation_options.js"></script><a href="https://pulumi.com/a.js">', False),
        ('<link rel="stylesheet" type="text/css" href="_static/site.css" />', False),
        ('<link rel="next" title="x" href="https://example.com/" />', False),
    ],
)
def test_a_page_that_loads_from_elsewhere_ends_it_too(line: str, held: bool) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    pattern = re.search(r"^ELSEWHERE := '(.*)'$", makefile, re.MULTILINE)
    assert pattern
    assert "grep -rlE $(ELSEWHERE)" in makefile
    assert (re.search(pattern[1], line) is not None) is held


def test_a_link_that_leads_nowhere_ends_the_making_of_the_site() -> None:
    recipe = re.search(r"^docs:.*\n((?:\t.*\n)+)", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe
    assert {"-n", "-W"} <= set(recipe[1].split())
