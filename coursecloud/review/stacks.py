"""The review of one stack: its changes, dangers, cost and rules. Values in, values out."""

import datetime
import enum
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from coursecloud.diff import edits, refusals, refusing
from coursecloud.diff.changes import Change, Operation, PropertyChange
from coursecloud.diff.comparison import compare
from coursecloud.diff.refusals import Refusal
from coursecloud.plan.planning import Plan
from coursecloud.policy.consequence import Consequence
from coursecloud.review import (
    access,
    asked_less,
    consequence,
    dangers,
    formatting,
    half_read,
    headline,
    left_on,
    money,
    new_stack,
    notes_of,
    places,
    protection,
    protection_money,
    protection_settings,
    settings_diff,
)
from coursecloud.review.dangers import Danger, Kind, Level
from coursecloud.review.graph import Graph, draw
from coursecloud.review.protection import Weaker
from coursecloud.review.quoting import quoted
from infra.settings import EXAMPLE_PROJECT


class Status(enum.StrEnum):
    """What became of a stack as a whole."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ADDED = "added"
    REMOVED = "removed"
    BROKEN = "broken"
    """A side does not load."""


@dataclass(frozen=True)
class Stack:
    """One stack under review."""

    name: str
    status: Status
    changes: tuple[Change, ...] = ()
    """Every resource that does not stay as it is, gravest first."""
    unchanged: int = 0
    """How many resources stay as they are."""
    lets_in: int = 0
    """How many others than its own accounts a stack of its own that comes lets in."""
    unseen: tuple[tuple[str, str], ...] = ()
    """Resource and input: unknown on both sides, or a secret that a side had hidden before it came here. Only the real
    run can compare them."""
    mistakes: tuple[tuple[str, str], ...] = ()
    """Side (`before`, `after`) and why it does not load."""
    cost: money.Cost | None = None
    findings: money.Findings | None = None
    notes: tuple[str, ...] = ()
    graph: Graph = field(default_factory=Graph)
    dangers: tuple[Danger, ...] = ()
    settings: tuple[PropertyChange, ...] = ()
    """Every setting that differs; empty where only one side has the stack."""
    outputs: tuple[PropertyChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    """The edits that cannot work, or not without more."""
    protection: tuple[Weaker, ...] = ()
    """What holds spending back, keeps data, keeps somebody out or tells somebody, and does so less than before."""
    consequences: tuple[Consequence, ...] = ()
    """What the change means for whoever deploys it, gravest first."""
    example: bool = False
    """Both of its sides have the example project's id: `up` refuses it, and nobody has anything of it."""

    @property
    def nothing_done(self) -> bool:
        """Say whether Pulumi refuses the update as a whole, so that nothing of the rest happens either."""
        return refusals.nothing_done(self.refusals)

    @property
    def happening(self) -> tuple[Danger, ...]:
        """The dangers of what would happen; where the update fails at its start, why, and what is merged with it."""
        if not self.nothing_done:
            return tuple(danger for danger in self.dangers if not (danger.kind is Kind.DATA and _refused(danger)))
        still = (Kind.REFUSED, Kind.RENAMED, Kind.PROGRAM)
        held = {id(danger) for danger in self.held}
        return tuple(
            replace(danger, text=f"{danger.text} ({ONCE_IT_WORKS})") if id(danger) in held else danger
            for danger in self.dangers
            if danger.kind in still or id(danger) in held
        )

    @property
    def held(self) -> tuple[Danger, ...]:
        """What an update that fails at its start does not do, and the first one after its mending does.

        By then it is merged, and no later review names it.
        """
        lines = self.cost.lines if self.cost else ()
        return tuple(headline.merged(self.dangers, self.changes, lines)) if self.nothing_done else ()

    @property
    def level(self) -> Level:
        """How much this stack asks of its reader."""
        if self.status is Status.BROKEN or (self.findings and self.findings.violations):
            return Level.STOP
        if self.status is Status.REMOVED:
            return Level.STOP if self.dangers else Level.LOOK
        found = headline.level(self.changes, self.dangers)
        return max(found, Level.FINE) if self.status is not Status.UNCHANGED else found

    def settings_lines(self) -> list[str]:
        """Say what differs in the settings, and which outputs do where no resource tells why."""
        said = [f"{entry.path}: {formatting.from_to(entry)}" for entry in self.settings]
        if self.outputs and not self.changes and not any(each.kind is Kind.OUTPUTS for each in self.dangers):
            names = [entry.path for entry in self.outputs]
            said.append(f"outputs that change with it: {', '.join(names)}")
        return said

    @property
    def sentence(self) -> str:
        """What happens, in one line."""
        if self.status is Status.BROKEN:
            said = "does not load " + " and ".join(side for side, _ in self.mistakes) + " the change"
            what = [headline.sentence(self.changes), *headline.comers(self.lets_in)] if self.changes else []
            return "; ".join([said, *what, *headline.also(self.dangers)])
        if self.status is Status.REMOVED:
            return f"its stack file goes: {headline.sentence(self.changes)} once it is destroyed"
        fails = refusals.headline(self.refusals)
        if self.nothing_done:
            return "; ".join([fails, *headline.once_it_works(self.held)])
        parts = [fails] if fails else []
        parts += [headline.sentence(self.changes), *headline.comers(self.lets_in), *headline.also(self.dangers)]
        said = "; ".join(parts)
        return f"is new: {said}" if self.status is Status.ADDED else said


