"""What Pulumi's engine tells of a run, one JSON event a line (`--json`): read into what was found, done and refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

Json = dict[str, Any]

DONE = {
    "create": "created",
    "create-replacement": "made anew",
    "update": "updated",
    "delete": "deleted",
    "import": "taken over",
    "import-replacement": "taken over",
}
"""What a step has done, by its `op` (CLI 3.272); what has no word here changes nothing in the cloud by itself."""

FORGOTTEN = {"import": "adopted", "delete": "left as it is", "delete-replaced": "left as it is"}
"""The same of what is the group's own, which Pulumi forgets in place of deleting."""


def done(step: Json) -> str:
    """Say in a word what a step has done, by the engine's event of its end."""
    op = cast("str", step["op"])
    stays = cast("Json", step.get("old") or step.get("new") or {}).get("retainOnDelete")
    return (FORGOTTEN.get(op) if stays else None) or DONE[op]


QUIET = frozenset({"same", "refresh", "read", "read-replacement", "read-discard", "discard-replaced"})


@dataclass
class Told:
    """All that a run told; `code` is Pulumi's exit code."""

    code: int = 0
    steps: list[Json] = field(default_factory=list)
    """What is planned or begun: `op`, `urn`, `oldState`, `newState`; what stays as it is, is left out."""
    refreshed: list[Json] = field(default_factory=list)
    """What was looked at in the cloud: `urn`, `type`, `old`, `new` (None where it is gone), `diff` (by property)."""
    unread: list[str] = field(default_factory=list)
    """URNs that were to be looked at, and of which nothing came."""
    done: list[tuple[str, str]] = field(default_factory=list)
    """(what in a word of `DONE`, URN)."""
    failed: dict[str, str] = field(default_factory=dict)
    """By URN: in what words the provider said no."""
    errors: list[str] = field(default_factory=list)
    """What went wrong and is about no resource."""
    warnings: list[str] = field(default_factory=list)
    program: list[str] = field(default_factory=list)
    """What the program wrote to its standard error."""
    wanted: dict[str, Json] = field(default_factory=dict)
    """By URN: `type`, `inputs` and `parent` of what the program wants of each resource that was begun."""

    def take(self, line: str) -> Json | None:
        """Read one line; gives the event where there is something to say of it at once."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            if line.strip():
                self.errors.append(line.strip())
            return None
        event = cast("Json", event)
        if begun := cast("Json | None", event.get("resourcePreEvent")):
            self._begun(cast("Json", begun["metadata"]))
        elif ended := cast("Json | None", event.get("resOutputsEvent")):
            return event if self._ended(cast("Json", ended["metadata"]), planning=bool(ended.get("planning"))) else None
        elif said := cast("Json | None", event.get("diagnosticEvent")):
            return event if self._said(said) else None
        elif "policyEvent" in event or "stdoutEvent" in event:
            return event
        return None

    def _begun(self, step: Json) -> None:
        urn, op = cast("str", step["urn"]), cast("str", step["op"])
        if op == "refresh":
            if step["type"] != "pulumi:pulumi:Stack" and (step.get("old") or {}).get("custom"):
                self.unread.append(urn)
            return
        if new := step.get("new"):
            self.wanted[urn] = new
        if op not in QUIET:
            self.steps.append({
                "op": op, "urn": urn, "oldState": step.get("old") or {}, "newState": step.get("new") or {},
                "replaceReasons": step.get("keys") or (), "diffReasons": step.get("diffs") or (),
            })  # fmt: skip

    def _ended(self, step: Json, *, planning: bool) -> bool:
        urn, op = cast("str", step["urn"]), cast("str", step["op"])
        if urn in self.unread:
            self.unread.remove(urn)
            self.refreshed.append({
                "urn": urn, "type": step["type"], "old": step.get("old") or {}, "new": step.get("new"),
                "diff": step.get("detailedDiff") or {},
            })  # fmt: skip
            return False
        if planning or op not in DONE or step["type"].startswith("pulumi:"):
            return False
        if not cast("Json", step.get("new") or step.get("old") or {}).get("custom"):
            return False  # a component is nothing in the cloud
        self.done.append((done(step), urn))
        return True

    def _said(self, said: Json) -> bool:
        text, urn = cast("str", said.get("message") or "").strip(), cast("str", said.get("urn") or "")
        severity = said.get("severity")
        if severity == "error" and text:
            # Of several texts about one resource the first is the cause.
            if not urn or urn.endswith("::pulumi:pulumi:Stack") or "::pulumi:pulumi:Stack::" in urn:
                self.errors.append(text)
            else:
                self.failed.setdefault(urn, text)
        elif severity == "warning" and text and text not in self.warnings and "from $PATH" not in text:
            self.warnings.append(text)
            return True
        if severity == "info#err":
            self.program.append(cast("str", said.get("message") or "").rstrip())
        return severity == "info" and bool(text)


def name(urn: str) -> str:
    """Give the name that the program calls a resource by."""
    return urn.rpartition("::")[2]


def kind(urn: str) -> str:
    """Give its type in a word: `Bucket`."""
    return urn.split("::")[2].rpartition("$")[2].rpartition(":")[2]


def called(urn: str) -> str:
    """Give both: `Bucket data`."""
    return f"{kind(urn)} {name(urn)}"
