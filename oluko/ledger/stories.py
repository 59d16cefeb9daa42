"""The story of one booking's money, line by line."""

from __future__ import annotations

from uuid import UUID

from oluko.ledger.models import Transfer


def story_of(booking_id: UUID) -> list[Transfer]:
    """Every transfer that a booking caused, oldest first, with both accounts; amounts in minor units."""
    rows = Transfer.objects.filter(booking_id=booking_id).select_related("debit", "credit")
    return list(rows.order_by("at", "recorded_at", "idempotency_key"))
