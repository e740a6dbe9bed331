"""How the tests of costs plan a stack and change one thing of it."""

import dataclasses
import functools
import tempfile
import textwrap
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from coursecloud import cost
from coursecloud.common import stack_file
from coursecloud.cost import Estimate, Item
from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from infra.settings.usage import Usage
from tests.project import ROOT


@functools.cache
def committed(stack: str) -> Plan:
    return planning.make(stack, stack_file.path_of(stack, ROOT), ROOT)


@functools.cache
def planned(config: str) -> Plan:
    """Plan what stands under `config:` of a stack file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.x.yaml"
        text = "gcp:project: my-project-1\n" + textwrap.dedent(config)
        file.write_text("config:\n" + textwrap.indent(text, "  "), encoding="utf-8")
        return planning.make("x", file, ROOT)


def using(given: Plan, usage: Mapping[str, Any]) -> Plan:
    """The same plan under another `usage` section."""
    settings = given.settings.model_copy(update={"usage": Usage.model_validate(usage)})
    return dataclasses.replace(given, settings=settings)


def with_inputs(given: Plan, name: str, **inputs: Any) -> Plan:
    """The same plan, of whose resource `name` some inputs are others."""
    assert any(resource.name == name for resource in given.resources)
    return dataclasses.replace(
        given,
        resources=tuple(
            dataclasses.replace(resource, inputs={**resource.inputs, **inputs}) if resource.name == name else resource
            for resource in given.resources
        ),
    )


def estimated(given: Plan, **usage: Any) -> Estimate:
    return cost.estimate(using(given, usage) if usage else given)


def items(estimate: Estimate, name: str, what: str = "") -> list[Item]:
    return [item for item in estimate.items if item.name == name and what in item.what]


def one(estimate: Estimate, name: str, what: str = "") -> Item:
    (found,) = items(estimate, name, what)
    return found


def close(found: Decimal | None, expected: float, within: float = 2e-6) -> bool:
    return found is not None and abs(float(found) - expected) <= within
