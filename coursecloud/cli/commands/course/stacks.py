"""From a roster to stack files: what is new, what changes, what somebody's own edits keep, and what leaves.

`course.lock.json` has what was last written for each group. With it a file's edits by hand are told from the roster's
changes, and a group keeps its stack when it is renamed: another stack would be another environment, without its data.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from coursecloud.cli import init, schema
from coursecloud.cli.commands.course import differences, lock, people, removed, rewritten, whose
from coursecloud.cli.commands.course.lock import LOCK, Locked, locked
from coursecloud.cli.commands.course.roster import Group, Roster
from coursecloud.cli.init import write
from coursecloud.cli.init.answers import members_of
from coursecloud.common import stack_file, stack_yaml, writing
from coursecloud.course import summary
from coursecloud.starter import merging
from infra import files, secrecy
from infra.names import STACK
from infra.settings import EXAMPLE_PROJECT, Settings, SettingsError, credentials, load
from infra.settings.problem import RuleViolationError

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
    own: tuple[str, ...] = ()
    """These: what the stack file has otherwise than the roster last wrote."""
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
    stacks = whose.stacks(roster, known)
    beside = Path(os.path.relpath(root / schema.FILE, folder)).as_posix()
    reference = beside if folder.resolve().is_relative_to(root.resolve()) else ""
    found.mistakes += whose.mistakes(stacks, roster, known)
    for group in filter(lambda each: each.whole, roster.groups.values()):
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
        try:
            change = _change(stack, group, text, known.get(stack), folder, adopt=adopt)
        except files.NotReadError:
            raise
        except (ValueError, merging.MergeError) as error:
            found.mistakes.append(f"  {group.where}: {error}")
            continue
        if change.kind == "new":
            # What the roster's `settings` put into it: of a file that comes nobody sees a difference.
            plain = init.text(group.answers, owner=owner, schema=reference, settings=_place(group))
            change = replace(change, says=(*change.says, *differences.settings(plain, text)))
        found.changes.append(replace(change, says=(*change.says, *_links(change, folder))))
    found.mistakes += _mistakes(found.changes, folder, root)
    ends = set(ended)
    for stack in known.keys() - set(stacks.values()):
        entry = known[stack]
        into = roster.merged.get(entry.group)
        why = f"it became a part of {into}, whose row has all members now" if into else "the roster has it no longer"
        gone = stack in ends
        rest = (
            f"its file goes to {removed.FOLDER}/"
            if gone
            else f"its stack may exist, and {_file(folder, stack).name} is not here: bring it back by git, then"
            f" `coursecloud course finish --only {stack}` ends it"
            if not _file(folder, stack).exists()
            else f"its stack may exist, so its file stays: `coursecloud course finish --only {stack}` ends it, and the"
            " next `apply` puts the file away"
        )
        kind: Kind = "gone" if gone else "leaving"
        if kind == "leaving":
            here = [each.name for each in roster.groups.values() if each.answers.get("project") == entry.project]
            shared = f"{', '.join(here)} and {entry.group}, which is leaving, share the project {entry.project}"
            found.notes += [f"{shared}, and its bill"] if here else []
        found.changes.append(GroupChange(stack, entry.group, kind, project=entry.project, says=(f"{why}; {rest}",)))
    found.changes.sort(key=lambda each: each.stack)
    found.notes += (*_missing(found, known), *whose.unknown(roster, known, removed.stacks(folder)))
    return found


def _missing(found: Outlook, known: Mapping[str, Locked]) -> Iterator[str]:
    """Say which of the course's own files is not here, and what nobody can tell without it."""
    owned = any("owner:" in entry.text for entry in known.values())
    if owned and found.keyed and not (found.folder / write.KEY).exists():
        yield f"{write.KEY} is not here: each owner gets another pseudonym; bring it back, if there is one"
    if known:
        return
    there = ((stack, differences.text_of(file)) for stack, file in stack_file.every(found.folder))
    others = {stack for stack, text in there if EXAMPLE_PROJECT not in text} - {each.stack for each in found.changes}
    if others:
        what = f"{summary.names(sorted(others))}: of which course these stack files are is not known"
        yield f"{what}, as {LOCK} is not here; of a group that has left it would tell"


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
            private[_members(folder, each.stack)] = each.members
        if each.kind in ("new", "changed", "same"):
            entries[each.stack] = Locked(each.group, each.project, each.base, each.members_sum).__dict__
    if outlook.keyed and not (folder / write.KEY).exists():
        private[folder / write.KEY] = f"{key.hex()}\n"
    if private and (ignoring := write.ignoring(folder, (*write.IGNORED, "*.csv"))):
        texts[folder / ".gitignore"] = ignoring
    content = {"version": lock.VERSION, "groups": {stack: entries[stack] for stack in sorted(entries)}}
    gone = [file for each in outlook.of("gone") for file in (_file(folder, each.stack), _members(folder, each.stack))]
    # All or nothing: what was written of half of it would be taken for somebody's own edits.
    lines = f"{json.dumps(content, indent=1)}\n"
    with writing.uninterrupted(), removed.put_away(folder, gone):
        writing.write_all({**private, **texts, folder / LOCK: lines}, private=frozenset(private))
    return [*texts, *private]


