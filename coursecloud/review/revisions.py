"""The two sides of a review: revisions, stack files, saved plans or a state, brought to plans and compared."""

import dataclasses
import datetime
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursecloud.common import shadows, stack_file
from coursecloud.plan import hiding, saved
from coursecloud.plan.planning import Plan
from coursecloud.review import (
    changed_lines,
    deployed_state,
    git,
    kept,
    places,
    program,
    requirements,
    sandbox,
    subprocess_plan,
    tree,
    untaken,
)
from coursecloud.review.inputs import Given, InputError, Read
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack, Status, review
from coursecloud.review.workspace import Workspace
from infra import files

WORKING_TREE = "the working tree"


@dataclass
class _Side:
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
    rendered: subprocess_plan.Rendered | None = None
    ran: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """The lines of the program that its plans ran, by file, where they were watched."""
    address: str = ""
    """Where everybody can read its files; empty where that is nowhere."""

    def names(self) -> list[str]:
        return [*self.plans, *self.refused, *(self.source.files if self.source else ())]

    def secrets(self, stack: str) -> frozenset[str]:
        """Gather what may be a secret in the stack file of this side."""
        file = self.source.files.get(stack) if self.source else None
        if file is None or not file.is_file():
            return frozenset()
        return hiding.of_file(file.read_text(encoding="utf-8", errors="replace"))

    def written(self, stack: str) -> places.Written:
        """Give what a reader can look up of this side: its stack file, what of the program differs, and where."""
        file = self.source.files.get(stack) if self.source else None
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


def unsandboxed(given: Given, read: Read) -> str | None:
    """Say in a line, before anything is run, that code will run outside of a sandbox; None where none will."""
    box = sandbox.find(given.sandbox)
    base = given.base_file is None and (read.base_plan or read.state)
    head = given.head_file is None and read.head_plan
    if isinstance(box, sandbox.Sandbox) or (base and head):
        return None
    return f"no sandbox ({box}): the code of what is reviewed runs as you; --sandbox require refuses instead"


def make(given: Given, read: Read, *, today: datetime.date) -> Review:
    """Review what was given and read. Raises InputError where git does not have a revision."""
    return Workspace().run(lambda space: _made(given, read, space, today))


def _made(given: Given, read: Read, space: Workspace, today: datetime.date) -> Review:
    try:
        sides = _sides(given, read, space)
        _program(given, *sides)
    except git.GitError as error:
        raise InputError([str(error)]) from None
    _copy_members(given, sides)
    box = sandbox.find(given.sandbox)
    base = _kept(given, sides, box)
    sources = [side.source for side in sides if side.source and side.source.files]
    pending = subprocess_plan.Pending(sources, space, box, timeout=given.timeout)
    # While the sides load, so does what compares them.
    _warm_up()
    results = iter(pending.wait())
    for side in sides:
        if side.source in sources:
            side.rendered = next(results)
    # From here on nothing of a side runs any more.
    _keep(base, sides[0])
    return _reviewed(sides, today, subprocess_plan.said(box) if sources else None)


def _reviewed(sides: tuple[_Side, _Side], today: datetime.date, said: str | None) -> Review:
    before, after = sides
    names = sorted({*before.names(), *after.names()})
    named: set[str] = set()
    stacks = [_stack(name, before, after, today, named) for name in names]
    differs = program.of(after.changed, after.within, named)
    packages = _packages(before, after)
    if packages:
        after.notes.append(f"packages that run with it: {_listed(packages, 20)}")
    notes = [*([said] if said else ()), *(note for side in sides for note in side.notes)]
    return Review(
        before.label,
        after.label,
        tuple(stacks),
        tuple(dict.fromkeys(notes)),
        differs.files,
        differs.runs,
        tuple(dict.fromkeys(each for side in sides for each in side.packages)),
        tuple(packages),
        **_of_code(before, after, differs),
    )


