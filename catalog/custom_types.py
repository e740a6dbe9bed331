"""Machine types of one's own size, FAMILY-custom-VCPUS-MEBIBYTES: what Google takes of them, and what they are."""

import functools
import re
from collections.abc import Mapping
from typing import Any

from catalog.families import MachineType, families, of_family, region_of

_STEP = 256
"""Mebibytes of which the memory is a multiple."""
_NAME = re.compile(
    r"(?:(?P<family>[a-z][a-z0-9]*)-)?custom-(?:(?P<shared>micro|small|medium)|(?P<vcpus>\d{1,4}))-(?P<memory>\d{1,8})"
    r"(?P<extended>-ext)?"
)
_CUSTOM = re.compile(r"([a-z][a-z0-9]*-)?custom(-.*)?")


def is_custom(name: str) -> bool:
    """Say whether a name means a size of one's own, well-formed or not."""
    return _CUSTOM.fullmatch(name) is not None


@functools.cache
def machine_type(name: str) -> MachineType | None:
    """Read a size of one's own; None where it is none, or one that Google does not make."""
    if mistake(name) or not (match := _NAME.fullmatch(name)):
        return None
    family = match["family"] or "n1"
    of = families()[family]
    entry: dict[str, Any] = {
        "memoryGib": int(match["memory"]) / 1024,
        "premium": of["custom"]["premium"],
        "regions": _where(of),
    }
    if match["shared"]:
        entry |= {"vcpus": 2, "fraction": of["custom"]["shared"][match["shared"]][2]}
    else:
        most = of["custom"]["gibPerVcpu"][1] * int(match["vcpus"])
        entry |= {"vcpus": int(match["vcpus"]), "extendedGib": max(0, entry["memoryGib"] - most)}
    return of_family(family, of, name, entry)


def mistake(name: str) -> tuple[str, str] | None:
    """Say by which rule Google makes no such machine, and the remedy; None where it does, or it is no custom type."""
    if not is_custom(name):
        return None
    match = _NAME.fullmatch(name)
    known = [family for family, of in families().items() if "custom" in of]
    if not match:
        return (
            "a size of your own is FAMILY-custom-VCPUS-MEBIBYTES, and -ext behind it for more memory",
            "write for example e2-custom-4-5120, 4 vCPUs and 5 GiB",
        )
    family = match["family"] or "n1"
    if family not in known:
        return (
            f"{family} machines come in Google's own sizes only",
            f"take one of these, or a series with sizes of your own: {', '.join(known)}",
        )
    rule = families()[family]["custom"]
    memory, extended = int(match["memory"]), bool(match["extended"])
    if match["shared"]:
        return _step(name, match, memory, _STEP, memory + _STEP) or _shared(name, match, rule, memory)
    vcpus = int(match["vcpus"])
    if (wrong := _vcpus(family, vcpus, rule)) is not None:
        return wrong
    least, most = (round(bound * vcpus * 1024) for bound in rule["gibPerVcpu"])
    ceiling = rule["extended"] * 1024 if "extended" in rule else most
    least = -(-least // _STEP) * _STEP
    most = ceiling if extended and "extended" in rule else min(most // _STEP * _STEP, ceiling)
    if extended and "extended" not in rule:
        return f"{family} machines have no extended memory", "leave -ext away, or take n1 or n2"
    if wrong := _step(name, match, memory, least, most):
        return wrong
    if not least <= memory <= most:
        more = f"; more, up to {ceiling} MiB, is asked for with -ext" if "extended" in rule and not extended else ""
        return (
            f"{vcpus} vCPUs of {family} go with {least} to {most} MiB of memory{more}",
            f"write {family}-custom-{vcpus}-{min(max(memory, least), most)}",
        )
    return None


def _step(name: str, match: re.Match[str], memory: int, least: int, most: int) -> tuple[str, str] | None:
    if not memory % _STEP:
        return None
    near = min(max(least, round(memory / _STEP) * _STEP), most)
    return (
        f"memory is a multiple of {_STEP} MiB",
        f"write {name[: match.start('memory')]}{near}{match['extended'] or ''}",
    )


def _shared(name: str, match: re.Match[str], rule: Mapping[str, Any], memory: int) -> tuple[str, str] | None:
    sizes = rule.get("shared", {})
    if match["shared"] not in sizes or match["extended"]:
        return f"{name} is no size that Google makes", "a shared core of your own is e2-custom-micro, -small or -medium"
    least, most, _ = sizes[match["shared"]]
    if least * 1024 <= memory <= most * 1024:
        return None
    return (
        f"a {match['shared']} shared core goes with {least} to {most} GiB of memory",
        f"write e2-custom-{match['shared']}-{min(max(memory, least * 1024), most * 1024)}",
    )


def _vcpus(family: str, vcpus: int, rule: Mapping[str, Any]) -> tuple[str, str] | None:
    low, high = rule["vcpus"]
    step, counts = rule.get("step", 1), rule.get("oneOf")
    if not counts:
        above = {int(bound): wider for bound, wider in rule.get("stepAbove", {}).items()}
        counts = [
            count
            for count in range(low, high + 1)
            if count in rule.get("alsoOdd", ())
            or count % next((wider for bound, wider in above.items() if count > bound), step) == 0
        ]
    if vcpus in counts:
        return None
    near = sorted(sorted(counts, key=lambda count: (abs(count - vcpus), count))[:2])
    if vcpus < low or vcpus > high:
        said = f"{low} to {high} vCPUs"
    else:
        said = f"no {vcpus} vCPUs, which {'is odd' if vcpus % 2 else 'is between its steps'}"
    return (
        f"an own size of {family} has {said}",
        f"write {' or '.join(map(str, near))} vCPUs",
    )


def _where(of: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(map(region_of, of["zones"])))
