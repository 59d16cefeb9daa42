"""A payout at Paystack, over real HTTP: every end, every lost answer, every repeat sends at most one transfer."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.core.errors import Conflict, Unavailable
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account, Transfer
from oluko.ledger.wallets import wallet_of
from oluko.payments.arrivals import store_event
from oluko.payments.models import ProviderEvent, ReviewItem
from oluko.payments.paystack import SentTransfer, paystack
from oluko.payouts.decisions import approve_payout, call_off, reject_payout
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import follow_payouts, look_up, record_transfer, send_payout
from oluko.payouts.tasks import transfer_event_job
from tests.draining import drain
from tests.payouts.conftest import Give, Save, age, at_paystack, follow, reload
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
Status = Payout.Status


@pytest.fixture(autouse=True)
def _books_are_right(_database: None) -> Any:
    yield
    assert violations() == []


@pytest.fixture
def payout(rich: Person) -> Payout:
    return request_payout(rich, 4_000_00)


def direct(sandbox: Sandbox, payout: Payout, status: str) -> None:
    sandbox.control(paystack={"transfer": {"reference": payout.reference, "status": status}})


def news(payout: Payout, event: str, **facts: object) -> None:
    """A signed webhook about the payout, stored and acted upon."""
    data = {"reference": payout.reference, "status": "success", "amount": 1, **facts}
    store_event("paystack", json.dumps({"event": event, "data": data}).encode(), job=transfer_event_job)
    drain()


def answered(payout: Payout, status: str, **facts: object) -> SentTransfer:
    usual: dict[str, Any] = {
        "reference": payout.reference, "status": status, "amount": payout.amount, "currency": "NGN", "fee": 10_00,
        "code": "TRF_x", "paystack_id": "1", "recipient": "", "reason": "", "answer": "", "created_at": None,
    }  # fmt: skip
    return SentTransfer(**(usual | facts))


def test_success_is_booked_with_its_fee(payout: Payout, sandbox: Sandbox) -> None:
    drain()
    assert reload(payout).status == Status.ON_THE_WAY
    done = follow(payout)
    assert (done.status, done.fee) == (Status.PAID, 10_00)
    assert at_paystack(sandbox, payout) == ["success"]
    wallet = wallet_of(payout.tutor)
    assert (wallet.available, wallet.on_the_way, wallet.paid) == (6_000_00, 0, 4_000_00)


@pytest.mark.parametrize("end", ["failed", "reversed", "abandoned", "blocked", "rejected"])
def test_other_ends_bring_the_money_back(payout: Payout, sandbox: Sandbox, end: str) -> None:
    sandbox.control(paystack={"mode": f"transfer-{end}"})
    assert follow(payout).status == Status.RETURNED
    wallet = wallet_of(payout.tutor)
    assert (wallet.available, wallet.on_the_way, wallet.paid) == (10_000_00, 0, 0)
    sandbox.control(paystack={"mode": "normal"})
    follow_payouts()
    assert at_paystack(sandbox, payout) == [end]


@pytest.mark.parametrize("way", ["otp", "pending", "received"])
def test_what_is_under_way_is_no_outcome(payout: Payout, sandbox: Sandbox, way: str) -> None:
    sandbox.control(paystack={"mode": f"transfer-{way}"})
    for _ in range(3):
        age(payout)
        follow_payouts()
    assert reload(payout).status == Status.ON_THE_WAY
    assert wallet_of(payout.tutor).on_the_way == 4_000_00
    with pytest.raises(Conflict):
        call_off(payout.tutor, payout.pk)
    direct(sandbox, payout, "success")
    assert follow(payout).status == Status.PAID


def test_what_the_bank_sends_back_after_success_is_available_again(payout: Payout, sandbox: Sandbox) -> None:
    assert follow(payout).status == Status.PAID
    direct(sandbox, payout, "reversed")
    for _ in range(2):
        news(payout, "transfer.reversed", status="reversed")
    done = reload(payout)
    assert (done.status, done.fee) == (Status.RETURNED, 10_00)
    wallet = wallet_of(payout.tutor)
    assert (wallet.available, wallet.on_the_way, wallet.paid) == (10_000_00, 0, 0)


def test_fee_of_what_had_arrived_unheard_and_came_back_is_booked(payout: Payout, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "transfer-pending"})
    drain()
    assert reload(payout).status == Status.ON_THE_WAY
    for status in ("success", "reversed"):
        direct(sandbox, payout, status)
    for _ in range(2):
        news(payout, "transfer.reversed", status="reversed")
    done = reload(payout)
    assert (done.status, done.fee) == (Status.RETURNED, 10_00)
    assert wallet_of(payout.tutor).available == 10_000_00
    assert Account.objects.get(kind=Account.Kind.PAYSTACK_FEES).balance == 10_00


def test_no_balance_waits_and_goes_out_when_there_is_money(rich: Person, give: Give, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "no-balance"})
    payout = request_payout(rich, 4_000_00)
    drain()
    waiting = reload(payout)
    assert (waiting.status, waiting.attempts) == (Status.NO_BALANCE, 1)
    follow_payouts()
    assert reload(payout).attempts == 1
    sandbox.control(paystack={"mode": "normal", "topUp": 50_000_00})
    age(payout)
    follow_payouts()
    assert follow(payout).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]


def test_payout_without_balance_is_called_off(payout: Payout, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "no-balance"})
    drain()
    assert call_off(payout.tutor, payout.pk).status == Status.RETURNED
    assert wallet_of(payout.tutor).available == 10_000_00
    assert at_paystack(sandbox, payout) == []


@pytest.mark.parametrize(("mode", "after_the_call"), [("timeout", 1), ("timeout-before", 0)])
def test_lost_answer_ends_in_one_transfer(
    payout: Payout, sandbox: Sandbox, mode: str, after_the_call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oluko.payments.paystack.JOB_SECONDS", 2.0)
    sandbox.control(paystack={"mode": mode, "times": 1})
    drain()
    assert reload(payout).status == Status.SENDING
    assert len(at_paystack(sandbox, payout)) == after_the_call
    assert wallet_of(payout.tutor).on_the_way == 4_000_00
    # Too early to say that Paystack has never heard of it.
    age(payout, 30)
    look_up(payout.pk)
    assert reload(payout).attempts == 1
    assert follow(payout).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]


def test_crash_before_the_call_sends_it_later_and_once(payout: Payout, sandbox: Sandbox) -> None:
    Payout.objects.filter(pk=payout.pk).update(status=Status.SENDING, attempts=1, sent_at=payout.next_try_at)
    assert follow(payout).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]


def test_crash_after_the_call_finds_it(payout: Payout, sandbox: Sandbox) -> None:
    drain()
    Payout.objects.filter(pk=payout.pk).update(status=Status.QUEUED, next_try_at=payout.requested_at)
    send_payout(payout.pk)
    assert (reload(payout).status, reload(payout).attempts) == (Status.ON_THE_WAY, 2)
    assert follow(payout).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]


def test_a_transfer_that_paystack_does_not_find_yet_is_sent_once(
    payout: Payout, saved: Save, admin: Person, sandbox: Sandbox
) -> None:
    drain()
    # Its answer was lost, and for a while nobody finds what was sent.
    Payout.objects.filter(pk=payout.pk).update(status=Status.SENDING)
    sandbox.control(paystack={"mode": "transfer-unseen"})
    age(payout)
    follow_payouts()
    sent = reload(payout)
    assert (sent.status, sent.attempts) == (Status.ON_THE_WAY, 2)
    assert "already exists" in sent.outcome
    # Nor does a changed account, or whoever decides, take it for never sent.
    saved(payout.tutor, "0123456780")
    for _ in range(3):
        age(payout)
        follow_payouts()
    with pytest.raises(Conflict):
        call_off(payout.tutor, payout.pk)
    with pytest.raises(Conflict):
        reject_payout(admin, payout.pk, note="Looks odd")
    assert (reload(payout).status, reload(payout).attempts) == (Status.ON_THE_WAY, 2)
    assert wallet_of(payout.tutor).on_the_way == 4_000_00
    sandbox.control(paystack={"mode": "normal"})
    assert follow(payout, until=("RETURNED", "PAID")).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]


def test_look_ups_that_overlap_do_not_undo_a_newer_try(payout: Payout, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker finds nothing and is slow; another has sent it again meanwhile."""
    Payout.objects.filter(pk=payout.pk).update(status=Status.SENDING, attempts=1)
    age(payout)
    look = paystack().transfer_by_reference

    def slow(reference: str) -> SentTransfer | None:
        found = look(reference)
        Payout.objects.filter(pk=payout.pk).update(attempts=2)
        return found

    monkeypatch.setattr(paystack(), "transfer_by_reference", slow)
    look_up(payout.pk)
    assert (reload(payout).status, reload(payout).attempts) == (Status.SENDING, 2)


