"""Which stack each group has: a group keeps the one that it had, whatever it is called now."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from coursecloud.cli.commands.course.lock import Locked
from coursecloud.cli.commands.course.roster import Group, Roster
from coursecloud.cli.init.answers import stack_of


def stacks(roster: Roster, known: Mapping[str, Locked]) -> dict[str, str]:
    """Say which stack each group has: the one that it had, also under another name or where only its project is known.

    A stack is where its project is: the group of that project has it, before the one that has only its name. A project
    names a group only where it is one group's, before and now.
    """
    by_name = {entry.group: stack for stack, entry in known.items()}
    left = {stack for stack, entry in known.items() if entry.leaving}
    by_project: dict[str, list[str]] = {}
    for stack, entry in known.items():
        by_project.setdefault(entry.project, []).append(stack)
    now = Counter(group.answers.get("project") for group in roster.groups.values())
    old: dict[str, list[str]] = {}
    for name in roster.renamed:
        old.setdefault(roster.called(name), []).append(name)

    def moved(group: Group) -> list[str]:
        found = [by_name[name] for name in (group.name, *old.get(group.name, ())) if name in by_name]
        # Another group by the name of one that has left gets nothing of its.
        return [each for each in found if each not in left or known[each].project == group.answers.get("project")]

    def stayed(group: Group) -> list[str]:
        return [stack for stack in moved(group) if known[stack].project == group.answers.get("project")]

    def of_project(group: Group) -> list[str]:
        stacks = by_project.get(group.answers.get("project", ""), [])
        alone = now[group.answers.get("project")] == len(stacks) == 1
        return [each for each in stacks if alone and not known[each].leaving and known[each].group not in roster.merged]

    made: dict[str, str] = {}
    for fits in (stayed, of_project, moved):
        taken = set(made.values())
        for group in roster.groups.values():
            if group.name not in made and (found := next((each for each in fits(group) if each not in taken), "")):
                made[group.name] = found
                taken.add(found)
    return {group.name: made.get(group.name) or stack_of(group.answers) for group in roster.groups.values()}


def mistakes(stacks: Mapping[str, str], roster: Roster, known: Mapping[str, Locked]) -> Iterator[str]:
    """Refuse groups that would have one stack: one's file would be written over the other's."""
    first: dict[str, str] = {}
    for name, stack in stacks.items():
        entry, project = known.get(stack), roster.groups[name].answers.get("project")
        if entry and entry.leaving and entry.project != project:
            yield (
                f"  {roster.groups[name].where}: {stack!r}\n    rule    a stack is one group's, and"
                f" {entry.group}, which is leaving, has it in {entry.project}\n    remedy  name the new group otherwise"
            )
        other = first.setdefault(stack.casefold(), name)
        if other != name:
            where = " and ".join(roster.groups[each].where for each in (other, name))
            yield f"  {where}: {stack!r}\n    rule    a stack is one group's\n    remedy  name each group otherwise"


def unknown(roster: Roster, known: Mapping[str, Locked], away: Collection[str]) -> Iterator[str]:
    """Say which renamed or merged groups were never there, or have become one that is there already: it may be a slip.

    `away` are the stacks whose files were put away.
    """
    had = {entry.group for entry in known.values() if not entry.leaving}
    for old in roster.renamed:
        if (new := roster.called(old)) in had and old in had and old not in roster.groups:
            yield f"renamed.{old}: {new} has a stack of its own; if {old} is a part of it now, write it below `merged`"
    were = {entry.group.casefold() for entry in known.values()} | {stack.casefold() for stack in known}
    for old in roster.renamed if known and not roster.pseudonyms else ():
        if stack_of({"group": old}).casefold() not in were and old.casefold() not in {*were, *roster.renamed.values()}:
            yield f"renamed.{old}: no group was called so"
    were |= {stack.casefold() for stack in away} | {old.casefold() for old in roster.renamed}
    for old in roster.merged if known and not roster.pseudonyms else ():
        if not {stack_of({"group": old}).casefold(), old.casefold()} & were:
            yield f"merged.{old}: no group was called so"
