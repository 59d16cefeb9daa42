"""The bell on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from oluko.notifications.models import Notification


def bell(request: HttpRequest) -> dict[str, Any]:
    """How many notifications the reader has not seen; counted only when a template shows it."""

    def unread() -> int:
        if not request.user.is_authenticated:
            return 0
        return Notification.objects.filter(person=request.user, read_at__isnull=True).count()

    return {"unread_notifications": unread}
