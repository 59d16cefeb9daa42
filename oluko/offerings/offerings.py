"""Creating, editing and withdrawing what a tutor lists."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.errors import Invalid, NotAllowed, NotFound
from oluko.core.meeting_links import LONGEST, check_link
from oluko.courses.models import Course
from oluko.offerings.models import (
    DURATIONS,
    HIGHEST_PRICE,
    LOWEST_PRICE,
    BookingMode,
    CancellationPolicy,
    Offering,
)

SHORTEST_TITLE, LONGEST_TITLE, LONGEST_DESCRIPTION = 3, 120, 4000
# The states in which a booking still holds time (domain.md); the room of bookings stands below this one.
_LIVE_BOOKING = Q(bookings__status__in=["PENDING_MENTOR_REVIEW", "SCHEDULED", "IN_PROGRESS"])


@transaction.atomic(durable=True)
def create_offering(
    tutor: Person,
    *,
    title: str,
    description: str = "",
    duration: int,
    price: int,
    course_id: UUID | None = None,
    booking_mode: str = BookingMode.INSTANT,
    cancellation_policy: str = CancellationPolicy.MODERATE,
    meeting_link: str = "",
) -> Offering:
    """List an offering; `duration` in minutes, `price` in minor units (kobo); `meeting_link` for sessions elsewhere.

    Raises NotAllowed for people who do not teach, NotFound for a course that the tutor neither teaches nor
    created, Invalid with one message per field.
    """
    if not tutor.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors can list offerings."))
    facts = _check(
        {
            "title": title,
            "description": description,
            "duration": duration,
            "price": price,
            "booking_mode": booking_mode,
            "cancellation_policy": cancellation_policy,
            "meeting_link": meeting_link,
        }
    )
    _check_course(tutor, course_id)
    return Offering.objects.create(tutor=tutor, course_id=course_id, created_at=clock.now(), **facts)


@transaction.atomic(durable=True)
def update_offering(tutor: Person, offering_id: UUID, **changes: object) -> Offering:
    """Change what is given (the arguments of `create_offering`), keep the rest; bookings keep what they bought.

    Raises NotFound for an offering that is not the tutor's or is withdrawn; otherwise as `create_offering`.
    """
    offering = get_own_offering(tutor, offering_id)
    facts = _check({name: value for name, value in changes.items() if name != "course_id"})
    if "course_id" in changes:
        # Keeping the link to a course that has since been given to somebody else is no change.
        if changes["course_id"] != offering.course_id:
            _check_course(tutor, changes["course_id"])
        facts["course_id"] = changes["course_id"]
    rows = Offering.objects.filter(pk=offering.pk, withdrawn_at__isnull=True)
    if facts and not rows.update(**facts, updated_at=clock.now()):
        raise _no_such_offering()
    return get_own_offering(tutor, offering_id)


@transaction.atomic(durable=True)
def withdraw_offering(tutor: Person, offering_id: UUID) -> None:
    """Take an offering off the marketplace for good; its bookings are untouched. Raises NotFound if not the tutor's."""
    rows = Offering.objects.filter(pk=offering_id, tutor=tutor, withdrawn_at__isnull=True)
    if not rows.update(withdrawn_at=clock.now()):
        raise _no_such_offering()


def offerings_of(tutor: Person) -> list[Offering]:
    """What the tutor lists now, the newest first, each with `course` and the number of its `live_bookings`."""
    return list(_own(tutor).order_by("-created_at", "-id"))


def get_own_offering(tutor: Person, offering_id: UUID) -> Offering:
    """One of the tutor's own listed offerings, with `course` and `live_bookings`; raises NotFound."""
    offering: Offering | None = _own(tutor).filter(pk=offering_id).first()
    if offering is None:
        raise _no_such_offering()
    return offering


def get_live_offering(offering_id: UUID) -> Offering:
    """An offering that anyone can see and book, with tutor, profile and course; raises NotFound."""
    offering = (
        Offering.objects.select_related("tutor__tutor_profile", "course")
        .filter(
            pk=offering_id,
            withdrawn_at__isnull=True,
            tutor__is_active=True,
            tutor__role__in=[Person.Role.TUTOR, Person.Role.MENTOR],
        )
        .first()
    )
    if offering is None:
        raise _no_such_offering()
    return offering


