"""Payments whose charges are told at the same moment: one transaction, and each as if it had come alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult
from psycopg.errors import DeadlockDetected

from oluko.accounts.models import Person
from oluko.bookings import wording
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking
from oluko.calendars.models import Claim
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account, AuditEntry, Transfer
from oluko.ledger.transfers import Posting, account, post
from oluko.ledger.wallets import wallet_of
from oluko.meetings.models import Meeting
from oluko.notifications.models import Delivery, Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments import finalize
from oluko.payments.finalize import Told, apply_charges
from oluko.payments.models import Payment, Refund, ReviewItem
from tests.cast import make_offering
from tests.paying import charge_for
from tests.payments.conftest import Attempts

pytestmark = pytest.mark.django_db


def told(payment: Payment, **facts: object) -> Told:
    return Told(payment.reference, charge_for(payment, **facts), f"request-{payment.reference}"[:40])


def paid(payment: Payment) -> str:
    return Booking.objects.get(pk=payment.booking_id).payment_status


def test_all_that_is_told_at_once_is_paid_once_and_the_books_agree(attempts: Attempts, tunde: Person) -> None:
    payments = attempts(7)
    assert apply_charges([told(each) for each in payments]) == [True] * 7
    assert apply_charges([told(each) for each in payments]) == [False] * 7
    assert {paid(each) for each in payments} == {"PAID"}
    assert set(Payment.objects.values_list("status", "fee", "paystack_id", "channel", "outcome")) == {
        ("PAID", 175_00, "4099260516", "card", "Successful")
    }
    assert Counter(Transfer.objects.values_list("kind", flat=True)) == {
        "charge_tutor": 7,
        "charge_platform": 7,
        "fee": 7,
    }
    assert wallet_of(tunde).pending == 7 * 3_500_00
    assert Meeting.objects.count() == 7
    assert Notification.objects.filter(kind="paid").count() == 14
    assert not Claim.objects.filter(expires_at__isnull=False).exists()
    assert violations() == []


def test_each_keeps_what_is_its_own(attempts: Attempts) -> None:
    payments = attempts(4)
    apply_charges([told(each, fee=100 + place, channel=f"way{place}") for place, each in enumerate(payments)])
    for place, payment in enumerate(payments):
        payment.refresh_from_db()
        booking = Booking.objects.get(pk=payment.booking_id)
        assert (payment.fee, payment.channel) == (100 + place, f"way{place}")
        assert booking.meeting_url.endswith(f"/mentorship/session/{booking.pk}")
        assert booking.version == 1
        rows = Transfer.objects.filter(payment_reference=payment.reference)
        assert {row.booking_id for row in rows} == {booking.pk}
        assert rows.get(kind="fee").amount == 100 + place
        entry = AuditEntry.objects.get(subject="payment", subject_id=payment.reference)
        assert entry.request_id == f"request-{payment.reference}"[:40]
        people = Notification.objects.filter(booking_id=booking.pk, kind="paid").values_list("person_id", flat=True)
        assert set(people) == {booking.student_id, booking.tutor_id}
        opening = [row.args_kwargs for row in DBTaskResult.objects.filter(task_path__endswith="open_meeting")]
        mails = set(Delivery.objects.filter(notification__booking_id=booking.pk).values_list("pk", flat=True))
        sending = [row.args_kwargs for row in DBTaskResult.objects.filter(task_path__endswith="deliver_these")]
        assert mails == {pk for row in sending if row["request_id"] == entry.request_id for pk in row["args"][0]}
        assert [row["request_id"] for row in opening if row["args"] == [str(booking.pk)]] == [entry.request_id]


def test_number_of_statements_does_not_grow_with_what_comes_together(attempts: Attempts) -> None:
    apply_charges([told(each) for each in attempts(2)])  # accounts are opened, addresses are known
    counts = []
    for number, first in ((2, 2), (6, 4)):
        payments = attempts(number, first)
        with CaptureQueriesContext(connection) as queries:
            assert apply_charges([told(each) for each in payments]) == [True] * number
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_what_is_not_usual_among_them_goes_its_own_way(
    attempts: Attempts, tunde: Person, bola: Person, offering: Offering, frozen: Callable[[datetime], datetime]
) -> None:
    first = attempts(1)[0]
    frozen(Booking.objects.get(pk=first.booking_id).created_at + timedelta(minutes=16))
    assert lapse_due() == 1  # its time is still free: the money revives it
    declined, wrong, foreign, usual, again = attempts(5, 1)
    gone = attempts(1, 6)[0]
    frozen(Booking.objects.get(pk=gone.booking_id).created_at + timedelta(minutes=16))
    at = Booking.objects.get(pk=gone.booking_id).scheduled_at
    book(bola, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)
    unknown = Told("olk-nobodys", charge_for(usual, reference="olk-nobodys"), "r")
    outcomes = apply_charges(
        [
            told(first),
            told(declined, status="failed"),
            told(wrong, amount=4_999_00),
            told(usual),
            told(gone),
            told(foreign, domain="live"),
            unknown,
            told(again),
            told(again),
        ]
    )
    assert outcomes == [True, True, True, True, True, True, True, True, False]
    statuses = [paid(each) for each in (first, declined, wrong, usual, foreign, again)]
    assert statuses == ["PAID", "PENDING", "PENDING", "PAID", "PENDING", "PAID"]
    assert Refund.objects.get().payment_id == gone.pk
    assert set(ReviewItem.objects.values_list("kind", flat=True)) == {"AMOUNT", "DOMAIN", "UNKNOWN_REFERENCE"}
    assert wallet_of(tunde).pending == 3 * 3_500_00
    assert violations() == []


def test_one_that_cannot_be_booked_does_not_keep_the_others(attempts: Attempts, tunde: Person) -> None:
    payments = attempts(4)
    broken = payments[2]
    # Its event stands in the books already, which must never be: the database refuses it.
    held, due = account(Account.Kind.PAYSTACK_CLEARING, "NGN"), account(Account.Kind.REFUNDS_DUE, "NGN")
    at = Booking.objects.get(pk=broken.booking_id).created_at
    post([Posting("charge_tutor", held, due, 1, f"charge:{broken.reference}:tutor")], at=at)
    outcomes = apply_charges([told(each) for each in payments])
    assert [outcome is True for outcome in outcomes] == [True, True, False, True]
    assert isinstance(outcomes[2], IntegrityError)
    assert [paid(each) for each in payments] == ["PAID", "PAID", "PENDING", "PAID"]
    assert Payment.objects.get(pk=broken.pk).status == "PENDING"
    assert wallet_of(tunde).pending == 3 * 3_500_00


def test_database_that_is_away_is_said_to_all_and_nothing_is_lost(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = attempts(3)
    with monkeypatch.context() as patch:
        patch.setattr(finalize, "_fulfil", _away)
        with pytest.raises(OperationalError):
            apply_charges([told(each) for each in payments])
    assert {paid(each) for each in payments} == {"PENDING"}
    assert apply_charges([told(each) for each in payments]) == [True] * 3


def _away(_paid: object) -> None:
    raise OperationalError("the server closed the connection")


def test_booking_that_changed_since_its_words_were_put_together_is_told_as_it_is(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, unchanged = attempts(2)
    compose = wording.compose_both
    later = Booking.objects.get(pk=changed.booking_id).scheduled_at + timedelta(days=7)

    def compose_while_it_moves(booking: Booking, event: str) -> object:
        words = compose(booking, event)
        Booking.objects.filter(pk=changed.booking_id, version=0).update(
            version=1, scheduled_at=later, ends_at=later + timedelta(hours=1)
        )
        return words

    monkeypatch.setattr(finalize, "compose_both", compose_while_it_moves)
    assert apply_charges([told(each) for each in (changed, unchanged)]) == [True, True]
    assert {row.about_at for row in Notification.objects.filter(kind="paid", booking_id=changed.booking_id)} == {later}
    assert [paid(each) for each in (changed, unchanged)] == ["PAID", "PAID"]


def test_session_that_began_while_its_payment_waited_for_its_turn_is_not_paid(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch, frozen: Callable[[datetime], datetime]
) -> None:
    late, ahead = attempts(2)
    start = Booking.objects.get(pk=late.booking_id).scheduled_at
    compose = wording.compose_both

    def compose_until_it_begins(booking: Booking, event: str) -> object:
        words = compose(booking, event)
        if booking.pk == ahead.booking_id:
            frozen(start + timedelta(seconds=1))
        return words

    monkeypatch.setattr(finalize, "compose_both", compose_until_it_begins)
    assert apply_charges([told(each) for each in (late, ahead)]) == [True, True]
    assert Booking.objects.get(pk=late.booking_id).status == "CANCELLED"
    assert Refund.objects.get().payment_id == late.pk
    assert paid(ahead) == "PAID"


def test_words_that_cannot_be_put_together_keep_only_their_own(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, bad, last = attempts(3)
    compose = wording.compose_both

    def compose_but_one(booking: Booking, event: str) -> object:
        if booking.pk == bad.booking_id:
            raise LookupError("no such zone")
        return compose(booking, event)

    monkeypatch.setattr(finalize, "compose_both", compose_but_one)
    outcomes = apply_charges([told(each) for each in (first, bad, last)])
    assert [type(outcome) for outcome in outcomes] == [bool, LookupError, bool]
    assert [paid(each) for each in (first, bad, last)] == ["PAID", "PENDING", "PAID"]


@pytest.mark.django_db(transaction=True)
def test_booking_that_moves_while_a_deadlock_is_tried_again_is_told_as_it_is(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = attempts(1)[0]
    fulfil, victims = finalize._fulfil, iter([True])
    later = Booking.objects.get(pk=payment.booking_id).scheduled_at + timedelta(days=7)

    def fall_victim_once(due: object) -> None:
        if next(victims, False):
            raise OperationalError("deadlock detected") from DeadlockDetected()
        fulfil(due)

    def move(_seconds: float) -> None:
        Booking.objects.filter(pk=payment.booking_id).update(
            version=1, scheduled_at=later, ends_at=later + timedelta(hours=1)
        )

    monkeypatch.setattr(finalize, "_fulfil", fall_victim_once)
    monkeypatch.setattr("oluko.core.database.time.sleep", move)
    assert apply_charges([told(payment)]) == [True]
    assert {row.about_at for row in Notification.objects.filter(kind="paid")} == {later}
    assert Booking.objects.get(pk=payment.booking_id).version == 2


def test_standing_links_and_the_room_go_together(attempts: Attempts, tunde: Person) -> None:
    elsewhere = make_offering(tunde, title="Held elsewhere", meeting_link="https://meet.google.com/abc-defg-hij")
    payments = [*attempts(2), *attempts(2, 2, elsewhere)]
    assert apply_charges([told(each) for each in payments]) == [True] * 4
    urls = [Booking.objects.get(pk=each.booking_id).meeting_url for each in payments]
    assert ["meet.google.com" in url for url in urls] == [False, False, True, True]
    states = [Meeting.objects.get(pk=each.booking_id).state for each in payments]
    assert states[2:] == ["PASTED", "PASTED"]
    opened = DBTaskResult.objects.filter(task_path__endswith="open_meeting")
    wanted = {
        str(each.booking_id) for each in payments[:2] if Meeting.objects.get(pk=each.booking_id).state == "WANTED"
    }
    assert {row.args_kwargs["args"][0] for row in opened} == wanted
