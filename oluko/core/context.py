"""What every template may show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from oluko.core import clock


def site(request: HttpRequest) -> dict[str, Any]:
    """Mode and the server's now; pages count down from it, never from the visitor's clock."""
    return {"sandbox": settings.OLUKO_SANDBOX, "server_now": clock.now()}
