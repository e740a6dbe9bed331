"""What is said of a repository, for people: first what follows from it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from coursecloud.starter import starting
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.starting import Start
from infra import secrecy

_STATES = {
    "new": "new",
    "changed": "changed as the stack is",
    "merged": "merged with your edits",
    "same": "as it should be",
    "conflict": "CONFLICT, not written",
    "theirs": "yours",
    "removed": "removed",
    "obsolete": "no longer asked for",
}
_HEADINGS = {"leaks": "gives a secret away", "fails": "will fail", "warns": "works, and costs or surprises"}


def headline(start: Start, *, done: bool) -> str:
    """Say in a line what follows: what is written, and what will fail all the same."""
    count = len(start.written)
    what = f"{'wrote' if done else 'would write'} {count} file{'s' * (count != 1)}" if count else "nothing to write"
    where = f" into {start.repository.root}" if count else f": {start.repository.root} has all of it"
    said = [f"{what}{where} for stack {start.facts.stack}"]
    if start.conflicts:
        said.append(
            f"{len(start.conflicts)} in CONFLICT with your edits"
            f" {'is' if len(start.conflicts) == 1 else 'are'} left as they are"
        )
    leaks = sum(each.severity == "leaks" for each in start.findings)
    fails = sum(each.severity == "fails" for each in start.findings)
    if leaks:
        said.append(f"{leaks} thing{'s' * (leaks != 1)} there give{'s' * (leaks == 1)} a secret away")
    if fails:
        said.append(f"{fails} thing{'s' * (fails != 1)} there will fail")
    return "; ".join(said)


def differences(start: Start) -> str:
    """Show all that is written, as diffs."""
    return "\n".join(starting.difference(each) for each in start.written)


def files(start: Start) -> str:
    """List what comes of each file."""
    width = max((len(each.path) for each in start.outcomes), default=0)
    return "\n".join(
        f"  {each.path:{width}}  {_STATES[each.state]}" + (f": {each.said}" if each.said else "")
        for each in start.outcomes
    )


def findings(start: Start) -> str:
    """List what was found, gravest first, each with its place, rule and remedy."""
    lines: list[str] = []
    for severity, heading in _HEADINGS.items():
        of = [each for each in start.findings if each.severity == severity]
        if of:
            lines.append(f"\n{heading}")
            lines += [line for each in of for line in _finding(each)]
    return "\n".join(lines)


def _finding(each: FileFinding) -> Iterator[str]:
    yield f"  {each.place}  {secrecy.hide(each.value)}"
    yield f"    rule    {each.rule}"
    yield f"    remedy  {each.remedy}"


def beside(start: Start) -> str:
    """Say what else there is to know, and what was not read."""
    lines: list[str] = []
    if notes := start.contents.notes:
        lines += ["\nto know", *(f"  {note}" for note in dict.fromkeys(notes))]
    if unread := start.repository.unread:
        lines += ["\nnot read", *(f"  {each.path}: {each.why}" for each in unread)]
    return "\n".join(lines)


def following(start: Start) -> str:
    """Say what to do next."""
    root = start.repository.root
    steps: list[tuple[str, str]] = []
    git = f"git -C {shlex.quote(str(root))}"
    if start.contents.project:
        steps.append((f"cd {shlex.quote(str(root))}", "the new project; its README.md has the commands of a day"))
    if not start.repository.versioned:
        steps.append((f"{git} init", "once: git keeps the folder"))
    steps += [(line, f"once: {what}") for what, line in start.contents.commands.items()]
    steps.append((f"{git} add --all && {git} commit", ".coursecloud too: a later run merges by it"))
    return "\nnext\n" + "\n".join(f"  {line}\n      {what}" for line, what in steps)
