"""A tutor with money at hand and an account to be paid to, and Paystack as the sandbox plays it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.payouts.bank_accounts import save_bank_account
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.sending import follow_payouts
from tests.payments.conftest import _sandbox, sandbox
from tests.sandbox_process import Sandbox

__all__ = ["_sandbox", "sandbox"]

BANK, NUMBER = "058", "0123456789"
ENDS = ("PAID", "RETURNED", "IN_REVIEW", "NO_BALANCE")
type Give = Callable[[Person, int], None]
type Save = Callable[..., BankAccount]


@pytest.fixture
def give() -> Give:
    """`give(tutor, amount)` puts so much (minor units) into available, as if it had been earned."""

    def earn(tutor: Person, amount: int) -> None:
        kinds, count = Account.Kind, tutor.payouts.count()
        with transaction.atomic():
            held, wallet = account(kinds.PAYSTACK_CLEARING, "NGN"), account(kinds.TUTOR_AVAILABLE, "NGN", tutor.pk)
            key = f"earned:{tutor.pk}:{count}:{time.monotonic_ns()}"
            post([Posting("earned", held, wallet, amount, key)], at=clock.now())

    return earn


@pytest.fixture
def rich(tunde: Person, give: Give, sandbox: Sandbox) -> Person:
    """Tunde with ₦10,000 available, an account, and more than that at Paystack."""
    give(tunde, 10_000_00)
    save_bank_account(tunde, bank_code=BANK, account_number=NUMBER)
    sandbox.control(paystack={"topUp": 100_000_00})
    return tunde


@pytest.fixture
def saved(sandbox: Sandbox) -> Save:
    """`saved(tutor, number)` saves that account at the usual bank."""
    return lambda tutor, number=NUMBER: save_bank_account(tutor, bank_code=BANK, account_number=number)


def reload(payout: Payout) -> Payout:
    return Payout.objects.select_related("tutor").get(pk=payout.pk)


def age(payout: Payout, seconds: int = 90) -> None:
    """As if it had been sent that long ago, and were to be looked at now."""
    rows, before = Payout.objects.filter(pk=payout.pk), timezone.now() - timedelta(seconds=seconds)
    rows.update(next_try_at=before)
    rows.filter(sent_at__isnull=False).update(sent_at=before)


def follow(payout: Payout, *, until: tuple[str, ...] = ENDS) -> Payout:
    """Follow it as the recurring job does, until it is in one of these states."""
    for _ in range(60):
        age(payout)
        follow_payouts()
        if reload(payout).status in until:
            break
        time.sleep(0.05)
    return reload(payout)


def at_paystack(sandbox: Sandbox, payout: Payout) -> list[str]:
    """The states of the transfers that Paystack has under its reference."""
    return [row["status"] for row in sandbox.transfers() if row["reference"] == payout.reference]
