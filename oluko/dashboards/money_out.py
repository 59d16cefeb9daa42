"""Which payouts a session's money went out with, counted first in, first out: a wallet does not mark its naira."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from oluko.ledger.models import Account, Transfer

_BACK = ("payout_returned", "payout_reversed")


@dataclass(frozen=True)
class Move:
    """One movement of what is available to a tutor; minor units, positive where it grew."""

    kind: str
    amount: int
    booking_id: UUID | None
    reference: str


@dataclass
class Out:
    """By booking: what went out with which payout, by its reference, and what has not gone anywhere yet."""

    paid: dict[UUID | None, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    left: dict[UUID | None, int] = field(default_factory=lambda: defaultdict(int))


type Lot = tuple[UUID | None, int]


def money_out(tutor_id: UUID, currency: str) -> Out:
    """Follow all that was ever available to a tutor. One query."""
    available = Q(kind=Account.Kind.TUTOR_AVAILABLE, person_id=tutor_id, currency=currency)
    accounts = list(Account.objects.filter(available).values_list("pk", flat=True)[:1])
    if not accounts:
        return Out()
    rows = Transfer.objects.filter(Q(debit_id=accounts[0]) | Q(credit_id=accounts[0]))
    facts = rows.order_by("at", "recorded_at", "id").values_list(
        "kind", "amount", "booking_id", "payment_reference", "credit_id"
    )
    return follow(
        Move(kind, amount if credit == accounts[0] else -amount, booking, reference)
        for kind, amount, booking, reference, credit in facts
    )


def follow(moves: Iterable[Move]) -> Out:
    """Each payout takes what has waited longest; what is taken for a session (a refund, a debt) takes its own first."""
    lots: deque[Lot] = deque()
    gone: dict[str, list[Lot]] = {}
    for move in moves:
        if move.kind in _BACK:
            lots.extendleft(reversed(gone.pop(move.reference, [(None, move.amount)])))
        elif move.amount > 0:
            lots.append((move.booking_id, move.amount))
        elif move.kind == "payout_reserved":
            gone[move.reference] = _take(lots, -move.amount)
        else:
            _take_own(lots, -move.amount, move.booking_id)
    out = Out()
    for reference, taken in gone.items():
        for booking_id, amount in taken:
            of_booking = out.paid[booking_id]
            of_booking[reference] = of_booking.get(reference, 0) + amount
    for booking_id, amount in lots:
        out.left[booking_id] += amount
    return out


def _take(lots: deque[Lot], amount: int) -> list[Lot]:
    """Take from the front, as much as there is."""
    taken: list[Lot] = []
    while amount and lots:
        booking_id, there = lots.popleft()
        part = min(there, amount)
        taken.append((booking_id, part))
        amount -= part
        if there > part:
            lots.appendleft((booking_id, there - part))
    return taken


def _take_own(lots: deque[Lot], amount: int, booking_id: UUID | None) -> None:
    for place, (owner, there) in enumerate(lots):
        part = min(there, amount) if owner == booking_id else 0
        lots[place] = (owner, there - part)
        amount -= part
    _take(lots, amount)
