"""What `--fail-on` was given, and what of a review closes the way."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from coursecloud.diff.changes import Change
from coursecloud.review import consequence, formatting
from coursecloud.review.dangers import Kind
from coursecloud.review.gates import GATES
from coursecloud.review.leaked import Leak
from coursecloud.review.stacks import Stack


@dataclass(frozen=True)
class Gate:
    """What closes the way, as the user wrote it."""

    text: str
    kind: str
    limit: Decimal | None = None

    def closed(
        self, stacks: Iterable[Stack], program: Sequence[str] = (), outside: Sequence[str] = (),
        leaks: Sequence[Leak] = (),
    ) -> Iterator[str]:  # fmt: skip
        """Say why the gate is closed, a line each: by the files of the `program` that differ, those `outside` of it,
        by secrets that come with any file, and by each stack."""
        if self.kind == "violation":
            for leak in leaks:
                yield f"--fail-on {self.text}: a secret comes with {formatting.visible(str(leak))}"
        if self.kind == "program" and program:
            yield f"--fail-on {self.text}: the program changes: {formatting.visible(formatting.files(program))}"
        if self.kind == "program" and outside:
            named = formatting.visible(formatting.files(outside))
            yield f"--fail-on {self.text}: files change that nothing here looks at: {named}"
        for stack in stacks:
            for why in self._why(stack):
                # What others wrote begins no line of its own.
                said = " ".join(f"{formatting.visible(stack.name)} {why}".split())
                yield f"--fail-on {self.text}: stack {said}"

    def _why(self, stack: Stack) -> Iterator[str]:
        if self.kind in ("replace", "delete"):
            found = [change for change in stack.changes if change.operation == self.kind]
            if found:
                yield f"{self.kind}s {_names(found)}"
        elif self.kind == "data-loss":
            for kind, what in LOSSES.items():
                if lost := [danger.change for danger in stack.dangers if danger.kind is kind and danger.change]:
                    yield f"{what} {_names(lost)}"
        elif self.kind == "refused":
            for refusal in stack.refusals:
                if refusal.fails:
                    yield f"cannot be updated so: {formatting.visible(refusal.value)}"
        elif self.kind == "access":
            for danger in stack.dangers:
                if danger.kind in (Kind.PUBLIC, Kind.ACCESS):
                    yield f"changes who has access: {formatting.visible(danger.text)}"
        elif self.kind == "program":
            for danger in stack.dangers:
                if danger.kind in (Kind.PROGRAM, Kind.RUNS, Kind.OUTPUTS):
                    yield formatting.visible(danger.text)
        elif self.kind == "protection":
            for each in stack.protection:
                yield f"is protected less: {formatting.visible(each.sentence)}"
        elif self.kind == "credit":
            if stack.cost and (told := consequence.closes(stack.cost)):
                yield f"has too little credit: {formatting.visible(told)}"
        elif self.kind == "violation":
            if stack.findings and stack.findings.violations:
                yield f"newly breaks {', '.join(dict.fromkeys(f.rule.id for f in stack.findings.violations))}"
        elif stack.cost and self.limit is not None:
            if stack.cost.per_hour > self.limit:
                yield f"costs {formatting.more(stack.cost.per_hour)} an hour with everything on"
            elif stack.cost.news_unknown:
                yield f"costs an unknown amount more: {'; '.join(stack.cost.news_unknown)}"


def _names(changes: Sequence[Change]) -> str:
    names = [formatting.visible(change.name) for change in changes]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


LOSSES = {
    Kind.DATA: "loses the data of",
    Kind.UNPROTECTED: "no longer keeps",
    Kind.PRUNES: "can delete what is in",
}


def gates(texts: Iterable[str]) -> tuple[list[Gate], list[str]]:
    """Read what `--fail-on` was given: the gates, and every mistake in words."""
    found: list[Gate] = []
    mistakes: list[str] = []
    for text in dict.fromkeys(texts):
        if text in GATES[:-1]:
            found.append(Gate(text, text))
            continue
        limit = _limit(text)
        if limit is not None:
            found.append(Gate(text, "cost", limit))
            continue
        rule = "X is a number of USD an hour, 0 or more" if text.startswith("cost") else f"one of {', '.join(GATES)}"
        mistakes.append(
            f"--fail-on {formatting.visible(text)!r}\n    rule    {rule}"
            "\n    remedy  e.g. --fail-on data-loss --fail-on 'cost>0.50'"
        )
    return found, mistakes


def _limit(text: str) -> Decimal | None:
    match = re.fullmatch(r"cost\s*>\s*([0-9]+(?:\.[0-9]+)?)", text, re.ASCII)
    try:
        return Decimal(match[1]) if match else None
    except InvalidOperation:
        return None