WHOM = "whom it lets in"
ONCE_IT_WORKS = "once the update works"
"""What is said of dangers that an update which fails only puts off."""


def _refused(danger: Danger) -> bool:
    return bool(danger.change and danger.change.refused)


_ORDER = list(Operation)


def review(
    name: str,
    before: Plan | None,
    after: Plan | None,
    *,
    today: datetime.date,
    state: bool = False,
    notes: Iterable[str] = (),
    written: places.Written = places.NOTHING,
    beside: Sequence[str] = (),
    salts: Sequence[str | None] = (),
    rewritten: Collection[str] = (),
    former: Plan | None = None,
) -> Stack:
    """Review one stack; a side that is None has no such stack. With `state`, `before` is what was deployed.

    `written` is where the places of the changes are looked up, `beside` the other stacks of its project, `salts` what
    each side's secrets are encrypted with by a passphrase, `rewritten` the keys that its file says otherwise, where
    another program than before reads them; `former` is the stack of the same project that goes as this one comes.
    """
    said = list(notes)
    example = all(plan.settings.project == EXAMPLE_PROJECT for plan in (before, after) if plan)
    if before and after and before.settings.project == EXAMPLE_PROJECT != after.settings.project:
        # `up` refuses the example, so nothing of it can be there.
        said.append(f"the project was the example until now, {EXAMPLE_PROJECT}: everything is new")
        before = None
    found = compare(before.resources if before else (), after.resources if after else (), state=state)
    telling = sorted(
        (change for change in found if change.operation is not Operation.SAME),
        key=lambda change: (not change.loses, not change.refused, _ORDER.index(change.operation), change.key),
    )
    deeds = tuple(dangers.of_program(before, after, found)) if after else ()
    agreed = outputs = ()
    guessed = sorted({*(before.guessed if before else ()), *(after.guessed if after else ())})
    before, after, without = half_read.whole(before, after)
    if before and after and not state:
        agreed, outputs = settings_diff.settings(before, after), settings_diff.outputs(before, after)
    unsaid = settings_diff.unsaid(rewritten, agreed) if before and after else []
    found, telling = places.found(found, written, agreed), places.found(telling, written, agreed)
    said += without
    said += notes_of.sides(name, before, after, telling)
    cost = money.costs(before, after)
    findings = money.findings(before, after, today)
    # A stack that comes has nothing yet, and of one that goes nothing is updated.
    refused = tuple(refusing.refused(edits.of_review(found))) if before and after else ()
    weaker: tuple[Weaker, ...] = ()
    if before and after:
        weaker = (
            *protection_settings.weaker(before, after, cost.after),
            *protection_settings.covered(before, findings),
            *protection_money.claimed(cost),
            *left_on.weaker(found, before, after, cost.before, cost.after),
            *protection.of_changes(found, cost.before, cost.after, after.settings.lease.kept_until),
        )
    elif after:
        weaker = tuple(new_stack.weaker(after, former, cost, today))
    machines = after.settings.machines if after else ()
    risks = [*dangers.dangers(found, machines), *dangers.of_refusals(refused, found), *deeds, *_guards(agreed, weaker)]
    risks += [*_weaker(weaker, found), *_money(cost, bool(telling))]
    if named := [quoted(each) for each in {**dict.fromkeys(guessed), **dict.fromkeys(unsaid)}]:
        text = f"NOT COMPARED, as the program reads it otherwise than before: {', '.join(named)} of the stack file"
        risks.append(Danger(Kind.PROGRAM, None, text))
    if before and after and (told := protection_money.dearer(before.settings, cost)):
        risks.append(Danger(Kind.DEARER, None, told))
    # What the same program prints of other settings is what these say.
    risks += dangers.of_outputs(outputs) if written.program else ()
    # With another stack file alone it follows from that; and a state has no options.
    risks += asked_less.options(found) if not state and (written.program or not agreed) else ()
    risks += dangers.of_jobs(before, after) if before and after else ()
    risks += dangers.of_salts(*salts) if salts else ()
    people: list[str] = []
    # Nobody deploys what stays as it is.
    if after and telling and (over := after.settings.lease.over(today)):
        risks.append(Danger(Kind.OVER, None, over))
    if before is None:
        # Of a stack of its own all comes: whom it lets in, and what runs in it, its changes say.
        if not beside:
            people = access.let_in(found)
            risks = [danger for danger in risks if danger.kind not in (Kind.ACCESS, Kind.RUNS)]
            if people:
                said.append(f"{WHOM}: {', '.join(people)}")
        else:
            risks.append(Danger(Kind.GUARD, None, f"it is in a project that others are in: {', '.join(beside)}"))
    if before is None or after is None:
        status = Status.ADDED if before is None else Status.REMOVED
    else:
        other = cost.changes or findings.new or findings.fixed or agreed or outputs or risks
        status = Status.CHANGED if telling or other else Status.UNCHANGED
    return Stack(
        name,
        status,
        changes=tuple(telling),
        unchanged=sum(change.operation is Operation.SAME for change in found),
        lets_in=len(people),
        unseen=tuple((change.name, top) for change in found for top in change.unseen),
        cost=cost,
        findings=findings,
        notes=tuple(said),
        graph=draw(found) if telling else Graph(),
        dangers=dangers.ordered(risks),
        settings=agreed,
        outputs=outputs,
        refusals=refused,
        protection=weaker,
        consequences=consequence.of_change(telling, risks, refused, cost, findings, weaker),
        example=example,
    )


