"""What the provider said no to, in a few lines: which resource, in Google's words, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from catalog import messages
from coursecloud.diff.engine_events import Told, called

_LONGEST = 500
UNKNOWN = "      unknown  no message of docs/guide/messages.md is like this; the words are Google's own"


def remedy(text: str) -> str:
    """Say what to do about an error; empty where nobody has said it yet."""
    found = messages.find(text)
    return found.remedy if found else ""


def stops(text: str) -> bool:
    """Say whether an error concerns every call: no login, no billing, no network."""
    found = messages.find(text)
    return bool(found and found.stops)


def disabled(text: str) -> bool:
    """Say whether an error is that of an API which nobody has enabled, or somebody has disabled."""
    return bool(re.search(r"SERVICE_DISABLED|has not been used in project", text))


def words(text: str) -> str:
    """Give Google's words without the provider's frame around them."""
    text = re.sub(r"^\d+ errors? occurred:\s*\*?\s*", "", text.strip())
    text = re.sub(r"^sdk-v2/provider2\.go:\d+: sdk\.helper_schema: ", "", text)
    text = re.sub(r":?\s*provider=\S+@\S+$", "", text)
    # The engine's own advice: it would have the data go, and `keep` of the stack file is the way here.
    text = re.sub(r"\s*To unprotect it, either .*", "", text, flags=re.DOTALL)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def lines(told: Told, names: Mapping[str, str] | None = None) -> Iterator[str]:
    """List what failed: each resource with the words and the remedy, then what is about none.

    Words that the catalogue does not know stay as they are, and are said to be unknown.
    """
    for what, said, found in mistakes(told, names):
        yield f"  {what}: {said}" if what else f"  {said}"
        if found:
            yield f"      remedy  {found}"
        elif what:
            yield UNKNOWN


def mistakes(told: Told, names: Mapping[str, str] | None = None) -> Iterator[tuple[str, str, str]]:
    """Give what failed as (resource, words, remedy); the first is empty for what is about none, the last if unknown."""
    for urn, text in told.failed.items():
        google = (names or {}).get(urn, "")
        yield f"{called(urn)}{f' ({google})' if google else ''}", words(text), remedy(text)
    for text in dict.fromkeys(told.errors):
        # The engine adds what every failed run has; the resources above say why.
        if told.failed and re.fullmatch(
            r"(update|preview|refresh|destroy|resource operation) (failed|canceled).*", text
        ):
            continue
        yield "", _program(text), remedy(text)


def _program(text: str) -> str:
    """Keep lines as they are: what the program itself says is laid out."""
    return text if "\n" in text and len(text) < 4 * _LONGEST else words(text)
