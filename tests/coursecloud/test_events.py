"""What Pulumi tells of a run is read right: each kind of step, what was looked at, what failed, and what is noise."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from coursecloud.diff import engine_events
from coursecloud.diff.engine_events import Told
from tests.coursecloud.told import ROOT_URN, begun, bucket, done, ended, error, looked, machine, planned, warning

Json = dict[str, Any]
RECORDED = Path(__file__).parent / "data" / "engine-events.json"
"""What the real engine and provider told, of four runs on the emulator."""


def told(*steps: Json | list[Json]) -> Told:
    made = Told()
    for step in steps:
        for event in step if isinstance(step, list) else [step]:
            made.take(json.dumps(event))
    return made


@functools.cache
def recorded(run: str) -> Told:
    return told(*json.loads(RECORDED.read_text(encoding="utf-8"))["runs"][run])


def names(urns: Iterable[str]) -> list[str]:
    return [engine_events.called(urn) for urn in urns]


class TestRecorded:
    """The real engine's own events."""

    @pytest.mark.parametrize("run", ["refresh", "preview after a refresh"])
    def test_a_look_tells_what_was_changed_and_what_is_gone(self, run: str) -> None:
        found = recorded(run)
        changed = {engine_events.called(each["urn"]): sorted(each["diff"]) for each in found.refreshed if each["diff"]}
        assert changed["Bucket data"] == ["versioning.enabled"]
        assert [engine_events.called(each["urn"]) for each in found.refreshed if each["new"] is None] == [
            "Instance workbench"
        ]
        assert found.unread == []
        assert found.done == [], "a look does nothing"
        assert (found.failed, found.errors, found.warnings) == ({}, [], [])

    def test_a_look_alone_plans_nothing(self) -> None:
        assert recorded("refresh").steps == []

    def test_a_preview_tells_what_the_update_would_do_after_the_look(self) -> None:
        found = recorded("preview after a refresh")
        assert [(step["op"], engine_events.called(step["urn"])) for step in found.steps] == [
            ("update", "Bucket data"), ("create", "Instance workbench"),
        ]  # fmt: skip
        assert found.steps[1]["oldState"] == {}
        assert found.steps[1]["newState"]["type"] == "gcp:compute/instance:Instance"

    def test_what_could_not_be_looked_at_is_named_with_googles_words(self) -> None:
        found = recorded("a login that has run out")
        assert names(found.unread) == ["Bucket data"]
        assert "googleapi: Error 401" in found.failed[found.unread[0]]
        assert names(each["urn"] for each in found.refreshed) == ["Firewall ssh-from-iap"]
        assert found.errors == ["preview failed"]

    def test_of_two_texts_about_one_refusal_the_first_is_kept(self) -> None:
        found = recorded("a refusal")
        assert {engine_events.called(urn): text.partition(":")[0] for urn, text in found.failed.items()} == {
            "Bucket models": "sdk-v2/provider2.go"
        }
        assert [(word, engine_events.name(urn)) for word, urn in found.done] == [("created", "data")]


@pytest.mark.parametrize(
    ("op", "word"),
    [
        ("create", "created"),
        ("create-replacement", "made anew"),
        ("update", "updated"),
        ("delete", "deleted"),
        ("import", "taken over"),
        ("import-replacement", "taken over"),
    ],
)
def test_each_step_that_changes_the_cloud_has_a_word(op: str, word: str) -> None:
    made = told(done(op, bucket("data"), bucket("data")))
    assert made.done == [(word, bucket("data")["urn"])]
    assert [step["op"] for step in made.steps] == [op]


@pytest.mark.parametrize("op", sorted(engine_events.QUIET))
def test_what_changes_nothing_is_no_step_and_nothing_done(op: str) -> None:
    made = told(done(op, bucket("data"), bucket("data")))
    assert (made.steps, made.done) == ([], [])


