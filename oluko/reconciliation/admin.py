"""The inbox of what a person must decide about money, whoever put it there; and how the comparisons went."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core.admin import Act, Record, link_to, with_name_of
from oluko.payments.models import Payment, ReviewItem
from oluko.payments.reviews import WAYS, ways_out
from oluko.reconciliation.models import Run
from oluko.reconciliation.remedies import label_of, remedies_of
from oluko.reconciliation.words import counts_of, sentence_of, sides_of, state_of

# Of what a finding is about: the key in its detail, and the page of that record.
_RECORDS = (
    ("problem", "admin:payments_problem_change", _("Problem")),
    ("dispute", "admin:payments_dispute_change", _("Dispute")),
    ("dispute_id", "admin:payments_dispute_change", _("Dispute")),
    ("refund_id", "admin:payments_refund_change", _("Refund")),
    ("refund", "admin:payments_refund_change", _("Refund")),
    ("payout_id", "admin:payouts_payout_change", _("Payout")),
    ("payout", "admin:payouts_payout_change", _("Payout")),
)


@admin.register(ReviewItem)
class ReviewItemAdmin(Record):
    list_display = ("created_at", "kind_shown", "reference", "open", "resolution", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "kind")
    search_fields = ("=reference", "=key")
    search_help_text = _("A reference")
    list_select_related = ("payment",)
    ordering = ("resolved_at", "-created_at")
    fields = (
        "kind_shown", "found", "record", "reference", "of_payment", "booking", "created_at", "seen_at", "resolved_at",
        "who", "resolution",
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

    @display(description=_("about"))  # type: ignore[untyped-decorator]
    def record(self, obj: ReviewItem) -> str:
        for name, page, label in _RECORDS:
            if obj.detail.get(name):
                return link_to(page, obj.detail[name], label)
        return "–"

    @display(description=_("payment"))  # type: ignore[untyped-decorator]
    def of_payment(self, obj: ReviewItem) -> str:
        payment = _payment_of(obj)
        return link_to("admin:payments_payment_change", payment.pk, payment.reference) if payment else "–"

    @display(description=_("booking"))  # type: ignore[untyped-decorator]
    def booking(self, obj: ReviewItem) -> str:
        payment = _payment_of(obj)
        if payment is None:
            return "–"
        return link_to("admin:bookings_booking_change", payment.booking_id, payment.booking_id)

    @display(description=_("found"))  # type: ignore[untyped-decorator]
    def found(self, obj: ReviewItem) -> str:
        sentence = sentence_of(obj)
        if not sentence:
            words = json.dumps(obj.detail, indent=2, ensure_ascii=False)
            return format_html('<pre class="operator-pre">{}</pre>', words)
        return render_to_string("reconciliation/finding.html", {"sentence": sentence, "rows": sides_of(obj)})

    @display(description=_("decided by"))  # type: ignore[untyped-decorator]
    def who(self, obj: Any) -> str:
        return obj.person_name or obj.resolved_by_id or "–"

    def acts(self, obj: Any) -> Iterable[Act]:
        for remedy in remedies_of(obj):
            yield Act(label_of(obj, remedy), f"operator_remedy_{remedy}")
        for way in ways_out(obj):
            yield Act(WAYS[way], f"operator_review_{way}")


@admin.register(Run)
class RunAdmin(Record):
    list_display = ("started_at", "cause", "since", "compared", "mended", "found", "closed", "ended")
    list_filter = ("cause",)
    ordering = ("-id",)
    fields = (
        "cause", "who", "since", "until", "compared", "mended", "found", "closed", "ended", "started_at", "finished_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: Any) -> Any:
        return with_name_of(super().get_queryset(request), "asked_by_id")

    @display(description=_("compared"))  # type: ignore[untyped-decorator]
    def compared(self, obj: Run) -> str:
        return counts_of(obj)

    @display(description=_("ended"))  # type: ignore[untyped-decorator]
    def ended(self, obj: Run) -> str:
        return state_of(obj)

    @display(description=_("asked for by"))  # type: ignore[untyped-decorator]
    def who(self, obj: Any) -> str:
        return obj.person_name or obj.asked_by_id or "–"


def _payment_of(item: ReviewItem) -> Payment | None:
    # A finding does not hold its payment: an attempt that is not paid could not be paid any more.
    return item.payment or Payment.objects.filter(reference=item.reference).first()
