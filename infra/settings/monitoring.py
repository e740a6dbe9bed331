"""Who is told when something fails."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from infra.settings.types import Section, matching, text

Channel = Annotated[
    str,
    BeforeValidator(text, json_schema_input_type=str | int),
    matching(
        r"[0-9]{5,25}",
        "a notification channel is named by its number, which Google gives it",
        "copy what follows the last '/' of `gcloud beta monitoring channels list --format='value(name)'`",
    ),
]


class Monitoring(Section):
    """An alert on errors, to channels that somebody has made once."""

    channels: Annotated[tuple[Channel, ...], Field(max_length=16, examples=[["12345678901234567890"]])] = ()
    """Notification channels that are told, by their numbers; without any there is no alert. One e-mail channel is made
    once by the line in docs/monitoring.md: it is no part of the stack, whose state would hold the address."""
