"""What a change costs, and which rules it breaks or mends: the cost model and the guardrails on both sides."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from coursecloud import cost
from coursecloud.cost import Estimate
from coursecloud.plan.planning import Plan
from coursecloud.policy import Finding, check


@dataclass(frozen=True)
class Cost:
    """Estimates of both sides; None on a side that is not there."""

    before: Estimate | None
    after: Estimate | None

    @property
    def per_hour(self) -> Decimal:
        """USD an hour with everything on that the change adds."""
        return _hour(self.after) - _hour(self.before)

    @property
    def news_unknown(self) -> tuple[str, ...]:
        """What has no known price now and had none before."""
        was = self.before.unknown if self.before else ()
        return tuple(text for text in (self.after.unknown if self.after else ()) if text not in was)

    @property
    def changes(self) -> bool:
        """Say whether any total differs."""
        return self.before is None or self.after is None or _totals(self.before) != _totals(self.after)


def _hour(estimate: Estimate | None) -> Decimal:
    return estimate.per_hour_on if estimate else Decimal(0)


def _totals(estimate: Estimate) -> tuple[object, ...]:
    return estimate.due, estimate.planned.days, estimate.idle.days, estimate.unknown


@dataclass(frozen=True)
class Findings:
    """Broken rules on both sides. What an exception covers is in none of them."""

    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    still: tuple[Finding, ...]

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The new ones that close a gate."""
        return tuple(finding for finding in self.new if finding.violates)


def costs(before: Plan | None, after: Plan | None) -> Cost:
    """Estimate both sides."""
    return Cost(cost.estimate(before) if before else None, cost.estimate(after) if after else None)


def findings(before: Plan | None, after: Plan | None, today: datetime.date) -> Findings:
    """Hold both sides against the rules; a finding is the same where its rule, its resource and its level are.

    So what nobody could judge before and breaks the rule now is newly broken. What an exception covers is not mended.
    """
    was, now = (check(side, today) if side else () for side in (before, after))
    old = {(finding.key, finding.level) for finding in was if finding.excepted is None}
    there = {finding.key for finding in now}
    standing = [finding for finding in now if finding.excepted is None]
    # What only the real run can judge is neither mended nor still broken.
    return Findings(
        tuple(finding for finding in standing if (finding.key, finding.level) not in old),
        tuple(f for f in was if f.excepted is None and f.key not in there and not f.unknown),
        tuple(f for f in standing if (f.key, f.level) in old and not f.unknown),
    )
