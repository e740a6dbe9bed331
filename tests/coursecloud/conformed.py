"""Resources of the full stack, broken in one place, for the tests of the check."""

import copy
import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

from coursecloud.plan import planning as plans
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import Registration
from coursecloud.validation.check import ApiFinding, check
from tests.project import ROOT

Change = Callable[[dict[str, Any]], object]


@cache
def committed(stack: str) -> Plan:
    return plans.make(stack, ROOT / f"Pulumi.{stack}.yaml", ROOT)


def only(resource: Registration) -> Plan:
    return Plan(committed("full").settings, (resource,), {})


def one(kind: str, name: str = "") -> Registration:
    found = (r for r in committed("full").custom if short_type(r.type) == kind and name in ("", r.name))
    return next(found)


def findings(kind: str, change: Change, name: str = "") -> list[ApiFinding]:
    """Change the inputs of one resource of the full stack, and check it."""
    resource = one(kind, name)
    inputs = copy.deepcopy(dict(resource.inputs))
    change(inputs)
    return check(only(dataclasses.replace(resource, inputs=inputs))).findings


def put(path: str, value: object) -> Change:
    """Set the value at a path such as `template.containers.0.image`; None takes it away."""
    *above, last = (int(part) if part.isdigit() else part for part in path.split("."))

    def change(inputs: dict[str, Any]) -> None:
        node: Any = inputs
        for part in above:
            node = node[part]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return change
