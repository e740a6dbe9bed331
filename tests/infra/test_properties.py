"""Every valid stack file makes a program that registers, and a plan that breaches no rule."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from infra.settings import SettingsError
from tests.fuzz import examples
from tests.infra import invariants
from tests.infra.planned import grants, longest_chain
from tests.infra.stacks import configs, stack_names
from tests.project import ROOT

SLOW: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def planned(folder: Path, stack: str, config: dict[str, Any]) -> Plan:
    file = folder / "Pulumi.stack.yaml"
    # JSON is YAML in which no text can be read as a number.
    file.write_text(json.dumps({"config": config}), encoding="utf-8")
    return plans.make(stack, file, ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@given(stack=stack_names, config=configs())
@settings(max_examples=examples(25), **SLOW)
def test_every_valid_stack_registers_and_breaches_no_rule(folder: Path, stack: str, config: dict[str, Any]) -> None:
    try:
        plan = planned(folder, stack, config)
    except SettingsError as error:
        raise AssertionError(f"the strategy made a stack file that is not valid:\n{error}") from None
    assert invariants.breaches(plan) == []
    # Two more resources may wait in a row than in the committed stacks: a role and a grant before a schedule.
    assert len(longest_chain(plan)) <= 5
    for grant in grants(plan):
        assert grant.role not in ("roles/owner", "roles/editor", "roles/viewer")
        if grant.member in plan.settings.team.members and grant.kind == "projects.IAMMember":
            assert grant.condition
    assert Counter(r.urn for r in plan.resources).most_common(1)[0][1] == 1
    assert all(command and "\n" not in command for command in plan.outputs["commands"].values())


def kept(machine: dict[str, Any]) -> bool:
    disk: dict[str, Any] | None = machine.get("dataDisk")
    return bool(disk and disk["keep"])


def test_the_strategy_makes_what_there_is() -> None:
    seen: Counter[str] = Counter()

    @given(config=configs())
    @settings(max_examples=250, database=None, phases=[Phase.generate], derandomize=True, **SLOW)
    def look(config: dict[str, Any]) -> None:
        machines: list[dict[str, Any]] = list(config["coursecloud:machines"].values())
        triggers = config.get("coursecloud:builds", {}).get("triggers", {}).values()
        wanted = {
            "GPU": any("gpu" in machine for machine in machines),
            "L4": any(machine["machineType"] == "g2-standard-4" for machine in machines),
            "container": any("container" in machine for machine in machines),
            "fallback zones": any(machine.get("fallbackZones") for machine in machines),
            "kept disk": any(kept(machine) for machine in machines),
            "public": any(service.get("public") for service in config["coursecloud:services"].values()),
            "pull request": any("pullRequest" in trigger for trigger in triggers),
            "deploy": config.get("coursecloud:github", {}).get("deploy"),
            "team": config.get("coursecloud:team", {}).get("members"),
            "lease": config.get("coursecloud:lease", {}).get("ends"),
            "schedule": config.get("coursecloud:lease", {}).get("stopSchedule") and machines,
            "nat": config["coursecloud:network"]["egress"] == "nat",
        }
        seen.update({name: 1 for name, found in wanted.items() if found})
        seen.update(dict.fromkeys(wanted, 0))

    look()
    assert {name for name, times in seen.items() if not times} == set()


@given(data=st.data())
@settings(max_examples=1, **SLOW)
def test_a_breach_is_seen_in_a_generated_stack_too(folder: Path, data: st.DataObject) -> None:
    plan = planned(folder, "unit", data.draw(configs()))
    broken = [resource for resource in plan.resources if resource.name != "cloudresourcemanager"]
    assert invariants.breaches(Plan(plan.settings, (*broken, broken[-1]), plan.outputs)) != []
