"""The same rules as policies of a Pulumi policy pack; `__main__` serves them to the engine.

Reading a value that a preview does not know ends a policy of the SDK with one advisory line for each resource.
Here such values are marked as in a plan, the rules meet them as offline, and one advisory line a rule says at the
end of a preview which resources only the real run can judge; during `up` the values are known and the rules hold.
"""

import dataclasses
import datetime
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from coursecloud.plan import adoption, effects, named_files
from coursecloud.plan.planning import short_type
from coursecloud.plan.registration import UNKNOWN, Registration
from coursecloud.policy import evaluation
from coursecloud.policy.rule import AmongRule, DeedRule, Finding, ResourceRule, Rule, Stack, StackRule
from coursecloud.policy.rules import CURRENT, RULES
from infra import secrecy
from infra.settings import Settings, load

_OURS = ("coursecloud:", "gcp:project", "gcp:region", "gcp:zone")
_DEFAULT = re.compile(r"default(_\d[\w.-]*)?")
"""What the engine (CLI 3.272) calls a provider that it makes by itself."""

_LISTED = 3
"""How many resources a line names before it counts the others."""


class Run:
    """What the policies of one run of the engine share: the stack's settings, its resources, what was found."""

    def __init__(self, settings: Callable[[], Settings], today: datetime.date):
        self._read = settings
        self._settings: Settings | None = None
        self.today = today
        self.resources: dict[str, Registration] = {}
        """By URN, as the program asked for them: a later phase of the run replaces what an earlier one left."""
        self.found: dict[tuple[str, str | None], Finding] = {}
        """By rule and URN."""

    @property
    def settings(self) -> Settings:
        """The stack's settings, read when the first resource arrives."""
        if self._settings is None:
            self._settings = self._read()
        return self._settings

    def note(self, rule: Rule, urn: str | None, findings: Sequence[Finding]) -> list[Finding]:
        """Keep what a rule finds about a resource, and give what closes the gate or is advice."""
        self.found.pop((rule.id, urn), None)
        judged = [evaluation.excepted(finding, self.settings, self.today) for finding in findings]
        for finding in judged:
            self.found[rule.id, urn] = finding
        return [finding for finding in judged if finding.excepted is None and not finding.unknown]


