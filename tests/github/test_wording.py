"""The words of the comment: whatever a stranger's review says, GitHub's own Markdown makes nothing of it but code."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import cmarkgfm  # pyright: ignore[reportMissingTypeStubs]
import pytest

from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Deed
from coursecloud.review.changed_lines import Lines
from coursecloud.review.json_form import to_json
from coursecloud.review.report import Review
from coursecloud.review.stacks import review
from coursecloud.review.untaken import Untaken
from tests.project import CHECKOUT as ROOT
from tests.review.made import BUCKET, GRANT, INSTANCE, TODAY, resource, whole

MARK = "stranger"
EVIL = [
    "www.evil.com", "http://evil.com", "[x]: http:/evil", "[x](//evil)", "![x](//evil)", "<https://evil.com>",
    "a@evil.com", "&#64;everyone", "@everyone", "@org/team",
    "owner/repo#1", "#123", "GH-1", "GHSA-aaaa-bbbb-cccc", ":tada:",
    "<details><summary>x", "</details>", "<!-- x", "-->", "<img src=x>", "<script>", "`", "``", "```", "~~~",
    "` <b> `", "\n\n# heading",
    "\n> quote", "\n---", "\n- [ ] task", "\r\n\r\n***", "| a | b |\n|---|---|\n| c | d |",
    "*b*", "__b__", "~~s~~",
    "$x$", "$`x`$", "\u202egnp", "\u200b", "\x1b[31m", "\ufeff", "\u3164", "z\u0335\u0336", "\\`",
    "[^1]", "\n[^1]: x", "\n    code", "\ud800", "&lt;b&gt;", "mailto:a@b.c", "ftp://evil.com", "\u2028# x", "1. x",
]  # fmt: skip
"""What is markup somewhere: links, mentions, references, HTML, blocks, and letters that hide or turn text."""


@pytest.fixture(scope="module")
def wording() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wording", ROOT / ".github" / "scripts" / "wording.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whole_review() -> dict[str, Any]:
    """A review that has something in every field that the script reads."""
    before = whole(
        resource(BUCKET, "b", {"name": "b", "location": "EU"}),
        resource(INSTANCE, "m", {"machineType": "e2-small", "zone": "europe-west1-b"}),
    )
    after = Plan(
        before.settings.model_copy(update={"region": "us-east1"}),
        (
            resource(BUCKET, "b", {"name": "b", "location": "US"}),
            resource(INSTANCE, "m", {"machineType": "e2-medium", "zone": "europe-west1-b"}),
            resource(GRANT, "g", {"bucket": "b", "member": "allUsers", "role": "r"}),
        ),
        {},
        program=(Deed("differs", "does more"),),
    )
    stack = review("one", before, after, today=TODAY, notes=["a note"])
    untaken = (Untaken("infra/machines.py", 7, "is run by no plan", "x = 1"),)
    found = Review(
        "base",
        "head",
        (stack,),
        ("another note",),
        ("yaml.py",),
        (".github/workflows/x.yml",),
        project=('Pulumi.yaml name: "x" -> "y"',),
        untaken=untaken,
        lines=(Lines("yaml.py", ((1, 2),)),),
        documents=(Lines("README.md", ((7, 7),)),),
    )
    form = to_json(found, ["a gate"])
    form["stacks"][0]["changes"][0]["places"] = [{"file": "Pulumi.one.yaml", "line": 3, "url": "https://evil.com"}]
    form["stacks"][0]["mistakes"] = [{"side": "after", "message": "no"}]
    return form


KEPT = ("level", "operation", "status")
"""Fields of which the script knows every value."""


def strange(value: Any, text: str) -> Any:
    """Write a stranger's text into each text, with a mark by which it is found again."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {key: each if key in KEPT else strange(each, text) for key, each in entries.items()}
    if isinstance(value, list):
        return [strange(each, text) for each in cast("list[Any]", value)]
    return f"{MARK} {text} {MARK}{text}" if isinstance(value, str) else value


def rendered(markdown: str) -> str:
    return cmarkgfm.github_flavored_markdown_to_html(markdown.encode("utf-8", "replace").decode())  # pyright: ignore


def outside(html: str) -> str:
    """Give what stands outside of every code span."""
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("text", EVIL, ids=repr)
def test_no_text_of_a_review_is_more_than_code(wording: ModuleType, text: str) -> None:
    comment = wording.comment(strange(whole_review(), text))
    html = rendered(comment)
    assert MARK in html
    left = outside(html)
    assert MARK not in left
    assert "evil" not in left
    assert "everyone" not in left
    assert set(re.findall(r"<(/?\w+)", left)) <= {
        "h2", "/h2", "p", "/p", "ul", "/ul", "li", "/li", "strong", "/strong", "blockquote", "/blockquote", "br",
    }  # fmt: skip
    assert not {"\u202e", "\u200b", "\x1b", "\ufeff", "\u3164", "\u0335", "\ud800"} & set(comment)
    comment.encode()


