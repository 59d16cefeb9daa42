"""Listings, as the operator sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from oluko.core.admin import Act, Endless, Record, money_of
from oluko.offerings.models import Offering

PRICE = money_of("price", _("price"))


@admin.register(Offering)
class OfferingAdmin(Endless, Record):
    list_display = ("title", "tutor", "course", PRICE, "duration", "booking_mode", "created_at", "withdrawn_at")
    list_filter = (("withdrawn_at", admin.EmptyFieldListFilter), "booking_mode", "cancellation_policy", "duration")
    search_fields = ("title", "tutor__name", "tutor__email", "course__title")
    search_help_text = _("Title, tutor or course")
    list_select_related = ("tutor", "course")
    ordering = ("-created_at", "-id")
    fields = (
        "title", "description", "tutor", "course", PRICE, "duration", "booking_mode", "cancellation_policy",
        "created_at", "updated_at", "withdrawn_at",
    )  # fmt: skip
    readonly_fields = fields

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.withdrawn_at is None:
            yield Act(_("Withdraw"), "operator_withdraw", danger=True)
