"""What an update would take away, read from Pulumi's own preview of it before anything is touched. Pure decisions."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from catalog import types
from coursecloud.diff.engine_events import name
from coursecloud.plan import import_ids

Json = dict[str, Any]
DELETES = frozenset({"delete", "delete-replaced", "replace", "create-replacement"})
"""Steps after which what was there is gone (CLI 3.272, `op` of `pulumi preview --json`)."""

MEMBERS_BY_FILE = "membersByFile"
"""The stack's output that lists the members, by their key, of `members.STACK.yaml`."""

_MEMBER = re.compile(r"member-[0-9a-f]{8}(?=-)")


@dataclass(frozen=True)
class Twin:
    """A resource that the program calls otherwise than the state does, and that is one and the same to Google."""

    type: str
    old: str
    """URN in the state."""
    new: str
    """URN in the program."""
    identity: str
    """Google's name for it."""

    @property
    def name(self) -> str:
        """What the program calls it now."""
        return name(self.new)

    @property
    def kind(self) -> str:
        """Its type in a word: `Bucket`."""
        return _kind(self.type)

    @property
    def alias(self) -> str:
        """Write the alias that makes one of the two, in Python."""
        if self.old.split("::")[2] == self.new.split("::")[2]:
            return f'pulumi.Alias(name="{name(self.old)}")'
        return f'"{self.old}"'


@dataclass(frozen=True)
class Loss:
    """Something that holds data, and goes."""

    type: str
    urn: str
    what: str
    """What is in it, in words."""
    replaced: bool
    """It is made anew, empty."""
    called: str = ""
    """What Google calls it, where its inputs say so."""

    @property
    def name(self) -> str:
        """What the program calls it, and a person names it by."""
        return name(self.urn)

    def __str__(self) -> str:
        """Say it in a line."""
        anew = "; it would be made anew, empty" if self.replaced else ""
        google = f" ({self.called})" if self.called else ""
        return f"{_kind(self.type)} {self.name}{google}: {self.what}{anew}"


def twins(steps: Iterable[Json], resources: Iterable[Json]) -> list[Twin]:
    """List what the update would create although the state holds it already, under another URN."""
    known = dict(import_ids.held(list(resources)))
    found: list[Twin] = []
    for step in steps:
        new = cast("Json", step.get("newState") or {})
        if step["op"] not in ("create", "import"):
            continue
        same = import_ids.identity(new.get("type", ""), new.get("inputs") or {})
        if same in known and known[same] != step["urn"]:
            found.append(Twin(new["type"], known[same], step["urn"], import_ids.plain(same)))
    return found


def losses(steps: Iterable[Json], spared: Collection[str] = ()) -> list[Loss]:
    """List what holds data and would go, but for the URNs that are `spared`."""
    listed = list(steps)
    anew = {step["urn"] for step in listed if step["op"] in ("create-replacement", "replace")}
    found: dict[str, Loss] = {}
    for step in listed:
        if step["op"] in DELETES and step["urn"] not in spared:
            going = loss(cast("Json", step.get("oldState") or {}), replaced=step["urn"] in anew)
            if going:
                found.setdefault(going.urn, going)
    return sorted(found.values(), key=lambda loss: loss.urn)


def in_state(resources: Iterable[Json], *, protected: bool) -> list[Loss]:
    """List what of a state a destroy would take that holds data; with `protected` also what is kept."""
    found = [loss(resource, replaced=False) for resource in resources if protected or not resource.get("protect")]
    return sorted((each for each in found if each), key=lambda each: each.urn)


def leaving(steps: Iterable[Json], state: Json, members: Collection[str]) -> list[str]:
    """List who would lose their access although nobody took them out of the stack file, by their key.

    `members` are the keys of whom the settings name. The stack's outputs say who came in by somebody's
    `members.STACK.yaml`; a state from before they did says nothing, and then whoever goes may have come that way.
    """
    matches = [_MEMBER.match(name(step["urn"])) for step in steps if step["op"] == "delete"]
    gone = {match[0] for match in matches if match} - set(members)
    by_file = _members_by_file(state)
    return sorted(gone if by_file is None else gone & set(by_file))


ALIAS = "give the resource its old name as an alias: opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(...)])"


def renamed(twins: Sequence[Twin]) -> Iterator[str]:
    """Say that resources were renamed without an alias, and how to write it."""
    if not twins:
        return
    lines = [f"    {twin.kind} {twin.name}: {twin.identity}\n        aliases=[{twin.alias}]" for twin in twins]
    yield (
        f"{len(twins)} resource{'s' if len(twins) > 1 else ''} would be DELETED, because the program calls "
        "what is there by another name:\n"
        + "\n".join(lines)
        + "\n    rule    the engine knows a resource by its name, its type and the component that it is in; under a new"
        "\n            one it makes it anew, which Google refuses or takes for the same, and then deletes the old one"
        "\n    remedy  give each its old name as above, in its pulumi.ResourceOptions; where a whole component was"
        "\n            renamed or moved, give it to the component, and its children follow"
    )


def lost(losses: Sequence[Loss]) -> Iterator[str]:
    """Say what holds data and would go."""
    if not losses:
        return
    named = " ".join(f"--lose {name}" for name in dict.fromkeys(loss.name for loss in losses))
    yield (
        f"{count(losses)} would be GONE:\n"
        + "\n".join(f"    {loss}" for loss in losses)
        + "\n    rule    what holds data is deleted or made anew only by name; --yes is no answer to it"
        "\n    remedy  undo what changes it in the stack file or the program (`coursecloud review` says what does);"
        f"\n            or copy the data first, and say: {named}"
    )


def locked_out(members: Sequence[str], stack: str) -> Iterator[str]:
    """Say whose access would go because a file is not here."""
    if not members:
        return
    yield (
        f"{len(members)} member{'s' if len(members) > 1 else ''} would LOSE their access: {', '.join(members)}"
        f"\n    rule    they came in by a members.{stack}.yaml, which git ignores; the one in this folder, if there is"
        "\n            one, does not name them"
        f"\n    remedy  get the file of who deployed last, or write them into coursecloud:team.members; if they are"
        f"\n            to go, say: {' '.join(f'--lose {key}' for key in members)}"
    )


def count(losses: Sequence[Loss]) -> str:
    """Count stores in words."""
    return "1 store with its data" if len(losses) == 1 else f"{len(losses)} stores with their data"


def loss(resource: Json, *, replaced: bool) -> Loss | None:
    """Say what goes with a resource of a state; None where it holds no data, or stays in the cloud."""
    kind: str = resource.get("type", "")
    # A component is nothing in the cloud; events leave `custom` out where it is false.
    if not resource.get("custom") or kind.startswith("pulumi:") or resource.get("retainOnDelete"):
        return None
    known = types.of(kind)
    if known and known.classed:
        what = f"all {known.holds} in it" if known.holds else None
    else:
        lets_in = types.grants(types.short_type(kind))
        what = None if lets_in else "whatever is in it: nobody has said what this type holds"
    if not what:
        return None
    google = import_ids.import_id(kind, resource.get("inputs") or {}) or ""
    return Loss(kind, resource["urn"], what, replaced, google.rpartition("/")[2])


def _members_by_file(state: Json) -> Collection[str] | None:
    for resource in cast("list[Json]", state.get("resources") or []):
        if resource["type"] == "pulumi:pulumi:Stack":
            listed = cast("Json", resource.get("outputs") or {}).get(MEMBERS_BY_FILE)
            return cast("list[str]", listed) if isinstance(listed, list) else None
    return None


def _kind(token: str) -> str:
    return token.rpartition(":")[2]
