"""Why a stack file cannot be read as YAML, where, and what to do: in words, and with nothing of the file."""

import re
from collections.abc import Iterator
from typing import cast

import yaml

from infra import files


def _inaccessible(error: OSError) -> tuple[str, str]:
    """Say why there is no text to be read, which nothing in the file can mend."""
    match error:
        case FileNotFoundError():
            return "the file is not there, or is a link to one that is not", "write it, or mend the link"
        case IsADirectoryError():
            return "this is a folder, and a stack file is a file", "rename the folder, or remove it"
        case PermissionError():
            return "this account may not read the file", "let it, with `chmod u+r` as the file's owner"
        case _:
            return f"the file cannot be read: {error.strerror or error}", "look at it with `ls -l`"


def said(error: Exception, text: str) -> tuple[str, str]:
    """Say why a file cannot be read as YAML, and what to do."""
    if isinstance(error, OSError):
        return _inaccessible(error)
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8 text", "save it as UTF-8"
    if "nested too deeply" in str(error):
        return "the file is nested too deeply", "look at its brackets and its indentation"
    if isinstance(error, files.NotReadError):
        return f"the file cannot be a stack file: {error}", "is it the right file?"
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
        remedy = "save the file as UTF-8" if "\0" in text else "delete that sign"
        return f"{place}: this is the sign U+{ord(text[error.position]):04X}, which no YAML has", remedy
    if isinstance(error, KeyError | ValueError):
        return "a value does not fit its place or its tag", "mend that value: quotes make a text of it"
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return "this is not YAML", "mend it, or write the file anew with `coursecloud init`"
    problem, context = error.problem or "", error.context or ""
    opened = error.context_mark or _open_quote(text, error.problem_mark)
    here = f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    there = f"line {opened.line + 1}, column {opened.column + 1}" if opened else here
    if (quote := _open_quote(text, error.problem_mark)) and "block" in f"{context}{problem}":
        at = f"line {quote.line + 1}, column {quote.column + 1}"
        return f"{at}: the quote that opens here is closed only in line {error.problem_mark.line + 1}", _CLOSE
    for pattern, where, rule, remedy in _WORDS:
        if re.search(pattern, f"{context}: {problem}", re.DOTALL):
            rule = rule.format(here=here)
            return f"{there if where == 'there' else here}: {rule or _unquoted(problem)}", remedy
    return f"{here}: {_unquoted(problem)}", "mend the YAML of that line or of the one before"


_CLOSE = "close it in its line, with the sign that it opens with"
_FIT = "give the keys of one mapping, and the entries of one list, the same indentation"
_WORDS = (
    (r"unknown escape|escape sequence", "here", "", "write \\\\ for each \\ between double quotes, or use single ones"),
    (r"rounds a number", "here", "", "a text in quotes keeps each digit"),
    (r"with `!` in front|this is no (?:null|bool)", "here", "", "write the value alone; a text in quotes"),
    (r"quoted scalar", "there", "the quote that opens here is never closed", _CLOSE),
    (r"flow sequence", "there", "the '[' that opens here is not closed before {here}", "close it with ']', or put a ','"
     " between its entries; a text with ':' or brackets in it goes in quotes"),
    (r"flow mapping", "there", "the '{{' that opens here is not closed before {here}", "close it with '}', or put a ','"
     " between its keys; a text with ':' or brackets in it goes in quotes"),
    (r"simple key", "there", "no ':' follows the key here", "write `KEY: VALUE`; what goes on with the line above is"
     " indented deeper than that"),
    (r"expected <block end>", "here", "this line does not fit the indentation above it", _FIT),
    (r"<document start>", "here", "this belongs to nothing above it", _FIT),
    (r"another document", "here", "a second document begins here, and Pulumi reads one", "take the line '---' away"),
    (r"\\t", "here", "", "indent with spaces; YAML takes no tabs"),
    (r"aliases stand for", "here", "", "write out what the aliases (*NAME) stand for, or use fewer of them"),
    (r"stands within", "here", "", "write out what the alias (*NAME) stands for"),
    (r"too many digits|larger than any|no number", "here", "", "write a number; where it is a text, in quotes"),
    (r"there twice", "here", "", "keep one of the two"),
    (r"alphabetic or numeric|alias", "here", "", "put a value that begins with * or & in quotes"),
    (r"tag", "here", "", "put a value that begins with ! in quotes"),
    (r"cannot start any token", "here", "", "put a value that begins with @, ` or % in quotes"),
    (r"mapping values are not allowed", "here", "", "put a text with ': ' in it, or with ':' at its end, in quotes;"
     " else mend the indentation, or the line above, which may lack its ':'"),
    (r"octal", "here", "", "write the number without the 0 in front; where a text belongs, put it in quotes"),
    (r"comma ends", "here", "", "write a decimal point"),
    (r"braces make", "here", "", "write the value itself"),
    (r"not text", "here", "", "put it in quotes"),
    (r"a time to Pulumi", "here", "", "write the day alone, such as 2026-11-23"),
)  # fmt: skip
"""What PyYAML says; `there` where the place is where it began; the rule in other words unless empty; the remedy."""


def _open_quote(text: str, mark: yaml.Mark) -> yaml.Mark | None:
    """Find a quote that goes over several lines and ends in the line of a mistake: it was to end in its own."""
    try:
        for token in cast("Iterator[yaml.Token]", yaml.scan(text)):
            if (
                isinstance(token, yaml.ScalarToken)
                and token.style in ("'", '"')
                and token.start_mark.line < token.end_mark.line == mark.line
            ):
                return token.start_mark
    except yaml.YAMLError:
        pass
    return None


def _unquoted(problem: str) -> str:
    """Leave out what a message repeats of the file: a value that begins with `*` or `!` may be a password.

    What stays are single signs, such as the ':' that is missing, and the key that is there twice.
    """
    if problem.endswith("is there twice"):
        return problem
    return re.sub(r" ?('[^']*'|\"[^\"]*\")", lambda quoted: quoted[0] if len(quoted[1]) < 5 else "", problem)
