"""The verdict, the gates and the forms: what a reader sees first, and that no name can change what they see."""

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from coursecloud.diff.changes import Operation
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.review import closing, formatting, json_form, markdown, mermaid, page
from coursecloud.review.dangers import Danger, Kind, Level
from coursecloud.review.graph import Graph, Node
from coursecloud.review.layout import lay_out
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack, Status
from tests.project import CHECKOUT as ROOT
from tests.review.conftest import Planner
from tests.review.made import BUCKET, DISK, GRANT, INSTANCE, NETWORK, Config, resource, reviewed, whole
from tests.review.printed import printed

EVIL = [
    "</details><script>alert(1)</script>",
    "`` ` ``` code",
    "x` </details><script>@everyone ``[click](https://evil.example)`` y",
    "a | b | c",
    "@everyone #1 https://evil.example/x",
    "[click](https://evil.example) ![x](y)",
    "line\n## Merge at once\n- [x] safe",
    "safe\u202egnihtemos\u200b",
    "\x1b[2J\x07",
    '"]; click n0 "https://evil.example" --> x["',
    "{{title}} {{body}} <!-- coursecloud-review -->",
    "> [!TIP]\n> fine",
    "$\\href{x}{y}$",
]


def bucket(name: str, place: str = "EU", **inputs: Any) -> Registration:
    return resource(BUCKET, name, {"name": name, "location": place, "forceDestroy": True, **inputs})


def moved(*names: str) -> Review:
    return reviewed(whole(*(bucket(name) for name in names)), whole(*(bucket(name, "US") for name in names)))


