"""Which of the things that were found a command means: by name, or all of the stack's that can be stopped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from coursecloud.deploy.preconditions import RefusedError
from coursecloud.look.kinds import of_asset, own
from coursecloud.look.shapes import part
from coursecloud.spend.called import kind
from coursecloud.spend.model import Found, Look
from infra.names import Names
from infra.settings import Settings


def name(found: Found) -> str:
    """What people call it: the name that its inputs have, else the last part of its full name."""
    last = found.resource.rpartition("/")[2]
    return str(found.shape.inputs.get("name") or last) if last.isdigit() else last


def called(found: Found) -> str:
    """Say it with its kind: `machine dev-workbench`."""
    return f"{kind(found.shape, found.resource)} {name(found)}"


def stoppable(found: Found) -> bool:
    """Say whether it can be stopped by itself; all else ends with `down` or by its deletion."""
    kind = of_asset(found.shape.asset)
    return bool(kind and kind.stops)


def whose(found: Found) -> str:
    """Say whose it is: `stack` ours, `other` another stack's, `hand` made by hand."""
    if found.declared:
        return "stack"
    labels = part(found.shape.inputs, "labels")
    other = own(labels, str(labels.get("stack") or ""))
    return "other" if other else "hand"


def of_stack(look: Look) -> tuple[list[Found], list[Found]]:
    """Of what runs and can be stopped: the stack's own and jobs of nobody's, and what was made by hand beside it."""
    running = [each for each in look.found if each.running and stoppable(each)]
    mine: list[Found] = []
    by_hand: list[Found] = []
    for each in running:
        kind = of_asset(each.shape.asset)
        sort = whose(each)
        if sort == "stack" or (sort == "hand" and kind and kind.end):
            mine.append(each)
        elif sort == "hand":
            by_hand.append(each)
    return mine, by_hand


def named(look: Look, wanted: Sequence[str], settings: Settings) -> list[Found]:
    """Find what names mean, all mistakes at once. Raises RefusedError.

    A name is Google's (`dev-trainer`), the stack file's (`trainer`), or Google's path.
    """
    names = Names(settings.project, settings.stack, settings.existing)
    there = [each for each in look.found if stoppable(each)]
    found: list[Found] = []
    mistakes: list[str] = []
    for word in dict.fromkeys(wanted):
        meant = {word, names.resource(word)}
        fits = [each for each in there if name(each) in meant or each.resource.endswith(f"/{word}")]
        if "/" not in word and len(fits) > 1 and any(each.declared for each in fits):
            fits = [each for each in fits if each.declared]
        if len(fits) == 1:
            found += fits if fits[0] not in found else []
        elif fits:
            paths = ", ".join(each.resource.partition("projects/")[2].partition("/")[2] for each in fits)
            mistakes.append(_mistake(f"{word}: {len(fits)} things are called so", f"name one by its path: {paths}"))
        else:
            mistakes.append(
                _mistake(f"{word}: nothing that can be stopped or started is called so", _near(word, there))
            )
    if mistakes:
        raise RefusedError("\n".join(mistakes))
    return found


def _mistake(value: str, remedy: str) -> str:
    rule = "a name is that of a machine, a service or a running job of the project"
    return f"{value}\n    rule    {rule}\n    remedy  {remedy}"


def _near(word: str, there: Iterable[Found]) -> str:
    names = sorted({name(each) for each in there})
    near = difflib.get_close_matches(word, names, 1)
    if near:
        return f"did you mean {near[0]}? there are {', '.join(names)}"
    return f"there are {', '.join(names)}" if names else "none is there; `coursecloud up` makes the stack's"
