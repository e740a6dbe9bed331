"""What a runner elsewhere gets of a group: its stack file, and beside its state what only the group's machines have.

The stack file is in the course's bucket; members and passphrase are in the bucket of the state, in the folder that the
group alone and the course's runner are let into. Neither is ever in an image or in a roster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursecloud.course.objects import ChangedError, Objects
from coursecloud.deploy.cloud import Cloud
from infra.settings.backend import bucket_of

STACKS = "stacks/"
"""Before the names of the stack files in the course's bucket."""


class NotHandedError(Exception):
    """Something that a stack needs is not there; the text says value, rule and remedy."""


@dataclass(frozen=True)
class Handed:
    """What a runner has of one stack."""

    passphrase: str | None = None
    """Pulumi's, where the group has one of its own."""


def stacks(objects: Objects) -> list[str]:
    """List the stacks whose files were handed over. Raises CloudError."""
    return [name.removeprefix(STACKS).removesuffix(".json") for name in sorted(objects.listed(STACKS))]


def hand(objects: Objects, stack: str, text: str, backend: str, *, members: bool) -> None:
    """Put a stack file into the course's bucket. Raises CloudError.

    `members` says that a members' file belongs to it.
    """
    _put(objects, f"{STACKS}{stack}.json", {"file": text, "backend": backend, "members": members})


def hand_own(backend: str, stack: str, cloud: Callable[[], Cloud], given: Mapping[str, str]) -> None:
    """Put members (`members`, the file's text) and `passphrase` beside the state; what is not given stays as it is.

    Raises CloudError.
    """
    objects, name = _beside(backend, stack, cloud)
    found = objects.read(name)
    _put(objects, name, {**(found.content if found else {}), **given})


def fetch(objects: Objects, stack: str, folder: Path, cloud: Callable[[], Cloud]) -> Handed:
    """Write what was handed over into a folder, as it is on the group's machine. Raises NotHandedError, CloudError."""
    found = objects.read(f"{STACKS}{stack}.json")
    if found is None:
        raise NotHandedError(
            f"the stack file of {stack} is not in gs://{objects.bucket}\n"
            "    rule    a runner elsewhere has no file of this machine\n"
            f"    remedy  `coursecloud course hand --only {stack}`"
        )
    backend = str(found.content.get("backend") or "")
    beside, name = _beside(backend, stack, cloud)
    own: Mapping[str, Any] = held.content if (held := beside.read(name)) else {}
    if found.content.get("members") and not own.get("members"):
        raise NotHandedError(
            f"members.{stack}.yaml is not beside the state of stack {stack} in {backend}\n"
            "    rule    an `up` without the members' file would take the members' access away\n"
            f"    remedy  `coursecloud course hand --only {stack}`, by whoever has the file"
        )
    (folder / f"Pulumi.{stack}.yaml").write_text(str(found.content["file"]), encoding="utf-8")
    if own.get("members"):
        members = folder / f"members.{stack}.yaml"
        members.touch(mode=0o600)
        members.write_text(str(own["members"]), encoding="utf-8")
    return Handed(str(own["passphrase"]) if "passphrase" in own else None)


def _beside(backend: str, stack: str, cloud: Callable[[], Cloud]) -> tuple[Objects, str]:
    bucket, folder = bucket_of(backend)
    if not bucket:
        raise NotHandedError(
            f"the state of stack {stack} is in {backend or 'a folder of one machine'}\n"
            "    rule    runners on several machines share a state in Cloud Storage\n"
            "    remedy  name a bucket as `backend` in course.yaml, `coursecloud course apply`, and bring the state"
            " along (docs/environment.md, A group shares its state)"
        )
    return Objects(bucket, cloud), f"{folder}/.coursecloud/{stack}.json".lstrip("/")


def _put(objects: Objects, name: str, content: Mapping[str, Any]) -> None:
    for _ in range(3):
        found = objects.read(name)
        if found and found.content == content:
            return
        try:
            objects.write(name, content, found.generation if found else 0)
            return
        except ChangedError:
            continue
