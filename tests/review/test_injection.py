"""What a stranger writes into a stack file, or calls a file or a package, is nothing but text in every form."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cmarkgfm  # pyright: ignore[reportMissingTypeStubs]
import pytest
import yaml

from coursecloud.review import escape, json_form, markdown, page
from coursecloud.review.changed_lines import Lines
from coursecloud.review.report import Review
from coursecloud.review.untaken import Untaken
from infra.settings import SettingsError
from infra.settings.load import load
from tests.project import ROOT
from tests.review.conftest import Planner
from tests.review.made import Config, config_of, reviewed
from tests.review.printed import printed
from tests.review.test_keys import GROUPS, Way

EVIL = (
    "x` <details><summary>ok</summary> **Approved** @octocat #7 [merge](//evil.example) https://evil.example"
    " <img src=x>"
)
"""Out of a code span, and then all that GitHub would make something of."""

Place = tuple[str | int, ...]


def whole() -> Config:
    """A stack file with every key that takes a text of one's own."""
    config = config_of("full")
    for group in GROUPS:
        if group["about"].startswith(("limits, claims", "who starts builds", "what runs")):
            Way(group, back=False).laid(config, "to")
    return config


def texts(value: Any, at: Place = ()) -> Iterator[tuple[Place, bool]]:
    """List the places of every text in a stack file, and of every key of a map; a key is told by True."""
    if isinstance(value, str):
        yield at, False
    inner = cast("dict[Any, Any]", value) if isinstance(value, dict) else {}
    if isinstance(value, list):
        inner = dict(enumerate(cast("list[Any]", value)))
    for key, each in cast("dict[str | int, Any]", inner).items():
        if isinstance(key, str) and len(at) > 0:
            yield (*at, key), True
        yield from texts(each, (*at, key))


def put(config: Config, place: Place, evil: str, *, key: bool) -> Config:
    new = copy.deepcopy(config)
    at: Any = new
    for each in place[:-1]:
        at = at[each]
    if key:
        at[evil] = at.pop(place[-1])
    else:
        at[place[-1]] = evil
    return new


def taken(config: Config) -> bool:
    try:
        load(config, "full", ROOT)
    except SettingsError:
        return False
    return True


def forms(review: Review) -> Iterator[tuple[str, str]]:
    text = markdown.full(review, closed=[EVIL])
    yield "markdown", cmarkgfm.github_flavored_markdown_to_html(text)  # pyright: ignore
    yield "page", page.full(review)


def held(review: Review) -> None:
    """Hold every form of a review: what the stranger wrote is text, and in a comment nothing that GitHub links."""
    for name, html in forms(review):
        bare = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
        assert "<details><summary>ok" not in html
        assert not re.search(r"<(img|a)\b[^>]*(evil|src=x)", html), html
        if name == "markdown":
            assert "<strong>Approved" not in html
            assert not re.search(r"@octocat|#7|https://evil", bare), bare
    assert "\x1b" not in printed(review)
    json.dumps(json_form.to_json(review))


def test_no_text_of_a_stack_file_is_markup(plan_of: Planner) -> None:
    config = whole()
    assert taken(config)
    found = [(place, key) for place, key in texts(config) if taken(put(config, place, EVIL, key=key))]
    # What a stranger can write freely is little; that this finds it shows that the walk works.
    assert {str(place[-2]) for place, _ in found} >= {"env", "args", "substitutions"}
    assert not [place for place, key in found if key]
    evil = config
    for place, _ in found:
        evil = put(evil, place, EVIL, key=False)
    sides = [plan_of("full", lambda new, each=each: new.update(each)) for each in (config, evil)]
    for before, after in (sides, sides[::-1], (None, sides[1])):
        held(reviewed(before, after, "full"))


@pytest.mark.parametrize("section", ["machineTypes", "gpus", "resources"])
def test_a_price_is_of_a_name_and_no_sentence(section: str) -> None:
    price: object = 5 if section == "resources" else {"hour": 5}
    config = yaml.safe_load((Path(ROOT) / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
    config["coursecloud:prices"] = {section: {EVIL: price}}
    with pytest.raises(SettingsError, match=r"write for example|copy its name"):
        load(config, "dev", ROOT)


def test_no_name_of_a_file_or_a_package_is_markup(plan_of: Planner) -> None:
    plan = plan_of("dev")
    (stack,) = reviewed(plan, plan, "dev").stacks
    held(
        Review(
            EVIL,
            EVIL,
            (stack,),
            (EVIL,),
            (EVIL,),
            (EVIL,),
            (EVIL,),
            (EVIL,),
            project=(EVIL,),
            untaken=(Untaken(EVIL, 1, EVIL, EVIL),),
            lines=(Lines(EVIL, whole=EVIL),),
            documents=(Lines(EVIL, ((1, 2),)),),
            typed=(EVIL,),
        )
    )


def test_plain_text_stays_plain() -> None:
    html = cast("str", cmarkgfm.github_flavored_markdown_to_html(escape.unlinked(f"a {EVIL} www.evil.com b|c_d_ &lt;")))  # pyright: ignore
    assert set(re.findall(r"</?\w+", html)) == {"<p", "</p"}
    assert not re.search(r"@octocat|#7|https://evil", html)
