"""Text that anyone may have written, put into Markdown or HTML where nothing of it is markup."""

import html
import re
from collections.abc import Sequence

from coursecloud.review import formatting


def code(text: str, limit: int, *, table: bool = False) -> str:
    """Put text that anyone may have written into a code span: in it nothing is markup, a mention or a link."""
    line = re.sub(r"\s+", " ", formatting.visible(text).replace("\n", "\\n")).strip()
    if len(line) > limit:
        line = f"{line[: limit - 1]}…"
    if table:
        # A table is cut at bars before code is seen; an escaped one is cut, too, after a backslash of the text's own.
        line = line.replace("|", "¦")
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    room = " " if not line or line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{room}{line or ' '}{room}{ticks}"


def fence(text: str, limit: int, language: str = "text", *, indent: str = "") -> str:
    """Put lines into a code block that no line of them can end."""
    shown = formatting.visible(text)
    shown = shown if len(shown) <= limit else f"{shown[: limit - 4]}\n..."
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join(f"{indent}{line}" for line in (f"{ticks}{language}", *shown.split("\n"), ticks)) + "\n"


def as_html(text: str) -> str:
    """Put text where HTML stands, in one line."""
    return html.escape(re.sub(r"\s+", " ", formatting.visible(text)), quote=True)


def amounts(text: str) -> str:
    """Write amounts without the sign that begins a formula on GitHub."""
    return re.sub(r"\$([\d.]+)(/h)?", r"\1 USD\2", text)


def unlinked(text: str) -> str:
    """Keep plain text, whoever wrote it, from becoming a link, markup, a mention or an issue's number."""
    line = re.sub(r"\s+", " ", formatting.visible(text))
    escaped = re.sub(r"([\\`<>\[\]*_~!|&])", r"\\\1", line)
    # GitHub looks for these after Markdown is done with backslashes: only another letter between them helps.
    return re.sub(r"(?<=/)(?=/)|(?<=[@#])", "&#8203;", escaped).replace("www.", "www&#46;")


ALL = "`coursecloud review --json` has all"
"""Where what found no room in a comment can be read."""


def note(text: str, limit: int = 1000) -> str:
    """Put a text into a code span, and say so where it is cut."""
    shown = code(text, limit)
    return f"{shown} (cut: {ALL} of it)" if shown.rstrip("` ").endswith("…") and len(text) > limit else shown


def listing(lines: Sequence[str], room: int, most: int = 20) -> str:
    """Write at most so many lines in at most so many bytes, and count those that found no room."""
    shown: list[str] = []
    for line in lines[:most]:
        room -= size(line)
        if room < 0:
            break
        shown.append(line)
    more = len(lines) - len(shown)
    return "".join(shown) + (f"- and {more} more: {ALL} of them\n" if more else "")


def size(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    return len(text.encode())
