"""Who should have what, reckoned once more without accounts: from what was paid, given back, taken and sent.

Amounts in kobo. It knows nothing of postings; a ledger that agrees with it after every step has lost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

HOUR = timedelta(hours=1)
# Until so many hours before the start all comes back, or half.
ALL_UNTIL = {"FLEXIBLE": 2, "MODERATE": 24, "STRICT": 72}
HALF_UNTIL = {"FLEXIBLE": 2, "MODERATE": 2, "STRICT": 24}


@dataclass
class Deal:
    """A session that somebody paid for. `left` is what is paid and not given back, by us or by a bank."""

    tutor: UUID
    reference: str
    share: int
    left: int

    @property
    def tutors(self) -> int:
        return self.left * self.share // 10_000


@dataclass
class PlainMoney:
    deals: dict[UUID, Deal] = field(default_factory=dict)

    def settled(self, booking: UUID, *, tutor: UUID, reference: str, share: int, price: int) -> None:
        assert booking not in self.deals, "paid for twice"
        self.deals[booking] = Deal(tutor, reference, share, price)

    def given_back(self, booking: UUID, amount: int) -> None:
        """By a cancellation, a decision, or an operator's goodwill."""
        assert 0 <= amount <= self.deals[booking].left
        self.deals[booking].left -= amount

    def taken(self, reference: str, amount: int) -> None:
        """By a bank: what is left of the session pays for it first."""
        for deal in self.deals.values():
            if deal.reference == reference:
                deal.left -= min(amount, deal.left)

    def left_of(self, reference: str) -> int:
        return sum(deal.left for deal in self.deals.values() if deal.reference == reference)

    def of_tutor(self, tutor: UUID) -> int:
        """All that the tutor has earned so far, wherever it is: waiting, at hand, frozen, on its way or paid out."""
        return sum(deal.tutors for deal in self.deals.values() if deal.tutor == tutor)

    def of_platform(self) -> int:
        """Before what Paystack and banks have cost."""
        return sum(deal.left - deal.tutors for deal in self.deals.values())


def comes_back(policy: str, left: int, *, by_student: bool, starts: datetime, now: datetime) -> int:
    """What a cancellation gives back of a paid session."""
    if not by_student or now <= starts - ALL_UNTIL[policy] * HOUR:
        return left
    return (left + 1) // 2 if now <= starts - HALF_UNTIL[policy] * HOUR else 0
