"""The bytes of a table as lines of cells: CSV, as Excel and others write it in many countries."""

import codecs
import csv
import io
import re
import unicodedata
from itertools import islice

from coursecloud.cli.init import columns
from infra.settings import Problem
from infra.settings.problem import MISSING

SEPARATORS = ",;\t|"

_SAVE = "\n    remedy  in Excel: save as 'CSV UTF-8 (comma delimited)'; in others: export as CSV, UTF-8"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FILES = ((b"PK\x03\x04", "a workbook (.xlsx or .ods)"), (b"\xd0\xcf\x11\xe0", "a workbook (.xls)"), (b"%PDF", "a PDF"))


def decoded(content: bytes) -> tuple[str, str]:
    """Read the bytes of a table as text, and say what they were taken for where that is no UTF-8.

    Spreadsheets write UTF-8 with a mark or without, "Unicode text" (UTF-16), or the letters of Windows in Western
    Europe. Raises ValueError with rule and remedy.
    """
    for begins, what in _FILES:
        if content.startswith(begins):
            raise ValueError(f"this is {what}, and no text: not UTF-8 text, and no table{_SAVE}")
    try:
        if form := next((form for mark, form in _MARKS if content.startswith(mark)), ""):
            text = content.decode(form).removeprefix("\ufeff")
            return _text(text), "" if form == "utf-8" else f"read as {form.upper()}"
        # Of a text of Western letters in UTF-16 half of the bytes are 0; a single one is a mistake of a line.
        if 4 * content.count(b"\0") > len(content):
            form = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
            return _text(content.decode(form)), f"read as {form.upper()}"
    except UnicodeDecodeError:
        raise ValueError(f"the table is not UTF-8 text{_SAVE}") from None
    try:
        return _text(content.decode()), ""
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        try:
            text = _text(content.decode("cp1252"))
        except UnicodeDecodeError:
            raise ValueError(f"line {line} is not UTF-8 text{_SAVE}") from None
    return text, f"line {line} is not UTF-8 text; read as Windows-1252 (Western Europe): look at its letters"


def _text(text: str) -> str:
    """Take a text if it is one: a table has no control characters but tabs and ends of lines."""
    if wrong := re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]", text):
        line = text.count("\n", 0, wrong.start()) + 1
        raise ValueError(f"line {line} is not UTF-8 text: it has a control character{_SAVE}")
    return text


def lines(text: str) -> tuple[list[tuple[int, list[str]]], str, tuple[int, Problem] | None]:
    """Split a table into the line that each row begins in and its cells; what stands between them, and what is wrong.

    After a mistake nothing more can be read.
    """
    skipped = 0
    # A first line `sep=;`, which Excel reads and writes.
    if match := re.match(r"\s*sep=(.)\r?\n", text):
        separator, text, skipped = match[1], text[match.end() :], match[0].count("\n")
    else:
        separator = _separator(text)
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1 + skipped
    try:
        for cells in reader:
            found.append((begins, [_cell(cell) for cell in cells]))
            begins = reader.line_num + 1 + skipped
    except csv.Error as error:
        if "field larger" in str(error):
            rule, remedy = f"{error}", "close the double quote that begins it, or shorten the cell"
        else:
            rule = f"the double quotes of this line, or of the cell that begins in it, do not fit: {error}"
            remedy = "close each double quote, and write one inside of a cell twice"
        return found, separator, (begins, Problem("line", MISSING, rule, remedy))
    return found, separator, None


def _separator(text: str) -> str:
    """Find what stands between cells: what makes the most known names of a line at the top, which may have a title."""

    def fits(mark: str) -> tuple[int, int]:
        try:
            top = list(
                islice((row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if any(row)), 10)
            )
        except csv.Error:
            return 0, 0
        return max([(columns.known(row), len(row)) for row in top], default=(0, 0))

    return max(SEPARATORS, key=fits)


def _cell(cell: str) -> str:
    """Take a cell as it looks: without signs that show nothing, and letters with their marks as one."""
    return unicodedata.normalize("NFC", re.sub("[\u200b-\u200d\u2060\ufeff]", "", cell)).replace("\xa0", " ").strip()
