"""Payments that arrive after their hold has ended: the time is claimed again, or the money goes back; none is stuck."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Transfer
from oluko.meetings.moves import reschedule_session
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.again import take_again
from oluko.payments.arrivals import store_event
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import Checkout, begin_checkout
from oluko.payments.models import Payment, Refund
from oluko.payments.reconcile import check_payment, check_pending
from oluko.payments.refunds import follow_refunds
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.draining import drain
from tests.paying import pay
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)
# A time of its own for each case, so far apart that a case may also use the time beside it.
A_DAY, APART, BESIDE = 9, 150 * MINUTE, 75 * MINUTE
WITHIN = 60.0

type Meanwhile = Callable[[Checkout], None]


class World:
    """What happens between the end of a hold and its payment, case by case; True where the session comes about."""

    def __init__(self, tunde: Person, offering: Offering, elsewhere: Offering) -> None:
        self.tunde, self.offering, self.elsewhere = tunde, offering, elsewhere
        self.students = 0

    def student(self) -> Person:
        self.students += 1
        return make_person(f"Student{self.students} Late")

    def hold(self, student: Person, offering: Offering, at: Any) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)

    def nothing(self, late: Checkout) -> None:
        """Nobody wants the time."""

    def held_by_another(self, late: Checkout) -> None:
        self.hold(self.student(), self.offering, late.booking.scheduled_at)

    def paid_by_another(self, late: Checkout) -> None:
        pay(self.hold(self.student(), self.offering, late.booking.scheduled_at))

    def overlapped_by_another(self, late: Checkout) -> None:
        self.hold(self.student(), self.offering, late.booking.scheduled_at + 30 * MINUTE)

    def student_elsewhere(self, late: Checkout) -> None:
        pay(self.hold(late.booking.student, self.elsewhere, late.booking.scheduled_at))

    def taken_again(self, late: Checkout) -> None:
        take_again(late.booking.student, late.booking.pk)

    def day_full(self, late: Checkout) -> None:
        pay(self.hold(self.student(), self.offering, late.booking.scheduled_at + BESIDE))
        set_availability(self.tunde, daily_cap=1)

    def tutor_off(self, late: Checkout) -> None:
        day = late.booking.scheduled_at.date().isoformat()
        set_availability(self.tunde, exceptions=[{"date": day, "ranges": []}])

    def withdrawn(self, late: Checkout) -> None:
        Offering.objects.filter(pk=self.offering.pk).update(withdrawn_at=clock.now())

    def freed_again(self, late: Checkout) -> None:
        cancel_booking(self.tunde, self.hold(self.student(), self.offering, late.booking.scheduled_at).pk)

    def given_back(self, late: Checkout) -> None:
        """The student has given the time back before, while it was held."""

    def moved(self, late: Checkout) -> None:
        """Moved while it was held; somebody else has the time of before."""
        self.hold(self.student(), self.offering, late.booking.scheduled_at - 60 * MINUTE)

    def moved_and_taken(self, late: Checkout) -> None:
        self.hold(self.student(), self.offering, Booking.objects.get(pk=late.booking.pk).scheduled_at)

    def begun(self, late: Checkout) -> None:
        """The session would have begun by now."""


WINS = {
    "nothing": True,
    "held_by_another": False,
    "paid_by_another": False,
    "overlapped_by_another": False,
    "student_elsewhere": False,
    "taken_again": True,
    "day_full": True,
    "tutor_off": True,
    "withdrawn": True,
    "freed_again": True,
    "given_back": False,
    "moved": True,
    "moved_and_taken": False,
    "begun": False,
}


def test_late_payments_get_their_session_or_their_money_back(
    database_copy: Copy, tunde: Person, mei: Person, offering: Offering, sandbox: Sandbox, frozen: Any, scale: int
) -> None:
    """200 cases (a tenth: 20): each ends within 60 s of its payment, by a webhook or without one; none is stuck."""
    whole_week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    for tutor in (tunde, mei):
        set_availability(tutor, weekly=whole_week, slot_step_minutes=15, horizon_days=365, minimum_notice_hours=0)
    world = World(tunde, offering, make_offering(mei, title="Elsewhere"))
    slowest, ended = 0.0, Counter[str]()
    for number in range(20 * scale):
        name = list(WINS)[number % len(WINS)]
        began = one_case(world, name, number, sandbox, frozen)
        slowest = max(slowest, time.monotonic() - began)
        ended[name] += 1
        # Every case begins in the same world, on a day of its own.
        set_availability(tunde, daily_cap=None, exceptions=[])
        Offering.objects.update(withdrawn_at=None)
        clear_holds(frozen)
    assert slowest < WITHIN
    assert set(ended) == set(WINS)
    settle()
    assert_none_is_stuck()
    assert violations() == []


def one_case(world: World, name: str, number: int, sandbox: Sandbox, frozen: Any) -> float:
    """One payment that comes too late, and what must have come of it; the moment at which it was paid."""
    frozen(next_monday() + (number // A_DAY) * DAY - 2 * DAY)
    at = next_monday(0) + (number // A_DAY) * DAY + (number % A_DAY) * APART
    late = begin_checkout(world.student(), offering_id=world.offering.pk, booking_mode=BookingMode.INSTANT,
                          scheduled_at=at)  # fmt: skip
    if name.startswith("moved"):
        reschedule_session(late.booking.student, late.booking.pk, at + 60 * MINUTE)
        late = Checkout(Booking.objects.get(pk=late.booking.pk), late.reference, late.authorization_url)
    if name == "given_back":
        cancel_booking(late.booking.student, late.booking.pk)
    frozen.advance(16 * MINUTE)
    if name == "begun":
        frozen(at)
    # Some holds are swept before their money comes, some are found lapsed by it.
    if number % 2:
        lapse_due()
    getattr(world, name)(late)
    before = time.monotonic()
    sandbox.check_out(late.authorization_url or "", "success")
    bring_the_news(late, number)
    assert_ended(late, wins=WINS[name])
    return before


def bring_the_news(late: Checkout, number: int) -> None:
    """By a webhook that comes twice, by the return page, or by nobody, so that the sweep finds it."""
    reference = late.reference or ""
    if number % 3 == 0:
        for name in ("first", "again"):
            store_event("paystack", json.dumps({"event": "charge.success", "id": name,
                                                "data": {"reference": reference}}).encode())  # fmt: skip
        drain()
    elif number % 3 == 1:
        check_payment(reference)
    else:
        # As the sweep meets it 40 s after it had asked last, which leaves it 20 s.
        earlier = timezone.now() - timedelta(seconds=41)
        Payment.objects.filter(reference=reference).update(created_at=earlier, checked_at=earlier)
        check_pending()


def assert_ended(late: Checkout, *, wins: bool) -> None:
    booking = Booking.objects.get(pk=late.booking.pk)
    payment = Payment.objects.get(reference=late.reference)
    refunds = list(Refund.objects.filter(payment=payment))
    assert payment.status == "PAID"
    claims = Claim.objects.filter(booking_id=booking.pk)
    if wins:
        assert (booking.status, booking.payment_status, refunds) == ("SCHEDULED", "PAID", [])
        assert claims.exists()
        assert not claims.filter(expires_at__isnull=False).exists()
        told = Notification.objects.filter(kind="paid", booking_id=booking.pk)
        assert {row.person_id for row in told} == {booking.student_id, booking.tutor_id}
    else:
        assert booking.status == "CANCELLED"
        assert [(refund.amount, refund.cause) for refund in refunds] == [(payment.amount, "TIME_LOST")]
        assert not claims.exists()
        assert Notification.objects.filter(kind="time_lost", person=booking.student).count() == 1
        sending = DBTaskResult.objects.filter(
            task_path__endswith="send_refund_job", args_kwargs__args=[str(refunds[0].pk)]
        )
        assert sending.exists()


def clear_holds(frozen: Any) -> None:
    """What the others of a case held lapses, so that each case stands alone."""
    frozen.advance(16 * MINUTE)
    lapse_due()


def settle() -> None:
    """Send and follow every refund as the worker does; all are done well before a minute has passed."""
    began = time.monotonic()
    drain()
    while Refund.objects.exclude(status="PROCESSED").exists():
        assert time.monotonic() - began < WITHIN, list(Refund.objects.values("status", "outcome"))
        Refund.objects.update(asked_at=None)
        follow_refunds()
        time.sleep(0.05)


def assert_none_is_stuck() -> None:
    assert not Payment.objects.filter(status="PENDING", paid_at__isnull=False).exists()
    paid = Payment.objects.filter(status="PAID")
    for payment in paid.select_related("booking"):
        back = sum(refund.amount for refund in payment.refunds.all())
        assert back == payment.amount or (back, payment.booking.payment_status) == (0, "PAID")
    assert Transfer.objects.filter(kind="refunded").count() == Refund.objects.count()


def test_late_payment_and_another_booking_of_its_time_race_and_one_has_it(
    database_copy: Copy, tunde: Person, offering: Offering, sandbox: Sandbox, frozen: Any, scale: int
) -> None:
    """The money and another student come at once (50 races, a tenth: 5): either gets the time, the money is safe."""
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, horizon_days=365)
    for number in range(5 * scale):
        at = next_monday() + (number // 10) * WEEK + (number % 10) * 60 * MINUTE
        late, rival = make_person(f"Late{number} Paying"), make_person(f"Rival{number} Booking")
        terms = offered_terms(offering.pk)
        checkout = begin_checkout(late, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=at)
        frozen.advance(16 * MINUTE)
        sandbox.check_out(checkout.authorization_url or "", "success")

        def deed(index: int, c: Checkout = checkout, r: Person = rival, t: Any = terms, when: Any = at) -> object:
            if index == 0:
                return check_payment(c.reference or "")
            return book(r, t, mode=BookingMode.INSTANT, scheduled_at=when)

        _results, errors = run_threads(2, deed)
        assert {getattr(error, "code", error) for error in errors} <= {"time_taken"}
        won = Booking.objects.get(pk=checkout.booking.pk).payment_status == "PAID"
        assert won == (len(errors) == 1)
        assert Refund.objects.filter(payment__reference=checkout.reference).count() == (0 if won else 1)
    settle()
    assert violations() == []
