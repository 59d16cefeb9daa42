"""A tutor's wallet: balances, and the lines behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from oluko.accounts.models import Person
from oluko.ledger.models import Account, Transfer

WALLET = (Account.Kind.TUTOR_PENDING, Account.Kind.TUTOR_AVAILABLE)


@dataclass(frozen=True)
class Wallet:
    """Minor units: waiting for the session and its dispute window, ready, under way to the bank, paid out."""

    pending: int
    available: int
    on_the_way: int
    paid: int
    currency: str


@dataclass(frozen=True)
class Line:
    """One movement of a wallet, in minor units, positive where it grew."""

    id: UUID
    at: datetime
    kind: str
    account: str
    amount: int
    currency: str
    booking_id: UUID | None


def wallet_of(person: Person) -> Wallet:
    """The person's balances; zero where nothing was ever earned."""
    balances = dict(
        Account.objects.filter(person_id=person.pk, currency=settings.OLUKO_CURRENCY).values_list("kind", "balance")
    )
    return Wallet(
        pending=balances.get(Account.Kind.TUTOR_PENDING, 0),
        available=balances.get(Account.Kind.TUTOR_AVAILABLE, 0),
        on_the_way=0,
        paid=0,
        currency=settings.OLUKO_CURRENCY,
    )


def statement(person: Person, *, before: datetime | None = None, limit: int = 50) -> list[Line]:
    """The wallet's lines, newest first; a release shows as one line from pending to available."""
    mine = list(Account.objects.filter(person_id=person.pk, kind__in=WALLET))
    rows = Transfer.objects.filter(Q(debit__in=mine) | Q(credit__in=mine))
    if before is not None:
        rows = rows.filter(at__lt=before)
    ids = {account.pk for account in mine}
    return [
        Line(
            id=row.pk,
            at=row.at,
            kind=row.kind,
            account=row.credit.kind if row.credit_id in ids else row.debit.kind,
            amount=row.amount if row.credit_id in ids else -row.amount,
            currency=row.currency,
            booking_id=row.booking_id,
        )
        for row in rows.select_related("debit", "credit").order_by("-at", "-recorded_at")[:limit]
    ]
