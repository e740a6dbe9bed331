"""How to copy what a store holds before it goes: a command to paste, by the store's type. Words in, words out."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from catalog import types
from coursecloud.plan.import_ids import PREVIEWED_UNKNOWN

Inputs = Mapping[str, Any]


def shown(value: object, limit: int = 120) -> str:
    """Show what others wrote, between backticks that it cannot end: in one line, and not for ever."""
    text = re.sub(r"\s+", " ", str(value)).replace("`", "'")
    return f"`{text if len(text) <= limit else f'{text[: limit - 3]}...'}`"


def how(kind: str, inputs: Inputs) -> str | None:
    """Say how to copy the data of a store; None where nobody has said how for this type."""
    known = types.of(kind)
    return COMMANDS[known.copied](inputs) if known and known.copied else None


def start(inputs: Inputs) -> str:
    """Write the command that starts a machine."""
    return _line("gcloud", "compute", "instances", "start", _word(inputs, "name"), *_where(inputs, "zone"))


def _word(inputs: Inputs, key: str) -> str:
    """Take an input as a word of a command; its name in capitals where nobody knows it."""
    return word(inputs.get(key), re.sub(r"(?=[A-Z])", "-", key).upper())


def word(value: object, otherwise: str) -> str:
    """Take what others wrote as a word of a command to paste, where both a shell and Markdown read it as that."""
    if not isinstance(value, str) or value == PREVIEWED_UNKNOWN:
        return otherwise
    return value if re.fullmatch(r"[\w./@][\w.:/@+-]{0,200}", value, re.ASCII) else otherwise


def _where(inputs: Inputs, *keys: str) -> list[str]:
    return [f"--{key}={_word(inputs, key)}" for key in ("project", *keys)]


def _line(*words: str) -> str:
    return shown(shlex.join(words), 400)


def _bucket(inputs: Inputs) -> str:
    source = f"gs://{_word(inputs, 'name')}/*"
    return _line("gcloud", "storage", "cp", "--recursive", "--all-versions", source, "gs://ANOTHER-BUCKET")


def _disk(inputs: Inputs, place: str = "zone") -> str:
    name, project = _word(inputs, "name"), f"--project={_word(inputs, 'project')}"
    source = [f"--source-disk={name}", f"--source-disk-{place}={_word(inputs, place)}"]
    made = _line("gcloud", "compute", "snapshots", "create", f"{name}-copy", project, *source)
    # No disk is smaller than the snapshot that it is made from.
    return f"{made}, of which `gcloud compute disks create` makes a disk, never a smaller one, with `--source-snapshot`"


def _secret(inputs: Inputs) -> str:
    project = f"--project={_word(inputs, 'project')}"
    # From one command into the other: the value is on no screen and in no history.
    read = ["gcloud", "secrets", "versions", "access", "latest", f"--secret={_word(inputs, 'secretId')}", project]
    add = ["gcloud", "secrets", "versions", "add", "ANOTHER-SECRET", project, "--data-file=-"]
    return f"its value is added anew: {shown(f'{shlex.join(read)} | {shlex.join(add)}', 400)}"


def _registry(inputs: Inputs) -> str:
    host = f"{_word(inputs, 'location')}-docker.pkg.dev/{_word(inputs, 'project')}"
    copied = _line("gcrane", "cp", "--recursive", f"{host}/{_word(inputs, 'repositoryId')}", f"{host}/ANOTHER")
    return f"{copied} (https://github.com/google/go-containerregistry) for images"


COMMANDS: dict[str, Callable[[Inputs], str]] = {
    "repository": _registry,
    # A machine's too: what it boots from has the machine's own name, unless the program says otherwise.
    "disk": _disk,
    "regional disk": lambda inputs: _disk(inputs, "region"),
    "secret": _secret,
    "bucket": _bucket,
}
"""What copies a store, by the name that its type's file gives (`copied`).

Commands of the Google Cloud CLI and of gcrane, read 2026-11-27.
"""
