"""What a rule is, and what it finds."""

import datetime
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from catalog.types import short_type
from coursecloud.plan.registration import Registration
from coursecloud.policy.example import Example
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException

if TYPE_CHECKING:
    from coursecloud.cost import Estimate

Severity = Literal["critical", "high", "medium", "low"]
Level = Literal["violation", "advice", "unknown"]

STACK = "stack"
"""The name of a finding that is about the whole stack and not one resource."""


@dataclass(frozen=True)
class References:
    """The ids of the checks of other tools and benchmarks that a rule answers to.

    Checkov's Terraform checks, release 3.3.30 (https://www.checkov.io/5.Policy%20Index/terraform.html), Trivy's checks
    for Google Cloud (https://avd.aquasec.com/misconfig/google/) and the CIS Google Cloud Platform Foundation Benchmark
    (https://www.cisecurity.org/benchmark/google_cloud_computing_platform), all read 2026-11-23.
    """

    checkov: tuple[str, ...] = ()
    trivy: tuple[str, ...] = ()
    cis: tuple[str, ...] = ()

    def __str__(self) -> str:
        """List them, e.g. `CKV_GCP_29, AVD-GCP-0002, CIS 5.2`."""
        return ", ".join((*self.checkov, *self.trivy, *(f"CIS {number}" for number in self.cis)))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One guardrail."""

    id: str
    """Lower case with hyphens; stays the same, because exceptions and other tools' memories name it."""
    title: str
    """What holds where the rule is kept."""
    why: str
    """What happens otherwise, in a sentence."""
    remedy: str
    """What to do about it."""
    severity: Severity
    topic: Literal["security", "cost", "upkeep"] = "security"
    """What it is about; code scanning grades security only."""
    advisory: bool = False
    """Whether a breach is printed as advice and closes no gate."""
    breaks: tuple[Example, ...]
    """Changes of a real plan that break it, with what it says of each and the checks of Checkov that see it too."""
    keeps: tuple[Example, ...]
    """Changes that come near and keep it."""
    trivy: tuple[str, ...] = ()
    """Trivy's checks that it answers to."""
    cis: tuple[str, ...] = ()
    """Recommendations of the CIS benchmark that it answers to."""

    def __post_init__(self) -> None:
        if not self.breaks or not self.keeps:
            raise ValueError(f"{self.id}: give an example that breaks it and one that comes near and keeps it")
        _KNOWN.setdefault(self.id, self)

    def __reduce__(self) -> tuple[Callable[[str], "Rule"], tuple[str]]:
        """Pickle as the id: what a rule does is code, and the process that reads it back has that too."""
        return by_id, (self.id,)

    @functools.cached_property
    def references(self) -> References:
        """The checks of other tools that it answers to: of Checkov's, those that see one of its examples."""
        seen = dict.fromkeys(check for example in self.breaks for check in example.checkov)
        return References(tuple(seen), self.trivy, self.cis)


def by_id(name: str) -> Rule:
    """Find a rule by its id; raises KeyError."""
    return _KNOWN[name]


_KNOWN: dict[str, Rule] = {}
"""The rules by id, as they were made first; the package that this module is of makes all of them."""


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule about one resource at a time."""

    applies: Callable[[str], bool]
    """Whether it is about resources of a short type, e.g. `storage.Bucket`."""
    check: Callable[[Registration, Settings], Iterator[str]]
    """Says each breach in words; raises UnknownError where only the real run can tell."""


@dataclass(frozen=True)
class Stack:
    """What a rule about the whole stack sees."""

    settings: Settings
    resources: tuple[Registration, ...]
    """Those that Google will hold; no components."""
    today: datetime.date
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the stack puts out; nothing in a policy pack, which is not told."""
    real: bool = False
    """Whether it is Pulumi's own run that is judged: what Google computes is then known, and no pattern of it is."""

    @functools.cached_property
    def accounts(self) -> Mapping[str, Registration]:
        """The stack's own service accounts, by the member that each is."""
        return {
            f"serviceAccount:{r.inputs.get('accountId')}@{r.inputs.get('project')}.iam.gserviceaccount.com": r
            for r in self.of("serviceaccount.Account")
        }

    def of(self, short: str) -> Sequence[Registration]:
        """List the resources of a short type."""
        return self._by_type.get(short, ())

    @functools.cached_property
    def _by_type(self) -> Mapping[str, Sequence[Registration]]:
        found: dict[str, list[Registration]] = {}
        for resource in self.resources:
            found.setdefault(short_type(resource.type), []).append(resource)
        return found

    @functools.cached_property
    def unpriced(self) -> Mapping[str | None, Sequence[str]]:
        """Why something of a resource has no known price or amount, by its URN."""
        found: dict[str | None, list[str]] = {}
        for item in self.estimate.items:
            if item.reason:
                found.setdefault(item.urn, []).append(item.reason)
        return found

    @functools.cached_property
    def estimate(self) -> "Estimate":
        """What it costs: worked out once for all rules on money, and only where one asks."""
        from coursecloud import cost

        return cost.of_resources(self.resources, self.settings)


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule about all resources together, or about the stack file."""

    check: Callable[[Stack], Iterator[str]]
    """As of a ResourceRule."""


@dataclass(frozen=True, kw_only=True)
class AmongRule(Rule):
    """A rule about one resource at a time that looks at the others too."""

    applies: Callable[[str], bool]
    """As of a ResourceRule."""
    check: Callable[[Registration, Stack], Iterator[str]]
    """As of a ResourceRule."""


@dataclass(frozen=True, kw_only=True)
class DeedRule(Rule):
    """A rule about what the program does beside asking for resources (`coursecloud.plan.effects`)."""

    kinds: frozenset[str]
    """The kinds of deeds that break it."""


@dataclass(frozen=True)
class Finding:
    """A rule that is broken, or that nobody can judge before the real run."""

    rule: Rule
    urn: str | None
    """The resource; None for the whole stack."""
    name: str
    """The resource's name in the program, or `stack`."""
    message: str
    """What is wrong, in words, without any secret value."""
    excepted: GuardrailException | None = None
    """The exception of the stack file that covers it today."""
    unknown: bool = False
    """Whether only the real run can tell."""

    @property
    def key(self) -> str:
        """What stays the same between revisions: the rule and the resource."""
        return f"{self.rule.id} {self.urn or STACK}"

    @property
    def level(self) -> Level:
        """`violation`, `advice` for an advisory rule, or `unknown`."""
        return "unknown" if self.unknown else "advice" if self.rule.advisory else "violation"

    @property
    def violates(self) -> bool:
        """Whether it closes the gate: a violation that no exception covers."""
        return self.level == "violation" and self.excepted is None
