"""What `oluko check`, and every start, says of the built-in room's surroundings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004


@register
def room_reaches_people(**_: Any) -> list[CheckMessage]:
    """On a live site without Zoom, a TURN server should be named: many people are behind a router."""
    if not settings.OLUKO_LIVE or settings.OLUKO_ZOOM_ACCOUNT_ID or settings.OLUKO_TURN_URLS:
        return []
    return [
        Warning(
            "Sessions take place in the built-in room, and no TURN server is set.",
            hint="People behind strict routers will not see each other; see docs/operating.md, OLUKO_TURN_URLS.",
            id="meetings.W001",
        )
    ]
