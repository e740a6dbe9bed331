"""The whole review: every stack, the verdict, the gates and the documented JSON form."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from coursecloud.diff import refusals
from coursecloud.review import formatting, headline, headline_money, settings_diff
from coursecloud.review.changed_lines import Lines
from coursecloud.review.dangers import Danger, Kind, Level
from coursecloud.review.leaked import Leak
from coursecloud.review.stacks import Stack, Status
from coursecloud.review.untaken import Untaken

EXAMPLES = "example stacks, with the example project's id: nobody can deploy them, or have anything of them"
"""Stands over the stacks that come with the project, where there are others."""


_FILES = 40
"""Files of the program of which each has a line of its own."""


@dataclass(frozen=True)
class Review:
    """What a change does to every stack."""

    base: str
    """What it is compared with, in words."""
    head: str
    stacks: tuple[Stack, ...]
    notes: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    """Files of the program that differ: the review of a side is what the side's own program says of itself."""
    runs: tuple[str, ...] = ()
    """Those among them that are run by machines, such as the workflow that deploys."""
    packages: tuple[str, ...] = ()
    """Packages that a side wants in another version than the one that rendered it."""
    requires: tuple[str, ...] = ()
    """Packages that the change adds or wants in another version, in words."""
    project: tuple[str, ...] = ()
    """What changes in Pulumi.yaml, in words."""
    rosters: tuple[str, ...] = ()
    """What changes in the rosters of courses, in words."""
    untaken: tuple[Untaken, ...] = ()
    """Places of the program that change, and of which no plan shows what they do."""
    lines: tuple[Lines, ...] = ()
    """Which lines of each file of the program differ."""
    documents: tuple[Lines, ...] = ()
    """Which lines of documents differ."""
    typed: tuple[str, ...] = ()
    """Those whose words differ, and not the form alone: people do what they say, whatever that is."""
    leaks: tuple[Leak, ...] = ()
    """Where lines that come hold the value of a secret, and its kind."""
    outside: tuple[str, ...] = ()
    """Files outside of the project, from the top of the repository, which differ and are not looked at."""

    @property
    def of_program(self) -> list[str]:
        """Say that the program itself changes, and at which lines; what of it is run by itself; what Pulumi.yaml says
        otherwise; and what no plan shows of it. Empty where it does not change."""
        said = [
            f"the value of a secret comes with {each}: revoke it; whoever has the repository has it"
            for each in self.leaks
        ]
        if self.runs:
            said.append(
                f"what is run by itself changes ({', '.join(self.runs)}): workflows can do what the account that"
                " deploys can do, hooks and scripts what whoever runs them can do; no plan shows it"
            )
        said += [f"what Pulumi runs with changes: {each}" for each in self.project]
        if self.rosters:
            said.append("a course's roster changes, and `course apply` writes it into its groups' stack files:")
            said += [f"  {each}" for each in self.rosters]
        if self.program:
            named = "at these lines" if self.lines else formatting.files(self.program)
            said.append(
                f"the program itself changes ({named}): what is said here of the change is what its own code says, so"
                " read the code"
            )
            ordered = sorted(self.lines, key=self._gravity)
            said += [f"  {each}" for each in ordered[:_FILES]]
            if more := ordered[_FILES:]:
                said.append(f"  and {formatting.counted(len(more), 'more file')}:")
                said += [f"  {'; '.join(map(str, more[at : at + 10]))}" for at in range(0, len(more), 10)]
        if self.documents:
            copied = "; nobody here knows what they say: read them before people do it" if self.typed else ""
            said.append(f"documents change{copied}:")
            said += [f"  {each}" for each in self.documents]
        if count := len(self.untaken):
            does, them = ("does", "it") if count == 1 else ("do", "them")
            said.append(f"no plan shows what {formatting.counted(count, 'line')} of it {does}; read {them}:")
            said += [f"  {each}" for each in sorted(self.untaken, key=lambda each: each.chooses)]
        return said

    def _gravity(self, each: Lines) -> tuple[bool, bool, bool]:
        """Put what runs by itself first, then what is deployed and what no plan shows, and what is new last.

        Where room ends, it ends in the rest, however many files that has.
        """
        unseen = {place.file for place in self.untaken}
        deployed = each.file == "__main__.py" or each.file.startswith("infra/") or each.file in unseen
        return each.file not in self.runs, not deployed, each.whole.startswith("new")

    @property
    def level(self) -> Level:
        """How much the change asks of its reader."""
        levels = [stack.level for stack in self.own]
        if self.examples:
            levels.append(Level.FINE)
        if self.program or self.packages or self.typed or self.outside:
            levels.append(Level.LOOK)
        if self.leaks:
            levels.append(Level.STOP)
        return max([*levels, Level.FINE] if self.documents else levels, default=Level.NOTHING)

    @property
    def dangers(self) -> Iterator[Danger]:
        """Every danger of every stack that somebody can have deployed."""
        return (danger for stack in self.own for danger in stack.dangers)

    @property
    def broken(self) -> bool:
        """Say whether a side of a stack does not load."""
        return any(stack.status is Status.BROKEN for stack in self.stacks)

    @property
    def telling(self) -> tuple[Stack, ...]:
        """The stacks that do not stay as they are, gravest first, but for the examples beside them."""
        return _telling(self.own)

    @property
    def own(self) -> tuple[Stack, ...]:
        """The stacks but for the examples; where there are only examples, as in a new clone, these."""
        if not any(not stack.example and stack.status is not Status.BROKEN for stack in self.stacks):
            return self.stacks
        return tuple(stack for stack in self.stacks if not stack.example)

    @property
    def examples(self) -> tuple[Stack, ...]:
        """The examples that do not stay as they are, beside stacks that somebody has: nobody loses anything there."""
        own = {stack.name for stack in self.own}
        return _telling(stack for stack in self.stacks if stack.name not in own)

    @property
    def quiet(self) -> list[str]:
        """The names of the stacks that stay as they are."""
        told = {stack.name for stack in (*self.telling, *self.examples)}
        return [stack.name for stack in self.stacks if stack.name not in told]

    @property
    def sentence(self) -> str:
        """The verdict in one line, without its level."""
        broken = sum(stack.status is Status.BROKEN for stack in self.stacks)
        fails = refusals.headline(refusal for stack in self.own for refusal in stack.refusals)
        held = headline.once_it_works(danger for stack in self.own for danger in stack.held)
        parts = [part for part in (_leaked(self.leaks), fails, *held) if part]
        # Of what fails at its start nothing happens, and it saves nothing.
        happening = [stack for stack in self.own if not stack.nothing_done]
        if fails and not any(stack.level > Level.NOTHING for stack in happening):
            return "; ".join([*parts, *_program(self)])
        parts += [f"{broken} {'stacks do' if broken > 1 else 'stack does'} not load"] if broken else []
        changes = [change for stack in happening for change in stack.changes]
        what = [headline.sentence(changes)] if changes or not broken else []
        spent = [*headline_money.credit_of(happening), *headline_money.unpriced(happening)]
        # Lost data is graver than money; that a machine is replaced is not.
        parts += [*what, *spent] if any(change.loses for change in changes) else [*spent, *what]
        counts = [stack.lets_in for stack in happening if stack.lets_in]
        parts += headline.comers(sum(counts), len(counts))
        parts += headline.also(danger for stack in happening for danger in stack.happening)
        parts += _program(self)
        if any(stack.cost and stack.cost.less for stack in happening):
            parts.append("counts less use or lower prices, which SAVES NOTHING")
        for first in self.packages[:1]:
            more = f" and {len(self.packages) - 1} more" if len(self.packages) > 1 else ""
            parts.append(f"NOT SEEN: what {first}{more} would do, which it wants")
        # What the same program makes of the same is the same.
        if unseen := sum(len(stack.unseen) for stack in happening) if self.program else 0:
            parts.append(f"NOT COMPARED: {unseen} value{'s' if unseen > 1 else ''} that only an up knows")
        new = sum(len(stack.findings.violations) for stack in happening if stack.findings)
        if new:
            parts.append(f"breaks {new} rule{'s' if new > 1 else ''}")
        parts += _not_understood(happening)
        costs = [stack.cost for stack in happening if stack.cost]
        hour = sum((each.per_hour for each in costs), Decimal(0))
        text = headline_money.hourly(costs)
        # What is less by the hour with everything on can be more by the day, and that is what it costs; and so can be
        # what stores: more than all hours of a day are.
        day = sum((each.per_day for each in costs), Decimal(0))
        if (
            day > 0
            and (round(hour, 2) <= 0 or day > 24 * hour)
            and round(day, 2)
            and "?" not in text
            and "," not in text
        ):
            text = f"{formatting.more(day)}/day as planned"
        # What fails in the middle saves nothing, and a price that nobody knows is said once.
        if text and not (fails and hour < 0) and not any(part.startswith(text) for part in parts):
            parts.append(text)
        # Where nothing else is to be said stands what was written, that no reader takes silence for more than it is.
        untold = [entry for stack in happening if stack.level <= Level.FINE for entry in stack.settings]
        parts += [f"sets {settings_diff.headline(untold)}"] if untold else []
        if count := len(self.examples):
            parts.append(f"{count} example stack{'s change' if count > 1 else ' changes'}, which nobody can deploy")
        return "; ".join(parts)


