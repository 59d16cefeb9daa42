"""The world that the walks go through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oluko.payments.paystack import Bank, Initialized, Recipient, ResolvedAccount
from oluko.payouts import bank_accounts
from tests.access.world import BANK, World, build_world
from tests.conftest import Frozen


class Gateway:
    """Paystack as far as pages ask it something while one waits."""

    def initialize(self, *, reference: str, **_facts: object) -> Initialized:
        return Initialized("http://127.0.0.1:9/checkout/y", reference)

    def banks(self) -> list[Bank]:
        return [BANK]

    def resolve_account(self, *, account_number: str, bank_code: str) -> ResolvedAccount:
        return ResolvedAccount(account_number, "ADAEZE OBI")

    def create_recipient(self, *, account_number: str, **_facts: object) -> Recipient:
        return Recipient("RCP_gx2wn530m0i3w3m", "Ada", account_number, "ADAEZE OBI", BANK.code, BANK.name, "NGN")


@pytest.fixture
def world(db: None, frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("oluko.payments.checkout.paystack", Gateway)
    monkeypatch.setattr(bank_accounts, "paystack", Gateway)
    # The list of banks outlives a test.
    bank_accounts._banks.cache_clear()
    yield build_world(frozen)
    bank_accounts._banks.cache_clear()
