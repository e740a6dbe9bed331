"""A review's JSON as Markdown, in which no text of the review is markup. Standard library only.

Whoever wrote the JSON is a stranger. So its shape is checked, each text stands in a code span that it cannot end, and
only words of this file are outside of one: in a code span GitHub makes no link, mention, picture, heading or emoji.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

MARKER = "<!-- coursecloud-review -->"
"""The first line of the comment, by which it is found again."""

LIMIT = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters in a comment, and a character may count for more than one."""

VERSION = 1
"""The version of `coursecloud review --json` that is read."""

LEVELS = {
    "stop": ("CAUTION", "STOP", "Do not merge unless every line here is wanted."),
    "look": ("WARNING", "LOOK FIRST", "Merge when each of these is wanted."),
    "fine": ("TIP", "FINE", "Nothing is said to be deleted or replaced, and no rule to be newly broken."),
    "nothing": ("TIP", "NO CHANGE", "The infrastructure is said to stay as it is."),
}
"""Of each level: GitHub's alert, the verdict, and what to do."""

DONE = {
    "delete": "deleted", "replace": "replaced", "update": "updated", "create": "created", "rename": "renamed",
}  # fmt: skip

SAID = (
    "> [!NOTE]\n> Stack files and documents alone change, so this is what the code of the base branch says of them.\n"
)
OWN_WORDS = (
    "> [!WARNING]\n> **The code of this pull request says this of itself, and can say anything. Read first what it"
    " changes of that, by GitHub's own list:** {}\n"
)
"""Where files change by which the review is made."""

_NAMED = 12
"""Files that are named before the rest is counted."""

