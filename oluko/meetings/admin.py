"""Meetings, as the operator sees them."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from oluko.core.admin import Endless, Record
from oluko.meetings.models import Meeting


@admin.register(Meeting)
class MeetingAdmin(Endless, Record):
    list_display = ("booking", "state", "provider", "provider_id", "attempts", "error")
    list_filter = ("state", "provider")
    search_fields = ("=provider_id", "=booking__id", "booking__title")
    search_help_text = _("The booking's title or id, or the provider's id")
    list_select_related = ("booking",)
    ordering = ("-next_try_at", "booking_id")
    fields = (
        "booking", "state", "provider", "provider_id", "join_url", "attempts", "error", "busy_until", "next_try_at",
    )  # fmt: skip
