"""Where a booking's money is at this moment: places whose sums make up what was charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.ledger.models import Account, Transfer

Kind = Account.Kind
_CHARGES = ("charge_tutor", "charge_platform", "charge_to_refund", "charge_unapplied")
_TAKEN = ("dispute_lost_tutor", "dispute_lost_owed", "dispute_lost_platform", "dispute_lost_unapplied", "dispute_loss")
BAR = 100


@dataclass(frozen=True)
class Place:
    """Some of the money, in minor units, and where it is; `x` and `width` are its piece of a bar 100 wide."""

    label: str
    amount: int
    style: str
    x: float = 0
    width: float = 0


@dataclass(frozen=True)
class Now:
    """What was charged in all, in minor units, and where it is; the places add up to it."""

    charged: int
    places: tuple[Place, ...]


def money_now(booking: Booking, story: Sequence[Transfer], reader: Person) -> Now:
    """Every naira of a booking, from its transfers alone; places that hold nothing are left out."""
    charged = sum(row.amount for row in story if row.kind in _CHARGES)
    nets: Counter[str] = Counter()
    for row in story:
        nets[row.credit.kind] += row.amount
        nets[row.debit.kind] -= row.amount
    back = sum(row.amount for row in story if row.kind == "refunded")
    taken = sum(row.amount for row in story if row.kind in _TAKEN)
    named = _named(booking, nets, back, taken, reader)
    return Now(charged, _drawn([place for place in named if place.amount], charged))


def _named(booking: Booking, nets: Counter[str], back: int, taken: int, reader: Person) -> list[Place]:
    student = reader.pk == booking.student_id
    tutors = nets[Kind.TUTOR_AVAILABLE] + nets[Kind.TUTOR_OWES]
    return [
        Place(_("Back with you") if student else _("Back with the student"), back, "mute"),
        Place(_("Taken back by your bank") if student else _("Taken back by the student's bank"), taken, "warn"),
        Place(_("On its way back"), nets[Kind.REFUNDS_DUE], "wait"),
        Place(_("Being looked at by Oluko"), nets[Kind.UNAPPLIED], "warn"),
        Place(_("Frozen while a bank decides"), nets[Kind.TUTOR_HELD] + nets[Kind.PLATFORM_HELD], "warn"),
        *_parts(booking, nets[Kind.TUTOR_PENDING], nets[Kind.PLATFORM_PENDING], tutors, nets, reader),
    ]


def _parts(
    booking: Booking, pending: int, ours_pending: int, tutors: int, nets: Counter[str], reader: Person
) -> list[Place]:
    """What is the tutor's and the platform's, or will be. The student reads of both as one until it is theirs."""
    name, ours = {"name": booking.tutor.name}, nets[Kind.PLATFORM_REVENUE]
    if reader.pk == booking.student_id:
        return [
            Place(_("Kept until it is released"), pending + ours_pending, "brand"),
            Place(_("Passed on to %(name)s") % name, tutors, "ok"),
            Place(_("Passed on to Oluko"), ours, "edge"),
        ]
    mine = reader.pk == booking.tutor_id
    return [
        Place(_("Yours, pending") if mine else _("%(name)s, pending") % name, pending, "brand"),
        Place(_("Oluko, pending"), ours_pending, "edge"),
        Place(_("Yours: available or paid out") if mine else _("%(name)s: available or paid out") % name, tutors, "ok"),
        Place(_("Oluko, earned"), ours, "edge"),
    ]


def _drawn(places: list[Place], charged: int) -> tuple[Place, ...]:
    """Side by side; a place below nothing (a loss) takes no room."""
    x, drawn = 0.0, []
    for place in places:
        width = round(max(place.amount, 0) * BAR / charged, 2) if charged else 0.0
        drawn.append(Place(place.label, place.amount, place.style, round(x, 2), width))
        x += width
    return tuple(drawn)
