"""The credit over the days of a lease: as a drawing in a page, and as a line of a terminal."""

import dataclasses
import datetime
import io
import re
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from coursecloud import cost
from coursecloud.cli.application import app
from coursecloud.cost import Estimate, chart, page, table, words
from coursecloud.cost import credit as money
from tests.coursecloud.costs import committed, planned, using
from tests.coursecloud.test_cost_unknown import ALLOWED, without_rates

GPU = committed("gpu")


def gpu(hours: float = 6) -> Estimate:
    return cost.estimate(using(GPU, {"machines": {"trainer": hours}}))


def paths(text: str) -> dict[str, list[tuple[float, float]]]:
    """The lines of a figure by their class, as points."""
    found = re.findall(r'<path class="([^"]*)" d="M([^"]*)"', text)
    return {name: [tuple(map(float, point.split())) for point in d.split("L")] for name, d in found}  # pyright: ignore[reportReturnType]


def test_a_figure_is_well_formed_and_says_in_words_what_it_draws() -> None:
    figure = ElementTree.fromstring(chart.figure(None, gpu(12)))  # noqa: S314 - our own
    drawing = figure.find("svg")
    assert drawing is not None
    named = {element.get("id"): element.text or "" for element in drawing}
    title, text = (named[each] for each in (drawing.get("aria-labelledby") or "").split())
    assert title == "Credit that is left, of 50 USD"
    assert "as planned: gone on 2026-12-08, 10 days before the lease ends" in text
    listed = ["".join(each.itertext()) for each in figure.iter("li")]
    assert [each.partition(":")[0] for each in listed] == ["nothing runs", "as planned", "everything on, day and night"]
    assert "the lease ends" in {each.text for each in drawing.iter("text")}


def test_lines_begin_with_all_of_the_credit_and_fall_to_what_is_left() -> None:
    estimate = gpu()
    lines = paths(chart.figure(None, estimate))
    assert set(lines) == {"idle", "planned", "everything_on"}
    for name, points in lines.items():
        assert points[0] == (0.0, 0.0), name
        assert points == sorted(points), f"{name} rises"
    # 49.67 of 50 are spent on the lease's last day, all of it on the fourth with everything on
    assert lines["planned"][-1][1] == pytest.approx(1000 * 49.6687 / 50, abs=0.1)
    assert lines["everything_on"][-1][1] == 1000
    assert lines["everything_on"][-1][0] == pytest.approx(1000 * 3.002 / (26 * 1.03), abs=0.5)


def test_a_change_draws_what_was_dashed_and_what_stays_once() -> None:
    text = chart.figure(gpu(6), gpu(12))
    assert set(paths(text)) == {"idle", "planned before", "planned", "everything_on"}
    for said in ("before and after the change, nothing runs", "before the change, as planned: 0.33 USD left"):
        assert said in text
    assert "after the change, as planned: gone on" in text


def test_a_machine_that_is_new_is_drawn_from_the_day_on_which_its_lease_starts() -> None:
    lease = "coursecloud:lease: {{starts: {}, ends: 2026-12-18}}"
    late, early = (cost.estimate(planned(lease.format(day))) for day in ("2026-12-05", "2026-11-23"))
    lines = paths(chart.figure(early, late))
    assert lines["planned before"][0][0] == 0
    assert lines["planned"][0][0] == pytest.approx(1000 * 12 / (26 * 1.03), abs=0.1)


def test_without_a_rate_nothing_is_drawn() -> None:
    unknown = cost.estimate(committed("full"), without_rates())
    assert chart.figure(None, unknown) == ""
    assert words.spark(unknown) == ""
    assert "nobody can say how long the credit of 700 DKK lasts" in money.sentence(unknown)


def test_a_lease_of_ten_years_has_no_more_points_than_can_be_seen() -> None:
    estimate = cost.estimate(planned("coursecloud:lease: {starts: 2026-11-23, ends: 2036-11-23}"))
    assert all(len(points) < 500 for points in paths(chart.figure(None, estimate)).values())
    assert len(words.spark(estimate)) <= 60


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_a_page_runs_nothing_and_loads_nothing(stack: str) -> None:
    text = page.full(cost.estimate(committed(stack)))
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|\bon\w+=", text)
    assert len(paths(text)) == 3


def test_a_page_shows_a_name_as_text() -> None:
    named = dataclasses.replace(gpu(), stack="<b>&\x1b", notes=("<script>`x`</script> on 2026-12-18",))
    text = page.full(named)
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;\\u001b" in text
    assert '&lt;script&gt;<code>x</code>&lt;/script&gt; on <span class="date">2026-12-18</span>' in text


def test_a_page_is_written_beside_the_output(tmp_path: Path) -> None:
    file = tmp_path / "cost.html"
    result = CliRunner().invoke(app, ["cost", "--stack", "gpu", "--html", str(file), "--csv"])
    assert result.exit_code == 0
    assert result.stdout.startswith("component,")
    assert "The bill" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("--all",), ()])
