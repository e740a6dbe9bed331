"""A month of one stack: what happens in it, what is said to the product, and what has to be true after each."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.machine import FOUND
from tests.month import truth
from tests.month.events import Event, Step
from tests.month.hands import Hands, RefusedError
from tests.month.holdings import Holding, gone, holdings, needed_by, paths
from tests.month.place import MARK, PROJECT, Place
from tests.month.terminal import Ended, Running, run
from tests.month.truth import Said

Json = dict[str, Any]
PRODUCT = (sys.executable, "-m", "coursecloud")
OUTCOMES = {"done": (0,), "quiet": (0,), "refused": (2,), "stops": (3,), "fails": (1,), "stops or refused": (2, 3)}
"""Words for how a command must end: its exit codes. `quiet` writes nothing; 2 and 3 never touch anything."""

MOST_UPS = 2
"""So many ups bring back a quiet stack, whatever happened."""


class BrokenError(AssertionError):
    """Something is not as it has to be; the text says what, after which event, and what was printed."""


class TurnedAwayError(Exception):
    """The product says no, before it touches anything, to what one event may ask and not after the events before it."""


@dataclass
class Month:
    """One stack in one place."""

    place: Place
    stack: str
    draw: Callable[[int, int], int] = lambda low, high: (low + high) // 2
    """Chooses a number between two: the moment at which something is cut off."""
    log: list[str] = field(default_factory=list[str])
    """What happened and what was said, for whoever has to understand a failure."""
    cpu: float = 0.0
    others: dict[str, str] = field(default_factory=dict[str, str])
    """Stack files as they were before the event."""
    edited: dict[str, str] = field(default_factory=dict[str, str])
    """Stack files as they were before the last edit."""
    day: bool = True
    """The last command that succeeded brought the stack up."""
    tampered: bool = False
    """Something may be otherwise than the state knows."""
    soft: list[str] = field(default_factory=list[str])
    """What was printed wrongly while the right thing was done: told at the end, so that it hides nothing else."""
    made: list[str] = field(default_factory=list[str])
    """Paths of what was made by hand and belongs to no stack."""
    turned: list[str] | None = None
    """In a sequence: the events that could not be after those before, and who said no."""

    @property
    def hands(self) -> Hands:
        """Somebody with a browser."""
        return Hands(self.place.emulator, self.stack)

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.place.root / f"Pulumi.{self.stack}.yaml"

    def can(self, event: Event) -> bool:
        """Say whether it can happen now."""
        if any("gcloud" in step for step in event.do) and not shutil.which("gcloud", path=FOUND.get("PATH")):
            return False
        return all(self.hands.find(pattern) for pattern in event.patterns())

    def play(self, event: Event, *, evening: bool = False) -> None:
        """Let it happen, say to the product what is said after it, and see that all is well."""
        self.happen(event)
        if evening:
            self.product("down")
            self.product("finish")
        else:
            for step in event.then:
                self.step(step)
            if self.day:
                self.quiet()
        self.told()

    def play_in_turn(self, event: Event) -> None:
        """Let it happen after others, which may make it impossible: then a person finds back to a quiet day."""
        self.turned = self.turned or []
        if not self.day:  # the event before ended with an evening
            self.product("up")
        try:
            self.play(event)
        except (RefusedError, TurnedAwayError) as said:
            self.turned.append(f"{event.name}: {str(said).splitlines()[0]}")
            self.log.append(f"-- could not be: {said}")
            self.undo(self.edited)
            self.place.emulator.use({})  # the event's own faults end with it
            self.settle()
            self.told()

    def told(self) -> None:
        """See that nothing was printed wrongly so far."""
        if self.soft:
            said, self.soft = self.soft, []
            self.broken("; ".join(dict.fromkeys(said)))

    def happen(self, event: Event) -> None:
        """Let it happen, without an answer."""
        self.log.append(f"## {event.name}")
        self.remember()
        for step in event.do:
            self.step(step)

    def remember(self) -> None:
        """Keep the stack files as they are now, for whoever takes an edit back."""
        self.others = self.edited = self.files()

    def files(self) -> dict[str, str]:
        """Read the stack files, by name."""
        return {p.name: p.read_text(encoding="utf-8") for p in self.place.root.glob("Pulumi.*.yaml")}

    def step(self, step: Step) -> None:
        """Do one thing."""
        from tests.month.steps import STEPS

        given = dict(step)
        verb = next(iter(given))
        if verb in ("edit", "unset", "rename", "swap"):
            self.edited = self.files()
        value = given.pop(verb)
        self.log.append(f"-- {verb}: {value} {given or ''}")
        self.tampered |= verb not in ("edit", "unset", "rename", "swap", "undo", "up", "down", "finish", "quiet")
        if verb in ("up", "down", "finish"):
            self.product(verb, value, **{key.replace(" ", "_"): each for key, each in given.items()})
        else:
            STEPS[verb](self, value, **{key.replace(" ", "_"): each for key, each in given.items()})

    def settle(self) -> None:
        """Bring the stack back to a quiet day, as a person does who reads what is printed."""
        said = self.product("up", "any")
        if said.code == 3:
            named = re.findall(r"--lose ([^\s`]+)", said.ended.text)
            said = self.product("up", "any", lose=named)
        if said.code == 2:
            self.log.append("-- undo")
            self.undo()
            said = self.product("up", "any")
        if said.code:
            self.broken(f"no way back to a quiet day: exit code {said.code}", said.ended)
        self.quiet()

    def undo(self, files: dict[str, str] | None = None) -> None:
        """Take the edits of stack files back, all of the event or those since `files`."""
        for name, text in (files or self.others).items():
            (self.place.root / name).write_text(text, encoding="utf-8")

    def product(
        self,
        command: str,
        outcome: str = "done",
        *,
        lose: Sequence[str] = (),
        how: str = "yes",
        says: Sequence[str] = (),
        unsaid: Sequence[str] = (),
        who: str = "own",
        stack: str = "",
        options: Sequence[str] = (),
        answer: str = "yes",
        exit_code: int | None = None,
        leaves: Sequence[str] = (),
    ) -> Said:
        """Run a command of the product and hold it to all that holds for every command.

        `leaves` are members whom an edit has named as going. `how`: `yes` at a terminal with --yes, `ask` at a
        terminal with the questions answered by `answer`, `pipe`.
        """
        stack = stack or self.stack
        held, state = holdings(self.place.emulator), self.place.state(stack, who)
        others = self.processes()  # of a command that was killed, and that write until they are done
        selected = self.place.selected()
        line = self.line(command, stack, how, lose, options)
        said = self.command(line, command, stack, terminal=how != "pipe", answer=answer, who=who)
        if others and said.code in OUTCOMES["stops or refused"]:
            said = replace(said, writes=())
        ended = said.ended
        if outcome != "any":
            wanted = (exit_code,) if exit_code is not None else OUTCOMES[outcome]
            if said.code not in wanted:
                if self.turned is not None and said.code in OUTCOMES["stops or refused"] and not said.writes:
                    raise TurnedAwayError(f"{command}: {' / '.join(ended.text.splitlines()[:3])}")
                asked_again = outcome == "fails" and not said.code and self.files() == self.others
                if self.turned is not None and asked_again and not said.writes:
                    raise TurnedAwayError(f"{command}: what the event asks for is there already, and nothing can fail")
                self.broken(f"{command}: exit code {said.code}, not {wanted[0]} ({outcome})", ended)
            if outcome == "quiet" and said.writes:
                self.broken(f"{command}: {len(said.writes)} writes, first {said.writes[0]['id']}", ended)
        self.soft += [f"{command}: {problem}" for problem in truth.lies(said)]
        if said.code in (2, 3) and said.writes and not truth.BEGUN.search(ended.text):
            self.broken(f"{command}: exit code {said.code}, and yet wrote {said.writes[0]['id']}", ended)
        for pattern in (each.replace("{stack}", stack) for each in says):
            if not re.search(pattern, ended.text, re.IGNORECASE):
                self.soft.append(f"{command}: does not say {pattern!r}")
        for pattern in unsaid:
            if re.search(pattern, ended.text, re.IGNORECASE):
                self.soft.append(f"{command}: says {pattern!r}")
        self.nothing_lost(command, held, state, [*lose, *leaves], answered=how != "ask" or answer == "yes", ended=ended)
        self.clean(f"after {command}", ended)
        if self.place.selected() != selected and selected:
            self.broken(f"{command}: another stack is selected than before", ended)
        if said.code == 0:
            self.tampered = False
            self.day = command == "up" or (self.day and stack != self.stack)
        if said.code == 0 and command in ("down", "finish"):
            self.promised(command, stack, state, who, ended)
        return said

    def line(
        self, command: str, stack: str, how: str, lose: Sequence[str] = (), options: Sequence[str] = ()
    ) -> list[str]:
        """Write the line that a person types."""
        line = [*PRODUCT, command, "--stack", stack, *options]
        if command == "finish" and how != "ask":
            line += ["--confirm", stack]
        elif command != "finish" and how != "ask":
            line.append("--yes")
        for name in lose:
            line += ["--lose", name]
        return line

    def command(
        self,
        line: Sequence[str],
        name: str,
        stack: str,
        *,
        terminal: bool = True,
        answer: str = "yes",
        who: str = "own",
        watch: Callable[[Running], None] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Said:
        """Run a line as a person does, and note what it did."""
        first = len(self.place.emulator.requests)
        before = self.urns(stack, who)
        word = stack if answer == "yes" else "no"
        answers = [
            (r"Do you want to perform this \w+\?[^\n]*\n(?s:.*)no\b", f"{answer}\r"),
            (r"[Tt]ype the (stack's )?name[^\n]*: ?$", f"{word}\r"),
            (r"\[[yY]/[nN]\]:? ?$", f"{answer[0]}\r"),
        ]
        done = run(
            line,
            self.place.clone(who),
            environment or self.place.environment(who),
            terminal=terminal,
            answers=answers,
            watch=watch,
        )
        self.cpu += done.cpu
        self.log.append(f"$ {' '.join(line[-6:])} -> {done.code}, {done.seconds:.0f} s\n{done.last()}")
        return Said(name, done, self.writes(first), before, self.urns(stack, who), exact=not self.tampered)

    def urns(self, stack: str, who: str) -> frozenset[str]:
        """Name what a state holds that Google has."""
        held = self.place.state(stack, who)
        return frozenset(str(each["urn"]) for each in held if each.get("custom") and each["type"][:7] != "pulumi:")

    def writes(self, first: int = 0) -> tuple[Json, ...]:
        """List what changed something in the cloud since a request; the state and the product's own notes are none."""
        asked = list(self.place.emulator.requests[first:])
        return tuple(
            call
            for call in asked
            if call.get("write")
            and call["status"] < 300
            and not re.search(r"\.pulumi(%2F|/)|\.coursecloud|/_emulator/", str(call["path"]))
        )

    def plain(self, *words: str, who: str = "own", stack: str = "") -> Ended:
        """Run plain Pulumi, as README says that one may."""
        environment = {"PULUMI_CONFIG_PASSPHRASE": "", **self.place.environment(who)}
        line = ["pulumi", *words, "--stack", stack or self.stack]
        return self.command(line, "pulumi", stack or self.stack, terminal=False, who=who, environment=environment).ended

    def quiet(self, who: str = "own", stack: str = "") -> None:
        """See that neither the program nor the cloud has anything to change: one look for both."""
        words = ("preview", "--refresh", "--expect-no-changes", "--non-interactive", "--diff")
        ended = self.plain(*words, who=who, stack=stack)
        if ended.code:
            self.broken("the stack is not quiet", ended)

    def nothing_lost(
        self,
        command: str,
        held: frozenset[Holding],
        state: Iterable[Json],
        lose: Iterable[str],
        *,
        answered: bool,
        ended: Ended,
    ) -> None:
        """See that nothing is gone that nobody named."""
        listed = list(state)
        spared: set[str] = set()
        if command == "up":
            spared = paths(listed, list(lose))
        elif answered:
            spared = paths(listed, protected=command == "finish")
        named = list(lose)
        lost = gone(held, holdings(self.place.emulator), spared)
        if command == "up":
            lost = [each for each in lost if each.kind != "member" or not named]
        else:
            lost = [each for each in lost if each.kind != "member"]
        if lost:
            listing = "".join(f"\n    {each}" for each in lost[:10])
            self.broken(f"{command}: {len(lost)} gone that nobody named:{listing}", ended)

    def promised(self, command: str, stack: str, state: Iterable[Json], who: str, ended: Ended) -> None:
        """See that an evening or the end has taken what it takes, and left what it leaves."""
        left = self.place.state(stack, who)
        over = [r for r in left if r.get("custom") and "pulumi:providers:" not in r["type"]]
        if command == "down":
            stays_for = needed_by([r for r in left if r.get("protect")], left)
            over = [r for r in over if not r.get("protect") and r["urn"] not in stays_for]
        if over:
            self.broken(f"{command}: the state still holds {over[0]['urn']} and {len(over) - 1} more", ended)
        kept = paths(left)
        mine = (f"/{stack}-", f"/{PROJECT}-{stack}-")
        stays = [
            each
            for each in self.place.emulator.remaining()
            if (command == "finish" or each["bills"])
            and any(part in f"/{each['name']}" for part in mine)
            and not any(f"{each['service']}:{each['name']}".startswith(path) for path in kept)
            and not any(path in each["name"] for path in self.made)
        ]
        if stays:
            self.broken(f"{command}: stays behind: {stays[0]['name']} and {len(stays) - 1} more", ended)
        before = paths([r for r in state if r.get("protect")]) if command == "down" else set[str]()
        missing = [path for path in before if path not in self.place.emulator.world.resources]
        if missing and not set(missing) <= {path for path in before if path not in kept}:
            self.broken(f"{command}: kept, and gone: {missing[0]}", ended)

    def clean(self, when: str, ended: Ended | None = None, *, patience: float = 15, locks: bool = True) -> None:
        """See that no process of ours and no lock stays."""
        until = time.monotonic() + patience
        while (alive := self.processes()) and time.monotonic() < until:
            time.sleep(0.1)
        if alive:
            for process in alive:
                os.kill(process, 9)
            self.broken(f"{when}: processes stay: {', '.join(alive.values())}", ended)
        if locks and (left := self.place.locks()):
            self.broken(f"{when}: locks stay: {', '.join(left)}", ended)

    def processes(self) -> dict[int, str]:
        """List the processes that were started in this place: id to command line."""
        found: dict[int, str] = {}
        mark = f"{MARK}={self.place.mark}".encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if mark not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            except OSError:
                continue  # it has just ended, or is not ours
            if line:  # one that has ended and waits to be asked has none
                found[int(entry.name)] = line[:120]
        return found

    def broken(self, what: str, ended: Ended | None = None) -> None:
        """Say what is not as it has to be."""
        told = f"\n{' '.join(ended.line[-6:])}:\n{ended.last(40)}" if ended else ""
        story = "\n".join(line.splitlines()[0] for line in self.log if line)
        raise BrokenError(f"{what}\n{story}{told}")
