"""Times as Google writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def written(moment: datetime, timespec: str = "milliseconds") -> str:
    """As Google writes it; log entries are timed more finely."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """When that was; the reverse of `written`, and any other form of RFC 3339."""
    return datetime.fromisoformat(text).astimezone(UTC)