def test_webhooks_may_come_twice_in_any_order_and_lie(payout: Payout, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "transfer-pending"})
    drain()
    news(payout, "transfer.success")
    news(payout, "transfer.failed", status="failed")
    assert reload(payout).status == Status.ON_THE_WAY
    direct(sandbox, payout, "success")
    for event in ("transfer.reversed", "transfer.success", "transfer.failed", "transfer.success"):
        news(payout, event, at=event)
    assert reload(payout).status == Status.PAID
    assert Transfer.objects.filter(kind="payout_settled").count() == 1
    assert not ProviderEvent.objects.filter(handled_at__isnull=True).exists()


def test_transfer_that_nobody_asked_for_is_put_before_the_operator(payout: Payout) -> None:
    news(payout, "transfer.success", reference="somebody-elses-reference")
    news(payout, "transfer.success", reference="somebody-elses-reference", again=True)
    assert ReviewItem.objects.get().kind == ReviewItem.Kind.UNKNOWN_REFERENCE


def test_refused_payout_waits_for_the_operator_who_sends_it_again(
    rich: Person, admin: Person, sandbox: Sandbox
) -> None:
    payout = request_payout(rich, 4_000_00)
    code = payout.recipient_code
    rich.bank_account.__class__.objects.filter(person=rich).update(recipient_code="RCP_unknown")
    Payout.objects.filter(pk=payout.pk).update(recipient_code="RCP_unknown")
    drain()
    asked = reload(payout)
    assert (asked.status, asked.attempts) == (Status.IN_REVIEW, 1)
    assert asked.outcome
    rich.bank_account.__class__.objects.filter(person=rich).update(recipient_code=code)
    Payout.objects.filter(pk=payout.pk).update(recipient_code=code)
    approve_payout(admin, payout.pk)
    assert follow(payout).status == Status.PAID


