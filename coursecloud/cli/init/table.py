"""A table of groups (CSV, as Excel and others write it): answers, or every mistake with its line and column. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from coursecloud.cli import init
from coursecloud.cli.init import columns, sheet
from coursecloud.cli.init.answers import NAMES, TRAINING_GPU, YES, Answers, stack_of, unanswered
from coursecloud.cli.init.forms import is_day, name_like
from infra.settings import Problem
from infra.settings.problem import MISSING

_HEADER = "project,group"
"""The least that a table's first line names."""


@dataclass(frozen=True)
class Row:
    """One group: the line of the file that it begins in, and its answers; an empty cell is no answer."""

    line: int
    answers: Answers


@dataclass(frozen=True)
class CellProblem:
    """A mistake in the table; `column` is empty for one of a whole line."""

    line: int
    column: str
    problem: Problem


@dataclass
class Table:
    """What a table says: its groups, its mistakes, and what was taken for what (`notes`)."""

    rows: list[Row] = field(default_factory=list[Row])
    problems: list[CellProblem] = field(default_factory=list[CellProblem])
    notes: list[str] = field(default_factory=list[str])
    missing: frozenset[str] = frozenset()
    """Columns that every table has and this one has not: no line is asked for them again."""
    groups: list[str] = field(default_factory=list[str])
    """Every group that a line names, also one with a mistake."""


def read(text: str, otherwise: Answers) -> Table:
    """Read a table: its first line names the columns, in any order.

    `otherwise` answers where a cell is empty. A row with a mistake of the table itself is among the problems only.
    """
    found = Table()
    lines, separator, wrong = sheet.lines(text)
    found.problems += [CellProblem(wrong[0], "", wrong[1])] if wrong else []
    begins = next((at for at, (_, cells) in enumerate(lines) if any(cells)), None)
    if begins is None:
        if not found.problems:
            remedy = f"write its columns' names into the first line, e.g. {_HEADER}, and a group into each other"
            found.problems.append(CellProblem(1, "", Problem("line", MISSING, "the table is empty", remedy)))
        return found
    line, header = lines[begins]
    if below := _names_below(lines[begins:]):
        rule = f"the first line names the columns, and here they are named in line {below}"
        remedy = f"remove what stands above line {below}"
        found.problems.append(CellProblem(line, "", Problem("line", MISSING, rule, remedy)))
        return found
    if not columns.like(header):
        rule = "the first line names the columns, and none of these is one's name"
        remedy = f"put a line above it, e.g. {separator.join(_HEADER.split(','))}; the columns are {', '.join(NAMES)}"
        found.problems.append(CellProblem(line, "", Problem("line", MISSING, rule, remedy)))
        return found
    # A spreadsheet writes columns that were used once and are empty: they say nothing.
    rows = lines[begins + 1 :]
    width = max(max(at + 1 for at, cell in enumerate(cells) if cell) for _, cells in lines[begins:] if any(cells))
    named = max(at + 1 for at, cell in enumerate(header) if cell)
    if width > named and all(len(cells) <= len(header) for _, cells in rows):
        named = width
    header = header[:named]
    found.problems += [CellProblem(line, each.path, each) for each in columns.mistakes(header)]
    found.missing = frozenset(columns.REQUIRED) - {columns.meant(cell) for cell in header}
    if said := columns.read_as(header):
        found.notes.append(said)
    if rows:
        _rows(rows, [columns.meant(cell) for cell in header], separator, otherwise, found)
    if not found.rows and not found.problems:
        found.problems.append(
            CellProblem(1, "", Problem("line", MISSING, "the table has no group", "add a line a group"))
        )
    return found


