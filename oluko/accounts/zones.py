"""IANA time zones: which exist, and which one a reader is in."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest

COOKIE = "zone"
# Zones that people live in; the rest of the database is links and offsets.
_REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def known_zones() -> frozenset[str]:
    """The zone names that a person may choose."""
    return frozenset(name for name in available_timezones() if name.startswith(_REGIONS)) | {"UTC"}


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The signed-in person's zone, else the one in the visitor's cookie, else the site's default."""
    if request.user.is_authenticated:
        name = request.user.time_zone
    else:
        name = request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name if name in known_zones() else settings.OLUKO_DEFAULT_TIME_ZONE)
