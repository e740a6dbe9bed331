"""The two sides of a review before anything of them runs: what each is made of, by what it was given as."""

import dataclasses
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coursecloud.common import shadows, stack_file
from coursecloud.plan import hiding, saved
from coursecloud.plan.planning import Plan
from coursecloud.review import (
    deployed_state,
    formatting,
    git,
    places,
    program,
    requirements,
    subprocess_plan,
    tree,
    untaken,
)
from coursecloud.review.inputs import Given, Read
from coursecloud.review.workspace import Workspace
from infra import files

WORKING_TREE = "the working tree"


@dataclass
class Side:
    """One side: what it is made of, and what came of it."""

    label: str
    source: subprocess_plan.Source | None = None
    plans: Mapping[str, Plan] = field(default_factory=dict[str, Plan])
    state: deployed_state.State | None = None
    notes: list[str] = field(default_factory=list[str])
    packages: list[str] = field(default_factory=list[str])
    """Those that it wants in another version than the one that renders it."""
    revision: git.Revision | None = None
    changed: tuple[program.Changed, ...] = ()
    """Of the side under review: what of the repository is not that of the other side."""
    within: str = ""
    """The project's folder in the repository."""
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stacks of which nothing is run, and why."""
    unrendered: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Their stack files, which are read as text."""
    rendered: subprocess_plan.Rendered | None = None
    ran: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """The lines of the program that its plans ran, by file, where they were watched."""
    address: str = ""
    """Where everybody can read its files; empty where that is nowhere."""

    def names(self) -> list[str]:
        """List the stacks that it has."""
        return [*self.plans, *self.refused, *(self.source.files if self.source else ())]

    def file(self, stack: str) -> Path | None:
        """Give the stack file of a stack that this side has, whether it is rendered or not."""
        return (self.source.files.get(stack) if self.source else None) or self.unrendered.get(stack)

    def secrets(self, stack: str) -> frozenset[str]:
        """Gather what may be a secret in the stack file of this side."""
        file = self.file(stack)
        if file is None or not file.is_file():
            return frozenset()
        return hiding.of_file(file.read_text(encoding="utf-8", errors="replace"))

    def written(self, stack: str) -> places.Written:
        """Give what a reader can look up of this side: its stack file, what of the program differs, and where."""
        file = self.file(stack)
        try:
            text = files.text_of(file) if file else ""
        except (OSError, ValueError):
            return places.NOTHING  # it has not loaded either
        return places.Written(
            file.name if file else "", text, program.of(self.changed, self.within).files, self.address
        )

    def plan(self, stack: str) -> Plan | str | None:
        """Take one stack: its plan, why it does not load, or None where this side has no such stack."""
        if stack in self.plans:
            return self.plans[stack]
        if self.refused.get(stack):
            return self.refused[stack]
        if self.source is None or stack not in self.source.files or self.rendered is None:
            return None
        try:
            found = self.rendered.read(stack)
            for path, lines in untaken.ran_of(found.get("ran")).items():
                self.ran.setdefault(path, set()).update(lines)
            return str(found["mistake"]) if "mistake" in found else saved.read(found["plan"])
        except (saved.UnreadableError, KeyError, ValueError) as error:
            return f"what it renders is no plan that this version reads: {error}"


def both(given: Given, read: Read, space: Workspace) -> tuple[Side, Side]:
    """Make both sides. Raises GitError where git does not have a revision."""
    return (
        _side(given, read, space, file=given.base_file, plan=read.base_plan, revision=given.base, head=False),
        _side(given, read, space, file=given.head_file, plan=read.head_plan, revision=given.head, head=True),
    )


