"""What `init` says of a stack file that it writes: what it changes, what becomes of the credit, what comes next."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from coursecloud.cli.init import costs
from coursecloud.cli.init.answers import Answers, keeps
from coursecloud.cli.init.table import CellProblem
from coursecloud.common.project import called
from infra import files, secrecy
from infra.settings import Problem


def lasts(stack: str, folder: Path, root: Path) -> str:
    """Say what becomes of the credit by what was written, and where it ends too early what to change."""
    from coursecloud import cost
    from coursecloud.common import progress, stack_file
    from coursecloud.cost import credit
    from coursecloud.plan import planning
    from infra.settings import SettingsError

    try:
        with progress.shown(f"Planning {stack}"):
            plan = planning.make(stack, stack_file.path_of(stack, folder), root)
    except SettingsError as error:  # what is written is sound; the program around may not be
        return f"How long the credit lasts is not known yet:\n{error}"
    estimate = cost.estimate(plan)
    sentence = credit.sentence(estimate)
    said = f"{sentence[:1].upper()}{sentence[1:]}"
    if credit.verdict(estimate) is credit.Verdict.ENDS:
        said += (
            "\n    remedy  write fewer hours under coursecloud:usage.machines and keep to them, or an earlier `ends`;"
            f"\n            `{called()} cost --stack {stack}` says what takes how much"
        )
    return said


def following(stack: str, answers: Answers, folder: Path, root: Path) -> str:
    """Say what comes next: a look at the plan, and the three commands of a day and of the course."""
    here = "" if folder == root else f" --folder {folder}"
    bill = costs.kept(answers)
    kept = f"data, images, secrets and the disk for your work stay, {bill}" if bill else "what is kept stays, and bills"
    evening = f"machines go; {kept}" if keeps(answers) else "everything goes, DATA INCLUDED: nothing is kept"
    steps = (
        (f"{called()} plan --stack {stack}{here}", "shows what it would create, and what to do before"),
        (f"make up STACK={stack}", "morning: creates what is missing"),
        (f"make down STACK={stack}", f"evening: {evening}"),
        (f"make finish STACK={stack}", "end of the course: asks, and deletes everything, data included"),
    )
    away = (
        f"\nThe last three run in the project's folder, {root}, once the stack file is there."
        if here or Path.cwd() != root
        else ""
    )
    return "\nnext\n" + "\n".join(f"  {command}\n      {what}" for command, what in steps) + away


def difference(old: Path, new: Path) -> str:
    """Show what writing over a file changes in it; of one that holds addresses, only that it does."""
    if not old.name.startswith("Pulumi."):
        return f"{old.name} is there already, and is written anew"
    try:
        before = files.text_of(old)
    except (OSError, ValueError):
        return f"{old.name} is there already and cannot be read; it is written anew"
    lines = difflib.unified_diff(
        before.splitlines(), files.text_of(new).splitlines(), f"{old.name} as it is", "as it will be", lineterm=""
    )
    return "\n".join(lines) or f"{old.name} stays as it is"


def cell(found: CellProblem, answers: Mapping[int, Answers]) -> str:
    """Say what is wrong with a cell of a table: where, what stands there, the rule and the remedy."""
    there = answers.get(found.line, {}).get(found.column) or found.problem.value
    return (
        f"  line {found.line}{f', column {found.column}' if found.column else ''}{value(there)}\n{why(found.problem)}"
    )


def value(given: object) -> str:
    """Show what was given, unless it may be a secret."""
    return f": {secrecy.hide(given)!r}" if isinstance(given, str) and given else ""


def why(problem: Problem) -> str:
    """Say a rule and its remedy."""
    return f"    rule    {problem.rule}\n    remedy  {problem.remedy}"
