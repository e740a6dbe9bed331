"""Two values of one resource's inputs, compared: the places where they differ, and what may be shown of them."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from coursecloud.plan import nested, sdk
from coursecloud.plan.registration import UNKNOWN
from infra import files
from infra.secrecy import HIDDEN
from infra.secrecy import hide as hide_in

IDENTITIES = ("name", "key", "id", "deviceName", "containerPort", "port", "role", "protocol")
"""What tells the entries of a list apart, in the order in which it is tried."""


class _Nothing:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


@dataclass(frozen=True)
class Hidden:
    """A secret: compared where both sides can be read, shown never."""

    digest: str | None
    """A digest of the value; None where only its owner's key can read it."""
    withheld: bool = False
    """There is `{"$secret": true}` in its place: in a saved plan, whoever wrote that, or in a state as it is read."""

    def same(self, other: "Hidden") -> bool:
        """Say whether the two are the same as far as anyone without the key can tell."""
        return self.digest is None or other.digest is None or self.digest == other.digest


@dataclass(frozen=True)
class Difference:
    """One place where two inputs differ; a block or an entry that comes or goes is one difference."""

    keys: tuple[str, ...]
    """From the outside in; `[...]` is an entry of a list, told by its name or else its place."""
    old: Any
    new: Any

    @property
    def path(self) -> str:
        """How a reader finds it: `bootDisk.initializeParams.size`, `attachedDisks[work].source`."""
        return display(self.keys)

    @property
    def pattern(self) -> str:
        """How the dated table names it: `attachedDisks[*].source`."""
        return pattern(self.keys)

    @property
    def top(self) -> str:
        """The input that it is in: what dependencies are recorded for."""
        return self.keys[0]


