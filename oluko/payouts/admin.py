"""Payouts and where they go; numbers of accounts are shown by their last digits alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core.admin import Act, Endless, Record, money_of
from oluko.payouts.models import BankAccount, Payout

COLOURS = {
    "IN_REVIEW": "danger", "QUEUED": "info", "SENDING": "warning", "NO_BALANCE": "warning", "ON_THE_WAY": "info",
    "PAID": "success", "RETURNED": "",
}  # fmt: skip
AMOUNT = money_of("amount", _("amount"))
FEE = money_of("fee", _("Paystack's fee"))


def masked(number: str) -> str:
    """The last four digits of an account's number."""
    return f"…{number[-4:]}"


class Masked:
    @display(description=_("account number"))  # type: ignore[untyped-decorator]
    def account(self, obj: BankAccount | Payout) -> str:
        return masked(obj.account_number)


@admin.register(Payout)
class PayoutAdmin(Masked, Endless, Record):
    list_display = ("requested_at", "tutor", AMOUNT, "state", "bank_name", "account", "outcome", "settled_at")
    list_filter = ("status", "weekly", "requested_at")
    search_fields = ("=reference", "=transfer_code", "=tutor__email", "tutor__name")
    search_help_text = _("Our reference, Paystack's code, the tutor's address or name")
    list_select_related = ("tutor",)
    ordering = ("-requested_at", "id")
    fields = (
        "reference", "tutor", AMOUNT, "status", "outcome", "bank_name", "account", "account_name", "recipient_code",
        "transfer_code", FEE, "weekly", "attempts", "requested_at", "send_after", "next_try_at", "sent_at",
        "settled_at", "decided_by_id", "decided_note",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("state"), ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, obj: Payout) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.status == Payout.Status.IN_REVIEW:
            yield Act(_("Approve"), "operator_approve_payout")
            yield Act(_("Reject"), "operator_reject_payout", danger=True)


@admin.register(BankAccount)
class BankAccountAdmin(Masked, Record):
    list_display = ("person", "bank_name", "account", "account_name", "weekly", "changed_at", "held_until")
    list_filter = ("weekly", "bank_name")
    search_fields = ("=person__email", "person__name", "account_name")
    search_help_text = _("The tutor's address or name, or the holder's")
    list_select_related = ("person",)
    ordering = ("-changed_at",)
    fields = (
        "person", "bank_name", "account", "account_name", "currency", "recipient_code", "weekly", "changed_at",
        "held_until",
    )  # fmt: skip
    readonly_fields = fields
