"""Large changes: told in lines that one can read, drawn only where a drawing tells something, in about linear time."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from html import unescape

import pytest

from coursecloud.common import html
from coursecloud.diff.changes import Operation
from coursecloud.plan.registration import Registration
from coursecloud.review import drawing, folding, json_form, markdown, page
from coursecloud.review.graph import Graph, Node
from coursecloud.review.layout import lay_out
from coursecloud.review.report import Review
from tests.review.made import BUCKET, DISK, GRANT, INSTANCE, NETWORK, resource, reviewed, whole
from tests.review.printed import printed

ROLES = ("roles/storage.objectUser", "roles/storage.bucketViewer")
DATA = resource(BUCKET, "data", {"name": "the-data", "location": "EU"})


def grants(member: str, *roles: str) -> list[Registration]:
    return [
        resource(GRANT, f"{member}-{role}", {"bucket": "the-data", "role": role, "member": member}, refers={"b": DATA})
        for role in roles
    ]


def members(count: int) -> Review:
    made = [grant for number in range(count) for grant in grants(f"user:{number:04}@example.com", *ROLES)]
    return reviewed(whole(DATA), whole(DATA, *made))


def machines(count: int, changed: str = "b") -> Review:
    """Review machines with a disk each: many parts of one network that newly come, or that nothing joins."""
    network = resource(NETWORK, "net", {"name": "n", "description": changed})

    def those(size: int, text: str) -> list[Registration]:
        disks = [resource(DISK, f"disk-{n}", {"size": size, "zone": "a", "labels": {"x": text}}) for n in range(count)]
        return [
            *disks,
            *(
                resource(
                    INSTANCE,
                    f"machine-{n}",
                    {"zone": "a", "metadataStartupScript": f"a\n{text}"},
                    refers={"disk": disk, "network": network},
                )
                for n, disk in enumerate(disks)
            ),
        ]

    return reviewed(whole(network, *those(10, "a")), whole(network, *those(20, "b")))


class TestTogether:
    def test_one_members_new_grants_are_one_line_that_says_what_and_on_what(self) -> None:
        for text in (markdown.full(members(1)), printed(members(1), 300), unescape(page.full(members(1)))):
            told = text.partition("2 grants to user:0000@example.com: ")[2]
            assert told.startswith("roles/storage.bucketViewer on the-data, roles/storage.objectUser on the-data")

    def test_members_who_get_the_same_are_one_line_and_another_is_one_of_its_own(self) -> None:
        made = [grant for n in range(3) for grant in grants(f"user:{n}@example.com", *ROLES)]
        review = reviewed(whole(DATA), whole(DATA, *made, *grants("user:admin@example.com", *ROLES, "roles/owner")))
        text = printed(review, 400)
        assert "6 grants, 2 to each of 3 members (user:0@example.com, user:1@example.com, user:2@example.com)" in text
        assert "3 grants to user:admin@example.com" in text
        assert "roles/owner" in text.partition("3 grants to user:admin@example.com")[2].partition("\n")[0]

    def test_every_member_who_is_let_in_is_named(self) -> None:
        review = members(60)
        danger = next(danger.text for danger in review.dangers)
        for text in (page.full(review), markdown.full(review), danger):
            assert all(f"user:{number:04}@example.com" in text for number in range(60))
        assert len(json_form.to_json(review)["stacks"][0]["changes"]) == 120

    def test_what_everybody_gets_stands_by_itself(self) -> None:
        made = [*grants("allUsers", *ROLES), *grants("user:a@example.com", *ROLES)]
        groups = folding.together(reviewed(whole(DATA), whole(DATA, *made)).stacks[0].changes)
        assert sorted(len(group) for group in groups) == [1, 1, 2]

    def test_a_condition_tells_grants_apart(self) -> None:
        plain, bound = grants("user:a@example.com", ROLES[0])[0], grants("user:b@example.com", ROLES[0])[0]
        bound.inputs["condition"] = {"title": "until May"}  # pyright: ignore[reportIndexIssue]
        groups = folding.together(reviewed(whole(DATA), whole(DATA, plain, bound)).stacks[0].changes)
        assert [len(group) for group in groups] == [1, 1]

    def test_what_a_rule_says_of_many_is_one_line(self) -> None:
        made = [*grants("allUsers", *ROLES), *grants("allAuthenticatedUsers", *ROLES)]
        review = reviewed(whole(DATA), whole(DATA, *made))
        findings = review.stacks[0].findings
        assert findings
        # Of a grant that nobody has thought of each role is told.
        broken = Counter(each.rule.id for each in findings.violations if each.rule.id != "grant-understood")
        text = markdown.full(review).partition("\n| ")[0]
        assert min(broken.values()) > 2
        assert all(text.count(rule) < count for rule, count in broken.items())
        assert all(grant.name in unescape(page.full(review)) for grant in made)


class TestDrawing:
    def test_one_members_grants_are_one_box_with_all_their_arrows(self) -> None:
        other = resource(BUCKET, "other", {"name": "other", "location": "EU"})
        more = resource(GRANT, "g", {"bucket": "o", "role": "r", "member": "user:a@b.c"}, refers={"b": other})
        made = (DATA, other, *grants("user:a@b.c", *ROLES), more)
        graph = reviewed(None, whole(*made)).stacks[0].graph
        drawn = graph.folded()
        (box,) = [node for node in drawn.nodes if node.fold]
        assert (box.name, box.kind) == ("3 grants", "to user:a@b.c")
        assert len(graph.alike(box)) == 3
        assert {to for key, to in drawn.edges if key == box.key} == {node.key for node in drawn.nodes if not node.fold}
        assert len(graph.nodes) == len(drawn.nodes) + 2

    def test_a_grant_that_others_wait_for_makes_no_circle(self) -> None:
        first = grants("user:a@b.c", ROLES[0])[0]
        waits = resource(INSTANCE, "m", {"zone": "a"}, refers={"x": first})
        last = resource(GRANT, "g", {"bucket": "o", "role": "r", "member": "user:a@b.c"}, refers={"b": waits})
        drawn = reviewed(None, whole(DATA, first, waits, last)).stacks[0].graph.folded()
        assert not any(node.fold for node in drawn.nodes)
        laid = lay_out(drawn)
        assert all(laid.places[key][0] > laid.places[to][0] for key, to in drawn.edges)

    def test_what_could_not_be_read_as_a_drawing_is_a_table_that_counts_everything(self) -> None:
        few, many = machines(20), machines(drawing.MOST)
        assert "<svg" in page.full(few)
        text = page.full(many)
        assert "<svg" not in text
        (table,) = re.findall(r'<table class="many">.*?</table>', text, re.DOTALL)
        counted = [int(number) for number in re.findall(r"<td>(\d+)</td>", table)]
        assert sum(counted) == len(many.stacks[0].changes) == 2 * drawing.MOST
        assert f"and {drawing.MOST - drawing.NAMED} more" in table

    def test_arrows_that_no_eye_can_follow_are_not_drawn(self) -> None:
        # 40 members, each with grants on 10 buckets: 50 boxes, and 400 arrows between them.
        buckets = [resource(BUCKET, f"b{n}", {"name": f"b{n}"}) for n in range(10)]
        made = [
            resource(
                GRANT, f"{m}-{b.name}", {"bucket": b.name, "role": "r", "member": f"user:{m}@b.c"}, refers={"b": b}
            )
            for m in range(40)
            for b in buckets
        ]
        text = page.full(reviewed(whole(*buckets), whole(*buckets, *made)))
        assert "<svg" not in text

    def test_what_stays_and_would_be_too_much_to_draw_is_counted(self) -> None:
        many = [resource(DISK, f"disk-{n}", {"size": 10}) for n in range(3 * drawing.MOST)]
        text = page.full(reviewed(whole(*many, DATA), whole(*many[1:], DATA)))
        assert text.count('aria-label="resources"') == 1
        assert f"{3 * drawing.MOST} more that stay as they are" in text


def as_json(review: Review) -> str:
    return json.dumps(json_form.to_json(review))


@pytest.mark.parametrize("made", [machines, members])
@pytest.mark.parametrize(
    "form",
    [page.full, markdown.full, printed, as_json],
)
def test_ten_times_the_changes_take_about_ten_times_as_long(
    made: Callable[[int], Review], form: Callable[[Review], str]
) -> None:
    small, large = made(150), made(1500)
    assert len(large.stacks[0].changes) == 3000

    def seconds(review: Review) -> float:
        start = time.process_time()
        form(review)
        return time.process_time() - start

    form(small)
    # What compares every pair takes a hundred times as long.
    assert min(seconds(large) for _ in range(3)) < 40 * max(0.005, min(seconds(small) for _ in range(3)))


def test_parts_that_nothing_joins_are_laid_out_one_by_one() -> None:
    def seconds(pairs: int) -> float:
        nodes = tuple(Node(f"{n}", "n", "compute.Disk", Operation.SAME) for n in range(2 * pairs))
        graph = Graph(nodes, tuple((f"{2 * n}", f"{2 * n + 1}") for n in range(pairs)))
        start = time.process_time()
        laid = lay_out(graph)
        assert len(laid.places) == 2 * pairs
        return time.process_time() - start

    seconds(10)
    assert min(seconds(1000) for _ in range(3)) < 40 * max(0.005, min(seconds(100) for _ in range(3)))


def test_a_comment_about_three_thousand_changes_fits_and_counts_what_it_leaves_out() -> None:
    text = markdown.full(machines(1500))
    assert len(text.encode()) <= 65_536
    (left_out,) = re.findall(r"changes (\d+) of `unit`", text)
    assert text.count("\n- `disk ") + text.count("\n- `machine ") + int(left_out) == 3000


COLOURS = re.compile(r"--([a-z]+): (#[0-9a-f]{3,6})")


def test_text_and_lines_of_a_page_stand_out_in_both_schemes() -> None:
    """WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for what is drawn (1.4.11)."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for template in (html.BASE, page.TEMPLATE):  # each with its own colours, those of the dark scheme second
        style = template.read_text(encoding="utf-8")
        for scheme, block in zip((light, dark), re.findall(r":root \{(.*?)\}", style, re.DOTALL), strict=True):
            scheme |= COLOURS.findall(block)
    for scheme in (light, light | dark):
        for ground in ("paper", "shade"):
            for name in ("ink", "dim", "delete", "replace", "update", "create", "rename"):
                assert contrast(scheme[name], scheme[ground]) >= 4.5, (name, ground)
        assert contrast(scheme["same"], scheme["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_text_of_a_page_is_small_and_a_drawing_begins_at_its_full_size() -> None:
    style = html.BASE.read_text(encoding="utf-8") + page.TEMPLATE.read_text(encoding="utf-8")
    assert min(int(size) for size in re.findall(r"font(?:-size)?:\s*(\d+)px", style)) >= 12
    assert "Math.max(1, Math.min(1" in style
