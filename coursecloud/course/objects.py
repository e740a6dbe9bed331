"""Objects of a bucket that the runners of a course share: read with their generation, written over that one alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from coursecloud.deploy.cloud import Cloud, CloudError, escaped

Json = dict[str, Any]
T = TypeVar("T")
LARGEST = 1 << 20
"""Bytes of an object; what a group's command told is the most of it."""
_PAGES = 100
"""Pages of a list, of a thousand names each."""
_READS = 5
"""So often an object is read anew that was written while it was read."""


class ChangedError(Exception):
    """Somebody else has written the object since it was read."""


@dataclass(frozen=True)
class Found:
    """An object as it was at one moment."""

    content: Mapping[str, Any]
    generation: int
    age: float
    """Seconds since it was written, both by Google's clock."""


class Objects:
    """The JSON objects of one bucket; threads may share it.

    `cloud` makes a session. One that had no answer asks no more; a runner goes on for hours, and makes another.
    """

    def __init__(self, bucket: str, cloud: Callable[[], Cloud]):
        self.bucket = bucket
        self._make, self._cloud = cloud, cloud()

    def read(self, name: str) -> Found | None:
        """Give an object; None where there is none. Raises CloudError, also where there is no such bucket.

        What is no JSON object is empty.
        """
        for _ in range(_READS):
            found = self._asked(lambda cloud: cloud.get("storage", self._path(name), fields="generation,updated"))
            if found is None:
                return None
            generation = str(found["generation"])
            content = self._asked(lambda cloud, which=generation: self._content(cloud, name, which))
            if content is not None:
                age = self._cloud.now() - datetime.fromisoformat(str(found["updated"]))
                return Found(_json(content), int(generation), age.total_seconds())
        raise CloudError(0, f"gs://{self.bucket}/{name} changes faster than it can be read")

    def write(self, name: str, content: Mapping[str, Any], generation: int) -> int:
        """Write over that generation, 0 for none at all; gives the new one. Raises ChangedError, CloudError."""
        data = json.dumps(dict(content), ensure_ascii=False).encode()
        made = self._asked(lambda cloud: cloud.write_object(self.bucket, name, data, generation=generation))
        if made is None:
            raise ChangedError(name)
        return int(str(made["generation"]))

    def put(self, name: str, content: bytes) -> None:
        """Write bytes that only people read, over whatever is there. Raises CloudError."""
        self._asked(lambda cloud: cloud.write_object(self.bucket, name, content))

    def bytes(self, name: str) -> bytes | None:
        """Read such bytes; None where there are none. Raises CloudError."""
        return self._asked(lambda cloud: cloud.read_object(self.bucket, name, LARGEST))

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation; nothing happens where there is another one, or none. Raises CloudError."""
        told = {"ifGenerationMatch": str(generation)}
        self._asked(lambda cloud: cloud.call("DELETE", "storage", self._path(name), parameters=told))

    def listed(self, prefix: str) -> dict[str, int]:
        """List the objects whose names begin so, with their generations. Raises CloudError."""
        path, told = f"b/{escaped(self.bucket)}/o", {"prefix": prefix, "fields": "nextPageToken,items(name,generation)"}
        listed = self._asked(lambda cloud: cloud.pages("storage", path, "items", most=_PAGES, **told))
        if listed is None:
            raise CloudError(404, f"gs://{self.bucket} is not there", gone=True)
        items = cast("list[Json]", listed[0])
        return {str(each["name"]): int(str(each["generation"])) for each in items}

    def _path(self, name: str) -> str:
        return f"b/{escaped(self.bucket)}/o/{escaped(name)}"

    def _content(self, cloud: Cloud, name: str, generation: str) -> bytes:
        content, size = list[bytes](), 0
        for part in cloud.stream(self.bucket, name, generation, 0):
            content.append(part)
            if (size := size + len(part)) > LARGEST:
                raise CloudError(200, f"gs://{self.bucket}/{name} is larger than {LARGEST:,} bytes")
        return b"".join(content)

    def _asked(self, question: Callable[[Cloud], T]) -> T | None:
        """Ask; None where the object is not there, or is another one than the generation that was named."""
        try:
            return question(self._cloud)
        except CloudError as error:
            if not error.status:
                self._cloud = self._make()
            if error.status == 412 or (error.gone and "bucket" not in error.words):
                return None
            raise


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        made: Any = json.loads(content)
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", made) if isinstance(made, dict) else {}


def texts(entries: object) -> Iterator[Json]:
    """Give the mappings of what may be a list of them, as somebody else may have written it."""
    for each in cast("list[object]", entries) if isinstance(entries, list) else ():
        if isinstance(each, dict):
            yield cast("Json", each)
