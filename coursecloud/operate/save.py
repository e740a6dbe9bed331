"""`coursecloud save`: the work, copied out of the cloud before it goes: data, models, code, and how to copy disks."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from coursecloud.common import progress
from coursecloud.cost import prices as tabled
from coursecloud.deploy.cloud import CloudError, escaped, together
from coursecloud.deploy.preconditions import RefusedError
from coursecloud.diff import copy_commands
from coursecloud.look.found import DISK, INSTANCE
from coursecloud.operate import download, targets
from coursecloud.operate.download import Item
from coursecloud.operate.money import usd
from coursecloud.operate.session import Operation, lines
from coursecloud.operate.stop import number
from infra.names import Names

Json = dict[str, Any]
GIB = 1 << 30
STORES = ("data", "models")
"""The buckets of the stack that hold work, what is hardest to make again first."""


@dataclass
class Store:
    """One bucket that is to be saved."""

    name: str
    bucket: str
    items: list[Item] = field(default_factory=list[Item])
    refused: list[str] = field(default_factory=list[str])
    older: int = 0
    older_size: int = 0
    unread: str = ""
    price: Decimal | None = None
    """USD for a GiB that leaves the cloud; None where it is not known."""

    @property
    def left(self) -> list[Item]:
        """What is not there yet as it is in the cloud; a look at sizes and sums, which reads the files."""
        return [each for each in self.items if not (each.file.is_file() and download.same(each, each.file))]


def save(operation: Operation, folder: Path, code: Path) -> int:
    """Copy a stack's work to a folder; `code` is where the group's own repository is looked for.

    Returns 0, or 1 where something was not saved. Raises SettingsError, RefusedError (nothing was written), CloudError.
    """
    if folder.exists() and not folder.is_dir():
        raise RefusedError(str(folder), "work is saved into a folder", "name a folder, or one that is not there yet")
    stores = [_listed(operation, name, folder) for name in STORES]
    left = {store.name: store.left for store in stores}
    size = sum(each.size for items in left.values() for each in items)
    cost = _cost(stores, left)
    _room(folder, size)
    disks, unread = _disks(operation)
    names = ", ".join(
        f"{len(left[store.name])} of {len(store.items)} in {store.name}" for store in stores if store.items
    )
    where = f"Saving {_size(size)} to {folder} costs {cost}: {names or 'no object'}, then code."
    operation.first(where, *_notes(stores, disks, unread))
    operation.agreed("Copy it", "say --yes, or answer the question with y")
    folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = [f"{store.name}: {store.unread}" for store in stores if store.unread]
    failed += [each for store in stores for each in store.refused]
    for store in stores:
        failed += _copied(operation, store, left[store.name])
    said, why = bundle(code, folder / "code")
    failed += [why] if why else []
    if said:
        operation.say(said)
    for each in failed:
        operation.say(f"NOT saved: {each}")
    done = "All of it is there, each object held to Google's sum" if not failed else f"{len(failed)} NOT saved"
    operation.say(f"{done}. The same command goes on where it ended: `coursecloud save --to {folder}`.")
    operation.told |= {
        "folder": str(folder),
        "bytes": size,
        "perGiB": {store.name: number(store.price) for store in stores},
        "saved": {store.name: len(store.items) - len(store.left) for store in stores},
        "notSaved": failed,
        "olderVersions": {store.name: store.older for store in stores},
        "disks": [{"name": name, "command": how} for name, how in disks],
        "code": said,
    }
    return 1 if failed or unread else 0


def _listed(operation: Operation, name: str, folder: Path) -> Store:
    settings = operation.settings
    bucket = Names(settings.project, settings.stack, settings.existing).bucket(name)
    store = Store(name, bucket)
    try:
        place = operation.cloud.get("storage", f"b/{escaped(bucket)}", fields="location").get("location")
        region = str(place or "").lower()
        store.price = tabled.load().gib(region, "egress")
        found = download.items(operation.cloud, bucket, folder / name)
        store.items, store.refused, store.older, store.older_size = found
    except CloudError as error:
        store.unread = f"gs://{bucket}: {'it is not there' if error.gone else error.words}"
    return store


def _cost(stores: Sequence[Store], left: dict[str, list[Item]]) -> str:
    """What leaves the cloud bills by the GiB; what is free each month is not counted, as others may have used it."""
    total, unknown = Decimal(0), False
    for store in stores:
        size = Decimal(sum(each.size for each in left[store.name])) / GIB
        unknown = unknown or bool(store.unread or (size and store.price is None))
        total += size * (store.price or 0)
    return f"{usd(total)} or more, as not all is known" if unknown else f"at most {usd(total)} of traffic"


def _room(folder: Path, size: int) -> None:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    if size > free:
        rule = f"{there} has {_size(free)} free"
        raise RefusedError(
            f"{_size(size)} do not fit into {folder}", rule, "make room, or name a folder on another disk"
        )


def _disks(operation: Operation) -> tuple[list[tuple[str, str]], list[str]]:
    """Name each disk of the stack with the command that copies it: nobody can read a disk's files from outside."""
    seen = operation.look()
    found: list[tuple[str, str]] = []
    for each in seen.found:
        if each.declared and each.shape.asset in (DISK, INSTANCE):
            inputs = {**each.shape.inputs, "project": operation.settings.project}
            told = copy_commands.how("gcp:compute/disk:Disk", inputs)
            found.append((f"{targets.called(each)}", told or ""))
    unread = [f"{what}: {why}" for what, why in seen.unread if what in (DISK, INSTANCE)]
    return found, unread


