"""The two sides of a review: revisions, stack files, saved plans or a state, brought to plans and compared."""

import contextlib
import dataclasses
import datetime
import shutil
import signal
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from coursecloud import saved, stackfile
from coursecloud.plan import Plan
from coursecloud.review import deployed, git, program, rendering
from coursecloud.review.given import Given, InputError, Read
from coursecloud.review.report import Review
from coursecloud.review.stacks import Stack, Status, review

WORKING_TREE = "the working tree"


@dataclass
class _Side:
    label: str
    source: rendering.Source | None = None
    plans: Mapping[str, Plan] = field(default_factory=dict[str, Plan])
    state: deployed.State | None = None
    notes: list[str] = field(default_factory=list[str])
    revision: git.Revision | None = None
    differs: program.Program = field(default_factory=program.Program)
    """Of the side under review: what of the program is not that of the other side."""
    rendered: rendering.Rendered | None = None

    def names(self) -> list[str]:
        return [*self.plans, *(self.source.files if self.source else ())]

    def plan(self, stack: str) -> Plan | str | None:
        """Take one stack: its plan, why it does not load, or None where this side has no such stack."""
        if stack in self.plans:
            return self.plans[stack]
        if self.source is None or stack not in self.source.files or self.rendered is None:
            return None
        if self.rendered.mistake is not None:
            return self.rendered.mistake
        try:
            found = self.rendered.read(stack)
            return str(found["mistake"]) if "mistake" in found else saved.read(found["plan"])
        except (saved.UnreadableError, KeyError, ValueError) as error:
            return f"what it renders is no plan that this version reads: {error}"


def make(given: Given, read: Read, *, today: datetime.date) -> Review:
    """Review what was given and read. Raises InputError where git does not have a revision."""
    with _ended_by_signals(), contextlib.ExitStack() as stack:
        try:
            sides = _sides(given, read, stack)
            _program(given, *sides)
        except git.GitError as error:
            raise InputError([str(error)]) from None
        _copy_members(given, sides)
        sources = [side.source for side in sides if side.source and side.source.files]
        pending = stack.enter_context(rendering.rendering(sources, timeout=given.timeout))
        # While the sides load, so does what compares them.
        _warm_up()
        results = iter(pending.wait())
        for side in sides:
            if side.source in sources:
                side.rendered = next(results)
        return _reviewed(sides, today)


def _reviewed(sides: tuple[_Side, _Side], today: datetime.date) -> Review:
    before, after = sides
    names = sorted({*before.names(), *after.names(), *()})
    stacks = [_stack(name, before, after, today) for name in names]
    notes = [note for side in sides for note in side.notes]
    if before.source or after.source:
        notes.append(rendering.SAID)
    return Review(
        before.label, after.label, tuple(stacks), tuple(dict.fromkeys(notes)), after.differs.files, after.differs.runs
    )


def _stack(name: str, before: _Side, after: _Side, today: datetime.date) -> Stack:
    new = after.plan(name)
    old = before.plan(name)
    if before.state and isinstance(new, Plan):
        # A state has no settings. Cost and rules take those of the plan: the same usage on both sides.
        old = dataclasses.replace(new, resources=before.state.resources, outputs={}, unread=())
    mistakes = tuple((side, found) for side, found in (("before", old), ("after", new)) if isinstance(found, str))
    if mistakes or isinstance(old, str) or isinstance(new, str):
        return Stack(name, Status.BROKEN, mistakes=mistakes)
    return review(name, old, new, today=today, state=before.state is not None)


def _warm_up() -> None:
    from coursecloud.cost import prices

    prices.load()


def _sides(given: Given, read: Read, stack: contextlib.ExitStack) -> tuple[_Side, _Side]:
    return (
        _side(given, read, stack, file=given.base_file, plan=read.base_plan, revision=given.base, head=False),
        _side(given, read, stack, file=given.head_file, plan=read.head_plan, revision=given.head, head=True),
    )


def _side(
    given: Given,
    read: Read,
    stack: contextlib.ExitStack,
    *,
    file: Path | None,
    plan: Plan | None,
    revision: str | None,
    head: bool,
) -> _Side:
    name = read.name or ""
    if file is not None:
        return _Side(str(file), rendering.Source(given.root, {name: file.absolute()}))
    if plan is not None:
        return _Side(str(given.head_plan if head else given.base_plan), plans={name: plan})
    if read.state is not None and not head:
        return _Side(f"what is deployed ({given.state})", state=read.state, notes=list(read.state.notes))
    if head and revision is None:
        return _Side(WORKING_TREE, rendering.Source(given.root, _files(given.root, given, read)))
    repository = git.repository(given.root)
    chosen = repository.default_base() if revision is None else repository.resolve(revision)
    folder = stack.enter_context(repository.worktree(chosen))
    if not folder.is_dir():
        return _Side(
            str(chosen), rendering.Source(folder.parent, {}), notes=[f"{chosen} has no folder {repository.within}"]
        )
    side = _Side(str(chosen), rendering.Source(folder, _files(folder, given, read)), revision=chosen)
    if others := rendering.other_requirements(folder):
        side.notes.append(
            f"{chosen} wants other packages than those that render it: {', '.join(others[:8])}"
            + (f" and {len(others) - 8} more" if len(others) > 8 else "")
        )
    return side


def _files(folder: Path, given: Given, read: Read) -> dict[str, Path]:
    wanted = [read.name] if read.name is not None else list(given.stacks)
    return {name: path for name, path in stackfile.every(folder) if not wanted or name in wanted}


def _program(given: Given, before: _Side, after: _Side) -> None:
    """Note which files of the program differ between two revisions, or a revision and the working tree."""
    if before.revision and after.source and (after.revision or after.label == WORKING_TREE):
        repository = git.repository(given.root)
        after.differs = program.of(repository.changed(before.revision, after.revision), repository.within)
        if after.differs.outside:
            after.notes.append(
                f"{after.differs.outside} more files differ outside of the project's folder, where no plan looks"
            )


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
        if not target.exists():
            shutil.copyfile(file, target)
            after.notes.append(f"{file.name} is not in git: both sides are rendered with it")


@contextlib.contextmanager
def _ended_by_signals() -> Generator[None]:
    """Let a plain kill end the review as Ctrl-C does: with nothing left behind."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
