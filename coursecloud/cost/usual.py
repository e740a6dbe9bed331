"""What a stack costs by the figures of use that hold unless given: its own are claims."""

from collections.abc import Iterable

from coursecloud import cost
from coursecloud.cost import credit
from coursecloud.cost.model import Estimate
from coursecloud.plan.registration import Registration
from infra.settings import Settings


def settings(own: Settings) -> Settings:
    """Take a stack file with the figures of use and the working hours that hold unless given."""
    given = Settings(stack=own.stack, project=own.project)
    usage = given.usage.model_copy(update={"usd_rate": own.usage.usd_rate})
    lease = own.lease.model_copy(update={"working_hours": given.lease.working_hours})
    return own.model_copy(update={"usage": usage, "lease": lease})


def estimate(resources: Iterable[Registration], own: Settings) -> Estimate:
    """Estimate what resources cost by these."""
    return cost.of_resources(tuple(resources), settings(own))


_DAYS = 28
"""Days that a credit is expected to last where the lease says nothing: four weeks, as `coursecloud init` proposes."""


def _ends(estimate: Estimate) -> bool:
    if credit.verdict(estimate) is credit.Verdict.OPEN and estimate.credit_usd is not None:
        return estimate.credit_usd < _DAYS * estimate.per_day_planned
    return credit.verdict(estimate) is credit.Verdict.ENDS


def only_so(claimed: Estimate, usual: Estimate) -> Estimate | None:
    """Give the usual estimate where the credit lasts by a claim of less than half of it alone; else None."""
    return (
        usual if _ends(usual) and not _ends(claimed) and claimed.per_day_planned * 2 <= usual.per_day_planned else None
    )