def _place(group: Group) -> dict[str, Any]:
    """Give where the roster keeps the group's state: that is another of each, and the roster's own line for all."""
    course = group.settings.get("coursecloud:course")
    own = isinstance(course, dict) and bool(group.place) and course.get("backend") == group.place  # pyright: ignore
    return {"coursecloud:course": {"backend": group.place}} if own else {}


def _change(stack: str, group: Group, text: str, entry: Locked | None, folder: Path, *, adopt: bool) -> GroupChange:
    path, project = _file(folder, stack), group.answers["project"]
    table = members_of(group.answers)
    who = people.look(_members(folder, stack), stack, table, entry.members if entry else "", adopt=adopt)
    told = GroupChange(stack, group.name, "same", base=text, project=project, members=who.text, members_sum=who.sum)
    if entry and entry.group != group.name:
        told = replace(told, renamed=entry.group)
    others = path.with_suffix(".yml")
    there = differences.text_of(path) if path.exists() else None
    plain, salt = rewritten.apart(there, entry.text if entry else text) if there is not None else (None, "")
    own = (
        f"{others.name} is there, and Pulumi reads one of the two: it stays; call it {path.name}"
        if others.exists()
        else "it is there and was not written from the roster: it stays; `--adopt` takes it over as it is"
        if entry is None and plain not in (None, text) and not adopt
        else ""
    )
    if own or who.meets == "theirs":
        return _untouched(told, "theirs", *([own] if own else []), *(who.says if who.meets else ()))
    if plain is None:
        said = ("its file was not there any more",) if entry else ()
        comers = who.says if entry or who.text is None else ()  # all of a new group are the table's
        return replace(told, kind="new", text=text, says=(*said, *comers), edited=bool(who.own), own=who.own)
    if not _is_one(plain):
        said = f"{path.name} is no YAML, and stays: mend it, or bring back the committed one"
        return _untouched(told, "conflict", said)
    if entry is None and plain != text:
        stack_file.read(stack, path)
        own = (*differences.settings(text, plain), *who.own)
        return replace(told, edited=True, own=own, says=("taken over as it is", *who.says))
    base = entry.text if entry else text
    edited = plain != base
    merged, conflicts = (text, []) if not edited else (plain, []) if base == text else merging.merge(plain, base, text)
    if not conflicts and edited and base != text and not _is_one(merged):
        conflicts = ["a key that both have now"]
    if conflicts or who.meets:
        meets = [f"meets edits by hand in {', '.join(conflicts)} of {path.name}"] if conflicts else []
        return _untouched(told, "conflict", *differences.settings(base, text), *meets, *who.says)
    new = None if merged == plain else merged + salt
    says = (*differences.settings(plain, merged), *differences.consequences(plain, merged), *who.says)
    kind: Kind = "same" if new is None and who.text is None else "changed"
    own = tuple(differences.settings(base, plain)) if edited else ()
    own += who.own + tuple(f"`{line.strip()}`" for line in salt.splitlines() if not line.startswith("encryptionsalt"))
    return replace(told, kind=kind, text=new, says=says, edited=bool(own), own=own)


def _links(change: GroupChange, folder: Path) -> Iterator[str]:
    """Say what takes the place of a link: what it leads to is somebody else's, and is not written."""
    for path, text in ((_file(folder, change.stack), change.text), (_members(folder, change.stack), change.members)):
        if text is not None and path.is_symlink():
            yield f"{path.name} is a link: a file of its own takes its place, and {path.readlink()} stays as it is"


def _is_one(text: str) -> bool:
    """Say whether what was merged is YAML: two that add one key at two places leave it there twice."""
    try:
        files.yaml_of(text, stack_yaml.Loader)
    except (ValueError, yaml.YAMLError):
        return False
    return True


def _untouched(told: GroupChange, kind: Kind, *says: str) -> GroupChange:
    """Leave a group as it is, the members' file too, and say what would have changed."""
    return replace(told, kind=kind, says=says, edited=kind == "conflict", members=None)


def _mistakes(changes: Iterable[GroupChange], folder: Path, root: Path) -> Iterator[str]:
    """Read each file as it will be, as `up` does: with the rules of the project. What is wrong with several is one."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="coursecloud-course-") as name:
        for each in changes:
            if each.text is None:
                continue
            file = Path(name) / f"Pulumi.{each.stack}.yaml"
            file.write_text(each.text, encoding="utf-8")
            try:
                # The members' file as it is, unless it is written anew.
                beside = folder if each.members is None else Path(name)
                made = load(stack_file.read(each.stack, file), each.stack, root, beside=beside)
                wrong = list(_secrets(made))
            except SettingsError as error:
                wrong = [str(problem).replace(f"{name}/", "") for problem in error.problems]
            for text in wrong:
                found.setdefault(text, []).append(each.group)
    yield from (f"  {summary.names(groups)}: {text}" for text, groups in found.items())


def _secrets(made: Settings) -> Iterator[str]:
    """Say where the value of a secret would come into a file that everybody with the repository has."""
    for path, _, found in secrecy.walk(made.model_dump(mode="json", by_alias=True)):
        yield (
            f"coursecloud:{path} would hold what looks like a secret ({found.what})\n"
            f"    rule    {credentials.RULE}\n"
            "    remedy  take it out of the roster and revoke it; a secret is named under coursecloud:secrets"
        )


def _members(folder: Path, stack: str) -> Path:
    return folder / f"members.{stack}.yaml"


def _file(folder: Path, stack: str) -> Path:
    return folder / f"Pulumi.{stack}.yaml"
