"""The `usage` section: sensible unless given, and a mistake in it is said with its path, rule and remedy."""

from pathlib import Path

import pytest

from tests.settings.stacks import PROJECT, mistakes, settings

U = "coursecloud:usage"
BAD = [
    ("{hoursPerDay: 25}", f"{U}.hoursPerDay", "24"),
    ("{hoursPerDay: -1}", f"{U}.hoursPerDay", "0"),
    ("{hoursPerDay: four}", f"{U}.hoursPerDay", "number"),
    ('{hoursPerDay: "4"}', f"{U}.hoursPerDay", "number"),
    ("{hoursPerDay: true}", f"{U}.hoursPerDay", "number"),
    ("{hoursPerDay: '.inf'}", f"{U}.hoursPerDay", "number"),
    ("{hours: 4}", f"{U}.hours", "not known"),
    ("{machines: {trainer: 3}}", f"{U}.machines.trainer", "no such machine"),
    ("{machines: {workbench: 30}}", f"{U}.machines.workbench", "24"),
    ("{machines: {workbench: }}", f"{U}.machines.workbench", "number"),
    ("{machines: [workbench]}", f"{U}.machines", "mapping"),
    ("{evening: destroy}", f"{U}.evening", "'stop' or 'down'"),
    ("{storage: {dataGb: -5}}", f"{U}.storage.dataGb", "0"),
    ("{storage: {bucketGb: 5}}", f"{U}.storage.bucketGb", "not known"),
    ("{storage: 5}", f"{U}.storage", "mapping"),
    ("{registry: {dockerGb: lots}}", f"{U}.registry.dockerGb", "number"),
    ("{secrets: {versions: 1.5}}", f"{U}.secrets.versions", "whole"),
    ("{builds: {minutes: 2000}}", f"{U}.builds.minutes", "1440"),
    ("{training: {hoursPerWeek: 169}}", f"{U}.training.hoursPerWeek", "168"),
    ("{training: {endpointMachine: n1-standrd-2}}", f"{U}.training.endpointMachine", "no such machine type"),
    ("{services: {requestsPerDay: -1}}", f"{U}.services.requestsPerDay", "0"),
    ("{traffic: {egressGbPerDay: 1000000}}", f"{U}.traffic.egressGbPerDay", "100000"),
    ("{groupsOnAccount: 0}", f"{U}.groupsOnAccount", "1"),
    ("{groupsOnAccount: 2.5}", f"{U}.groupsOnAccount", "whole"),
    ("{usdRate: 0}", f"{U}.usdRate", "0"),
    ("{usdRate: -0.15}", f"{U}.usdRate", "0"),
    ("{usd_rate: 0.15}", f"{U}.usd_rate", "not known"),
    ("often", U, "mapping"),
]


@pytest.mark.parametrize(("text", "path", "rule"), BAD)
def test_a_mistake_is_said_with_its_path_and_its_rule(text: str, path: str, rule: str, tmp_path: Path) -> None:
    (problem,) = mistakes(f"{PROJECT}{U}: {text}", tmp_path)
    assert problem.path == path
    assert rule in problem.rule, problem
    assert problem.remedy


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    found = mistakes(f"{PROJECT}{U}: {{hoursPerDay: 25, machines: {{a: 1, b: 2}}, builds: {{perDay: -1}}}}", tmp_path)
    assert [problem.path.removeprefix(f"{U}.") for problem in found] == [
        "builds.perDay",
        "hoursPerDay",
        "machines.a",
        "machines.b",
    ]


def test_a_misspelt_machine_gets_the_name_that_was_meant(tmp_path: Path) -> None:
    (problem,) = mistakes(f"{PROJECT}{U}: {{machines: {{wrokbench: 3}}}}", tmp_path)
    assert problem.remedy == "did you mean 'workbench'?"


def test_nothing_is_said_of_machines_that_are_broken_themselves(tmp_path: Path) -> None:
    text = f"{PROJECT}coursecloud:machines: {{trainer: {{machineTyp: e2-small}}}}\n{U}: {{machines: {{trainer: 3}}}}"
    assert [problem.path for problem in mistakes(text, tmp_path)] == ["coursecloud:machines.trainer.machineTyp"]


def test_an_endpoint_may_have_a_machine_type_that_was_allowed(tmp_path: Path) -> None:
    text = f"{PROJECT}coursecloud:allow: {{machineTypes: [z9-big]}}\n{U}: {{training: {{endpointMachine: z9-big}}}}"
    assert settings(text, tmp_path).usage.training.endpoint_machine == "z9-big"


