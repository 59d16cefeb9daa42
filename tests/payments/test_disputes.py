"""A bank's claim on a payment: frozen while it is open, back when it is won, gone when it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.core.errors import Conflict
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Dispute, Refund, ReviewItem
from oluko.payments.paystack import SentRefund
from oluko.payments.problems import decide_problem, problem_of, report_problem
from oluko.payments.refunds import record_answer
from oluko.payments.release import release_due
from oluko.payments.reviews import refund_arrived
from tests.paying import attempt, charge_for
from tests.payments.over import (
    MONDAY,
    balance,
    bank_says,
    fresh,
    paid_ahead,
    payment_disputed,
    platform,
    released,
    took_place,
    wallet,
)
from tests.payments.test_giving_back import spend


@pytest.mark.django_db
def test_before_the_release_all_that_is_left_is_frozen_and_back_when_it_is_won(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    booking = took_place(frozen, offering, ada)
    say = bank_says(booking)
    assert say(2_000_00)
    assert (wallet(tunde), platform()) == ((0, 0, 3_500_00, 0), (0, 0, 1_500_00))
    assert violations() == []
    assert not say(2_000_00)
    assert say(2_000_00, status="awaiting-bank-feedback")
    frozen.advance(timedelta(days=3))
    assert release_due() == 0
    assert say(2_000_00, "declined")
    assert (wallet(tunde), platform()) == ((3_500_00, 0, 0, 0), (1_500_00, 0, 0))
    assert violations() == []
    # Its time had passed while it was frozen.
    assert release_due() == 1
    assert wallet(tunde) == (0, 3_500_00, 0, 0)
    assert not say(2_000_00, "auto-accepted")
    steps = [(entry.from_state, entry.to_state) for entry in trail("dispute", "2867401")]
    assert steps == [("", "AWAITING_US"), ("AWAITING_BANK", "WON")]
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.parametrize("resolution", ["merchant-accepted", "auto-accepted"])
def test_a_part_that_is_lost_before_the_release_goes_in_proportion(
    frozen, offering: Offering, ada: Person, tunde: Person, resolution: str
) -> None:
    booking = took_place(frozen, offering, ada)
    say = bank_says(booking)
    say(1_000_01)
    say(1_000_01, resolution)
    assert (wallet(tunde), platform()) == ((2_799_99, 0, 0, 0), (1_200_00, 0, 0))
    assert (fresh(booking).refunded, fresh(booking).payment_status) == (1_000_01, "PAID")
    assert balance("PAYSTACK_CLEARING") == 5_000_00 - 175_00 - 1_000_01
    assert violations() == []
    frozen.advance(timedelta(days=2))
    assert release_due() == 1
    assert violations() == []


@pytest.mark.django_db
def test_after_the_release_what_the_wallet_lacks_is_owed_only_when_it_is_lost(
    frozen, offering: Offering, ada: Person, bola: Person, tunde: Person
) -> None:
    booking = released(frozen, offering, ada)
    spend(tunde, 3_000_00)
    say = bank_says(booking)
    say()
    assert (wallet(tunde), platform()) == ((0, 0, 500_00, 0), (0, 0, 1_500_00))
    assert violations() == []
    say(0, "auto-accepted")
    assert (wallet(tunde), platform()) == ((0, 0, 0, 3_000_00), (0, 0, 0))
    after = fresh(booking)
    assert (after.refunded, after.refunded_late, after.payment_status) == (0, 5_000_00, "REFUNDED")
    assert violations() == []
    released(frozen, offering, bola, hours=48)
    assert wallet(tunde) == (0, 500_00, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_won_after_the_release_the_tutor_has_it_again(frozen, offering: Offering, ada: Person, tunde: Person) -> None:
    booking = released(frozen, offering, ada)
    say = bank_says(booking)
    say()
    assert wallet(tunde) == (0, 0, 3_500_00, 0)
    say(0, "declined")
    assert (wallet(tunde), platform()) == ((0, 3_500_00, 0, 0), (0, 1_500_00, 0))
    assert not fresh(booking).release_held
    assert violations() == []


@pytest.mark.django_db
def test_what_was_frozen_pays_a_debt_when_it_is_free(
    frozen, offering: Offering, ada: Person, bola: Person, tunde: Person, admin: Person
) -> None:
    first, second = released(frozen, offering, ada), released(frozen, offering, bola, hours=48)
    say = bank_says(first)
    say()
    spend(tunde, 3_500_00)
    give_back_goodwill(admin, second.pk, 5_000_00, note="Never took place")
    assert wallet(tunde) == (0, 0, 3_500_00, 3_500_00)
    say(0, "declined")
    assert wallet(tunde) == (0, 0, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_nothing_is_given_back_here_while_a_bank_decides(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    ahead, over = paid_ahead(frozen, offering, ada, hours=4), took_place(frozen, offering, ada)
    problem = report_problem(ada, over.pk, "It was short")
    for number, booking in enumerate((ahead, over)):
        bank_says(booking, number)()
    with pytest.raises(Conflict, match="bank"):
        cancel_booking(tunde, ahead.pk)
    with pytest.raises(Conflict):
        give_back_goodwill(admin, over.pk, 100, note="x")
    with pytest.raises(Conflict, match="bank"):
        decide_problem(admin, problem.pk, refund=0, note="x")
    assert violations() == []
    bank_says(over, 1)(0, "declined")
    assert fresh(over).release_held
    decide_problem(admin, problem.pk, refund=0, note="x")
    assert not fresh(over).release_held
    assert violations() == []


@pytest.mark.django_db
def test_a_session_ahead_whose_payment_is_gone_does_not_take_place(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    say = bank_says(booking)
    say()
    say(0, "merchant-accepted")
    after = fresh(booking)
    assert (after.status, after.cancel_reason, after.payment_status) == ("CANCELLED", "TAKEN_BY_BANK", "REFUNDED")
    assert violations() == []
    assert release_due() == 1
    assert violations() == []


@pytest.mark.django_db
def test_a_session_ahead_of_which_a_part_is_gone_gives_back_the_rest_when_cancelled(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    say = bank_says(booking)
    say(1_999_99)
    say(1_999_99, "auto-accepted")
    assert cancel_booking(ada, booking.pk).refund == 3_000_01
    assert (wallet(tunde), platform()) == ((0, 0, 0, 0), (0, 0, 0))
    assert violations() == []


@pytest.mark.django_db
def test_a_loss_settles_a_reported_problem_and_an_unmarked_session(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    frozen(booking.ends_at + timedelta(hours=1))
    report_problem(ada, booking.pk, "Nobody came")
    say = bank_says(booking)
    say()
    say(0, "auto-accepted")
    after, problem = fresh(booking), problem_of(booking)
    assert (after.status, after.payment_status, after.release_held) == ("COMPLETED", "REFUNDED", False)
    assert problem is not None
    assert problem.status == "REFUNDED"
    assert not ReviewItem.objects.filter(resolved_at=None).exists()
    assert violations() == []


@pytest.mark.django_db
def test_two_disputes_of_one_payment_share_what_is_frozen(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    for late in (False, True):
        booking = (released if late else took_place)(frozen, offering, ada, hours=48 * late)
        first, second = bank_says(booking, 10 + late), bank_says(booking, 20 + late)
        first(3_000_00)
        second(2_000_00)
        before = wallet(tunde)
        assert before[2] == 3_500_00
        assert violations() == []
        if late:
            second(2_000_00, "auto-accepted")
            assert violations() == []
            first(3_000_00, "declined")
        else:
            first(3_000_00, "declined")
            assert wallet(tunde)[2] == 3_500_00
            assert violations() == []
            second(2_000_00, "auto-accepted")
        assert wallet(tunde)[2] == 0
        assert fresh(booking).given_back == 2_000_00
        assert violations() == []


@pytest.mark.django_db
def test_money_that_waits_to_go_back_is_not_given_twice(frozen, offering: Offering, ada: Person, tunde: Person) -> None:
    booking = paid_ahead(frozen, offering, ada)
    cancel_booking(ada, booking.pk)
    refund = Refund.objects.get()
    say = bank_says(booking)
    say()
    say(0, "auto-accepted")
    refund.refresh_from_db()
    assert (refund.status, refund.outcome) == ("PROCESSED", "Taken by the bank")
    assert (balance("REFUNDS_DUE"), platform(), wallet(tunde)) == (0, (0, 0, 0), (0, 0, 0, 0))
    assert violations() == []


@pytest.mark.django_db
def test_what_was_given_back_and_is_taken_again_is_the_platforms_loss(
    frozen, offering: Offering, ada: Person, tunde: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    cancel_booking(ada, booking.pk)
    refund = Refund.objects.get()
    record_answer(refund, SentRefund("71", "processed", refund.amount, ""))
    say = bank_says(booking)
    say(2_000_00)
    say(2_000_00, "auto-accepted")
    assert platform() == (0, -2_000_00, 0)
    assert violations() == []


@pytest.mark.django_db
def test_money_in_review_that_the_bank_takes_is_not_applied_any_more(
    frozen, offering: Offering, ada: Person, sandbox
) -> None:
    second = attempt(paid_ahead(frozen, offering, ada), "olk-second")
    apply_charge(second.reference, charge_for(second, amount=4_000_00))
    assert balance("UNAPPLIED") == 4_000_00
    payment_disputed(second)(4_000_00, "auto-accepted")
    assert Dispute.objects.get().status == "LOST"
    assert (balance("UNAPPLIED"), platform()[1]) == (0, 0)
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.parametrize("taken", [4_000_00, 1_500_00])
def test_money_given_back_out_of_review_that_the_bank_takes_as_well_is_the_platforms_loss(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, sandbox, taken: int
) -> None:
    second = attempt(paid_ahead(frozen, offering, ada), "olk-second")
    apply_charge(second.reference, charge_for(second, amount=4_000_00))
    refund = refund_arrived(admin, ReviewItem.objects.get().pk)
    record_answer(refund, SentRefund("71", "processed", refund.amount, ""))
    held = balance("PAYSTACK_CLEARING")
    say = payment_disputed(second)
    say(taken)
    for _twice in range(2):
        say(taken, "auto-accepted")
    assert platform()[1] == -taken
    assert balance("PAYSTACK_CLEARING") == held - taken
    assert wallet(tunde) == (3_500_00, 0, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_money_in_review_is_not_given_back_while_a_bank_decides(
    frozen, offering: Offering, ada: Person, admin: Person, sandbox
) -> None:
    second = attempt(paid_ahead(frozen, offering, ada), "olk-second")
    apply_charge(second.reference, charge_for(second, amount=4_000_00))
    item, say = ReviewItem.objects.get(), payment_disputed(second)
    say(1_000_00)
    with pytest.raises(Conflict, match="bank"):
        refund_arrived(admin, item.pk)
    say(1_000_00, "auto-accepted")
    assert refund_arrived(admin, item.pk).amount == 3_000_00
    assert (balance("UNAPPLIED"), platform()[1]) == (0, 0)
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.parametrize("cause", ["PAID_TWICE", "TIME_LOST"])
def test_what_went_back_whole_and_is_taken_again_costs_the_tutor_nothing(
    frozen, offering: Offering, ada: Person, tunde: Person, cause: str
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    before = wallet(tunde)
    if cause == "TIME_LOST":
        cancel_booking(ada, booking.pk)
        before = wallet(tunde)
        booking = book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=MONDAY)
        frozen(MONDAY + timedelta(hours=2))
    payment = attempt(booking, "olk-second")
    apply_charge(payment.reference, charge_for(payment))
    refund = Refund.objects.get(payment=payment)
    assert refund.cause == cause
    record_answer(refund, SentRefund("72", "processed", refund.amount, ""))
    say = payment_disputed(payment)
    say()
    assert wallet(tunde) == before
    say(0, "merchant-accepted")
    assert (wallet(tunde), platform()[1]) == (before, -5_000_00)
    assert violations() == []


@pytest.mark.django_db
def test_operator_and_tutor_see_when_the_answer_is_due(frozen, offering: Offering, ada: Person, tunde: Person) -> None:
    booking = released(frozen, offering, ada)
    say = bank_says(booking)
    say()
    item, dispute = ReviewItem.objects.get(), Dispute.objects.get()
    assert (item.kind, item.payment_id, item.detail["dispute"]) == ("DISPUTE", dispute.payment_id, str(dispute.pk))
    assert item.detail["due"] == "2031-05-14T08:00:00.000Z"
    told = Notification.objects.get(kind="disputed")
    assert told.person_id == tunde.pk
    assert "14 May 2031, 09:00 (Lagos" in told.body
    say(0, "declined")
    item.refresh_from_db()
    assert item.resolution == "Decided for the tutor: declined"
    assert Notification.objects.filter(kind="dispute_won", person=tunde).count() == 1
