"""What tutors' calendars elsewhere say: which is read when, what is kept of it, what it makes of the free times.

Reading happens in jobs, in real time. What a calendar said last counts until it is read again, also while it cannot
be; each reading, and each removal, sums the person's calendars up in `Availability.outside_busy`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from oluko.calendars.availability import availability_of
from oluko.calendars.claims import SECONDS
from oluko.calendars.ics_reader import merged
from oluko.calendars.models import Availability, OutsideCalendar
from oluko.calendars.reading import Ranges, Window, read_calendar
from oluko.core import clock
from oluko.core.outside import Outside, Unreadable
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.notifications import notify

EVERY = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=6)
# A job that was lost is asked for again after so long.
LEASE = timedelta(minutes=10)
TELL_AFTER = timedelta(hours=24)
BEYOND_HORIZON = timedelta(days=7)

UNREAD = Telling(
    Group.SESSIONS,
    gettext_lazy("Your calendar “%(name)s” cannot be read"),
    gettext_lazy("%(why)s What it said last keeps those times free of bookings until it can be read again."),
)
know({"calendar_unread": UNREAD})

WORDS = {
    "bad_address": gettext_lazy("This is not an address."),
    "not_https": gettext_lazy("The address must begin with https:// or webcal://."),
    "has_password": gettext_lazy("The address must not contain a name or password."),
    "other_port": gettext_lazy("The address must not name a port."),
    "no_such_host": gettext_lazy("Its server is not known."),
    "not_public": gettext_lazy("Its server is not on the public internet."),
    "unreachable": gettext_lazy("Its server cannot be reached."),
    "bad_certificate": gettext_lazy("Its server’s certificate is not valid."),
    "too_slow": gettext_lazy("Its server takes too long."),
    "refused": gettext_lazy("Its server knows no calendar at this address; it may have been renewed."),
    "server_error": gettext_lazy("Its server has a problem."),
    "too_many_redirects": gettext_lazy("Its server keeps sending us elsewhere."),
    "too_big": gettext_lazy("It is larger than 2 MB."),
    "too_much": gettext_lazy("It repeats too much to be worked out."),
    "not_a_calendar": gettext_lazy("What is there is not a calendar."),
}


def the_outside() -> Outside:
    """The public internet, and in sandbox mode the sandbox's calendars."""
    return Outside(sandbox=f"{settings.OLUKO_SANDBOX_URL}/calendars/" if settings.OLUKO_SANDBOX else "")


def words_for(code: str) -> str:
    """What is wrong with a calendar, for its owner."""
    return str(WORDS.get(code, WORDS["unreachable"]))


def take_due(limit: int = 200) -> list[int]:
    """The calendars to be read now, each taken by one caller only. Call inside a transaction."""
    now = timezone.now()
    due = OutsideCalendar.objects.filter(next_read_at__lte=now, person__is_active=True).order_by("next_read_at")
    return [
        pk
        for pk, as_read in due.values_list("pk", "next_read_at")[:limit]
        if OutsideCalendar.objects.filter(pk=pk, next_read_at=as_read).update(next_read_at=now + LEASE)
    ]


def read_outside(calendar_id: int, outside: Outside) -> None:
    """Read one calendar and write down what came of it; does nothing where it is gone."""
    calendar = OutsideCalendar.objects.select_related("person").filter(pk=calendar_id).first()
    if calendar is None:
        return
    availability = availability_of(calendar.person)
    now = clock.now()
    end = now + timedelta(days=availability.horizon_days) + BEYOND_HORIZON
    window = Window(now, end, availability.time_zone, urlsplit(settings.OLUKO_BASE_URL).hostname or "")
    # An answer "as before" is of use only while the same stretch of time is asked about.
    stretch = _stretch(now, availability)
    known = calendar.etag.removeprefix(stretch) if calendar.etag.startswith(stretch) else ""
    try:
        read = read_calendar(calendar.address, window, etag=known, outside=outside)
    except Unreadable as problem:
        _failed(calendar, problem.code)
        return
    _succeeded(calendar, read.busy, f"{stretch}{read.etag}" if read.etag else "")


def sum_up(person_id: UUID) -> None:
    """Write what all of a person's calendars say into the row that free times are made of.

    Call inside a transaction that has locked the row, so that two readings at once follow one another.
    """
    past = int(clock.now().timestamp()) // SECONDS
    every = OutsideCalendar.objects.filter(person_id=person_id).values_list("busy", flat=True)
    ahead = [(first, end) for busy in every for first, end in busy if end > past]
    Availability.objects.filter(person_id=person_id).update(outside_busy=merged(ahead))


@transaction.atomic(durable=True)
def _succeeded(calendar: OutsideCalendar, busy: Ranges | None, etag: str) -> None:
    Availability.objects.get_or_create(person_id=calendar.person_id, defaults={"time_zone": calendar.person.time_zone})
    Availability.objects.select_for_update().get(person_id=calendar.person_id)
    now = timezone.now()
    told = {} if busy is None else {"busy": busy}
    OutsideCalendar.objects.filter(pk=calendar.pk).update(
        read_at=now, next_read_at=now + EVERY, error="", failures=0, etag=etag, **told
    )
    sum_up(calendar.person_id)


@transaction.atomic(durable=True)
def _failed(calendar: OutsideCalendar, code: str) -> None:
    """What it said last stays; later and later it is tried again; after a day its owner is told, once."""
    now = timezone.now()
    pause = min(EVERY * 2 ** min(calendar.failures, 10), LONGEST_PAUSE)
    here = OutsideCalendar.objects.filter(pk=calendar.pk)
    still_there = here.update(error=code, failures=F("failures") + 1, next_read_at=now + pause)
    since = calendar.read_at or calendar.created_at
    if still_there and now - since >= TELL_AFTER:
        notify(
            calendar.person,
            "calendar_unread",
            event=f"calendar_unread:{calendar.pk}:{int(since.timestamp())}",
            title=str(UNREAD.title) % {"name": calendar.name},
            body=str(UNREAD.body) % {"why": words_for(code)},
            url=reverse("my_calendar"),
        )


def _stretch(now: datetime, availability: Availability) -> str:
    facts = f"{now:%Y-%m-%d} {availability.time_zone} {availability.horizon_days}"
    return f"{hashlib.sha256(facts.encode()).hexdigest()[:12]} "
