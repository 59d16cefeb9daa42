"""Money back before and after its release: to the kobo, never below zero, and what is lacking is owed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import clock, money
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, lock_balances, post
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.giving_back import (
    give_back_goodwill,
    parts_of,
    plan_give_back,
    preview_give_back,
)
from oluko.payments.models import Refund
from oluko.payments.paystack import SentRefund
from oluko.payments.refunds import record_answer
from oluko.payments.release import release_due
from tests.payments.over import balance, fresh, paid_ahead, platform, released, took_place, wallet

Kind = Account.Kind


def spend(tutor: Person, amount: int) -> None:
    """So much of the wallet is at the tutor's bank."""
    available, gone = account(Kind.TUTOR_AVAILABLE, "NGN", tutor.pk), account(Kind.PAYSTACK_CLEARING, "NGN")
    post([Posting("spent", available, gone, amount, f"spent:{uuid4()}")], at=clock.now())


@given(
    price=st.integers(1, 10_000_000_00),
    bps=st.integers(0, 10_000),
    wishes=st.lists(st.tuples(st.integers(1, 10_000_000_00), st.booleans(), st.integers(0, 10_000_000_00))),
)
def test_parts_add_up_to_the_kobo_whatever_the_sequence(
    price: int, bps: int, wishes: list[tuple[int, bool, int]]
) -> None:
    booking = Booking(price=price, currency="NGN", tutor_share_bps=bps)
    tutor, platform_ = money.split(price, bps)
    for amount, late, available in wishes:
        if late:
            booking.released_at = clock.now()
        left = booking.price - booking.given_back
        if amount > left:
            with pytest.raises(Invalid):
                plan_give_back(booking, amount, available)
            continue
        plan = plan_give_back(booking, amount, available)
        assert plan.tutor + plan.platform == amount
        assert min(plan.tutor, plan.platform, plan.owed, plan.from_wallet) >= 0
        assert plan.from_wallet <= available or not plan.late
        assert plan.owed == 0 or plan.from_wallet == available
        assert (plan.tutor, plan.platform) == parts_of(booking, amount)
        tutor, platform_ = tutor - plan.tutor, platform_ - plan.platform
        if plan.late:
            booking.refunded_late += amount
        else:
            booking.refunded += amount
        assert (tutor, platform_) == money.split(left - amount, bps)


