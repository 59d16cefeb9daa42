"""Payments, refunds, what Paystack told us, and what a person must decide. Money moves by named actions alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core.admin import Act, Endless, Record, link_to, money_of, with_name_of
from oluko.payments.models import Payment, ProviderEvent, Refund, ReviewItem
from oluko.payments.reviews import WAYS, ways_out

PAYMENT_COLOURS = {"PENDING": "warning", "PAID": "success", "FAILED": "danger"}
REFUND_COLOURS = {
    "QUEUED": "info", "SENDING": "warning", "PROCESSING": "info", "PROCESSED": "success", "NEEDS_ATTENTION": "danger",
}  # fmt: skip
AMOUNT = money_of("amount", _("amount"))
FEE = money_of("fee", _("Paystack's fee"))
BODY_SHOWN = 20_000


def pretty(text: str) -> str:
    return format_html('<pre class="operator-pre">{}</pre>', text)


@admin.register(Payment)
class PaymentAdmin(Endless, Record):
    list_display = ("reference", "state", AMOUNT, FEE, "student", "created_at", "paid_at", "outcome")
    list_filter = ("status", "channel", "created_at")
    search_fields = ("=reference", "=paystack_id", "=booking__id", "booking__student__email")
    search_help_text = _("Reference, Paystack's id, a booking's id or the student's address")
    list_select_related = ("booking__student",)
    ordering = ("-created_at", "id")
    fields = (
        "reference", "status", AMOUNT, FEE, "booking", "student", "channel", "paystack_id", "outcome", "created_at",
        "checked_at", "paid_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("state"), ordering="status", label=PAYMENT_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Payment) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description=_("student"))  # type: ignore[untyped-decorator]
    def student(self, obj: Payment) -> str:
        return str(obj.booking.student)

    def acts(self, obj: Any) -> Iterable[Act]:
        yield Act(_("Ask Paystack now"), "operator_check_payment")


@admin.register(Refund)
class RefundAdmin(Endless, Record):
    list_display = ("created_at", "payment", AMOUNT, "cause", "state", "attempts", "settled_at", "outcome")
    list_filter = ("status", "cause")
    search_fields = ("=payment__reference", "=paystack_id", "=id")
    search_help_text = _("A payment's reference, Paystack's id, or the refund's id")
    list_select_related = ("payment",)
    ordering = ("-created_at", "id")
    fields = (
        "payment", AMOUNT, "cause", "status", "paystack_id", "outcome", "attempts", "created_at", "sent_at",
        "settled_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("state"), ordering="status", label=REFUND_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Refund) -> tuple[str, str]:
        return obj.status, obj.get_status_display()


@admin.register(ProviderEvent)
class ProviderEventAdmin(Endless, Record):
    list_display = ("received_at", "provider", "digest", "handled_at")
    list_filter = ("provider", ("handled_at", admin.EmptyFieldListFilter))
    search_fields = ("=digest",)
    search_help_text = _("The digest of a body")
    ordering = ("-id",)
    fields = readonly_fields = ("provider", "received_at", "handled_at", "digest", "body_shown")

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("body")

    @display(description=_("body"))  # type: ignore[untyped-decorator]
    def body_shown(self, obj: ProviderEvent) -> str:
        return pretty(bytes(obj.body).decode(errors="replace")[:BODY_SHOWN])


@admin.register(ReviewItem)
class ReviewItemAdmin(Record):
    list_display = ("created_at", "kind_shown", "reference", "open", "resolution", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "kind")
    search_fields = ("=reference", "=key")
    search_help_text = _("A reference")
    list_select_related = ("payment",)
    ordering = ("resolved_at", "-created_at")
    fields = (
        "kind_shown", "reference", "payment", "booking", "found", "created_at", "resolved_at", "who", "resolution",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: Any) -> Any:
        return with_name_of(super().get_queryset(request), "resolved_by_id")

    def get_ordering(self, request: Any) -> tuple[Any, ...]:
        from django.db.models import F

        return (F("resolved_at").desc(nulls_first=True), "-created_at")

    @display(description=_("what"), ordering="kind", label="warning")  # type: ignore[untyped-decorator]
    def kind_shown(self, obj: ReviewItem) -> str:
        return obj.get_kind_display()

    @display(description=_("open"), boolean=True)  # type: ignore[untyped-decorator]
    def open(self, obj: ReviewItem) -> bool:
        return obj.resolved_at is None

    @display(description=_("booking"))  # type: ignore[untyped-decorator]
    def booking(self, obj: ReviewItem) -> str:
        if obj.payment is None:
            return "–"
        return link_to("admin:bookings_booking_change", obj.payment.booking_id, obj.payment.booking_id)

    @display(description=_("found"))  # type: ignore[untyped-decorator]
    def found(self, obj: ReviewItem) -> str:
        return pretty(json.dumps(obj.detail, indent=2, ensure_ascii=False))

    @display(description=_("decided by"))  # type: ignore[untyped-decorator]
    def who(self, obj: Any) -> str:
        return obj.person_name or obj.resolved_by_id or "–"

    def acts(self, obj: Any) -> Iterable[Act]:
        for way in ways_out(obj):
            yield Act(WAYS[way], f"operator_review_{way}")
