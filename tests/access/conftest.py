"""The world that the walks go through."""

from __future__ import annotations

import pytest

from oluko.payments.paystack import Initialized
from tests.access.world import World, build_world
from tests.conftest import Frozen


class Gateway:
    """Paystack as far as a page to pay on is asked of it."""

    def initialize(self, *, reference: str, **_facts: object) -> Initialized:
        return Initialized("http://127.0.0.1:9/checkout/y", reference)


@pytest.fixture
def world(db: None, frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("oluko.payments.checkout.paystack", Gateway)
    return build_world(frozen)