def test_reject_asks_paystack_before_it_gives_back_what_was_sent(
    payout: Payout, admin: Person, sandbox: Sandbox
) -> None:
    sandbox.control(paystack={"mode": "transfer-pending"})
    drain()
    Payout.objects.filter(pk=payout.pk).update(status=Status.IN_REVIEW)
    with pytest.raises(Conflict) as refusal:
        reject_payout(admin, payout.pk, note="Looks odd")
    assert refusal.value.code == "at_paystack"
    assert reload(payout).status == Status.ON_THE_WAY
    Payout.objects.filter(pk=payout.pk).update(status=Status.IN_REVIEW)
    sandbox.control(paystack={"mode": "error"})
    with pytest.raises(Unavailable):
        reject_payout(admin, payout.pk, note="Looks odd")
    sandbox.control(paystack={"mode": "normal"})
    direct(sandbox, payout, "success")
    with pytest.raises(Conflict, match="paid this out after all"):
        reject_payout(admin, payout.pk, note="Looks odd")
    assert reload(payout).status == Status.PAID


def test_another_amount_under_our_reference_moves_nothing(payout: Payout, admin: Person) -> None:
    drain()
    for _ in range(2):
        assert not record_transfer(payout.pk, answered(payout, "success", amount=1))
    assert reload(payout).status == Status.IN_REVIEW
    assert ReviewItem.objects.get().kind == ReviewItem.Kind.AMOUNT
    assert wallet_of(payout.tutor).on_the_way == 4_000_00


def test_old_news_of_a_success_changes_nothing_and_new_news_calls_the_operator(
    payout: Payout, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.control(paystack={"mode": "transfer-failed"})
    assert follow(payout).status == Status.RETURNED
    record_transfer(payout.pk, answered(payout, "success"))
    assert not ReviewItem.objects.exists()
    monkeypatch.setattr(paystack(), "transfer_by_reference", lambda reference: answered(payout, "success"))
    record_transfer(payout.pk, answered(payout, "success"))
    assert ReviewItem.objects.get().detail["problem"] == "paid after return"
    assert wallet_of(payout.tutor).available == 10_000_00


def test_success_at_once_waits_for_its_fee(payout: Payout, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answered(payout, "success", fee=None)
    monkeypatch.setattr(paystack(), "transfer", lambda **facts: answer)
    drain()
    assert reload(payout).status == Status.ON_THE_WAY
    monkeypatch.setattr(paystack(), "transfer_by_reference", lambda reference: answered(payout, "success"))
    assert follow(payout).fee == 10_00


def test_nothing_more_goes_to_an_account_that_was_changed(payout: Payout, saved: Save, sandbox: Sandbox) -> None:
    sandbox.control(paystack={"mode": "no-balance"})
    drain()
    saved(payout.tutor, "0123456780")
    assert reload(payout).status == Status.NO_BALANCE
    sandbox.control(paystack={"mode": "normal"})
    assert follow(payout, until=("RETURNED", "PAID")).status == Status.RETURNED
    assert at_paystack(sandbox, payout) == []
    assert wallet_of(payout.tutor).available == 10_000_00


def test_what_was_taken_before_the_change_is_followed(payout: Payout, saved: Save, sandbox: Sandbox) -> None:
    drain()
    Payout.objects.filter(pk=payout.pk).update(status=Status.NO_BALANCE)
    saved(payout.tutor, "0123456780")
    time.sleep(0.3)
    assert follow(payout, until=("RETURNED", "PAID")).status == Status.PAID
    assert at_paystack(sandbox, payout) == ["success"]
