"""A tutor's wallet: balances, and the lines behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core.errors import Invalid
from oluko.ledger.models import Account, Transfer

Kind = Account.Kind
WALLET = (Kind.TUTOR_PENDING, Kind.TUTOR_AVAILABLE, Kind.TUTOR_ON_THE_WAY, Kind.TUTOR_HELD)


@dataclass(frozen=True)
class Wallet:
    """Minor units: waiting for the session and its dispute window, ready, under way to the bank, paid out.

    `held` is frozen by a dispute; `owes` was given back to students after it had been released, beyond what was there.
    """

    pending: int
    available: int
    on_the_way: int
    paid: int
    currency: str
    held: int = 0
    owes: int = 0


@dataclass(frozen=True)
class Line:
    """One movement of a wallet, in minor units, positive where it grew. `reference` is a payment's or a payout's.

    `within`: from one balance of the wallet to another, as from pending to available.
    """

    id: UUID
    at: datetime
    kind: str
    account: str
    amount: int
    currency: str
    booking_id: UUID | None
    reference: str = ""
    within: bool = False


def wallet_of(person: Person) -> Wallet:
    """The person's balances; zero where nothing was ever earned."""
    balances = dict(
        Account.objects.filter(person_id=person.pk, currency=settings.OLUKO_CURRENCY).values_list("kind", "balance")
    )
    return Wallet(
        pending=balances.get(Kind.TUTOR_PENDING, 0),
        available=balances.get(Kind.TUTOR_AVAILABLE, 0),
        on_the_way=balances.get(Kind.TUTOR_ON_THE_WAY, 0),
        paid=_paid_out(person),
        currency=settings.OLUKO_CURRENCY,
        held=balances.get(Kind.TUTOR_HELD, 0),
        owes=balances.get(Kind.TUTOR_OWES, 0),
    )


def _paid_out(person: Person) -> int:
    """What has arrived at the bank and stayed there."""
    mine = Transfer.objects.filter(Q(debit__person_id=person.pk) | Q(credit__person_id=person.pk))
    sums = mine.filter(kind__in=("payout_settled", "payout_reversed"), currency=settings.OLUKO_CURRENCY).aggregate(
        arrived=Sum("amount", filter=Q(kind="payout_settled")), reversed=Sum("amount", filter=Q(kind="payout_reversed"))
    )
    return int(sums["arrived"] or 0) - int(sums["reversed"] or 0)


def statement(person: Person, *, after: UUID | None = None, limit: int = 50) -> list[Line]:
    """The wallet's lines, newest first; a release shows as one line from pending to available.

    `after` is the id of a line: those that follow it. Raises Invalid where it is no line of this wallet.
    """
    mine = list(Account.objects.filter(person_id=person.pk, kind__in=WALLET))
    rows = Transfer.objects.filter(Q(debit__in=mine) | Q(credit__in=mine))
    if after is not None:
        last = rows.filter(pk=after).first()
        if last is None:
            raise Invalid("bad_cursor", _("This cursor is not one of ours."), field="cursor")
        older = Q(recorded_at__lt=last.recorded_at) | Q(recorded_at=last.recorded_at, id__lt=last.pk)
        rows = rows.filter(Q(at__lt=last.at) | (Q(at=last.at) & older))
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
            reference=row.payment_reference,
            within=row.credit_id in ids and row.debit_id in ids,
        )
        for row in rows.select_related("debit", "credit").order_by("-at", "-recorded_at", "-id")[:limit]
    ]
