"""Values as Pulumi's engine hands them on: a mapping or a list arrives as its JSON text."""

import contextlib

from infra import files


def unpacked(value: object) -> object:
    """Undo the engine's JSON. A key with nothing behind it arrives as an empty text or as `null`."""
    if isinstance(value, str) and value.lstrip()[:1] in ("", "{", "[", "n"):
        with contextlib.suppress(ValueError):
            return files.json_of(value or "null")
    return value
