"""Templates, which stand as files in `templates/`, filled in."""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"
PROJECT = "project/"
"""Of the templates, those of a repository that is written from nothing."""


def hidden(path: str) -> str:
    """Name the template of a path: a file that begins with a dot would be a setting of this project."""
    return "/".join(f"dot-{part[1:]}" if part.startswith(".") else part for part in path.split("/"))


def project_files() -> list[str]:
    """List the files of a repository from nothing, by the paths that they get."""
    folder = TEMPLATES / PROJECT
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    kept = (path for path in found if "__pycache__" not in path)
    return sorted(
        "/".join(f".{part[4:]}" if part.startswith("dot-") else part for part in path.split("/")) for path in kept
    )


@functools.cache
def _environment() -> Any:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        # `{{ }}` is GitHub's, `[[ ]]` TOML's, `${ }` a shell's.
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML
        undefined=jinja2.StrictUndefined,
    )
    made.filters["quoted"] = json.dumps
    made.filters["line"] = shlex.join
    made.filters["word"] = shlex.quote
    made.filters["plain"] = _plain
    return made


def _plain(text: str) -> str:
    """Write a text as a value of YAML, without quotes where it needs none."""
    return text if re.fullmatch(r"[\w./=-]+", text) else json.dumps(text)


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template in."""
    return str(_environment().get_template(template).render(values))
