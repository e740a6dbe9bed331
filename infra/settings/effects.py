"""What is said of a key at its field, beside its docstring: the effect of a change, and what it costs.

A key without words of its own has those of the nearest key above it. `coursecloud explain` and the editors' schema
read them out of pydantic's JSON schema. Prices are in USD of the day beside them, out of `catalog/`;
what replaces a resource is the Diff of pulumi-gcp 9.35 (upstream 7.45), tried on 1,692 input paths (2026-11-23).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

DATE = "2026-08-20"
"""The oldest day of the facts that are said of keys."""


@dataclass(frozen=True)
class _Said:
    text: str
    """A sentence or more."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return handler(schema) | self._form()

    def _form(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class costs(_Said):  # noqa: N801 - reads as a verb where it stands, as those below
    """What a key costs."""

    def _form(self) -> dict[str, Any]:
        return {"costs": self.text}


@dataclass(frozen=True)
class Effect(_Said):
    """What a change of a key does to what is deployed; the class says the most that it can do."""

    short: ClassVar[str] = ""
    """In a word or two."""

    def _form(self) -> dict[str, Any]:
        return {"changing": {"effect": type(self).__name__, "text": self.text}}


class nothing(Effect):  # noqa: N801
    """Nothing that is deployed changes."""

    short = "safe"


class updates(Effect):  # noqa: N801
    """It changes in place."""

    short = "in place"


class restarts(Effect):  # noqa: N801
    """A machine is stopped and started."""

    short = "restarts"


class replaces(Effect):  # noqa: N801
    """Something is deleted and made anew, or deleted; it held no data."""

    short = "replaces"


class loses(Effect):  # noqa: N801
    """Data can be lost."""

    short = "can lose data"


EFFECTS = {kind.__name__: kind.short for kind in (nothing, updates, restarts, replaces, loses)}
"""What a change can do at most, from harmless to not, with its words."""
