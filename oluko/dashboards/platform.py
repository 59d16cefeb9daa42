"""The platform's own sums, for its operator."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from oluko.ledger.models import Account


@dataclass(frozen=True)
class Sums:
    """Minor units: not yet earned, earned, Paystack's fees, held at Paystack, owed to students, not applied."""

    pending: int
    earned: int
    fees: int
    held: int
    refunds_due: int
    unapplied: int
    currency: str


def platform_sums() -> Sums:
    """The house accounts' balances, in one query."""
    currency = settings.OLUKO_CURRENCY
    house = Account.objects.filter(person_id__isnull=True, currency=currency)
    balances = dict(house.values_list("kind", "balance"))
    return Sums(
        pending=balances.get(Account.Kind.PLATFORM_PENDING, 0),
        earned=balances.get(Account.Kind.PLATFORM_REVENUE, 0),
        fees=balances.get(Account.Kind.PAYSTACK_FEES, 0),
        held=balances.get(Account.Kind.PAYSTACK_CLEARING, 0),
        refunds_due=balances.get(Account.Kind.REFUNDS_DUE, 0),
        unapplied=balances.get(Account.Kind.UNAPPLIED, 0),
        currency=currency,
    )
