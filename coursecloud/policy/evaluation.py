"""Holds a plan against the rules, and what it finds against the exceptions of the stack file."""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.registration import Deed, Registration
from coursecloud.policy.reading import UnknownError
from coursecloud.policy.rule import STACK, AmongRule, DeedRule, Finding, ResourceRule, Rule, Stack, StackRule
from coursecloud.policy.rules import CURRENT, RULES
from infra import secrecy
from infra.settings import Settings
from infra.settings.guardrails import GuardrailException
from infra.settings.problem import nearest

LONGEST = datetime.timedelta(days=366)
"""An exception without an end in sight is none: nobody would look at it again."""


@dataclass(frozen=True)
class Checked:
    """All that a check of one stack says."""

    stack: str
    findings: tuple[Finding, ...]
    """By severity, then rule, then resource."""
    unused: tuple[GuardrailException, ...]
    """Exceptions that cover nothing and are still in date: advice to remove them."""
    rules: int
    """How many rules were held against the stack."""
    resources: int
    """How many resources were looked at."""

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What closes the gate."""
        return tuple(finding for finding in self.findings if finding.violates)


def check(plan: Plan, today: datetime.date) -> tuple[Finding, ...]:
    """Hold a plan, also one of another revision, against every rule. `today` decides which exceptions hold."""
    return checked(plan, today).findings


def checked(plan: Plan, today: datetime.date) -> Checked:
    """Check a plan, and count what was looked at."""
    settings, resources = plan.settings, plan.custom
    stack = Stack(settings, resources, today, plan.outputs)
    typed = [(resource, short_type(resource.type)) for resource in resources]
    found: list[Finding] = []
    for rule in RULES:
        if isinstance(rule, ResourceRule):
            for resource, kind in typed:
                if rule.applies(kind):
                    judged = of_resource(rule, resource, settings)
                    found += _as_found(judged) if plan.adopts(resource) else judged
        elif isinstance(rule, AmongRule):
            for resource, kind in typed:
                if rule.applies(kind):
                    judged = among(rule, resource, stack)
                    found += _as_found(judged) if plan.adopts(resource) else judged
        elif isinstance(rule, StackRule):
            found += of_stack(rule, stack)
        elif isinstance(rule, DeedRule):
            found += of_deeds(rule, plan.deeds)
    covered = [excepted(finding, settings, today) for finding in found]
    outdated, unused = exceptions_without_use(found, settings, today)
    return Checked(
        settings.stack, tuple(sorted((*covered, *outdated), key=_order)), tuple(unused), len(RULES), len(resources)
    )


def _as_found(judged: Iterable[Finding]) -> Iterator[Finding]:
    """Say of what is the group's own that only the real run can tell: its settings are as found, not as planned."""
    for finding in judged:
        said = "it is the group's own and used as it is: what is set there, only Google knows"
        yield Finding(finding.rule, finding.urn, finding.name, said, unknown=True)


def of_deeds(rule: DeedRule, deeds: Iterable[Deed]) -> Iterator[Finding]:
    """Hold what the program does against one rule: a finding a resource, and one for the program itself."""
    by_subject: dict[tuple[str | None, str], list[str]] = {}
    for deed in deeds:
        if deed.kind in rule.kinds:
            by_subject.setdefault((deed.urn, deed.name if deed.urn else STACK), []).append(deed.text)
    for (urn, name), texts in by_subject.items():
        yield Finding(rule, urn, name, "; ".join(dict.fromkeys(texts)))


_SEVERITIES = ("critical", "high", "medium", "low")


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return _SEVERITIES.index(finding.rule.severity), finding.rule.id, finding.name, finding.urn or ""


def of_resource(rule: ResourceRule, resource: Registration, settings: Settings) -> Iterator[Finding]:
    """Hold one resource against one rule that applies to it: at most one finding."""
    yield from _finding(rule, resource.urn, resource.name, lambda: rule.check(resource, settings))


def among(rule: AmongRule, resource: Registration, stack: Stack) -> Iterator[Finding]:
    """Hold one resource among the others against one rule that applies to it: at most one finding."""
    yield from _finding(rule, resource.urn, resource.name, lambda: rule.check(resource, stack))


def of_stack(rule: StackRule, stack: Stack) -> Iterator[Finding]:
    """Hold the whole stack against one rule: at most one finding."""
    yield from _finding(rule, None, STACK, lambda: rule.check(stack))


def _finding(rule: Rule, urn: str | None, name: str, judge: Callable[[], Iterator[str]]) -> Iterator[Finding]:
    breaches: list[str] = []
    unknown = None
    try:
        # One by one: what was found before an unknown value counts.
        for breach in judge():
            breaches.append(breach)  # noqa: PERF402
    except UnknownError as error:
        unknown = error
    if breaches:
        # A rule repeats what it judges, which may hold a secret that another rule is about.
        yield Finding(rule, urn, name, "; ".join(dict.fromkeys(map(secrecy.hide, breaches))))
    elif unknown:
        yield Finding(rule, urn, name, unknown.said, unknown=True)


def excepted(finding: Finding, settings: Settings, today: datetime.date) -> Finding:
    """Mark a finding with the exception that covers it; one that has ended covers nothing, and that is said."""
    about = [entry for entry in settings.guardrails.exceptions if entry.matches(finding.rule.id, finding.name)]
    in_force = next((entry for entry in about if today <= entry.until), None)
    message = finding.message
    if about and in_force is None:
        last = max(about, key=lambda entry: entry.until)
        message += f"; its exception ended on {last.until} ({last.reason})"
    return Finding(finding.rule, finding.urn, finding.name, message, in_force, finding.unknown)


def exceptions_without_use(
    found: list[Finding], settings: Settings, today: datetime.date
) -> tuple[list[Finding], list[GuardrailException]]:
    """Judge the exceptions: as one violation those that have ended, have no end in sight or name no rule; and those
    that cover nothing but may."""
    ids = {rule.id for rule in RULES}
    wrong: list[str] = []
    unused: list[GuardrailException] = []
    for entry in settings.guardrails.exceptions:
        about = f"{entry.rule} of {entry.resource}"
        if entry.until > today + LONGEST:
            wrong.append(f"{about}: its end, {entry.until}, is more than a year away")
        if entry.rule not in ids:
            meant = nearest(entry.rule, ids, "copy the id from `coursecloud check`")
            wrong.append(f"{about}: there is no such rule; {meant}")
        elif not any(entry.matches(finding.rule.id, finding.name) for finding in found):
            if entry.until < today:
                wrong.append(f"{about}: it ended on {entry.until}, and nothing needs it any more")
            else:
                unused.append(entry)
    return ([Finding(CURRENT, None, STACK, "; ".join(wrong))] if wrong else []), unused
