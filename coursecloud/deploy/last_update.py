"""Who updated a stack last, noted in the cloud beside the stack's own data: an older or copied state is told by it.

Each update has an id. A small object in the stack's data bucket has that of the last one, and a note beside a state in
a folder those of the last update that it knows of and of the one that was begun after it. A state whose note does not
know the object's id has missed an update. Nothing here stops anything: `compare` says what that means.
"""

from __future__ import annotations

import datetime
import getpass
import json
import re
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from coursecloud.common import writing
from coursecloud.common.console import visible
from coursecloud.deploy.cloud import Cloud, CloudError, escaped, unread
from coursecloud.deploy.store_readers import MARKER
from infra import files
from infra.names import Names
from infra.settings import Settings

Json = dict[str, Any]

LARGEST = 4096
"""Bytes of the object and of the note; they have some hundred."""
LONGEST = 300
"""Letters of each text in them."""


@dataclass(frozen=True)
class Marker:
    """The object in the cloud: which update was the last, whose it was, and where its state is."""

    id: str
    previous: str
    time: str
    """UTC, ISO 8601."""
    command: str
    user: str
    host: str
    state: str
    """The address of the backend, without a password."""


@dataclass(frozen=True)
class Note:
    """The note beside a state in a folder."""

    last: str = ""
    next: str = ""


@dataclass(frozen=True)
class Here:
    """Where a command runs: the stack, the backend's address (`address_of`), the user and the computer."""

    stack: str
    backend: str
    user: str
    host: str


@dataclass(frozen=True)
class Same:
    """This state made the last update, or takes over where its own was lost."""


@dataclass(frozen=True)
class Older:
    """Another state made the last update; the text says whose, with rule and remedy."""

    text: str


@dataclass(frozen=True)
class UnknownUpdate:
    """Nothing in the cloud tells."""


def compare(marker: Marker | None, note: Note | None, here: Here, *, empty_state: bool) -> Same | Older | UnknownUpdate:
    """Decide whether the state here made the last update. Pure.

    A shared backend (gs:// and the like) has one state for all, so its address is enough; a folder may be a copy, and
    needs a note that knows the update. Where the state and its note are lost altogether, whoever made the last update
    may go on.
    """
    if marker is None:
        return UnknownUpdate()
    if note and marker.id in (note.last, note.next):
        return Same()
    shared = not here.backend.startswith("file:")
    same_person = (marker.user, marker.host) == (here.user, here.host)
    if marker.state == here.backend and (shared or (note is None and same_person)):
        return Same()
    # A group moves its state from a folder into a bucket: whoever had it does, and brings what is in it along.
    if shared and marker.state.startswith("file:") and same_person and not empty_state:
        return Same()
    if empty_state and note is None and same_person and not shared and marker.state.startswith("file:"):
        return Same()
    return Older(_older(marker, here, empty_state=empty_state))


def _older(marker: Marker, here: Here, *, empty_state: bool) -> str:
    stack, there, who = here.stack, _plain(marker.state), _plain(f"{marker.user} on {marker.host}")
    if not marker.state.startswith("file:"):
        value = f"the state of stack {stack} lives in {there}, and this command would work with {here.backend}"
        get = f"write {there} as `url` under `backend` into Pulumi.yaml (docs/environment.md, A group shares its state)"
    else:
        held = "holds nothing of it" if empty_state else "is an older copy, or another"
        value = f"the last update of stack {stack} was made by {who}; the state in {here.backend} {held}"
        get = (
            f"where that state is: `pulumi stack export --stack {stack} --file state.json`; here: `pulumi stack import"
            f" --stack {stack} --file state.json`; better, keep it in a bucket that all share"
            " (docs/environment.md, A group shares its state)"
        )
    # Only words that this program types itself stand where a reader copies a command from.
    command = f"coursecloud {marker.command}" if re.fullmatch(r"[a-z]{1,20}", marker.command) else "an update"
    return (
        f"{value}\n    last    {command} of {_minute(marker.time)} by {who}, with the state in {there}"
        "\n    rule    one stack has one state: another one would make anew, or delete, what has been made since"
        f"\n    remedy  {get}\n            if the state here is the right one all the same, say --mine"
    )


def _plain(text: str) -> str:
    """Show what anyone may have written, in one line and as it is."""
    return visible(" ".join(text.split()))


