"""One API request, also one of a batch: from its bytes to those of the answer, and into the record."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from . import caller, media, wire
from .call import Call
from .errors import ApiError
from .faults import Fault
from .media import Media

if TYPE_CHECKING:
    from .server import Emulator

Json = dict[str, Any]
JSON = "application/json; charset=UTF-8"
FORM = "application/x-www-form-urlencoded"


def one(emulator: Emulator, http: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[Media, Fault | None]:
    """One API request, also one of a batch: the answer, and what is to go wrong on the wire."""
    start = time.perf_counter()
    headers = {k.lower(): v for k, v in headers.items()}
    call: Call | None = None
    fault: Fault | None = None
    problem, xml = "", False
    try:
        url = split(target)
        path, query = url.path, query_of(url.query)
        upload = path.startswith(("/upload/", "/resumable/upload/"))
        path = path.removeprefix("/resumable").removeprefix("/upload").removeprefix("/download")
        path = wire.knative(path, headers.get("host", ""))
        if xml := http in ("GET", "HEAD") and emulator.engine.in_bucket(path):
            path, query["alt"] = media.json_path(path), ["media"]
        session = query.get("upload_id", [""])[0] if upload else ""
        call = emulator.engine.prepare("POST" if session else "GET" if http == "HEAD" else http, path)
        with emulator.lock:
            emulator.scenario.count(call.service.host)
            fault = emulator.scenario.fault_for(call.method.id, call.path, write=call.method.writes)
        if wait := emulator.scenario.latency + (fault.delay if fault else 0):
            time.sleep(wait)
        call.fault = fault or (Fault("*", polls=emulator.scenario.polls) if emulator.scenario.polls else None)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        call.scenario = emulator.scenario
        call.payer = headers.get("x-goog-user-project", "")
        call.denied = tuple(emulator.scenario.deny.get(token, ()))
        if emulator.enforce_iam:
            # Who has the address of an upload that was begun may bring its bytes.
            call.caller = caller.OWNER if session else caller.of(emulator.world, token, call.service.host)
        if fault and (fault.status or fault.cut) and not fault.applied and fault.cut != "after":
            raise ApiError(fault.status or 500, fault.message or "Injected by the scenario.", reason=fault.reason)
        call.range = headers.get("range", "")
        with emulator.lock:
            body = (
                media.uploaded(call, headers, raw, f"{emulator.url}{target}")
                if upload
                else wire.form(raw)
                if call.service.name == "sts" and headers.get("content-type", "").startswith(FORM)
                else wire.parsed(raw)
                if raw.strip()
                else None
            )
            if isinstance(body, Media) and not session:
                emulator.engine.admit(call, query, None)
            told = body if isinstance(body, Media) else emulator.engine.answer(call, query, body)
        status = 204 if http == "DELETE" and call.service.name == "storage" else 200
        answer = told if isinstance(told, Media) else Media(json.dumps(told).encode(), JSON, status)
        if fault and fault.status and fault.applied:
            raise ApiError(fault.status, fault.message or "Injected by the scenario.", reason=fault.reason)
    except ApiError as refused:
        classic = call.service.classic if call else True
        problem = refused.message
        answer = Media(json.dumps(refused.body(classic)).encode(), JSON, refused.code)
        answer = media.xml_error(refused) if xml else answer
    method = call.method if call else None
    write = bool(method and method.writes)
    name = method.id if method else ""
    record(emulator, http, target, answer.status, start, name, problem, fault, write=write, call=call)
    return answer, fault


def record(
    emulator: Emulator,
    http: str,
    target: str,
    status: int,
    start: float,
    method_id: str = "",
    problem: str = "",
    fault: Fault | None = None,
    *,
    write: bool = False,
    call: Call | None = None,
) -> None:
    """Write a request down, with what came of it."""
    entry: Json = {
        "method": http,
        "id": method_id,
        "write": write,
        "path": target,
        "status": status,
        "ms": round((time.perf_counter() - start) * 1000, 1),
    }
    if problem:
        entry["error"] = problem
    if call and call.caller:
        asked = [[need.permission, need.service, need.path] for need in call.needs]
        entry |= {"as": call.caller.member or "nobody", "needs": asked, "notes": call.notes}
        entry |= {"modified": call.modified} if call.modified is not None else {}
    if fault:
        entry["fault"] = f"{fault.match} #{fault.seen[method_id]}"
    emulator.requests.append(entry)


def split(target: str) -> SplitResult:
    """Take a URL apart; ApiError where it is none."""
    try:
        return urlsplit(target)
    except ValueError as wrong:
        raise ApiError(400, f"The requested URL is none: {wrong}.") from None


def query_of(text: str) -> dict[str, list[str]]:
    """Read a query; ApiError where it cannot be read."""
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError as wrong:
        raise ApiError(400, f"The query of the URL cannot be read: {wrong}.") from None