def clean_line(value: object, shortest: int, longest: int) -> str:
    """One line of a person's text, trimmed; raises Invalid for control characters and outside the lengths."""
    text = clean_text(value, longest)
    if "\n" in text or "\t" in text:
        raise _bad(_("Use one line without control characters."))
    if len(text) < shortest:
        raise _bad(_("Use at least %(shortest)d characters.") % {"shortest": shortest})
    return text


def clean_text(value: object, longest: int) -> str:
    """A person's text, trimmed, lines ending in a line feed; raises Invalid for control characters and if too long."""
    if not isinstance(value, str):
        raise _bad(_("Give this as text."))
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    # Cc: NUL, which PostgreSQL cannot store, and its kind. Cs: half a character, which UTF-8 cannot carry.
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise _bad(_("Control characters cannot be used here."))
    if len(text) > longest:
        raise _bad(_("Use at most %(longest)d characters.") % {"longest": longest})
    return text


def _own(tutor: Person) -> QuerySet[Any]:
    return (
        Offering.objects.filter(tutor=tutor, withdrawn_at__isnull=True)
        .select_related("tutor__tutor_profile", "course")
        .annotate(live_bookings=Count("bookings", filter=_LIVE_BOOKING))
    )


def _check(facts: Mapping[str, object]) -> dict[str, Any]:
    """Every fact as its field wants it; raises one Invalid with all that is wrong."""
    checked: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in facts.items():
        wire, read = _FIELDS[name]
        try:
            checked[name] = read(value)
        except Invalid as problem:
            errors[wire] = problem.message
    if errors:
        raise Invalid("bad_offering", _("Some of this cannot be used."), errors=errors)
    return checked


def _check_course(tutor: Person, course_id: object) -> None:
    if course_id is None:
        return
    own = Q(tutor=tutor) | Q(creator=tutor)
    if not isinstance(course_id, UUID) or not Course.objects.filter(own, pk=course_id).exists():
        raise NotFound("no_such_course", _("There is no such course among those that you teach or created."))


def _title(value: object) -> str:
    return clean_line(value, SHORTEST_TITLE, LONGEST_TITLE)


def _description(value: object) -> str:
    return clean_text(value, LONGEST_DESCRIPTION)


def _duration(value: object) -> int:
    if type(value) is not int or value not in DURATIONS:
        raise _bad(_("Choose 30, 45, 60, 90, 120 or 180 minutes."))
    return value


def _price(value: object) -> int:
    if type(value) is not int or not LOWEST_PRICE <= value <= HIGHEST_PRICE:
        raise _bad(_("A price is from ₦100 to ₦10,000,000."))
    return value


def _mode(value: object) -> BookingMode:
    if not isinstance(value, str) or value not in BookingMode.values:
        raise _bad(_("Choose INSTANT or REQUEST."))
    return BookingMode(value)


def _policy(value: object) -> CancellationPolicy:
    if not isinstance(value, str) or value not in CancellationPolicy.values:
        raise _bad(_("Choose FLEXIBLE, MODERATE or STRICT."))
    return CancellationPolicy(value)


def _meeting_link(value: object) -> str:
    text = clean_line(value, 0, LONGEST) if isinstance(value, str) else clean_text(value, LONGEST)
    return check_link(text) if text else ""


def _bad(message: str) -> Invalid:
    return Invalid("bad_offering", message)


def _no_such_offering() -> NotFound:
    return NotFound("no_such_offering", _("There is no such offering, or it is no longer offered."))


# A fact of an offering: its name on the wire, how it is read.
_FIELDS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "title": ("title", _title),
    "description": ("description", _description),
    "duration": ("duration", _duration),
    "price": ("price", _price),
    "booking_mode": ("bookingMode", _mode),
    "cancellation_policy": ("cancellationPolicy", _policy),
    "meeting_link": ("meetingLink", _meeting_link),
}
