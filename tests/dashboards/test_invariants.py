"""`oluko check-ledger` says that all is well when it is, and names whatever is made false behind the rules' back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.core.database import snapshot
from oluko.dashboards.invariants import sums, violations
from oluko.ledger.migrations import _immutable
from oluko.ledger.models import Account
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment
from oluko.payments.release import release_due
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.paying import attempt, charge_for, pay
from tests.payments.over import bank_says

MONDAY = datetime(2031, 5, 5, 8, tzinfo=UTC)


@pytest.fixture
def lives(frozen, ada: Person, bola: Person, offering: Offering, mei: Person) -> dict[str, Booking]:
    """A paid session ahead, one that is over and released, a cancelled one, an unpaid hold with money in review."""
    frozen(MONDAY - timedelta(days=3))

    def taken(student: Person, hours: int) -> Booking:
        at = MONDAY + timedelta(hours=hours)
        return book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)

    over, cancelled, hold = pay(taken(ada, 0)), pay(taken(ada, 2)), taken(bola, 4)
    ahead = pay(taken(bola, 48))
    cancel_booking(ada, cancelled.pk)
    payment = attempt(hold, "olk-review")
    apply_charge(payment.reference, charge_for(payment, amount=4_999_00))
    frozen(MONDAY + timedelta(hours=1, minutes=1))
    mark_session(offering.tutor, over.pk, Status.COMPLETED)
    frozen(MONDAY + timedelta(hours=26))
    assert release_due() == 2
    return {"over": over, "cancelled": cancelled, "hold": hold, "ahead": ahead}


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount, sql


def checked() -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("check-ledger", stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


@pytest.mark.django_db
def test_all_is_well(lives: dict[str, Booking]) -> None:
    text, code = checked()
    assert (code, text.count("\n")) == (0, 1), text
    assert text.startswith("ok held=")
    assert sums() == {
        "held": 15_000_00 + 4_999_00 - 4 * 175_00,
        "fees": 4 * 175_00,
        "tutors_pending": 3_500_00,
        "tutors_available": 3_500_00,
        "tutors_on_the_way": 0,
        "tutors_held": 0,
        "tutors_owe": 0,
        "platform_pending": 1_500_00,
        "platform_held": 0,
        "platform_earned": 1_500_00,
        "refunds_due": 5_000_00,
        "unapplied": 4_999_00,
        "transfers": 3 * 3 + 2 + 2 + 2,
    }


@pytest.mark.django_db
def test_an_empty_database_is_well() -> None:
    assert violations() == []


BREAKS = {
    "a cached balance": (
        "UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'PLATFORM_REVENUE'",
        ["balance of account", "PLATFORM_REVENUE", "books of NGN do not balance"],
    ),
    "a transfer's amount": (
        "UPDATE ledger_transfer SET amount = amount + 1 WHERE kind = 'release_tutor'",
        ["balance of account", "350001 and 150000 released"],
    ),
    "a transfer that is gone": (
        "DELETE FROM ledger_transfer WHERE kind = 'fee'",
        ["fee 17500 as 0", "PAYSTACK_FEES"],
    ),
    "a transfer's currency": (
        "UPDATE ledger_transfer SET currency = 'GHS' WHERE kind = 'refund_tutor'",
        ["of GHS between accounts of NGN and NGN"],
    ),
    "a posting of another kind": (
        "UPDATE ledger_transfer SET kind = 'charge_to_refund' WHERE kind = 'charge_platform'",
        ["as 350000 split and 150000 sent back"],
    ),
    "a payment that was never paid": (
        "UPDATE payments_payment SET status = 'FAILED' WHERE status = 'PAID'",
        ["no payment of that reference is paid"],
    ),
    "a payment's amount": (
        "UPDATE payments_payment SET amount = 400000 WHERE status = 'PAID'",
        ["of 400000 is posted as 500000 split"],
    ),
    "the share of a booking": (
        "UPDATE bookings_booking SET tutor_share_bps = 6000 WHERE status = 'SCHEDULED'",
        ["is posted as 500000 split", "has 350000 and 150000 pending"],
    ),
    "a booking that nobody paid": (
        "UPDATE bookings_booking SET payment_status = 'PAID' WHERE payment_status = 'PENDING'",
        ["and PAID, and 0 payments fulfil it", "would lapse"],
    ),
    "a paid booking that is not": (
        "UPDATE bookings_booking SET payment_status = 'PENDING' WHERE status = 'SCHEDULED'",
        ["SCHEDULED and PENDING, and 1 payments fulfil it"],
    ),
    "money that was not released": (
        "UPDATE bookings_booking SET released_at = scheduled_at WHERE status = 'SCHEDULED'",
        ["has 350000 and 150000 pending, 0 and 0 frozen, 0 and 0 released"],
    ),
    "money that is said to be frozen": (
        "UPDATE bookings_booking SET release_held = (1 = 1) WHERE status = 'SCHEDULED'",
        ["is held, and nothing open holds it"],
    ),
    "money given back after the release": (
        "UPDATE bookings_booking SET refunded_late = 1 WHERE released_at IS NOT NULL AND refunded = 0",
        ["0 given back before its release and 1 after", "350000 and 150000 in all"],
    ),
    "a refund's amount": (
        "UPDATE payments_refund SET amount = amount - 1",
        ["owes 500000 and has paid back 0; its refunds are 499999", "refunds due in NGN are 500000"],
    ),
    "a refund that was not paid back": (
        "UPDATE payments_refund SET status = 'PROCESSED'",
        ["of them done 500000", "refunds that are not done make 0"],
    ),
    "a review row that was closed over money": (
        "UPDATE payments_reviewitem SET resolved_at = created_at",
        ["499900 of olk-review is not applied"],
    ),
    "the fee of money in review": (
        "UPDATE payments_payment SET fee = 1 WHERE status = 'FAILED'",
        ["fee of olk-review, which was not applied, is 1, and posted as 17500"],
    ),
    "a claim that is gone": (
        "DELETE FROM calendars_claim WHERE id IN (SELECT max(id) FROM calendars_claim)",
        ["should hold 4 quarters of person", "holds 3"],
    ),
    "a claim somewhere else": (
        "UPDATE calendars_claim SET quarter = quarter + 400 WHERE id IN (SELECT max(id) FROM calendars_claim)",
        ["holds 4, or others"],
    ),
    "claims of a booking that is over": (
        "UPDATE bookings_booking SET status = 'COMPLETED' WHERE payment_status = 'PAID' AND status = 'SCHEDULED'",
        ["which is not live or not theirs"],
    ),
    "claims of a stranger": (
        """UPDATE calendars_claim SET person_id = (SELECT id FROM accounts_person WHERE name = 'Mei Chen')
        WHERE person_id = (SELECT id FROM accounts_person WHERE name = 'Bola Adeyemi')""",
        ["which is not live or not theirs", "and holds 0"],
    ),
    "claims of a paid booking with an end": (
        "UPDATE calendars_claim SET expires_at = (SELECT max(created_at) FROM bookings_booking)",
        ["claims of paid booking", "would lapse"],
    ),
    "another tutor's wallet": (
        """UPDATE ledger_account SET person_id = (SELECT id FROM accounts_person WHERE name = 'Mei Chen')
        WHERE kind = 'TUTOR_PENDING'""",
        ["lies in another tutor's wallet"],
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BREAKS)
def test_what_is_made_false_is_named(name: str, lives: dict[str, Booking]) -> None:
    sql, expected = BREAKS[name]
    _immutable.unprotect(connection)
    run(sql)
    _immutable.protect(connection)
    text, code = checked()
    assert code == 1
    assert [words for words in expected if words not in text] == [], text
    assert "trigger" not in text


@pytest.mark.django_db
def test_what_a_bank_took_and_nobody_booked_is_named(lives: dict[str, Booking]) -> None:
    for booking, number in ((lives["ahead"], 1), (lives["over"], 2), (lives["cancelled"], 3)):
        bank_says(booking, number)(0, "auto-accepted")
    assert violations() == []
    run("UPDATE payments_dispute SET amount = 400000")
    assert sum("banks have taken 400000 of" in line for line in violations()) == 3


@pytest.mark.django_db
def test_a_wallet_below_zero_is_named(lives: dict[str, Booking]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE ledger_account DROP CONSTRAINT no_wallet_below_zero")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
    try:
        run("UPDATE ledger_account SET balance = -5 WHERE kind = 'TUTOR_AVAILABLE'")
    finally:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert any("(TUTOR_AVAILABLE) is below zero: -5" in line for line in violations())


@pytest.mark.django_db
def test_missing_triggers_are_named() -> None:
    _immutable.unprotect(connection)
    found = violations()
    _immutable.protect(connection)
    assert len(found) == 4
    assert all(line.startswith("trigger ledger_") for line in found)


@pytest.mark.django_db
def test_many_of_a_kind_are_counted_not_listed(tunde: Person, lives: dict[str, Booking]) -> None:
    for number in range(30):
        student = make_person(f"S{number} Student")
        Booking.objects.create(
            tutor=tunde, student=student, offering=None, title="x", duration=60, price=5_000_00, currency="NGN",
            tutor_share_bps=7000, cancellation_policy="MODERATE", booking_mode="INSTANT", status="SCHEDULED",
            scheduled_at=MONDAY, ends_at=MONDAY, created_at=MONDAY,
        )  # fmt: skip
    found = [line for line in violations() if "quarters" in line or "more of these" in line]
    assert (len(found), found[-1]) == (21, "… and 40 more of these")


def test_checking_sees_one_moment_and_holds_up_no_writer(database_copy: Copy, tunde: Person) -> None:
    from tests.racing import run_threads

    with snapshot(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM offerings_offering")
        before = cursor.fetchone()
        _results, errors = run_threads(1, lambda _number: make_offering(tunde))
        cursor.execute("SELECT count(*) FROM offerings_offering")
        assert (errors, cursor.fetchone()) == ([], before)
    assert Offering.objects.count() == 1
    assert Account.objects.count() == Payment.objects.count() == 0
