"""Which files of a change can alter what is deployed or run, though no stack file shows it: all but a few kinds."""

import json
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import yaml

from coursecloud.common import stack_file, stack_yaml
from coursecloud.common.stack_folder import ROSTER
from coursecloud.diff import property_diff
from infra.files import text_of, yaml_of

_WORDS = re.compile(
    r"(?!.*(claude|agent|gemini|qwen|skill|copilot|cursor|prompt|windsurf|aider|codex|llm|instruction|convention))"
    r"(?!(.*/)?(commands|rules|memory|memories|modes|hooks)/)("
    r"docs/.*\.(md|rst|png|jpe?g|gif|webp)"
    r"|(LICENSE|LICENCE|NOTICE|COPYING|CITATION|AUTHORS)(\.(md|txt|rst|cff))?"
    r"|(?!(\.[^/]+|infra|coursecloud|guardrails|tests)/)(?!.*/\.).*\.md)",
    re.IGNORECASE,
)
"""What nobody runs and no plan follows from: documentation and licences. Tests are no words: whoever runs them runs
what is in them."""

_STACK_FILE = re.sub(r"\(\?P<\w+>", "(?:", stack_file.NAME.pattern)

_RUNS = re.compile(
    r"\.[^/]+/(?!ISSUE_TEMPLATE/|[\w-]+\.md$).*"
    # At the top whatever is not known: each tool has files of its own that it reads unasked.
    r"|(?!(\.(gitignore|editorconfig|dockerignore|gcloudignore)|requirements[\w.-]*\.txt|stack\.schema\.json"
    r"|members\.[\w.-]+\.yaml|course\.(yaml|lock\.json)|[^/]+\.(py|md)|(docs|tests)|(LICENSE|LICENCE|NOTICE|COPYING|CITATION|AUTHORS)(\.\w+)?"
    rf"|{_STACK_FILE})$)[^/]+"
    r"|([^/]+/)*(sitecustomize|usercustomize)\.py|starter/(?!.*\.md$).*"
    # Python loads what is compiled in place of what can be read.
    r"|([^/]+/)*[^/]+\.(pth|so|pyd|dylib|dll|pyc|pyo|exe|egg|whl|zip|jar|wasm|node)"
    r"|([^/]+/)*(GNUm|m|M)akefile|([^/]+/)*[^/]+\.mk|([^/]+/)*(setup|noxfile|fabfile)\.py"
    r"|([^/]+/)*[^/]+\.(sh|bash|zsh|fish|ps1|bat|cmd)"
)
"""What machines and tools run by themselves, some of it as the account that deploys: also how Pulumi and Python start,
and what a group's own repository begins with."""


_BUILT = re.compile(
    r"([^/]+/)*(requirements[^/]*\.txt|[^/]*Dockerfile[^/]*|conftest\.py|\.env[^/]*|[^/]*cloudbuild[^/]*\.ya?ml)"
)
"""Of what is outside of the project, what its builds are made of."""

PROJECT_FILE = "Pulumi.yaml"

_KINDS = {"120000": "a link", "160000": "another repository"}


@dataclass(frozen=True)
class Changed:
    """One path that differs between two sides, as git has it."""

    path: str
    """From the top of the repository."""
    before: str
    """Its mode before, `000000` where it was not there; so `after`."""
    after: str
    link: str = ""
    """The link that leads to it, from the top of the repository: it is also what it is by that name."""

    def led_to(self, links: Mapping[str, str]) -> "Changed":
        """Take it with the first link, by what each leads to, that leads to it or to a folder that it is in."""
        leads = (name for name, target in links.items() if f"{self.path}/".startswith(f"{target}/") or target == ".")
        return replace(self, link=next(leads, ""))

    @property
    def odd(self) -> bool:
        """Say whether it is no plain file, or changes between one that runs and one that does not."""
        there = {mode for mode in (self.before, self.after) if mode != "000000"}
        return bool(there & _KINDS.keys() or self.link) or len(there) > 1

    def called(self, within: str) -> str:
        """Call it by its path in the project, or from the top of the repository; and say what is odd about it."""
        path = self.path.removeprefix(within) if self.path.startswith(within) else f"/{self.path}"
        # Nobody's file name is a line of the report.
        path = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in path)
        if kind := _KINDS.get(self.after) or (self.after == "000000" and _KINDS.get(self.before)):
            return f"{path} ({kind})"
        if self.link:
            return f"{path} ({Changed(self.link, '', '').called(within)} is a link to it)"
        return f"{path} (its mode)" if self.odd else path