def _telling(stacks: Iterable[Stack]) -> tuple[Stack, ...]:
    found = [stack for stack in stacks if stack.status is not Status.UNCHANGED or stack.notes]
    kinds = list(Kind)

    def gravity(stack: Stack) -> tuple[int, int, str]:
        return -stack.level, min((kinds.index(each.kind) for each in stack.dangers), default=len(kinds)), stack.name

    return tuple(sorted(found, key=gravity))


def _leaked(leaks: Sequence[Leak]) -> str:
    if not leaks:
        return ""
    first = leaks[0]
    at = f" at {first.place}" if len(leaks) == 1 and _FILE.fullmatch(first.file) else ""
    return f"puts {'a SECRET' if len(leaks) == 1 else f'{len(leaks)} SECRETS'} INTO GIT{at}"


def _program(review: Review) -> Iterator[str]:
    if review.program:
        files = _where(review)
        run = len(review.runs)
        acts = f" and what is RUN BY ITSELF ({run} file{'s' if run > 1 else ''})" if run else ""
        lines = (
            f", {count} line{'s' if count > 1 else ''} of which NO PLAN SHOWS" if (count := len(review.untaken)) else ""
        )
        yield f"changes {files}{lines}{acts}"
        if review.rosters:
            yield f"changes {formatting.counted(len(review.rosters), 'key')} of a course's ROSTER"
        if tables := sum(path.startswith(("catalog/", "coursecloud/cost/")) for path in review.program):
            yield f"COUNTED BY CHANGED TABLES ({tables} file{'s' if tables > 1 else ''})"
    if review.documents:
        count = formatting.counted(len(review.documents), "document")
        yield f"changes the words of {count}, which people follow" if review.typed else f"changes the form of {count}"
    if review.outside:
        names = f" ({', '.join(review.outside)})" if _short(review.outside) else ""
        yield f"NOT LOOKED AT: {formatting.counted(len(review.outside), 'file')} outside of the project{names}"
    if review.requires:
        count = len(review.requires)
        yield f"changes {count} PACKAGE{'S' if count > 1 else ''} that run with it"


