"""What a command line about groups asks for, and which groups it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursecloud.cli.commands.shared import refuse, say
from coursecloud.course import summary
from coursecloud.course.journal import Journal
from coursecloud.course.selection import SelectionError, facts, named, term


@dataclass(frozen=True)
class Asked:
    """What a command line asks for."""

    verb: str
    folder: Path
    only: Sequence[str] = ()
    where: Sequence[str] = ()
    failed: bool = False
    at_once: int = 0
    yes: bool = False
    dry_run: bool = False
    afresh: bool = False
    lose: Sequence[str] = ()
    to: Path | None = None
    lift_locks: bool = False
    cloud_run: bool = False
    """The job in Cloud Run does the work."""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def key(self) -> dict[str, Any]:
        """Give what makes two command lines the same command."""
        return {
            "only": sorted(self.only),
            "where": sorted(self.where),
            "failed": self.failed,
            "lose": sorted(self.lose),
            "to": str(self.to.absolute()) if self.to else None,
        }


def chosen(asked: Asked, journal: Journal) -> tuple[list[str], frozenset[str]]:
    """Choose the groups: all that were asked for, and those that were named in full. Refuses what chooses none."""
    try:
        found, by_name = named(asked.only, there(asked))
        found = _where(found, asked)
    except (SelectionError, ValueError) as error:
        refuse(error)
    if asked.failed:
        last = journal.latest(asked.verb)
        found = [stack for stack in found if stack in last and last[stack].state in ("failed", "refused")]
    if not found:
        without = [option for option, is_so in (("--failed", asked.failed), ("--where", asked.where)) if is_so]
        refuse(
            f"no group is chosen: nothing was done\n    rule    {' and '.join(without)} choose among the groups\n"
            f"    remedy  `coursecloud course {asked.verb}` without that is about all"
        )
    return found, by_name


def there(asked: Asked) -> list[str]:
    """List the groups of the course; those that leave are not brought up any more."""
    from coursecloud.cli.commands.course import lock
    from coursecloud.common import stack_file

    files = {stack for stack, _ in stack_file.every(asked.folder)}
    known = [
        stack
        for stack, entry in sorted(lock.groups(asked.folder).items())
        if not (entry.leaving and (asked.verb == "up" or stack not in files))
    ]
    there = [stack for stack in known if stack in files]
    if gone := [stack for stack in known if stack not in files]:
        named = summary.names(gone)
        say(f"note  {named}: no stack file is here, so nothing is done; `coursecloud course apply` writes it")
    if not there:
        refuse(
            f"{asked.folder} has no group\n    rule    a course is the stack files of a folder\n"
            "    remedy  `coursecloud course init TABLE` writes them; --folder names another folder"
        )
    return there


def _where(stacks: list[str], asked: Asked) -> list[str]:
    if not asked.where:
        return stacks
    import datetime

    from coursecloud.deploy.preconditions import settings_of
    from infra.settings import SettingsError

    terms, today = [term(each) for each in asked.where], datetime.datetime.now().astimezone().date()
    known: dict[str, dict[str, str]] = {}
    for stack in stacks:
        try:
            known[stack] = facts(settings_of(asked.folder, stack), today)
        except SettingsError:
            say(f"note  {stack} has a mistake in its file: what --where asks of it is not known, and it is left out")
    names = sorted({name for each in known.values() for name in each})
    for each in terms:
        if known and each.name not in names:
            from infra.settings.problem import nearest

            remedy = nearest(each.name, names, f"name one of {', '.join(names)}")
            raise SelectionError(f"--where {each.name}\n    rule    no group says that of itself\n    remedy  {remedy}")
    return [stack for stack, said in known.items() if all(each.holds(said) for each in terms)]
