"""Bookings, each with its money and its audit trail. Their states move by named actions alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.accounts.models import Person
from oluko.bookings.models import LIVE, Booking, PaymentStatus
from oluko.core.admin import Act, Endless, Record, money_of
from oluko.ledger.audit import trail
from oluko.ledger.stories import story_of

COLOURS = {
    "PENDING_MENTOR_REVIEW": "warning", "SCHEDULED": "info", "IN_PROGRESS": "primary", "COMPLETED": "success",
    "NO_SHOW": "warning", "CANCELLED": "danger", "REJECTED": "danger",
}  # fmt: skip
PAID_COLOURS = {"PENDING": "warning", "PAID": "success", "FAILED": "danger", "REFUNDED": "info"}
PRICE, REFUNDED = money_of("price", _("price")), money_of("refunded", _("refunded"))
REFUNDED_LATE = money_of("refunded_late", _("refunded after the release"))


@admin.register(Booking)
class BookingAdmin(Endless, Record):
    list_display = ("title", "student", "tutor", "scheduled_at", "state", "payment", PRICE, "created_at")
    list_filter = ("status", "payment_status", "booking_mode", "cancel_reason", "scheduled_at")
    search_fields = ("=id", "title", "student__name", "student__email", "tutor__name", "tutor__email")
    search_help_text = _("Title, a person's name or address, or the booking's id")
    list_select_related = ("student", "tutor")
    ordering = ("-created_at", "-id")
    change_form_outer_after_template = "bookings/operator/story.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status", "payment_status"), ("student", "tutor"), ("scheduled_at", "ends_at"),
                    ("title", "duration"),
                )
            },
        ),
        (
            _("Money"),
            {
                "fields": (
                    (PRICE, REFUNDED, REFUNDED_LATE), ("tutor_share_bps", "cancellation_policy"),
                    ("release_at", "release_held", "released_at"),
                )
            },
        ),
        (
            _("Request and deadlines"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("booking_mode", "pay_by"), ("approval_deadline", "rejected_at"), "notes", "approval_notes",
                )
            },
        ),
        (
            _("Course of events"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("created_at", "cancelled_at"), ("started_at", "ended_at"), ("cancel_reason", "cancel_note"),
                    ("offering", "course"), ("buffer_minutes", "meeting_url"), "description",
                )
            },
        ),
    )  # fmt: skip
    readonly_fields = (PRICE, REFUNDED, REFUNDED_LATE)

    @display(description=_("state"), ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Booking) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description=_("payment"), ordering="payment_status", label=PAID_COLOURS)  # type: ignore[untyped-decorator]
    def payment(self, obj: Booking) -> tuple[str, str]:
        return obj.payment_status, obj.get_payment_status_display()

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.status in LIVE:
            yield Act(_("Cancel and give all back"), "operator_cancel", danger=True)
        elif obj.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED) and obj.given_back < obj.price:
            yield Act(_("Give money back"), "operator_give_back", danger=True)

    def story(self, obj: Any) -> dict[str, Any]:
        entries = trail("booking", str(obj.pk))
        names: dict[UUID | None, str] = dict(
            Person.objects.filter(pk__in={entry.actor_id for entry in entries}).values_list("pk", "name")
        )
        payments = obj.payments.prefetch_related("refunds").order_by("created_at")
        return {
            "trail": [(entry, names.get(entry.actor_id) or entry.actor_id or "Oluko") for entry in entries],
            "transfers": story_of(obj.pk),
            "payments": payments,
        }
