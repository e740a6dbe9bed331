"""Keys of an entry (a machine, a trigger) that stand one level too high: beside its name, or without one."""

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from pydantic import BaseModel

from infra.settings.problem import MISSING, Findings, Problem

_WORDS = {"Machine": "a machine", "Service": "a service", "Trigger": "a trigger", "Job": "a job"}
_EXAMPLES = {"Machine": "trainer", "Service": "demo", "Trigger": "main", "Job": "first"}


def named(path: str, annotation: Any, value: object, found: Findings) -> object:
    """Say once that keys of an entry stand where the names of entries belong, and leave them out."""
    model = entry(annotation)
    if model is None or not isinstance(value, Mapping):
        return value  # pyright: ignore[reportUnknownVariableType]
    entries = cast("Mapping[str, object]", value)
    keys = {field.alias or name for name, field in model.model_fields.items()}
    # A machine may be called `gpu`: then what is under it are keys of a machine.
    plain = [key for key, held in entries.items() if key in keys and not _names_an_entry(key, held)]
    if not plain:
        return entries
    wrong = [key for key, held in entries.items() if key in keys and not _holds_any(held, keys)]
    empty = next((key for key, held in entries.items() if held is None and key not in keys), None)
    what, example = _WORDS[model.__name__], _EXAMPLES[model.__name__]
    above = f"under `{empty}:`" if empty else f"under its name, e.g. `{example}:`"
    listed = ", ".join(f"`{key}`" for key in wrong)
    found.add(
        Problem(
            f"{path}.{wrong[0]}", MISSING, f"{listed}: of {what}, and here its name belongs", f"indent them {above}"
        ),
        *(f"{path}.{key}" for key in wrong),
    )
    return {key: held for key, held in entries.items() if key not in wrong}


def _names_an_entry(key: str, held: object) -> bool:
    return re.fullmatch(r"[a-z0-9-]+", key) is not None and (held is None or isinstance(held, Mapping))


def _holds_any(held: object, keys: set[str]) -> bool:
    return isinstance(held, Mapping) and not keys.isdisjoint(cast("Mapping[str, object]", held))


def entry(annotation: Any) -> type[BaseModel] | None:
    """Find the model of the entries of a map that has names of one's own as keys."""
    last: Any = (get_args(annotation) or (None,))[-1]
    model: object = (get_args(last) or (last,))[0]
    if isinstance(model, type) and issubclass(model, BaseModel) and model.__name__ in _WORDS:
        return model
    return None
