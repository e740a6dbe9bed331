"""A table of groups (CSV, as Excel and others write it): answers, or every mistake with its line and column. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from coursecloud.cli.init.answers import NAMES, QUESTIONS, Answers, stack_of, unanswered
from infra.settings import Problem
from infra.settings.problem import MISSING, nearest

REQUIRED = tuple(question.name for question in QUESTIONS if question.required)


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


def decoded(content: bytes) -> str:
    """Read the bytes of a table as text. Raises ValueError with rule and remedy."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise ValueError("the table is not UTF-8 text\n    remedy  in Excel: save as 'CSV UTF-8 (comma delimited)'")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} is not UTF-8 text\n    remedy  in Excel: save as 'CSV UTF-8 (comma delimited)'"
        ) from None


def read(text: str, otherwise: Answers) -> tuple[list[Row], list[CellProblem]]:
    """Read a table: its first line names the columns, which are the questions' names in any order.

    `otherwise` answers where a cell is empty. A row with a mistake of the table itself is among the problems only.
    """
    separator, text, skipped = _separator(text)
    rows: list[Row] = []
    seen: dict[str, int] = {}
    problems: list[CellProblem] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [_column(cell) for cell in next(reader, list[str]())]
        if wrong := list(_columns(header)):
            return [], wrong
        begins = reader.line_num + 1 + skipped
        for cells in reader:
            line, begins = begins, reader.line_num + 1 + skipped
            filled = [cell.strip() for cell in cells]
            if not any(filled):
                continue
            if any(filled[len(header) :]):
                rule = f"the line has {len(cells)} cells, and there are {len(header)} columns"
                remedy = f"put a cell with '{separator}' in it in double quotes"
                problems.append(CellProblem(line, "", Problem("line", MISSING, rule, remedy)))
                continue
            answers = {**otherwise, **{name: cell for name, cell in zip(header, filled, strict=False) if cell}}
            if missing := unanswered(answers):
                problems += [CellProblem(line, problem.path, problem) for problem in missing]
            elif first := seen.get(stack_of(answers).casefold()):
                rule = f"the group is in line {first} already"
                problems.append(
                    CellProblem(line, "group", Problem("group", answers["group"], rule, "name it otherwise"))
                )
            else:
                # Some disks do not tell `A` from `a`.
                seen[stack_of(answers).casefold()] = line
                rows.append(Row(line, answers))
    except csv.Error as error:
        remedy = "close each double quote, and write one inside of a cell twice"
        problems.append(CellProblem(reader.line_num + skipped, "", Problem("line", MISSING, str(error), remedy)))
    if not rows and not problems:
        problems.append(CellProblem(1, "", Problem("line", MISSING, "the table has no group", "add a line a group")))
    return rows, problems


def _separator(text: str) -> tuple[str, str, int]:
    """Find what stands between cells, and leave out a first line `sep=;`, which Excel reads and writes."""
    if match := re.match(r"sep=(.)\r?\n", text):
        return match[1], text[match.end() :], 1
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count), text, 0


def _column(cell: str) -> str:
    return re.sub(r"[\s_-]", "", cell).lower()


def _columns(header: list[str]) -> Iterator[CellProblem]:
    for name in dict.fromkeys(header):
        if name not in NAMES:
            known = f"the columns are {', '.join(NAMES)}; remove this one if it is not for the stack files"
            remedy = nearest(name, NAMES, known) if name else "name the column, or remove it"
            yield CellProblem(1, name, Problem(name, MISSING, "there is no such column", remedy))
        if header.count(name) > 1 and name in NAMES:
            yield CellProblem(1, name, Problem(name, MISSING, "the column is there twice", "keep one of the two"))
    for name in REQUIRED:
        if name not in header:
            yield CellProblem(
                1,
                name,
                Problem(
                    name, MISSING, "the column is missing", f"add it; the columns are {', '.join(NAMES)}, in any order"
                ),
            )


def shared(rows: list[Row]) -> list[str]:
    """Say which groups share a project, and with it the bill: it may be meant, or a slip of copying."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(row.answers.get("project", ""), []).append(str(row.line))
    return [
        f"lines {', '.join(numbers)}: these groups share the project {project}, and its bill"
        for project, numbers in lines.items()
        if len(numbers) > 1
    ]