@pytest.mark.django_db
def test_before_the_release_it_comes_out_of_pending(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = took_place(frozen, offering, ada)
    refund = give_back_goodwill(admin, booking.pk, 1_000_01, note="The line was bad")
    assert (refund.cause, refund.amount, refund.status) == ("GOODWILL", 1_000_01, "QUEUED")
    # 70 % of ₦3,999.99 is ₦2,799.993: the tutor keeps ₦2,799.99.
    assert wallet(tunde) == (2_799_99, 0, 0, 0)
    assert platform() == (1_200_00, 0, 0)
    assert (balance("REFUNDS_DUE"), fresh(booking).refunded, fresh(booking).refunded_late) == (1_000_01, 1_000_01, 0)
    assert violations() == []
    frozen.advance(timedelta(hours=25))
    assert release_due() == 1
    assert wallet(tunde) == (0, 2_799_99, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_after_the_release_it_comes_out_of_the_wallet_and_what_is_lacking_is_owed(
    frozen, offering: Offering, ada: Person, bola: Person, tunde: Person, admin: Person
) -> None:
    booking = released(frozen, offering, ada)
    spend(tunde, 1_500_00)
    plan = preview_give_back(booking, 5_000_00)
    assert (plan.tutor, plan.from_wallet, plan.owed, plan.platform) == (3_500_00, 2_000_00, 1_500_00, 1_500_00)
    give_back_goodwill(admin, booking.pk, 5_000_00, note="The tutor was never there")
    assert wallet(tunde) == (0, 0, 0, 1_500_00)
    assert platform() == (0, 0, 0)
    assert (fresh(booking).refunded, fresh(booking).refunded_late) == (0, 5_000_00)
    assert violations() == []
    # The next session of the tutor pays the debt before anything becomes available.
    released(frozen, offering, bola, hours=48)
    assert wallet(tunde) == (0, 2_000_00, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_the_platform_may_go_below_zero_and_a_wallet_never(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = released(frozen, offering, ada)
    earned = account(Kind.PLATFORM_REVENUE, "NGN")
    post([Posting("rent", earned, account(Kind.PAYSTACK_CLEARING, "NGN"), 1_500_00, "rent")], at=clock.now())
    give_back_goodwill(admin, booking.pk, 5_000_00, note="All of it")
    assert platform() == (0, -1_500_00, 0)
    assert wallet(tunde) == (0, 0, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_it_may_be_given_back_in_parts_until_nothing_is_left(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = released(frozen, offering, ada)
    for amount in (1, 33_33, 4_966_66):
        give_back_goodwill(admin, booking.pk, amount, note="Again")
        assert violations() == []
    assert (wallet(tunde), platform()) == ((0, 0, 0, 0), (0, 0, 0))
    with pytest.raises(Conflict):
        give_back_goodwill(admin, booking.pk, 1, note="More")
    for refund in Refund.objects.order_by("created_at"):
        record_answer(refund, SentRefund(f"7{refund.amount}", "processed", refund.amount, ""))
    assert fresh(booking).payment_status == "REFUNDED"
    assert violations() == []


@pytest.mark.django_db
def test_a_part_given_back_leaves_the_session_paid(frozen, offering: Offering, ada: Person, admin: Person) -> None:
    booking = released(frozen, offering, ada)
    refund = give_back_goodwill(admin, booking.pk, 500_00, note="A late start")
    record_answer(refund, SentRefund("70", "processed", refund.amount, ""))
    assert fresh(booking).payment_status == "PAID"
    assert violations() == []


@pytest.mark.django_db
def test_what_a_cancellation_kept_can_be_given_back_too(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    Offering.objects.filter(pk=offering.pk).update(cancellation_policy="STRICT")
    offering.refresh_from_db()
    booking = paid_ahead(frozen, offering, ada)
    frozen.advance(timedelta(days=1))
    assert cancel_booking(ada, booking.pk).refund == 2_500_00
    give_back_goodwill(admin, booking.pk, 2_500_00, note="She was ill")
    assert (wallet(tunde), platform()) == ((0, 0, 0, 0), (0, 0, 0))
    assert violations() == []


@pytest.mark.django_db
def test_refused_without_reason_without_money_and_before_the_end(
    frozen, offering: Offering, ada: Person, admin: Person, zainab: Person
) -> None:
    ahead = paid_ahead(frozen, offering, ada, hours=3)
    with pytest.raises(Conflict):
        give_back_goodwill(admin, ahead.pk, 100, note="Too early")
    booking = took_place(frozen, offering, ada)
    for amount, note in ((0, "x"), (-5, "x"), (5_000_01, "x"), (100, "  "), (100, "x" * 1001)):
        with pytest.raises(Invalid):
            give_back_goodwill(admin, booking.pk, amount, note=note)
    with pytest.raises(NotFound):
        give_back_goodwill(admin, zainab.pk, 100, note="x")
    assert not Refund.objects.exists()
    assert violations() == []


@pytest.mark.django_db
def test_both_are_told_and_the_audit_trail_has_it(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = released(frozen, offering, ada)
    give_back_goodwill(admin, booking.pk, 1_000_00, note="100 % our fault")
    told = {row.person_id: (row.title, row.body) for row in Notification.objects.filter(kind__startswith="given_back")}
    assert told[ada.pk][0] == "₦1,000 go back to you"
    assert "₦700" in told[tunde.pk][1]
    assert all("100 % our fault" in body for _title, body in told.values())
    entry = trail("booking", str(booking.pk))[-1]
    assert (entry.from_state, entry.to_state, entry.actor_id) == ("given back ₦0", "given back ₦1,000", admin.pk)


@pytest.mark.django_db
def test_balances_are_told_in_the_order_asked(frozen, offering: Offering, ada: Person, tunde: Person) -> None:
    released(frozen, offering, ada)
    earned, available = account(Kind.PLATFORM_REVENUE, "NGN"), account(Kind.TUTOR_AVAILABLE, "NGN", tunde.pk)
    assert lock_balances(earned, available) == [1_500_00, 3_500_00]
    assert lock_balances(available, earned) == [3_500_00, 1_500_00]


def test_giving_back_twice_at_once_gives_no_more_than_was_paid(
    database_copy, frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, race: Callable
) -> None:
    booking = released(frozen, offering, ada)
    outcomes = race(4, lambda _n: give_back_goodwill(admin, booking.pk, 2_000_00, note="At once"))
    assert sorted(outcomes) == ["Invalid", "Invalid", "Refund", "Refund"]
    assert fresh(booking).refunded_late == 4_000_00
    assert wallet(tunde) == (0, 700_00, 0, 0)
    assert violations() == []
