"""What of a stack file differs though no setting does: comments that people follow, the schema that editors load."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from coursecloud.common import stack_yaml
from coursecloud.review import changed_lines
from coursecloud.review.changed_lines import Lines

_SCHEMA = re.compile(r"\$schema\s*[=:]\s*(\S+)")
_OWN = re.compile(r"\s*yaml-language-server: \$schema=(\./)?stack\.schema\.json\s*")
"""The line by which editors find the project's own schema."""


_ACTS = re.compile(
    r"&&|\|\||\|\s*\w*sh\b|\$\(|--(?:yes|force|lose|no-verify)\b|\bpass(?:word|wd|phrase)\b|\btokens?\b"
    r"|\b(?:rm|curl|wget|sudo|eval|base64|chmod|bash|ssh|pip|npm|python3?|gcloud|terraform|git)\s+[\w./-]|\bdocker\s+(?:run|exec|login|pull)\b"
    r"|\bpulumi\s+(?:up|destroy|state|stack|config)\b|\b(?:make|coursecloud)\s+(?:up|finish|save|course)\b",
    re.IGNORECASE,
)
"""What somebody may run or log in with, because a comment says so."""


def of(file: str, old: str, new: str) -> tuple[Lines, bool] | None:
    """Say which lines differ of a stack file that says the same otherwise, and whether its comments do: people follow
    them, and nothing here knows what they say.

    Where it does not say the same, the settings tell that, and only comments are told. None where there is nothing to
    tell.
    """
    if old == new:
        return None
    found = changed_lines.between(file, old, new)
    before, after = (
        [(n, text) for n, text in stack_yaml.comments(side) if not _OWN.fullmatch(text)] for side in (old, new)
    )
    gone = Counter(text for _, text in before)
    gone.subtract(text for _, text in after)
    come = [(n, text) for n, text in after if gone[text] < 0]
    if schemas := [match[1][:120] for _, text in come for match in _SCHEMA.finditer(text)]:
        whole = f"its `$schema` becomes {', '.join(schemas)}, which editors load and follow"
        return Lines(file, found.ranges, found.gone, whole), True
    differ = any(gone.values())
    if _data(old) == _data(new) is not None:
        return found, differ
    if not differ:
        return None
    return Lines(file, tuple((n, n) for n, _ in come), whole="" if come else "comments that it had are gone"), True


def comes(file: str, text: str, *roots: Path) -> tuple[Lines, bool] | None:
    """Say of a stack file that comes which comments lead elsewhere, to a schema, an address or a host, or say what to
    run or to log in with.

    Others stand in each that `coursecloud init` writes, and are told nowhere. `roots` are folders whose files are no
    hosts.
    """
    found = [(number, comment) for number, comment in stack_yaml.comments(text) if not _OWN.fullmatch(comment)]
    strange = _hosts((comment for _, comment in found), *roots)
    told = [
        (number, number)
        for number, comment in found
        if "://" in comment
        or _SCHEMA.search(comment)
        or _ACTS.search(comment)
        or any(host in comment.lower() for host in strange)
    ]
    return (Lines(file, tuple(told)), True) if told else None


_DOTS = ".\u00b7\u2024\u3002\ua78f\uff0e\uff61"
_HOST = re.compile(rf"(?<![\w-])(?:[\w-]+[{_DOTS}])+[^\W\d_][\w-]{{1,62}}(?![\w-])")
"""What may be a host's name, in any letters, unless something of the repository is called so."""


def _hosts(lines: Iterable[str], *roots: Path) -> set[str]:
    """Give what may be names of hosts in some lines: what no file in the folders is called."""
    found = {match[0].lower() for line in lines for match in _HOST.finditer(line)}
    return found - {name.lower() for root in roots for name in _names(root)} if found else found


def _names(root: Path) -> Iterator[str]:
    """Give the names of a side's files, but for what is hidden."""
    for _, folders, names in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".")]
        yield from names


def _data(text: str) -> object:
    """Read what it says; None for what is no YAML."""
    try:
        return yaml.load(text, Loader=stack_yaml.Loader) or {}  # noqa: S506 - the project's own loader makes only plain values
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