def _side(
    given: Given,
    read: Read,
    space: Workspace,
    *,
    file: Path | None,
    plan: Plan | None,
    revision: str | None,
    head: bool,
) -> Side:
    name = read.name or ""
    if file is not None:
        # The user's own choice, wherever it is; only its name has to stay.
        there = Path(os.path.realpath(file.absolute().parent), file.name)
        return _sourced(str(file), given.root, {name: there}, own=False)
    if plan is not None:
        return Side(str(given.head_plan if head else given.base_plan), plans={name: plan})
    if read.state is not None and not head:
        return Side(f"what is deployed ({given.state})", state=read.state, notes=list(read.state.notes))
    if head and revision is None:
        return _wanting(_sourced(WORKING_TREE, given.root, _files(given.root, given, read)), given.root)
    repository = git.repository(given.root)
    chosen = repository.default_base(given.head) if revision is None else repository.resolve(revision)
    whole = space.folder / ("head" if head else "base")
    whole.mkdir()
    empty = tree.export(given.root, chosen, whole)
    folder = whole / repository.within
    if not folder.is_dir() or not folder.resolve().is_relative_to(whole.resolve()):
        return Side(
            str(chosen), subprocess_plan.Source(whole, {}), notes=[f"{chosen} has no folder {repository.within}"]
        )
    side = _sourced(str(chosen), folder, _files(folder, given, read))
    side.revision = chosen
    side.address = repository.address(chosen)
    if empty:
        side.notes.append(f"{chosen} has submodules, which are empty here: {listed(empty)}")
    return _wanting(side, folder)


def _wanting(side: Side, folder: Path) -> Side:
    side.packages = requirements.other(folder)
    if side.packages:
        side.notes.append(
            f"{side.label} wants other packages than those that render it: {', '.join(side.packages)}. What these do"
            " otherwise is not seen: install them (`make plan` does) and review again"
        )
    return side


def listed(names: list[str], most: int = 8) -> str:
    """List some names in words."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _sourced(label: str, root: Path, files: Mapping[str, Path], *, own: bool = True) -> Side:
    """Make a side that is rendered; without what would be run in place of a library, or shown in a message."""
    if found := shadows.found(root):
        said = "; ".join(map(str, found)) + f"\n    rule    {shadows.RULE}\n    remedy  {shadows.REMEDY}"
        read = {name: file for name, file in files.items() if _inside(file, root)}
        return Side(label, subprocess_plan.Source(root, {}), refused=dict.fromkeys(files, said), unrendered=read)
    refused = {
        name: f"{file.name} is a link that leaves the project; a stack file is a file of its own"
        for name, file in files.items()
        if own and not _inside(file, root)
    }
    left = {name: file for name, file in files.items() if name not in refused}
    return Side(label, subprocess_plan.Source(root, left), refused=refused)


def _inside(file: Path, root: Path) -> bool:
    try:
        return file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links in a circle
        return False


def _files(folder: Path, given: Given, read: Read) -> dict[str, Path]:
    wanted = [read.name] if read.name is not None else list(given.stacks)
    return {name: path for name, path in stack_file.every(folder) if not wanted or name in wanted}


def compared(given: Given, before: Side, after: Side) -> None:
    """Note which files of the program differ between two revisions, or a revision and the working tree."""
    if before.revision and after.source and (after.revision or after.label == WORKING_TREE):
        repository = git.repository(given.root)
        after.changed = tuple(repository.changed(before.revision, after.revision))
        after.within = repository.within
        differs = program.of(after.changed, after.within)
        watched = untaken.files(after.source.root, differs.files)
        after.source = dataclasses.replace(after.source, watched=watched)
        if outside := differs.outside:
            count = formatting.counted(len(outside), "more file")
            named = listed(list(outside), 20)
            after.notes.append(f"{count} outside of the project's folder differ, where no plan looks: {named}")


def copy_members(given: Given, sides: tuple[Side, Side]) -> None:
    """Give the members that stay out of git to both sides: otherwise each of them would seem to be new."""
    before, after = sides
    if not (before.source and after.source and before.revision):
        return
    files = sorted(given.root.glob("members.*.yaml")) if after.label == WORKING_TREE else []
    if not files and not any(any(side.source.root.glob("members.*.yaml")) for side in (before, after) if side.source):
        where = "is not in this folder" if after.label == WORKING_TREE else "is in no revision"
        after.notes.append(f"members.STACK.yaml {where}: both sides have only the members of the stack files")
    for file in files:
        target = before.source.root / file.name
        # A link of the revision's to nowhere is there too, and would be written through.
        if not os.path.lexists(target) and not file.is_symlink():
            shutil.copyfile(file, target)
            after.notes.append(f"{file.name} is not in git: both sides are rendered with it")