def _rows(
    lines: Sequence[tuple[int, list[str]]], header: list[str], separator: str, otherwise: Answers, found: Table
) -> None:
    seen: dict[str, int] = {}
    bare: list[str] = []
    gpus: list[str] = []
    found.problems += _merged(lines, header, otherwise)
    filled = [(line, cells) for line, cells in lines if any(cells)]
    found.notes += (*_alone(filled, header, otherwise), *_mixed(filled, header, otherwise))
    for line, cells in lines:
        if not any(cells):
            continue
        found.groups += [cell for name, cell in zip(header, cells, strict=False) if name == "group" and cell]
        if any(cells[len(header) :]):
            rule = f"the line has {len(cells)} cells, and there are {len(header)} columns"
            remedy = f"put a cell with '{separator}' in it in double quotes"
            found.problems.append(CellProblem(line, "", Problem("line", MISSING, rule, remedy)))
            continue
        given = {name: cell for name, cell in zip(header, cells, strict=False) if cell and name in NAMES}
        lost = [(name, wrong) for name, cell in given.items() if (wrong := _no_value(name, cell))]
        given = {name: cell for name, cell in given.items() if not _no_value(name, cell)}
        answers = {**otherwise, **{name: cell for name, cell in given.items() if cell.lower() not in _NOTHING}}
        wrong = [problem for _, problem in lost]
        said = {name for name, _ in lost} | found.missing
        wrong += [problem for problem in unanswered(answers) if problem.path not in said]
        if not wrong and "group" not in found.missing and (first := seen.get(_called(answers))):
            rule = f"the group is in line {first} already, by this name or one that becomes it"
            remedy = "name it otherwise; of one group all members stand in one line, in one cell, with commas"
            wrong.append(Problem("group", answers["group"], rule, remedy))
        if wrong or "group" in found.missing:
            # What else is wrong with this line is said in the same round.
            also = [Problem(name, answers.get(name), each.rule, each.remedy) for name, each in init.refusals(answers)]
            wrong += [each for each in also if each.path not in {problem.path for problem in wrong}]
            found.problems += [CellProblem(line, problem.path, problem) for problem in wrong]
            continue
        seen[_called(answers)] = line
        found.rows.append(Row(line, answers))
        if (gpu := given.get("gpu", "")).lower() in YES:
            gpus.append(f"'{gpu}' in line {line}")
        if (credit := given.get("credit", "")).lower() not in ("", *_NOTHING) and not re.search(r"[^\d\s.,'-]", credit):
            bare.append(credit)
    if gpus:
        more = f" and {len(gpus) - 1} more" if gpus[1:] else ""
        found.notes.append(f"a GPU that no cell names ({gpus[0]}{more}) is a {TRAINING_GPU} at the Spot price")
    if bare:
        count = f"{len(bare)} credits name" if bare[1:] else "a credit names"
        found.notes.append(
            f"{count} no currency ('{bare[0]}'): read as USD; write `{bare[0].rstrip('-,. ')} DKK` where it is another"
        )


_CAPS = ("starts", "ends", "credit")
"""What bounds what a group spends: without it the group has no end, or the credit of a stack file that names none."""


def _merged(lines: Sequence[tuple[int, list[str]]], header: list[str], otherwise: Answers) -> Iterator[CellProblem]:
    """Find a bound that some groups have and others have not: of merged cells a spreadsheet saves the first alone."""
    for name in _CAPS:
        if name not in header or otherwise.get(name):
            continue
        at = header.index(name)
        said = {line: (cells[at : at + 1] or [""])[0] for line, cells in lines if any(cells)}
        empty = [line for line, cell in said.items() if not cell]
        if empty and any(cell.lower() not in ("", *_NOTHING) for cell in said.values()):
            many = f" and {len(empty) - 1} more say" if len(empty) > 1 else " says"
            rule = f"line {empty[0]}{many} nothing here, where others do: merged cells are saved so"
            remedy = f"write it into each cell; one for all: --{name}, or `defaults` of a roster; `-` is none"
            yield CellProblem(empty[0], name, Problem(name, MISSING, rule, remedy))