@pytest.mark.parametrize("op", ["replace", "delete-replaced", "remove-pending-replace", "some-new-op"])
def test_a_step_without_a_word_is_planned_but_not_counted_as_done(op: str) -> None:
    made = told(done(op, bucket("data"), bucket("data")))
    assert [step["op"] for step in made.steps] == [op]
    assert made.done == []


def test_every_step_of_the_engine_is_known() -> None:
    # pkg/resource/deploy/step.go of Pulumi 3.272.
    engine = {
        "same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced", "read",
        "read-replacement", "refresh", "read-discard", "discard-replaced", "remove-pending-replace", "import",
        "import-replacement",
    }  # fmt: skip
    planned_only = {"replace", "delete-replaced", "remove-pending-replace"}
    assert engine - planned_only == set(engine_events.DONE) | set(engine_events.QUIET)


def test_a_component_and_a_provider_are_nothing_in_the_cloud() -> None:
    component = {"urn": "urn:pulumi:x::p::coursecloud:infra:Storage::storage", "type": "coursecloud:infra:Storage"}
    provider = {"urn": "urn:pulumi:x::p::pulumi:providers:gcp::default", "type": "pulumi:providers:gcp", "custom": True}
    assert told(done("create", None, component), done("create", None, provider)).done == []


def test_what_is_planned_is_not_done() -> None:
    after = ended("create", None, bucket("data"))
    after["resOutputsEvent"]["planning"] = True
    made = told(planned("create", None, bucket("data")), after)
    assert made.done == []
    assert [step["urn"] for step in made.steps] == [bucket("data")["urn"]]


def test_what_the_program_wants_is_kept_for_a_take_over() -> None:
    made = told(begun("create", None, bucket("data")))
    assert made.wanted[bucket("data")["urn"]]["inputs"] == {"name": "p-x-data"}


def test_a_look_that_brought_no_answer_stays_unread() -> None:
    first, _ = looked(bucket("data"), bucket("data"))
    assert told(first).unread == [bucket("data")["urn"]]
    assert told(first, error("Error 403: denied", bucket("data")["urn"])).unread == [bucket("data")["urn"]]
    assert told(looked(bucket("data"), None)).unread == []


@pytest.mark.parametrize("urn", ["", ROOT_URN])
def test_an_error_of_the_program_is_about_no_resource(urn: str) -> None:
    made = told(error("Program failed", urn))
    assert (made.errors, made.failed) == (["Program failed"], {})


def test_what_is_no_event_is_an_error_and_an_empty_line_is_none() -> None:
    made = Told()
    assert [made.take(line) for line in ("panic: no JSON", "", "[1]", "42")] == [None] * 4
    assert made.errors == ["panic: no JSON", "[1]", "42"]


def test_a_warning_is_said_once_and_where_a_plugin_was_found_never() -> None:
    made = Told()
    event = warning("this will be removed")
    assert made.take(json.dumps(event)) == event
    assert made.take(json.dumps(event)) is None
    assert made.take(json.dumps(warning("using pulumi-resource-gcp from $PATH at /usr/bin"))) is None
    assert made.warnings == ["this will be removed"]


def test_what_is_worth_a_line_at_once() -> None:
    made = Told()
    told_at_once = [
        ended("create", None, machine("workbench")),
        {"diagnosticEvent": {"severity": "info", "message": "from the program\n"}},
        {"policyEvent": {"policyName": "no-open-ports", "message": "open"}},
        {"stdoutEvent": {"message": "printed"}},
    ]
    later: list[Json] = [
        begun("create", None, machine("workbench")),
        error("Error 403: denied", machine("workbench")["urn"]),
        {"diagnosticEvent": {"severity": "debug", "message": "much"}},
        {"summaryEvent": {}},
        {"cancelEvent": {}},
    ]
    assert [made.take(json.dumps(event)) for event in told_at_once] == told_at_once
    assert [made.take(json.dumps(event)) for event in later] == [None] * len(later)
