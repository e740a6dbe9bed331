"""Where Pulumi keeps the state of a stack, as a stack file may name it."""

import re
from typing import Annotated

from pydantic import AfterValidator

from catalog import limits
from infra.settings.problem import RuleViolationError
from infra.settings.types import Shown

_BUCKET = limits.pattern("bucket-name")
_FOLDERS = r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"
_WRITE = "write for example gs://mlops-group-07-pulumi, or a folder of a bucket: gs://mlops-course-state/group-07"
_RULE = "the state of a stack is in gs:// (a bucket of Google's), file:// (a folder) or https:// (Pulumi Cloud)"
_ELSEWHERE = ("s3", "azblob")
"""Pulumi takes them. Here they are refused: their access is a key of another cloud, which no grant of the group's and
no lease could end, and which would have to lie on every machine of the course."""

_PAGES = ("console.cloud.google.com", "storage.cloud.google.com", "storage.googleapis.com")
"""Hosts that show or give out a bucket; Pulumi would log in there as to its own service."""


def _backend(value: str) -> str:
    scheme, colon, rest = value.partition("://")
    if scheme in _ELSEWHERE:
        raise RuleViolationError(
            f"{_RULE}; {scheme}:// needs a key of another cloud, which no grant here can limit or end", _WRITE
        )
    if not colon or scheme not in ("gs", "file", "https"):
        raise RuleViolationError(_RULE, _WRITE)
    if re.search(r"[\x00-\x20\x7f\"'`$\\;&|<>()]", value):
        raise RuleViolationError("a backend's address has no blanks, quotes or signs of a shell", _WRITE)
    if scheme == "gs" and not re.fullmatch(f"({_BUCKET}){_FOLDERS}", rest):
        raise RuleViolationError("gs:// is followed by a bucket's name, and folders with '/' between them", _WRITE)
    if "@" in rest:
        raise RuleViolationError("an address with '@' holds who logs in, or a password", "leave that part out")
    if rest.partition("/")[0].lower() in _PAGES:
        raise RuleViolationError("https:// is Pulumi Cloud, and this is a page or an API of Google's", _WRITE)
    if not rest.strip("/"):
        raise RuleViolationError(f"{scheme}:// names no place", _WRITE)
    return value.rstrip("/")


Backend = Annotated[str, AfterValidator(_backend), Shown(r"(gs|file|https)://[^\s@\"'`$\\;&|<>()]+", _RULE, _WRITE)]
"""The address of a backend, as PULUMI_BACKEND_URL takes it."""


def bucket_of(backend: str | None) -> tuple[str, str]:
    """Give bucket and folder of a backend in Cloud Storage; two empty texts for another.

    >>> bucket_of("gs://course-state/group-07")
    ('course-state', 'group-07')
    """
    if not (backend or "").startswith("gs://"):
        return "", ""
    bucket, _, folder = str(backend).removeprefix("gs://").partition("/")
    return bucket, folder