@dataclass(frozen=True)
class Program:
    """What a change does to the program."""

    files: tuple[str, ...] = ()
    """All of it, by path in the project; outside of the project by path from the top, with a slash before it."""
    runs: tuple[str, ...] = ()
    """Those among them that are run by machines: workflows, hooks."""
    outside: tuple[str, ...] = ()
    """Other files outside of the project, from the top of the repository, which the program should not know of."""
    documents: tuple[str, ...] = ()
    """Words of the project: nobody runs them, but people do what they say."""
    paths: Mapping[str, str] = field(default_factory=dict[str, str])
    """The paths of those of `files` that are called otherwise."""
    links: tuple[str, ...] = ()
    """Links of the project that lead to what changes, or to a folder in which something does."""

    @property
    def code(self) -> tuple[str, ...]:
        """What may be code, by the paths by which Python would load it."""
        return (*(self.paths.get(file, file) for file in self.files), *self.links)


def of(changed: Collection[Changed], within: str, named: Collection[str] = ()) -> Program:
    """Sort what differs; `within` is the project's folder in the repository, with a slash at its end, or empty.

    `named` are the files that a stack names, by path in the project: scripts of machines, and what a trigger builds
    by. They run as the account of a machine or a build, wherever they are.
    """
    named = {posixpath.normpath(name) for name in named}
    files: list[str] = []
    runs: list[str] = []
    documents: list[str] = []
    paths: dict[str, str] = {}
    outside: list[str] = []
    for entry in sorted(changed, key=lambda each: each.path):
        inside = entry.path.startswith(within)
        path = entry.path.removeprefix(within) if inside else entry.path
        # Elsewhere in a repository other things of its own are at the top.
        acts = path in named or _RUNS.fullmatch(path if inside else entry.path)
        if acts:
            runs.append(entry.called(within))
        elif not inside and not entry.odd:
            (files if _BUILT.fullmatch(path) else outside).append(entry.called(within))
            continue
        elif not entry.odd and (_WORDS.fullmatch(path) or ("/" not in path and stack_file.NAME.fullmatch(path))):
            if _WORDS.fullmatch(path):
                documents.append(path)
            continue
        files.append(entry.called(within))
        paths[files[-1]] = path
    leading = {each.link.removeprefix(within) for each in changed if each.link.startswith(within) and each.link}
    return Program(tuple(files), tuple(runs), tuple(outside), tuple(documents), paths, tuple(sorted(leading)))


def of_project_file(before: Path, after: Path) -> list[str]:
    """Say what changes in Pulumi.yaml, by key: it says with what Pulumi runs the program, and where the state is."""
    return list(_by_key(before, after, PROJECT_FILE))


def of_rosters(before: Path, after: Path, changed: Iterable[str]) -> list[str]:
    """Say what changes in each roster of a course, by key: whom it lets in, where its states are, what all groups get.

    Stack files follow from it by `course apply`, later and in a change of their own.
    """
    rosters = (path for path in changed if posixpath.basename(path) == ROSTER)
    return [said for path in rosters for said in _by_key(before, after, path)]


_UNREAD: dict[str, object] = {"(all of it)": "not read"}


def _by_key(before: Path, after: Path, name: str) -> Iterator[str]:
    old, new = (_read(folder / name) for folder in (before, after))
    if old == new == _UNREAD:
        yield f"{name} cannot be read on either side: its lines are all that is known of it"
    for found in property_diff.differences(old, new):
        yield f"{name} {found.path}: {_said(found.old)} -> {_said(found.new)}"


def _read(file: Path) -> dict[str, object]:
    try:
        said = yaml_of(text_of(file), stack_yaml.Loader)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError):
        said = None
    return cast("dict[str, object]", said) if isinstance(said, dict) else _UNREAD


def _said(value: object) -> str:
    if value is property_diff.NOTHING:
        return "(none)"
    return json.dumps(value, ensure_ascii=False, default=str)[:120].replace("`", "'")
