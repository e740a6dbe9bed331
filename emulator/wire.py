"""What of a request is let in: who may ask, and how much of a body is read. Whatever is refused is an ApiError."""

from __future__ import annotations

import ipaddress
import json
import re
from email.message import Message
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from .errors import ApiError, invalid

LARGEST = 32 * 1024 * 1024
"""Bytes of a body; the largest that the provider and gcloud send here is an object of a few KiB."""
PATIENCE = 30.0
"""Seconds that a body may keep this waiting."""
_REGIONAL = re.compile(r"^([a-z]+-[a-z]+[0-9]+)-(?=127\.|localhost$)")
"""How a regional address of an API begins: europe-west1-run.googleapis.com, and here europe-west1-127.0.0.1, which no
page of a browser can have for a name."""
_LINE = 8192
"""Bytes of a line between chunks."""


def own(name: str, port: int, host: str) -> bool:
    """Whether `name`, as in a Host header, is where this serves: its address or localhost, with its port."""
    try:
        given = urlsplit(f"//{name}")
        asked, at = given.hostname or "", given.port
        asked = _REGIONAL.sub("", asked)
    except ValueError:
        return False
    if given.username is not None or at != port:
        return False
    return asked == "localhost" or _same(asked, host)


def knative(path: str, host: str) -> str:
    """A path of Cloud Run's first version on a regional address, as the same API has it on the global one."""
    found = re.fullmatch(r"/run/apis/serving\.knative\.dev/v1/namespaces/([^/]+)/(.+)", path)
    region = _REGIONAL.match(host)
    return f"/run/v1/projects/{found[1]}/locations/{region[1] if region else '-'}/{found[2]}" if found else path


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


def admit(headers: Message, port: int, host: str) -> None:
    """Let in what programs on this machine ask, and nothing that a web page makes a browser ask.

    A page whose name was pointed at this address afterwards (DNS rebinding) names itself in `Host`; any other page
    is told by `Origin` or `Sec-Fetch-Site`, which no page can leave out or write itself. Raises ApiError.
    """
    names = headers.get_all("Host", [])
    here = f"{host}:{port}"
    if len(names) != 1:
        raise ApiError(400, f"A request has one Host header, not {len(names)}; here it is {here}.")
    if not own(names[0].strip(), port, host):
        raise ApiError(403, f"Host {names[0][:100]!r} is not served here; ask {here}.")
    for origin in headers.get_all("Origin", []):
        raise ApiError(403, f"Origin {origin[:100]!r}: the emulator answers programs, not pages of a browser.")
    for site in headers.get_all("Sec-Fetch-Site", []):
        if site.strip().lower() != "none":
            raise ApiError(403, f"Sec-Fetch-Site {site[:40]!r}: the emulator answers programs, not pages of a browser.")


def body(headers: Message, stream: BinaryIO) -> bytes:
    """Read a body by its length or its chunks, all of it and never more than LARGEST. Raises ApiError."""
    lengths = {text.strip() for text in headers.get_all("Content-Length", [])}
    codings = [text.strip().lower() for text in headers.get_all("Transfer-Encoding", [])]
    if codings and lengths:
        raise invalid("A body has a Content-Length or a Transfer-Encoding, not both.")
    if codings == ["chunked"]:
        return _chunks(stream)
    if codings:
        raise ApiError(501, f"Transfer-Encoding {', '.join(codings)[:100]!r} is not understood; send chunked.")
    if not lengths:
        return b""
    text = min(lengths)
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]+", text):
        raise invalid(f"Content-Length {', '.join(sorted(lengths))[:100]!r} is not a number of bytes.")
    # So many digits are too many bytes in any case, and Python turns no more than 4300 of them into a number.
    if len(text.lstrip("0")) > 12 or int(text) > LARGEST:
        raise too_large()
    return _exactly(stream, int(text))


def too_large() -> ApiError:
    """413: more than is taken."""
    return ApiError(
        413, f"The body is larger than the {LARGEST} bytes that the emulator takes.", reason="uploadTooLarge"
    )


def _exactly(stream: BinaryIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise invalid(f"The body ended after {len(found)} of {size} bytes.")
    return found


def _chunks(stream: BinaryIO) -> bytes:
    found = bytearray()
    while True:
        line = _line(stream)
        size = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
            raise invalid(f"{size[:40]!r} is not the size of a chunk.")
        length = int(size, 16)
        if len(found) + length > LARGEST:
            raise too_large()
        if not length:
            break
        found += _exactly(stream, length)
        if _line(stream).strip():
            raise invalid("A chunk is longer than its size.")
    for _ in range(100):  # trailers; nothing here reads them
        if not _line(stream).strip():
            return bytes(found)
    raise ApiError(431, "There are too many headers after the last chunk.")


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(_LINE)
    if not line.endswith(b"\n"):
        raise invalid("The body ended within its chunks.")
    return line


def parsed(raw: bytes) -> Any:
    """Read JSON as Google does: no NaN, no infinity, no nesting without end. Raises ApiError."""
    try:
        return json.loads(raw, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        wrong = "it is nested too deeply"
    except ValueError as error:
        wrong = str(error)[:200]
    raise invalid(f"Invalid JSON payload received. {wrong}", ("", wrong))


def form(raw: bytes) -> dict[str, str]:
    """Read a form, as OAuth's endpoints take one beside JSON. Raises ApiError."""
    try:
        return dict(parse_qsl(raw.decode(), strict_parsing=True, max_num_fields=100))
    except ValueError as wrong:
        raise invalid(f"The form cannot be read: {wrong}.") from None


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large")
    return number
