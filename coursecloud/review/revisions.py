"""A review of two sides: each brought to plans, by its own code, and the plans compared."""

import contextlib
import dataclasses
import datetime
import os
from collections.abc import Iterator
from typing import Any

from coursecloud.common import stack_file
from coursecloud.plan import hiding
from coursecloud.plan.planning import Plan
from coursecloud.review import (
    changed_lines,
    git,
    kept,
    leaked,
    program,
    requirements,
    sandbox,
    settings_diff,
    stack_comments,
    subprocess_plan,
    unloaded,
    untaken,
)
from coursecloud.review.changed_lines import Lines
from coursecloud.review.inputs import Given, InputError, Read
from coursecloud.review.places import Written
from coursecloud.review.report import Review
from coursecloud.review.sides import Side, both, compared, copy_members, listed
from coursecloud.review.stacks import Stack, Status, review
from coursecloud.review.workspace import Workspace
from infra.settings import EXAMPLE_PROJECT, SettingsError
from infra.settings.model import ENCRYPTED_PROJECT


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
        sides = both(given, read, space)
        compared(given, *sides)
    except git.GitError as error:
        raise InputError([str(error)]) from None
    copy_members(given, sides)
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
    return _reviewed(sides, today, sandbox.said(box) if sources else None)


def _reviewed(sides: tuple[Side, Side], today: datetime.date, said: str | None) -> Review:
    before, after = sides
    names = sorted({*before.names(), *after.names()})
    named: set[str] = set()
    stacks = [_stack(name, before, after, today, named) for name in names]
    differs = program.of(after.changed, after.within, named)
    packages = _packages(before, after)
    if packages:
        after.notes.append(f"packages that run with it: {', '.join(packages)}")
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
        outside=differs.outside,
    )


def _of_code(before: Side, after: Side, differs: program.Program) -> dict[str, Any]:
    """Say which lines of the program change, what in Pulumi.yaml, and of which lines no plan shows what they do."""
    if before.source is None or after.source is None:
        return {}
    sides = (before.source.root, after.source.root)
    comments = _of_stack_files(before, after)
    return {
        "project": tuple(program.of_project_file(*sides) if program.PROJECT_FILE in differs.files else ()),
        "rosters": tuple(program.of_rosters(*sides, differs.files)),
        "untaken": untaken.of(*sides, differs.code, after.ran) if after.rendered and after.ran else (),
        "lines": changed_lines.of(*sides, differs.files, differs.paths),
        "documents": (*(lines for lines, _ in comments), *changed_lines.of(*sides, differs.documents)),
        "leaks": tuple(leaked.of(*sides, (*differs.files, *differs.documents), differs.paths)),
        "typed": (
            *(lines.file for lines, follows in comments if follows),
            *differs.documents,
        ),
    }


def _of_stack_files(before: Side, after: Side) -> list[tuple[Lines, bool]]:
    """Say what differs in stack files though no setting does, and whether it is something to follow."""
    names = sorted({*before.names()} & {*after.names()})
    roots = [before.source.root] if before.source else []
    found = [stack_comments.of(new.file, old.text, new.text) for old, new in _written(names, before, after)]
    new = (after.written(name) for name in sorted({*after.names()} - {*before.names()}))
    found += [stack_comments.comes(each.file, each.text, *roots) for each in new if each.file]
    return [each for each in found if each]


def _written(names: list[str], before: Side, after: Side) -> Iterator[tuple[Written, Written]]:
    for name in names:
        sides = before.written(name), after.written(name)
        if all(each.file for each in sides):
            yield sides


def _packages(before: Side, after: Side) -> list[str]:
    """Say which packages a change adds, or wants in another version, where both sides are revisions."""
    if before.source is None or after.source is None or not after.changed:
        return []
    return requirements.changed(before.source.root, after.source.root)


def _stack(name: str, before: Side, after: Side, today: datetime.date, named: set[str]) -> Stack:
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
        told = hiding.deep(mistakes, known)
        if isinstance(old, str) and isinstance(new, Plan):
            return unloaded.as_comes(told, review(name, None, new, today=today, written=after.written(name)))
        return hiding.deep(unloaded.by_files(name, told, *(_read(side, name) for side in (before, after))), known)
    try:
        state, written = before.state is not None, after.written(name)
        comes = old is None or (isinstance(new, Plan) and old.settings.project != new.settings.project)
        beside = _beside(name, new, before) if comes else ()
        salts = tuple(_salt(side, name) for side in (before, after)) if old and new else ()
        rewritten = _rewritten(name, before, after) if old and new and written.program else ()
        return review(
            name,
            old,
            new,
            today=today,
            state=state,
            written=written,
            beside=beside,
            salts=salts,
            rewritten=rewritten,
            former=_former(new, before, after) if old is None else None,
        )
    except RecursionError:
        said = "what it renders hangs together without end: a resource under itself, or nested without measure"
        return Stack(name, Status.BROKEN, mistakes=(("after", said),))


