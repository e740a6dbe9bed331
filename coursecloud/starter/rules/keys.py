"""Keys of service accounts, and other secrets, that a repository has or asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from coursecloud.starter.facts import Facts
from coursecloud.starter.finding import FileFinding
from coursecloud.starter.repository import Repository
from infra import secrecy

_PRIVATE = re.compile(r"-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----")
_ACCOUNT = re.compile(r"[\"']?type[\"']?\s*[:=]\s*[\"']service_account[\"']")
_NAMED = re.compile(r"(private key|key|token|credential|secret)", re.IGNORECASE)
REVOKE = (
    "revoke it (`gcloud iam service-accounts keys delete`), remove the file and take it out of git's history;"
    " nothing here needs a key"
)
_WITHOUT = {
    "code": "let the code find the account of where it runs (google.auth.default); on a laptop `gcloud auth"
    " application-default login`",
    "image": "leave it out: jobs, services and machines run as an account of the stack, which Google's libraries find",
}


def found(facts: Facts, repository: Repository) -> Iterator[FileFinding]:
    """Find keys and what looks like a secret in any file; no value is shown."""
    del facts
    for path, text in repository.texts.items():
        if PurePosixPath(path).name in ("uv.lock", "poetry.lock", "Pipfile.lock") or path.endswith(".dvc"):
            continue
        yield from _keys(path, text)
        yield from _used(path, text)


def _keys(path: str, text: str) -> Iterator[FileFinding]:
    at = _PRIVATE.search(text)
    if at and _ACCOUNT.search(text):
        rule = "whoever sees the repository, now or in its history, is that account"
        line = text.count("\n", 0, at.start()) + 1
        yield FileFinding(path, line, "key-in-repository", "leaks", "(a service account's key)", rule, REVOKE)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > (4_000 if path.endswith(".ipynb") else 20_000):
            continue  # a picture, or a table
        for each in secrecy.find(line):
            # Only what has the form of a secret; a name that merely sounds like one is often a placeholder.
            if each.what.startswith("value of") and not _convincing(line[each.start : each.end]):
                continue
            rule = "whoever sees the repository, now or in its history, has it"
            remedy = (
                "revoke it where it was made, and give the new one to Secret Manager (`coursecloud commands secret`)"
            )
            yield FileFinding(path, number, "secret-in-repository", "leaks", f"({each.what})", rule, remedy)


def _convincing(value: str) -> bool:
    return secrecy.random(value.strip("\"'"))


_FILE = re.compile(r"GOOGLE_APPLICATION_CREDENTIALS")
_CALLS = re.compile(r"from_service_account_(json|file|info)")


def _used(path: str, text: str) -> Iterator[FileFinding]:
    """Find code and images that ask for a key's file."""
    docker = bool(re.search(r"(?i)dockerfile", PurePosixPath(path).name))
    if not (docker or path.endswith((".py", ".sh", ".ini", "config")) or PurePosixPath(path).name == "Makefile"):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        if docker and (
            _FILE.search(line)
            or re.match(
                r"\s*(COPY|ADD)\s.*(key|credential|service[-_]account|secret)s?[\w.-]*\.json", line, re.IGNORECASE
            )
        ):
            rule = "the stack makes no keys, and one in an image is readable by all who may pull it"
            yield FileFinding(path, number, "key-in-image", "leaks", line.strip()[:80], rule, _WITHOUT["image"])
        elif _CALLS.search(line) or (not docker and re.search(r"GOOGLE_APPLICATION_CREDENTIALS[\"'\]]*\s*=", line)):
            rule = "the stack makes no keys: this file is nowhere where the code runs"
            yield FileFinding(
                path, number, "key-in-code", "fails", secrecy.hide(line.strip())[:80], rule, _WITHOUT["code"]
            )
