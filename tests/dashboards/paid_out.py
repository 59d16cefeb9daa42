"""A tutor's payouts, by the rules themselves where no gateway is needed."""

from __future__ import annotations

from django.db import transaction

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import request_payout, return_money, settle


def bank_for(tutor: Person) -> BankAccount:
    """The tutor's first account; nothing is held for it."""
    bank, _new = BankAccount.objects.get_or_create(
        person=tutor,
        defaults={
            "bank_code": "058",
            "bank_name": "GTBank",
            "account_number": "0123456789",
            "account_name": tutor.name.upper(),
            "currency": "NGN",
            "recipient_code": "RCP_1",
            "changed_at": clock.now(),
        },
    )
    return bank


def ask_out(tutor: Person, amount: int) -> Payout:
    """Minor units; reserved, and not sent."""
    bank_for(tutor)
    return request_payout(tutor, amount)


def arrive(payout: Payout, fee: int = 10_00) -> Payout:
    with transaction.atomic():
        assert settle(payout.pk, fee=fee, transfer_code="TRF_1")
    return Payout.objects.get(pk=payout.pk)


def come_back(payout: Payout, why: str = "The account is closed.") -> Payout:
    """Failed on the way, or sent back by the bank after it had arrived."""
    payout = Payout.objects.get(pk=payout.pk)
    with transaction.atomic():
        assert return_money(payout, why=why, only_from=(Payout.Status(payout.status),))
    return Payout.objects.get(pk=payout.pk)
