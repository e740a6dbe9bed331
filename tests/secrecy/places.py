"""Every place of a stack file where somebody may write a secret, and what may be written there by mistake."""

import copy
import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from infra.settings.model import SECTIONS

Config = dict[str, Any]
Way = tuple[str | int, ...]


SMALL: Config = {
    "config": {
        "gcp:project": "my-project-1",
        "coursecloud:secrets": {"names": {"WANDB_API_KEY": ["services"]}},
        "coursecloud:services": {"demo": {}},
    }
}
"""A stack file that is quick to read."""


def ways() -> Iterator[Way]:
    """List the keys of every section down to the values, each with the keys that lead to it."""
    yield ("config",)
    for key in ("encryptionsalt", "encryptedkey", "secretsprovider", "environment"):
        yield (key,)
    for name in ("project", "region", "zone", "credentials", "accessToken", "impersonateServiceAccount", "anything"):
        yield ("config", f"gcp:{name}")
    for key in ("github:token", "docker:registryAuth", "pulumi:tags"):
        yield ("config", key)
    for section, annotation in SECTIONS.items():
        yield from _ways(("config", f"coursecloud:{section}"), annotation)


def _ways(way: Way, annotation: Any) -> Iterator[Way]:
    yield way
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from _ways((*way, field.alias or name), field.annotation)
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            if argument is not type(None):
                yield from (found for found in _ways(way, argument) if found != way)
    elif origin is dict:
        yield from _ways((*way, "some-key"), arguments[1])
    elif origin is tuple:
        yield from _ways((*way, 0), arguments[0])
    elif origin is typing.Annotated:
        yield from (found for found in _ways(way, arguments[0]) if found != way)


def put(content: Config, way: Way, value: object) -> Config:
    """Put a value at a place, over what is there."""
    made = copy.deepcopy(content)
    holder: Any = made
    for key, after in zip(way, (*way[1:], None), strict=True):
        if isinstance(key, int):
            holder += [None] * (key + 1 - len(holder))
        if after is None:
            holder[key] = value
            break
        there = holder[key] if isinstance(key, int) else holder.get(key)
        wanted = list if isinstance(after, int) else dict
        if not isinstance(there, wanted):
            holder[key] = wanted()
        holder = holder[key]
    return made


def writings(secret: str) -> dict[str, Any]:
    """Write a secret as people do: plainly, with its name, and where the name belongs."""
    return {
        "plain": secret,
        "in a list": [secret],
        "by its name": {"WANDB_API_KEY": secret},
        "with `value`": {"WANDB_API_KEY": {"value": secret}},
        "in a list, by its name": [{"WANDB_API_KEY": secret}],
        "as an assignment": [f"WANDB_API_KEY={secret}"],
        "as a key": {secret: ["machines"]},
        "as an unknown key": {"names": {secret: ["machines"]}, secret: True},
    }
