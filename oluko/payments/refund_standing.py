"""Where a refund stands, in the words of its student, its tutor or an operator. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.cancellations import kept_parts
from oluko.bookings.models import Booking
from oluko.core import money
from oluko.payments.models import Refund
from oluko.payments.polled import version_of

Status, Cause = Refund.Status, Refund.Cause
# What a reader calls the one who gets the money.
_YOU, _STUDENT = "you", "student"


@dataclass(frozen=True)
class Step:
    """One station of the way back. `state`: done, now, stuck or ahead; `at` is real time, where it has happened."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Standing:
    """A refund as one person reads it: a chip, why it came about, the way it takes."""

    style: str
    sign: str
    headline: str
    why: str
    steps: tuple[Step, ...]
    done: bool


def refund_standings(booking: Booking, reader: Person) -> list[Standing]:
    """Every refund of a booking, oldest first. One query."""
    refunds = Refund.objects.filter(payment__booking_id=booking.pk).order_by("created_at", "id")
    return [_standing(refund, booking, reader) for refund in refunds]


def shown_refunds(booking: Booking, reader: Person) -> dict[str, Any]:
    """What the part of a page about a booking's refunds shows, and the tag that names it."""
    standings = refund_standings(booking, reader)
    return {
        "booking": booking,
        "standings": standings,
        "under_way": any(not standing.done for standing in standings),
        "version": version_of(standings),
    }


def refund_lines(bookings: Iterable[Booking]) -> dict[UUID, str]:
    """For each of these bookings that has refunds one short line, as a list shows it. One query."""
    refunds = Refund.objects.filter(payment__booking_id__in=[booking.pk for booking in bookings])
    of_booking: dict[UUID, list[Refund]] = defaultdict(list)
    for refund in refunds.select_related("payment"):
        of_booking[refund.payment.booking_id].append(refund)
    return {booking_id: _line(found) for booking_id, found in of_booking.items()}


def _standing(refund: Refund, booking: Booking, reader: Person) -> Standing:
    sum_ = money.show(refund.amount, refund.currency)
    whose = _YOU if reader.pk == booking.student_id else _STUDENT
    style, sign, headline = _headline(refund, sum_, whose)
    steps = _steps(refund, reader, whose)
    return Standing(style, sign, headline, _why(refund, booking, reader), steps, refund.status == Status.PROCESSED)


def _headline(refund: Refund, sum_: str, whose: str) -> tuple[str, str, str]:
    if refund.status == Status.PROCESSED:
        return "ok", "✓", _("%(sum)s given back") % {"sum": sum_}
    if refund.status == Status.NEEDS_ATTENTION:
        return "warn", "!", _("%(sum)s: we are looking at it") % {"sum": sum_}
    words = _("%(sum)s on their way back to you") if whose == _YOU else _("%(sum)s on their way back to the student")
    return "wait", "◷", words % {"sum": sum_}


def _why(refund: Refund, booking: Booking, reader: Person) -> str:
    price = money.show(booking.price, booking.currency)
    kept = kept_parts(booking).tutor
    if refund.cause == Cause.CANCELLED and kept and reader.pk == booking.tutor_id:
        words = _("The session was cancelled; %(price)s had been paid. You keep %(kept)s.")
        return words % {"price": price, "kept": money.show(kept, booking.currency)}
    texts = {
        Cause.CANCELLED: _("The session was cancelled; %(price)s had been paid.") % {"price": price},
        Cause.TIME_LOST: _("The payment arrived when the time was no longer free."),
        Cause.PAID_TWICE: _("The session was paid a second time."),
        Cause.REVIEW: _("What arrived differed from what was due."),
        Cause.NO_SHOW: _("The tutor was not there."),
        Cause.PROBLEM: _("A problem with the session was reported."),
        Cause.GOODWILL: _("Oluko has decided to give it back."),
    }
    return texts[Cause(refund.cause)]


def _steps(refund: Refund, reader: Person, whose: str) -> tuple[Step, ...]:
    """Asked, sent to Paystack, on its way to the bank, back."""
    reached = _REACHED[Status(refund.status)]
    stuck = refund.status == Status.NEEDS_ATTENTION
    labels = (
        _("Refund asked for"),
        _("Sent to Paystack"),
        _("On its way to your bank") if whose == _YOU else _("On its way to the student's bank"),
        _("Back with you") if whose == _YOU else _("Back with the student"),
    )
    times = (refund.created_at, refund.sent_at, None, refund.settled_at)
    notes = ("", _sending_note(refund), _bank_note(refund, reader, whose), _back_note(refund, whose))
    return tuple(
        Step(label, _state(place, reached, stuck=stuck), at if place <= reached else None, note)
        for place, (label, at, note) in enumerate(zip(labels, times, notes, strict=True))
    )


# The last station that a refund has reached.
_REACHED = {
    Status.QUEUED: 0,
    Status.SENDING: 1,
    Status.PROCESSING: 2,
    Status.NEEDS_ATTENTION: 2,
    Status.PROCESSED: 3,
}


def _state(place: int, reached: int, *, stuck: bool) -> str:
    if place == reached and stuck:
        return "stuck"
    if place < reached or reached == 3:
        return "done"
    return "now" if place == reached else "ahead"


def _sending_note(refund: Refund) -> str:
    if refund.status == Status.SENDING:
        return _("Paystack has not confirmed it yet. We ask until it does, and never send it twice.")
    return ""


def _bank_note(refund: Refund, reader: Person, whose: str) -> str:
    if refund.status == Status.NEEDS_ATTENTION:
        words = _("It did not go through. Nothing is lost: we are looking at it, and write when it is sent again.")
        return f"{words} {_('Paystack said: %(answer)s') % {'answer': refund.outcome}}" if reader.is_operator else words
    if refund.status == Status.PROCESSING:
        return _("Your bank may take up to 10 working days.") if whose == _YOU else _("A bank may need some days.")
    return ""


def _back_note(refund: Refund, whose: str) -> str:
    if refund.status == Status.PROCESSED and whose == _YOU:
        return _("Paystack has paid it out. Some banks show it only after up to 10 working days.")
    return ""


def _line(refunds: list[Refund]) -> str:
    """The one that needs a word most: stuck, then under way, then done."""
    stuck = [refund for refund in refunds if refund.status == Status.NEEDS_ATTENTION]
    open_ = [refund for refund in refunds if refund.status != Status.PROCESSED]
    shown = stuck or open_ or refunds
    sum_ = money.show(sum(refund.amount for refund in shown), shown[0].currency)
    if stuck:
        return _("%(sum)s to go back: we are looking at it") % {"sum": sum_}
    return (_("%(sum)s on their way back") if open_ else _("%(sum)s given back")) % {"sum": sum_}