class TestVerdict:
    def test_lost_data_comes_first_in_every_form(self) -> None:
        before = [resource(NETWORK, "net", {"name": "n"}), bucket("work")]
        review = reviewed(whole(*before), whole(resource(INSTANCE, "m", {"zone": "a"})))
        assert review.level is Level.STOP
        assert review.sentence.startswith("deletes 1 bucket WITH DATA")
        assert markdown.full(review).splitlines()[1].startswith("## STOP: deletes 1 bucket WITH DATA")
        assert printed(review).splitlines()[0].strip().startswith("STOP   deletes 1 bucket WITH DATA")
        assert "bucket work is deleted: all objects in it are gone" in page.full(review)
        assert review.stacks[0].changes[0].name == "work"

    def test_lost_data_and_what_is_refused_stop_by_themselves(self) -> None:
        lost = moved("b")
        assert lost.stacks[0].findings
        assert not lost.stacks[0].findings.violations
        assert lost.level is Level.STOP
        kept = (resource(NETWORK, "n", {"name": "n", "description": text}, protect=True) for text in "ab")
        before, after = (whole(network) for network in kept)
        assert reviewed(before, after).level is Level.STOP

    def test_a_replacement_without_data_asks_to_look(self) -> None:
        before, after = (whole(resource(NETWORK, "n", {"name": "n", "description": text})) for text in "ab")
        review = reviewed(before, after)
        assert review.level is Level.LOOK
        assert "No data is lost" in markdown.full(review)
        assert "network n" in markdown.full(review).split("</details>")[0]

    def test_an_update_alone_can_be_merged(self) -> None:
        review = reviewed(whole(bucket("b")), whole(bucket("b", labels={"a": "b"})))
        assert review.level is Level.FINE
        assert "it can be merged" in markdown.full(review)

    def test_no_change_says_so(self) -> None:
        review = reviewed(whole(bucket("b")), whole(bucket("b")))
        assert review.level is Level.NOTHING
        assert review.stacks[0].status is Status.UNCHANGED
        assert "NO CHANGE" in markdown.full(review)

    def test_a_stack_that_comes_or_goes_is_told_whole_and_that_merging_deletes_nothing(self) -> None:
        plan = whole(bucket("b"))
        added, removed = reviewed(None, plan).stacks[0], reviewed(plan, None).stacks[0]
        assert (added.status, removed.status) == (Status.ADDED, Status.REMOVED)
        assert removed.level is Level.STOP
        assert any("merging deletes nothing" in note and "make finish STACK=unit" in note for note in removed.notes)
        assert "once it is destroyed" in removed.sentence

    def test_a_side_that_does_not_load_stops_with_its_own_words(self) -> None:
        review = Review("a", "b", (Stack("x", Status.BROKEN, mistakes=(("after", "2 mistakes: zone `nope`"),)),))
        assert review.level is Level.STOP
        for text in (markdown.full(review), printed(review), page.full(review)):
            assert "nope" in text
        assert "1 stack does not load" in review.sentence

    def test_a_new_broken_rule_stops_and_a_mended_one_is_told(self) -> None:
        open_, closed = (
            whole(resource(GRANT, "g", {"bucket": "b", "role": "roles/storage.objectViewer", "member": member}))
            for member in ("allUsers", "user:a@example.com")
        )
        worse, better = reviewed(closed, open_), reviewed(open_, closed)
        assert worse.level is Level.STOP
        assert "breaks 1 rule" in worse.sentence
        found = better.stacks[0].findings
        assert found
        assert [finding.rule.id for finding in found.fixed] == [f.rule.id for f in worse.stacks[0].findings.new]  # pyright: ignore[reportOptionalMemberAccess]
        assert "mended" in markdown.full(better)

    def test_what_only_the_real_run_can_judge_is_not_called_broken(self) -> None:
        known = whole(resource(GRANT, "g", {"bucket": "b", "member": "user:a@example.com"}))
        review = reviewed(known, whole(resource(GRANT, "g", {"bucket": "b", "member": UNKNOWN})))
        assert review.level is not Level.STOP
        for text in (markdown.full(review), printed(review), page.full(review)):
            assert "for the real run to judge" in text
            assert "newly broken" not in text.replace("no rule is newly broken", "")

    def test_a_change_of_cost_alone_is_a_change(self, plan_of: Planner) -> None:
        def rich(config: Config, machine: str) -> None:
            config["coursecloud:lease"]["credit"] = {"amount": 100}
            config["coursecloud:training"]["machineType"] = machine

        before, after = (
            plan_of("gpu", lambda c, machine=machine: rich(c, machine))
            for machine in ("n1-standard-4", "n1-standard-8")
        )
        review = reviewed(before, after, "gpu")
        (stack,) = review.telling
        # An hour costs more by over a tenth of what it may.
        assert (stack.status, stack.changes, stack.level) == (Status.CHANGED, (), Level.LOOK)
        assert review.sentence.startswith("changes no resource; +$")

    def test_cost_is_shown_before_and_after(self, plan_of: Planner) -> None:
        review = reviewed(
            plan_of("gpu"),
            plan_of("gpu", lambda c: c["coursecloud:machines"]["trainer"].update(machineType="n1-standard-8")),
            "gpu",
        )
        cost = review.stacks[0].cost
        assert cost
        # n1-standard-8 over n1-standard-4, both Spot in europe-west4: .25098 - .12549 (the facts of 2026-08-20).
        assert abs(cost.per_hour - Decimal("0.12549")) < Decimal("0.0002")
        assert "+0.13 USD/h" in markdown.full(review)
        assert "+$0.13" in printed(review)


