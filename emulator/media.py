"""What Cloud Storage says outside of JSON: uploads in one, two or many parts, bytes by their own path."""

from __future__ import annotations

import base64
import re
import struct
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import wire
from .errors import ApiError, invalid
from .shapes import is_object

if TYPE_CHECKING:
    from .call import Call

Json = dict[str, Any]


@dataclass
class Media:
    """An answer that is no JSON: bytes, or none but headers."""

    data: bytes
    kind: str = "application/octet-stream"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def part(self, asked: str) -> Media:
        """The bytes that a Range header asks for; all of them where it asks for what is no range."""
        size = len(self.data)
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.replace(" ", ""))
        if not found or not (found[1] or found[2]):
            return self
        first = int(found[1]) if found[1] else max(size - int(found[2]), 0)
        last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
        if first > last:
            raise ApiError(416, "The requested range cannot be satisfied.", reason="requestedRangeNotSatisfiable")
        headers = self.headers | {"Content-Range": f"bytes {first}-{last}/{size}"}
        return Media(self.data[first : last + 1], self.kind, 206, headers)


def described(body: Json, data: bytes) -> Media:
    """An object's bytes with the headers that tell its version and sums, as both of Google's APIs send them."""
    hashes = f"crc32c={body['crc32c']}" + (f",md5={body['md5Hash']}" if "md5Hash" in body else "")
    headers = {
        "ETag": f'"{body["etag"]}"',
        "X-Goog-Generation": body["generation"],
        "X-Goog-Metageneration": body["metageneration"],
        "X-Goog-Hash": hashes,
        "X-Goog-Storage-Class": body["storageClass"],
        "X-Goog-Stored-Content-Length": body["size"],
        "Accept-Ranges": "bytes",
    }
    return Media(data, str(body["contentType"]), headers=headers)


def json_path(path: str) -> str:
    """GET /BUCKET/OBJECT, as the XML API reads it and Go's client with it, said as the JSON API says it."""
    bucket, _, name = path.strip("/").partition("/")
    return f"/storage/v1/b/{bucket}/o/{urllib.parse.quote(urllib.parse.unquote(name), safe='')}"


def xml_error(refused: ApiError) -> Media:
    """A refusal in the form of the XML API."""
    code = {401: "AuthenticationRequired", 403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed"}
    code |= {416: "InvalidRange", 429: "SlowDown", 503: "ServiceUnavailable"}
    name = code.get(refused.code, "InvalidArgument" if refused.code < 500 else "InternalError")
    text = refused.message.replace("&", "&amp;").replace("<", "&lt;")
    said = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{name}</Code><Message>{text}</Message></Error>"
    return Media(said.encode(), "application/xml; charset=UTF-8", refused.code)


def read_multipart(content_type: str, raw: bytes) -> tuple[Json, bytes]:
    """An upload of uploadType=multipart: the object's description, then its bytes."""
    mark = re.search(r"""boundary=["']?([^"';]+)""", content_type)
    if not mark:
        raise invalid("Multipart upload without a boundary.")
    line = b"--" + mark[1].encode()
    # A line of its own: what is uploaded may itself have the boundary's text in it.
    parts = re.split(rb"(?:\A|\r?\n)" + re.escape(line) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)", raw)[1:3]
    if len(parts) != 2:
        raise invalid("Multipart upload without two parts.")
    heads, bodies = zip(*(_split(p) for p in parts), strict=True)
    found = wire.parsed(bodies[0].strip() or b"{}")
    if not is_object(found):
        raise invalid("The description of an object is a JSON object.")
    kind = re.search(rb"(?im)^content-type:[ \t]*([^\r\n]+)", heads[1])
    return ({"contentType": kind[1].decode(errors="replace")} if kind else {}) | found, bodies[1]


def _split(piece: bytes) -> tuple[bytes, bytes]:
    found = re.fullmatch(rb"((?:[^\r\n]+\r?\n)*)\r?\n(.*)", piece, re.DOTALL)
    if not found:
        raise invalid("A part of a multipart upload has its headers, an empty line, then its bytes.")
    return found[1], found[2]


def uploaded(call: Call, headers: dict[str, str], raw: bytes, address: str) -> Json | Media:
    """What an upload says of its object, whose bytes the call gets; or the answer while there is more to come."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    kind = headers.get("content-type", "application/octet-stream")
    if "upload_id" in query:
        found = call.world.uploads.more(query["upload_id"][0], headers, raw)
        if isinstance(found, Media):
            return found
        description, call.media = found
        return description
    if query.get("uploadType") == ["resumable"]:
        given: Json = wire.parsed(raw) if raw.strip() else {}
        sort = headers.get("x-upload-content-type")
        typed: Json = {"contentType": sort} if sort else {}
        return call.world.uploads.begin(call.world.uuid(), typed | given, address)
    if "multipart/related" in kind:
        description, call.media = read_multipart(kind, raw)
        return description
    call.media = raw
    return {"contentType": kind}


class Uploads:
    """Resumable uploads: begun with a description, then the bytes in as many requests as the client likes.

    https://cloud.google.com/storage/docs/performing-resumable-uploads (2026-08).
    """

    def __init__(self) -> None:
        self._begun: dict[str, tuple[Json, bytearray]] = {}

    def begin(self, identity: str, description: Json, where: str) -> Media:
        """The address to which the bytes go."""
        self._begun[identity] = (description, bytearray())
        joined = "&" if "?" in where else "?"
        headers = {"Location": f"{where}{joined}upload_id={identity}", "X-GUploader-UploadID": identity}
        return Media(b"", "text/plain", headers=headers)

    def more(self, identity: str, headers: dict[str, str], raw: bytes) -> tuple[Json, bytes] | Media:
        """All of it when it is complete, else how much of it is here."""
        if identity not in self._begun:
            raise ApiError(404, "The upload is not known, or it is over.", reason="notFound")
        description, data = self._begun[identity]
        sent = headers.get("content-range", "")
        found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", sent) if sent else None
        if sent and not found:
            raise invalid(f"Failed to parse Content-Range header {sent[:100]!r}.")
        if found and found[1]:
            first, last = int(found[1]), int(found[2])
            if first > len(data) or last - first + 1 != len(raw):
                raise ApiError(503, "The range does not begin where the upload has come to.")
            data[first:] = raw
        elif not found:
            data[:] = raw
        if len(data) > wire.LARGEST:
            del self._begun[identity]
            raise wire.too_large()
        total = found[3] if found else str(len(data))
        if total == str(len(data)):
            del self._begun[identity]
            return description, bytes(data)
        reached = {"Range": f"bytes=0-{len(data) - 1}"} if data else {}
        if headers.get("x-guploader-no-308", "").lower() == "yes":  # Go's client asks for it so
            return Media(b"", "text/plain", 200, {**reached, "X-HTTP-Status-Code-Override": "308"})
        return Media(b"", "text/plain", 308, reached)


_TABLE: list[int] = []


def crc32c(data: bytes) -> str:
    """The sum that clients hold what they read against: CRC-32C, big-endian, in base64."""
    if not _TABLE:
        for number in range(65536):  # two bytes at a time: half the steps
            for _ in range(16):
                number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
            _TABLE.append(number)
    table, words = _TABLE, len(data) // 2
    value: int = 0xFFFFFFFF
    word: int
    for word in struct.unpack(f"<{words}H", data[: words * 2]):
        value = table[(value ^ word) & 0xFFFF] ^ value >> 16
    for byte in data[words * 2 :]:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return base64.b64encode((value ^ 0xFFFFFFFF).to_bytes(4)).decode()
