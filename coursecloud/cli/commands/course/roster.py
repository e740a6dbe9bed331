"""The groups of a course: a roster in YAML, or a table as a spreadsheet writes it, with rules and overrides.

What a roster says of a group is what `coursecloud init` asks, and beside it any key of a stack file. Addresses stand in
the table alone, which git does not take; a roster has pseudonyms.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml

from coursecloud.cli import init
from coursecloud.cli.commands.course import parts
from coursecloud.cli.init import said, sheet, table
from coursecloud.cli.init.answers import Answers, unanswered
from coursecloud.common import stack_yaml, unreadable
from coursecloud.course import sharing
from infra import files
from infra.settings import alone
from infra.settings.problem import MISSING, nearest

FILE = sharing.ROSTER
KEYS = sharing.ALL_KEYS
ROLES: Mapping[str, tuple[str, ...]] = {"page": ("look",), "runner": ("stop", "deploy")}
"""The course's two identities, and what each group is asked to let them do."""


class RosterError(Exception):
    """A roster that cannot be read; the text says every mistake with its place, rule and remedy."""


@dataclass(frozen=True)
class Group:
    """What the roster says of one group."""

    name: str
    answers: Answers
    settings: Mapping[str, Any]
    where: str
    """Where it stands: `line 4 of groups.csv`."""
    place: str = ""
    """Where the roster keeps its state; empty where it says nothing."""
    whole: bool = True
    """Nothing is wrong with what is said of it, so that its stack file can be held to all rules."""


@dataclass
class Roster:
    """All groups of a course, in their order."""

    file: Path
    groups: dict[str, Group] = field(default_factory=dict[str, Group])
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """New name by old name."""
    merged: Mapping[str, str] = field(default_factory=dict[str, str])
    """The group that another one became a part of, by that one's name."""
    notes: list[str] = field(default_factory=list[str])
    pseudonyms: bool = False
    """Stacks do not have their groups' names."""
    named: set[str] = field(default_factory=set[str])
    """Groups that the table has in a line with a mistake."""
    mistakes: list[str] = field(default_factory=list[str])
    """Each with its place, rule and remedy."""
    missing: frozenset[str] = frozenset()
    """Columns that the table has not, which its own mistakes say."""
    unread: bool = False
    """There is no table that can be read, so which groups there are is not known."""

    def called(self, old: str) -> str:
        """Say what a group is called now, also where it was renamed more than once."""
        seen = {old}
        while (new := self.renamed.get(old)) and (new in self.groups or new not in seen):
            seen.add(new)
            old = new
            if new in self.groups:
                break
        return old


def read(file: Path, key: bytes = b"", *, text: str | None = None) -> Roster:
    """Read a roster. `key` makes pseudonyms; `text` is what the file will hold.

    Raises RosterError where there is none; what is wrong in one is among its `mistakes`.
    """
    if file.suffix.lower() not in (".yaml", ".yml"):
        found = Roster(file)
        rows, mistakes = _table(file, {}, found)
        groups = [Group(answers["group"], answers, {}, f"line {line} of {file.name}") for line, answers in rows]
        return _whole(found, groups, mistakes)
    source, content, mistakes = _content(file, text)
    all_groups = parts.mapping(content.get("defaults"), "defaults", mistakes)
    given = {k: v for k, v in all_groups.items() if k != "settings"}
    defaults = parts.answers(given, "defaults", mistakes)
    common = parts.settings(all_groups.get("settings"), "defaults.settings", mistakes)
    found = Roster(
        file, renamed=parts.names(content, "renamed", mistakes), merged=parts.names(content, "merged", mistakes)
    )
    if not isinstance(made := content.get("pseudonyms", False), bool):
        mistakes.append(parts.mistake("pseudonyms", made, "it is on or off", "write true or false, without quotes"))
    found.pseudonyms = made is True
    shared = _course(content, mistakes)
    mistakes += [parts.mistake(each.path, each.value, each.rule, each.remedy) for each in sharing.of(content)[1]]
    if file.name != FILE:
        rule = f"`course up`, `stop`, `down` and `finish` read what runners share in {FILE} alone"
        shared_here = [key for key in sharing.KEYS if key in content]
        mistakes += [parts.mistake(key, content[key], rule, f"call this file {FILE}") for key in shared_here]
    rows: list[tuple[int, Answers]] = []
    if (name := content.get("table")) is not None and not isinstance(name, str):
        mistakes.append(parts.mistake("table", name, "it is the name of one file", "write for example groups.csv"))
    elif name:
        rows, wrong = _table(file.parent / str(name), defaults, found, given.keys() - defaults.keys())
        mistakes += wrong
    where = {answers.get("group", ""): f"line {line} of {name}" for line, answers in rows}
    known = {answers.get("group", ""): answers for _, answers in rows}
    own = parts.mapping(content.get("groups"), "groups", mistakes)
    rules = list(parts.rules(content.get("rules"), mistakes))
    groups: list[Group] = []
    idle = set(range(len(rules)))
    for group in dict.fromkeys((*known, *map(str, own))):
        before = len(mistakes)
        entry = parts.mapping(own.get(group), f"groups.{group}", mistakes)
        own_answers = parts.answers({k: v for k, v in entry.items() if k != "settings"}, f"groups.{group}", mistakes)
        base = known.get(group) or {**defaults, "group": group}
        answers, settings = dict(base), dict(common)
        for number, (when, more, keys) in enumerate(rules):
            if parts.matches(when, answers):
                idle.discard(number)
                answers |= more
                settings = parts.over(settings, keys)
        answers |= own_answers
        settings = parts.over(settings, parts.settings(entry.get("settings"), f"groups.{group}.settings", mistakes))
        whole = len(mistakes) == before
        common_to_all = shared(answers.get("project", ""))
        place = common_to_all.get("coursecloud:course", {}).get("backend", "")
        settings = parts.over(common_to_all, settings)
        if found.pseudonyms:
            answers["group"] = pseudonym(group, key)
        if group in found.named:
            continue  # of what its line says, not all can be read
        groups.append(Group(group, answers, settings, where.get(group, f"groups.{group} of {file.name}"), place, whole))
    found.notes += [
        f"rules[{number}] is about no group: none is as its `when` says" for number in sorted(idle) if not found.unread
    ]
    found = _whole(found, groups, mistakes)
    found.mistakes = list(parts.located(found.mistakes, source, KEYS))
    return found