class TestGates:
    @pytest.mark.parametrize(
        ("text", "before", "after", "closed"),
        [
            ("replace", [bucket("b")], [bucket("b", "US")], True),
            ("replace", [bucket("b")], [], False),
            ("delete", [bucket("b")], [], True),
            ("delete", [], [bucket("b")], False),
            ("data-loss", [bucket("b")], [bucket("b", "US")], True),
            ("data-loss", [resource(NETWORK, "n", {})], [], False),
            ("violation", [], [resource(GRANT, "g", {"bucket": "b", "role": "r", "member": "allUsers"})], True),
            ("violation", [resource(GRANT, "g", {"bucket": "b", "role": "r", "member": "allUsers"})], [], False),
            ("cost>0.5", [], [], False),
        ],
    )
    def test_a_gate_closes_for_its_own_reason_only(
        self, text: str, before: list[Registration], after: list[Registration], closed: bool
    ) -> None:
        (gate,), mistakes = closing.gates([text])
        assert mistakes == []
        found = list(gate.closed(reviewed(whole(*before), whole(*after)).stacks))
        assert bool(found) is closed
        assert all(f"--fail-on {text}: stack unit" in line for line in found)

    def test_a_cost_gate_closes_above_its_limit(self, plan_of: Planner) -> None:
        larger = plan_of("gpu", lambda c: c["coursecloud:machines"]["trainer"].update(machineType="n1-standard-8"))
        stacks = reviewed(plan_of("gpu"), larger, "gpu").stacks
        for limit, closed in (("0.12", True), ("0.13", False)):
            (gate,), _ = closing.gates([f"cost>{limit}"])
            assert bool(list(gate.closed(stacks))) is closed

    def test_what_costs_nobody_knows_how_much_closes_a_cost_gate(self, plan_of: Planner) -> None:
        def strange(config: dict[str, Any]) -> None:
            config["coursecloud:allow"] = {"machineTypes": ["n9-standard-4"]}
            config["coursecloud:machines"] = {"workbench": {"machineType": "n9-standard-4", "image": "debian"}}

        (gate,), _ = closing.gates(["cost>100"])
        (line,) = gate.closed(reviewed(plan_of("dev"), plan_of("dev", strange), "dev").stacks)
        assert "unknown amount" in line

    def test_every_gate_that_is_none_is_told_at_once(self) -> None:
        texts = ["replaces", "cost>", "cost>-1", "cost>x", "cost<5", "cost>1e5", "", "cost>٣", "delete "]
        found, mistakes = closing.gates([*texts, "delete"])
        assert [gate.text for gate in found] == ["delete"]
        assert len(mistakes) == len(texts)
        assert all("remedy" in mistake for mistake in mistakes)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "rect", "path", "br"):
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def evil_plans(evil: str) -> tuple[Plan, Plan]:
    return (
        whole(bucket("gone" + evil), resource("gcp:x" + evil, evil, {"a": evil}), bucket("b"), stack="unit"),
        whole(bucket("b", labels={evil: evil}, script=f"{evil}\n{evil}"), resource(DISK, evil, {"zone": evil})),
    )


@pytest.mark.parametrize("evil", EVIL)
def test_markdown_is_safe_against_every_name_and_value(evil: str) -> None:
    text = markdown.full(reviewed(*evil_plans(evil), name=evil), closed=[evil])
    assert text.count(markdown.MARKER) == 1 + text.replace(markdown.MARKER, "", 1).count(markdown.MARKER)
    # Without code, which GitHub shows as it stands, nothing of the name is left.
    bare = re.sub(r"(?ms)^ *(`{3,})\w*\n.*?^ *\1 *$", "", text)
    bare = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", bare)
    bare = re.sub(r"<summary><code>.*?</code>", "<summary>", bare)
    for mark in ("<script", "@everyone", "](", "evil.example", "[x]", "Merge at once\n", "href", "\u202e", "\x1b"):
        assert mark not in bare, bare
    assert bare.count("<details") == bare.count("</details>")
    assert bare.count("[!") == 1
    assert "\u202e" not in text
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
    for line in text.splitlines():
        # A table keeps its columns.
        if line.startswith("| `"):
            assert line.count("|") == 5


@pytest.mark.parametrize("evil", EVIL)
def test_a_page_is_safe_against_every_name_and_value(evil: str) -> None:
    text = page.full(reviewed(*evil_plans(evil), name=evil))
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.seen.count("script") == 1
    assert tags.seen.count("a") == tags.seen.count("img") == 0
    assert "\u202e" not in text


@pytest.mark.parametrize("evil", EVIL)
def test_a_terminal_is_safe_against_every_name_and_value(evil: str) -> None:
    text = printed(reviewed(*evil_plans(evil), name=evil))
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
    assert "\u202e" not in text


