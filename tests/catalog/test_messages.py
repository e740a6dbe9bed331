"""The catalogue of messages: each is recognised from what people have met, and none is taken for another.

The samples are those of Google's APIs, of the provider (10.2) and of the tools, as their source, Google's pages and
public reports show them.
"""

import re

import pytest

from catalog import messages, tables
from catalog.messages import AGAIN, Message

EVERY = messages.every()
SAMPLES = [(each, sample) for each in EVERY for sample in each.samples]


def names(found: list[Message]) -> list[str]:
    return [each.id for each in found]


def alternatives(sign: str) -> list[str]:
    """Take a regular expression apart at its outermost bars."""
    found, depth, literal = [""], 0, False
    for letter in sign:
        depth += 0 if literal else (letter == "(") - (letter == ")")
        literal = letter == "\\" and not literal
        if letter == "|" and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def test_what_a_course_meets_is_in_it() -> None:
    met = {
        "gpu-quota", "vertex-quota", "zone-exhausted", "region-exhausted", "api-disabled", "act-as", "billing",
        "bucket-taken", "build-log", "image-missing", "account-unknown", "port", "exec-format", "dvc-checksum",
        "job-memory", "job-failed", "preempted", "role-deleted", "repository-mapping", "workflow-refused",
        "ssh-backend",
    }  # fmt: skip
    assert met <= {each.id for each in EVERY}


@pytest.mark.parametrize(
    ("message", "sample"), SAMPLES, ids=[f"{each.id}-{at}" for at, (each, _) in enumerate(SAMPLES)]
)
def test_a_sample_is_its_own_messages_and_no_others(message: Message, sample: str) -> None:
    assert names(messages.claims(sample)) == [message.id]
    # In the middle of a long log it is the same one.
    assert names(messages.claims(f"line one\n  * {sample}\nline three")) == [message.id]


def test_each_alternative_of_a_sign_is_met_by_a_sample() -> None:
    unmet = [
        f"{each.id}: {sign}"
        for each in EVERY
        for sign in alternatives(each.sign)
        if not any(re.search(sign, sample, re.IGNORECASE | re.DOTALL) for sample in each.samples)
    ]
    assert unmet == [], "no message is known that says this: take the sign out, or add the sample"


def test_a_sign_that_takes_anothers_sample_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Message("x", "x", "x", "exceeded", "x", "x", "fails", ["apis"], ["exceeded"])
    monkeypatch.setattr(messages, "every", lambda: (*EVERY, wide))
    sample = next(each for each in EVERY if each.id == "gpu-quota").samples[0]
    assert names(messages.claims(sample)) == ["gpu-quota", "x"]


@pytest.mark.parametrize("text", ["something new", "", "Everything is up to date.", "200 OK", "exit status 1"])
def test_what_nobody_knows_is_none_of_them(text: str) -> None:
    assert messages.find(text) is None


def test_every_message_says_what_it_means_what_to_do_and_whether_to_try_again() -> None:
    sources = {each["name"] for each in tables.table("messages")["source"]}
    assert len({each.id for each in EVERY}) == len(EVERY)
    assert {name for each in EVERY for name in each.source} == sources
    assert [each.id for each in EVERY if not each.source] == []
    assert all(re.match(r"20\d\d-\d\d-\d\d", each["read"]) for each in tables.table("messages")["source"])
    assert not any("memory" in each["read"] for each in tables.table("messages")["source"])
    for each in EVERY:
        assert each.retry in AGAIN
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", each.id)
        assert min(map(len, (each.title, each.meaning, each.remedy))) > 5, each.id
        assert "\n" not in each.title + each.meaning + each.remedy
        assert not each.remedy.endswith("."), each.id
    assert {each.id for each in EVERY if each.stops} == {"login", "billing", "network"}