def _notes(stores: Sequence[Store], disks: Sequence[tuple[str, str]], unread: Sequence[str]) -> list[str]:
    older = [
        f"{store.name}: {store.older:,} older versions, {_size(store.older_size)}:"
        f" `gcloud storage cp --recursive --all-versions gs://{store.bucket} FOLDER` copies them"
        for store in stores
        if store.older
    ]
    said = lines("Older versions of objects are not copied (an old `dvc checkout` needs them):", older)
    ways = [f"{name}: log in and copy its files, or keep a snapshot in the cloud: {how}" for name, how in disks]
    head = "Files on disks are not copied: nobody reads a disk from outside, and a snapshot goes with the credit:"
    said += lines(head, ways)
    return said + lines("Not read, so it may hold work:", [*unread, *(s.unread for s in stores if s.unread)])


def _copied(operation: Operation, store: Store, left: Sequence[Item]) -> list[str]:
    if not left:
        return []
    with progress.shown(f"Copying {store.name}", len(left)) as line:

        def one(item: Item) -> str:
            why = download.copy(operation.cloud, item)
            if line:
                line.done += 1
            return why

        words = together([functools.partial(one, each) for each in left])
    return [f"gs://{store.bucket}/{each.name}: {why}" for each, why in zip(left, words, strict=True) if why]


def bundle(code: Path, folder: Path) -> tuple[str, str]:
    """Write the repository around a folder as one file of git's; gives what was done, or why it was not."""
    top = _git(code, "rev-parse", "--show-toplevel")
    if top is None:
        return "", f"code: {code} is in no git repository"
    head = _git(Path(top), "rev-parse", "--verify", "HEAD")
    if head is None:
        return "", f"code: {top} has no commit yet"
    file = folder / f"{Path(top).name}-{head[:12]}.bundle"
    changed = len((_git(Path(top), "status", "--porcelain") or "").splitlines())
    rest = f"; {changed} changed files that no commit has are not in it" if changed else ""
    if file.exists():
        if _git(Path(top), "bundle", "verify", str(file)) is None:
            return "", f"code: {file} is there and is no whole bundle; move it away"
        return f"Code: {file} is there already{rest}.", ""
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}{download.PART}")
    part.unlink(missing_ok=True)
    if _git(Path(top), "bundle", "create", str(part), "--all") is None:
        return "", f"code: git could not bundle {top}"
    if _git(Path(top), "bundle", "verify", str(part)) is None:
        return "", f"code: the bundle of {top} cannot be read again"
    part.rename(file)
    return f"Code: {file} (`git clone {file}` reads it){rest}.", ""


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _size(count: int) -> str:
    for unit, of in (("GiB", GIB), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= of:
            return f"{count / of:.1f} {unit}"
    return f"{count} bytes"
