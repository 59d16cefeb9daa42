"""What an operator decides about money in review: each way once, in the books, with an audit row."""

from __future__ import annotations

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.core.errors import Conflict, Invalid, NotFound, Unavailable
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.ledger.models import Account
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.paystack import SentRefund
from oluko.payments.refunds import follow_refunds, latest_of, record_answer, send_refund
from oluko.payments.reviews import Way, accept, get_item, preview, refund_arrived, send_again, settle_by_hand, ways_out
from oluko.payments.unmatched import review_unknown_reference
from tests.draining import drain
from tests.paying import attempt, charge_for, pay
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db


def balance(kind: str) -> int:
    row = Account.objects.filter(kind=kind, person_id=None).first()
    return row.balance if row else 0


@pytest.fixture
def held(ada: Person, offering: Offering, at) -> Booking:
    return book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)


@pytest.fixture
def short(held: Booking) -> ReviewItem:
    """₦4,999 came where ₦5,000 were due."""
    payment = attempt(held)
    apply_charge(payment.reference, charge_for(payment, amount=4_999_00))
    return ReviewItem.objects.get()


@pytest.fixture
def stuck(held: Booking, ada: Person) -> ReviewItem:
    """The refund of a cancelled booking that Paystack has refused."""
    booking = pay(held)
    cancel_booking(ada, booking.pk)
    refund = Refund.objects.get()
    record_answer(refund, SentRefund("77", "failed", refund.amount, ""))
    return ReviewItem.objects.get()


def audited(item: ReviewItem, operator: Person) -> list[str]:
    return [entry.to_state for entry in trail("review", str(item.pk)) if entry.actor_id == operator.pk]


def test_money_that_arrived_goes_back_whole(short: ReviewItem, held: Booking, admin: Person) -> None:
    assert ways_out(short) == [Way.REFUND]
    assert [(line.debit, line.credit, line.amount) for line in preview(short, Way.REFUND)] == [
        ("Money not applied", "Refunds due", 4_999_00),
        ("Refunds due", "Held at Paystack", 4_999_00),
    ]
    refund = refund_arrived(admin, short.pk, note="Asked to pay again")
    assert (refund.amount, refund.cause, refund.status) == (4_999_00, "REVIEW", "QUEUED")
    assert (balance("UNAPPLIED"), balance("REFUNDS_DUE")) == (0, 4_999_00)
    item = get_item(short.pk)
    assert (item.resolved_by_id, item.resolution) == (admin.pk, "Refund what arrived: Asked to pay again")
    assert audited(item, admin) == ["REFUND"]
    assert ways_out(item) == []
    with pytest.raises(Conflict):
        refund_arrived(admin, short.pk)
    assert violations() == []


def test_what_paystack_keeps_of_money_in_review_is_booked_once(short: ReviewItem, held: Booking, admin: Person) -> None:
    payment = Payment.objects.get()
    apply_charge(payment.reference, charge_for(payment, amount=4_999_00))
    assert (payment.status, payment.fee) == ("FAILED", 175_00)
    assert (balance("PAYSTACK_FEES"), balance("PAYSTACK_CLEARING")) == (175_00, 4_999_00 - 175_00)
    refund = refund_arrived(admin, short.pk)
    record_answer(refund, SentRefund("78", "processed", refund.amount, ""))
    assert (balance("PAYSTACK_FEES"), balance("PAYSTACK_CLEARING")) == (175_00, -175_00)
    assert violations() == []


@pytest.mark.parametrize("facts", [{"currency": "GHS"}, {"domain": "live"}])
def test_of_money_that_is_only_listed_no_fee_is_booked(held: Booking, facts: dict[str, str]) -> None:
    payment = attempt(held)
    apply_charge(payment.reference, charge_for(payment, **facts))
    payment.refresh_from_db()
    assert (payment.status, payment.fee, balance("PAYSTACK_CLEARING")) == ("FAILED", 0, 0)
    assert violations() == []


def test_money_sent_back_from_review_leaves_a_booking_that_another_payment_settled(
    short: ReviewItem, held: Booking, admin: Person
) -> None:
    payment = attempt(held, "olk-second")
    apply_charge(payment.reference, charge_for(payment))
    Booking.objects.filter(pk=held.pk).update(status="COMPLETED")
    refund = refund_arrived(admin, short.pk)
    record_answer(refund, SentRefund("78", "processed", refund.amount, ""))
    assert Booking.objects.get(pk=held.pk).payment_status == "PAID"
    assert (balance("UNAPPLIED"), balance("REFUNDS_DUE")) == (0, 0)


def test_rows_with_money_on_them_cannot_just_be_closed(short: ReviewItem, admin: Person) -> None:
    with pytest.raises(Conflict):
        accept(admin, short.pk, note="Never mind")
    assert get_item(short.pk).resolved_at is None
    assert trail("review", str(short.pk)) == []


