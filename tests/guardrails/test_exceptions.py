"""Exceptions: each covers what it names until its end, is printed, and is itself held to a rule."""

import dataclasses
import datetime
import io
import pickle
from pathlib import Path

from rich.console import Console

import coursecloud.policy
from coursecloud.plan.planning import Plan
from coursecloud.policy import Finding, reporting
from coursecloud.policy.evaluation import Checked
from coursecloud.policy.example import machine, settings, then
from coursecloud.policy.rule import by_id
from infra.settings.guardrails import GuardrailException

TODAY = datetime.date(2026, 11, 25)
LAST = datetime.date(2026, 11, 25)


def with_exceptions(plan: Plan, *exceptions: tuple[str, str, datetime.date]) -> Checked:
    entries = tuple(
        GuardrailException(rule=rule, resource=resource, reason="this is a test", until=until)
        for rule, resource, until in exceptions
    )
    broken = then(machine("canIpForward", True), settings("guardrails", exceptions=entries))(plan)
    return coursecloud.policy.checked(broken, TODAY)


def forwarding(checked: Checked) -> Finding:
    (found,) = (finding for finding in checked.findings if finding.rule.id == "machine-no-forwarding")
    return found


def test_without_an_exception_the_gate_closes(committed: dict[str, Plan]) -> None:
    assert forwarding(with_exceptions(committed["dev"])).violates


def test_an_exception_covers_its_finding_until_and_with_its_last_day(committed: dict[str, Plan]) -> None:
    checked = with_exceptions(committed["dev"], ("machine-no-forwarding", "workbench", LAST))
    finding = forwarding(checked)
    assert finding.excepted
    assert finding.excepted.reason == "this is a test"
    assert (finding.level, finding.violates, checked.violations) == ("violation", False, ())


def test_a_star_stands_for_any_letters(committed: dict[str, Plan]) -> None:
    assert forwarding(with_exceptions(committed["dev"], ("machine-no-forwarding", "work*", LAST))).excepted
    assert not forwarding(with_exceptions(committed["dev"], ("machine-no-forwarding", "bench*", LAST))).excepted
    assert not forwarding(with_exceptions(committed["dev"], ("machine-no-forwarding", "workbenc.", LAST))).excepted


def test_the_day_after_its_end_an_exception_covers_nothing_and_that_is_said(committed: dict[str, Plan]) -> None:
    yesterday = TODAY - datetime.timedelta(days=1)
    checked = with_exceptions(committed["dev"], ("machine-no-forwarding", "workbench", yesterday))
    finding = forwarding(checked)
    assert finding.violates
    assert "its exception ended on 2026-11-24 (this is a test)" in finding.message
    assert [found.rule.id for found in checked.violations] == ["machine-no-forwarding"]


def test_a_later_exception_takes_the_place_of_one_that_ended(committed: dict[str, Plan]) -> None:
    yesterday = TODAY - datetime.timedelta(days=1)
    rule = "machine-no-forwarding"
    checked = with_exceptions(committed["dev"], (rule, "workbench", yesterday), (rule, "work*", LAST))
    assert checked.violations == ()


def test_an_exception_that_ended_and_covers_nothing_is_a_violation(committed: dict[str, Plan]) -> None:
    ended = datetime.date(2026, 1, 1)
    checked = with_exceptions(
        committed["dev"], ("machine-no-forwarding", "workbench", LAST), ("iam-no-keys", "k", ended)
    )
    (finding,) = checked.violations
    assert finding.rule.id == "exceptions-current"
    assert "iam-no-keys of k: it ended on 2026-01-01" in finding.message


def test_an_exception_whose_end_is_not_in_sight_is_a_violation(committed: dict[str, Plan]) -> None:
    rule, name = "machine-no-forwarding", "workbench"
    year = TODAY + datetime.timedelta(days=366)
    assert with_exceptions(committed["dev"], (rule, name, year)).violations == ()
    (finding,) = with_exceptions(committed["dev"], (rule, name, year + datetime.timedelta(days=1))).violations
    assert finding.rule.id == "exceptions-current"
    assert "more than a year away" in finding.message


def test_an_exception_from_no_rule_is_a_violation_and_says_which_was_meant(committed: dict[str, Plan]) -> None:
    checked = with_exceptions(committed["dev"], ("machine-no-forwardin", "workbench", LAST))
    (finding,) = (found for found in checked.findings if found.rule.id == "exceptions-current")
    assert "there is no such rule; did you mean 'machine-no-forwarding'?" in finding.message
    assert finding.violates


def test_an_exception_that_covers_nothing_yet_is_advice(committed: dict[str, Plan]) -> None:
    checked = with_exceptions(
        committed["dev"], ("machine-no-forwarding", "workbench", LAST), ("iam-no-keys", "k", LAST)
    )
    assert [(entry.rule, entry.resource) for entry in checked.unused] == [("iam-no-keys", "k")]
    assert checked.violations == ()


def test_an_exception_covers_advice_and_what_is_about_the_whole_stack_too(committed: dict[str, Plan]) -> None:
    checked = with_exceptions(
        committed["dev"], ("lease-ends", "stack", LAST), ("machine-no-address", "workbench", LAST)
    )
    assert [finding.level for finding in checked.findings if finding.excepted is None] == ["violation"]


def test_a_check_goes_from_process_to_process_and_rules_stay_themselves(committed: dict[str, Plan]) -> None:
    checked = with_exceptions(committed["full"], ("machine-no-forwarding", "workbench", LAST))
    back = pickle.loads(pickle.dumps(checked))  # noqa: S301 - our own
    assert back == checked
    assert all(finding.rule is by_id(finding.rule.id) for finding in back.findings)


def test_a_pattern_that_takes_in_several_components_is_told_with_their_names(committed: dict[str, Plan]) -> None:
    def printed(*resources: str) -> str:
        entries = tuple(
            GuardrailException(rule="machine-no-forwarding", resource=name, reason="this is a test", until=LAST)
            for name in resources
        )
        broken = then(machine("canIpForward", True), settings("guardrails", exceptions=entries))(committed["dev"])
        checked = coursecloud.policy.checked(broken, TODAY)
        (found,) = (finding for finding in checked.findings if finding.excepted)
        parts = (found.urn or "").split("::")
        other = "::".join([*parts[:2], f"coursecloud:index:Other${parts[2].partition('$')[2]}", *parts[3:]])
        both = dataclasses.replace(checked, findings=(found, dataclasses.replace(found, urn=other)))
        report = reporting.Report(Path("x"), both, entries, {})
        console = Console(width=200, file=io.StringIO())
        with console.capture() as captured:
            console.print(reporting.full(report))
        return captured.get()

    assert "work* (2, in Machines and Other)" in printed("work*")
    assert "Other" not in printed("workbench")
