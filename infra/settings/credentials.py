"""No value of a secret in a stack file: what a beginner writes under `secrets`, and the credentials of providers.

A stack file is committed, shown in reviews and copied; what stood in one is no secret any more. No message repeats it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import cast

from infra.names import WORKLOADS
from infra.secrecy import HIDDEN, find, random
from infra.settings import not_offered
from infra.settings.problem import READERS, Hidden, Problem, likely

SECRETS = "coursecloud:secrets"
REVOKE = "revoke this one: it has been in a file, and maybe in git's history"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9][A-Za-z0-9_-]{0,5}|[A-Z][A-Z ]+")
_WORDS = re.compile(r"[^\W\d_][\w./-]{0,23}( [\w./-]{1,16})?")
"""One word or two, in any script: before readers they are a name that Google does not take, and no value."""
RULE = "the value of a secret never stands in a stack file: `names` says which secrets there are, and who reads each"
_KEYS = ("keep", "names")

_GOOGLES = ("credentials", "accessToken", "access_token")
"""Settings of the provider that are a credential."""


def values(section: object) -> Iterator[tuple[str, ...]]:
    """Give the keys below `coursecloud:secrets` that lead to what is, or may be, the value of a secret.

    A slip that is near to a right word is left to the other rules, which say what was meant.
    """
    if section is not None and not isinstance(section, Mapping):
        yield ()
        return
    for key, value in cast("Mapping[str, object]", section or {}).items():
        if key == "names":
            yield from _names(value)
        elif key == "keep":
            if isinstance(value, str) and len(value) > 5:
                yield (key,)
        elif _suspect(key) or not (_slip(key, value) or (likely(key, _KEYS) and isinstance(value, Mapping | bool))):
            yield (key,)


def _slip(key: str, value: object) -> bool:
    """Say whether an unknown key has readers behind it, or is one of Google's own: no value of a secret."""
    readers = isinstance(value, list) and bool(cast("list[object]", value)) and _says_readers(cast("object", value))
    return readers or not_offered.why("Secrets", key) is not None


def _names(names: object) -> Iterator[tuple[str, ...]]:
    if not isinstance(names, Mapping):
        # A list of plain names is a slip of form; one with values in it is more.
        plain = isinstance(names, list) and all(_is_name(entry) for entry in cast("list[object]", names))
        if names is not None and not plain:
            yield ("names",)
        return
    for name, readers in cast("Mapping[str, object]", names).items():
        name_like = _WORDS.fullmatch(name) and not find(name) and not random(name, 16)
        if not _says_readers(readers) or (_suspect(name) and not (readers and name_like)):
            yield ("names", name)


def _says_readers(readers: object) -> bool:
    if readers is None or (isinstance(readers, Mapping) and set(cast("Mapping[str, object]", readers)) == {"secure"}):
        return True  # other rules say that there is nothing, or that it is encrypted
    listed: list[object] = cast("list[object]", readers) if isinstance(readers, list) else [readers]
    # Three letters are no secret; `vm` for `machines` is a slip.
    return all(
        isinstance(reader, str) and (len(reader) <= 3 or reader.lower() in READERS or likely(reader, WORKLOADS))
        for reader in listed
    )


def _suspect(name: str) -> bool:
    """Say whether a key may be the secret itself: it looks like one, or like no name of one."""
    return bool(find(name)) or random(name, 16) or _NAME.fullmatch(name) is None


def _is_name(entry: object) -> bool:
    return isinstance(entry, str) and not _suspect(entry)


def refused(keys: tuple[str, ...]) -> Problem:
    """Say that what the keys lead to is no place for the value of a secret, and what to do with it."""
    name = next((key for key in keys[::-1] if key not in _KEYS and not _suspect(key)), "NAME")
    return Problem(
        ".".join((SECRETS, *(HIDDEN if _suspect(key) else key for key in keys))),
        Hidden(),
        RULE,
        f"write `names: {{{name}: [machines]}}`; once it is up, add the value by the command `add secret {name}` of the"
        f" outputs (gcloud secrets versions add ... --data-file=-); {REVOKE}",
    )


def cleaned(section: object, found: Collection[tuple[str, ...]]) -> object:
    """Leave out what was refused, so that the rest can be held to the other rules."""
    if () in found:
        return None
    entries = {key: value for key, value in cast("Mapping[str, object]", section or {}).items() if (key,) not in found}
    if isinstance(entries.get("names"), Mapping):
        names = cast("Mapping[str, object]", entries["names"])
        entries["names"] = {name: readers for name, readers in names.items() if ("names", name) not in found}
    return entries


def plain(config: Mapping[str, object], encrypted: Collection[str]) -> Iterator[Problem]:
    """Refuse each plain credential of a provider; `encrypted` are the keys whose values Pulumi has decrypted.

    What is encrypted is Pulumi's own matter: it is no more readable than its passphrase or key allows, and `up` refuses
    to go on with an encrypted credential where the passphrase is the empty one that it would set itself.
    """
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if namespace == "coursecloud" or key in encrypted or value is None or _is_encrypted(value):
            continue
        googles = namespace == "gcp" and name in _GOOGLES
        if googles or _holds_secret(value, name):
            ways = (
                "remove it, and run `gcloud auth application-default login`; a workflow has its federation"
                " (docs/github.md)"
                if namespace == "gcp"
                else f"remove it, and hand it over in the environment variable that the provider of `{namespace}` reads"
            )
            yield Problem(key, Hidden(), "a credential never stands plainly in a stack file", f"{ways}; {REVOKE}")


_DEEPEST = 20
"""Levels of a value that are looked at; deeper nesting is refused elsewhere, and not shown."""


def _is_encrypted(value: object, depth: int = 0) -> bool:
    """Say whether a value, or all the texts in it, are encrypted."""
    if depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        inner = bool(entries) and all(_is_encrypted(entry, depth + 1) for entry in entries.values())
        return set(entries) == {"secure"} or inner
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and all(_is_encrypted(item, depth + 1) for item in items)


def _holds_secret(value: object, name: str, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        held = any(_holds_secret(entry, key, depth + 1) for key, entry in entries.items())
        return set(entries) != {"secure"} and held
    if isinstance(value, list):
        return any(_holds_secret(entry, name, depth + 1) for entry in cast("list[object]", value))
    return isinstance(value, str | int | float) and not isinstance(value, bool) and bool(find(str(value), name))
