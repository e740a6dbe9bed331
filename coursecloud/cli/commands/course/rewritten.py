"""What Pulumi makes of a stack file when it writes its salt into it, which is nobody's edit."""

import difflib
import re

_OWN = re.compile(r"(?m)^(?:encryptionsalt|encryptedkey|secretsprovider): .*\n?")
_BEFORE_COMMENT = re.compile(r"(?<=\S)[ \t]+#")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?: 00:00:00 \+0000 UTC|T00:00:00Z)")


def apart(there: str, written: str) -> tuple[str, str]:
    """Set Pulumi's doing apart from a file that was once `written`: the file without it, and Pulumi's own lines.

    The first `up` writes the whole file anew: one space before each comment, and midnight behind each date (Pulumi
    3.260.0, tried on 2026-11-29). Where a line differs in no more than that, it is the one that was written.
    """
    own = "".join(_OWN.findall(there))
    was, now = written.splitlines(keepends=True), _OWN.sub("", there).splitlines(keepends=True)
    found: list[str] = []
    lines = difflib.SequenceMatcher(
        None, [_plain(each) for each in was], [_plain(each) for each in now], autojunk=False
    )
    for what, start, end, first, last in lines.get_opcodes():
        found += was[start:end] if what == "equal" else now[first:last]
    return "".join(found), own


def _plain(line: str) -> str:
    return _DATE.sub(r"\1", _BEFORE_COMMENT.sub(" #", line.rstrip("\n")))
