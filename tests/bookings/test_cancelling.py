"""What a cancellation gives back, by policy, person and time; and the postings that follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oluko.accounts.models import Person
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.models import Booking
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict, NotFound
from oluko.ledger.models import Account
from oluko.offerings.models import CancellationPolicy
from oluko.payments.cancellations import cancel_booking
from oluko.payments.models import Refund
from oluko.payments.release import release_due
from tests.paying import pay

START = datetime(2026, 5, 5, 14, tzinfo=UTC)
type Take = Callable[..., Booking]


def a_booking(policy: str, price: int = 5_000_00, payment_status: str = "PAID") -> Booking:
    return Booking(
        price=price,
        currency="NGN",
        tutor_share_bps=7000,
        cancellation_policy=policy,
        scheduled_at=START,
        payment_status=payment_status,
    )


@pytest.mark.parametrize(
    ("policy", "hours", "refund"),
    [
        ("FLEXIBLE", 2, 5_000_00),
        ("FLEXIBLE", 1.99, 0),
        ("MODERATE", 24, 5_000_00),
        ("MODERATE", 23.99, 2_500_00),
        ("MODERATE", 2, 2_500_00),
        ("MODERATE", 1.99, 0),
        ("STRICT", 72, 5_000_00),
        ("STRICT", 71.99, 2_500_00),
        ("STRICT", 24, 2_500_00),
        ("STRICT", 23.99, 0),
    ],
)
def test_student_gets_back_what_the_policy_says(policy: str, hours: float, refund: int) -> None:
    assert refund_terms(a_booking(policy), Who.STUDENT, START - timedelta(hours=hours)).refund == refund


@given(
    price=st.integers(100_00, 10_000_000_00),
    policy=st.sampled_from(CancellationPolicy.values),
    minutes=st.integers(-600, 10_000),
    who=st.sampled_from(Who),
)
def test_parts_always_add_up_to_the_price_and_time_never_gives_more_back(
    price: int, policy: str, minutes: int, who: Who
) -> None:
    booking, now = a_booking(policy, price), START - timedelta(minutes=minutes)
    terms = refund_terms(booking, who, now)
    assert terms.refund + terms.tutor_keeps + terms.platform_keeps == price
    assert min(terms.refund, terms.tutor_keeps, terms.platform_keeps) >= 0
    later = [refund for _at, refund in terms.changes_at]
    assert later == sorted(later, reverse=True)
    assert all(at > now and refund < terms.refund for at, refund in terms.changes_at[:1])
    if who == Who.TUTOR:
        assert terms.refund == price


def test_nothing_comes_back_where_nothing_was_paid() -> None:
    terms = refund_terms(a_booking("FLEXIBLE", payment_status="PENDING"), Who.TUTOR, START)
    assert (terms.refund, terms.tutor_keeps, terms.platform_keeps) == (0, 0, 0)


def balances() -> dict[str, int]:
    return {row.kind: row.balance for row in Account.objects.all() if row.balance}


@pytest.mark.django_db
def test_tutor_cancels_and_all_of_it_is_due_to_the_student(ada: Person, tunde: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    outcome = cancel_booking(tunde, booking.pk, reason="I am ill")
    assert (outcome.refund, outcome.booking.status, outcome.booking.cancel_reason) == (
        5_000_00,
        "CANCELLED",
        "BY_TUTOR",
    )
    assert balances() == {"PAYSTACK_CLEARING": 4_825_00, "PAYSTACK_FEES": 175_00, "REFUNDS_DUE": 5_000_00}
    assert Refund.objects.get().amount == 5_000_00
    assert not Claim.objects.exists()


@pytest.mark.django_db
def test_half_back_leaves_the_other_half_split_and_released_a_day_later(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at - timedelta(hours=3))
    assert cancel_booking(ada, booking.pk).refund == 2_500_00
    assert balances()["TUTOR_PENDING"] == 1_750_00
    assert balances()["PLATFORM_PENDING"] == 750_00
    frozen.advance(timedelta(hours=24))
    assert release_due() == 1
    assert balances()["TUTOR_AVAILABLE"] == 1_750_00
    assert balances()["PLATFORM_REVENUE"] == 750_00


@pytest.mark.django_db
def test_unpaid_time_is_given_back_without_any_money(ada: Person, bola: Person, hold: Take) -> None:
    assert cancel_booking(ada, hold(ada).pk).refund == 0
    assert balances() == {}
    assert hold(bola).status == "SCHEDULED"


@pytest.mark.django_db
def test_cancelling_twice_is_a_conflict_and_refunds_once(ada: Person, tunde: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    cancel_booking(tunde, booking.pk)
    with pytest.raises(Conflict):
        cancel_booking(ada, booking.pk)
    assert Refund.objects.count() == 1


@pytest.mark.django_db
def test_student_cannot_cancel_what_has_begun_but_the_tutor_can(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at)
    with pytest.raises(Conflict):
        cancel_booking(ada, booking.pk)
    assert cancel_booking(tunde, booking.pk).refund == 5_000_00


@pytest.mark.django_db
def test_stranger_finds_nothing_to_cancel(ada: Person, zainab: Person, hold: Take) -> None:
    with pytest.raises(NotFound):
        cancel_booking(zainab, hold(ada).pk)


@pytest.mark.django_db
def test_operator_cancels_in_the_students_favour(ada: Person, admin: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    outcome = cancel_booking(admin, booking.pk)
    assert (outcome.refund, outcome.booking.cancel_reason) == (5_000_00, "BY_OPERATOR")
