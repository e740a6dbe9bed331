"""Values that no pattern tells right from wrong: each reader says why it does not take one, or None."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any

from coursecloud.validation.values import moment
from infra.settings import cron, re2

Form = Mapping[str, Any]
"""A rule of catalog/api-facts.json, with the limits of its reader."""


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | str:
    # What ip_network raises itself gives no reason.
    try:
        return ipaddress.IPv6Network(text) if ":" in text else ipaddress.IPv4Network(text)
    except ValueError as error:
        return str(error)


def _cidr(text: str, _: Form) -> str | None:
    read = _network(text)
    return read if isinstance(read, str) else None


def _subnet(text: str, form: Form) -> str | None:
    if "/" not in text:
        return "there is no '/' with the length of the prefix"
    read = _network(text)
    if isinstance(read, str):
        return read
    if isinstance(read, ipaddress.IPv6Network):
        return "this is a range of IPv6"
    low, high = form["prefix"]
    if not low <= read.prefixlen <= high:
        return f"its prefix is /{low} to /{high}, not /{read.prefixlen}"
    kept = next((each for each in form["without"] if read.overlaps(ipaddress.IPv4Network(each))), None)
    return kept and f"{kept} is not for subnets"


def _ports(text: str, _: Form) -> str | None:
    ends = text.split("-")
    if len(ends) > 2 or not all(re.fullmatch(r"[0-9]{1,9}", end) for end in ends):
        return "it is one number, or two with a hyphen between"
    numbers = [int(end) for end in ends]
    if max(numbers) > 65535:
        return f"the last port is 65535, not {max(numbers)}"
    return None if numbers == sorted(numbers) else "its first port comes after its last"


def _cron(text: str, _: Form) -> str | None:
    return cron.mistake(text)


def _moment(text: str, _: Form) -> str | None:
    return None if moment(text) else "it lacks the day, the time or the offset, or they are in another form"


def _time_zone(text: str, _: Form) -> str | None:
    try:
        zoneinfo.ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        return "the tz database has no such zone"
    return None


def _re2(text: str, _: Form) -> str | None:
    return re2.mistake(text)


READERS: Mapping[str, Callable[[str, Form], str | None]] = {
    "cidr": _cidr,
    "cron": _cron,
    "moment": _moment,
    "ports": _ports,
    "re2": _re2,
    "subnet": _subnet,
    "timeZone": _time_zone,
}
"""The readers by the names that rules use."""
