"""What to do about an error is said in the words of the catalogue; tests/catalog/test_messages.py holds these."""

from __future__ import annotations

import pytest

from catalog import messages
from coursecloud.deploy import remedies
from coursecloud.diff.engine_events import Told
from tests.coursecloud.told import bucket, machine

SAMPLES = [(each, sample) for each in messages.every() for sample in each.samples]


def test_each_message_of_the_catalogue_gets_its_remedy() -> None:
    assert len(SAMPLES) > 100
    assert [sample for each, sample in SAMPLES if remedies.remedy(sample) != each.remedy] == []


def test_only_what_concerns_every_call_stops() -> None:
    assert {each.id for each, sample in SAMPLES if remedies.stops(sample)} == {"login", "billing", "network"}
    assert all(remedies.stops(sample) == each.stops for each, sample in SAMPLES)


def test_an_error_that_nobody_knows_has_no_remedy_and_stops_nothing() -> None:
    assert remedies.remedy("something new") == ""
    assert not remedies.stops("something new")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  sdk-v2/provider2.go:571: sdk.helper_schema: googleapi: Error 403: no: provider=google-beta@10.2.0\n",
         "googleapi: Error 403: no"),
        ("1 error occurred:\n\t* googleapi: Error 403: no\n\n\n", "googleapi: Error 403: no"),
        ("2 errors occurred:\n\t* one\n\t* two", "one * two"),
        ("x" * 600, "x" * 497 + "..."),
    ],
)  # fmt: skip
def test_googles_words_stand_without_the_providers_frame(text: str, words: str) -> None:
    assert remedies.words(text) == words


URN = machine("w")["urn"]


def test_what_failed_is_listed_with_its_remedy_and_the_engines_echo_left_out() -> None:
    told = Told(
        failed={URN: "googleapi: Error 503: backendError", bucket("b")["urn"]: "something new"},
        errors=["update failed", "preview failed", "resource operation failed", "Error 401: expired"],
    )
    assert list(remedies.lines(told)) == [
        "  Instance w: googleapi: Error 503: backendError",
        "      remedy  Google was busy: the same command again in a minute goes on where it ended",
        "  Bucket b: something new",
        "      unknown  no message of docs/guide/messages.md is like this; the words are Google's own",
        "  Error 401: expired",
        "      remedy  your login has run out: `gcloud auth application-default login`, then the same command again;"
        " for a command of gcloud's `gcloud auth login`",
    ]


def test_where_nothing_else_says_why_the_engines_words_stay() -> None:
    assert list(remedies.lines(Told(errors=["update failed"]))) == ["  update failed"]


def test_a_programs_own_traceback_keeps_its_lines() -> None:
    text = 'Traceback:\n  File "__main__.py", line 1\n    1/0\nZeroDivisionError'
    assert list(remedies.lines(Told(errors=[text, text]))) == [f"  {text}"]
