"""Walks the lines of lines.yaml: each by the tool that it names, as its identity, on a stack that is there."""

from __future__ import annotations

import datetime
import functools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from emulator import Emulator
from emulator.caller import Caller, named
from emulator.needs import Need
from emulator.shapes import is_list, is_object, many
from emulator.world import World
from tests.exercises import filled, identities, tools
from tests.exercises.filled import PROJECT
from tests.exercises.identities import NAMES, Identities, NoTokenError, email
from tests.exercises.provider import Made
from tests.project import CHANNEL

Json = dict[str, Any]
HERE = Path(__file__).parent
KINDS = ("gcloud", "dvc", "ask", "may")
REGION, ZONE = "europe-west4", "europe-west4-a"
CONDITION = "attribute condition"
"""What stands in the place of a permission where the federation provider does not take somebody."""


@dataclass(frozen=True)
class Line:
    """One line of one identity."""

    row: str
    who: str
    kind: str
    text: str
    body: Any = None
    refused: str = ""
    today: str = ""
    after: str = ""

    @property
    def expected(self) -> str:
        """The permission that it is refused for today, or nothing."""
        return self.refused or self.today

    def __str__(self) -> str:
        return f"{self.row} as {self.who}{' after the lease' if self.after else ''}: {self.kind} {self.text}"


@dataclass(frozen=True)
class Asked:
    """One permission that was asked of somebody on the way."""

    member: str
    need: Need
    modified: tuple[str, ...] | None
    given: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a line: the permission that was missing, or nothing; what was asked; what the tool said."""

    refused: str
    asked: tuple[Asked, ...] = ()
    said: str = ""


@dataclass
class Stage:
    """A stack that is there, with work in its stores, and those who walk on it."""

    emulator: Emulator
    made: list[Made]
    who: Identities
    before: World
    """As it is before each line."""
    home: Path
    until: datetime.timedelta
    """From today until the lease's grace days are over."""
    callers: dict[str, Caller] = field(default_factory=dict[str, Caller])
    """Everybody who has asked for something, by name."""
    touched: bool = False
    """Whether the last line has changed something."""


def names(stage: Stage) -> Mapping[str, str]:
    """The names that stand in braces."""
    place = f"projects/{PROJECT}/locations/{REGION}"
    return {
        "project": PROJECT,
        "number": stage.emulator.world.projects[PROJECT].number,
        "region": REGION,
        "zone": ZONE,
        **{bucket: NAMES.bucket(bucket) for bucket in ("data", "models", "staging")},
        **{kind: f"{place}/repositories/{NAMES.resource(kind)}" for kind in ("docker", "python")},
        "secret": NAMES.secret("WANDB_API_KEY"),
        "demo": NAMES.resource("demo"),
        "backend": NAMES.resource("backend"),
        "trigger": NAMES.resource("trainer"),
        "instance": f"projects/{PROJECT}/zones/{ZONE}/instances/{NAMES.resource('workbench')}",
        "workbench": NAMES.resource("workbench"),
        "stack": filled.STACK,
        **{f"{name}_account": email(name) for name in ("machines", "training", "prediction", "builds", "services")},
        "deploy_account": email("deploy"),
        "channel": CHANNEL,
        "member": identities.PEOPLE["member"][0],
    }


@functools.cache
def lines() -> tuple[Line, ...]:
    """Read lines.yaml; ValueError for a line that is none."""
    found = tuple(_read(yaml.safe_load((HERE / "lines.yaml").read_text(encoding="utf-8"))))
    if twice := [str(line) for at, line in enumerate(found) if line in found[:at]]:
        raise ValueError(f"lines.yaml: {twice} is there twice")
    return found


def _read(groups: list[Json]) -> Iterator[Line]:
    for group in groups:
        for entry in group["lines"]:
            kinds = [kind for kind in KINDS if kind in entry]
            unknown = set(entry) - {*KINDS, "body", "refused", "today", "after", "why"}
            if len(kinds) != 1 or unknown or ("refused" in entry and "today" in entry):
                raise ValueError(f"lines.yaml: {entry}: one of {KINDS}, then body, refused or today, after, why")
            if kinds == ["may"] and "why" not in {**group, **entry}:
                raise ValueError(f"lines.yaml: {entry}: why it is no request here")
            told = {name: entry[name] for name in ("body", "refused", "today", "after") if name in entry}
            for who in many(group, "as") if is_list(group["as"]) else [group["as"]]:
                yield Line(str(group["row"]), str(who), kinds[0], str(entry[kinds[0]]), **told)


