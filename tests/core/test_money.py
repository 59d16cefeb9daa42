"""Amounts: split, read, shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from oluko.core.errors import Invalid
from oluko.core.money import major, parse_major, show, split


@given(some.integers(0, 10**14), some.integers(0, 10_000))
def test_two_parts_always_add_up_to_the_price(amount: int, share: int) -> None:
    parts = split(amount, share)
    assert parts.tutor + parts.platform == amount
    assert 0 <= parts.tutor <= amount
    assert parts.tutor * 10_000 <= amount * share


def test_remainder_goes_to_the_platform() -> None:
    assert split(101, 7000) == (70, 31)


@given(some.integers(-(10**14), 10**14))
def test_what_the_wire_carries_is_read_back_exactly(amount: int) -> None:
    assert parse_major(major(amount)) == amount


@pytest.mark.parametrize(
    ("value", "minor"),
    [(5000, 500_000), ("5,000.50", 500_050), (Decimal("0.01"), 1), (1500.1, 150_010), (" 7 ", 700), (0.29, 29)],
)
def test_amount_in_naira_becomes_kobo(value: object, minor: int) -> None:
    assert parse_major(value) == minor


@pytest.mark.parametrize("value", ["", "abc", "1.234", "NaN", "Infinity", "1e99", True, None, [], {}, "1 000 x", "--5"])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        parse_major(value)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (500_000, "NGN", "₦5,000"),
        (500_050, "NGN", "₦5,000.50"),
        (1, "NGN", "₦0.01"),
        (0, "NGN", "₦0"),
        (-175_050, "NGN", "-₦1,750.50"),
        (1_234_567_800, "USD", "$12,345,678"),
        (100, "XOF", "XOF 1"),
    ],
)
def test_amount_is_shown_with_its_currency(amount: int, currency: str, text: str) -> None:
    assert show(amount, currency) == text