_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs to Unicode, and nothing to the eye."""


def code(value: str, limit: int = 300) -> str:
    """Put a text into a code span: one line, at most `limit` characters, what hides or turns text written out."""
    line = re.sub(r"\s+", " ", "".join(map(_visible, value[: 4 * limit]))).strip()
    line = line if len(line) <= limit else f"{line[: limit - 1]}…"
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    room = " " if not line or line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{room}{line or ' '}{room}{ticks}"


def _visible(letter: str) -> str:
    if letter in "\n\t":
        return " "
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me")
    return f"\\u{ord(letter):04x}" if hidden or letter in _INVISIBLE else letter


class _Form:
    """A JSON object of which each field is read as what it has to be; raises ValueError for anything else."""

    def __init__(self, value: object, where: str = "it"):
        if not isinstance(value, dict):
            raise ValueError(f"{where} is no object")
        self._fields = cast("dict[str, Any]", value)
        self._where = where

    def _typed(self, name: str, kind: type, *, needed: bool) -> Any:
        value = self._fields.get(name)
        if value is None and not needed:
            return None
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise ValueError(f"{self._where}.{name} is no {kind.__name__}")
        return value

    def text(self, name: str) -> str:
        return self._typed(name, str, needed=True)

    def maybe(self, name: str) -> str:
        """Read a text that may be null or absent: then it is empty."""
        return self._typed(name, str, needed=False) or ""

    def number(self, name: str) -> float:
        value = self._fields.get(name)
        try:
            return float(self._typed(name, int if isinstance(value, int) else float, needed=True))
        except OverflowError:
            raise ValueError(f"{self._where}.{name} is no number that anything costs") from None

    def amount(self, name: str) -> float | None:
        """Read a number that is null where nobody knows it."""
        return None if self._fields.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        return bool(self._typed(name, bool, needed=False))

    def one_of(self, name: str, known: Mapping[str, Any]) -> str:
        if (value := self.text(name)) not in known:
            raise ValueError(f"{self._where}.{name} is none of {', '.join(known)}")
        return value

    def texts(self, name: str) -> list[str]:
        found: list[Any] = self._typed(name, list, needed=False) or []
        if not all(isinstance(each, str) for each in found):
            raise ValueError(f"{self._where}.{name} holds what is no text")
        return found

    def forms(self, name: str) -> "list[_Form]":
        found: list[Any] = self._typed(name, list, needed=False) or []
        return [_Form(each, f"{self._where}.{name}[{place}]") for place, each in enumerate(found)]

    def form(self, name: str) -> "_Form | None":
        value = self._fields.get(name)
        return None if value is None else _Form(value, f"{self._where}.{name}")

    def shown(self, name: str) -> str:
        """Write any value in few words."""
        if name not in self._fields:
            return "(none)"
        value = self._fields[name]
        if value == {"$secret": True}:
            return "(secret)"
        return value if isinstance(value, str) else repr(value)[:400]


def comment(review: object, changed: Sequence[str] = (), commit: str = "", base: str = "") -> str:
    """Write the comment, at most `LIMIT` bytes: what is gravest first, and what found no room is counted.

    `changed` are files of the pull request, by a source that is not the review, which may have made it say what it
    says: with any of them nothing is fine. `commit` is the one that was reviewed and `base` the branch that it is
    proposed for, as GitHub has them. Raises ValueError for what is no review of a version that is known here.
    """
    form = _Form(review)
    if form.number("version") != VERSION:
        raise ValueError(f"its version is {form.shown('version')[:20]}; this script reads {VERSION}")
    level = form.one_of("level", LEVELS)
    alert, verdict, advice = LEVELS["look" if changed and level != "stop" else level]
    names = ", ".join(code(name, 120) for name in changed[:_NAMED])
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    said = OWN_WORDS.format(names + more) if changed else SAID
    head = (
        f"{MARKER}\n## Infrastructure: {verdict}\n\n{_of(commit, base)}{said}\n> [!{alert}]\n> **{advice}**\n>\n"
        f"> {code(form.text('verdict'), 600)}\n\n"
    )
    tail = f"\n{code(form.text('base'), 120)} → {code(form.text('head'), 120)}\n"
    lines = [*_grave(form), *_details(form)]
    left = LIMIT - len((head + tail).encode()) - 200
    parts: list[str] = []
    for number, line in enumerate(lines):
        left -= len(line.encode()) + 1
        if left < 0:
            parts.append(f"\n**Left out, because a comment has an end: {len(lines) - number} more lines.**")
            break
        parts.append(line)
    return f"{head}{chr(10).join(parts)}\n{tail}"


GRAVEST = (
    "refused", "renamed", "data", "unprotected", "public", "access", "program", "does not load", "credit", "price",
    "protection", "guard", "runs",
)  # fmt: skip
"""Kinds of dangers in the order in which they find room; any other comes after. A stack that does not load is one."""

_EACH = 40
"""Entries of a list that are shown before the rest is counted: what follows needs room too."""

_BYTES = 4_000
"""And bytes of them: so that the lists before the dangers, and those of the gravest kinds, leave room for the next."""


def _of(commit: str, base: str) -> str:
    against = f" against {code(base, 120)}" if base else ""
    return f"Of commit {code(commit[:12])}{against} alone: what came after it is not in here.\n\n" if commit else ""


def _grave(form: _Form) -> Iterator[str]:
    """Give the lines that a reader must not miss, gravest first: gates, what runs by itself, dangers, rules, lines."""
    yield from _list("Gates that this closes:", form.texts("closed"))
    yield from _list(
        "What is run by itself changes, with the rights of whoever deploys or commits:", form.texts("runs")
    )
    yield from _list("What Pulumi runs with changes:", form.texts("project"))
    stacks = form.forms("stacks")
    dangers: dict[str, list[str]] = {kind: [] for kind in (*GRAVEST, "")}
    for stack in stacks:
        name = code(stack.text("stack"), 80)
        stack.one_of("level", LEVELS)
        for mistake in stack.forms("mistakes"):
            side, message = code(mistake.text("side"), 20), code(mistake.text("message"), 600)
            dangers["does not load"].append(f"- **{name} does not load** {side} the change: {message}")
        for danger in stack.forms("dangers"):
            kind = danger.maybe("kind")
            line = f"- **{name}** {code(danger.text('text').replace('`', chr(39)), 500)}"
            dangers[kind if kind in dangers else ""].append(line)
    for kind, listed in dangers.items():
        yield from _bounded(listed, f"of the kind {kind}" if kind else "of other kinds")
    for stack in stacks:
        name, rules = code(stack.text("stack"), 80), stack.form("rules")
        for finding in rules.forms("new") if rules else ():
            if finding.text("level") == "violation":
                rule, on = code(finding.text("rule"), 80), code(finding.text("name"), 80)
                yield f"- **{name} breaks the rule** {rule} on {on}: {code(finding.text('message'), 300)}"
    lines = [each.text("text") for each in form.forms("lines")]
    yield from _list("The program itself changes:", lines or form.texts("program"))
    yield from _list("Files outside of the project change, at which nothing here looks:", form.texts("outside"))
    documents = [each.text("text") for each in form.forms("documents")]
    yield from _list("Documents change, which people copy from:", documents)
    unseen = [f"{each.text('file')}:{each.number('line'):g} {each.text('why')}" for each in form.forms("untaken")]
    yield from _list("No plan shows what these lines of it do, so read them:", unseen)


def _list(heading: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield heading
        yield ""
        yield from _bounded([f"- {code(each)}" for each in entries])
        yield ""


def _bounded(lines: Sequence[str], of: str = "") -> Iterator[str]:
    """Give the first lines of a list, by their number and their bytes, and count the rest."""
    left = _BYTES
    for number, line in enumerate(lines):
        left -= len(line.encode())
        if number and (number >= _EACH or left < 0):
            yield f"- and {len(lines) - number} more{' ' * bool(of)}{of}"
            return
        yield line


def _details(form: _Form) -> Iterator[str]:
    for stack in form.forms("stacks"):
        changes = stack.forms("changes")
        cost = stack.form("cost")
        if not changes and stack.text("status") == "unchanged":
            continue
        yield ""
        yield f"**Stack** {code(stack.text('stack'), 80)}: {code(stack.text('verdict'), 400)}"
        if cost:
            yield from _cost(cost)
        yield ""
        for change in changes:
            yield from _change(change)
        for setting in stack.forms("settings"):
            yield f"- in the stack file: {_from_to(setting)}"
        yield from (f"- {code(note, 400)}" for note in stack.texts("notes"))
    yield ""
    yield from (f"- {code(note, 400)}" for note in form.texts("notes"))


def _cost(cost: _Form) -> Iterator[str]:
    """Say what a change adds: the sum, which is no saving beside what has no known price, and each resource's part."""
    more, unknown = cost.number("addsPerHourOn"), cost.texts("newlyUnknown")
    if unknown and more <= 0:
        yield "(an unknown amount more an hour: something has no known price)"
    elif more:
        yield f"({'at least ' if unknown else ''}{more:+.4f} USD an hour with everything on)"
    lines = cost.forms("changes")
    if lines:
        yield ""
    for line in lines[:20]:
        hour, month = line.amount("perHourOn"), line.amount("perMonth")
        usd = ", ".join(
            "? USD" + per if value is None else f"{value:+.2f} USD{per}"
            for value, per in ((hour, " an hour, running"), (month, " a month, as planned"))
        )
        yield f"- {code(line.text('name'), 80)}, {code(line.text('what'), 200)}: {usd}"


def _change(change: _Form) -> Iterator[str]:
    done = DONE[change.one_of("operation", DONE)]
    loses = f" **and loses** {code(change.maybe('loses'), 80)}" if change.maybe("loses") else ""
    yield f"- {done}: {code(change.text('kind'), 80)} {code(change.text('name'), 120)}{loses}"
    yield from (f"  - because of {code(_because(reason), 300)}" for reason in change.forms("reasons"))
    # As text: a stranger's link leads wherever the stranger likes.
    places = [f"{place.text('file')}:{place.number('line'):g}" for place in change.forms("places")]
    if places:
        yield f"  - at {code(', '.join(places), 300)}"
    if done in ("updated", "replaced"):
        yield from (f"  - {_from_to(each)}" for each in change.forms("properties")[:12])


def _because(reason: _Form) -> str:
    return f"{reason.text('property')}: {reason.text('text')}"


def _from_to(entry: _Form) -> str:
    return code(f"{entry.text('path')}: {entry.shown('old')[:120]} -> {entry.shown('new')[:120]}", 400)
