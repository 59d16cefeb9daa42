"""What a comparison finds and what it leaves alone; beyond one page, at once with others, when Paystack fails it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core.errors import Conflict, Unavailable
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account
from oluko.ledger.wallets import wallet_of
from oluko.payments.disputes import check_disputes
from oluko.payments.models import Dispute, Payment, Refund, ReviewItem
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import send_refund
from oluko.payments.reviews import accept, refund_arrived
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import send_payout
from oluko.reconciliation.comparison import begin, carry_on, end_abandoned, start
from oluko.reconciliation.models import Run
from oluko.reconciliation.remedies import Remedy, apply_remedy, remedies_of
from tests.databases import Copy
from tests.draining import drain
from tests.racing import run_threads
from tests.reconciliation.world import World, finding_of, found, until

pytestmark = pytest.mark.django_db
NOT_PAID = "UPDATE transactions SET status = 'failed' WHERE reference = ?"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """We give up on an answer after a second, and ask again at once."""
    monkeypatch.setattr("oluko.payments.paystack.JOB_SECONDS", 1.0)
    monkeypatch.setattr("oluko.core.gateway.OPEN_SECONDS", 0.0)
    monkeypatch.setattr("oluko.core.gateway.QUEUE_SECONDS", 5.0)


def test_what_is_under_way_is_no_finding(world: World) -> None:
    world.attempt()
    world.sandbox.control(paystack={"mode": "transfer-pending", "times": 1})
    payout = request_payout(world.tutor, 2_000_00)
    send_payout(payout.pk)
    waiting = request_payout(world.tutor, 1_000_00)
    payment = world.paid()
    run = world.compare()
    assert (found(), run.found, run.error) == ({}, 0, "")
    assert Payout.objects.get(pk=waiting.pk).status == "QUEUED"
    assert Payment.objects.get(pk=payment.pk).status == "PAID"
    assert run.counts == {"disputes": 0, "refunds": 0, "payouts": 1, "payments": 1}


def test_lists_are_read_to_their_last_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oluko.payments.paystack.PAGE", "2")
    off = world.paid()
    world.at_paystack("UPDATE transactions SET fees = 1 WHERE reference = ?", off.reference)
    for _each in range(4):
        world.paid()
    run = world.compare()
    assert (run.counts["payments"], found()) == (5, {off.reference: "MISSING_FEE fee"})


def test_a_comparison_that_ends_early_says_so_and_closes_nothing(world: World) -> None:
    payment = world.paid()
    world.at_paystack(NOT_PAID, payment.reference)
    world.compare()
    world.at_paystack("UPDATE transactions SET status = 'success' WHERE reference = ?", payment.reference)
    run = begin(timezone.now() - timedelta(days=1), Run.Cause.COMMAND)
    for _page in range(3):
        carry_on(run.pk, seconds=0.000001)
    world.sandbox.control(paystack={"mode": "error"})
    run = carry_on(run.pk)
    assert (run.closed, run.finished_at is not None) == (0, True)
    assert run.error
    assert found() == {payment.reference: "BOOKED_NOT_PAID not_paid"}


def test_paystack_that_hangs_ends_a_comparison(world: World, impatient: None) -> None:
    world.sandbox.control(paystack={"mode": "timeout", "times": 1})
    run = world.compare()
    assert "in time" in run.error
    assert world.compare().error == ""


def test_comparisons_at_once_make_one_row_of_a_finding(
    database_copy: Copy, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What races is the inbox, not the gate to Paystack.
    monkeypatch.setattr("oluko.core.gateway.QUEUE_SECONDS", 10.0)
    references = [world.paid().reference for _each in range(3)]
    for reference in references:
        world.at_paystack(NOT_PAID, reference)
    runs, errors = run_threads(4, lambda _number: world.compare())
    assert errors == []
    assert [run.error for run in runs] == [""] * 4
    assert ReviewItem.objects.count() == 3
    assert sorted(found()) == sorted(references)


def test_a_second_press_finds_it_decided(database_copy: Copy, world: World, admin: Person) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET fees = 99900 WHERE reference = ?", payment.reference)
    world.compare()
    item = finding_of(payment.reference)

    def press(_number: int) -> str:
        try:
            apply_remedy(admin, item.pk, Remedy.BOOK_FEE)
        except Conflict:
            return "refused"
        return "done"

    outcomes, errors = run_threads(2, press)
    assert (sorted(outcomes), errors) == (["done", "refused"], [])
    assert Payment.objects.get(pk=payment.pk).fee == 999_00
    assert violations() == []
    with pytest.raises(Conflict):
        apply_remedy(admin, item.pk, Remedy.BOOK_FEE)


def test_a_remedy_looks_again_first(world: World, admin: Person) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET fees = 99900 WHERE reference = ?", payment.reference)
    world.compare()
    item = finding_of(payment.reference)
    world.at_paystack("UPDATE transactions SET fees = 88800 WHERE reference = ?", payment.reference)
    with pytest.raises(Conflict):
        apply_remedy(admin, item.pk, Remedy.BOOK_FEE)
    assert finding_of(payment.reference).detail["theirs"]["fee"] == 888_00
    world.sandbox.control(paystack={"mode": "error", "times": 1})
    with pytest.raises(Unavailable):
        apply_remedy(admin, item.pk, Remedy.BOOK_FEE)
    apply_remedy(admin, item.pk, Remedy.BOOK_FEE)
    assert Payment.objects.get(pk=payment.pk).fee == 888_00


def test_what_a_person_closed_stays_closed_until_its_facts_change(world: World, admin: Person) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET amount_paid = 480000 WHERE reference = ?", payment.reference)
    world.compare()
    accept(admin, finding_of(payment.reference).pk, note="Known")
    run = world.compare()
    assert (run.found, found()) == (0, {})
    world.at_paystack("UPDATE transactions SET amount_paid = 470000 WHERE reference = ?", payment.reference)
    world.compare()
    assert found() == {payment.reference: "AMOUNT amount"}
    assert ReviewItem.objects.count() == 1


def test_a_declined_attempt_that_was_paid_after_all_is_booked(world: World) -> None:
    payment = world.attempt()
    world.sandbox.check_out(payment.authorization_url, "failed")
    check_payment(payment.reference)
    assert Payment.objects.get(pk=payment.pk).status == "FAILED"
    world.sandbox.check_out(payment.authorization_url, "success")
    run = world.compare()
    assert (run.mended, run.found) == (1, 0)
    assert Payment.objects.get(pk=payment.pk).status == "PAID"


def test_money_in_another_amount_is_one_row_that_only_a_person_closes(world: World) -> None:
    payment = world.taken()
    world.at_paystack("UPDATE transactions SET amount_paid = 499900 WHERE reference = ?", payment.reference)
    for _again in range(2):
        run = world.compare()
        assert (run.found, run.closed) == (1, 0)
        assert list(found()) == [payment.reference]
    assert violations() == []


def test_the_fee_of_money_in_review_is_compared_and_booked(world: World, admin: Person) -> None:
    payment = world.taken()
    world.at_paystack("UPDATE transactions SET amount_paid = 499900 WHERE reference = ?", payment.reference)
    assert world.compare().found == 1
    world.at_paystack("UPDATE transactions SET fees = 99900 WHERE reference = ?", payment.reference)
    assert world.compare().found == 2
    item = ReviewItem.objects.get(kind="MISSING_FEE")
    assert item.detail["ours"]["fee"] == Payment.objects.get(pk=payment.pk).fee > 0
    apply_remedy(admin, item.pk, Remedy.BOOK_FEE)
    assert Payment.objects.get(pk=payment.pk).fee == 999_00
    assert violations() == []
    refund_arrived(admin, finding_of(payment.reference).pk)
    assert (world.compare().found, found()) == (0, {})


def test_money_given_back_out_of_review_and_taken_by_a_bank_is_no_finding(world: World, admin: Person) -> None:
    payment = world.taken()
    world.at_paystack("UPDATE transactions SET amount_paid = 499900 WHERE reference = ?", payment.reference)
    check_payment(payment.reference)
    # Nobody has told us of the dispute when the operator gives the money back.
    world.disputed(payment)
    refund = refund_arrived(admin, ReviewItem.objects.get().pk)
    send_refund(refund.pk)
    world.settled(refund)
    world.disputed(payment, event="resolve", resolution="merchant-accepted")
    run = world.compare()
    assert (run.mended, run.found, run.error) == (1, 0, "")
    assert payment.disputes.get().status == "LOST"
    assert Account.objects.get(kind="PLATFORM_REVENUE").balance == -4_999_00
    assert violations() == []


def test_the_fee_of_a_payout_that_came_back_is_booked(world: World) -> None:
    """The bank sent it back before we had seen it arrive: the amount is here again, the fee is gone."""
    world.sandbox.control(paystack={"mode": "transfer-reversed-later", "times": 1})
    payout = request_payout(world.tutor, 2_000_00)
    send_payout(payout.pk)
    until(lambda: [row["status"] for row in world.sandbox.transfers()] == ["reversed"])
    assert world.compare().mended == 1
    returned = Payout.objects.get(pk=payout.pk)
    assert (returned.status, returned.fee, violations()) == ("RETURNED", 1000, [])
    assert (world.compare().found, found()) == (0, {})


def test_another_fee_of_a_payout_than_ours_is_asked_about_and_booked(world: World, admin: Person) -> None:
    payout = request_payout(world.tutor, 2_000_00)
    send_payout(payout.pk)
    until(lambda: [row["status"] for row in world.sandbox.transfers()] == ["success"])
    assert world.compare().mended == 1
    world.at_paystack("UPDATE transfers SET fee = 2500 WHERE reference = ?", payout.reference)
    assert world.compare().found == 1
    assert found() == {payout.reference: "MISSING_FEE payout_fee"}
    apply_remedy(admin, finding_of(payout.reference).pk, Remedy.BOOK_FEE)
    assert (Payout.objects.get(pk=payout.pk).fee, violations()) == (2500, [])
    assert (world.compare().found, found()) == (0, {})


def test_a_bank_that_takes_a_whole_charge_whose_refund_is_under_way_is_no_reversal(world: World) -> None:
    payment = world.decided("merchant-accepted")
    assert [row["status"] for row in world.sandbox.transactions()] == ["reversed"]
    run = world.compare()
    assert (run.found, found(), Payment.objects.get(pk=payment.pk).refunds.count()) == (0, {}, 0)


def test_a_refund_made_by_hand_is_taken_over_with_all_that_it_means(world: World, admin: Person) -> None:
    refund, other = world.refunded(), world.paid()
    # As if an operator had made it at Paystack's own site, without our note, and said so here.
    world.at_paystack("UPDATE refunds SET merchant_note = 'by hand' WHERE id = ?", refund.paystack_id)
    Refund.objects.filter(pk=refund.pk).update(status="PROCESSED", outcome="By hand: at Paystack", paystack_id="")
    assert world.compare().found == 0
    world.ask("/refund", transaction=other.reference, amount=5_000_00)
    world.compare()
    item = finding_of(other.reference)
    assert remedies_of(item) == [Remedy.TAKE_OVER, Remedy.COMPARE]
    apply_remedy(admin, item.pk, Remedy.TAKE_OVER)
    other.booking.refresh_from_db()
    assert (other.booking.status, other.booking.payment_status) == ("CANCELLED", "REFUNDED")
    assert (violations(), world.compare().found) == ([], 0)


def test_what_is_stuck_is_found(world: World) -> None:
    old = timezone.now() - timedelta(days=20)
    attempt = world.attempt()
    Payment.objects.filter(pk=attempt.pk).update(created_at=old)
    paid = world.paid()
    refund = Refund.objects.create(
        payment=paid, amount=1_00, currency="NGN", cause="GOODWILL", status="PROCESSING", sent_at=old, created_at=old
    )
    payout = request_payout(world.tutor, 1_000_00)
    Payout.objects.filter(pk=payout.pk).update(status="SENDING", sent_at=old, attempts=1)
    world.compare(days=1)
    assert found() == {
        attempt.reference: "STUCK attempt_stuck",
        refund.payment.reference: "STUCK refund_stuck",
        payout.reference: "STUCK payout_stuck",
    }


def test_another_currency_than_ours_is_found_and_moves_nothing(world: World) -> None:
    waits, booked = world.taken(), world.paid()
    for payment in (waits, booked):
        world.at_paystack("UPDATE transactions SET currency = 'GHS' WHERE reference = ?", payment.reference)
    clearing = Account.objects.get(kind="PAYSTACK_CLEARING").balance
    for _again in range(2):
        run = world.compare()
        assert (run.found, run.error, run.mended) == (2, "", 0)
    assert found() == {waits.reference: "CURRENCY ", booked.reference: "CURRENCY currency"}
    assert Payment.objects.get(pk=waits.pk).status == "FAILED"
    assert remedies_of(finding_of(booked.reference)) == [Remedy.COMPARE]
    assert Account.objects.get(kind="PAYSTACK_CLEARING").balance == clearing
    assert violations() == []
    world.at_paystack("UPDATE transactions SET currency = 'NGN' WHERE reference = ?", booked.reference)
    assert world.compare().closed == 1


def test_a_dispute_of_a_charge_that_is_not_ours_is_found(world: World, admin: Person) -> None:
    world.ask("/transaction/initialize", email="a@b.test", amount=5_00, reference="shop-1",
              callback_url="http://127.0.0.1:9/")  # fmt: skip
    world.sandbox.control(paystack={"dispute": {"reference": "shop-1"}})
    for _again in range(2):
        run = world.compare()
        assert (run.found, run.error) == (2, "")
    assert Dispute.objects.count() == 0
    item = ReviewItem.objects.get(key__startswith="unknown:dispute")
    assert (item.detail["found"], item.detail["of"]) == ("dispute_unknown", "shop-1")
    assert item.detail["theirs"]["amount"] == 5_00
    accept(admin, item.pk, note="The other shop answers the bank")
    assert world.compare().found == 1


def test_a_dispute_that_paystack_does_not_know_is_found_and_keeps_its_money_frozen(world: World) -> None:
    payment = world.paid()
    world.disputed(payment)
    check_disputes()
    number = payment.disputes.get().paystack_id
    Dispute.objects.update(paystack_id="1")
    ReviewItem.objects.update(key="dispute:1")
    world.at_paystack("DELETE FROM disputes WHERE id = ?", number)
    assert world.compare().found == 1
    item = ReviewItem.objects.get(kind="DISPUTE_DIFFERS")
    assert (item.detail["found"], item.detail["theirs"]) == ("dispute_missing", {"status": "unknown"})
    assert Account.objects.get(kind="TUTOR_HELD").balance > 0
    assert violations() == []


def test_a_payout_of_another_amount_is_found_and_closes_when_it_fits(world: World) -> None:
    payout = world.paid_out()
    world.at_paystack("UPDATE transfers SET amount = 150000 WHERE reference = ?", payout.reference)
    for _again in range(2):
        assert world.compare().found == 1
    item = finding_of(payout.reference)
    assert (item.kind, item.detail["found"]) == ("AMOUNT", "payout_amount")
    assert (item.detail["ours"]["amount"], item.detail["theirs"]["amount"]) == (2_000_00, 1_500_00)
    assert remedies_of(item) == [Remedy.COMPARE]
    assert (Payout.objects.get(pk=payout.pk).status, violations()) == ("PAID", [])
    world.at_paystack("UPDATE transfers SET amount = 200000 WHERE reference = ?", payout.reference)
    assert world.compare().closed == 1


def test_a_paid_payout_that_paystack_does_not_know_goes_back_to_the_wallet(world: World, admin: Person) -> None:
    payout = world.paid_out()
    world.at_paystack("DELETE FROM transfers WHERE reference = ?", payout.reference)
    # At first it may only be that Paystack does not find it yet.
    assert world.compare().found == 0
    Payout.objects.filter(pk=payout.pk).update(sent_at=timezone.now() - timedelta(minutes=5))
    assert world.compare().found == 1
    item, before = finding_of(payout.reference), wallet_of(world.tutor).available
    assert (item.detail["found"], item.detail["theirs"]) == ("payout_not_paid", {"status": "unknown"})
    apply_remedy(admin, item.pk, Remedy.RETURN)
    assert wallet_of(world.tutor).available == before + payout.amount
    assert Payout.objects.get(pk=payout.pk).status == "RETURNED"
    assert (violations(), found()) == ([], {})
    # Its fee was booked, and Paystack does not say any more that it took one.
    assert world.compare().found == 0


def test_a_worker_compares_by_and_by(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oluko.reconciliation.tasks.SECONDS", 0.000001)
    world.ask(
        "/transaction/initialize", email="a@b.test", amount=5_00, reference="shop-1", callback_url="http://127.0.0.1:9/"
    )
    run = start(timezone.now() - timedelta(days=1), Run.Cause.HOURLY)
    assert start(timezone.now() - timedelta(hours=1), Run.Cause.OPERATOR).pk == run.pk
    assert drain("outside") > 5
    run.refresh_from_db()
    assert (run.finished_at is not None, run.counts["payments"], run.standing) == (True, 1, {})
    left = begin(timezone.now() - timedelta(days=1), Run.Cause.DAILY)
    Run.objects.filter(pk=left.pk).update(started_at=timezone.now() - timedelta(hours=3))
    assert end_abandoned() == 1


def test_the_command_tells_what_it_compared_and_what_is_open(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    payment = world.paid()
    call_command("reconcile", since="7d")
    assert "payments         1 compared" in capsys.readouterr().out
    world.at_paystack(NOT_PAID, payment.reference)
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", since=timezone.now().date().isoformat())
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"open: BOOKED_NOT_PAID {payment.reference}: Our books have this as paid" in told


@pytest.mark.parametrize(
    "since", ["soon", "", "7", "-1d", "0d", "2999-01-01", "2001-01-01", "9999d", "7d; x", "2026-13-01"]
)
def test_a_wrong_since_is_one_clear_line(since: str) -> None:
    with pytest.raises(CommandError) as told:
        call_command("reconcile", since=since)
    assert "\n" not in str(told.value)
