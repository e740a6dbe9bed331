"""The plans of the committed stacks, made once."""

import pytest

from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan
from tests.infra.planned import COMMITTED
from tests.project import ROOT


@pytest.fixture(scope="session")
def committed() -> dict[str, Plan]:
    """The plans of the committed stacks by name."""
    return {stack: plans.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT) for stack in COMMITTED}
