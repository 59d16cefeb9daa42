"""The story of a booking's money, with accounts called as people call them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.ledger.models import Account, Transfer
from oluko.ledger.stories import story_of

Kind = Account.Kind
_AS_DEBT = {"refund_owed": "refund_available", "dispute_lost_owed": "dispute_lost_tutor"}


@dataclass(frozen=True)
class Line:
    """One movement: `amount` in minor units went from `source` to `target`."""

    at: datetime
    kind: str
    source: str
    target: str
    amount: int
    currency: str
    label: str


def movement_label(kind: str) -> str:
    """What a kind of transfer is called on a page."""
    return _labels().get(kind, kind)


def money_lines(booking: Booking, reader: Person | None = None) -> list[Line]:
    """As `story_for`, with accounts called as people call them."""
    return [line_of(transfer, booking, reader) for transfer in story_for(reader, booking)]


def story_for(reader: Person | None, booking: Booking) -> list[Transfer]:
    """Every movement that a booking caused, oldest first.

    What Paystack takes from us is for operators alone; how a tutor's debt is paid is not the student's to see.
    """
    return shown_to(reader, booking, story_of(booking.pk))


def shown_to(reader: Person | None, booking: Booking, story: list[Transfer]) -> list[Transfer]:
    """Of a booking's movements those that this reader sees; without a reader all of them."""
    if reader is None or reader.is_operator:
        return story
    hidden = {"fee", "owed_recovered"} if reader.pk == booking.student_id else {"fee"}
    return [transfer for transfer in story if transfer.kind not in hidden]


def line_of(transfer: Transfer, booking: Booking, reader: Person | None = None) -> Line:
    """A transfer with its accounts called as people call them."""
    source, target = _name(transfer.debit, booking), _name(transfer.credit, booking)
    kind, label = transfer.kind, movement_label(transfer.kind)
    if kind == "fee":
        # What grows an expense is its debit: here the money runs the other way.
        source, target = "Oluko", "Paystack"
    if reader is not None and reader.pk == booking.student_id and kind in _AS_DEBT:
        # Whether the wallet still had it is between the tutor and us.
        source, label = booking.tutor.name, movement_label(_AS_DEBT[kind])
    return Line(transfer.at, kind, source, target, transfer.amount, transfer.currency, label)


def _name(account: Account, booking: Booking) -> str:
    names = {
        Kind.PAYSTACK_CLEARING: booking.student.name,
        Kind.PAYSTACK_FEES: "Paystack",
        Kind.TUTOR_PENDING: _("%(name)s, pending") % {"name": booking.tutor.name},
        Kind.TUTOR_AVAILABLE: _("%(name)s, available") % {"name": booking.tutor.name},
        Kind.TUTOR_HELD: _("%(name)s, frozen") % {"name": booking.tutor.name},
        Kind.TUTOR_OWES: _("%(name)s, owed") % {"name": booking.tutor.name},
        Kind.PLATFORM_PENDING: _("Oluko, pending"),
        Kind.PLATFORM_HELD: _("Oluko, frozen"),
        Kind.PLATFORM_REVENUE: _("Oluko, earned"),
        Kind.REFUNDS_DUE: _("Refund under way"),
        Kind.UNAPPLIED: _("Being looked at"),
    }
    return str(names.get(Kind(account.kind), account.get_kind_display()))


def _labels() -> dict[str, str]:
    return {
        "charge_tutor": _("Paid, the tutor's part"),
        "charge_platform": _("Paid, Oluko's part"),
        "charge_to_refund": _("Paid, to be given back"),
        "charge_unapplied": _("Paid, amount differs"),
        "fee": _("Paystack's fee"),
        "refund_tutor": _("Refund, from the tutor's part"),
        "refund_platform": _("Refund, from Oluko's part"),
        "review_to_refund": _("Decided: to be given back"),
        "refunded": _("Refunded"),
        "refund_available": _("Refund, from the tutor's part"),
        "refund_owed": _("Refund, from the tutor's part, as a debt"),
        "refund_revenue": _("Refund, from Oluko's part"),
        "owed_recovered": _("Debt paid from what was earned"),
        "dispute_frozen_tutor": _("Frozen by a dispute, the tutor's part"),
        "dispute_frozen_platform": _("Frozen by a dispute, Oluko's part"),
        "dispute_freed_tutor": _("Free again, the tutor's part"),
        "dispute_freed_platform": _("Free again, Oluko's part"),
        "dispute_lost_tutor": _("Taken back by the bank, the tutor's part"),
        "dispute_lost_owed": _("Taken back by the bank, the tutor's part, as a debt"),
        "dispute_lost_platform": _("Taken back by the bank, Oluko's part"),
        "dispute_lost_unapplied": _("Taken back by the bank, money not applied"),
        "dispute_loss": _("Taken back by the bank, Oluko's loss"),
        "payout_reserved": _("Set aside for a payout"),
        "payout_settled": _("Paid out to the bank"),
        "payout_fee": _("Paystack's fee of a payout"),
        "payout_returned": _("Payout returned to the wallet"),
        "payout_reversed": _("Payout sent back by the bank"),
        "payout_taken_back": _("Paid out after all"),
        "payout_fee_returned": _("Paystack's fee of a payout, corrected"),
        "fee_returned": _("Paystack's fee, corrected"),
        "surplus_to_refund": _("Paid too much, to be given back"),
        "refund_undone": _("Refund that did not arrive, sent anew"),
        "written_off": _("Borne by Oluko"),
        "release_tutor": _("Released to the tutor"),
        "release_platform": _("Earned by Oluko"),
    }
