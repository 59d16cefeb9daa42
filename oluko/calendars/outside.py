"""The calendars that a tutor keeps elsewhere, as their owner sees them: add one, read it now, remove it.

An address is a secret of its owner's, and often the only lock of that calendar: once saved it is shown to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.busy_elsewhere import LEASE, sum_up, the_outside, words_for
from oluko.calendars.claims import SECONDS, lock_people
from oluko.calendars.models import Availability, OutsideCalendar
from oluko.calendars.tasks import read_calendar_of
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oluko.core.outside import Unreadable, check_address

MOST_CALENDARS = 5
MOST_NAME, MOST_ADDRESS = 60, 2000


@dataclass(frozen=True)
class Told:
    """A calendar elsewhere for its owner: `times` busy times ahead; `error` in words, empty where all is well."""

    id: int
    name: str
    masked: str
    read_at: datetime | None
    next_read_at: datetime
    times: int
    error: str
    being_read: bool


def calendars_told(person: Person, asked: datetime | None = None) -> list[Told]:
    """The person's calendars elsewhere, oldest first. `asked` is when reading was asked for on this page, if it was."""
    past = int(clock.now().timestamp()) // SECONDS
    return [
        Told(
            id=each.pk,
            name=each.name,
            masked=masked(each.address),
            read_at=each.read_at,
            next_read_at=each.next_read_at,
            times=sum(end > past for _first, end in each.busy),
            error=words_for(each.error) if each.error else "",
            being_read=_being_read(each, asked),
        )
        for each in OutsideCalendar.objects.filter(person=person).order_by("pk")
    ]


@transaction.atomic(durable=True)
def add_calendar(person: Person, *, name: str, address: str) -> OutsideCalendar:
    """Add a calendar by its ICS address; a job reads it at once.

    Raises NotAllowed for people who do not teach, Invalid by field, Conflict for the sixth.
    """
    _check_teaches(person)
    name, address = _checked(name, address)
    lock_people(person.pk)
    there = set(OutsideCalendar.objects.filter(person=person).values_list("address", flat=True))
    if address in there:
        raise _bad({"address": _("This calendar is here already.")})
    if len(there) >= MOST_CALENDARS:
        most = {"most": MOST_CALENDARS}
        raise Conflict("too_many_calendars", _("At most %(most)d calendars; remove one first.") % most)
    now = timezone.now()
    calendar = OutsideCalendar.objects.create(
        person=person, name=name, address=address, created_at=now, next_read_at=now + LEASE
    )
    read_calendar_of.enqueue(str(calendar.pk))
    return calendar


@transaction.atomic(durable=True)
def remove_calendar(person: Person, calendar_id: int) -> OutsideCalendar:
    """Forget a calendar of the person's, and free the times that it alone kept. Raises NotAllowed, NotFound."""
    calendar = get_calendar(person, calendar_id)
    Availability.objects.select_for_update().filter(person=person).first()
    OutsideCalendar.objects.filter(pk=calendar.pk).delete()
    sum_up(person.pk)
    return calendar


@transaction.atomic(durable=True)
def read_now(person: Person, calendar_id: int) -> OutsideCalendar:
    """Have a job read a calendar of the person's now, whenever its turn is. Raises NotAllowed, NotFound."""
    calendar = get_calendar(person, calendar_id)
    calendar.next_read_at = timezone.now() + LEASE
    calendar.save(update_fields=["next_read_at"])
    read_calendar_of.enqueue(str(calendar.pk))
    return calendar


def get_calendar(person: Person, calendar_id: int) -> OutsideCalendar:
    """A calendar of the person's. Raises NotAllowed for people who do not teach, NotFound for another's."""
    _check_teaches(person)
    calendar = OutsideCalendar.objects.filter(person=person, pk=calendar_id).first()
    if calendar is None:
        raise NotFound("no_such_calendar", _("There is no such calendar."))
    return calendar


def masked(address: str) -> str:
    """An address as it may be shown: where it leads, and enough of its end to tell two apart."""
    parts = urlsplit(address)
    end = f"{parts.path}{parts.query}".removesuffix(".ics").rstrip("/")
    return f"{parts.hostname}/…{end.rpartition('/')[2][-4:]}"


def _being_read(calendar: OutsideCalendar, asked: datetime | None) -> bool:
    """Never read yet, or still under the lease that the asking has taken."""
    if calendar.read_at is None and not calendar.failures:
        return True
    return asked is not None and calendar.next_read_at <= asked + LEASE


def _check_teaches(person: Person) -> None:
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors have times that can be booked."))


def _checked(name: str, address: str) -> tuple[str, str]:
    errors = {}
    name = " ".join(name.split())
    if not 1 <= len(name) <= MOST_NAME:
        errors["name"] = _("Give it a name of at most 60 characters.")
    try:
        if len(address) > MOST_ADDRESS:
            raise Unreadable("bad_address")
        address = str(check_address(address, the_outside()))
    except Unreadable as problem:
        errors["address"] = words_for(problem.code)
    if errors:
        raise _bad(errors)
    return name, address


def _bad(errors: dict[str, str]) -> Invalid:
    return Invalid("bad_calendar", _("This calendar cannot be added."), errors=errors)
