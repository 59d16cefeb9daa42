"""IANA time zones: which exist, how people find theirs, and which one a reader is in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest

from oluko.accounts.cities import cities
from oluko.core import clock
from oluko.core.times import city_of, gmt, show, zone_label

COOKIE = "zone"
MOST_FOUND = 8
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


@dataclass(frozen=True, slots=True)
class Place:
    """A city (or country), the zone that its clocks keep, how far that is from GMT now and what it is there now."""

    city: str
    zone: str
    gmt: str
    clock: str


def find_zone(words: str) -> str | None:
    """The zone that somebody means by a name, a city or a label; None when it is none or more than one.

    `Africa/Lagos`, `lagos`, `Lagos (GMT+1)`, `sao paulo`, `Abuja` and `Port of Spain` are all understood.
    """
    if words in known_zones():
        return words
    wanted = _plain(words.split("(")[0])
    found = {name for name in known_zones() if wanted in (_plain(name), _plain(city_of(name)))}
    # Old links such as Asia/Calcutta have other cities; two zones of one city are the same place under two names.
    kept = {name for name in found if name.count("/") == 1} or found
    kept = kept or {zone for city, zone in cities() if _plain(city) == wanted}
    return min(kept) if wanted and len(kept) == 1 else None


def search_places(words: str, at: datetime | None = None) -> list[Place]:
    """The places that somebody may mean who has typed so far; the likeliest first, at most MOST_FOUND.

    A name that begins so comes before one that has a word which does, and that before a zone which merely holds it.
    """
    at, wanted = at or clock.now(), _plain(words.split("(")[0])
    if not wanted:
        return []
    found = sorted(
        (rank, city, zone) for city, zone in (*_own_cities(), *cities()) if (rank := _rank(wanted, city, zone)) < 4
    )[:MOST_FOUND]
    return [Place(city, zone, gmt(ZoneInfo(zone), at), show(at, "time", ZoneInfo(zone))) for _, city, zone in found]


@cache
def _own_cities() -> tuple[tuple[str, str], ...]:
    """Each city that names a zone, with it; where several are named after one city, the one with the shortest name."""
    by_city: dict[str, str] = {}
    for zone in sorted(known_zones(), key=lambda name: (name.count("/"), name)):
        by_city.setdefault(city_of(zone), zone)
    return tuple(by_city.items())


def _rank(wanted: str, city: str, zone: str) -> int:
    """How far a place is from what was typed, from 0; 4 is none of it."""
    plain, own = _plain(city), city == city_of(zone)
    if plain == wanted or _plain(zone) == wanted:
        return 0 if own or plain == wanted else 4
    if plain.startswith(wanted):
        return 1
    if f" {wanted}" in plain:
        return 2
    return 3 if own and wanted in _plain(zone) else 4


def _plain(text: str) -> str:
    """Letters as a keyboard without accents has them, so that São Paulo is found by sao paulo."""
    letters = unicodedata.normalize("NFKD", text.replace("_", " ").replace("-", " ").replace("’", "'"))
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split())