def test_a_page_that_cannot_be_is_a_mistake(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "none" / "cost.html"
    result = CliRunner().invoke(app, ["cost", "--stack", "gpu", "--html", str(file), *words])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--html" in result.stderr
    assert "remedy" in result.stderr


def test_a_line_of_blocks_falls_and_marks_the_days_without_credit() -> None:
    enough, short = words.spark(gpu()), words.spark(gpu(12))
    assert len(enough) == len(short) == 26
    assert list(enough) == sorted(enough, reverse=True)
    assert words.GONE not in enough
    # Gone in the course of the 16th day
    assert short.index(words.GONE) == 15
    assert short.endswith(words.GONE * 11)


def test_a_terminal_shows_the_line_with_its_days() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table.full(gpu(), drawn=True))
    first, second = console.export_text().splitlines()[:2]
    assert first == "stack gpu"
    assert second == f"credit left {words.spark(gpu())} 2026-11-23 to 2026-12-18"


def test_a_later_first_day_is_said() -> None:
    later = cost.estimate(GPU, start=datetime.date(2026, 12, 1))
    assert money.sentence(later).startswith("counted from 2026-12-01, the credit of 50 USD lasts")


def test_a_pipe_has_no_line_of_blocks() -> None:
    assert not set(words.BLOCKS) & set(CliRunner().invoke(app, ["cost", "--stack", "gpu"]).output)


@pytest.mark.parametrize(("encoding", "can"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("none", False)])
def test_blocks_are_for_outputs_that_can_show_them(encoding: str, can: bool) -> None:
    assert words.writable(encoding) is can


LEASE = "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18, credit: {amount: %s}}\n"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (LEASE % 50, "the credit of 50 USD lasts: 12."),
        # A week is 3.2527, less .05 in each month: 6.4055 for two, 1.1743 for Monday and Tuesday
        (LEASE % 8, "8 USD ends on 2026-12-09, 9 days before the lease does (2026-12-18); `workbench` (e2-med"),
        # Without the machine's price a week is 1.3180: 2.5360 for two, .4530 for Monday and Tuesday
        (LEASE % 3 + ALLOWED, "3 USD ends on 2026-12-09 at the latest, 9 days before the lease does"),
        (LEASE % 50 + ALLOWED, "nobody can say whether the credit of 50 USD lasts to 2026-12-18: "),
        ("", "`workbench` (e2-medium) takes 6"),
    ],
)  # fmt: skip
def test_the_first_line_says_when_the_credit_is_gone_and_why(config: str, said: str) -> None:
    sentence = money.sentence(cost.estimate(planned(config)))
    assert said in sentence


def test_the_sentence_says_what_spot_prices_can_do() -> None:
    assert "should Spot prices rise by 33 %, it ends on 2026-12-14" in money.sentence(gpu())


def test_the_last_day_is_no_day_before_the_end() -> None:
    estimate = gpu()
    assert estimate.lease_total is not None
    settings = GPU.settings
    credit = settings.lease.credit.model_copy(update={"amount": float(estimate.lease_total - Decimal("0.01"))})
    lease = settings.lease.model_copy(update={"credit": credit})
    tight = cost.of_resources(GPU.resources, settings.model_copy(update={"lease": lease}))
    assert (tight.planned.before_end, tight.days_short) == (True, 0)
    assert "ends on 2026-12-18, the last day of the lease" in money.sentence(tight)


def test_a_credit_that_changes_squashes_no_line() -> None:
    """Each side is drawn in parts of its own credit, which the title and the axis say."""
    after = gpu()
    assert after.credit_usd is not None
    before = dataclasses.replace(after, credit=after.credit / 10)
    for sides in ((before, after), (after, before)):
        figure = chart.figure(*sides)
        lines = paths(figure)
        assert {points[0] for points in lines.values()} == {(0.0, 0.0)}
        assert {name for name in lines if name.endswith(" before")} == {f"{case} before" for case, _ in chart.CASES}
        assert ">100%<" in figure
        amounts = [f"{side.credit.normalize():f} {side.currency}" for side in reversed(sides)]
        assert "of {} after the change and of {} before it".format(*amounts) in figure
    alike = chart.figure(after, after)
    assert ">100%<" not in alike
    assert " before it" not in alike


def test_a_cell_of_the_bill_says_its_heading_where_rows_are_cards() -> None:
    """On a telephone no row of headings is shown, so each amount brings its own."""
    estimate = gpu()
    text = page.full(estimate)
    bill = text[text.index('<table class="cards">') :]
    headings = re.findall(r"<th>(.*?)</th>", bill)
    assert headings[:2] == ["resource", "what"]
    rows = [re.findall(r'<td data-label="([^"]*)">', row) for row in re.findall(r"<tr.*?</tr>", bill)][1:]
    assert len(rows) == len(list(table.lines(estimate)))
    assert all(row == headings for row in rows)
    assert "overflow-x" not in text
