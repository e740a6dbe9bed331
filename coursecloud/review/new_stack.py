"""What a stack that comes holds back less than others, or than the stack of another name whose place it takes."""

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from coursecloud.diff.comparison import compare
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import Registration
from coursecloud.review import money, protection, protection_comers, protection_money, protection_settings
from coursecloud.review.protection import Weaker


def weaker(after: Plan, former: Plan | None, cost: money.Cost, today: datetime.date) -> Iterator[Weaker]:
    """List what a stack that comes holds back less than every stack unless told, or than the one whose place it takes.

    Under another name all is made anew, so what is kept and who comes in is held to the one before too.
    """
    if former is None:
        yield from protection_settings.comes(after, cost.after)
        yield from protection_money.unusual(cost)
        yield from protection_comers.late(after.settings, today)
        return
    yield from protection_settings.weaker(former, after, cost.after)
    called = [_called(each, former.settings.stack, after.settings.stack) for each in former.resources]
    found = compare(called, after.resources)
    was = money.costs(former, after).before
    for each in protection.of_changes(found, was, cost.after, after.settings.lease.kept_until):
        # No danger of another kind says it of what is new.
        yield replace(each, told=each.told and each.about != "data")


def _called(resource: Registration, old: str, new: str) -> Registration:
    """Give a resource as it is in a stack of another name: its accounts are other ones, with the same rights."""
    name = re.compile(rf"(?<![\w-]){re.escape(old)}-")

    def told(value: Any) -> Any:
        if isinstance(value, str):
            return name.sub(f"{new}-", value)
        if isinstance(value, Mapping):
            return {key: told(each) for key, each in cast("Mapping[str, Any]", value).items()}
        return [told(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value

    return replace(resource, inputs=told(resource.inputs))