def test_a_drawing_has_nothing_of_a_name_but_letters_and_digits() -> None:
    net = resource(NETWORK, EVIL[8], {"name": "n", "description": "a"})
    other = resource(NETWORK, EVIL[8], {"name": "n", "description": "b"})
    machine = resource(INSTANCE, "m", {"network": "x"}, refers={"network": net})
    drawn = mermaid.draw(reviewed(whole(net, machine), whole(other, machine)).stacks[0].graph)
    assert re.fullmatch(
        r'\n```mermaid\nflowchart LR\n(  n\d+\["[A-Za-z0-9 .-]*"\]:::\w+\n)+'
        r"(  n\d+ --> n\d+\n)+(  classDef [\w :#,-]+\n)+```\n",
        drawn,
    )


class TestSize:
    def test_a_comment_fits_and_says_what_is_left_out_but_keeps_every_danger(self) -> None:
        before = whole(*(bucket(f"kept-{n}") for n in range(1500)), *(bucket(f"lost-{n}") for n in range(60)))
        after = whole(*(bucket(f"kept-{n}", labels={"text": f"{n}" * 40}) for n in range(1500)))
        text = markdown.full(reviewed(before, after))
        assert len(text.encode()) <= 65_536
        assert "Left out" in text
        alert = text.split("| stack |")[0]
        assert all(f"`bucket lost-{n}`" in alert for n in range(60))
        assert "deletes 60 buckets WITH DATA" in text

    def test_more_dangers_than_a_comment_holds_are_counted(self) -> None:
        before = whole(*(bucket("x" * 60 + str(n)) for n in range(3000)))
        text = markdown.full(reviewed(before, whole()))
        assert len(text.encode()) <= 65_536
        assert "deletes 3000 buckets WITH DATA" in text
        shown = text.split("| stack |")[0].count("> - **`unit`")
        # One more line says what it costs.
        assert f"and {3001 - shown} more like these" in text

    def test_letters_of_several_bytes_are_counted_as_such(self) -> None:
        before = whole(*(bucket(f"{'日本' * 20}{n}") for n in range(900)))
        assert len(markdown.full(reviewed(before, whole())).encode()) <= 65_536

    def test_many_stacks_fit(self) -> None:
        one = reviewed(whole(bucket("b")), whole(bucket("b", labels={"a": "b"}))).stacks[0]
        stacks = tuple(
            Stack(f"group-{n}", one.status, one.changes, cost=one.cost, findings=one.findings) for n in range(500)
        )
        text = markdown.full(Review("a", "b", stacks))
        assert len(text.encode()) <= 65_536
        assert "and 440 more stacks that change" in text


def test_no_line_is_wider_than_the_terminal(plan_of: Planner) -> None:
    review = reviewed(plan_of("gpu"), plan_of("full"), "full")
    for columns in (80, 120):
        assert max(map(len, printed(review, columns).splitlines())) <= columns


def test_the_json_form_holds_whole_values_and_no_secret() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    long = "x" * 5000
    before = whole(bucket("b", token=secret | {"value": "hunter2"}, text="a"))
    after = whole(bucket("b", token=secret | {"value": "hunter3"}, text=long))
    review = reviewed(before, after)
    form = json.loads(json.dumps(json_form.to_json(review)))
    (change,) = form["stacks"][0]["changes"]
    by_path = {entry["path"]: entry for entry in change["properties"]}
    assert by_path["text"]["new"] == long
    assert by_path["token"]["new"] == {"$secret": True}
    for text in (json.dumps(form), markdown.full(review), page.full(review), printed(review)):
        assert "hunter" not in text


def test_the_json_form_is_documented_and_tells_what_follows_what() -> None:
    def sides(place: str) -> Plan:
        made = bucket("b", place)
        return whole(made, resource(GRANT, "g", {"bucket": "b", "member": "allUsers"}, refers={"bucket": made}))

    form = json_form.to_json(reviewed(sides("EU"), sides("US")))
    stack = form["stacks"][0]
    grant = next(change for change in stack["changes"] if change["name"] == "g")
    assert grant["reasons"][0]["follows"] == bucket("b").urn
    documented = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").partition("## `coursecloud review")[2]
    documented = documented.partition("\n## ")[0].replace("[]`", "`")
    for part in (
        form,
        stack,
        stack["dangers"][0],
        grant,
        grant["reasons"][0],
        grant["properties"][0],
        stack["cost"],
    ):
        for field in part:
            assert f"`{field}`" in documented, f"docs/json.md does not document {field}"


