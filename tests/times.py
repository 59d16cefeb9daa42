"""Times that are bookable whenever the tests run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def next_monday(hour: int = 9) -> datetime:
    """A working hour (UTC) in Lagos on a Monday, a week or more ahead."""
    today = datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())
