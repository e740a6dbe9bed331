"""The emulator's own addresses, /_emulator/...: what was asked, what exists, what bills, faults, a fresh start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import wire
from .errors import ApiError
from .shapes import is_object

if TYPE_CHECKING:
    from .server import Emulator


def answer(emulator: Emulator, http: str, path: str, raw: bytes, query: dict[str, list[str]]) -> tuple[int, Any]:
    """Status and JSON."""
    name = path.removeprefix("/_emulator/").strip("/")
    with emulator.lock:
        if http == "GET" and name == "requests":
            start = query.get("from", ["0"])[0]
            if not (start.isascii() and start.isdigit() and len(start) < 10):
                return 400, {"error": f"from={start}: it is the number of the first request, counted from 0"}
            return 200, emulator.requests[int(start) :]
        if http == "GET" and name == "state":
            return 200, emulator.world.dump()
        if http == "GET" and name == "remaining":
            return 200, emulator.world.remaining()
        if http == "GET" and name == "env":
            return 200, emulator.env()
        if http == "GET" and name == "scenario":
            return 200, {
                "faults": [
                    {"match": f.match, "seen": sum(f.seen.values()), "hit": sum(f.hit.values()), "methods": f.hit}
                    for f in emulator.scenario.faults
                ]
            }
        if http == "GET" and name == "clock":
            return 200, {"now": emulator.world.now()}
        if http == "POST" and name == "clock":
            try:
                emulator.pass_time(**_time(wire.parsed(raw or b"{}")))
            except (ApiError, ValueError) as wrong:
                return 400, {"error": str(wrong)}
            return 200, {"now": emulator.world.now()}
        if http == "POST" and name == "event":
            try:
                return 200, emulator.happen(**_event(wire.parsed(raw or b"{}")))
            except (ApiError, ValueError) as wrong:
                return 400, {"error": str(wrong)}
        if http == "POST" and name == "login":
            emulator.scenario.log_in()
            return 200, {}
        if http == "POST" and name == "image":
            try:
                return 200, emulator.push(wire.parsed(raw or b"{}"))
            except (ApiError, ValueError) as wrong:
                return 400, {"error": str(wrong)}
        if http == "POST" and name == "token":
            try:
                given = _named(wire.parsed(raw or b"{}"))
                return 200, {"token": emulator.token(given["as"], *given.get("groups", []))}
            except (ApiError, ValueError) as wrong:
                return 400, {"error": str(wrong)}
        if http == "POST" and name == "reset":
            emulator.reset()
            return 200, {}
        if http == "POST" and name == "scenario":
            try:
                emulator.use(wire.parsed(raw or b"{}"))
            except (ApiError, ValueError, TypeError) as wrong:
                return 400, {"error": str(wrong)}
            return 200, {}
    known = (
        "GET requests, state, remaining, env, scenario, clock; POST reset, scenario, clock, event, image, login, token"
    )
    return 404, {"error": f"{http} {path}: unknown; there are {known}"}


def _named(given: Any) -> dict[str, Any]:
    texts = is_object(given) and isinstance(given.get("as"), str) and isinstance(given.get("groups", []), list)
    if not is_object(given) or not texts or not set(given) <= {"as", "groups"}:
        raise ValueError(f'token: {given!r}; it is an object such as {{"as": "user:ada@example.com", "groups": []}}')
    return given


def _event(given: Any) -> dict[str, Any]:
    texts = is_object(given) and all(isinstance(value, str) for value in given.values())
    if not is_object(given) or not texts or set(given) != {"event", "machine"}:
        raise ValueError(f'event: {given!r}; it is an object such as {{"event": "preempt", "machine": "trainer"}}')
    return given


def _time(given: Any) -> dict[str, Any]:
    numbers = is_object(given) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in given.values())
    if not is_object(given) or not given or not numbers or not set(given) <= {"days", "hours"}:
        raise ValueError(f'clock: {given!r}; it is an object such as {{"days": 8}} or {{"hours": 10}}')
    return given
