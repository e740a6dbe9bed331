"""From a roster to stack files: what is new, what changes, what somebody's own edits keep, and what leaves.

`course.lock.json` has what was last written for each group. With it a file's edits by hand are told from the roster's
changes, and a group keeps its stack when it is renamed: another stack would be another environment, without its data.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from coursecloud.cli import init, schema
from coursecloud.cli.commands.course import differences, rewritten
from coursecloud.cli.commands.course.lock import LOCK, Locked, locked
from coursecloud.cli.commands.course.roster import Group, Roster
from coursecloud.cli.init import write
from coursecloud.cli.init.answers import members_of, stack_of
from coursecloud.common import stack_file, writing
from coursecloud.starter import merging
from infra import files, secrecy
from infra.names import STACK
from infra.settings import Settings, SettingsError, credentials, load
from infra.settings.problem import RuleViolationError

REMOVED = "removed"
"""Folder of the stack files of groups that have left and whose stacks are finished."""
Kind = Literal["new", "changed", "same", "conflict", "theirs", "leaving", "gone"]


@dataclass(frozen=True)
class GroupChange:
    """What comes of one group's file."""

    stack: str
    group: str
    kind: Kind
    text: str | None = None
    """What its file will be; None where it stays as it is."""
    base: str = ""
    """What the roster makes of it."""
    project: str = ""
    says: tuple[str, ...] = ()
    """What changes, or why nothing does: `coursecloud:lease.ends: 2026-12-17 becomes 2026-12-19`."""
    edited: bool = False
    """Somebody's edits of it are kept."""
    renamed: str = ""
    """What the group was called before."""
    members: str | None = None
    """What its members' file will be; None where that stays as it is."""
    members_sum: str = ""


@dataclass
class Outlook:
    """All that an `apply` would do."""

    folder: Path
    changes: list[GroupChange] = field(default_factory=list[GroupChange])
    mistakes: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    keyed: bool = False
    """Pseudonyms were made, so the key that made them has to stay."""

    def of(self, *kinds: Kind) -> list[GroupChange]:
        """List the changes of some kinds."""
        return [each for each in self.changes if each.kind in kinds]


def look(
    roster: Roster, folder: Path, root: Path, key: bytes, *, ended: Iterable[str] = (), adopt: bool = False
) -> Outlook:
    """Work out what an `apply` would do; nothing is written. `ended` are stacks of which nothing is left.

    `root` is the project, whose rules a stack file has to keep. Raises ValueError for a lock file that is none.
    """
    known, found = locked(folder), Outlook(folder, notes=list(roster.notes), keyed=roster.pseudonyms)
    stacks = _stacks(roster, known)
    beside = Path(os.path.relpath(root / schema.FILE, folder)).as_posix()
    reference = beside if folder.resolve().is_relative_to(root.resolve()) else ""
    for group in roster.groups.values():
        stack = stacks[group.name]
        if not STACK.fullmatch(stack):
            found.mistakes.append(f"  {group.where}: {stack!r} can be no stack's name\n    remedy  name it as group-07")
            continue
        members = members_of(group.answers)
        owner = write.pseudonym(members[0], key) if members else ""
        found.keyed |= bool(owner)
        try:
            text = init.text(group.answers, owner=owner, schema=reference, settings=group.settings)
        except RuleViolationError as error:
            found.mistakes.append(f"  {group.where}\n    rule    {error.rule}\n    remedy  {error.remedy}")
            continue
        change = _change(stack, group, text, known.get(stack), folder, adopt=adopt)
        if change.kind == "new":
            # What the roster's `settings` put into it: of a file that comes nobody sees a difference.
            plain = init.text(group.answers, owner=owner, schema=reference, settings=_place(group.settings))
            change = replace(change, says=(*change.says, *differences.settings(plain, text)))
        found.changes.append(change)
    found.mistakes += _mistakes(found.changes, folder, root)
    ends = set(ended)
    for stack in known.keys() - set(stacks.values()):
        entry = known[stack]
        into = roster.merged.get(entry.group)
        why = f"it became a part of {into}, whose row has all members now" if into else "the roster has it no longer"
        gone = stack in ends
        rest = (
            f"its file goes to {REMOVED}/"
            if gone
            else f"its stack may exist, so its file stays: `coursecloud course finish --only {stack}` ends it, and the"
            " next `apply` puts the file away"
        )
        kind: Kind = "gone" if gone else "leaving"
        found.changes.append(GroupChange(stack, entry.group, kind, project=entry.project, says=(f"{why}; {rest}",)))
    found.changes.sort(key=lambda each: each.stack)
    return found


