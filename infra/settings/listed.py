"""Keys whose values the dated tables know: the loader asks them, and editors propose what they have."""

from dataclasses import dataclass
from typing import Any, Literal

from infra.settings.problem import RuleViolationError

Kind = Literal["region", "zone", "location", "machineType", "model", "count", "image", "timeZone"]
"""What a value is: a GPU's `model` and how many, a `location` of Cloud Storage, and so on."""


@dataclass(frozen=True)
class listed:  # noqa: N801 - reads as an adjective where it stands
    """The value is one of those that the tables know, or that `coursecloud:allow` adds."""

    kind: Kind

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        if self.kind == "count":
            return handler(source)
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def _check(self, value: object) -> object:
        if isinstance(value, str) and not value.strip():
            raise RuleViolationError("an empty text names nothing", "write a name, or remove the key")
        return value

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return handler(schema) | {"listed": self.kind}
