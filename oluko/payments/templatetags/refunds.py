"""Words that other rooms' templates use for refunds, so that those rooms need not know this one."""

from __future__ import annotations

from typing import Any

from django import template

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.payments.models import Refund
from oluko.payments.refund_standing import shown_refunds

register = template.Library()


@register.simple_tag
def has_refunds(booking: Booking) -> bool:
    """`{% has_refunds booking as back %}`: whether any money of the booking was sent back, or is to be."""
    return Refund.objects.filter(payment__booking_id=booking.pk).exists()


@register.inclusion_tag("payments/parts/refunds.html")
def refund_standing(booking: Booking, reader: Person) -> dict[str, Any]:
    """`{% refund_standing booking user %}`: where each refund of the booking stands; nothing where there is none."""
    return shown_refunds(booking, reader)
