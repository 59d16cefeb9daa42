"""Two at once: all the money asked for twice, a changed account, an operator who approves and another who rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core.errors import Conflict
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Transfer
from oluko.ledger.wallets import wallet_of
from oluko.payments.paystack import SentTransfer
from oluko.payouts.decisions import approve_payout, call_off, reject_payout
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import record_transfer, send_payout
from tests.databases import Copy
from tests.payouts.conftest import Save, at_paystack
from tests.racing import run_threads
from tests.sandbox_process import Sandbox

ROUNDS = 6
type Deed = Callable[[], object]


@pytest.fixture
def racer(database_copy: Copy, rich: Person) -> Iterator[Person]:
    """As `rich`, in a database that threads share; its books are right at the end."""
    yield rich
    assert violations() == []


def race(*deeds: Deed) -> list[str]:
    """What became of each: `done`, or the code of its refusal."""

    def do(place: int) -> str:
        try:
            deeds[place]()
        except Conflict as refusal:
            return refusal.code
        return "done"

    results, errors = run_threads(len(deeds), do)
    assert not errors, errors[0]
    return results


def sent(payout: Payout, status: str) -> SentTransfer:
    return SentTransfer(payout.reference, status, payout.amount, "NGN", 10_00, "TRF_x", "1", "", "", "", None)


def test_all_of_it_is_asked_for_by_many(racer: Person) -> None:
    outcomes = race(*[lambda: request_payout(racer, 10_000_00)] * 6)
    assert sorted(outcomes) == ["done"] + ["not_enough"] * 5
    assert wallet_of(racer).on_the_way == 10_000_00


def test_one_key_pressed_by_many_is_one_payout(racer: Person) -> None:
    key = uuid4().hex
    assert race(*[lambda: request_payout(racer, 1_000_00, key=key)] * 6) == ["done"] * 6
    assert Payout.objects.count() == 1
    assert wallet_of(racer).on_the_way == 1_000_00


def test_no_payout_goes_unheld_to_an_account_that_is_new(racer: Person, saved: Save) -> None:
    for turn in range(ROUNDS):
        race(lambda: request_payout(racer, 1_000_00), partial(saved, racer, f"012345670{turn}"))
    bank = BankAccount.objects.get(person=racer)
    for payout in Payout.objects.filter(status__in=Payout.OPEN):
        assert payout.recipient_code == bank.recipient_code
        assert payout.send_after == bank.held_until


def test_approve_meets_reject(racer: Person, admin: Person) -> None:
    for _ in range(ROUNDS):
        payout = request_payout(racer, 1_000_00)
        Payout.objects.filter(pk=payout.pk).update(status="IN_REVIEW")
        outcomes = race(
            partial(approve_payout, admin, payout.pk),
            partial(reject_payout, admin, payout.pk, note="No"),
        )
        assert sorted(outcomes) == ["done", "moved_on"]
        after = Payout.objects.get(pk=payout.pk)
        assert after.status == ("QUEUED" if outcomes[0] == "done" else "RETURNED")


def test_calling_off_meets_sending(racer: Person, sandbox: Sandbox) -> None:
    for _ in range(ROUNDS):
        payout = request_payout(racer, 1_000_00)
        outcomes = race(
            partial(send_payout, payout.pk),
            partial(call_off, racer, payout.pk),
        )
        called_off = outcomes[1] == "done"
        assert bool(at_paystack(sandbox, payout)) != called_off
        assert (Payout.objects.get(pk=payout.pk).status == "RETURNED") == called_off


def test_sending_by_many_sends_once(racer: Person, sandbox: Sandbox) -> None:
    payout = request_payout(racer, 1_000_00)
    race(*[lambda: send_payout(payout.pk)] * 5)
    assert len(at_paystack(sandbox, payout)) == 1


def test_news_of_success_and_of_reversal_meet(racer: Person) -> None:
    for _ in range(ROUNDS):
        payout = request_payout(racer, 1_000_00)
        long_ago = timezone.now() - timedelta(minutes=1)
        Payout.objects.filter(pk=payout.pk).update(status="ON_THE_WAY", attempts=1, sent_at=long_ago)
        news = [sent(payout, status) for status in ("success", "success", "reversed", "reversed")]
        race(*[partial(record_transfer, payout.pk, one) for one in news])
        assert Payout.objects.get(pk=payout.pk).status == "RETURNED"
        back = Transfer.objects.filter(
            payment_reference=payout.reference, kind__in=("payout_returned", "payout_reversed")
        )
        assert back.count() == 1