def _of_code(before: _Side, after: _Side, differs: program.Program) -> dict[str, Any]:
    """Say which lines of the program change, what in Pulumi.yaml, and of which lines no plan shows what they do."""
    if before.source is None or after.source is None:
        return {}
    sides = (before.source.root, after.source.root)
    return {
        "project": tuple(program.of_project_file(*sides) if program.PROJECT_FILE in differs.files else ()),
        "untaken": untaken.of(*sides, differs.files, after.ran) if after.rendered and after.ran else (),
        "lines": changed_lines.of(*sides, differs.files),
        "documents": changed_lines.commands(*sides, differs.documents),
    }


def _packages(before: _Side, after: _Side) -> list[str]:
    """Say which packages a change adds, or wants in another version, where both sides are revisions."""
    if before.source is None or after.source is None or not after.changed:
        return []
    return requirements.changed(before.source.root, after.source.root)


def _stack(name: str, before: _Side, after: _Side, today: datetime.date, named: set[str]) -> Stack:
    """Review one stack; `named` gets the files that it names."""
    new = after.plan(name)
    old = before.plan(name)
    for side in (old, new):
        named |= _named(side) if isinstance(side, Plan) else set[str]()
    if before.state and isinstance(new, Plan):
        # A state has no settings. Cost and rules take those of the plan: the same usage on both sides.
        old = dataclasses.replace(new, resources=before.state.resources, outputs={}, unread=())
    mistakes = tuple((side, found) for side, found in (("before", old), ("after", new)) if isinstance(found, str))
    if mistakes or isinstance(old, str) or isinstance(new, str):
        # A program of another revision may repeat what stands in a stack file, whatever it is.
        known = frozenset[str]().union(*(side.secrets(name) for side in (before, after)))
        return Stack(name, Status.BROKEN, mistakes=hiding.deep(mistakes, known))
    try:
        return review(name, old, new, today=today, state=before.state is not None, written=after.written(name))
    except RecursionError:
        said = "what it renders hangs together without end: a resource under itself, or nested without measure"
        return Stack(name, Status.BROKEN, mistakes=(("after", said),))


def _named(plan: Plan) -> set[str]:
    """List the files of the repository that run on a stack's machines and in its builds."""
    scripts = {s for each in plan.settings.machines.values() for s in (each.startup_script, each.before_stop) if s}
    return scripts | {name for resource in plan.resources for name in resource.files}


def _kept(given: Given, sides: tuple[_Side, _Side], box: sandbox.Sandbox | str) -> kept.Kept | None:
    """Take of the base what was rendered before; None where nothing is to be kept of it."""
    side = sides[0]
    if not given.cache or side.revision is None or side.source is None:
        return None
    roots = [given.root, *(each.source.root for each in sides if each.source)]
    tree_id = git.repository(given.root).tree(side.revision)
    base = kept.of(box, tree_id, roots, os.environ) if tree_id else None
    if base is None:
        return None
    known = {
        name: line for name in side.source.files if not _has_members(side.source, name) and (line := base.read(name))
    }
    side.source = dataclasses.replace(side.source, known=known)
    if known:
        side.notes.append(
            f"{side.revision}: of {_listed(sorted(known))} the plan is taken that an earlier review rendered today;"
            " --no-cache renders it again"
        )
    return base


def _keep(base: kept.Kept | None, side: _Side) -> None:
    if base is None or side.source is None or side.rendered is None:
        return
    for name in side.rendered.places:
        # What is not in git is nobody's to find elsewhere.
        if not _has_members(side.source, name) and (line := side.rendered.line(name)):
            base.write(name, line)
    base.tidy()


def _has_members(source: subprocess_plan.Source, stack: str) -> bool:
    return os.path.lexists(source.root / f"members.{stack}.yaml")


def _warm_up() -> None:
    from coursecloud.cost import prices

    prices.load()