@pytest.mark.parametrize(
    ("usage", "lease", "machine", "hours"),
    [
        ("{}", "{}", "{}", 8.0),  # ten working hours, but a machine stops after eight
        ("{}", "{}", "{maxRun: 12h}", 10.0),
        ("{}", '{workingHours: {start: "09:00", end: "12:30"}}', "{}", 3.5),
        ("{hoursPerDay: 2}", "{}", "{}", 2.0),
        ("{hoursPerDay: 0}", "{}", "{}", 0.0),
        ("{hoursPerDay: 2, machines: {workbench: 5}}", "{}", "{}", 5.0),
        ("{hoursPerDay: 24}", "{}", "{}", 24.0),
    ],
)
def test_a_machine_runs_the_working_hours_unless_said_otherwise(
    usage: str, lease: str, machine: str, hours: float, tmp_path: Path
) -> None:
    text = f"{PROJECT}{U}: {usage}\ncoursecloud:lease: {lease}\ncoursecloud:machines: {{workbench: {machine}}}"
    read = settings(text, tmp_path)
    assert read.usage.hours_of("workbench", read.machines["workbench"], read.lease) == hours


@pytest.mark.parametrize("currency", ["TWD", "CLP"])
def test_a_currency_without_a_known_rate_wants_one(tmp_path: Path, currency: str) -> None:
    lease = f"coursecloud:lease: {{credit: {{amount: 1600, currency: {currency}}}}}"
    (problem,) = mistakes(f"{PROJECT}{lease}\n", tmp_path)
    assert problem.path == "coursecloud:lease.credit.currency"
    assert "a rate is known of AUD" in problem.rule
    assert f"what 1 {currency} is worth in USD as `usdRate` under coursecloud:usage" in problem.remedy
    assert settings(f"{PROJECT}{lease}\n{U}: {{usdRate: 0.031}}\n", tmp_path).usage.usd_rate == 0.031


@pytest.mark.parametrize(("currency", "amount"), [("KRW", 67_000), ("HUF", 16_400), ("NZD", 89), ("IDR", 907_000)])
def test_fifty_dollars_can_be_given_in_the_currency_of_the_account(tmp_path: Path, currency: str, amount: int) -> None:
    lease = f"coursecloud:lease: {{credit: {{amount: {amount}, currency: {currency}}}, maxPerHour: {amount // 20}}}"
    assert settings(f"{PROJECT}{lease}\n", tmp_path).lease.credit.amount == amount


@pytest.mark.parametrize(
    ("currency", "given", "rule", "remedy"),
    [
        ("DKK", "6.9", "it says what 1 USD is worth in DKK", "write 0.145"),
        ("DKK", "1", "times off or more", "write 0.149"),
        ("DKK", "0.0145", "times off or more", "write 0.149"),
        ("JPY", "157", "it says what 1 USD is worth in JPY", "write 0.00637"),
        ("EUR", "0.145", "times off or more", "write 1.12"),
    ],
)
def test_a_rate_far_from_the_dated_one_is_a_slip(
    tmp_path: Path, currency: str, given: str, rule: str, remedy: str
) -> None:
    lease = f"coursecloud:lease: {{credit: {{amount: 350, currency: {currency}}}}}"
    (problem,) = mistakes(f"{PROJECT}{lease}\n{U}: {{usdRate: {given}}}\n", tmp_path)
    assert (problem.path, str(problem.value)) == (f"{U}.usdRate", str(float(given)))
    assert rule in problem.rule
    assert problem.remedy == f"{remedy}, or leave it out"
    right = problem.remedy.partition(",")[0].removeprefix("write ")
    assert settings(f"{PROJECT}{lease}\n{U}: {{usdRate: {right}}}\n", tmp_path).usage.usd_rate == float(right)


@pytest.mark.parametrize(
    ("currency", "rate", "rule", "remedy"),
    [
        ("AAA", 1, "ISO 4217 has no currency of this code", "that of the billing account"),
        ("DDK", 0.15, "ISO 4217 has no currency of this code", "did you mean 'DKK'"),
        ("TWD", 1000, "one unit of a currency is worth 4 USD at the most", "if this is what 1 USD is worth in TWD"),
    ],
)
def test_a_currency_or_a_rate_that_there_is_not_makes_no_limit_blind(
    tmp_path: Path, currency: str, rate: float, rule: str, remedy: str
) -> None:
    lease = f"coursecloud:lease: {{credit: {{amount: 50, currency: {currency}}}, maxPerHour: 2}}"
    (problem,) = mistakes(f"{PROJECT}{lease}\n{U}: {{usdRate: {rate}}}\n", tmp_path)
    assert rule in problem.rule
    assert remedy in problem.remedy


@pytest.mark.parametrize(("currency", "given"), [("DKK", 0.1), ("DKK", 0.29), ("EUR", 0.9), ("USD", 7), ("KWD", 3.3)])
def test_a_rate_that_may_have_moved_is_taken(tmp_path: Path, currency: str, given: float) -> None:
    lease = f"coursecloud:lease: {{credit: {{amount: 350, currency: {currency}}}}}"
    assert settings(f"{PROJECT}{lease}\n{U}: {{usdRate: {given}}}\n", tmp_path).usage.usd_rate == given
