"""An edit that cannot work, in the stack file's words, and what several of them come to."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from coursecloud.diff.copy_commands import shown


class Kind(enum.StrEnum):
    """Why an edit cannot work, gravest first."""

    PROJECT = "project"
    """What is there lives in another project."""
    PROTECTED = "protected"
    """It would be deleted or made anew, and is kept, or the provider is told never to delete it."""
    LOCKED = "locked"
    """A lock is on it that nobody lifts, not even its owner."""
    SHRINKS = "shrinks"
    """It only grows."""
    FIXED = "fixed"
    """Google does not change it to this in place."""
    RESPELT = "respelt"
    """To Google it is one grant by two spellings: what comes is there already, and what goes takes it away."""
    RUNNING = "running"
    """It works, but only while the machine runs."""


@dataclass(frozen=True)
class Refusal:
    """An edit that cannot work, or not without more. What others wrote stands between backticks."""

    kind: Kind
    urn: str
    place: str
    """The keys of the stack file that ask for it, or the program's file."""
    value: str
    rule: str
    remedy: str
    name: str = ""
    """The resource, as a reader names it."""
    store: bool = False
    """It holds data."""
    half_way: bool = False
    """What is protected is so by the provider, which refuses when the update has begun."""
    lose: str | None = None
    """It works where a person names this with `--lose`, and data goes; None: no word makes it work."""

    @property
    def fails(self) -> bool:
        """Say whether the update fails, whatever anybody says to it."""
        return self.lose is None and self.kind is not Kind.RUNNING

    @property
    def sentence(self) -> str:
        """Say all of it in a line."""
        return f"{self.value}: {self.rule}. {self.remedy[0].upper()}{self.remedy[1:]}"

    def __str__(self) -> str:
        """Say it as every mistake is said."""
        return f"{self.value}\n    rule    {self.rule}\n    remedy  {self.remedy}"


def stopping(refusals: Iterable[Refusal], lose: Collection[str] = ()) -> list[Refusal]:
    """Take those that no update gets past, with what `lose` names."""
    return [refusal for refusal in refusals if refusal.fails or (refusal.lose is not None and refusal.lose not in lose)]


HEADLINES = {
    Kind.PROJECT: "the stack lives in another project",
    Kind.PROTECTED: "what is protected would go ({})",
    Kind.LOCKED: "what is locked would change ({})",
    Kind.SHRINKS: "what only grows would shrink ({})",
    Kind.FIXED: "what no change in place reaches would change ({})",
    Kind.RESPELT: "a member in other letters would lose all access ({})",
}


def headline(refusals: Iterable[Refusal]) -> str:
    """Say in few words, none of them anybody else's, why an update fails; empty where it does not."""
    failing = [refusal for refusal in refusals if refusal.fails]
    if nothing_done(failing):
        kept = [refusal for refusal in failing if refusal.kind is Kind.PROTECTED]
        many, stores = len(kept), all(refusal.store for refusal in kept)
        what = ("store" if stores else "resource") + ("s are" if many > 1 else " is")
        others = _counted(refusal for refusal in failing if refusal.kind is not Kind.PROTECTED)
        return ", ".join([f"this update FAILS and moves nothing: {many} {what} protected", *others])
    said = _counted(failing)
    return f"this update FAILS: {', '.join(said)}" if said else ""


def _counted(failing: Iterable[Refusal]) -> list[str]:
    kinds = [refusal.kind for refusal in failing]
    return [words.format(kinds.count(kind)) for kind, words in HEADLINES.items() if kind in kinds]


def nothing_done(refusals: Iterable[Refusal]) -> bool:
    """Say whether Pulumi refuses the update as a whole, before anything is touched."""
    failing = [refusal for refusal in refusals if refusal.fails]
    return any(refusal.kind is Kind.PROTECTED and not refusal.half_way for refusal in failing) and not any(
        refusal.kind is Kind.PROJECT for refusal in failing
    )


def together(refusals: Sequence[Refusal]) -> str:
    """Say of several resources that are protected from one change why the update fails, in one sentence."""
    names = ", ".join(refusal.name for refusal in refusals)
    places = ", ".join(dict.fromkeys(shown(refusal.place) for refusal in refusals))
    done = (
        "ends half-way" if any(refusal.half_way for refusal in refusals) else "fails, and nothing is moved or deleted"
    )
    return (
        f"{names} are protected, and this change would delete them or make them anew: the update {done}. It comes from"
        f" {places}: undo that; each has a way round it, with the command that copies its data first"
    )
