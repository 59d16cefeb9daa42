"""Weekly hours and taken quarters, as the operator sees them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.calendars.claims import instant
from oluko.calendars.models import Availability, Claim, OutsideCalendar
from oluko.core.admin import Endless, Record, link_to


@admin.register(Availability)
class AvailabilityAdmin(Record):
    list_display = ("person", "time_zone", "buffer_minutes", "minimum_notice_hours", "horizon_days")
    search_fields = ("person__name", "person__email")
    list_select_related = ("person",)
    fields = (
        "person", "time_zone", "weekly", "buffer_minutes", "minimum_notice_hours", "horizon_days", "slot_step_minutes",
        "daily_cap", "exceptions",
    )  # fmt: skip
    readonly_fields = fields


@admin.register(OutsideCalendar)
class OutsideCalendarAdmin(Record):
    """Without the address, which is its owner's secret, and the times, which are nobody else's business."""

    list_display = ("person", "name", "read_at", "failures", "error")
    search_fields = ("person__name", "person__email")
    list_select_related = ("person",)
    fields = readonly_fields = ("person", "name", "created_at", "read_at", "next_read_at", "failures", "error")


@admin.register(Claim)
class ClaimAdmin(Endless, Record):
    list_display = ("person", "begins", "booking", "expires_at")
    search_fields = ("person__name", "person__email")
    list_select_related = ("person",)
    ordering = ("-quarter", "id")
    fields = readonly_fields = ("person", "begins", "booking", "expires_at")

    @display(description=_("quarter hour from"), ordering="quarter")  # type: ignore[untyped-decorator]
    def begins(self, obj: Claim) -> Any:
        return instant(obj.quarter)

    @display(description=_("booking"))  # type: ignore[untyped-decorator]
    def booking(self, obj: Claim) -> str:
        return link_to("admin:bookings_booking_change", obj.booking_id, obj.booking_id)
