"""Batch requests: several API requests in one multipart body, as gcloud sends them to Compute Engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.client import responses
from typing import Any

from .errors import invalid
from .media import Media

One = Callable[[str, str, dict[str, str], bytes], tuple[Media, Any]]


def answer(content_type: str, raw: bytes, one: One) -> tuple[str, bytes]:
    """Content type and body with the answers, in the order of the requests."""
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + raw)
    if not message.is_multipart():
        raise invalid("Failed to parse batch request, error: no parts.")
    parts = b""
    for index, part in enumerate(message.iter_parts()):
        first, _, body = bytes(part.get_payload(decode=True) or b"").replace(b"\r\n", b"\n").partition(b"\n\n")
        line, *headers = first.decode(errors="replace").split("\n")
        http, target, *_ = (*line.split(" "), "")
        if not http or not target:
            raise invalid(f"Failed to parse batch request, error: part {index} has no request line.")
        found = dict(h.split(": ", 1) for h in headers if ": " in h)
        told, _ = one(http, re.sub(r"^https?://[^/]+", "", target), found, body.strip())
        identity = str(part.get("Content-ID", f"<{index}>")).strip("<>")
        status, payload = told.status, told.data
        parts += (
            f"--batch\r\nContent-Type: application/http\r\nContent-ID: <response-{identity}>\r\n\r\n"
            f"HTTP/1.1 {status} {responses.get(status, '')}\r\nContent-Type: application/json; charset=UTF-8\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        ).encode()
        parts += payload + b"\r\n"
    return "multipart/mixed; boundary=batch", parts + b"--batch--\r\n"