def test_a_page_loads_nothing(plan_of: Planner) -> None:
    text = page.full(reviewed(plan_of("gpu"), plan_of("full"), "full"))
    assert "default-src 'none'" in text
    assert not re.search(
        r"(src|href)\s*=", text.replace("default-src", "").replace("style-src", "").replace("script-src", "")
    )
    assert "@import" not in text
    assert "url(http" not in text


def test_the_graph_puts_every_resource_right_of_what_it_refers_to_and_none_on_another(plan_of: Planner) -> None:
    graph = reviewed(plan_of("gpu"), plan_of("full"), "full").stacks[0].graph
    laid = lay_out(graph)
    assert len(graph.nodes) > 150
    assert set(laid.places) == {node.key for node in graph.nodes}
    assert all(laid.places[key][0] > laid.places[to][0] for key, to in graph.edges)
    assert len(set(laid.places.values())) == len(graph.nodes)
    assert laid.size[1] < laid.size[0], "a page is wider than it is tall"
    assert set(graph.near_changes().nodes) < set(graph.nodes)


@given(st.sets(st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda edge: edge[0] != edge[1]), max_size=40))
@settings(deadline=None)
def test_whatever_refers_to_what_every_resource_has_a_place_of_its_own(edges: set[tuple[int, int]]) -> None:
    # Circles and parts that nothing joins too: they are what layouts stumble over.
    nodes = tuple(Node(str(key), "n", "compute.Disk", Operation.SAME) for key in range(21))
    laid = lay_out(Graph(nodes, tuple((str(a), str(b)) for a, b in sorted(edges))))
    assert set(laid.places) == {node.key for node in nodes}
    assert len(set(laid.places.values())) == len(nodes)
    assert lay_out(Graph()).places == {}


def test_every_change_is_in_every_form(plan_of: Planner) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["coursecloud:machines"]["trainer"].update(
            zone="europe-west4-b", fallbackZones=[], machineType="n1-standard-8"
        )
        config["coursecloud:storage"]["staging"] = {"days": 1}

    review = reviewed(plan_of("gpu"), plan_of("gpu", edit), "gpu")
    names = {change.name for change in review.stacks[0].changes}
    assert {"trainer", "trainer-work", "staging"} <= names
    for text in (markdown.full(review), page.full(review), printed(review, 200)):
        assert all(name in text for name in names)
        assert "n1-standard-4 -&gt; n1-standard-8" in text or "n1-standard-4 -> n1-standard-8" in text


def test_words_for_the_same_money_are_the_same_everywhere() -> None:
    assert [formatting.more(Decimal(value)) for value in ("0.123", "-0.5", "0.0032", "0")] == [
        "+$0.12",
        "-$0.50",
        "+$0.0032",
        "+$0.00",
    ]


def test_the_folder_of_this_project_is_what_the_marker_is_for() -> None:
    assert markdown.full(moved("b")).startswith("<!-- coursecloud-review -->\n")
    assert (ROOT / "coursecloud" / "review" / "page.html").is_file()


def test_what_is_the_same_of_many_stacks_is_one_line_and_the_gravest_comes_first() -> None:
    longer = Danger(Kind.PROTECTION, None, "weaker protection: the lease is longer")
    stacks = [
        Stack(f"group-{number:02}", Status.CHANGED, dangers=(longer,) * (number != 9) + _comes(number))
        for number in range(1, 13)
    ]
    review = Review("a", "b", tuple(stacks))
    for text in (printed(review, 300), markdown.full(review).replace("`", ""), page.full(review)):
        assert text.index("eve comes in") < text.index("the lease is longer")
        assert text.count("weaker protection: the lease is longer") == 1
        assert "group-01, group-02, group-03" in text


def _comes(number: int) -> tuple[Danger, ...]:
    return (Danger(Kind.ACCESS, None, "eve comes in"),) if number == 9 else ()
