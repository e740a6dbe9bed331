"""Who may ask the emulator, and what of a broken request it answers: a refusal in Google's form, never a crash."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import Emulator, wire

PROJECT = "my-project"
BUCKETS = "/storage/v1/b?project=my-project"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setattr(wire, "PATIENCE", 0.3)
    with Emulator(projects=[PROJECT], enabled=["storage.googleapis.com", "compute.googleapis.com"]) as emulator:
        yield emulator


def port(emulator: Emulator) -> int:
    return int(emulator.url.rpartition(":")[2])


def say(emulator: Emulator, raw: bytes, *, end: bool = True) -> bytes:
    """Send bytes, and give back all that comes until the other side closes or 5 seconds are over."""
    with socket.create_connection(("127.0.0.1", port(emulator)), timeout=5) as wired:
        wired.sendall(raw)
        if end:
            wired.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := wired.recv(65536):
                answer += more
        return answer


def request(emulator: Emulator, line: str, *headers: str, body: bytes = b"", host: str = "") -> bytes:
    named = host or f"127.0.0.1:{port(emulator)}"
    head = [f"{line} HTTP/1.1", *([f"Host: {named}"] if named != "-" else []), *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def error(answer: bytes) -> dict[str, Any]:
    return json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def refused(emulator: Emulator, answer: bytes, code: int, *words: str) -> None:
    assert status(answer) == code, answer[:300]
    assert b"Connection: close" in answer
    told = error(answer)
    assert told["code"] == code
    for each in words:
        assert each in told["message"]
    assert not [entry for entry in emulator.requests if entry["method"] == "CRASH"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_programs_of_this_machine_are_answered(served: Emulator, name: str) -> None:
    assert status(say(served, request(served, f"GET {BUCKETS}", host=f"{name}:{port(served)}"))) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}",
     "127.0.0.2:{port}", "a@127.0.0.1:{port}", "[::1", "127.0.0.1:{port}x", "", "-"],
)  # fmt: skip
def test_a_page_whose_name_was_pointed_here_gets_nothing(served: Emulator, host: str) -> None:
    named = host.replace("{port}", str(port(served)))
    answer = say(served, request(served, "GET /_emulator/state", host=named or " "))
    refused(served, answer, 400 if named == "-" else 403, f"127.0.0.1:{port(served)}")


def test_two_hosts_are_one_too_many(served: Emulator) -> None:
    refused(served, say(served, request(served, f"GET {BUCKETS}", "Host: evil.example")), 400, "one Host header")


@pytest.mark.parametrize(
    "header",
    ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
     "sec-fetch-site: same-origin"],
)  # fmt: skip
@pytest.mark.parametrize("target", ["/_emulator/reset", "/storage/v1/b?project=my-project", "/batch/compute/v1"])
def test_a_page_of_a_browser_changes_nothing(served: Emulator, header: str, target: str) -> None:
    body = b'{"name": "made-by-a-page"}'
    lines = (header, "Content-Type: text/plain", f"Content-Length: {len(body)}")
    refused(served, say(served, request(served, f"POST {target}", *lines, body=body)), 403, "not pages of a browser")
    assert served.remaining() == []


def test_what_a_person_types_into_the_address_bar_is_answered(served: Emulator) -> None:
    assert status(say(served, request(served, "GET /_emulator/remaining", "Sec-Fetch-Site: none"))) == 200


@pytest.mark.parametrize("line", ["CONNECT storage.googleapis.com:443", "GET http://storage.googleapis.com/b"])
def test_what_would_leave_the_machine_is_refused_and_on_record(served: Emulator, line: str) -> None:
    answer = say(served, request(served, line, host="storage.googleapis.com:443"))
    assert status(answer) == 403
    assert b"leave this machine" in answer
    assert [entry["status"] for entry in served.requests] == [403]


@pytest.mark.parametrize(
    ("headers", "body", "code", "said"),
    [
        (["Content-Length: abc"], b"", 400, "not a number"),
        (["Content-Length: -1"], b"", 400, "not a number"),
        (["Content-Length: +5"], b"12345", 400, "not a number"),
        (["Content-Length: 1e3"], b"", 400, "not a number"),
        (["Content-Length: 0x10"], b"", 400, "not a number"),
        (["Content-Length: \xb2"], b"", 400, "not a number"),
        (["Content-Length:"], b"", 400, "not a number"),
        (["Content-Length: 2", "Content-Length: 3"], b"{}", 400, "not a number"),
        (["Content-Length: 99999999999999999999"], b"", 413, "larger"),
        ([f"Content-Length: {'9' * 5000}"], b"", 413, "larger"),
        ([f"Content-Length: {wire.LARGEST + 1}"], b"", 413, "larger"),
        (["Content-Length: 10"], b"{}", 400, "after 2 of 10"),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"0\r\n\r\n", 400, "not both"),
        (["Transfer-Encoding: gzip"], b"", 501, "gzip"),
        (["Transfer-Encoding: gzip, chunked"], b"", 501, "gzip"),
        (["Transfer-Encoding: chunked"], b"", 400, "within its chunks"),
        (["Transfer-Encoding: chunked"], b"zz\r\n", 400, "size of a chunk"),
        (["Transfer-Encoding: chunked"], b"-5\r\n", 400, "size of a chunk"),
        (["Transfer-Encoding: chunked"], b"ffffffffff\r\n", 413, "larger"),
        (["Transfer-Encoding: chunked"], b"5\r\nab", 400, "after 2 of 5"),
        (["Transfer-Encoding: chunked"], b"2\r\n{}x\r\n0\r\n\r\n", 400, "longer than its size"),
        (["Transfer-Encoding: chunked"], b"0\r\n" + b"a: b\r\n" * 200, 431, "headers"),
        (["Content-Length: 1"], b"{", 400, "Invalid JSON"),
        (["Content-Length: 2"], b"\xff\xfe", 400, "Invalid JSON"),
        (["Content-Length: 14"], b'{"name": NaN } ', 400, "NaN"),
        (["Content-Length: 16"], b'{"a": 1e9999999}', 400, "too large"),
        (["Content-Length: 100000"], b"[" * 100_000, 400, "nested"),
        (["Content-Length: 6000"], b"9" * 6000, 400, "Invalid JSON"),
        (["Content-Length: 3"], b"[1]", 400, ""),
        (["Content-Length: 3"], b'"x"', 400, ""),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(
    served: Emulator, headers: list[str], body: bytes, code: int, said: str
) -> None:
    answer = say(served, request(served, f"POST {BUCKETS}", *headers, body=body))
    assert status(answer) == code, answer[:300]
    assert said in error(answer)["message"]
    assert not [entry for entry in served.requests if entry["method"] == "CRASH"]


def test_a_body_that_never_comes_is_not_waited_for(served: Emulator) -> None:
    refused(
        served, say(served, request(served, f"POST {BUCKETS}", "Content-Length: 10"), end=False), 408, "0.3 seconds"
    )


def test_a_body_in_chunks_with_an_extension_and_a_trailer_is_read(served: Emulator) -> None:
    text = b'{"name": "a-bucket-of-chunks"}'
    raw = b"%x;a=b\r\n%s\r\n%x\r\n%s\r\n0\r\nx: y\r\n\r\n" % (5, text[:5], len(text) - 5, text[5:])
    assert status(say(served, request(served, f"POST {BUCKETS}", "Transfer-Encoding: chunked", body=raw))) == 200


def test_the_connection_stays_for_what_is_right_and_ends_with_what_is_not(served: Emulator) -> None:
    fine, wrong = request(served, f"GET {BUCKETS}"), request(served, f"POST {BUCKETS}", "Content-Length: x")
    answer = say(served, fine + fine + wrong + fine)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 ") == 3


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"GET\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET / HTTP/x\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n", 501),
    ],
)
def test_a_request_that_is_none_is_refused(served: Emulator, raw: bytes, code: int) -> None:
    refused(served, say(served, raw), code)


@pytest.mark.parametrize("target", ["http://[", "//[x/storage", "/storage/v1/b?" + "a=b&" * 2000])
def test_an_address_that_is_none_is_refused(served: Emulator, target: str) -> None:
    assert status(say(served, request(served, f"GET {target}"))) in (400, 404)
    assert not [entry for entry in served.requests if entry["method"] == "CRASH"]


@pytest.mark.parametrize(
    ("query", "code"),
    [("maxResults=abc", 400), ("maxResults=" + "9" * 5000, 400), ("pageToken=%C2%B2", 400), ("pageToken=x", 400)],
)
def test_a_page_that_is_none_is_refused(served: Emulator, query: str, code: int) -> None:
    refused_or_not = say(served, request(served, f"GET {BUCKETS}&{query}"))
    assert status(refused_or_not) == code
    assert not [entry for entry in served.requests if entry["method"] == "CRASH"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        ("multipart/mixed", b""),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: application/http\r\n\r\n\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: application/http\r\n\r\nGET\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: application/http\r\n\r\n\xff\xfe\r\n--x--"),
        ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--"),
    ],
)
def test_a_batch_that_is_none_is_refused(served: Emulator, kind: str, body: bytes) -> None:
    lines = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    refused(served, say(served, request(served, "POST /batch/compute/v1", *lines, body=body)), 400, "batch")


@pytest.mark.parametrize("body", [b"[", b"[1]", b"1", b'{"faults": 1}', b'{"latency": NaN}', b"[" * 100_000])
def test_a_scenario_that_is_none_is_refused(served: Emulator, body: bytes) -> None:
    answer = say(served, request(served, "POST /_emulator/scenario", f"Content-Length: {len(body)}", body=body))
    assert status(answer) == 400
    assert not [entry for entry in served.requests if entry["method"] == "CRASH"]


@pytest.mark.parametrize("described", [b"{", b"[1]", b"\xff", b"NaN"])
def test_an_object_described_by_no_json_is_refused(served: Emulator, described: bytes) -> None:
    made = b'{"name": "a-bucket"}'
    assert status(say(served, request(served, f"POST {BUCKETS}", f"Content-Length: {len(made)}", body=made))) == 200
    body = b"--x\r\nContent-Type: application/json\r\n\r\n" + described + b"\r\n--x\r\n\r\ntext\r\n--x--"
    lines = ("Content-Type: multipart/related; boundary=x", f"Content-Length: {len(body)}")
    target = "/upload/storage/v1/b/a-bucket/o?uploadType=multipart"
    assert status(say(served, request(served, f"POST {target}", *lines, body=body))) == 400
    assert not [entry for entry in served.requests if entry["method"] == "CRASH"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::"])  # noqa: S104 - must be refused
def test_it_serves_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Emulator(projects=[PROJECT], host=host)
