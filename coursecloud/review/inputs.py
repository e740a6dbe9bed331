"""What the user gave to review, read and checked: every mistake at once, before anything is run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecloud.common import stack_file
from coursecloud.plan import saved
from coursecloud.plan.planning import Plan
from coursecloud.review import deployed_state, subprocess_plan
from coursecloud.review.sandbox import Wanted, find
from infra import files

LONGEST = 24 * 60 * 60
"""Seconds that rendering a side may be given: what is no number is none of them."""


class InputError(ValueError):
    """What the user gave does not fit; the text has every mistake with its rule and remedy."""

    def __init__(self, mistakes: Sequence[str]):
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True)
class Given:
    """What the user gave, as options name it; None where they did not."""

    root: Path
    """The project's folder."""
    base: str | None = None
    head: str | None = None
    base_file: Path | None = None
    head_file: Path | None = None
    base_plan: Path | None = None
    head_plan: Path | None = None
    state: Path | None = None
    stacks: tuple[str, ...] = ()
    timeout: float = subprocess_plan.TIMEOUT
    sandbox: Wanted = Wanted.AUTO
    cache: bool = True
    """Whether what was rendered of a base before may be taken, and what is rendered of it kept."""


@dataclass(frozen=True)
class Read:
    """The files that were given, read."""

    base_plan: Plan | None = None
    head_plan: Plan | None = None
    state: deployed_state.State | None = None
    name: str | None = None
    """The one stack that is reviewed where a side has only one; None for all."""


def read(given: Given, mistakes: Sequence[str] = ()) -> Read:
    """Read the files that were given. Raises InputError with every mistake, after those found before."""
    mistakes = list(mistakes)
    for side in (
        {"--base": given.base, "--base-file": given.base_file, "--base-plan": given.base_plan, "--state": given.state},
        {"--head": given.head, "--head-file": given.head_file, "--head-plan": given.head_plan},
    ):
        there = [option for option, value in side.items() if value is not None]
        if len(there) > 1:
            mistakes.append(
                f"{' and '.join(there)}: two ways to say one side\n    rule    a side is a revision, a stack file, a"
                f" saved plan or a state\n    remedy  leave one of them: {there[0]}"
            )
    for option, file in (("--base-file", given.base_file), ("--head-file", given.head_file)):
        if file is not None and not file.is_file():
            mistakes.append(
                f"{option} {file}: there is no such file\n    rule    it is a stack file, Pulumi.NAME.yaml"
                "\n    remedy  name one that is there"
            )
    if not 0 < given.timeout <= LONGEST:
        mistakes.append(
            f"--timeout {given.timeout:g}\n    rule    a number of seconds above 0, a day ({LONGEST}) at most"
            "\n    remedy  e.g. --timeout 600"
        )
    if given.sandbox is Wanted.REQUIRE and isinstance(why := find(given.sandbox), str):
        mistakes.append(
            f"--sandbox require: {why}\n    rule    each side's code is run in a sandbox"
            "\n    remedy  install bubblewrap (Linux: package bubblewrap), or --sandbox auto for code that you trust"
        )
    if not (given.root / "__main__.py").is_file():
        mistakes.append(
            f"--project {given.root}: it has no __main__.py\n    rule    it is the folder of a Pulumi project in Python"
            "\n    remedy  name the folder that has Pulumi.yaml in it"
        )
    base, head, there = (
        _json(option, file, reader, mistakes)
        for option, file, reader in (
            ("--base-plan", given.base_plan, saved.read),
            ("--head-plan", given.head_plan, saved.read),
            ("--state", given.state, deployed_state.read),
        )
    )
    names = [
        *([there.stack] if there else []),
        *(plan.settings.stack for plan in (base, head) if plan),
        *(
            match["stack"]
            for file in (given.base_file, given.head_file)
            if file and (match := stack_file.NAME.fullmatch(file.name))
        ),
    ]
    single = any(value is not None for value in (given.base_file, given.head_file, base, head, there))
    if single and len(given.stacks) > 1:
        mistakes.append(
            f"--stack {', '.join(given.stacks)}\n    rule    a stack file, a saved plan or a state is one stack"
            "\n    remedy  give --stack once, or compare revisions"
        )
    if mistakes:
        raise InputError(mistakes)
    name = (given.stacks[0] if given.stacks else next(iter(names), "stack")) if single else None
    return Read(base, head, there, name)


def _json(option: str, file: Path | None, reader: Any, mistakes: list[str]) -> Any:
    if file is None:
        return None
    try:
        return reader(files.json_of(files.text_of(file, files.LARGEST_MADE)))
    except OSError as error:
        mistakes.append(f"{option} {file}: {error.strerror}\n    rule    it is a file of JSON\n    remedy  name one")
    except (saved.UnreadableError, deployed_state.StateError) as error:
        mistakes.append(f"{option} {file}: {error}")
    except ValueError as error:
        mistakes.append(f"{option} {file}: {error}\n    rule    it is a file of JSON\n    remedy  write it again")
    return None