def _alone(lines: Sequence[tuple[int, list[str]]], header: list[str], otherwise: Answers) -> Iterator[str]:
    """Say which columns look as merged cells are saved: a value in the first line alone, or in that of each block."""
    for at, name in enumerate(header):
        if name in NAMES and name not in (*_CAPS, *columns.REQUIRED) and not otherwise.get(name) and len(lines) > 1:
            said = {line: (cells[at : at + 1] or [""])[0] for line, cells in lines}
            first, *others = said.values()
            if first.lower() not in ("", *_NOTHING) and not any(others):
                yield (
                    f"{name} is in line {lines[0][0]} alone, and is that group's alone; where its cell is merged with"
                    " those below, write it into each"
                )
            elif name not in _MIXED and _in_blocks([first, *others]):
                named = [str(line) for line, cell in said.items() if cell]
                yield (
                    f"{name} is in lines {', '.join(named[:6])}{' ...' if named[6:] else ''}, each with nothing below"
                    " it, and is that of these groups alone; where cells are merged, write it into each"
                )


def _in_blocks(cells: Sequence[str]) -> bool:
    """Say whether each value differs from the one before it and has empty cells below it: so are merged ones saved."""
    filled = [cell for cell in cells if cell]
    apart = all(one != other for one, other in pairwise(filled)) and not any(a and b for a, b in pairwise(cells))
    return bool(cells[0]) and len(filled) > 1 and apart


_MIXED = ("region", "timezone", "keep")
"""What every group has, said of it or not."""


def _mixed(lines: Sequence[tuple[int, list[str]]], header: list[str], otherwise: Answers) -> Iterator[str]:
    """Say of what every group has, and only some lines say, that the others have the default."""
    for at, name in enumerate(header):
        empty = [line for line, cells in lines if not (cells[at : at + 1] or [""])[0]]
        if name in _MIXED and not otherwise.get(name) and 0 < len(empty) < len(lines) - 1:
            yield (
                f"{name} is empty in {len(empty)} of {len(lines)} lines, first in {empty[0]}: these have the default;"
                " where cells are merged, write it into each"
            )


def _called(answers: Answers) -> str:
    """Give the name by which a group is one of its own: the one proposed for it where it cannot have the one it has.

    Some disks do not tell `A` from `a`.
    """
    stack = stack_of(answers)
    return (stack if re.fullmatch(r"[A-Za-z][\w-]*", stack, re.ASCII) else name_like(stack) or stack).casefold()


_NOTHING = ("-", "--", "\u2013", "\u2014", "none", "n/a", "(none)", "(empty)")
"""What people write where there is nothing to be said."""

_LOST = re.compile(r"#[\w/]{1,15}[!?]|#(N/A|NV|I/T|N/D|N/V)|#+")


def _no_value(name: str, cell: str) -> Problem | None:
    """Find what a spreadsheet writes where it has no value, in English or in its user's language."""
    if _LOST.fullmatch(cell):
        narrow = "make the column wider, then save it again" if set(cell) == {"#"} else "mend it there"
        return Problem(name, cell, "the spreadsheet had no value for this cell", f"{narrow}, or write the value itself")
    if name == "group" and is_day(cell):
        rule = "a spreadsheet makes such a day of a name like 1-1, and nobody knows what was written"
        return Problem(
            name, cell, rule, "write the name with a word in front, e.g. group-1, or as text (format of the cell)"
        )
    if name == "keep" and cell.lower() in _NOTHING:
        rule = "nothing is `yes` here, and to some this says `no`"
        return Problem(name, cell, rule, "write yes or no, or leave the cell empty, which is yes")
    if cell.startswith("="):
        remedy = "write the value itself, or save the table with values"
        return Problem(name, cell, "this is the formula of a cell, not its value", remedy)
    return None


def _names_below(lines: Sequence[tuple[int, list[str]]]) -> int | None:
    """Find the line with the columns' names where a title stands above it."""
    named = ((line, {columns.meant(cell) for cell in cells}) for line, cells in lines[:10])
    whole = [line for line, names in named if set(columns.REQUIRED) <= names]
    return whole[0] if whole and whole[0] != lines[0][0] else None


def shared(rows: list[Row]) -> Iterator[str]:
    """Say which groups share a project, and with it the bill: it may be meant, or a slip of copying."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(row.answers.get("project", ""), []).append(str(row.line))
    for project, numbers in lines.items():
        if len(numbers) > 1:
            yield f"lines {', '.join(numbers)}: these groups share the project {project}, and its bill"
