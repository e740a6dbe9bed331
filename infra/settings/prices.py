"""Prices of one's own, for what the dated tables have none for or a wrong one; nothing is deployed from them."""

from typing import Annotated

from pydantic import Field

from infra.settings.types import Number, Section, matching

Usd = Annotated[Number, Field(ge=0, le=1_000_000)]
GoogleName = Annotated[
    str,
    matching(
        r"[a-z0-9][a-z0-9-]{0,62}",
        "a machine type and a GPU are named by at most 63 lower-case letters, digits and hyphens, as Google does",
        "write for example n1-standard-4 or nvidia-tesla-t4",
    ),
]
ResourceName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}",
        "a resource is named by at most 100 letters, digits, '-', '_' and '.', and begins with none of '-' and '.'",
        "copy its name from `coursecloud cost`, for example search-index",
    ),
]


class HourlyPrice(Section):
    """USD an hour, without tax."""

    hour: Annotated[Usd, Field(examples=[0.21])]
    """USD an hour on demand."""
    spot: Annotated[Usd | None, Field(examples=[0.08])] = None
    """USD an hour at the Spot price; unknown unless given."""

    def usd(self, *, spot: bool) -> float | None:
        """Give the price of one kind; None where only the other one is known."""
        return self.spot if spot else self.hour


Hourly = dict[GoogleName, HourlyPrice]


class OwnPrices(Section):
    """Prices that you looked up yourself: of what the tables lack, or better ones. They go before the tables'."""

    machine_types: Annotated[Hourly, Field(examples=[{"n9-standard-4": {"hour": 0.21}}])] = Field(default_factory=dict)
    """Machine types by name, with the GPUs that come with them, without those attached."""
    gpus: Annotated[Hourly, Field(examples=[{"nvidia-h200-141gb": {"hour": 9.3, "spot": 5.1}}])] = Field(
        default_factory=dict
    )
    """GPUs that are attached to a machine, by Google's name, each."""
    resources: Annotated[dict[ResourceName, Usd], Field(examples=[{"search-index": 0.094}])] = Field(
        default_factory=dict
    )
    """USD an hour of whatever else has no known price, by the resource's name in `coursecloud cost`, day and night."""
