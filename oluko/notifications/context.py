"""The bell on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from oluko.notifications.notifications import newest_id, unread_count


def bell(request: HttpRequest) -> dict[str, Any]:
    """How many notifications the reader has not seen, and the latest one's id; asked only where a template shows it."""

    def unread() -> int:
        return unread_count(request.user) if request.user.is_authenticated else 0

    def newest() -> int:
        return newest_id(request.user) if request.user.is_authenticated else 0

    return {"unread_notifications": unread, "newest_notification": newest}
