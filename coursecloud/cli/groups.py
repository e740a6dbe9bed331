"""A group of commands that reads nothing of its own: its options are flags."""

from typing import Any

from typer.core import TyperGroup


class Flags(TyperGroup):
    """A group whose options are flags: one that is not there is false at once; Typer would load pydantic for it."""

    def get_params(self, ctx: Any) -> Any:
        """Give the options of the group itself."""
        found = super().get_params(ctx)
        for param in found:
            param.default = param.default or False
        return found
