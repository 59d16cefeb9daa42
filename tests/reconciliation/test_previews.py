"""What the operator is shown before a remedy is what it posts, fees and debts with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.core import clock
from oluko.core.errors import Conflict
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.ledger.wallets import wallet_of
from oluko.offerings.models import BookingMode
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import send_payout
from oluko.reconciliation.remedies import Remedy, apply_remedy, compare_again, preview
from tests.cast import make_person
from tests.conftest import Frozen
from tests.reconciliation.world import World, as_previewed, finding_of, found, until

pytestmark = pytest.mark.django_db


def test_news_that_our_books_could_not_take_up_is_previewed_with_its_fee(
    world: World, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, payout = world.taken(), request_payout(world.tutor, 2_000_00)
    send_payout(payout.pk)
    until(lambda: [row["status"] for row in world.sandbox.transfers()] == ["success"])
    with monkeypatch.context() as patch:
        patch.setattr("oluko.reconciliation.charges.apply_charge", _refuse)
        patch.setattr("oluko.reconciliation.transfers.record_transfer", lambda *_: False)
        assert world.compare().found == 2
    for reference, fee in ((payment.reference, 175_00), (payout.reference, 10_00)):
        item = finding_of(reference)
        assert (preview(item, Remedy.COMPARE)[-1].debit, preview(item, Remedy.COMPARE)[-1].amount) == (
            "Paystack's fees",
            fee,
        )
        with as_previewed(item, Remedy.COMPARE):
            assert compare_again(admin, item.pk) is False
    assert (violations(), found()) == ([], {})


def test_a_charge_for_a_hold_that_has_ended_is_previewed_as_it_would_be_applied(
    world: World, admin: Person, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
) -> None:
    free, gone = world.taken(), world.taken()
    frozen.advance(timedelta(minutes=16))
    assert lapse_due() == 2
    booking = gone.booking
    book(
        make_person("Other Learning"),
        offered_terms(world.offering.pk),
        mode=BookingMode.INSTANT,
        scheduled_at=booking.scheduled_at,
    )
    with monkeypatch.context() as patch:
        patch.setattr("oluko.reconciliation.charges.apply_charge", _refuse)
        assert world.compare().found == 2
    for payment, target in ((free, "Tutor, pending"), (gone, "Refunds due")):
        item = finding_of(payment.reference)
        assert target in {line.credit for line in preview(item, Remedy.COMPARE)}
        with as_previewed(item, Remedy.COMPARE):
            assert compare_again(admin, item.pk) is False
    assert violations() == []


def test_a_payout_that_came_back_unheard_is_previewed(
    world: World, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout = request_payout(world.tutor, 2_000_00)
    send_payout(payout.pk)
    until(lambda: [row["status"] for row in world.sandbox.transfers()] == ["success"])
    world.at_paystack("UPDATE transfers SET status = 'reversed' WHERE reference = ?", payout.reference)
    with monkeypatch.context() as patch:
        patch.setattr("oluko.reconciliation.transfers.record_transfer", lambda *_: False)
        assert world.compare().found == 1
    item = finding_of(payout.reference)
    with as_previewed(item, Remedy.COMPARE):
        assert compare_again(admin, item.pk) is False
    assert (Payout.objects.get(pk=payout.pk).status, violations()) == ("RETURNED", [])


def _refuse(_reference: str, _charge: object) -> bool:
    raise Conflict("moved_on", "not now")


def test_what_comes_back_pays_first_what_its_tutor_owes(world: World, admin: Person) -> None:
    payout = world.paid_out()
    world.at_paystack("UPDATE transfers SET status = 'failed', fee = 0 WHERE reference = ?", payout.reference)
    assert world.compare().found == 1
    item, before = finding_of(payout.reference), wallet_of(world.tutor).available
    with transaction.atomic():
        held = account(Account.Kind.PAYSTACK_CLEARING, "NGN")
        owes = account(Account.Kind.TUTOR_OWES, "NGN", world.tutor.pk)
        post([Posting("lent", owes, held, 70_00, "test:lent")], at=clock.now())
    with as_previewed(item, Remedy.RETURN):
        apply_remedy(admin, item.pk, Remedy.RETURN)
    assert wallet_of(world.tutor).available == before + payout.amount - 70_00
    assert (wallet_of(world.tutor).owes, violations()) == (0, [])
