"""Plans for the tests: each text is planned once a session."""

from pathlib import Path

import pytest

from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from tests.infra.planned import PROJECT, Planner, pretend
from tests.project import ROOT


@pytest.fixture(scope="session")
def plan_of(tmp_path_factory: pytest.TempPathFactory) -> Planner:
    """Plan the lines under `config:`; a project is added where they name none."""
    made: dict[tuple[str, str], Plan] = {}
    folder = tmp_path_factory.mktemp("stacks")

    def plan(*lines: str, stack: str = "unit") -> Plan:
        body = [line for text in lines for line in text.splitlines()]
        if not any(line.startswith("gcp:project:") for line in body):
            body.insert(0, f"gcp:project: {PROJECT}")
        text = "config:\n" + "".join(f"  {line}\n" for line in body)
        if (stack, text) not in made:
            file = folder / f"Pulumi.{stack}.yaml"
            file.write_text(text, encoding="utf-8")
            made[stack, text] = plans.make(stack, file, ROOT)
        return made[stack, text]

    return plan


@pytest.fixture
def plan_anew(tmp_path: Path) -> Planner:
    """Plan lines as `plan_of` does, but each time, for a test that changes how they are planned."""

    def plan(*lines: str, stack: str = "unit") -> Plan:
        file = tmp_path / f"Pulumi.{stack}.yaml"
        file.write_text("\n  ".join(["config:", f"gcp:project: {PROJECT}", *lines]) + "\n", encoding="utf-8")
        return plans.make(stack, file, ROOT)

    return plan


@pytest.fixture
def plan_numbered(plan_anew: Planner, monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Plan lines as if the accounts were there: their numbers are known, and what follows from them."""
    pretend(monkeypatch, "gcp:serviceaccount/account:Account", uniqueId="123456789012345678901")
    return plan_anew


@pytest.fixture
def full_numbered(plan_numbered: Planner) -> Plan:
    """The full stack as if its accounts were there."""
    assert plan_numbered
    return plans.make("full", ROOT / "Pulumi.full.yaml", ROOT)


@pytest.fixture(scope="session")
def dev() -> Plan:
    return plans.make("dev", ROOT / "Pulumi.dev.yaml", ROOT)


@pytest.fixture(scope="session")
def gpu() -> Plan:
    return plans.make("gpu", ROOT / "Pulumi.gpu.yaml", ROOT)


@pytest.fixture(scope="session")
def full() -> Plan:
    return plans.make("full", ROOT / "Pulumi.full.yaml", ROOT)


@pytest.fixture(scope="session")
def committed(dev: Plan, gpu: Plan, full: Plan) -> dict[str, Plan]:
    """The plans of the committed stacks by name."""
    return {"dev": dev, "gpu": gpu, "full": full}