def display(keys: Sequence[str]) -> str:
    """Write a path so that a reader can follow it.

    >>> display(("metadata", "startup-script"))
    'metadata.startup-script'
    >>> display(("labels", "a.b"))
    'labels["a.b"]'
    """
    text = ""
    for key in keys:
        if key.startswith("["):
            text += key
        elif re.fullmatch(r"[A-Za-z_][\w-]*", key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text


def pattern(keys: Sequence[str]) -> str:
    """Write a path as the dated table does, where each entry of a list is `[*]`."""
    return ".".join("[*]" if key.startswith("[") else key for key in keys).replace(".[*]", "[*]")


def clean(inputs: Mapping[str, Any], *, secret: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Take the inputs of a plan or of a state as plain values.

    Secrets, and what `secret` (patterns of the table) names, become `Hidden`; what Pulumi itself writes into a
    state's inputs (`__defaults`, and the values that are there by default) goes.
    """
    return cast("dict[str, Any]", _clean(inputs, (), secret))


def _clean(value: Any, keys: tuple[str, ...], secret: frozenset[str]) -> Any:
    if pattern(keys) in secret:
        return hide(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        if entries == {"$secret": True}:
            return Hidden(None, withheld=True)
        if sdk.is_secret(entries):
            return hide(entries)
        if entries.get(sdk.SIGNATURE) == sdk.OUTPUT:
            known = _clean(entries.get("value", UNKNOWN), keys, secret)
            return hide(known) if entries.get("secret") else known
        defaults: Any = entries.get("__defaults") or ()
        return {
            key: _clean(entry, (*keys, key), secret)
            for key, entry in entries.items()
            if key != "__defaults" and key not in defaults
        }
    if isinstance(value, list):
        return [_clean(entry, (*keys, "[]"), secret) for entry in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def hide(value: Any) -> Any:
    """Put a secret out of sight, whether Pulumi has marked it or the table says that it is one."""
    if isinstance(value, Hidden) or value == UNKNOWN:
        return value
    if sdk.is_secret(value):
        if "ciphertext" in value:
            return Hidden(None)
        plain = value.get("value", NOTHING)
        if plain is NOTHING and isinstance(value.get("plaintext"), str):
            plain = _opened(value["plaintext"])
        return Hidden(None) if plain is NOTHING else hide(plain)
    return Hidden(hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest())


def _opened(text: str) -> Any:
    try:
        return files.json_of(text)
    except ValueError:
        return text  # Pulumi writes JSON there; whatever else stands there is as secret


def at(value: Any, path: str) -> Any:
    """Take the value at a path of the table without `[*]`; NOTHING where there is none."""
    return nested.at(value, path, NOTHING)


def leaves(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """List every plain value inside of a value, with its keys; an empty block or list is one itself."""
    if isinstance(value, Mapping) and value and value != UNKNOWN:
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from leaves((*keys, key), entry)
    elif isinstance(value, list) and any(isinstance(entry, Mapping | list) for entry in cast("list[Any]", value)):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from leaves((*keys, f"[{index}]"), entry)
    else:
        yield keys, value


def differences(
    old: Any, new: Any, *, unordered: frozenset[str] = frozenset(), keys: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """List where two inputs differ, outermost place first.

    Entries of a list are matched by what names them, not by their place; `unordered` are the patterns of lists
    whose order says nothing. Two unknown values are the same here: whoever knows what they depend on decides.
    """
    if isinstance(old, Hidden) or isinstance(new, Hidden):
        # What is a secret on one side is shown on neither.
        before, after = (side if side is NOTHING else hide(side) for side in (old, new))
        # What one side shows and a saved plan withholds is not the same as far as anyone can tell.
        withheld = any(isinstance(side, Hidden) and side.withheld for side in (old, new))
        half = withheld and not (isinstance(old, Hidden) and isinstance(new, Hidden))
        if half or not (isinstance(before, Hidden) and isinstance(after, Hidden) and before.same(after)):
            yield Difference(keys, before, after)
    elif isinstance(old, Mapping) and isinstance(new, Mapping) and UNKNOWN not in (old, new):
        before, after = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
        for key in (*after, *(key for key in before if key not in after)):
            yield from differences(
                before.get(key, NOTHING), after.get(key, NOTHING), unordered=unordered, keys=(*keys, key)
            )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _entries(cast("list[Any]", old), cast("list[Any]", new), unordered, keys)
    elif isinstance(old, str) and isinstance(new, str) and HIDDEN in old + new:
        # A saved plan has its secrets hidden: what is left is compared, and `unseen` says so.
        if _hidden(old, keys) != _hidden(new, keys):
            yield Difference(keys, old, new)
    # A number may be whole on one side and not on the other; True is no 1.
    elif old != new or (type(old) is not type(new) and not (_number(old) and _number(new))):  # pyright: ignore[reportUnknownArgumentType]
        yield Difference(keys, old, new)


def _hidden(text: str, keys: tuple[str, ...]) -> str:
    names = [key.strip("[]") for key in keys if key != "value"]
    return hide_in(text, names[-1] if names else "")


def holds_hidden(value: Any) -> bool:
    """Say whether a value is, or holds, a secret that nobody can compare: one that was hidden before it came here."""
    if isinstance(value, str):
        return HIDDEN in value
    if isinstance(value, Mapping):
        return any(holds_hidden(entry) for entry in cast("Mapping[str, Any]", value).values())
    if isinstance(value, list):
        return any(map(holds_hidden, cast("list[Any]", value)))
    return isinstance(value, Hidden) and value.digest is None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _entries(old: list[Any], new: list[Any], unordered: frozenset[str], keys: tuple[str, ...]) -> Iterator[Difference]:
    if not any(isinstance(entry, Mapping | list) for entry in (*old, *new)):
        same = sorted(map(repr, old)) == sorted(map(repr, new)) if pattern(keys) in unordered else old == new
        if not same:
            yield Difference(keys, old, new)
        return
    named = _named(old, new)
    for label, before, after in named or _matched(old, new):
        yield from differences(before, after, unordered=unordered, keys=(*keys, f"[{label}]"))
    if named and pattern(keys) not in unordered:
        stay = [label for label, before, after in named if NOTHING not in (before, after)]
        order = sorted(stay, key=lambda label: next(i for i, entry in enumerate(old) if _is(entry, label)))
        if order != stay:
            yield Difference((*keys, "[order]"), order, stay)


def _named(old: list[Any], new: list[Any]) -> list[tuple[str, Any, Any]] | None:
    """Pair the entries by the first identity that every one of them has, each of its own."""
    for identity in IDENTITIES:
        sides: list[dict[str, Any]] = []
        for side in (old, new):
            entries = [cast("Mapping[str, Any]", entry) for entry in side if isinstance(entry, Mapping)]
            by_name = {str(entry[identity]): entry for entry in entries if isinstance(entry.get(identity), str | int)}
            if len(by_name) == len(side):
                sides.append(by_name)
        if len(sides) == 2:
            before, after = sides
            names = (*after, *(name for name in before if name not in after))
            return [(name, before.get(name, NOTHING), after.get(name, NOTHING)) for name in names]
    return None


def _is(entry: Any, label: str) -> bool:
    return any(str(entry.get(identity)) == label for identity in IDENTITIES)


def _matched(old: list[Any], new: list[Any]) -> list[tuple[str, Any, Any]]:
    """Pair equal entries first, the others in their order; the label is the place on the side that has it."""
    left = list(enumerate(old))
    pairs: list[tuple[int, Any, Any]] = []
    unpaired: list[tuple[int, Any]] = []
    for index, entry in enumerate(new):
        found = next((pair for pair in left if pair[1] == entry), None)
        if found:
            left.remove(found)
            pairs.append((index, found[1], entry))
        else:
            unpaired.append((index, entry))
    for index, entry in unpaired:
        before = left.pop(0)[1] if left else NOTHING
        pairs.append((index, before, entry))
    pairs += [(index, entry, NOTHING) for index, entry in left]
    return [(str(index), before, after) for index, before, after in sorted(pairs, key=lambda pair: pair[0])]


def plain(value: Any) -> Any:
    """Turn a cleaned value back into JSON; a secret is `{"$secret": true}`, and no digest of it leaves."""
    if isinstance(value, Hidden):
        return {"$secret": True}
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain(entry) for entry in cast("list[Any]", value)]
    return value
