"""What one resource of each type costs, against the arithmetic that stands in the type's file."""

from decimal import Decimal

import pytest

from catalog import types
from catalog.types.model import ResourceType
from catalog.types.parts import Cost
from coursecloud import cost
from tests.coursecloud.costs import close, planned, using
from tests.review.made import resource

BILLED = [(known, each) for known in types.every().values() for each in known.costs]


@pytest.mark.parametrize(("known", "each"), BILLED, ids=[known.short for known, _ in BILLED])
def test_one_costs_what_it_costs_by_hand(known: ResourceType, each: Cost) -> None:
    one = resource(known.type, each.name, each.inputs)
    settings = using(planned(""), each.usage).settings
    items = [item for item in cost.of_resources([one], settings).items if item.urn == one.urn]
    for state, expected in (("per_hour_on", each.on), ("per_hour_idle", each.idle)):
        found = [getattr(item.full, state) for item in items]
        assert None not in found, [item.reason for item in items]
        assert close(sum(found, Decimal(0)), expected, 1e-6), (state, each.by)
