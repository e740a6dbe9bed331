"""Whether somebody's budget or one of Google's spend caps is on a project, in words: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """One budget of the billing account that is about the project."""

    name: str
    """`billingAccounts/A/budgets/B`."""
    shown: str
    amount: str
    """With its currency."""
    cap: bool
    """Whether it pauses a service, and does not only tell."""
    credits_off: bool
    """Whether it takes credits off, so that it tells nobody while a coupon lasts."""


@dataclass(frozen=True)
class Budgets:
    """What a look at the billing account gave."""

    found: tuple[Budget, ...] | None
    """None where it could not be looked at."""
    reason: str = ""
    """Why not, in words."""


def standing(told: Budgets, stack: str) -> str:
    """Say for a status what is there, and what its absence risks."""
    if told.found is None:
        return (
            f"not known: {told.reason}; who has a role on the billing account sees them:"
            f" `coursecloud caps --stack {stack}`"
        )
    plain = [each for each in told.found if not each.cap]
    caps = [each for each in told.found if each.cap]
    netted = [each.shown for each in plain if each.credits_off]
    tells = ", ".join(f"`{each.shown}` of {each.amount}" for each in plain)
    words = f"{tells} tells by e-mail, hours late" if plain else (
        "none: nobody is told by Google what it bills (docs/billing.md: the billing account's owner makes one)"
    )  # fmt: skip
    if netted:
        words += f"; {', '.join(netted)} takes credits off, so it tells nothing while the credit lasts"
    pauses = ", ".join(f"`{each.shown}` at {each.amount} a month" for each in caps)
    return f"{words}; {f'spend cap {pauses}' if caps else 'no spend cap'}; neither stops a machine"


def staying(told: Budgets, stack: str) -> Sequence[str]:
    """Say at the end of a course what of the billing account is still there, and who takes it down: a line each."""
    if told.found is None:
        return [f"  not seen   a budget or a spend cap, if somebody made one: {told.reason}; who made it takes it down"
                " (docs/billing.md)"]  # fmt: skip
    return [f"  stays      {'spend cap' if each.cap else 'budget'} `{each.shown}` of {each.amount}, the billing"
            f" account's: who made it takes it down, {_gone(each, stack)}" for each in told.found]  # fmt: skip


def _gone(each: Budget, stack: str) -> str:
    delete = f"`gcloud billing budgets delete {each.name}`"
    return f"by {delete}" if each.cap else f"by `pulumi destroy --stack {stack}` in billing/, else {delete}"