def test_a_review_without_a_stranger_says_all_that_a_reader_needs(wording: ModuleType) -> None:
    comment = wording.comment(whole_review())
    for part in (
        "STOP", "a gate", "workflows/x.yml", "yaml.py", "WITH DATA", "the program does more", "everybody",
        "location: EU -> US", "machineType: e2-small -> e2-medium", "breaks the rule", "does not load",
        "a note", "another note", "USD",
    ):  # fmt: skip
        assert part in comment, part


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner: dict[Any, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if isinstance(value, list):
        inner = dict(enumerate(cast("list[Any]", value)))
    for key, each in inner.items():
        yield from places(each, (*path, key))


ODD: list[Any] = [None, 1, 1e400, "x", True, [], [1], {}, {"x": []}]


def test_what_has_another_shape_is_refused_in_words_or_harmless(wording: ModuleType) -> None:
    form = whole_review()
    refused = 0
    for path in places(form):
        for odd in ODD:
            changed: Any = json.loads(json.dumps(form))
            if not path:
                changed = odd
            else:
                target = changed
                for key in path[:-1]:
                    target = target[key]
                target[path[-1]] = odd
            try:
                wording.comment(changed)
            except ValueError:
                refused += 1
    assert refused > 100


def test_a_review_of_many_stacks_is_cut_with_the_gravest_first_and_says_so(wording: ModuleType) -> None:
    form = whole_review()
    form["stacks"] = [{**form["stacks"][0], "stack": f"group-{n}"} for n in range(500)]
    comment = wording.comment(strange(form, "ü" * 300))
    assert len(comment.encode()) <= 65_536
    assert "Left out" in comment
    assert comment.index("is run by itself") < comment.index("**Left out")


def test_where_a_change_is_and_what_no_plan_shows_is_told_and_a_strangers_link_is_not(wording: ModuleType) -> None:
    comment = wording.comment(whole_review())
    for said in ("infra/machines.py:7 is run by no plan", "Pulumi.one.yaml:3", 'Pulumi.yaml name: "x" -> "y"'):
        assert said in comment
    assert "https://evil.com" not in comment


def test_the_script_needs_nothing_but_python() -> None:
    for path in (ROOT / ".github" / "scripts").glob("*.py"):
        for name in re.findall(r"^(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in {
                "collections",
                "json",
                "os",
                "pathlib",
                "re",
                "sys",
                "typing",
                "unicodedata",
                "urllib",
                "wording",
            }


def test_the_marker_and_the_words_are_those_of_the_tool(wording: ModuleType) -> None:
    from coursecloud.review import formatting, json_form, markdown
    from coursecloud.review.dangers import Level

    assert wording.MARKER == markdown.MARKER
    assert wording.VERSION == json_form.VERSION
    assert wording.LEVELS.keys() == {level.name.lower() for level in Level}
    assert {level.name.lower(): formatting.VERDICTS[level] for level in Level} == {
        name: verdict for name, (_, verdict, _) in wording.LEVELS.items()
    }
    assert Path(wording.__file__ or "").name == "wording.py"


def test_where_room_ends_what_is_gravest_is_there(wording: ModuleType) -> None:
    form = whole_review()
    (stack,) = form["stacks"]
    weaker = {**stack, "dangers": [{**stack["dangers"][0], "kind": "protection", "text": "w" * 400}] * 40}
    public = {**stack["dangers"][0], "kind": "public", "text": "allUsers gets in"}
    form["stacks"] = [{**weaker, "stack": f"group-{number:03}"} for number in range(80)]
    form["stacks"].append({**stack, "stack": "group-999", "dangers": [public]})
    form["documents"] = [
        {**form["documents"][0], "text": f"docs/{'x' * 200}{number}.md: line 1"} for number in range(260)
    ]
    said = wording.comment(form)
    assert "`group-999`** `allUsers gets in`" in said
    assert "Left out" in said
    assert len(said.encode()) <= wording.LIMIT


@pytest.mark.parametrize("kind", ["does not load", "refused", "runs"])
def test_no_list_takes_the_room_of_what_is_graver(wording: ModuleType, kind: str) -> None:
    form = whole_review()
    (stack,) = form["stacks"]
    danger = stack["dangers"][0]
    other = {**stack, "dangers": [{**danger, "kind": kind, "text": "\U0001f600" * 500}] * 3, "mistakes": []}
    if kind == "does not load":
        other |= {"dangers": [], "mistakes": [{"side": "after", "message": "\U0001f600" * 600}] * 3}
    dangers = [{**danger, "kind": each, "text": f"says {each}"} for each in ("public", "program")]
    form["stacks"] = [{**other, "stack": f"s-{number}"} for number in range(130)]
    form["stacks"].append({**stack, "stack": "zz", "dangers": dangers, "mistakes": []})
    form |= {name: ["\U0001f600" * 300] * 60 for name in ("closed", "runs", "project")}
    said = wording.comment(form)
    assert said.index("`says public`") < said.index("`says program`")
    assert f"of the kind {kind}" in said
    assert len(said.encode()) <= wording.LIMIT
