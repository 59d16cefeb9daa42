"""Faults between gateway and ledger: all of them found, each closed by its remedy or by itself; none where all is well.

Ten kinds and some more of them, seeded on either side, in the middle of a healthy market.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from oluko.accounts.models import Person
from oluko.dashboards.invariants import violations
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.refunds import send_refund
from oluko.payments.reviews import accept
from oluko.payouts.models import Payout
from oluko.reconciliation.remedies import Remedy, apply_remedy, compare_again, remedies_of
from tests.databases import Copy
from tests.reconciliation.conftest import _own_paystack, world
from tests.reconciliation.world import World, as_previewed, finding_of, found, until

__all__ = ["_own_paystack", "world"]
UNKNOWN, FOREIGN = "shop-4711", "transfer-of-nobody-1"


@dataclass
class Seeded:
    """What should be found, by reference; what should be settled by looking alone; the remedy of each."""

    findings: dict[str, str] = field(default_factory=dict)
    remedies: dict[str, Remedy] = field(default_factory=dict)
    lost: Payment | None = None
    disputed: Payment | None = None

    def expect(self, reference: str, finding: str, remedy: Remedy | None = None) -> None:
        self.findings[reference] = finding
        if remedy is not None:
            self.remedies[reference] = remedy


def test_ten_faults_are_found_and_closed(database_copy: Copy, world: World, admin: Person, scale: int) -> None:
    world.healthy(max(1, scale // 2))
    healthy = world.compare()
    assert (found(), healthy.mended, healthy.found, healthy.error) == ({}, 0, 0, "")
    assert violations() == []
    seeded = seed(world)
    run = world.compare()
    assert found() == seeded.findings
    assert (run.found, run.error) == (len(seeded.findings), "")
    # Two were lost news only: they are in the books now, as if a webhook had come.
    assert run.mended == 2
    assert len(seeded.findings) + run.mended >= 10
    assert seeded.lost
    assert Payment.objects.get(pk=seeded.lost.pk).status == "PAID"
    assert seeded.disputed
    assert seeded.disputed.disputes.get().status == "LOST"
    assert violations() == []
    # Found again, they are the same rows.
    rows = ReviewItem.objects.count()
    assert (world.compare().found, ReviewItem.objects.count()) == (len(seeded.findings), rows)
    for reference, remedy in seeded.remedies.items():
        item = finding_of(reference)
        assert remedy in remedies_of(item), reference
        with as_previewed(item, remedy):
            apply_remedy(admin, item.pk, remedy)
        assert violations() == [], reference
    accept(admin, finding_of(FOREIGN).pk, note="Paid the cleaner")
    # Given back to whom it belongs, at Paystack: that closes by itself.
    world.ask("/refund", transaction=UNKNOWN)
    for refund in Refund.objects.filter(status="QUEUED"):
        send_refund(refund.pk)
        world.settled(refund)
    assert found().keys() == {UNKNOWN}
    until(lambda: world.compare().closed == 1)
    assert found() == {}
    assert violations() == []


def seed(world: World) -> Seeded:
    seeded = Seeded()
    seed_payments(world, seeded)
    seed_refunds(world, seeded)
    seed_payouts(world, seeded)
    return seeded


def seed_payments(world: World, seeded: Seeded) -> None:
    seeded.lost = world.taken()
    Payment.objects.filter(pk=seeded.lost.pk).update(status="FAILED", outcome="Never paid")
    world.ask(
        "/transaction/initialize",
        email="a@b.test",
        amount=7_000_00,
        reference=UNKNOWN,
        callback_url="http://127.0.0.1:9/shop",
    )
    seeded.expect(UNKNOWN, "UNKNOWN_REFERENCE unknown")
    failed = world.paid()
    world.at_paystack("UPDATE transactions SET status = 'failed' WHERE reference = ?", failed.reference)
    seeded.expect(failed.reference, "BOOKED_NOT_PAID not_paid", Remedy.BEAR)
    for paid, remedy in ((4_000_00, Remedy.BEAR), (6_000_00, Remedy.REFUND_REST)):
        other = world.paid()
        world.at_paystack("UPDATE transactions SET amount_paid = ? WHERE reference = ?", paid, other.reference)
        seeded.expect(other.reference, "AMOUNT amount", remedy)
    for fee in (90_00, 12_345):
        dear = world.paid()
        world.at_paystack("UPDATE transactions SET fees = ? WHERE reference = ?", fee, dear.reference)
        seeded.expect(dear.reference, "MISSING_FEE fee", Remedy.BOOK_FEE)
    back = world.paid()
    world.at_paystack("UPDATE transactions SET status = 'reversed' WHERE reference = ?", back.reference)
    seeded.expect(back.reference, "REVERSED reversed", Remedy.TAKE_OVER)
    seeded.disputed = world.paid()
    world.disputed(seeded.disputed)
    world.disputed(seeded.disputed, event="resolve", resolution="merchant-accepted")


def seed_refunds(world: World, seeded: Seeded) -> None:
    by_hand = world.paid()
    world.ask("/refund", transaction=by_hand.reference, amount=1_000_00, merchant_note="As agreed on the phone")
    seeded.expect(by_hand.reference, "REFUND_DIFFERS refund_unknown", Remedy.TAKE_OVER)
    not_made = world.refunded()
    world.at_paystack("UPDATE refunds SET status = 'failed' WHERE id = ?", not_made.paystack_id)
    world.at_paystack("UPDATE transactions SET status = 'success' WHERE reference = ?", not_made.payment.reference)
    seeded.expect(not_made.payment.reference, "REFUND_DIFFERS refund_not_made", Remedy.SEND_ANEW)


def seed_payouts(world: World, seeded: Seeded) -> None:
    failed = world.paid_out()
    world.at_paystack("UPDATE transfers SET status = 'failed', fee = 0 WHERE reference = ?", failed.reference)
    seeded.expect(failed.reference, "PAYOUT_DIFFERS payout_not_paid", Remedy.RETURN)
    world.sandbox.control(paystack={"mode": "transfer-failed", "times": 1})
    arrived = world.paid_out(end="RETURNED")
    world.at_paystack("UPDATE transfers SET status = 'success', fee = 1000 WHERE reference = ?", arrived.reference)
    seeded.expect(arrived.reference, "PAYOUT_DIFFERS paid_after_return", Remedy.TAKE_BACK)
    recipient = Payout.objects.get(pk=failed.pk).recipient_code
    world.ask("/transfer", source="balance", amount=300_00, recipient=recipient, reference=FOREIGN)
    seeded.expect(FOREIGN, "PAYOUT_DIFFERS payout_unknown")


@pytest.mark.parametrize("status", ["success", "reversed"])
def test_what_was_found_is_gone_once_both_sides_agree(
    database_copy: Copy, world: World, admin: Person, status: str
) -> None:
    payment = world.paid()
    world.at_paystack("UPDATE transactions SET status = 'abandoned' WHERE reference = ?", payment.reference)
    world.compare()
    item = finding_of(payment.reference)
    world.at_paystack("UPDATE transactions SET status = 'success' WHERE reference = ?", payment.reference)
    if status == "success":
        assert world.compare().closed == 1
    else:
        assert compare_again(admin, item.pk) is False
    item.refresh_from_db()
    assert (item.resolution, item.resolved_by_id) == ("Gone: both sides agree again.", None)
    world.at_paystack("UPDATE transactions SET status = 'abandoned' WHERE reference = ?", payment.reference)
    world.compare()
    assert finding_of(payment.reference).pk == item.pk
