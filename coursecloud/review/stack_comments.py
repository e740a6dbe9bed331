"""What of a stack file differs though no setting does: comments that people follow, the schema that editors load."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import yaml

from coursecloud.common.stack_yaml import Loader
from coursecloud.review import changed_lines
from coursecloud.review.changed_lines import Lines

_SCHEMA = re.compile(r"\$schema\s*[=:]\s*(\S+)")
_OWN = re.compile(r"\s*yaml-language-server: \$schema=(\./)?stack\.schema\.json\s*")
"""The line by which editors find the project's own schema."""


def of(file: str, old: str, new: str, *roots: Path) -> tuple[Lines, bool] | None:
    """Say which lines differ of a stack file that says the same otherwise, and whether they hold something to follow.

    Where it does not say the same, the settings tell that, and only comments that somebody may type, copy or follow
    are told. None where there is nothing to tell. `roots` are the folders of both sides, whose files are no hosts.
    """
    if old == new:
        return None
    found = changed_lines.between(file, old, new)
    comments = [list(_comments(side)) for side in (old, new)]
    numbers = (changed_lines.differing(new, old), changed_lines.differing(old, new))
    changed = [text for side, lines in zip(comments, numbers, strict=True) for n, text in side if n in lines]
    changed = [text for text in changed if not _OWN.fullmatch(text)]
    if schemas := [match[1][:120] for n, text in comments[1] if n in numbers[1] for match in _schemas(text)]:
        whole = f"its `$schema` becomes {', '.join(schemas)}, which editors load and follow"
        return Lines(file, found.ranges, found.gone, whole), True
    strange = changed_lines.hosts(changed, *roots[:1])
    follows = bool(strange) or any(map(changed_lines.follows, changed))
    if _data(old) == _data(new) is not None:
        return found, follows
    if not follows:
        return None
    told = [
        n
        for n, text in comments[1]
        if n in numbers[1] and (changed_lines.follows(text) or changed_lines.hosts([text]) & strange)
    ]
    whole = "" if told else "comments that it had are gone"
    return Lines(file, tuple((n, n) for n in told), whole=whole), True


def comes(file: str, text: str, *roots: Path) -> tuple[Lines, bool] | None:
    """Say of a stack file that comes which comments lead elsewhere: to a schema, an address or a host.

    Commands of the project stand in each that `coursecloud init` writes, and are told nowhere.
    """
    comments = [(number, comment) for number, comment in _comments(text) if not _OWN.fullmatch(comment)]
    strange = changed_lines.hosts((comment for _, comment in comments), *roots[:1])
    found = [
        number
        for number, comment in comments
        if "://" in comment or any(_schemas(comment)) or any(host in comment.lower() for host in strange)
    ]
    return (Lines(file, tuple((number, number) for number in found)), True) if found else None


def _schemas(comment: str) -> Iterator[re.Match[str]]:
    return iter(()) if _OWN.fullmatch(comment) else _SCHEMA.finditer(comment)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Give each comment with its line, from 1; of what is no YAML all that may be one."""
    letters = list(text)
    try:
        for token in cast("Iterator[yaml.Token]", yaml.scan(text, Loader=Loader)):
            if isinstance(token, yaml.ScalarToken):
                inside = slice(token.start_mark.index, token.end_mark.index)
                letters[inside] = [each if each in "\r\n" else "x" for each in letters[inside]]
    except yaml.YAMLError:
        letters = list(text)
    for number, (line, plain) in enumerate(
        zip(changed_lines.split(text), changed_lines.split("".join(letters)), strict=True), 1
    ):
        if match := re.search(r"(?:^|\s)#", plain):
            yield number, line[match.end() :].rstrip("\r\n")


def _data(text: str) -> object:
    """Read what it says; None for what is no YAML."""
    try:
        return yaml.load(text, Loader=Loader) or {}  # noqa: S506 - the project's own loader makes only plain values
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