def policies(run: Run | None = None) -> list[Policy]:
    """Make a policy of each rule, and three about the run itself: exceptions, and what is not known yet."""
    shared = run or Run(settings_of_stack, datetime.datetime.now().astimezone().date())
    made: list[Policy] = []
    for rule in RULES:
        if isinstance(rule, ResourceRule):
            made.append(ResourceValidationPolicy(validate=_on_resource(rule, shared), **_described(rule)))
        elif isinstance(rule, AmongRule):
            made.append(StackValidationPolicy(validate=_among(rule, shared), **_described(rule)))
        elif isinstance(rule, StackRule):
            made.append(StackValidationPolicy(validate=_on_stack(rule, shared), **_described(rule)))
        elif isinstance(rule, DeedRule):
            made.append(ResourceValidationPolicy(validate=_on_deeds(rule, shared), **_described(rule)))
    made.append(StackValidationPolicy(validate=_current(shared), **_described(CURRENT)))
    made.append(
        StackValidationPolicy(
            name="exceptions-in-force",
            description="Exceptions of the stack file that hold today.",
            validate=_in_force(shared),
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    )
    made.append(
        StackValidationPolicy(
            name="known-only-to-the-real-run",
            description="Not judged in a preview: `pulumi up` holds these rules once the values are known.",
            validate=_unknown(shared),
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    )
    return made


def settings_of_stack() -> Settings:
    """Read the settings of the stack that the engine runs: it hands a pack the stack's configuration.

    Raises SettingsError where the configuration has a mistake, as the program does.
    """
    # The engine does not say where the project is; the pack lies in it.
    # Whether another provider's setting was encrypted the engine does not tell a pack; the program has judged it.
    config = {key: value for key, value in pulumi.runtime.get_config_env().items() if key.startswith(_OURS)}
    return load(config, os.environ["PULUMI_STACK"], Path(__file__).parents[2])


def _described(rule: Rule) -> dict[str, Any]:
    references = rule.references
    return {
        "name": rule.id,
        "description": f"{rule.title}. {rule.why}",
        "display_name": rule.title,
        "remediation_steps": rule.remedy,
        "severity": Severity(rule.severity),
        "enforcement_level": EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY,
        "tags": [*references.checkov, *references.trivy],
        "framework": PolicyComplianceFramework(
            name="CIS Google Cloud Platform Foundation Benchmark", reference=", ".join(references.cis)
        )
        if references.cis
        else None,
    }


def _on_resource(rule: ResourceRule, run: Run) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not args.resource_type.startswith("gcp:") or not rule.applies(short_type(args.resource_type)):
            return
        resource = registration(args.resource_type, args.name, args.urn, args.props, run.settings)
        run.resources[resource.urn] = resource
        for finding in run.note(rule, resource.urn, [*evaluation.of_resource(rule, resource, run.settings)]):
            report(_text(finding), finding.urn)

    return validate


def _on_deeds(rule: DeedRule, run: Run) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """Judge what the engine tells a pack of a resource: its type, its provider, and what of it is overlooked."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        # The stack itself, and the provider that the engine makes where the program names none.
        if args.resource_type == "pulumi:pulumi:Stack" or _DEFAULT.fullmatch(args.name):
            return
        made = registration(args.resource_type, args.name, args.urn, args.props, run.settings)
        overlooked = {"ignoreChanges": list(args.opts.ignore_changes)} if args.opts.ignore_changes else {}
        provider = args.provider.urn if args.provider and not _DEFAULT.fullmatch(args.provider.name) else None
        # A component has no provider.
        made = dataclasses.replace(made, custom=args.provider is not None, provider=provider, options=overlooked)
        # The engine tells a pack nothing of an import or of what stays; the stack file says what is the group's own.
        own = adoption.ids(run.settings).get((made.type, made.name))
        alone = overlooked.get("ignoreChanges") == adoption.EVERYTHING
        found = effects.of_resource(made, adopted=bool(own) and alone and adoption.path(made) == own)
        for finding in run.note(rule, made.urn, [*evaluation.of_deeds(rule, found)]):
            report(_text(finding), finding.urn)

    return validate


def _on_stack(rule: StackRule, run: Run) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for finding in run.note(rule, None, [*evaluation.of_stack(rule, _seen(run, args))]):
            report(_text(finding), None)

    return validate


def _among(rule: AmongRule, run: Run) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = _seen(run, args)
        for resource in stack.resources:
            if rule.applies(short_type(resource.type)):
                for finding in run.note(rule, resource.urn, [*evaluation.among(rule, resource, stack)]):
                    report(_text(finding), finding.urn)

    return validate


def _seen(run: Run, args: StackValidationArgs) -> Stack:
    """Take all that is there at a run's end, as the program asked for it."""
    there = {resource.urn for resource in args.resources}
    return Stack(
        run.settings, tuple(r for urn, r in sorted(run.resources.items()) if urn in there), run.today, real=True
    )


def _current(run: Run) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(_: StackValidationArgs, report: ReportViolation) -> None:
        outdated, _unused = evaluation.exceptions_without_use([*run.found.values()], run.settings, run.today)
        for finding in outdated:
            report(_text(finding), None)

    return validate


def _in_force(run: Run) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(_: StackValidationArgs, report: ReportViolation) -> None:
        lines: list[str] = []
        for entry in run.settings.guardrails.exceptions:
            names = sorted(finding.name for finding in run.found.values() if finding.excepted == entry)
            if names:
                reason = " ".join(secrecy.hide(entry.reason).split())
                lines.append(f"{entry.rule} until {entry.until}, for {_some(names)}: {reason}")
        _outdated, unused = evaluation.exceptions_without_use([*run.found.values()], run.settings, run.today)
        lines += [f"{entry.rule} of {entry.resource} covers nothing: remove it" for entry in unused]
        if lines:
            report("\n".join(lines), None)

    return validate


def _unknown(run: Run) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(_: StackValidationArgs, report: ReportViolation) -> None:
        by_rule: dict[tuple[str, str], list[str]] = {}
        for finding in run.found.values():
            if finding.unknown and finding.excepted is None:
                by_rule.setdefault((finding.rule.id, finding.message), []).append(finding.name)
        if by_rule:
            lines = (
                f"{rule}: {message} of {_some(sorted(names))}" for (rule, message), names in sorted(by_rule.items())
            )
            report("\n".join(lines), None)

    return validate


def _some(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _text(finding: Finding) -> str:
    references = str(finding.rule.references)
    return "\n".join(
        [
            finding.message,
            f"remedy: {finding.rule.remedy}",
            *([f"also known as: {references}"] if references else []),
        ]
    )


def registration(kind: str, name: str, urn: str, props: Mapping[str, Any], settings: Settings) -> Registration:
    """Take a resource as the engine shows it to a pack for one that a plan has."""
    root = Path(__file__).parents[2]
    made = Registration(
        urn=urn,
        type=kind,
        name=name,
        custom=True,
        parent=None,
        inputs=cast("Mapping[str, Any]", _plain(props)),
        dependencies=(),
        property_dependencies={},
        provider=None,
        protect=False,
        options={},
    )
    return named_files.read(made, root, root, settings)


def _plain(value: object) -> object:
    """Undo the SDK's wrapping: unknown values marked as in a plan, whole numbers as integers.

    What the provider takes where the program says nothing, and lists in `__defaults`, is left out as in a plan.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        defaults = _plain(entries.get("__defaults") or ())
        left_out = {"__defaults", *cast("Sequence[str]", defaults)}
        return {key: _read(entries, key) for key in entries if key not in left_out}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = cast("Sequence[object]", value)
        return [_read(items, index) for index in range(len(items))]
    return value


def _read(container: Any, key: object) -> object:
    try:
        return _plain(container[key])
    except UnknownValueError:
        return UNKNOWN
