"""The page of a course: what is worst first, whatever groups call themselves; it loads nothing and needs no server."""

import datetime
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coursecloud.course import page, rows
from coursecloud.course.journal import Journal
from coursecloud.course.outcome import Outcome
from coursecloud.course.rows import Row
from tests.project import ROOT

TODAY = datetime.date(2026, 11, 28)
AT = datetime.datetime(2026, 11, 28, 19, 0, tzinfo=datetime.UTC)


def planned(stack: str, **more: Any) -> Row:
    row: Row = {
        "stack": stack, "group": stack, "project": f"mlops-{stack}", "creditEnds": "2027-01-31", "credit": 350.0,
        "currency": "DKK", "usdRate": 0.15, "leaseEnds": "2026-12-17", "rest": 10.0, "broken": [], "mistakes": 0,
        "quotas": [], "gpusByZone": [], "planned": 30.0, "perHourOn": 0.3, "atLeast": False,
    }  # fmt: skip
    return row | more


def looked(ends: str, spent: float = 12.5, **more: Any) -> dict[str, Any]:
    told = {"at": "2026-11-28T18:00:00+00:00", "spent": spent, "perHour": 0.3, "running": ["trainer"], "unread": []}
    return told | {"credit": {"ends": ends}} | more


@pytest.fixture
def course(tmp_path: Path) -> list[Row]:
    """Three groups: one that was looked at, one that failed, one of which nothing is known."""
    journal = Journal(tmp_path)
    for verb, stack, outcome in (
        ("up", "g1", Outcome(0, "up")),
        ("status", "g1", Outcome(0, "", told=looked("2026-11-30T10:00:00+00:00"))),
        ("up", "g2", Outcome(1, "Machine trainer: no capacity\nremedy  fallbackZones")),
    ):
        run = journal.begin(verb, {}, [stack])
        task = journal.take(run.id, 1e12)
        assert task
        journal.settle(task, outcome, outcome.state, tries=0)
    return rows.of_course([planned("g3"), planned("g2", broken=["cost-per-hour"]), planned("g1")], journal, TODAY)


def test_a_row_has_what_was_seen_what_was_done_and_what_is_wrong(course: list[Row]) -> None:
    first, second, third = course
    assert [row["stack"] for row in course] == ["g1", "g2", "g3"]  # by the day on which the credit ends
    assert (first["creditEnds"], first["daysLeft"], first["creditEndsBy"]) == ("2026-11-30", 2, "what runs")
    assert (first["spent"], first["projected"], first["running"]) == (12.5, 22.5, ["trainer"])
    assert first["lastUp"]["state"] == "done"
    assert first["failure"] is None
    assert second["failure"]["words"].startswith("Machine trainer: no capacity")
    assert (third["spent"], third["projected"], third["unread"]) == (None, None, ["nobody has looked yet"])


def test_a_look_hides_no_failure_and_a_failed_look_no_earlier_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for verb, outcome in (
        ("up", Outcome(1, "no capacity")),
        ("status", Outcome(0, "", told=looked("2026-11-30T10:00:00+00:00"))),
        ("status", Outcome(1, "no network")),
    ):
        run = journal.begin(verb, {}, ["g1"])
        task = journal.take(run.id, 1e12)
        assert task
        journal.settle(task, outcome, outcome.state, tries=0)
    (row,) = rows.of_course([planned("g1")], journal, TODAY)
    assert row["failure"]["words"] == "no capacity"
    assert (row["spent"], row["lookedAt"]) == (12.5, "2026-11-28T18:00:00+00:00")
    assert row["unread"] == ["the last look failed: no network"]


def test_a_look_of_before_an_up_or_a_down_says_nothing_of_what_runs_now(tmp_path: Path) -> None:
    journal, told = Journal(tmp_path), looked("2026-11-30T10:00:00+00:00")
    said: list[list[str]] = []
    for verb, outcome in (("status", Outcome(0, "", told=told)), ("up", Outcome(0, "up")), ("down", Outcome(1, "no"))):
        run = journal.begin(verb, {}, ["g1"])
        task = journal.take(run.id, 1e12)
        assert task
        journal.settle(task, outcome, outcome.state, tries=0)
        said += [rows.of_course([planned("g1")], journal, TODAY)[0]["unread"]]
    assert said == [[], ["the last look was before the last up"], ["the last look was before the last up"]]


