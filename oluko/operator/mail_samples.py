"""One made-up message of every kind that can be sent, for the gallery; nothing of it is in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings import wording
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.core import clock, money
from oluko.notifications.kinds import KINDS, Channel
from oluko.notifications.models import Delivery
from oluko.notifications.notifications import Message
from oluko.offerings.models import BookingMode, CancellationPolicy

_ADA, _TUNDE, _BOOKING, _OFFERING = (UUID(int=number, version=4) for number in (1, 2, 3, 4))
_HOUR = timedelta(hours=1)
_WAITING = ("requested", "answer_day", "answer_soon")
_TO_PAY = ("approved", "pay_half", "pay_soon")
_TO_TUTOR = (
    *("requested", "request_lapsed_tutor", "answer_day", "answer_soon", "over_tutor", "proposal_declined"),
    *("given_back_tutor", "disputed", "dispute_won", "dispute_lost", "released", "problem_reported"),
)
# In what state a booking is when it is told of; paid and ahead otherwise.
_ENDED = {
    "rejected": Status.REJECTED,
    "request_lapsed": Status.REJECTED,
    "request_lapsed_tutor": Status.REJECTED,
    "hold_lapsed": Status.CANCELLED,
    "time_lost": Status.CANCELLED,
    "cancelled": Status.CANCELLED,
    "refund_due": Status.CANCELLED,
    "refunded": Status.CANCELLED,
    "completed": Status.COMPLETED,
    "released": Status.COMPLETED,
    "no_show": Status.NO_SHOW,
}
_OVER = ("over_student", "over_tutor", "completed", "released", "no_show")


def samples() -> Iterator[tuple[str, str, Delivery]]:
    """Kind, who gets it, and its mail's delivery, unsaved; kinds in the order of their groups."""
    for kind in sorted(KINDS, key=lambda name: (list(type(KINDS[name].group)).index(KINDS[name].group), name)):
        message = _of_booking(kind) if kind in wording.TEXTS else _plain(kind)
        notification = message.notification()
        notification.pk = 0
        yield kind, message.person.name, Delivery(pk=0, notification=notification, channel=Channel.MAIL)


def _of_booking(kind: str) -> Message:
    now = clock.now()
    booking = _booking(kind, now)
    return wording.compose(
        booking,
        booking.tutor if kind in _TO_TUTOR else booking.student,
        kind,
        amount=2_500_00,
        other_time=booking.scheduled_at - 26 * _HOUR if kind in ("moved", "proposal_declined") else None,
        why=_("Both had agreed on it."),
    )


def _booking(kind: str, now: datetime) -> Booking:
    start = now.replace(minute=0, second=0, microsecond=0) + (-2 if kind in _OVER else 50) * _HOUR
    status = _ENDED.get(kind, Status.PENDING_MENTOR_REVIEW if kind in _WAITING else Status.SCHEDULED)
    unpaid = kind in (*_WAITING, *_TO_PAY) or status == Status.REJECTED
    return Booking(
        id=_BOOKING,
        offering_id=_OFFERING,
        tutor=_person(_TUNDE, "Túndé Bákàrè", "Africa/Lagos"),
        student=_person(_ADA, "Ada Obi", "Europe/London"),
        title=_("React help"),
        duration=60,
        price=5_000_00,
        currency="NGN",
        cancellation_policy=CancellationPolicy.MODERATE,
        booking_mode=BookingMode.REQUEST,
        status=status,
        payment_status=PaymentStatus.PENDING if unpaid else PaymentStatus.PAID,
        scheduled_at=start,
        ends_at=start + _HOUR,
        approval_deadline=now + 24 * _HOUR,
        pay_by=now + 12 * _HOUR,
        approval_notes=_("Gladly. Bring the component that troubles you."),
        proposed_at=start + 24 * _HOUR if kind == "proposed" else None,
        created_at=now,
    )


def _plain(kind: str) -> Message:
    """What is told of something else than a booking, with everything that such texts may name."""
    told = KINDS[kind]
    facts = {
        "amount": money.show(40_000_00, "NGN"),
        "bank": "GTBank …6789",
        "account": "GTBank …6789",
        "held": _("Nothing is paid out for 24 hours."),
        "why": _("Its server cannot be reached.") if kind == "calendar_unread" else _("The bank did not take it."),
        "title": _("React help"),
        "course": _("React Foundations"),
        "name": _("Work"),
        "other": "Ada Obi",
        "excerpt": _("Shall we look at the router first?"),
    }
    return Message(
        _person(_TUNDE, "Túndé Bákàrè", "Africa/Lagos"),
        kind,
        event=f"{kind}:sample",
        title=str(told.title) % facts,
        body=(str(told.body) % facts).strip(),
        subject=str(told.subject) % facts,
        url=reverse("notifications"),
    )


def _person(pk: UUID, name: str, zone: str) -> Person:
    return Person(id=pk, name=name, email=f"{name.split()[0].lower()}@example.com", time_zone=zone)
