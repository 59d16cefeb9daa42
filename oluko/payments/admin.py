"""Payments, refunds, problems, disputes, and what Paystack told us. Money moves by named actions alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core import money
from oluko.core.admin import Act, Endless, Record, money_of, with_name_of
from oluko.payments.disputes import ANSWER_AT
from oluko.payments.models import Dispute, Payment, Problem, ProviderEvent, Refund

PAYMENT_COLOURS = {"PENDING": "warning", "PAID": "success", "FAILED": "danger"}
REFUND_COLOURS = {
    "QUEUED": "info", "SENDING": "warning", "PROCESSING": "info", "PROCESSED": "success", "NEEDS_ATTENTION": "danger",
}  # fmt: skip
AMOUNT = money_of("amount", _("amount"))
FEE = money_of("fee", _("Paystack's fee"))
HELD_TUTOR = money_of("held_tutor", _("frozen, tutor's part"))
HELD_PLATFORM = money_of("held_platform", _("frozen, platform's part"))
PROBLEM_COLOURS = {"OPEN": "warning", "RELEASED": "success", "SPLIT": "info", "REFUNDED": "info"}
DISPUTE_COLOURS = {"AWAITING_US": "danger", "AWAITING_BANK": "warning", "WON": "success", "LOST": "info"}
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


@admin.register(Problem)
class ProblemAdmin(Record):
    list_display = ("reported_at", "booking", "reporter", "state", "decided_at")
    list_filter = ("status",)
    search_fields = ("=booking__id", "reporter__email", "reporter__name")
    search_help_text = _("A booking's id, or who reported it")
    list_select_related = ("booking", "reporter")
    ordering = ("-reported_at",)
    fields = (
        "booking", "status", "reporter", "reported_at", "words", "answer", "given", "note", "decided_at", "who",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: Any) -> Any:
        return with_name_of(super().get_queryset(request), "decided_by_id")

    @display(description=_("state"), ordering="status", label=PROBLEM_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Problem) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description=_("given back"))  # type: ignore[untyped-decorator]
    def given(self, obj: Problem) -> str:
        return money.show(obj.refund, obj.booking.currency)

    @display(description=_("decided by"))  # type: ignore[untyped-decorator]
    def who(self, obj: Any) -> str:
        return obj.person_name or obj.decided_by_id or "–"

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.status == Problem.Status.OPEN:
            yield Act(_("Decide a problem"), "operator_decide_problem")


@admin.register(Dispute)
class DisputeAdmin(Record):
    list_display = ("due_at", "paystack_id", "payment", AMOUNT, "state", "category", "opened_at", "resolved_at")
    list_filter = ("status", "category")
    search_fields = ("=paystack_id", "=payment__reference")
    search_help_text = _("Paystack's number of it, or a payment's reference")
    list_select_related = ("payment",)
    ordering = ("resolved_at", "due_at")
    fields = (
        "payment", "paystack_id", "status", AMOUNT, "category", "due_at", "answer_at", HELD_TUTOR, HELD_PLATFORM,
        "opened_at", "checked_at", "answer", "resolved_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("state"), ordering="status", label=DISPUTE_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Dispute) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description=_("where to answer the bank"))  # type: ignore[untyped-decorator]
    def answer_at(self, obj: Dispute) -> str:
        words = _("at Paystack's own site; what it decides is taken over here by itself")
        return format_html('<a class="operator-link" href="{}" rel="noreferrer">{}</a> {}', ANSWER_AT, ANSWER_AT, words)

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.status in Dispute.OPEN:
            yield Act(_("Ask Paystack now"), "operator_check_dispute")
