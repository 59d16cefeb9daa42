"""Asking for a payout, taking it back, deciding about it: where the money is at each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.ledger.models import Account
from oluko.ledger.wallets import wallet_of
from oluko.notifications.models import Notification
from oluko.payouts.bank_accounts import save_bank_account, set_weekly
from oluko.payouts.decisions import approve_payout, call_off, reject_payout
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import pay_out_weekly, request_payout
from oluko.payouts.sending import follow_payouts, send_payout
from oluko.payouts.standing import standing
from tests.conftest import Frozen
from tests.payouts.conftest import BANK, Give, Save, follow, reload
from tests.sandbox_process import Sandbox
from tests.times import next_monday

pytestmark = pytest.mark.django_db
Status = Payout.Status


@pytest.fixture(autouse=True)
def _books_are_right(_database: None) -> Any:
    yield
    assert violations() == []


def balances(tutor: Person) -> tuple[int, int, int]:
    wallet = wallet_of(tutor)
    return wallet.available, wallet.on_the_way, wallet.paid


def told(tutor: Person) -> list[str]:
    return list(Notification.objects.filter(person=tutor).order_by("pk").values_list("kind", flat=True))


def test_what_is_asked_for_leaves_available_at_once(rich: Person) -> None:
    payout = request_payout(rich, 4_000_00)
    assert payout.status == Status.QUEUED
    assert balances(rich) == (6_000_00, 4_000_00, 0)
    assert told(rich)[-1] == "payout_requested"


def test_same_key_is_the_same_payout(rich: Person, mei: Person, give: Give, saved: Save) -> None:
    key = uuid4().hex
    assert request_payout(rich, 4_000_00, key=key) == request_payout(rich, 4_000_00, key=key)
    assert balances(rich) == (6_000_00, 4_000_00, 0)
    give(mei, 5_000_00)
    saved(mei)
    assert request_payout(mei, 5_000_00, key=key).tutor_id == mei.pk


@pytest.mark.parametrize("amount", [10_000_01, 50_000_00])
def test_more_than_there_is_changes_nothing(rich: Person, amount: int) -> None:
    with pytest.raises(Conflict) as refusal:
        request_payout(rich, amount)
    assert refusal.value.code == "not_enough"
    assert not Payout.objects.exists()
    assert balances(rich) == (10_000_00, 0, 0)


@pytest.mark.parametrize("amount", [-5_000_00, 0, 99_99])
def test_too_small_amounts_are_refused(rich: Person, amount: int) -> None:
    with pytest.raises(Invalid):
        request_payout(rich, amount)


def test_payouts_need_an_account_and_a_tutor(tunde: Person, ada: Person, give: Give) -> None:
    give(tunde, 5_000_00)
    with pytest.raises(Conflict, match="bank account"):
        request_payout(tunde, 5_000_00)
    with pytest.raises(NotAllowed):
        request_payout(ada, 5_000_00)


def test_queued_payout_is_called_off_once_and_by_its_tutor(rich: Person, mei: Person) -> None:
    payout = request_payout(rich, 4_000_00)
    with pytest.raises(NotFound):
        call_off(mei, payout.pk)
    assert call_off(rich, payout.pk).status == Status.RETURNED
    assert balances(rich) == (10_000_00, 0, 0)
    with pytest.raises(Conflict):
        call_off(rich, payout.pk)
    send_payout(payout.pk)
    assert reload(payout).status == Status.RETURNED


def test_large_payout_waits_for_an_operator(rich: Person, admin: Person, give: Give, sandbox: Sandbox) -> None:
    give(rich, settings.OLUKO_PAYOUT_REVIEW_ABOVE)
    sandbox.control(paystack={"topUp": settings.OLUKO_PAYOUT_REVIEW_ABOVE})
    payout = request_payout(rich, settings.OLUKO_PAYOUT_REVIEW_ABOVE + 1)
    assert payout.status == Status.IN_REVIEW
    send_payout(payout.pk)
    follow_payouts()
    assert reload(payout).status == Status.IN_REVIEW
    approve_payout(admin, payout.pk, note="Known for years")
    assert follow(payout).status == Status.PAID
    with pytest.raises(Conflict):
        reject_payout(admin, payout.pk, note="Too late")
    assert [entry.to_state for entry in trail("payout", payout.reference)][:2] == ["IN_REVIEW", "QUEUED"]


def test_rejected_payout_is_in_the_wallet_again_with_the_reason(rich: Person, admin: Person, give: Give) -> None:
    give(rich, settings.OLUKO_PAYOUT_REVIEW_ABOVE)
    payout = request_payout(rich, settings.OLUKO_PAYOUT_REVIEW_ABOVE + 1)
    with pytest.raises(Invalid):
        reject_payout(admin, payout.pk, note=" ")
    reject_payout(admin, payout.pk, note="The name is another one")
    assert wallet_of(rich).on_the_way == 0
    assert "The name is another one" in Notification.objects.filter(person=rich).latest("pk").body
    with pytest.raises(Conflict):
        approve_payout(admin, payout.pk)


def test_another_account_holds_payouts_for_a_day_and_takes_back_what_waited(
    rich: Person, saved: Save, frozen: Frozen
) -> None:
    frozen(next_monday())
    waiting = request_payout(rich, 4_000_00)
    changed = saved(rich, "0123456780")
    assert reload(waiting).status == Status.RETURNED
    assert "bank_account" in told(rich)
    held = request_payout(rich, 5_000_00)
    assert held.send_after == changed.held_until
    assert standing(held).until == changed.held_until
    frozen.advance(timedelta(hours=23, minutes=59))
    assert follow(held, until=("SENDING", "PAID")).attempts == 0
    frozen.advance(timedelta(minutes=1, seconds=1))
    assert follow(held).status == Status.PAID
    assert balances(rich) == (5_000_00, 0, 5_000_00)


def test_the_first_account_holds_nothing_and_the_same_one_again_changes_nothing(rich: Person, saved: Save) -> None:
    payout, before = request_payout(rich, 4_000_00), BankAccount.objects.get(person=rich)
    assert payout.send_after is None
    again = saved(rich)
    assert (again.changed_at, again.held_until) == (before.changed_at, None)
    assert reload(payout).status == Status.QUEUED


@pytest.mark.parametrize(
    ("bank", "number", "field"),
    [
        ("058", "12345", "accountNumber"),
        ("058", "٠١٢٣٤٥٦٧٨٩", "accountNumber"),
        ("058", "0000000000", "accountNumber"),
        ("058", "0000000400", "accountNumber"),
        ("no", "0123456789", "bankCode"),
    ],
)
def test_what_is_no_account_is_not_saved(tunde: Person, sandbox: Sandbox, bank: str, number: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        save_bank_account(tunde, bank_code=bank, account_number=number)
    assert set(refusal.value.errors) == {field}
    assert not BankAccount.objects.exists()


def test_weekly_payout_goes_out_every_seven_days(rich: Person, give: Give, frozen: Frozen, mei: Person) -> None:
    frozen(next_monday())
    save_bank_account(mei, bank_code=BANK, account_number="0123456782")
    set_weekly(mei, weekly=True)
    set_weekly(rich, weekly=True)
    BankAccount.objects.update(changed_at=next_monday() - timedelta(days=8))
    assert [pay_out_weekly(), pay_out_weekly()] == [1, 0]
    assert balances(rich) == (0, 10_000_00, 0)
    give(rich, 3_000_00)
    frozen.advance(timedelta(days=6, hours=23))
    assert pay_out_weekly() == 0
    frozen.advance(timedelta(hours=2))
    assert pay_out_weekly() == 1
    set_weekly(rich, weekly=False)
    give(rich, 3_000_00)
    frozen.advance(timedelta(days=30))
    assert pay_out_weekly() == 0


def test_weekly_payout_reaches_everybody_who_has_money(
    tunde: Person, mei: Person, give: Give, saved: Save, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
) -> None:
    monkeypatch.setattr("oluko.payouts.payouts.BATCH", 1)
    frozen(next_monday())
    for tutor, number in ((tunde, "0123456781"), (mei, "0123456782")):
        saved(tutor, number)
        set_weekly(tutor, weekly=True)
    BankAccount.objects.update(changed_at=next_monday() - timedelta(days=8))
    give(mei, 5_000_00)
    assert pay_out_weekly() == 1
    assert Payout.objects.get().tutor_id == mei.pk


def test_books_notice_a_payout_whose_postings_do_not_fit(rich: Person) -> None:
    payout = request_payout(rich, 4_000_00)
    Payout.objects.filter(pk=payout.pk).update(status=Status.PAID)
    found = violations()
    assert any(payout.reference in line for line in found)
    assert any("are on the way" in line for line in found)
    Payout.objects.filter(pk=payout.pk).update(status=Status.QUEUED)
    assert Account.objects.get(kind=Account.Kind.TUTOR_ON_THE_WAY).balance == 4_000_00