def missing(line: Line) -> str:
    """Why the line cannot be walked on this machine, or nothing."""
    return f"{line.kind} is not here" if line.kind in tools.FOUND_HERE and not tools.FOUND_HERE[line.kind] else ""


def walk(stage: Stage, line: Line) -> Outcome:
    """Walk one line on the stack as it was before, and say what came of it."""
    emulator = stage.emulator
    if stage.touched:
        emulator.restore(stage.before)
    stage.touched = bool(line.after)
    if line.after:
        emulator.world.ahead += stage.until
    start = len(emulator.requests)
    known = names(stage)
    text = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], line.text)
    if line.kind == "may":
        permission, on = text.split()
        member = stage.who.member(line.who)
        stage.callers[member] = named(member, stage.who.groups(line.who))
        given = emulator.may(member, permission, on, *stage.who.groups(line.who))
        service, _, path = on.partition(":")
        return Outcome("" if given else permission, (Asked(member, Need(permission, service, path), None, given),))
    try:
        token = stage.who.token(line.who)
    except NoTokenError as refused:
        return outcome(stage, start, False, str(refused))
    if line.kind == "ask":
        good, said = _ask(stage, token, text, line.body, known)
    else:
        done = tools.RUN[line.kind](stage, line, token, text)
        good, said = done.returncode == 0, done.stdout + done.stderr
    return outcome(stage, start, good, said)


def outcome(stage: Stage, start: int, good: bool, said: str) -> Outcome:
    """Read in the record what came of everything since request number `start`."""
    entries = stage.emulator.requests[start:]
    stage.callers |= {token.caller.member: token.caller for token in stage.emulator.world.tokens.values()}
    stage.touched |= any(entry.get("write") for entry in entries)
    asked: list[Asked] = []
    first = ""
    for entry in entries:
        lacks = [note.split()[2] for note in entry.get("notes", ()) if " lacks " in f" {note} " and "lacks" in note]
        lost = re.search(r"lacks (\S+) on", " ".join(entry.get("notes", ())))
        lacked = lost[1] if lost and lacks else ""
        if "attribute condition" in str(entry.get("error")) or (entry["id"] == "sts.token" and entry["status"] == 400):
            lacked = CONDITION
        first = first or lacked
        modified = tuple(entry["modified"]) if "modified" in entry else None
        for permission, service, path in entry.get("needs", ()):
            given = permission != lacked
            asked.append(Asked(entry["as"], Need(permission, service, path), modified, given))
            if not given:
                break
    if not good and not first:
        raise AssertionError(f"it failed, and not for want of a permission: {said[-2000:]}\n{entries[-5:]}")
    return Outcome("" if good else first, tuple(asked), said)


def _ask(stage: Stage, token: str, text: str, body: Any, known: Mapping[str, str]) -> tuple[bool, str]:
    method, path = text.split(maxsplit=1)
    session = requests.Session()
    session.trust_env = False
    answer = session.request(
        method,
        f"{stage.emulator.url}/{path}",
        json=_filled(body, known),
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    return answer.status_code < 300, answer.text


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], value)
    if is_list(value):
        return [_filled(each, known) for each in value]
    return {key: _filled(each, known) for key, each in value.items()} if is_object(value) else value


def main() -> None:
    """Walk what the arguments name, or all, and say what came of each line."""
    from tests.exercises import stage as stages

    counts: Counter[str] = Counter()
    bad = 0
    with stages.stage() as here:
        for line in lines():
            if not all(word in str(line) for word in sys.argv[1:]):
                continue
            try:
                came = walk(here, line)
            except AssertionError as failed:
                came = Outcome(str(failed))
            mark = "ok " if came.refused == line.expected else "BAD"
            sys.stdout.write(f"{mark} {line} -> {came.refused or 'allowed'} (expected {line.expected or 'allowed'})\n")
            if mark == "BAD":
                bad += 1
                sys.stdout.write("    " + came.said[-1500:].replace("\n", "\n    ") + "\n")
                for each in came.asked:
                    sys.stdout.write(f"      {each.member} {each.need.permission} {each.need.path} {each.given}\n")
            counts["refused today" if line.today else "refused" if came.refused else "allowed"] += 1
            sys.stdout.flush()
    counts["as expected"] = sum(counts.values()) - bad
    sys.stdout.write(f"{', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