def apply(outlook: Outlook, key: bytes) -> list[Path]:
    """Write all of it, whole or not at all; gives the files. Raises WriteError."""
    folder = outlook.folder
    entries = {stack: entry.__dict__ for stack, entry in locked(folder).items()}
    texts, private = dict[Path, str](), dict[Path, str]()
    for each in outlook.changes:
        if each.kind == "gone":
            entries.pop(each.stack)
            continue
        if each.kind == "leaving":
            entries[each.stack] = {**entries[each.stack], "leaving": True}
            continue
        if each.text is not None:
            texts[_file(folder, each.stack)] = each.text
        if each.members is not None:
            private[folder / f"members.{each.stack}.yaml"] = each.members
        if each.kind in ("new", "changed", "same"):
            entries[each.stack] = Locked(each.group, each.project, each.base, each.members_sum).__dict__
    if outlook.keyed and not (folder / write.KEY).exists():
        private[folder / write.KEY] = f"{key.hex()}\n"
    if private:
        _ignore(folder)
        writing.write_all(private, mode=write.PRIVATE)
    content = {"version": 1, "groups": {stack: entries[stack] for stack in sorted(entries)}}
    writing.write_all({**texts, folder / LOCK: f"{json.dumps(content, indent=1)}\n"})
    for each in outlook.of("gone"):
        (folder / REMOVED).mkdir(exist_ok=True)
        for file in (_file(folder, each.stack), folder / f"members.{each.stack}.yaml"):
            if file.exists():
                file.replace(folder / REMOVED / file.name)
    return [*texts, *private]


