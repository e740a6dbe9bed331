"""A repository looked at for a stack: what would be written, what comes of it, and what will fail. Then the writing."""

from __future__ import annotations

import contextlib
import copy
import difflib
import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecloud.common import writing
from coursecloud.plan.planning import Plan
from coursecloud.starter import contents, merging, rules
from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.kept import kept_at
from coursecloud.starter.merging import MergedFile
from coursecloud.starter.repository import Repository
from coursecloud.starter.writer import Contents
from infra import secrecy

VERSION = 1
"""Version of the JSON form; it rises when a field changes its meaning or goes."""


@dataclass(frozen=True)
class Start:
    """All that is known of a repository and a stack before anything is written."""

    facts: Facts
    repository: Repository
    contents: Contents
    outcomes: tuple[MergedFile, ...]
    findings: tuple[FileFinding, ...]
    """What will fail once that is written."""

    @property
    def written(self) -> tuple[MergedFile, ...]:
        """The files that are written."""
        return tuple(each for each in self.outcomes if each.after is not None)

    @property
    def conflicts(self) -> tuple[MergedFile, ...]:
        """The files in which edits and stack meet."""
        return tuple(each for each in self.outcomes if each.state == "conflict")

    @property
    def failing(self) -> tuple[FileFinding, ...]:
        """What will not work, or gives a secret away."""
        return tuple(each for each in self.findings if each.severity != "warns")

    @property
    def clean(self) -> bool:
        """Say whether nothing fails and nothing is in conflict."""
        return not self.failing and not self.conflicts


def look(plan: Plan, file: str, root: Path) -> Start:
    """Look at the folder of a repository, which need not be there. Raises merging.MergeError; writes nothing."""
    facts, repository = Facts(plan, file), Repository(root)
    made = contents.wanted(facts, repository)
    outcomes = merging.outcomes(root, made.files)
    after = with_written(repository, {each.path: each.after for each in outcomes if each.after is not None})
    return Start(facts, repository, made, tuple(outcomes), tuple(rules.found(facts, after)))


def with_written(repository: Repository, texts: Mapping[str, str]) -> Repository:
    """Give the repository as it will be."""
    after = copy.copy(repository)
    # What was worked out of the files before is worked out anew.
    after.__dict__ = {name: repository.__dict__[name] for name in ("root", "unread", "versioned")}
    after.texts = {**repository.texts, **texts}
    after.paths = repository.paths | set(texts)
    return after


def blocked(root: Path, start: Start) -> Iterator[str]:
    """Say why files cannot be written: a link that leads out of the folder, or something else in their place."""
    for each in start.written:
        for path in (each.path, kept_at(each.path)):
            at = root
            for part in path.split("/"):
                at /= part
                last = at == root / path
                if at.is_symlink():
                    yield (
                        f"{at.relative_to(root)} is a link\n    rule    nothing is written through a link\n   "
                        " remedy  replace it by what it leads to"
                    )
                    break
                if at.exists() and (at.is_dir() if last else not at.is_dir()):
                    kind = "a folder where a file would be" if last else "a file where a folder would be"
                    yield (
                        f"{at.relative_to(root)} is {kind}\n    rule    {path} would be written\n    remedy  rename it"
                    )
                    break


def write(root: Path, start: Start) -> None:
    """Write the files, and what they were written as. Raises writing.WriteError; then nothing is written."""
    texts: dict[Path, str] = {}
    for each in start.outcomes:
        if each.after is not None:
            texts[root / each.path] = each.after
        if each.base is not None:
            texts[root / kept_at(each.path)] = each.base
    made: list[Path] = []
    try:
        for path in texts:
            for folder in reversed([path.parent, *path.parent.parents]):
                if not folder.exists():
                    folder.mkdir()
                    made.append(folder)
        writing.write_all(texts)
    except BaseException as error:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, writing.WriteError) or not isinstance(error, OSError):
            raise
        said = f"{error.filename}: {error.strerror}, and nothing was written\n    {writing.remedy(error)}"
        raise writing.WriteError(error.errno or errno.EIO, said) from None


def difference(outcome: MergedFile) -> str:
    """Show what is written, as a diff; what looks like a secret is not in it."""
    before, after = (outcome.before or "").replace("\r\n", "\n"), (outcome.after or "").replace("\r\n", "\n")
    names = (f"a/{outcome.path}" if outcome.before is not None else "/dev/null", f"b/{outcome.path}")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
    return "\n".join(secrecy.hide(line) for line in lines)


def to_json(start: Start, *, written: bool) -> dict[str, Any]:
    """Give the JSON form (docs/json.md)."""
    return {
        "version": VERSION,
        "stack": start.facts.stack,
        "folder": str(start.repository.root),
        "fromNothing": start.contents.project,
        "written": written,
        "files": [
            {
                "path": each.path,
                "state": each.state,
                "note": each.said or None,
                "diff": difference(each) if each.after is not None else None,
            }
            for each in start.outcomes
        ],
        "findings": [
            {
                "path": each.path,
                "line": each.line or None,
                "id": each.id,
                "severity": each.severity,
                "value": secrecy.hide(each.value),
                "rule": each.rule,
                "remedy": each.remedy,
            }
            for each in start.findings
        ],
        "notes": start.contents.notes,
        "commands": start.contents.commands,
        "unread": [{"path": each.path, "why": each.why} for each in start.repository.unread],
    }
