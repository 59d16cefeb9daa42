"""Approve, reject, cancel, expire and pay at the same moment: one of them happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking
from oluko.bookings.requests import approve_request, reject_request
from oluko.calendars.claims import quarters
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict
from oluko.ledger.audit import trail
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, Refund
from tests.databases import Copy
from tests.paying import attempt, charge_for
from tests.racing import run_threads
from tests.times import next_monday


def attempted(deeds: list[Callable[[], object]]) -> list[str]:
    """Do all at once; for each what came of it. Anything but success or Conflict fails the test."""

    def one(number: int) -> str:
        try:
            deeds[number]()
        except Conflict:
            return "conflict"
        return "done"

    results, errors = run_threads(len(deeds), one)
    assert errors == []
    return results


def test_one_answer_to_a_request_and_409_to_the_losers(
    database_copy: Copy, ada: Person, tunde: Person, offering: Offering, scale: int
) -> None:
    """500 races (a tenth: 50) of approve, reject and cancel: one way out of waiting, one audit row for it."""
    terms = offered_terms(offering.pk)
    for _ in range(50 * scale):
        booking = book(ada, terms, mode=BookingMode.REQUEST, scheduled_at=next_monday())
        outcome = attempted(
            [
                partial(approve_request, tunde, booking.pk),
                partial(reject_request, tunde, booking.pk, reason="No"),
                partial(cancel_booking, ada, booking.pk),
            ]
        )
        entries = trail("booking", str(booking.pk))[1:]
        ways_out = [entry for entry in entries if entry.from_state == "PENDING_MENTOR_REVIEW"]
        assert len(ways_out) == 1
        # An approved request may be cancelled a moment later; every other pair excludes each other.
        assert outcome.count("done") == len(entries)
        final = Booking.objects.get(pk=booking.pk)
        if final.status == "SCHEDULED":
            cancel_booking(ada, booking.pk)
        assert not Claim.objects.filter(booking_id=booking.pk).exists()


def test_deadline_and_answer_at_the_same_moment_leave_one_state(
    database_copy: Copy, ada: Person, tunde: Person, offering: Offering, scale: int
) -> None:
    terms = offered_terms(offering.pk)
    for _ in range(10 * scale):
        booking = book(ada, terms, mode=BookingMode.REQUEST, scheduled_at=next_monday())
        Booking.objects.filter(pk=booking.pk).update(approval_deadline=booking.created_at)
        outcome = attempted([partial(approve_request, tunde, booking.pk), lapse_due, lapse_due])
        assert outcome[0] == "conflict"
        assert [entry.to_state for entry in trail("booking", str(booking.pk))] == ["PENDING_MENTOR_REVIEW", "REJECTED"]


def test_payment_and_end_of_the_hold_at_the_same_moment_never_lose_the_money(
    database_copy: Copy, ada: Person, offering: Offering, scale: int
) -> None:
    """200 cases (a tenth: 20): the session is paid, or the money is on its way back; the time follows."""
    terms = offered_terms(offering.pk)
    for _ in range(20 * scale):
        booking = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday())
        payment = attempt(booking)
        Booking.objects.filter(pk=booking.pk).update(pay_by=booking.created_at)
        attempted([partial(apply_charge, payment.reference, charge_for(payment)), lapse_due])
        final = Booking.objects.get(pk=booking.pk)
        assert (final.status, final.payment_status) == ("SCHEDULED", "PAID")
        assert Claim.objects.filter(booking_id=booking.pk, expires_at=None).count() == 8
        cancel_booking(ada, booking.pk)


def test_payment_and_cancellation_at_the_same_moment_never_lose_the_money(
    database_copy: Copy, ada: Person, offering: Offering, scale: int
) -> None:
    terms = offered_terms(offering.pk)
    for _ in range(10 * scale):
        booking = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday())
        payment = attempt(booking)
        attempted(
            [partial(apply_charge, payment.reference, charge_for(payment)), partial(cancel_booking, ada, booking.pk)]
        )
        payment.refresh_from_db()
        assert payment.status == Payment.Status.PAID
        assert Booking.objects.get(pk=booking.pk).status == "CANCELLED"
        assert Refund.objects.get(payment=payment).amount == payment.amount


def test_lapsed_hold_is_taken_over_by_one_of_many(
    database_copy: Copy, ada: Person, bola: Person, zainab: Person, offering: Offering
) -> None:
    terms, at = offered_terms(offering.pk), next_monday()
    old = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=at)
    past = old.created_at - timedelta(minutes=1)
    Booking.objects.filter(pk=old.pk).update(pay_by=past)
    Claim.objects.filter(booking_id=old.pk).update(expires_at=past)
    people = [bola, zainab] * 4
    outcome = attempted([partial(book, person, terms, mode=BookingMode.INSTANT, scheduled_at=at) for person in people])
    assert outcome.count("done") == 4  # The winner's four clicks are one booking.
    holders = set(
        Claim.objects.filter(person_id=offering.tutor_id, quarter__in=quarters(at, 60)).values_list(
            "booking_id", flat=True
        )
    )
    assert len(holders) == 1
    assert Booking.objects.get(pk=old.pk).status == "CANCELLED"
