"""Amounts are integers of minor units (kobo) beside a currency code; this module splits, reads and shows them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from oluko.core.errors import Invalid

MINOR_PER_MAJOR = 100
SYMBOLS = {"NGN": "₦", "GHS": "GH₵", "KES": "KSh", "ZAR": "R", "USD": "$"}


class Split(NamedTuple):
    """The two parts of an amount in minor units; they always add up to it."""

    tutor: int
    platform: int


def split(amount: int, tutor_share_bps: int) -> Split:
    """Share `amount` (minor units); the tutor's part is rounded down, the platform gets the remainder."""
    tutor = amount * tutor_share_bps // 10_000
    return Split(tutor=tutor, platform=amount - tutor)


def parse_major(value: object) -> int:
    """A price in major units (int, Decimal, str or float as JSON gives it) as minor units.

    Raises Invalid when it is no finite number or has more than two decimals.
    """
    if isinstance(value, bool):
        raise _not_an_amount()
    try:
        # A float goes through its shortest text, so that JSON's 1500.10 means 1500.10.
        number = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        raise _not_an_amount() from None
    if not number.is_finite() or abs(number) > 10**15:
        raise _not_an_amount()
    minor = number * MINOR_PER_MAJOR
    if minor != minor.to_integral_value():
        raise Invalid("bad_amount", "At most two decimals are possible.", field="price")
    return int(minor)


def major(amount: int) -> int | float:
    """Minor units as the number that the wire carries: a whole number where it is one."""
    whole, rest = divmod(amount, MINOR_PER_MAJOR)
    return whole if rest == 0 else amount / MINOR_PER_MAJOR


def show(amount: int, currency: str = "NGN") -> str:
    """`₦5,000` or `₦5,000.50`, the sign first where it is negative."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), MINOR_PER_MAJOR)
    cents = f".{rest:02d}" if rest else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{whole:,}{cents}"


def _not_an_amount() -> Invalid:
    return Invalid("bad_amount", "Enter an amount such as 5000 or 5000.50.", field="price")
