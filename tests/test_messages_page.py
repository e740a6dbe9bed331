"""The guide's page of messages is the catalogue's."""

from pathlib import Path

from bench import messages as made
from catalog import messages


def test_the_page_is_current() -> None:
    assert made.FILE.read_text(encoding="utf-8") == made.page(), "`make docs` writes it anew"


def test_the_page_has_every_message_with_what_to_do() -> None:
    text = Path(made.FILE).read_text(encoding="utf-8")
    for each in messages.every():
        entry = text.partition(f"### {each.title}\n")[2].partition("\n#")[0]
        assert each.samples[0] in entry
        assert f"What to do: {each.remedy}." in entry
        assert messages.AGAIN[each.retry] in entry
