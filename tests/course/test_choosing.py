"""Which groups a command is about, and what of a failure may be tried again."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from coursecloud.course import outcome, summary
from coursecloud.course.journal import Run, Task
from coursecloud.course.outcome import State
from coursecloud.course.selection import SelectionError, facts, named, term
from infra.settings import load

GROUPS = ["group-01", "group-02", "group-10", "team-x"]


@pytest.mark.parametrize(
    ("only", "chosen", "by_name"),
    [
        ([], GROUPS, []),
        (["group-01,team-x"], ["group-01", "team-x"], ["group-01", "team-x"]),
        (["group-*"], GROUPS[:3], []),
        (["group-0*", "group-02"], ["group-01", "group-02"], ["group-02"]),
    ],
)
def test_a_pattern_chooses_and_only_a_whole_name_names(only: list[str], chosen: list[str], by_name: list[str]) -> None:
    assert named(only, GROUPS) == (chosen, frozenset(by_name))


def test_a_group_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(SelectionError, match="group-01"):
        named(["group-1"], ["group-01"])


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("days-left<7", True),
        ("days-left>=7", False),
        ("days-left=6", True),
        ("region=europe-*", True),
        ("region!=europe-west4", True),
        ("track=vision", True),
        ("track!=vision", False),
        ("nothing=x", False),
        ("nothing!=x", False),
        ("gpus>0", True),
    ],
)
def test_what_a_stack_file_says_chooses(text: str, holds: bool) -> None:
    config: dict[str, Any] = {
        "gcp:project": "mlops-g01",
        "coursecloud:course": {"group": "g1", "labels": {"track": "vision"}},
        "coursecloud:lease": {"starts": "2026-11-23", "ends": "2026-12-05"},
        "coursecloud:machines": {
            "t": {"machineType": "n1-standard-4", "zone": "europe-west1-b", "gpu": {"model": "T4"}, "spot": True}
        },
    }
    settings = load(config, "g1", Path("no members here"))
    assert term(text).holds(facts(settings, datetime.date(2026, 11, 30))) is holds


@pytest.mark.parametrize("text", ["days-left", "region<x", "days-left<soon", ""])
def test_a_condition_that_is_none_says_the_remedy(text: str) -> None:
    with pytest.raises(SelectionError, match="remedy"):
        term(text)


def error(message: str, rule: str = "", remedy: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "mistakes": [{"what": "", "rule": rule, "remedy": remedy}]}}


@pytest.mark.parametrize(
    ("code", "words", "again", "limited", "state"),
    [
        (0, "", False, False, "done"),
        (1, "googleapi: Error 429: Quota exceeded for quota metric 'Queries' and limit", True, True, "failed"),
        (1, "ZONE_RESOURCE_POOL_EXHAUSTED", True, False, "failed"),
        (1, "dial tcp: lookup compute.googleapis.com: no such host", True, False, "failed"),
        (1, "Error 403: Permission 'compute.instances.create' denied", False, False, "failed"),
        (1, "Quota 'NVIDIA_T4_GPUS' exceeded.  Limit: 0.0 in region europe-west1.", False, False, "failed"),
        (2, "stack g is being worked on by ada on host, process 7", True, False, "refused"),
        (2, "lease.ends: this is a day", False, False, "refused"),
        (3, "1 store with its data would be GONE", False, False, "refused"),
        (-9, "", True, False, "failed"),
    ],
)
def test_what_may_help_is_tried_again(code: int, words: str, again: bool, limited: bool, state: State) -> None:
    found = outcome.of(code, error(words) if code else {"headline": "up"}, "")
    assert (found.again, found.limited, found.state) == (again, limited, state)


def test_interrupted_is_no_failure_also_of_a_process_that_said_nothing() -> None:
    assert outcome.of(-2, {}, "").cut
    assert outcome.of(130, {}, "").cut


def task(stack: str, state: State, words: str = "") -> Task:
    return Task(1, stack, state, 0, 0, 0, 0, 1, words, {})


def test_the_summary_has_a_sentence_and_each_reason_once(tmp_path: Path) -> None:
    bad = [
        task(f"g{n}", "failed", f"up of stack g{n} FAILED:\nError 403: denied\nremedy  ask the owner") for n in range(9)
    ]
    tasks = [task("fine", "done"), *bad, task("held", "refused", "it would delete Disk held-work")]
    run = Run(1, "up", {}, 0, None, "")
    assert summary.sentence(run, tasks, stopped=False) == "course up: 1 of 11 groups are up, 9 FAILED, 1 refused."
    lines = list(summary.reasons(tasks, tmp_path))
    assert lines[0] == "  FAILED   g0, g1, g2, g3, g4, g5 and 3 more: up of the stack FAILED:"
    assert sum("Error 403" in line for line in lines) == 1
    assert len(lines) < 8
    assert summary.code(tasks, stopped=False) == 1
    assert summary.code([task("held", "refused")], stopped=False) == 3
    assert summary.code(tasks, stopped=True) == 130
    assert summary.code([task("fine", "done")], stopped=False) == 0
