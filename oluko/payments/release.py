"""Pending money becomes available when its session is over and nobody has objected within the dispute window."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from oluko.bookings.cancellations import kept_parts
from oluko.bookings.models import Booking
from oluko.bookings.wording import tell
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.steps import Step, reached
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.payments.giving_back import recover_owed

Kind = Account.Kind
BATCH = 200
# A dispute or a reported problem holds the money where it is.
_FREE = {"released_at__isnull": True, "release_held": False}


def release_due() -> int:
    """Release every booking whose `release_at` has come; how many."""
    due = Booking.objects.filter(release_at__lte=clock.now(), **_FREE).values_list("pk", flat=True)
    return sum(release_money(booking_id) for booking_id in list(due[:BATCH]))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def release_money(booking_id: UUID) -> bool:
    """Move what is left of a booking's money from pending to available and revenue; False if that was done, or is held.

    What the tutor owes is paid from it at once.
    """
    now = clock.now()
    rows = Booking.objects.filter(pk=booking_id, release_at__lte=now, **_FREE)
    if not rows.update(released_at=now):
        return False
    booking = Booking.objects.select_related("tutor", "student").get(pk=booking_id)
    kept, currency = kept_parts(booking), booking.currency
    post(
        [
            Posting(
                "release_tutor",
                account(Kind.TUTOR_PENDING, currency, booking.tutor_id),
                account(Kind.TUTOR_AVAILABLE, currency, booking.tutor_id),
                kept.tutor,
                f"release:{booking.pk}:tutor",
            ),
            Posting(
                "release_platform",
                account(Kind.PLATFORM_PENDING, currency),
                account(Kind.PLATFORM_REVENUE, currency),
                kept.platform,
                f"release:{booking.pk}:platform",
            ),
        ],
        at=now,
        booking_id=booking.pk,
    )
    recover_owed(booking.tutor_id, currency, key=f"release:{booking.pk}", booking_id=booking.pk)
    if kept.tutor:
        tell(booking, booking.tutor, "released", amount=kept.tutor)
    reached(Step.RELEASE_WRITTEN)
    return True
