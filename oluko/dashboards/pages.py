"""Keyset pages of bookings: a cursor names the last row seen, so that no page ever counts what it skips."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from oluko.bookings.models import Booking
from oluko.core.errors import Invalid

MOST = 100


@dataclass(frozen=True)
class Page:
    """Some bookings, and the cursor of those that follow; None at the end."""

    bookings: list[Booking]
    next_cursor: str | None


def page_of(rows: QuerySet[Booking], *, newest_first: bool, cursor: str | None, limit: int) -> Page:
    """One page by start time and id. Raises Invalid for a cursor that we never gave."""
    rows = rows.select_related("tutor__tutor_profile", "student__tutor_profile", "course")
    if cursor:
        at, last = _read(cursor)
        side = "lt" if newest_first else "gt"
        rows = rows.filter(Q(**{f"scheduled_at__{side}": at}) | Q(**{"scheduled_at": at, f"id__{side}": last}))
    order = ("-scheduled_at", "-id") if newest_first else ("scheduled_at", "id")
    limit = max(1, min(limit, MOST))
    found = list(rows.order_by(*order)[: limit + 1])
    more = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], _write(more) if more else None)


def unknown_tab() -> Invalid:
    return Invalid("bad_tab", _("There is no such tab."), field="tab")


def _write(booking: Booking) -> str:
    text = f"{booking.scheduled_at.isoformat()}|{booking.pk.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _sign, last = text.partition("|")
        instant, row = datetime.fromisoformat(at), UUID(last)
    except (ValueError, binascii.Error):
        instant, row = None, None
    if instant is None or row is None or instant.tzinfo is None:
        raise Invalid("bad_cursor", _("This cursor is not one of ours."), field="cursor")
    return instant, row
