"""Where models and checkpoints are: in the bucket that the environment names, mounted or not, or in a folder here."""

import os
import tempfile
from pathlib import Path
from typing import Protocol

MOUNTED = Path("/gcs")
"""Where Vertex AI shows buckets as folders."""


class Store(Protocol):
    """A place for files by their names."""

    def read(self, name: str) -> bytes | None:
        """Give a file; None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""


def place() -> str:
    """Say where: the first that the environment names, `models` in this folder without any.

    Vertex AI's own folder comes second: a service does not know it, and has to find what a job has trained.
    """
    return os.environ.get("MODELS_BUCKET") or os.environ.get("AIP_MODEL_DIR") or "models"


def store(where: str = "") -> Store:
    """Open a place: gs://BUCKET/PATH, or a folder."""
    where = where or place()
    if not where.startswith("gs://"):
        return Folder(Path(where))
    bucket, _, prefix = where.removeprefix("gs://").partition("/")
    if (MOUNTED / bucket).is_dir():
        return Folder(MOUNTED / bucket / prefix)
    return Bucket(bucket, prefix.rstrip("/"))


class Folder:
    """A folder, or a bucket that is mounted as one."""

    def __init__(self, folder: Path):
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # A process that is killed meanwhile leaves the earlier file.
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        Path(temporary).replace(file)


class Bucket:
    """A bucket that is not mounted, such as on a machine or in a service; an object appears once all of it is there."""

    def __init__(self, bucket: str, prefix: str):
        from google.cloud import storage

        self.bucket = storage.Client().bucket(bucket)
        self.prefix = f"{prefix}/" if prefix else ""

    def read(self, name: str) -> bytes | None:
        from google.cloud.exceptions import NotFound

        try:
            return self.bucket.blob(self.prefix + name).download_as_bytes()
        except NotFound:
            return None

    def write(self, name: str, content: bytes) -> None:
        self.bucket.blob(self.prefix + name).upload_from_string(content)
