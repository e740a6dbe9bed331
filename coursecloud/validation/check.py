"""A plan held against Google's API descriptions and our dated facts: what is wrong, and what was checked by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from coursecloud.plan import provenance
from coursecloud.plan.planning import Plan, short_type
from coursecloud.plan.provenance import Provenance
from coursecloud.plan.registration import Registration
from coursecloud.validation import constraints, cross_field, discovery, request, sdk
from coursecloud.validation.discovery import Document
from coursecloud.validation.mapping import TypeMapping, mapping_of, names_in
from coursecloud.validation.message_validation import Held, Holder, hold_parameter
from coursecloud.validation.path_view import Broken
from coursecloud.validation.request import Leaf, ProviderRequest, written
from coursecloud.validation.values import Breach, required
from infra.settings import Settings
from infra.settings.problem import MISSING, likely, nearest

BASES = ("enum", "pattern", "format", "ours", "type", "unsent", "later")
"""What an input was held against.

enum, pattern and format are Google's, `ours` is a rule of our dated facts, and an input can be held against one of
each. The others exclude all else: `type` is the type of Google's field only, `unsent` never reaches the API, and
`later` is known to the real run only.
"""


UNCHECKED = ("unmapped type", "unmapped")
"""The kinds of findings that say nothing against a plan but that something of it cannot be checked."""


@dataclass(frozen=True)
class ApiFinding:
    """One thing that Google would refuse, or that cannot be checked for want of a mapping."""

    resource: str
    """Short type and name, e.g. `storage.Bucket data`."""
    urn: str
    input: str
    """Path of the input; empty where it is about the whole resource."""
    value: object
    kind: str
    """unmapped type, unmapped, unknown input, method, unknown field, output only, required, enum, pattern, format,
    type, ours, or between (a rule between inputs)."""
    rule: str
    remedy: str
    place: Provenance


@dataclass
class ValidationReport:
    """What a check found, and how much it looked at."""

    findings: list[ApiFinding] = field(default_factory=list[ApiFinding])
    coverage: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    """Of each API: how many `inputs`, how many of them were held against what (BASES), and how many `required`
    fields were looked for."""
    unsent: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """How many inputs never reach the API: by type and path, and the reason."""
    revisions: dict[str, str] = field(default_factory=dict[str, str])
    """The revision of each API's description, as YYYYMMDD."""

    @property
    def totals(self) -> Counter[str]:
        """Add the coverage of all APIs up."""
        return sum(self.coverage.values(), Counter[str]())


def check(plan: Plan) -> ValidationReport:
    """Hold every resource of a plan; raises documents.MissingError where the descriptions are not installed."""
    discovery.folder()
    report = ValidationReport()
    across = cross_field.across(plan.custom)
    for resource in plan.custom:
        mapping = mapping_of(resource.type)
        if mapping is None:
            rule = (
                "catalog/types says where the inputs of each type go in Google's API (`request`), and not of this one"
            )
            file = f"catalog/types/{short_type(resource.type)}.json"
            remedy = f"write it into {file}, with the method that creates it and each of its inputs"
            found = _finding(resource, "", "", resource.type, "unmapped type", rule, remedy)
            report.findings.append(found)
            continue
        _Resource(resource, mapping, plan.settings, report).check(across.get(resource.urn, []))
    report.findings.sort(key=lambda finding: (finding.resource, finding.input, finding.kind))
    return report