def test_where_nobody_has_looked_no_number_of_what_runs_is_said(tmp_path: Path) -> None:
    found = rows.of_course([planned("g1")], Journal(tmp_path), TODAY)
    assert "what runs is not known, as nobody has looked yet" in page.headline(found)
    assert "run now" not in page.headline(found)


def test_the_sentence_counts_what_has_to_be_acted_on(course: list[Row]) -> None:
    said = "3 groups: 1 run out within 3 days, 1 failed last, 1 run now, 2 not read, or not all of it"
    assert page.headline(course) == said


def test_the_page_says_all_of_it_and_loads_nothing(course: list[Row]) -> None:
    text = page.full(course, AT)
    assert page.headline(course) in text
    for word in ("no capacity", "cost-per-hour", "nobody has looked yet", "trainer", "83.33 of 350 DKK"):
        assert word in text
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href|url|@import|fetch\()\s*[=(\"']", text.split("</style>")[1])


def test_what_a_group_calls_itself_does_nothing_on_the_page() -> None:
    evil = '<script>alert(1)</script>"><img onerror=x>'
    row = rows.seen(planned("g1", group=evil, project=evil), None, None, None, None, TODAY)
    text = page.full([row], AT)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_totals_are_in_the_course_s_currency_and_say_what_is_not_known() -> None:
    gpu = {"gpusByZone": [["europe-west1-b", "T4", 1]], "quotas": [["PREEMPTIBLE_NVIDIA_T4_GPUS", "europe-west1", 1]]}
    found = rows.totals(
        [planned("g1", **gpu), planned("g2", **gpu), planned("g3", usdRate=None), planned("g4", mistakes=2)]
    )
    money = found["money"]["DKK"]
    assert (money["groups"], money["planned"], money["credit"], money["unknown"]) == (3, 400, 1050, 1)
    assert found["gpus"] == [{"zone": "europe-west1-b", "model": "T4", "count": 2}]
    assert found["quotas"][0] | {"count": 2, "projects": 2} == found["quotas"][0]
    assert found["mistakes"] == 1


def test_a_plan_s_row_is_of_the_plan(tmp_path: Path) -> None:
    row, mistakes = rows.planned("gpu", ROOT / "Pulumi.gpu.yaml", ROOT, TODAY)
    assert mistakes is None
    assert set(rows.PLANNED) <= row.keys()
    assert row["gpus"] == sum(count for _, _, count in row["gpusByZone"]) > 0
    assert row["planned"] > row["perHourOn"] > 0
    (tmp_path / "Pulumi.bad.yaml").write_text(
        "config: {gcp:project: a-project-1, coursecloud:leese: {}}", encoding="utf-8"
    )
    row, mistakes = rows.planned("bad", tmp_path / "Pulumi.bad.yaml", ROOT, TODAY)
    assert row["mistakes"] == 1
    assert "leese" in str(mistakes)


@pytest.mark.skipif(not shutil.which("chromium"), reason="no browser: apt-get install chromium")
def test_in_a_browser_it_filters_and_sorts_by_itself(course: list[Row], tmp_path: Path) -> None:
    acts = """
    document.getElementById('state').value = 'failed';
    document.getElementById('state').dispatchEvent(new Event('change'));
    document.querySelector('th[data-by=stack] button').click();
    document.querySelector('th[data-by=stack] button').click();
    </script>
    </body>"""
    file = tmp_path / "course.html"
    file.write_text(page.full(course, AT).replace("</script>\n</body>", acts), encoding="utf-8")
    line = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
    ]
    done = subprocess.run([*line, file.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    made = re.findall(r'<tr class="[^"]*" data-states="[^"]*" data-stack="(\w+)"[^>]*?(hidden="")?>', done.stdout)
    assert made == [("g3", 'hidden=""'), ("g2", ""), ("g1", 'hidden=""')]
    assert "1 of 3" in done.stdout