def _course(content: Mapping[str, Any], mistakes: list[str]) -> Callable[[str], dict[str, Any]]:
    """Read who of the course looks and runs, and the bucket of all states: the settings of a project's stack."""
    given = parts.mapping(content.get("accounts"), "accounts", mistakes)
    mistakes += [
        parts.mistake(
            f"accounts.{name}", None, f"a course has {' and '.join(ROLES)}", nearest(name, tuple(ROLES), "remove it")
        )
        for name in sorted(given.keys() - set(ROLES))
    ]
    if len({str(account).lower() for account in given.values()}) < len(given):
        rule = "who looks and who deploys are two accounts, so that the page can change nothing"
        mistakes.append(
            parts.mistake("accounts", next(iter(given.values())), rule, "make an account for the page alone")
        )
    for name, account in given.items():
        wrong = alone({"coursecloud:course": {"accounts": {"look": account}}})
        mistakes += [parts.mistake(f"accounts.{name}", each.value, each.rule, each.remedy) for each in wrong]
        given = {key: value for key, value in given.items() if key != name or not wrong}
    accounts = {purpose: given[name] for name, purposes in ROLES.items() if name in given for purpose in purposes}
    bucket = content.get("backend")
    if bucket is not None and not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", str(bucket)):
        rule = "the states of a course share one bucket, in a folder a project, which each group alone is let into"
        mistakes.append(parts.mistake("backend", bucket, rule, "write for example gs://mlops-course-state"))

    def settings(project: str) -> dict[str, Any]:
        course = {"accounts": accounts} if accounts else {}
        course |= {"backend": f"{bucket}/{project}"} if bucket and project else {}
        return {"coursecloud:course": course} if course else {}

    return settings


def pseudonym(group: str, key: bytes) -> str:
    """Make the name of a group's stack that does not tell the group's own: the same for the same name and key."""
    return f"g-{hmac.new(key, group.casefold().encode(), hashlib.sha256).hexdigest()[:8]}"