def _rewritten(name: str, before: Side, after: Side) -> tuple[str, ...]:
    """List the keys that a stack's two files say otherwise; what does not load is told elsewhere."""
    return settings_diff.rewritten(*(_said(side, name) for side in (before, after)))


def _read(side: Side, name: str) -> unloaded.Read:
    """Read a side's stack file; a link may lead to anything, and is not followed."""
    file = side.file(name)
    return unloaded.read(file) if file and not file.is_symlink() else ("", None if file else {})


def _said(side: Side, name: str) -> dict[str, object]:
    """Read what a side's stack file says; nothing where it has none, or none that can be read or is the project's."""
    file = side.file(name)
    if file is None or file.is_symlink():
        return {}
    try:
        return stack_file.read(name, file)
    except SettingsError:
        return {}


def _salt(side: Side, name: str) -> str | None:
    """Give what the stack's secrets are encrypted with on a side; None where there is no stack file to read."""
    file = side.source.files.get(name) if side.source else None
    return stack_file.salt(file) if file else None


def _beside(name: str, plan: Plan | None, before: Side) -> list[str]:
    """List the other stacks that were in the project of one that comes; an encrypted one may be any."""
    others = {each: before.plan(each) for each in before.names() if each != name} if plan else {}
    own = plan.settings.project if plan else EXAMPLE_PROJECT
    if own == EXAMPLE_PROJECT:
        return []
    projects = {each: other.settings.project for each, other in others.items() if isinstance(other, Plan)}
    projects |= dict(_left_out(before, name))
    return [
        each
        for each, project in projects.items()
        if project == own
        or (project != EXAMPLE_PROJECT and any(side.startswith(ENCRYPTED_PROJECT) for side in (own, project)))
    ]


def _left_out(before: Side, name: str) -> Iterator[tuple[str, str]]:
    """Read the projects of the stacks that nobody asked for: one that comes may still be in one of these."""
    for each, file in stack_file.every(before.source.root) if before.source else ():
        if each != name and each not in before.names():
            with contextlib.suppress(SettingsError):
                yield each, str(stack_file.read(each, file).get("gcp:project", EXAMPLE_PROJECT))


def _former(plan: Plan | None, before: Side, after: Side) -> Plan | None:
    """Give the stack that goes from the project of one that comes: it is that one under another name, if it is one."""
    gone = (before.plan(name) for name in {*before.names()} - {*after.names()})
    own = plan.settings.project if plan else EXAMPLE_PROJECT
    found = [each for each in gone if isinstance(each, Plan) and each.settings.project == own != EXAMPLE_PROJECT]
    return found[0] if len(found) == 1 else None


def _named(plan: Plan) -> set[str]:
    """List the files of the repository that run on a stack's machines and in its builds."""
    scripts = {s for each in plan.settings.machines.values() for s in (each.startup_script, each.before_stop) if s}
    return scripts | {name for resource in plan.resources for name in resource.files}


def _kept(given: Given, sides: tuple[Side, Side], box: sandbox.Sandbox | str) -> kept.Kept | None:
    """Take of the base what was rendered before; None where nothing is to be kept of it."""
    side = sides[0]
    if not given.cache or side.revision is None or side.source is None:
        return None
    roots = [given.root, *(each.source.root for each in sides if each.source)]
    repository = git.repository(given.root)
    tree_id = repository.tree(side.revision)
    # A repository may have several projects, with stacks of one name.
    base = kept.of(box, [tree_id, repository.within], roots, os.environ) if tree_id else None
    if base is None:
        return None
    known = {
        name: line
        for name in side.source.files
        if not _has_members(side.source, name) and (line := base.read(_entry(side.source, name)))
    }
    side.source = dataclasses.replace(side.source, known=known)
    if known:
        side.notes.append(
            f"{side.revision}: of {listed(sorted(known))} the plan is taken that an earlier review rendered today;"
            " --no-cache renders it again"
        )
    return base


def _entry(source: subprocess_plan.Source, stack: str) -> str:
    """Call a stack by its file too, which may lie in another folder of the revision than the program."""
    return f"{stack} {os.path.relpath(source.files[stack], source.root)}"


def _keep(base: kept.Kept | None, side: Side) -> None:
    if base is None or side.source is None or side.rendered is None:
        return
    for name in side.rendered.places:
        # What is not in git is nobody's to find elsewhere.
        if not _has_members(side.source, name) and (line := side.rendered.line(name)):
            base.write(_entry(side.source, name), line)
    base.tidy()


def _has_members(source: subprocess_plan.Source, stack: str) -> bool:
    return os.path.lexists(source.root / f"members.{stack}.yaml")


def _warm_up() -> None:
    from coursecloud.cost import prices

    prices.load()
