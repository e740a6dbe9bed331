"""What the words of the dated table mean: when a change of a value replaces, and when it is no change at all."""

import enum
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from coursecloud.diff.property_diff import NOTHING, at
from coursecloud.plan.registration import UNKNOWN


class Effect(enum.Enum):
    """What one difference does."""

    NONE = "no change to the provider"
    UPDATE = "update in place"
    REPLACE = "replace"
    FIELDS = "what the fields inside say"


_When = Callable[[Any, Any, Mapping[str, Any], Mapping[str, Any]], Effect]
_Same = Callable[[Any, Any], bool]


def _block(old: Any, new: Any, *_: Any) -> Effect:
    return Effect.REPLACE if (old is NOTHING) != (new is NOTHING) or new == UNKNOWN else Effect.FIELDS


def _block_added(old: Any, new: Any, *_: Any) -> Effect:
    if new is NOTHING:
        return Effect.NONE
    return Effect.REPLACE if old is NOTHING or new == UNKNOWN else Effect.FIELDS


def _entries(old: Any, new: Any, *_: Any) -> Effect:
    if new == UNKNOWN:
        return Effect.REPLACE
    before, after = (len(cast("list[Any]", side)) if isinstance(side, list) else 0 for side in (old, new))
    return Effect.REPLACE if before != after else Effect.FIELDS


def _set(old: Any, new: Any, *_: Any) -> Effect:
    before, after = (sorted(map(repr, side)) if isinstance(side, list) else side for side in (old, new))  # pyright: ignore[reportUnknownArgumentType]
    return Effect.NONE if before == after else Effect.REPLACE


def _smaller(old: Any, new: Any, *_: Any) -> Effect:
    if new is NOTHING:
        return Effect.NONE
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    return Effect.REPLACE if numbers and new < old else Effect.UPDATE


def _range(value: Any) -> ipaddress.IPv4Network:
    if not isinstance(value, str):
        raise TypeError("a number is an address to Python, and none to Google")
    return ipaddress.IPv4Network(value, strict=False)


def _narrower(old: Any, new: Any, *_: Any) -> Effect:
    try:
        return Effect.UPDATE if _range(old).subnet_of(_range(new)) else Effect.REPLACE
    except (ValueError, TypeError):
        return Effect.REPLACE


def _accelerators(old: Any, new: Any, *_: Any) -> Effect:
    if new == UNKNOWN:
        return Effect.REPLACE
    before, after = (cast("list[Any]", side) if isinstance(side, list) else [] for side in (old, new))
    if not after:
        return Effect.NONE
    entries = [cast("Mapping[str, Any]", entry) for entry in after if isinstance(entry, Mapping)]
    if not before and all(entry.get("count") == 0 for entry in entries):
        return Effect.NONE
    return Effect.REPLACE if len(before) != len(after) else Effect.FIELDS


def _startup_script(old: Any, new: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> Effect:
    moved_in = old is NOTHING and at(before, "metadata.startup-script") == new
    moved_out = new is NOTHING and at(after, "metadata.startup-script") == old
    return Effect.UPDATE if moved_in or moved_out else Effect.REPLACE


def _interface_address(_: Any, new: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> Effect:
    if new in (NOTHING, "", None):
        return Effect.NONE
    where = ("network", "subnetwork", "subnetworkProject")
    places = [
        [[entry.get(key) for key in where] for entry in side.get("networkInterfaces", [])] for side in (before, after)
    ]
    return Effect.REPLACE if places[0] == places[1] else Effect.UPDATE


def _locked(old: Any, new: Any, *_: Any) -> Effect:
    locked = isinstance(old, Mapping) and cast("Mapping[str, Any]", old).get("isLocked") is True
    return Effect.REPLACE if locked and new is NOTHING else Effect.FIELDS


WHEN: dict[str, _When] = {
    "block": _block,
    "block-added": _block_added,
    "entries": _entries,
    "set": _set,
    "smaller": _smaller,
    "narrower": _narrower,
    "accelerators": _accelerators,
    "startup-script": _startup_script,
    "interface-address": _interface_address,
    "locked": _locked,
    "switched-off": lambda old, new, _, __: Effect.REPLACE if old is True and new is not True else Effect.UPDATE,
    "not-hyperdisk": lambda _, __, before, after: (
        Effect.UPDATE if "hyperdisk" in str(after.get("type", before.get("type", ""))) else Effect.REPLACE
    ),
    "in-place": lambda _, __, ___, ____: Effect.UPDATE,
    "never": lambda _, __, ___, ____: Effect.NONE,
}
"""What a change does, by the table's word, given the old and new value and the whole inputs of both sides."""


def _last(value: Any) -> str:
    return str(value).rpartition("/")[2]


def _link(value: Any) -> str:
    return re.sub(r"^(https?://[^/]+/)?(compute/)?((v1|beta|alpha)/)?(?=projects/)", "", str(value))


def _texts(old: Any, new: Any) -> bool:
    return isinstance(old, str) and isinstance(new, str)


def _principal(old: Any, new: Any) -> bool:
    sensitive = re.compile(r"(deleted:)?(principal|principalSet|principalHierarchy|iamMember)")
    return _texts(old, new) and not sensitive.match(new) and old.lower() == new.lower()


def _link_or_name(old: Any, new: Any) -> bool:
    return _texts(old, new) and (_link(old) == _link(new) if "/" in new else _last(old) == new)


def _image(old: Any, new: Any) -> bool:
    # `family` and `project/family` name one image in the state; what a family holds today takes a look-up.
    return _texts(old, new) and _link(old).replace("/global/images/", "/").replace("/family/", "/").removeprefix(
        "projects/"
    ) == _link(new).replace("/global/images/", "/").replace("/family/", "/").removeprefix("projects/")


def _address(old: Any, new: Any) -> bool:
    try:
        return ipaddress.ip_interface(old) == ipaddress.ip_interface(new)
    except ValueError:
        return False


def _unset(meaning: object) -> _Same:
    return lambda old, new: (
        {repr(meaning if side in (NOTHING, None, "") else side) for side in (old, new)} == {repr(meaning)}
    )


SAME: dict[str, _Same] = {
    "letter-case": lambda old, new: _texts(old, new) and old.lower() == new.lower(),
    "principal": _principal,
    "link-or-name": _link_or_name,
    "link": lambda old, new: _texts(old, new) and _link(old) == _link(new),
    "last-segment": lambda old, new: _texts(old, new) and _last(old) == _last(new),
    "image": _image,
    "key-version": lambda old, new: _texts(old, new) and old.partition("/cryptoKeyVersions/")[0] == new,
    "address": _address,
    "unset-is-false": _unset(False),
    "unset-is-ipv4": _unset("IPV4"),
    "disabled-block": lambda old, new: new is NOTHING and isinstance(old, Mapping) and not old.get("enabled"),  # pyright: ignore[reportUnknownMemberType]
}
"""Whether a value has only another spelling, by the table's word for it."""
