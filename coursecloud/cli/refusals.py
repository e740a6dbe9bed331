"""Standard output where JSON was asked for: one document, of what was done or of what was refused."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.settings import Problem

VERSION = 1

_asked = False


def expect(words: Sequence[str]) -> None:
    """Note whether the words of a command line ask for JSON."""
    global _asked
    _asked = "--json" in words[: words.index("--") if "--" in words else None]


def wanted() -> bool:
    """Say whether JSON was asked for and is still to come: then nothing else may be on standard output."""
    return _asked


def document(form: Mapping[str, Any]) -> bool:
    """Print what a command answers where JSON was asked for, without what looks like a secret; says whether it was."""
    global _asked
    if not (_asked and form):
        return False
    from coursecloud.plan import hiding

    _asked = False
    sys.stdout.write(f"{json.dumps(hiding.deep(dict(form)), indent=2)}\n")
    return True


def told(message: str, code: int, problems: "Sequence[Problem]" = (), stack: str | None = None) -> None:
    """Print an error object where JSON was asked for, once; `message` is what a person is told."""
    global _asked
    if not _asked:
        return
    _asked = False
    said = [line for line in message.splitlines() if line.strip()]
    found = [where for line in said if (where := _WHERE.fullmatch(line))]
    form = {
        "version": VERSION,
        "error": {
            "exit": code,
            "message": said[0].strip() if said else "",
            "stack": stack or next((each["stack"] for each in found), None),
            "mistakes": [_mistake(problem) for problem in problems] or list(_read(said)),
        },
    }
    sys.stdout.write(f"{json.dumps(form, indent=2)}\n")


def _mistake(problem: "Problem") -> dict[str, Any]:
    from infra.settings.problem import MISSING, shown

    line, column = problem.line or (None, None)
    value = None if problem.value is MISSING else shown(problem.value)
    return _form(problem.path, value, problem.rule, problem.remedy, line, column)


def _form(
    what: str,
    value: str | None,
    rule: str | None,
    remedy: str | None,
    line: int | None = None,
    column: int | None = None,
) -> dict[str, Any]:
    return {"what": what, "value": value, "rule": rule, "remedy": remedy, "line": line, "column": column}


_GOES_ON = " " * 12
"""How far in a rule or a remedy of several lines stands from its second line on."""


def _read(said: Sequence[str]) -> "list[dict[str, Any]]":
    """Read the mistakes of a message: each a line, with its rule and its remedy below it."""
    found: list[dict[str, Any]] = []
    last = ""
    for line in said:
        word, _, rest = line.strip().partition("  ")
        if found and word in ("rule", "remedy") and line.startswith("    "):
            found[-1][word] = rest.strip()
            last = word
        elif found and (where := _WHERE.fullmatch(line)):
            if where["file"]:
                found[-1] |= {"what": f"{where['file']}: {found[-1]['what']}", "line": int(where["line"])}
        elif found and word == "also" and line.startswith("    "):
            found += _also(found[-1], rest)
        elif found and found[-1].get(last) and line.startswith(_GOES_ON):
            found[-1][last] += f"\n{line.strip()}"
        else:
            found.append(_placed(line.strip()))
    return [each for each in found if each["rule"] or each["remedy"]] or found[:1]


def _also(first: "dict[str, Any]", rest: str) -> "list[dict[str, Any]]":
    """Read the other cells with one mistake, each with what is proposed for it."""
    from coursecloud.cli.init import folding

    return [
        {**first, "line": int(at), "value": value, "remedy": folding.proposing(first["remedy"], new or "")}
        for at, value, new in _ALSO.findall(rest)
    ]


_CELL = re.compile(r"(?P<file>.+)  line (?P<line>\d+), column (?P<what>[^:]+)(?:: (?P<value>'.*'))?")
_KEY = re.compile(r"(?P<what>\S+)(?:: (?P<value>[^\n]+?))?  \(line (?P<line>\d+), column (?P<column>\d+)\)")
_ALSO = re.compile(r"line (\d+): ('(?:[^'\\]|\\.)*')(?: \(([^)]+)\))?")
_WHERE = re.compile(r"    where   (?:(?P<file>.+), line (?P<line>\d+))?(?:(?:, )?of stack (?P<stack>\S+))?")
"""How messages write the place of a mistake: the cell of a table, a key of a file, other cells with the same, and the
line of a program with the stack of which it was planned."""


def _placed(line: str) -> dict[str, Any]:
    """Read the first line of a mistake: what it is about, and where that stands."""
    if cell := _CELL.fullmatch(line):
        return _form(f"{cell['file']}, column {cell['what']}", cell["value"], None, None, int(cell["line"]))
    if key := _KEY.fullmatch(line):
        return _form(key["what"], key["value"], None, None, int(key["line"]), int(key["column"]))
    return _form(line, None, None, None)