@dataclass(frozen=True)
class _Resource:
    """The check of one resource."""

    resource: Registration
    mapping: TypeMapping
    settings: Settings
    report: ValidationReport

    def check(self, across: list[Broken]) -> None:
        """Check it; `across` are the rules between resources that it breaks."""
        mapping, report = self.mapping, self.report
        document = discovery.load(mapping.service, mapping.version)
        report.revisions[mapping.api] = document.revision
        counted = report.coverage.setdefault(mapping.api, Counter[str]())
        made = request.make(mapping, self.resource.inputs)
        self._unsent(made)
        entry = document.entries.get(mapping.method)
        if entry is None:
            rule = f"{mapping.api} of {document.revision} has no method {mapping.method}"
            self._add("", "", MISSING, "method", rule, f"correct catalog/types/{short_type(self.resource.type)}.json")
            return
        bases = {leaf.at: {"later" if leaf.unknown else "unsent"} for leaf, _ in made.unsent}
        bases |= {leaf.at: {"later"} for leaf in made.later} | {leaf.at: {"enum"} for leaf, _ in made.translated}
        fields: dict[str, str] = {}
        wrong: set[str] = set()
        for held in self._held(document, made):
            if held.basis == "required":
                counted["required"] += 1
            elif held.leaf:
                bases.setdefault(held.leaf.at, set()).add(held.basis)
                fields.setdefault(held.leaf.at, held.field)
            if held.breach:
                wrong.add(held.leaf.at if held.leaf else "")
                self._breach(held, held.breach)
        for judged in constraints.judge(self.resource.type, self.resource.inputs, self.settings):
            at = judged.leaf.at
            if at in bases and not judged.key:
                bases[at].add("ours")
            if judged.breach and at not in wrong:
                wrong.add(at)
                self._ours(judged, judged.breach, fields.get(at, ""))
        for broken in (*cross_field.judge(self.resource.type, self.resource.inputs), *across):
            view = broken.view
            if view.at not in wrong:
                value = view.value if view.given else MISSING
                rule = f"{mapping.api}: {broken.rule}"
                self._add(view.at, view.generic, value, "between", rule, broken.remedy)
        counted["inputs"] += len(bases)
        for held_against in bases.values():
            told = held_against - {"type", "unsent"}
            counted.update(told or held_against)

    def _held(self, document: Document, made: ProviderRequest) -> Iterator[Held]:
        mapping = self.mapping
        entry = document.entries[mapping.method]
        described = entry.get("parameters", {})
        given = {parameter.name for parameter in made.parameters}
        for parameter in made.parameters:
            yield from hold_parameter(described.get(parameter.name), parameter, mapping.method)
        for name, rule in described.items():
            # What a description words as required can be of no use; what the provider sends is.
            sent = name in mapping.path or name in mapping.query
            if rule.get("required") or (sent and required(name, rule, mapping.method)):
                missing = None if name in given else Breach("required", "there")
                yield Held(f"{mapping.method} {{{name}}}", None, "required", missing, name)
        if message := entry.get("request", {}).get("$ref"):
            yield from Holder(document, mapping.method).body(message, made.body)

    def _unsent(self, made: ProviderRequest) -> None:
        for leaf, reason in made.unsent:
            self.report.unsent[f"{short_type(self.resource.type)} {leaf.generic}", reason] += 1
        tops = {leaf.parts[0]: leaf for leaf in reversed(made.unmapped)}
        for name, leaf in sorted(tops.items(), key=lambda item: str(item[0])):
            if sdk.has(self.resource.type, (name,)):
                self._unmapped(str(name), leaf)
                continue
            rule = "the provider has no such input"
            remedy = nearest(str(name), sdk.names(self.resource.type), "leave it out")
            self._add(str(name), leaf.generic, leaf.value, "unknown input", rule, remedy)
        for leaf, target in made.translated:
            if str(leaf.value) in target.values:
                continue
            rule = f"the provider knows {', '.join(target.values)}"
            self._add(leaf.at, leaf.generic, leaf.value, "enum", rule, nearest(str(leaf.value), target.values))

    def _unmapped(self, at: str, leaf: Leaf) -> None:
        rule = f"it cannot be checked: the mapping lacks it (catalog/types/{short_type(self.resource.type)}.json)"
        remedy = "add it to the type's inputs, with the field that it goes to, or to unsent with the reason"
        self._add(at, leaf.generic, leaf.value, "unmapped", rule, remedy)

    def _breach(self, held: Held, wrong: Breach) -> None:
        if wrong.kind == "required":
            at = self._input_of(held)
            self._add(at, at, MISSING, wrong.kind, f"{self.mapping.api} {held.field} is required", "give it a value")
            return
        rule = f"{self.mapping.api} {held.field} must be {wrong.expected}"
        leaf = held.leaf
        at, generic, value = (leaf.at, leaf.generic, leaf.value) if leaf else ("", "", MISSING)
        parts = _upto(leaf, held.field.rpartition(".")[2]) if leaf else ()
        if wrong.kind == "unknown field" and leaf and sdk.has(self.resource.type, parts):
            self._unmapped(written(parts), leaf)
            return
        if wrong.kind in ("unknown field", "output only"):
            rule = f"{self.mapping.api} has no {held.field}" if wrong.kind == "unknown field" else rule
            known = sdk.names(self.resource.type, parts[:-1]) if parts and wrong.known else ()
            remedy = nearest(held.field.rpartition(".")[2], known or wrong.known, "leave it out")
        else:
            remedy = nearest(str(value), wrong.known, f"write {wrong.expected}")
        self._add(at, generic, value, wrong.kind, rule, remedy)

    def _input_of(self, held: Held) -> str:
        """Name the input that fills a field or parameter which is missing."""
        if held.parameter:
            form = {**self.mapping.path, **self.mapping.query}.get(held.parameter, "")
            missing = ", ".join(name for name in names_in(form) if name not in self.resource.inputs)
        else:
            missing = self.mapping.input_of(held.field.partition(".")[2])
        return missing or f"({held.field})"

    def _ours(self, judged: constraints.Judged, wrong: Breach, field: str) -> None:
        leaf, fact = judged.leaf, judged.fact
        value = leaf.parts[-1] if judged.key else leaf.value
        meant = likely(str(value), wrong.known)
        remedy = f"did you mean '{meant}'?" if meant else f"write {wrong.expected}"
        if "like" in fact.form:
            remedy = f"write for example {fact.form['like']}"
        if (table := fact.form.get("table")) in ("zones", "machineTypes", "gpus"):
            remedy += "" if remedy.endswith("?") else "."
            remedy += f" One that is newer than the table goes into coursecloud:allow.{table}"
        what = f"{self.mapping.api} {field}{': the key' if judged.key else ''}"
        rule = f"{what} must be {wrong.expected} ({fact.source})" + (f": {wrong.why}" if wrong.why else "")
        self._add(leaf.at, leaf.generic, value, "ours", rule, remedy)

    def _add(self, at: str, generic: str, value: object, kind: str, rule: str, remedy: str) -> None:
        self.report.findings.append(_finding(self.resource, at, generic, value, kind, rule, remedy))


def _upto(leaf: Leaf, name: str) -> tuple[str | int, ...]:
    """Cut the way to a value off behind a field's name, where the field is called as its input is."""
    ends = [number for number, part in enumerate(leaf.parts, 1) if part == name]
    return leaf.parts[: ends[-1]] if ends else leaf.parts


def _finding(
    resource: Registration, at: str, generic: str, value: object, kind: str, rule: str, remedy: str
) -> ApiFinding:
    name = f"{short_type(resource.type)} {resource.name}"
    return ApiFinding(name, resource.urn, at, value, kind, rule, remedy, provenance.of(resource, generic))