def test_rows_without_money_are_closed_with_a_note(admin: Person) -> None:
    review_unknown_reference("olk-never", {"amount": 5})
    item = ReviewItem.objects.get()
    assert ways_out(item) == [Way.ACCEPT]
    assert preview(item, Way.ACCEPT) == []
    with pytest.raises(Invalid):
        accept(admin, item.pk, note="  ")
    accept(admin, item.pk, note="Another shop's")
    assert get_item(item.pk).resolution == "Close with a note: Another shop's"
    assert audited(item, admin) == ["ACCEPT"]
    with pytest.raises(Conflict):
        accept(admin, item.pk, note="Again")
    with pytest.raises(Conflict):
        refund_arrived(admin, item.pk)


def test_unknown_rows_are_not_found_and_long_notes_refused(short: ReviewItem, admin: Person) -> None:
    with pytest.raises(NotFound):
        accept(admin, 4711, note="x")
    with pytest.raises(Invalid):
        refund_arrived(admin, short.pk, note="x" * 251)


def test_refund_settled_by_hand_clears_the_debt_once(stuck: ReviewItem, held: Booking, admin: Person) -> None:
    assert ways_out(stuck) == [Way.SEND_AGAIN, Way.BY_HAND]
    assert [(line.debit, line.credit, line.amount) for line in preview(stuck, Way.BY_HAND)] == [
        ("Refunds due", "Held at Paystack", 5_000_00)
    ]
    before = balance("PAYSTACK_CLEARING")
    with pytest.raises(Invalid):
        settle_by_hand(admin, stuck.pk, note="")
    settle_by_hand(admin, stuck.pk, note="Bank transfer")
    refund = Refund.objects.get()
    assert (refund.status, refund.outcome) == ("PROCESSED", "By hand: Bank transfer")
    assert (balance("REFUNDS_DUE"), balance("PAYSTACK_CLEARING")) == (0, before - 5_000_00)
    assert Booking.objects.get(pk=held.pk).payment_status == "REFUNDED"
    assert [entry.to_state for entry in trail("refund", str(refund.pk))] == ["PROCESSING"]
    assert audited(stuck, admin) == ["BY_HAND"]
    with pytest.raises(Conflict):
        settle_by_hand(admin, stuck.pk, note="Bank transfer")
    assert violations() == []


def test_failed_refund_is_sent_again_when_paystack_has_none(
    ada: Person, admin: Person, check_out, sandbox: Sandbox
) -> None:
    item = paid_and_stuck(ada, check_out, sandbox)
    send_again(admin, item.pk)
    assert Refund.objects.get().status == "QUEUED"
    drain()
    assert settled()
    assert get_item(item.pk).resolution == "Send the refund again"
    assert balance("REFUNDS_DUE") == 0
    with pytest.raises(Conflict):
        send_again(admin, item.pk)


def test_refund_that_paystack_made_after_all_is_not_sent_again(
    ada: Person, admin: Person, check_out, sandbox: Sandbox
) -> None:
    item = paid_and_stuck(ada, check_out, sandbox, sent=True)
    send_again(admin, item.pk, note="It is there")
    refund = Refund.objects.get()
    assert refund.status in ("PROCESSING", "PROCESSED")
    assert settled()
    assert Refund.objects.get().attempts == 1


def test_nothing_is_sent_again_while_paystack_is_silent(stuck: ReviewItem, admin: Person, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "error"})
    with pytest.raises(Unavailable):
        send_again(admin, stuck.pk)
    assert Refund.objects.get().status == "NEEDS_ATTENTION"
    assert get_item(stuck.pk).resolved_at is None


def test_refund_that_fails_again_opens_its_row_again(ada: Person, admin: Person, check_out, sandbox: Sandbox) -> None:
    item = paid_and_stuck(ada, check_out, sandbox)
    send_again(admin, item.pk)
    Refund.objects.update(status="SENDING")
    record_answer(Refund.objects.get(), SentRefund("79", "failed", 1, ""))
    assert (get_item(item.pk).resolved_at, get_item(item.pk).resolution) == (None, "")


def test_one_that_failed_counts_only_while_none_was_sent_after_it(stuck: ReviewItem) -> None:
    refund = Refund.objects.get()
    note = f"oluko-refund {refund.pk}"
    failed, fresh = SentRefund("1", "failed", 5, note), SentRefund("2", "pending", 5, note)
    assert latest_of(refund, [failed, fresh]) == latest_of(refund, [fresh, failed]) == fresh
    assert latest_of(refund, [failed, SentRefund("3", "processed", 5, "another's")]) == failed
    assert latest_of(refund, []) is None


def paid_and_stuck(ada: Person, check_out, sandbox: Sandbox, *, sent: bool = False) -> ReviewItem:
    """A cancelled booking's refund that needs attention; `sent`: Paystack has taken it all the same."""
    from oluko.payments.reconcile import check_payment

    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url, "success")
    assert check_payment(checkout.reference)
    cancel_booking(ada, checkout.booking.pk)
    refund = Refund.objects.get()
    if sent:
        send_refund(refund.pk)
        Refund.objects.update(status="SENDING", paystack_id="", settled_at=None)
    record_answer(Refund.objects.get(), SentRefund("", "failed", refund.amount, ""))
    assert Payment.objects.get().status == "PAID"
    return ReviewItem.objects.get()


def settled() -> bool:
    import time

    for _ in range(50):
        follow_refunds()
        if Refund.objects.get().status == "PROCESSED":
            return True
        time.sleep(0.1)
    return False
