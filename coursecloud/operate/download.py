"""Objects of Cloud Storage copied to a folder: whole or not at all, gone on with after a break, held to their sums."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from coursecloud.deploy.cloud import Cloud, CloudError, escaped

Json = dict[str, Any]
PART = ".coursecloud-part"
"""The end of a file's name until all of it is there."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Item:
    """One object, and the file that it becomes."""

    bucket: str
    name: str
    generation: str
    size: int
    md5: str
    crc32c: str
    """Sums as Google has them, in base64; an object that was made of several has no md5."""
    file: Path

    @property
    def part(self) -> Path:
        """Where its bytes are until all of them have come; another version of the object begins anew."""
        return self.file.with_name(f"{self.file.name}.{self.generation}{PART}")


def items(cloud: Cloud, bucket: str, folder: Path, *, most: int = 1000) -> tuple[list[Item], list[str], int, int]:
    """List a bucket: what is to be copied, what cannot be, and how many older versions of how many bytes there are.

    Raises CloudError.
    """
    fields = "nextPageToken,items(name,generation,size,md5Hash,crc32c,timeDeleted)"
    listed, more = cloud.pages(
        "storage", f"b/{escaped(bucket)}/o", "items", most=most, maxResults="1000", versions="true", fields=fields
    )
    found: list[Item] = []
    refused = [f"gs://{bucket}: only its first {len(listed):,} objects were listed"] if more else []
    older = [int(each.get("size") or 0) for each in listed if each.get("timeDeleted")]
    for each in listed:
        name = str(each["name"])
        if each.get("timeDeleted") or (name.endswith("/") and not int(each.get("size") or 0)):
            continue
        path = PurePosixPath(name)
        if (
            path.is_absolute()
            or not path.parts
            or {"..", "."} & set(name.split("/"))
            or name.endswith("/")
            or "//" in name
        ):
            refused.append(f"gs://{bucket}/{name}: its name is none of a file's")
            continue
        sums = str(each.get("md5Hash") or ""), str(each.get("crc32c") or "")
        target = folder.joinpath(*path.parts)
        found.append(Item(bucket, name, str(each["generation"]), int(each.get("size") or 0), *sums, target))
    return found, refused, len(older), sum(older)


def copy(cloud: Cloud, item: Item, came: Callable[[int], None] = lambda _: None) -> str:
    """Copy one object; gives why it was not, or nothing. A file that is there already is never written over.

    `came` is told of bytes as they come. What is left of a copy that was cut off is gone on with.
    """
    if item.file.exists() or item.file.is_symlink():
        return "" if item.file.is_file() and same(item, item.file) else f"another file is there: {item.file}"
    try:
        item.file.parent.mkdir(parents=True, exist_ok=True)
        start = item.part.stat().st_size if item.part.is_file() else 0
        if start > item.size:
            item.part.unlink()
            start = 0
        if start < item.size or not item.part.exists():
            with item.part.open("ab") as file:
                for chunk in cloud.stream(item.bucket, item.name, item.generation, start) if item.size else ():
                    file.write(chunk)
                    came(len(chunk))
        if not same(item, item.part):
            item.part.unlink()
            return "what came has another sum than Google's; it was thrown away, and the same command tries again"
        _placed(item)
    except CloudError as error:
        return error.words
    except OSError as error:
        return f"{item.file}: {error.strerror}"
    return ""


def _placed(item: Item) -> None:
    """Give the file its name where no file has it: a rename alone would write over one that came meanwhile."""
    try:
        item.file.hardlink_to(item.part)
    except FileExistsError:
        raise
    except OSError:  # a stick's file system has no links
        if item.file.exists():
            raise
        item.part.rename(item.file)
    else:
        item.part.unlink()


def same(item: Item, file: Path) -> bool:
    """Hold a file to an object's size and sum."""
    if file.stat().st_size != item.size:
        return False
    if item.md5:
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in _chunks(file):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode() == item.md5
    if item.crc32c:
        return base64.b64encode(crc32c(_chunks(file)).to_bytes(4, "big")).decode() == item.crc32c
    return False


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


@functools.cache
def _table() -> tuple[int, ...]:
    table: list[int] = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


def crc32c(chunks: Iterator[bytes]) -> int:
    """Work out CRC-32C (RFC 3720, appendix B.4), which composed objects have alone.

    >>> crc32c(iter([b"1234", b"56789"])) == 0xE3069283
    True
    """
    table, value = _table(), 0xFFFFFFFF
    for chunk in chunks:
        for byte in chunk:
            value = (value >> 8) ^ table[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF
