"""IANA time zones: which exist, how people find theirs, and which one a reader is in."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest

from oluko.core import clock
from oluko.core.times import city_of, zone_label

COOKIE = "zone"
# Zones that people live in; the rest of the database is links and offsets.
_REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def known_zones() -> frozenset[str]:
    """The zone names that a person may choose."""
    return frozenset(name for name in available_timezones() if name.startswith(_REGIONS)) | {"UTC"}


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The signed-in person's zone, else the one in the visitor's cookie, else the site's default."""
    name = request.user.time_zone if request.user.is_authenticated else request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name if name in known_zones() else settings.OLUKO_DEFAULT_TIME_ZONE)


def zone_choices(at: datetime | None = None) -> list[tuple[str, str]]:
    """Every zone with its label, `Lagos (GMT+1)`, in the order of their cities."""
    at = at or clock.now()
    return sorted(((name, zone_label(name, at)) for name in known_zones()), key=lambda choice: choice[1])


def find_zone(words: str) -> str | None:
    """The zone that somebody means by a name, a city or a label; None when it is none or more than one.

    `Africa/Lagos`, `lagos`, `Lagos (GMT+1)`, `sao paulo` and `Port of Spain` are all understood.
    """
    if words in known_zones():
        return words
    wanted = _plain(words.split("(")[0])
    found = {name for name in known_zones() if wanted in (_plain(name), _plain(city_of(name)))}
    # Old links such as Asia/Calcutta have other cities; two zones of one city are the same place under two names.
    kept = {name for name in found if name.count("/") == 1} or found
    return min(kept) if wanted and len(kept) == 1 else None


def _plain(text: str) -> str:
    """Letters as a keyboard without accents has them, so that São Paulo is found by sao paulo."""
    letters = unicodedata.normalize("NFKD", text.replace("_", " ").replace("-", " "))
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split())
