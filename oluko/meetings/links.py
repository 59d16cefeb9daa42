"""Addresses of a meeting: our own join page, and what may be embedded there."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from oluko.core.addresses import page_of


def session_path(booking_id: UUID) -> str:
    """The path of the join page."""
    return page_of("session", booking_id)


def session_url(booking_id: UUID) -> str:
    """The whole address of the join page, which stands for the meeting until there is a link."""
    return settings.OLUKO_BASE_URL + session_path(booking_id)


def origin(url: str) -> str:
    """Scheme and host of an address, as a content policy names them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def frame_origins() -> list[str]:
    """Where an embedded meeting may come from: our own page with Zoom's SDK, or the sandbox, which stands in.

    Zoom lets nobody embed its pages themselves.
    """
    if settings.OLUKO_ZOOM_SDK_KEY:
        return [origin(settings.OLUKO_BASE_URL)]
    return [origin(settings.OLUKO_ZOOM_URL)] if settings.OLUKO_ZOOM_STANDS_IN else []
