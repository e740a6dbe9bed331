"""Reads the edits of this folder, makes each, and says what names it: rules of a check, and gates of a review."""

from __future__ import annotations

import datetime
import functools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from coursecloud.plan import planning
from coursecloud.plan.planning import Plan
from coursecloud.policy import check
from coursecloud.review import closing, stacks
from coursecloud.review.gates import GATES
from coursecloud.review.report import Review
from infra.settings import SettingsError
from tests.project import ROOT

HERE = Path(__file__).parent
PROGRAM = HERE / "program"
TODAY = datetime.date(2026, 11, 25)
REFUSED = "refused"
"""In the place of a rule: it is refused before anything is planned."""


@dataclass(frozen=True)
class Edit:
    """One edit: code behind the small program, or a text in the place of another in the stack file `full`."""

    kind: str
    """The file that it stands in."""
    edit: str
    by: str
    """The rule that names it, `refused`, or a gate of a review as `gate NAME`."""
    says: str
    """Words of what is said."""
    instead: str = ""
    """Of an edit of the stack file: the text that goes."""

    def __str__(self) -> str:
        return f"{self.kind}: {(self.edit.strip() or self.instead.strip()).splitlines()[-1][:90]}"


@dataclass(frozen=True)
class Named:
    """What names an edit: each rule or gate with its words."""

    said: tuple[tuple[str, str], ...]

    def by(self, edit: Edit) -> bool:
        return any(rule == edit.by and edit.says in text for rule, text in self.said)


def every() -> list[Edit]:
    """Read all edits that something has to name."""
    return [edit for file in sorted((HERE / "edits").glob("*.yaml")) for edit in _read(file)]


def passing() -> list[tuple[Edit, str]]:
    """Read the edits that still pass, each with why."""
    listed: list[dict[str, str]] = yaml.safe_load((HERE / "passes.yaml").read_text(encoding="utf-8"))
    return [(Edit("passes", each["edit"], "", "", each.get("instead", "")), each["why"]) for each in listed]


def _read(file: Path) -> Iterator[Edit]:
    for each in yaml.safe_load(file.read_text(encoding="utf-8")):
        yield Edit(file.stem, **each)


@functools.cache
def base(*, stack_file: bool) -> Plan:
    """Plan what is edited: the small program, or the stack that has everything on."""
    return _stack("") if stack_file else program("")


def tried(edit: Edit) -> Named:
    """Make an edit, and hold it against the rules and against what was there."""
    stack_file = bool(edit.instead)
    before = base(stack_file=stack_file)
    try:
        after = _stack(edit.edit, edit.instead) if stack_file else program(edit.edit)
    except SettingsError as error:
        return Named(((REFUSED, str(error)),))
    except Exception as error:  # noqa: BLE001 - whatever a program raises ends the plan with its words
        return Named(((REFUSED, str(error)),))
    old = {finding.key for finding in check(before, TODAY) if finding.violates}
    found = [(f.rule.id, f"{f.name}: {f.message}") for f in check(after, TODAY) if f.violates and f.key not in old]
    review = Review("base", "head", (stacks.review(after.settings.stack, before, after, today=TODAY),))
    gates, mistakes = closing.gates([*GATES[:-1], "cost>0.5"])
    assert not mistakes
    closed = [(f"gate {gate.kind}", text) for gate in gates for text in gate.closed(review.stacks)]
    return Named((*found, *closed))


def program(code: str, stack_file: Path = PROGRAM / "Pulumi.unit.yaml") -> Plan:
    """Plan the small program with code behind it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = (PROGRAM / "__main__.py").read_text(encoding="utf-8")
        (root / "__main__.py").write_text(f"{text}{code}\n", encoding="utf-8")
        return planning.make("unit", stack_file, root, twice=True)


def _stack(new: str, old: str = "") -> Plan:
    text = (ROOT / "Pulumi.full.yaml").read_text(encoding="utf-8")
    assert not old or text.count(old) == 1, f"{text.count(old)} times: {old}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.full.yaml"
        file.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        return planning.make("full", file, ROOT, twice=True)