def _minute(time: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(time)
    except ValueError:
        return _plain(time)
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def here(stack: str, url: str, root: Path) -> Here:
    """Say where this very process works, with the address of the stack's backend as the project in `root` names it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"  # a container without a name for its user
    return Here(stack, address_of(url, root), user, socket.gethostname())


def address_of(url: str, root: Path) -> str:
    """Write the address of a backend so that two of the same are equal: a folder's whole path, and no password."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = Path(url.removeprefix("file://")).expanduser()
        return f"file://{(root / path).resolve()}"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def bucket_of(settings: Settings) -> str:
    """Name the bucket that holds the object: the stack's own for data, or another where that is the group's.

    Nothing is written into what is the group's own. From the staging bucket the object goes after its days; then
    nothing tells whose the last update was, as before the first one.
    """
    made = next(name for name in ("data", "models", "staging") if name not in settings.existing)
    return Names(settings.project, settings.stack).bucket(made)


def read_marker(cloud: Cloud, bucket: str) -> tuple[Marker | None, str]:
    """Read the object; None where there is none, or what is there is not ours. Raises nothing.

    The second is a line to say where Google refused: then nobody can tell whether the state is the newest.
    """
    try:
        content = cloud.read_object(bucket, MARKER, LARGEST)
    except CloudError as error:
        return None, "" if _nothing_there(error) else unread("who updated this stack last", error)
    texts = _texts(content)
    names = {field.name for field in fields(Marker)}
    return (Marker(**{name: texts[name] for name in names}) if names <= texts.keys() else None), ""


def _nothing_there(error: CloudError) -> bool:
    """Say whether there is nothing to tell, as before the first update: no object, no bucket, no Cloud Storage."""
    return error.gone or error.off


def note_file(folder: Path, stack: str) -> Path:
    """Give the path of the note of a stack whose backend is a folder."""
    return folder / ".coursecloud" / f"{stack}.json"


def read_note(folder: Path | None, stack: str) -> Note | None:
    """Read the note; None where there is none that can be read, or no folder."""
    if folder is None:
        return None
    try:
        texts = _texts(files.bytes_of(note_file(folder, stack), LARGEST))
    except (OSError, ValueError):
        return None
    return Note(texts.get("last", ""), texts.get("next", "")) if texts else None


@dataclass(frozen=True)
class Update:
    """An update that was begun: what `end` needs to note that it has ended."""

    here: Here
    marker: Marker
    bucket: str
    folder: Path | None
    noted: bool = True
    """The note was written. Without it the object is left alone: its id would make this very state a stranger."""


def begin(
    cloud: Cloud,
    bucket: str,
    folder: Path | None,
    last: Marker | None,
    *,
    command: str,
    here: Here,
    now: datetime.datetime | None = None,
) -> tuple[Update, str]:
    """Note an update before it begins: first beside the state, then in the cloud, so that no crash makes it a stranger.

    `last` is the object that `read_marker` found, `command` the word that was typed (`up`). Gives what `end` needs,
    and a line to say where the note could not be written; a bucket that is not there yet is none. Raises nothing.
    """
    time = (now or datetime.datetime.now(datetime.UTC)).isoformat(timespec="seconds")
    known = read_note(folder, here.stack)
    previous = last.id if last else known.last if known else ""
    marker = Marker(str(uuid.uuid4()), previous, time, command, here.user, here.host, here.backend)
    update = Update(here, marker, bucket, folder)
    if said := _write_note(update, Note(previous, marker.id)):
        return replace(update, noted=False), said
    return update, _write(cloud, update)


def end(cloud: Cloud, update: Update) -> str:
    """Note that an update has ended, as far as its bucket is there. Gives a line to say, or none. Raises nothing."""
    if not update.noted:
        return ""
    said = _write(cloud, update)
    return _write_note(update, Note(update.marker.id, update.marker.id)) or said


def _write(cloud: Cloud, update: Update) -> str:
    """Write the object, and take its older versions away: a bucket with versions would keep one of each update."""
    content = json.dumps({name: value[:LONGEST] for name, value in asdict(update.marker).items()}, indent=1).encode()
    try:
        cloud.write_object(update.bucket, MARKER, content)
    except CloudError as error:
        what = "not noted in the cloud who updated this stack last"
        return "" if _nothing_there(error) else f"{what}, so that another's older state is not noticed: {error.words}"
    try:
        path = f"b/{escaped(update.bucket)}/o"
        answer = cloud.get("storage", path, prefix=MARKER, versions="true", fields="items(name,generation,timeDeleted)")
        for each in cast("list[Json]", answer.get("items") or []):
            if each.get("name") == MARKER and each.get("timeDeleted"):
                old = {"generation": str(each["generation"])}
                cloud.call("DELETE", "storage", f"{path}/{escaped(MARKER)}", parameters=old)
    except CloudError:
        pass  # a few hundred bytes, which the bucket's own rules take away in time
    return ""


def _write_note(update: Update, note: Note) -> str:
    if update.folder is None:
        return ""
    path = note_file(update.folder, update.here.stack)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writing.write(path, json.dumps(asdict(note), indent=1) + "\n")
    except OSError as error:
        return f"not noted beside the state that it is the newest: {error.strerror}"
    return ""


def _texts(content: bytes) -> Mapping[str, str]:
    """Read what anyone may have written: the texts of a JSON object, each within bounds."""
    try:
        made: Any = files.json_of(content)
    except ValueError:
        return {}
    entries = cast("Mapping[str, Any]", made).items() if isinstance(made, dict) else ()
    return {name: value for name, value in entries if isinstance(value, str) and len(value) <= LONGEST}
