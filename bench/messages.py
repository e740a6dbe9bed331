"""The guide's page of messages, docs/guide/messages.md, made from catalog/messages.json; `make docs` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

from catalog import messages, tables
from catalog.messages import AGAIN, Message

FILE = Path(__file__).parents[1] / "docs" / "guide" / "messages.md"

HEAD = """# What Google's messages mean

<!-- made by `make docs` from catalog/messages.json -->

Something failed, and the last lines say why, in Google's words. Search this page for a few of these words
(Ctrl-F), such as `quota` or `actAs`. Each entry says what the message means, what to do, and whether it is safe to
run the same command again. `coursecloud up`, `down` and `finish` say the same remedies beside what failed, and
`coursecloud explain "THE MESSAGE"` finds the entry for you. What is not on this page nobody has looked at yet: the
words are then shown as they are, and said to be unknown.
"""


def page() -> str:
    """Write the page, in Markdown."""
    every = messages.every()
    groups = list(dict.fromkeys(each.group for each in every))
    parts = [HEAD, *(_jump(group) for group in groups), ""]
    for group in groups:
        parts.append(f"## {group}\n")
        for each in every:
            if each.group == group:
                parts += _entry(each)
    parts.append("## Where the wording is from\n")
    parts += [
        f"- {each['name']}: [{each['title']}]({each['url']}), read {each['read']}"
        for each in tables.table("messages")["source"]
    ]
    return "\n".join(parts) + "\n"


def _jump(group: str) -> str:
    return f"- [{group}](#{group.lower().replace(' ', '-')})"


def _entry(message: Message) -> Iterator[str]:
    yield f"### {message.title}\n"
    yield "```text"
    yield from message.samples[0].splitlines()
    yield "```\n"
    yield f"{message.meaning}\n"
    yield f"- What to do: {message.remedy}."
    yield f"- Safe to run again: {AGAIN[message.retry]}."
    yield f"- Its words are from: {', '.join(message.source)} ([which](#where-the-wording-is-from)).\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