def _where(review: Review) -> str:
    """Say in how many files the program changes, and where, if that is one line or two files."""
    names = review.program
    said = f"{formatting.counted(len(names), 'file')} of the PROGRAM"
    first = review.lines[0] if len(review.lines) == 1 else None
    if first and first.places == 1 and first.first and _FILE.fullmatch(first.file):
        return f"{said} at {first.file}:{first.first}"
    return f"{said} ({', '.join(names)})" if _short(names) else said


def _short(names: Sequence[str]) -> bool:
    """Say whether files are named in a headline: two at most, by paths that are only paths."""
    return len(names) <= 2 and all(map(_FILE.fullmatch, names))


_FILE = re.compile(r"[\w./-]{1,60}", re.ASCII)
"""Paths that a headline repeats."""


def _not_understood(stacks: Iterable[Stack]) -> Iterator[str]:
    """Count what nobody has looked at: one of the same name in several stacks is one."""
    found = {(f.rule.id, f.name) for stack in stacks if stack.findings for f in stack.findings.violations}
    counted = Counter(rule for rule, _ in found)
    words = {"type-understood": "type", "input-understood": "inputs of {} resource", "price-known": "price"}
    said = [
        (text.format(n) if "{" in text else f"{n} {text}") + ("s" if n > 1 else "")
        for rule, text in words.items()
        if (n := counted[rule])
    ]
    if said:
        yield f"NOT UNDERSTOOD: {', '.join(said)}"
