"""Protocols and ports as a firewall names them: which lie within which."""

from collections.abc import Iterable, Iterator
from typing import Any

from coursecloud.plan import nested
from coursecloud.plan.registration import UNKNOWN

_LAST = 65535
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "50": "esp", "51": "ah", "132": "sctp"}
"""Protocols that Google takes by IANA's number as well as by name (iana.org/assignments/protocol-numbers, 2026-11)."""

_Range = tuple[int, int]


def within(inner: Iterable[Any], outer: Iterable[Any]) -> bool:
    """Say whether all that `inner` (entries of `allows`) lets through `outer` does; not where something is unknown."""
    there: dict[str, list[_Range]] = {}
    for protocol, span in _spans(outer):
        if protocol is not None and span is not None:
            there.setdefault(protocol, []).append(span)
    return all(
        protocol is not None and span is not None and _covered(span, [*there.get(protocol, ()), *there.get("all", ())])
        for protocol, span in _spans(inner)
    )


def shown(entries: Iterable[Any]) -> str:
    """Write entries as a person does: `tcp 22, 80-90; icmp`."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        ports = [str(port) if port != UNKNOWN else "?" for port in nested.listed(nested.at(entry, "ports"))]
        found.setdefault(_protocol(entry) or "?", []).extend(ports)
    return "; ".join(f"{protocol} {', '.join(ports)}".strip() for protocol, ports in found.items()) or "(none)"


def _spans(entries: Iterable[Any]) -> Iterator[tuple[str | None, _Range | None]]:
    for entry in entries:
        ports = nested.at(entry, "ports")
        if ports == UNKNOWN:
            yield _protocol(entry), None
        for port in nested.listed(ports) or [f"0-{_LAST}"]:
            low, _, high = str(port).partition("-")
            known = low.strip().isdigit() and (not high or high.strip().isdigit())
            yield _protocol(entry), (int(low), int(high or low)) if known else None


def _protocol(entry: Any) -> str | None:
    said = nested.at(entry, "protocol")
    return None if said in (None, UNKNOWN) else _NUMBERS.get(str(said), str(said).lower())


def _covered(span: _Range, spans: Iterable[_Range]) -> bool:
    """Say whether ranges cover one together."""
    low, high = span
    for start, end in sorted(spans):
        if start <= low <= end:
            low = end + 1
    return low > high