def _place(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Take of a group's settings where its state is: that is another of each, and the roster's own line for all."""
    course = settings.get("coursecloud:course")
    if not isinstance(course, dict) or "backend" not in course:
        return {}
    return {"coursecloud:course": {"backend": course["backend"]}}


def _stacks(roster: Roster, known: Mapping[str, Locked]) -> dict[str, str]:
    """Say which stack each group has: the one that it had, also under another name or where only its project is known.

    A project names a group only where it is one group's, before and now.
    """
    had = {entry.group: stack for stack, entry in known.items()}
    before = {new: old for old, new in roster.renamed.items()}
    vanished = {
        entry.group: entry for entry in known.values() if entry.group not in roster.groups and not entry.leaving
    }
    by_project: dict[str, list[str]] = {}
    for name, entry in vanished.items():
        by_project.setdefault(entry.project, []).append(name)
    now: dict[str, list[str]] = {}
    for group in roster.groups.values():
        now.setdefault(group.answers["project"], []).append(group.name)
    made: dict[str, str] = {}
    for group in roster.groups.values():
        project = group.answers["project"]
        alone = len(by_project.get(project, ())) == len(now[project]) == 1
        old = before.get(group.name) or (
            by_project[project][0] if alone and by_project[project][0] not in roster.merged else ""
        )
        stacks = [stack for name in (group.name, old) if (stack := had.get(name))]
        # Two that trade their names keep their projects, by which each is told from the other.
        stacks.sort(key=lambda stack: known[stack].project != project)
        made[group.name] = stacks[0] if stacks else stack_of(group.answers)
    return made


def _change(stack: str, group: Group, text: str, entry: Locked | None, folder: Path, *, adopt: bool) -> GroupChange:
    members, members_sum = _members(stack, group, entry, folder)
    told: dict[str, Any] = {"project": group.answers["project"], "base": text, "members": members, "members_sum": members_sum}  # noqa: E501  # fmt: skip
    if entry and entry.group != group.name:
        told["renamed"] = entry.group
    path = _file(folder, stack)
    if not path.exists():
        said = ("its file was not there any more",) if entry else ()
        return GroupChange(stack, group.name, "new", text, says=said, **told)
    there = files.text_of(path).replace("\r\n", "\n")
    plain, salt = rewritten.apart(there, entry.text if entry else text)
    if entry is None and plain != text:
        if adopt:
            return GroupChange(stack, group.name, "same", edited=True, says=("taken over as it is",), **told)
        said = "it is there and was not written from the roster: it stays; `--adopt` takes it over as it is"
        return GroupChange(stack, group.name, "theirs", says=(said,), **told)
    base = entry.text if entry else text
    edited = plain != base
    merged, conflicts = (text, []) if not edited else (plain, []) if base == text else merging.merge(plain, base, text)
    if conflicts:
        said = (*differences.settings(base, text), f"meets edits by hand in {', '.join(conflicts)} of {path.name}")
        return GroupChange(stack, group.name, "conflict", says=said, edited=True, **told)
    kind: Kind = "same" if merged == plain and (members is None) else "changed"
    new = None if merged == plain else merged + salt
    says = (*differences.settings(plain, merged), *differences.people(members, folder / f"members.{stack}.yaml"))
    return GroupChange(stack, group.name, kind, new, says=says, edited=edited, **told)


def _members(stack: str, group: Group, entry: Locked | None, folder: Path) -> tuple[str | None, str]:
    """Write the members' file anew, unless somebody has changed it since it was last written here."""
    members = members_of(group.answers)
    before = entry.members if entry else ""
    if not members:
        return None, before
    text = f"# The members of {stack}. Git ignores this file.\n" + yaml.safe_dump(members, allow_unicode=True)
    path = folder / f"members.{stack}.yaml"
    there = files.text_of(path) if path.exists() else None
    if there == text:
        return None, _sum(text)
    if there is not None and _sum(there) != before:
        return None, before
    return text, _sum(text)


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _mistakes(changes: Iterable[GroupChange], folder: Path, root: Path) -> Iterator[str]:
    """Read each file as it will be, as `up` does: with the rules of the project."""
    with tempfile.TemporaryDirectory(prefix=".coursecloud-course-", dir=folder) as name:
        for each in changes:
            if each.text is None:
                continue
            file = Path(name) / f"Pulumi.{each.stack}.yaml"
            file.write_text(each.text, encoding="utf-8")
            try:
                made = load(stack_file.read(each.stack, file), each.stack, root)
                yield from _secrets(each.group, made)
            except SettingsError as error:
                yield f"  {each.group}: " + str(error).replace(f"{name}/", "").replace("\n", "\n  ")


def _secrets(group: str, made: Settings) -> Iterator[str]:
    """Say where the value of a secret would come into a file that everybody with the repository has."""
    for path, _, found in secrecy.walk(made.model_dump(mode="json", by_alias=True)):
        yield (
            f"  {group}: coursecloud:{path} would hold what looks like a secret ({found.what})\n"
            f"    rule    {credentials.RULE}\n"
            "    remedy  take it out of the roster and revoke it; a secret is named under coursecloud:secrets"
        )


def _file(folder: Path, stack: str) -> Path:
    return folder / f"Pulumi.{stack}.yaml"


def _ignore(folder: Path) -> None:
    path = folder / ".gitignore"
    before = files.text_of(path) if path.exists() else ""
    missing = [line for line in (*write.IGNORED, "*.csv") if line not in before.splitlines()]
    if missing:
        head = before if not before or before.endswith("\n") else f"{before}\n"
        writing.write(path, head + "\n".join(["# people's addresses stay on this machine", *missing, ""]))
