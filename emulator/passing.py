"""Time that passes: the world's clock moves, and what is due in the meantime happens, in its order."""

from __future__ import annotations

from datetime import timedelta

from . import services
from .world import World

STEP = timedelta(days=1)
"""What Google looks after once a day (lifecycle rules, cleanup policies) is looked after this often."""
MOST = timedelta(days=3650)


def let_pass(world: World, *, days: float = 0, hours: float = 0) -> None:
    """Move the clock. Raises ValueError for a time that would go back, or is over ten years."""
    try:
        left = timedelta(days=days, hours=hours)
    except (OverflowError, ValueError):
        left = timedelta(-1)
    if not timedelta() < left <= MOST:
        raise ValueError(f"days {days} and hours {hours}: time passes forward, and {MOST.days} days at most")
    while left:
        step = min(STEP, left)
        since, world.ahead = world.passed, world.ahead + step
        world.passed = world.time()
        for service in services.ALL.values():
            if service.passes:
                service.passes(world, since, world.passed)
        left -= step