def _whole(found: Roster, groups: Sequence[Group], mistakes: list[str]) -> Roster:
    for group in groups:
        # What a table says that cannot be read nobody knows.
        lacks = unanswered(group.answers) if group.whole and not found.unread else []
        told = [problem for problem in lacks if problem.path not in found.missing]
        mistakes += [f"  {group.where}: {problem.path}\n{said.why(problem)}" for problem in told]
        found.groups[group.name] = replace(group, whole=group.whole and not unanswered(group.answers))
    mistakes += _moved(found) if not found.unread else ()
    if not groups and not mistakes:
        mistakes.append(parts.mistake("groups", None, "a course has groups", "name a table, or write groups"))
    found.mistakes = mistakes
    amounts = {group.answers.get("credit", "") for group in groups}
    bare = sorted(each for each in amounts if each and not re.search(r"[^\d\s.,'-]", each))
    if bare and not any("no currency" in note for note in found.notes):
        found.notes.append(f"a credit names no currency ('{bare[0]}'): read as USD; write `{bare[0]} DKK` otherwise")
    by_project: dict[str, list[str]] = {}
    for group in groups:
        by_project.setdefault(group.answers.get("project", ""), []).append(group.name)
    for project, names in by_project.items():
        if project and len(names) > 1:
            found.notes.append(f"{', '.join(names)} share the project {project}, and its bill")
    return found


def _moved(found: Roster) -> Iterator[str]:
    """Say what is wrong with the groups that are called otherwise, or are part of another."""
    for key, names in (("renamed", found.renamed), ("merged", found.merged)):
        for old, new in names.items():
            first = next(each for each in names if names[each] == new)
            later = found.called(new) in found.groups or (key == "merged" and new in names)
            if new in found.named or (new not in found.groups and later):
                continue
            if new not in found.groups:
                why = "there is no such group", nearest(new, found.groups, "name one of the groups")
            elif old in found.groups and (key == "merged" or old not in names.values()):
                why = f"{old} is a group still", f"take {old} out of the groups, or out of `{key}`"
            elif key == "renamed" and first != old:
                why = f"{new} was {first}, and a group has one stack", f"if {old} is a part of {new} now, use `merged`"
            elif key == "merged" and old in found.renamed:
                why = f"{old} is renamed to {found.renamed[old]} too", "write it below one of them"
            else:
                continue
            yield parts.mistake(f"{key}.{old}", new, *why)


def _table(
    file: Path, defaults: Answers, found: Roster, wrong: Collection[str] = ()
) -> tuple[list[tuple[int, Answers]], list[str]]:
    """Read the table of the groups; `wrong` are defaults that cannot be used, and stand in for no mistake of a cell."""
    try:
        text, taken = sheet.decoded(files.bytes_of(file))
    except OSError as error:
        found.unread = True
        return [], [f"  {file}: {error.strerror}\n    remedy  name a CSV file that you can read"]
    except ValueError as error:
        found.unread = True
        remedy = "" if "remedy" in str(error) else "\n    remedy  is it the right file? It has one line a group"
        return [], [f"{file.name}: {error}{remedy}"]
    made = table.read(text, defaults)
    found.notes += [f"{file.name}: {taken}"] * bool(taken) + made.notes
    problems = [each for each in made.problems if each.problem.value is not MISSING or each.column not in wrong]
    for row in made.rows:
        problems += [table.CellProblem(row.line, name, each) for name, each in init.refusals(row.answers)]
    wrong_lines = {each.line for each in problems}
    right = {row.answers.get("group", "") for row in made.rows if row.line not in wrong_lines}
    found.named = {*made.groups} - right
    found.missing = made.missing
    answers = {row.line: row.answers for row in made.rows}
    mistakes = [f"{file.name}{said.cell(each, answers)}" for each in sorted(problems, key=lambda each: each.line)]
    return [(row.line, row.answers) for row in made.rows], mistakes


def _content(file: Path, text: str | None) -> tuple[str, dict[str, Any], list[str]]:
    source = text or ""
    try:
        source = files.text_of(file) if text is None else text
        content = files.yaml_of(source, stack_yaml.Loader)
    except OSError as error:
        remedy = "`coursecloud course init TABLE` writes one from a table of groups; or name one with --roster"
        raise RosterError(f"{file}: {error.strerror}\n    remedy  {remedy}") from None
    except files.NotReadError as error:
        raise RosterError(f"{file}: {error}\n    remedy  is it the right file? A roster is a few lines") from None
    except (ValueError, yaml.YAMLError) as error:
        rule, remedy = unreadable.said(error, source)
        raise RosterError(f"{file}: it cannot be read\n    rule    {rule}\n    remedy  {remedy}") from None
    if not isinstance(content, dict):
        raise RosterError(f"{file}: this is no mapping\n    remedy  `coursecloud course init TABLE` writes a roster")
    known = cast("dict[str, Any]", content)
    return (
        source,
        known,
        [
            parts.mistake(str(key), None, sharing.NO_KEY, nearest(str(key), KEYS, f"the keys are {', '.join(KEYS)}"))
            for key in known
            if key not in KEYS
        ],
    )
