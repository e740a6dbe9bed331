"""Which patterns name one branch, or tags by their beginning: RE2 decides, and what is not plain is none."""

import pytest

from infra.settings import re2


@pytest.mark.parametrize("text", ["^main$", r"\Amain\z", "(^main$)", "^main$|^main$", r"^release\.1$", "^ma(i)n$"])
def test_a_pattern_of_one_branch(text: str) -> None:
    assert re2.names_one(text)


@pytest.mark.parametrize(
    "text",
    [
        "main", "^main", "main$", "^(?i)main$", "^ma.n$", "^main$|x$", r"^main$|\bmain$", r"\bmain\b", "(?m)^main$",
        "^main(-x)?$", "^main$|^dev$", "^$", ".*", "", "[", "^.*$", f"^{'a' * 400}$", r"\Bmain\B|^main$",
    ],
)  # fmt: skip
def test_a_pattern_of_more_than_one_branch_or_of_none(text: str) -> None:
    assert not re2.names_one(text)


@pytest.mark.parametrize("text", [r"^v\d+", "^v", r"\Av1", "^v(1|2)", "^v[|]x", r"^v\|x", "^(v|va)"])
def test_a_pattern_of_tags_by_their_beginning(text: str) -> None:
    assert re2.begins_so(text)


@pytest.mark.parametrize(
    "text", ["v", "^v|x", ".*", "^.*", "^v?x", "^(?i)v", "^(v|w)", r"^v\Q(\E|v\Q)\E", "^", "", "^["]
)
def test_a_pattern_of_any_tags(text: str) -> None:
    assert not re2.begins_so(text)