def _weaker(found: Iterable[Weaker], changes: Iterable[Change]) -> Iterator[Danger]:
    by_urn = {change.resource.urn: change for change in changes}
    for each in found:
        if not each.told:
            yield Danger(Kind.PROTECTION, by_urn.get(each.urn or ""), f"weaker protection: {each.sentence}")


def _money(cost: money.Cost, telling: bool) -> Iterator[Danger]:
    if told := consequence.of_credit(cost):
        yield Danger(Kind.CREDIT, None, told)
    if cost.news_unknown and telling:
        yield Danger(Kind.PRICE, None, consequence.money(cost))


def _guards(settings: tuple[PropertyChange, ...], weaker: Iterable[Weaker]) -> Iterator[Danger]:
    told = {each.what.strip("`") for each in weaker if each.urn is None}
    for entry in settings_diff.guards(settings):
        if entry.path in told or any(_of_exception(entry.path, what) for what in told):
            continue
        said = formatting.from_to(entry)
        yield Danger(Kind.GUARD, None, f"what guards the stack changes: {quoted(entry.path)}: {quoted(said)}")


def _of_exception(path: str, what: str) -> bool:
    """Say whether a changed setting is of an exception that is told."""
    names = re.fullmatch(r"the exception from `(.*)` of `(.*)", what)
    return bool(names) and f'"{names[1]} of {names[2]}"' in path
