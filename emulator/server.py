"""The HTTP shell: sockets, batches, faults on the wire, what it was asked so far; loopback only."""

from __future__ import annotations

import copy
import ipaddress
import json
import sys
import threading
import time
import traceback
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult

from . import access, batch, caller, conditions, control, exchange, metadata, wire
from .engine import Engine
from .environment import environment
from .errors import ApiError
from .faults import Fault, Scenario
from .media import Media
from .needs import Need
from .passing import let_pass
from .services import events, images
from .world import World

Json = dict[str, Any]


class Emulator:
    """An emulator of Google's APIs on one loopback port: `with Emulator(projects=["p"]) as s: s.url, s.env()`."""

    def __init__(
        self,
        projects: list[str],
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        scenario: Json | None = None,
        enabled: list[str] | None = None,
        billing_account: str = "",
        enforce_iam: bool = False,
    ):
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the emulator serves loopback only, not {host}: it knows no passwords")
        if enforce_iam:
            conditions.ready()
        self.enforce_iam = enforce_iam
        self._start = {"projects": projects, "enabled": enabled or [], "billing_account": billing_account}
        self.requests: list[Json] = []
        self.lock = threading.RLock()
        self.reset()
        self.use(scenario or {})
        self._http = _Server((host, port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def reset(self) -> None:
        """Nothing exists any more, nothing was asked."""
        self.world = World(**self._start)  # type: ignore[arg-type]
        self.engine = Engine(self.world)
        self.requests.clear()

    def use(self, scenario: Json) -> None:
        """From now on, these faults, quotas and refusals."""
        self.scenario = Scenario.read(scenario)
        self.world.logs.late = timedelta(seconds=self.scenario.late)
        self.world.logs.twice = self.scenario.twice
        for project in self.world.projects.values():
            project.quotas |= self.scenario.quotas

    def pass_time(self, *, days: float = 0, hours: float = 0) -> None:
        """Move the clock; machines stop, old versions go, ids come free, as far as that is due by then."""
        with self.lock:
            let_pass(self.world, days=days, hours=hours)

    def happen(self, event: str, machine: str) -> Json:
        """Let something happen to a machine that nobody asked for: `events.EVENTS`; ValueError where it cannot."""
        with self.lock:
            return events.happen(self.world, event, machine)

    def push(self, image: Json) -> Json:
        """Pretend that somebody pushed an image: {"image": "...-docker.pkg.dev/...:TAG", "size": BYTES, "tags": []}."""
        with self.lock:
            return images.push(self.world, image)

    def copy(self) -> World:
        """All that exists, as it is now, to come back to."""
        with self.lock:
            return copy.deepcopy(self.world)

    def restore(self, world: World) -> None:
        """From now on, what a copy holds; the copy itself stays as it is."""
        with self.lock:
            self.world = copy.deepcopy(world)
            self.engine = Engine(self.world)

    def token(self, member: str, *groups: str) -> str:
        """An access token of an identity, e.g. user:ada@example.com with the groups that it is in, for an hour."""
        with self.lock:
            return caller.mint(self.world, caller.named(member, groups))

    def may(self, member: str, permission: str, on: str, *groups: str) -> bool:
        """What IAM says of an act that comes here as no request; `on` is a service and a path: storage:b/NAME."""
        service, _, path = on.partition(":")
        with self.lock:
            return access.may(self.world, caller.named(member, groups), Need(permission, service, path))

    @property
    def url(self) -> str:
        """Where it serves."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def env(self, project: str = "") -> dict[str, str]:
        """What a client must find in its environment to come here and nowhere else."""
        return environment(self.url, project or next(iter(self.world.projects)))

    def remaining(self) -> list[Json]:
        """What still exists, and what of it bills."""
        with self.lock:
            return self.world.remaining()

    def state(self) -> Json:
        """Everything, as JSON."""
        with self.lock:
            return self.world.dump()

    def left_the_machine(self) -> list[Json]:
        """Attempts to reach anything else through the proxy that this is."""
        return [r for r in self.requests if r["method"] == "CONNECT"]

    def __enter__(self) -> Emulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(self) -> None:
        """In this thread, until interrupted."""
        self._http.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], emulator: Emulator):
        self.emulator = emulator
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """An error of the emulator's own: kept in the record, never taken for an answer of Google's."""
        kind, error, trace = sys.exc_info()
        if kind and issubclass(kind, ConnectionError | TimeoutError):
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        self.emulator.requests.append({"method": "CRASH", "id": "", "path": "", "status": 500, "ms": 0, "error": text})
        sys.stderr.write(text)
        request.sendall(b"HTTP/1.1 500 Emulator crashed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class _Handler(BaseHTTPRequestHandler):
    """One connection. Whatever cannot be let in or read is refused in Google's form, and ends the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - what it always is here

    def do_CONNECT(self) -> None:
        """Someone took HTTPS_PROXY and wants to leave the machine: no, and it is on record."""
        self._refuse_to_leave(time.perf_counter())

    def _refuse_to_leave(self, start: float) -> None:
        self._record(self.path, 403, start)
        self.close_connection = True
        self._send(403, b"The emulator lets nothing leave this machine.\n", "text/plain")

    def do_any(self) -> None:
        """Answer a request, or refuse it; what follows a refused one on the connection is not read."""
        start = time.perf_counter()
        host, port = self.server.server_address[:2]
        try:
            url = exchange.split(self.path)
            if url.netloc and not wire.own(url.netloc, int(port), str(host)):  # a plain-HTTP proxy request
                self._refuse_to_leave(start)
                return
            wire.admit(self.headers, int(port), str(host))
            raw = self._read()
            self._answer(url, raw)
        except ApiError as refused:
            self._refuse(refused, start)

    def _refuse(self, refused: ApiError, start: float) -> None:
        self._record(self.path[:2000], refused.code, start, refused.message)
        self.close_connection = True
        self._send(refused.code, json.dumps(refused.body(classic=True)).encode(), "application/json; charset=UTF-8")

    def _answer(self, url: SplitResult, raw: bytes) -> None:
        emulator = self.server.emulator
        if url.path.startswith(metadata.PREFIX):
            headers = {k.lower(): v for k, v in self.headers.items()}
            with emulator.lock:
                told = metadata.answer(emulator.world, url.path, exchange.query_of(url.query), headers)
            self._send(told.status, told.data, told.kind, told.headers)
        elif url.path.startswith("/_emulator/"):
            status, answer = control.answer(emulator, self.command, url.path, raw, exchange.query_of(url.query))
            self._send(status, json.dumps(answer, indent=1).encode())
        elif url.path.startswith("/batch"):
            outer = {"authorization": self.headers.get("Authorization", "")}
            kind, payload = batch.answer(
                self.headers.get("Content-Type", ""),
                raw,
                lambda http, target, given, body: self._one(http, target, outer | given, body),
            )
            self._send(200, payload, kind)
        else:
            target = url._replace(scheme="", netloc="").geturl()  # a proxy is asked by the whole address
            answer, fault = self._one(self.command, target, dict(self.headers), raw)
            if fault and fault.cut:
                self._cut(answer.data)
            else:
                self._send(answer.status, answer.data, answer.kind, answer.headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815

    def _one(self, http: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[Media, Fault | None]:
        return exchange.one(self.server.emulator, http, target, headers, raw)

    def _read(self) -> bytes:
        # Between requests a client may be silent for as long as it likes.
        self.connection.settimeout(wire.PATIENCE)
        try:
            return wire.body(self.headers, self.rfile)  # pyright: ignore[reportArgumentType] - a BinaryIO in all but name
        except TimeoutError:
            raise ApiError(408, f"The body did not come within {wire.PATIENCE:g} seconds.") from None
        finally:
            self.connection.settimeout(None)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what http.server itself cannot read (a request line, headers, a method), in Google's form."""
        told = ". ".join(text for text in (message or responses.get(code, ""), explain) if text)
        self.command, self.path = self.command or "", getattr(self, "path", "")
        # Without a version the answer to a request line that is none would have no head.
        self.request_version = self.protocol_version
        self._refuse(ApiError(int(code), told[:500]), time.perf_counter())

    def _send(
        self, status: int, payload: bytes, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        date = format_datetime(self.server.emulator.world.time(), usegmt=True)
        head = f"HTTP/1.1 {status} {responses.get(status, '')}\r\nDate: {date}\r\nContent-Type: {kind}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        if status != HTTPStatus.NO_CONTENT:
            head += f"Content-Length: {len(payload)}\r\n"
        if self.close_connection:
            head += "Connection: close\r\n"
        body = payload if status != HTTPStatus.NO_CONTENT and self.command != "HEAD" else b""
        self.wfile.write(head.encode() + b"\r\n" + body)  # one write: one packet, no waiting

    def _cut(self, payload: bytes) -> None:
        """Half an answer, then nothing."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        self.wfile.write(b"Content-Length: %d\r\n\r\n" % max(len(payload), 2) + payload[: len(payload) // 2])
        self.close_connection = True

    def _record(self, target: str, status: int, start: float, problem: str = "") -> None:
        exchange.record(self.server.emulator, self.command, target, status, start, problem=problem)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """The record says it all."""


__all__ = ["Emulator"]
