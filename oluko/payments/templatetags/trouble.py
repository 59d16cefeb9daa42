"""Words that other rooms' templates use for problems and disputes, so that those rooms need not know this one."""

from __future__ import annotations

from typing import Any

from django import template

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.payments.trouble import trouble_of

register = template.Library()


@register.inclusion_tag("payments/parts/trouble.html")
def trouble(booking: Booking, reader: Person) -> dict[str, Any]:
    """`{% trouble booking user %}`: a dispute, a problem, or where to report one; nothing where there is neither."""
    return {"booking": booking, "trouble": trouble_of(booking, reader), "is_tutor": reader.pk == booking.tutor_id}
