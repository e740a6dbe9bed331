"""Text that anyone may have written, put into Markdown or HTML where nothing of it is markup."""

import html
import re

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


def size(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    return len(text.encode())
