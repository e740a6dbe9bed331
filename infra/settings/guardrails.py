"""What the guardrails hold a stack to, and the exceptions from them: each with a reason and an end."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.settings.listed import listed
from infra.settings.problem import RuleViolationError
from infra.settings.times import Date
from infra.settings.types import Number, Section, Shown, matching

_REASON = Shown(
    r"\s*\S+\s+\S+\s+\S[\s\S]*",
    "an exception says why in a sentence: whoever meets it later was not there",
    "write what it is needed for, e.g. 'the demo on Friday is open to visitors'",
)


def _reason(value: str) -> str:
    if len(value.split()) < 3:
        raise RuleViolationError(_REASON.rule, _REASON.remedy)
    return value.strip()


LITERAL = 3
"""Letters or digits that a pattern has before its first star or after its last: what `*a*` takes in nobody knows."""


def _resource(value: str) -> str:
    ends = [re.sub(r"[^A-Za-z0-9]", "", part) for part in (value.partition("*")[0], value.rpartition("*")[2])]
    if not re.search(r"[A-Za-z0-9]", value) or ("*" in value and max(map(len, ends)) < LITERAL):
        raise RuleViolationError(
            "an exception for every resource, or for most, switches its rule off, also for what is added later:"
            f" a pattern begins or ends with at least {LITERAL} letters or digits",
            "name the resources, e.g. trainer, or deploy-* for all that begin so",
        )
    return value


Region = Annotated[
    str,
    matching(
        r"[A-Za-z][A-Za-z0-9-]*",
        "a region or multi-region is a name in letters, digits and hyphens",
        "write for example europe-west1 or eu",
    ),
]


class GuardrailException(Section):
    """One thing that may break one rule until a day."""

    rule: Annotated[
        str,
        matching(
            r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
            "a rule is named by its id, in lower case with hyphens",
            "copy the id from `coursecloud check`, e.g. machine-no-address",
        ),
        Field(examples=["machine-no-address"]),
    ]
    """Id of the rule, as `coursecloud check` prints it."""
    resource: Annotated[str, AfterValidator(_resource), Field(examples=["trainer"])]
    """Name of the resource in the plan, e.g. `trainer`; `*` stands for any letters (`deploy-*`), and the word
    `stack` for a rule about the whole stack."""
    reason: Annotated[str, AfterValidator(_reason), _REASON, Field(examples=["the demo on Friday is open to visitors"])]
    """Why, in a sentence; it is printed at every check."""
    until: Annotated[Date, Field(examples=["2026-12-01"])]
    """The last day on which it holds."""

    def matches(self, rule: str, resource: str) -> bool:
        """Say whether it is about this rule and this resource."""
        pattern = ".*".join(re.escape(part) for part in self.resource.split("*"))
        return self.rule == rule and re.fullmatch(pattern, resource) is not None


class Guardrails(Section):
    """Limits of the guardrails, and exceptions from them."""

    exceptions: Annotated[
        tuple[GuardrailException, ...],
        Field(
            examples=[
                [
                    {
                        "rule": "machine-no-address",
                        "resource": "trainer",
                        "reason": "the demo on Friday is open to visitors",
                        "until": "2026-12-01",
                    }
                ]
            ]
        ),
    ] = ()
    """What may break a rule, why and until when."""
    regions: Annotated[
        Annotated[tuple[Annotated[Region, listed("location")], ...], Field(min_length=1)] | None,
        Field(examples=[["europe-west1", "europe-west4"]]),
    ] = None
    """Regions and multi-regions that resources may be in; those that the stack file names unless given."""
    max_idle_per_day: Annotated[Annotated[Number, Field(ge=0.001, le=1000)] | None, Field(examples=[1.5])] = None
    """Ceiling of what the stack may cost per day while nothing runs, in the credit's currency; a fiftieth of
    the credit unless given."""
