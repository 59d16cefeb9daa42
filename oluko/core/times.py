"""Instants as people read them; every time on a screen or in a message names its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import get_language

_DAY = "D j M Y"
_CLOCK = "H:i"


class HasZone(Protocol):
    """Anyone with an IANA zone; a person of the accounts room, which this room doesn't import."""

    time_zone: str


def city_of(zone: str) -> str:
    """The city that names a zone: `Lagos` for `Africa/Lagos`, `New York` for `America/New_York`."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def when_for(person: HasZone, instant: datetime) -> str:
    """An aware instant on one person's clock, such as `Tue 5 May 2026, 15:00 (Lagos)`."""
    return when_in(person.time_zone, instant)


def when_in(zone: str, instant: datetime) -> str:
    """An aware instant in an IANA zone, such as `Tue 5 May 2026, 15:00 (Lagos)`."""
    return _when_in(zone, instant, get_language())


@lru_cache(maxsize=512)
def _when_in(zone: str, instant: datetime, language: str | None) -> str:
    """What is told of one session names its time again and again; words of days are the language's."""
    return f"{format_date(instant.astimezone(ZoneInfo(zone)), f'{_DAY}, {_CLOCK}')} ({city_of(zone)})"


def both_clocks(instant: datetime, a: HasZone, b: HasZone) -> str:
    """One instant on two people's clocks, `a`'s first; the day is repeated only where it differs.

    `Tue 5 May 2026, 15:00 (Lagos) · 22:00 (Shanghai)`
    """
    first = when_for(a, instant)
    if a.time_zone == b.time_zone:
        return first
    here, there = (instant.astimezone(ZoneInfo(person.time_zone)) for person in (a, b))
    if here.date() != there.date():
        return f"{first} · {when_for(b, instant)}"
    return f"{first} · {format_date(there, _CLOCK)} ({city_of(b.time_zone)})"


def gmt(zone: tzinfo, at: datetime) -> str:
    """`GMT+1`, `GMT+5:30`, `GMT-3`, or `GMT` alone: how far the zone is from it at that instant."""
    minutes = round((at.astimezone(zone).utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    if not minutes:
        return "GMT"
    return f"GMT{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def zone_label(zone: str, at: datetime) -> str:
    """`Lagos (GMT+1)`: a zone as people choose it, with its distance at that instant."""
    return f"{city_of(zone)} ({gmt(ZoneInfo(zone), at)})"


def show(instant: datetime, style: str = "long", zone: tzinfo | None = None) -> str:
    """An aware instant in `zone`, or in the reader's.

    Styles: long `Tue 5 May 2026, 15:00 (Lagos, GMT+1)`; short `Tue 5 May, 15:00 (Lagos)`;
    and without a zone, for pages that name it beside: day `Tuesday 5 May 2026`, date `5 May 2026`, time `15:00`.
    """
    zone = zone or timezone.get_current_timezone()
    if style == "short":
        return _short_in(zone, instant, get_language())
    local = instant.astimezone(zone)
    if style == "long":
        return f"{format_date(local, f'{_DAY}, {_CLOCK}')} ({city_of(str(zone))}, {gmt(zone, instant)})"
    return format_date(local, {"day": "l j F Y", "date": "j M Y", "time": _CLOCK}[style])


@lru_cache(maxsize=512)
def _short_in(zone: tzinfo, instant: datetime, language: str | None) -> str:
    return f"{format_date(instant.astimezone(zone), f'D j M, {_CLOCK}')} ({city_of(str(zone))})"


def remaining(seconds: float) -> str:
    """Time that is left: `2 d 4 h`, `01:42:10` below a day, `14:59` below an hour; never negative."""
    days, rest = divmod(max(0, int(seconds)), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours:02d}:{minutes:02d}:{secs:02d}" if hours else f"{minutes:02d}:{secs:02d}"


def iso(instant: datetime) -> str:
    """`2026-05-05T14:00:00Z`, for `datetime` attributes and scripts."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