def _sides(given: Given, read: Read, space: Workspace) -> tuple[_Side, _Side]:
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
) -> _Side:
    name = read.name or ""
    if file is not None:
        # The user's own choice, wherever it is; only its name has to stay.
        there = Path(os.path.realpath(file.absolute().parent), file.name)
        return _sourced(str(file), given.root, {name: there}, own=False)
    if plan is not None:
        return _Side(str(given.head_plan if head else given.base_plan), plans={name: plan})
    if read.state is not None and not head:
        return _Side(f"what is deployed ({given.state})", state=read.state, notes=list(read.state.notes))
    if head and revision is None:
        return _wanting(_sourced(WORKING_TREE, given.root, _files(given.root, given, read)), given.root)
    repository = git.repository(given.root)
    chosen = repository.default_base() if revision is None else repository.resolve(revision)
    whole = space.folder / ("head" if head else "base")
    whole.mkdir()
    empty = tree.export(given.root, chosen, whole)
    folder = whole / repository.within
    if not folder.is_dir() or not folder.resolve().is_relative_to(whole.resolve()):
        return _Side(
            str(chosen), subprocess_plan.Source(whole, {}), notes=[f"{chosen} has no folder {repository.within}"]
        )
    side = _sourced(str(chosen), folder, _files(folder, given, read))
    side.revision = chosen
    side.address = repository.address(chosen)
    if empty:
        side.notes.append(f"{chosen} has submodules, which are empty here: {_listed(empty)}")
    return _wanting(side, folder)


def _wanting(side: _Side, folder: Path) -> _Side:
    side.packages = requirements.other(folder)
    if side.packages:
        side.notes.append(
            f"{side.label} wants other packages than those that render it: {_listed(side.packages)}. What these do"
            " otherwise is not seen: install them (`make plan` does) and review again"
        )
    return side


def _listed(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _sourced(label: str, root: Path, files: Mapping[str, Path], *, own: bool = True) -> _Side:
    """Make a side that is rendered; without what would be run in place of a library, or shown in a message."""
    if found := shadows.found(root):
        said = "; ".join(map(str, found)) + f"\n    rule    {shadows.RULE}\n    remedy  {shadows.REMEDY}"
        return _Side(label, subprocess_plan.Source(root, {}), refused=dict.fromkeys(files, said))
    refused = {
        name: f"{file.name} is a link that leaves the project; a stack file is a file of its own"
        for name, file in files.items()
        if own and not file.resolve().is_relative_to(root.resolve())
    }
    left = {name: file for name, file in files.items() if name not in refused}
    return _Side(label, subprocess_plan.Source(root, left), refused=refused)


def _files(folder: Path, given: Given, read: Read) -> dict[str, Path]:
    wanted = [read.name] if read.name is not None else list(given.stacks)
    return {name: path for name, path in stack_file.every(folder) if not wanted or name in wanted}


def _program(given: Given, before: _Side, after: _Side) -> None:
    """Note which files of the program differ between two revisions, or a revision and the working tree."""
    if before.revision and after.source and (after.revision or after.label == WORKING_TREE):
        repository = git.repository(given.root)
        after.changed = tuple(repository.changed(before.revision, after.revision))
        after.within = repository.within
        differs = program.of(after.changed, after.within)
        watched = untaken.files(after.source.root, differs.files)
        after.source = dataclasses.replace(after.source, watched=watched)
        if outside := differs.outside:
            after.notes.append(f"{outside} more files differ outside of the project's folder, where no plan looks")


def _copy_members(given: Given, sides: tuple[_Side, _Side]) -> None:
    """Give the members that stay out of git to both sides: otherwise each of them would seem to be new."""
    before, after = sides
    if not (before.source and after.source and before.revision):
        return
    files = sorted(given.root.glob("members.*.yaml")) if after.label == WORKING_TREE else []
    if not files:
        where = "is not in this folder" if after.label == WORKING_TREE else "is in no revision"
        after.notes.append(f"members.STACK.yaml {where}: both sides have only the members of the stack files")
    for file in files:
        target = before.source.root / file.name
        # A link of the revision's to nowhere is there too, and would be written through.
        if not os.path.lexists(target) and not file.is_symlink():
            shutil.copyfile(file, target)
            after.notes.append(f"{file.name} is not in git: both sides are rendered with it")
