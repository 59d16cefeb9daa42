"""The books and the audit trail: read, never written here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core.admin import Endless, Record, link_to, money_of, with_name_of
from oluko.ledger.models import Account, AuditEntry, Transfer


class Named(Record):
    """Rows that name a person by id only; the name is looked up where it still is."""

    person_field = "person_id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_name_of(super().get_queryset(request), self.person_field)

    def _person(self, obj: Any) -> str:
        pk = getattr(obj, self.person_field)
        return link_to("admin:accounts_person_change", pk, obj.person_name or pk) if pk else ""


@admin.register(Account)
class AccountAdmin(Named):
    list_display = ("kind_shown", "whose", "currency", money_of("balance", _("balance")))
    list_filter = ("kind", "currency")
    search_fields = ("person_id",)
    search_help_text = _("A person's id")
    ordering = ("kind", "-balance")
    fields = readonly_fields = ("kind", "whose", "currency", money_of("balance", _("balance")))

    @display(description=_("account"), ordering="kind")  # type: ignore[untyped-decorator]
    def kind_shown(self, obj: Account) -> str:
        return obj.get_kind_display()

    @display(description=_("whose"))  # type: ignore[untyped-decorator]
    def whose(self, obj: Account) -> str:
        return self._person(obj) or "Oluko"


@admin.register(Transfer)
class TransferAdmin(Endless, Record):
    list_display = ("at", "kind", "debit_shown", "credit_shown", money_of("amount", _("amount")), "payment_reference")
    list_filter = ("kind", "debit__kind", "credit__kind", "currency")
    search_fields = ("=payment_reference", "=idempotency_key", "=booking_id")
    search_help_text = _("Payment reference, key of the event, or a booking's id")
    list_select_related = ("debit", "credit")
    ordering = ("-at", "-recorded_at", "id")
    fields = (
        "kind", "debit_shown", "credit_shown", money_of("amount", _("amount")), "booking", "payment_reference",
        "idempotency_key", "at", "recorded_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("debit"))  # type: ignore[untyped-decorator]
    def debit_shown(self, obj: Transfer) -> str:
        return link_to("admin:ledger_account_change", obj.debit_id, obj.debit.get_kind_display())

    @display(description=_("credit"))  # type: ignore[untyped-decorator]
    def credit_shown(self, obj: Transfer) -> str:
        return link_to("admin:ledger_account_change", obj.credit_id, obj.credit.get_kind_display())

    @display(description=_("booking"))  # type: ignore[untyped-decorator]
    def booking(self, obj: Transfer) -> str:
        return link_to("admin:bookings_booking_change", obj.booking_id, obj.booking_id) if obj.booking_id else "–"


@admin.register(AuditEntry)
class AuditAdmin(Endless, Named):
    person_field = "actor_id"
    list_display = ("at", "subject", "subject_id", "from_state", "to_state", "who", "why")
    list_filter = ("subject", "to_state")
    search_fields = ("=subject_id", "=request_id")
    search_help_text = _("A subject's id, or a request id")
    ordering = ("-id",)
    fields = (
        "subject", "subject_id", "from_state", "to_state", "who", "why", "request_id", "at", "recorded_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("who"))  # type: ignore[untyped-decorator]
    def who(self, obj: AuditEntry) -> str:
        return self._person(obj) or "Oluko"
