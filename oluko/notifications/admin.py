"""What people were told and how it went out, as the operator sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oluko.core.admin import Act, Endless, Lines, Record, link_to
from oluko.notifications.models import Delivery, Notification

COLOURS = {"QUEUED": "info", "SENT": "success", "FAILED": "danger", "DROPPED": "warning"}


class DeliveryLines(Lines):
    model = Delivery
    verbose_name_plural = _("Deliveries")
    fields = readonly_fields = ("channel", "state", "why", "attempts", "sent_at", "opened_at", "error")


@admin.register(Notification)
class NotificationAdmin(Endless, Record):
    list_display = ("created_at", "person", "kind", "title", "read_at")
    list_filter = ("kind", ("read_at", admin.EmptyFieldListFilter))
    search_fields = ("person__name", "person__email", "=booking_id")
    search_help_text = _("A person's name or address, or a booking's id")
    list_select_related = ("person",)
    ordering = ("-id",)
    fields = (
        "person", "kind", "title", "subject", "body", "url", "booking_id", "version", "about_at", "useful_until",
        "key", "created_at", "read_at",
    )  # fmt: skip
    inlines = (DeliveryLines,)


@admin.register(Delivery)
class DeliveryAdmin(Endless, Record):
    list_display = ("told_at", "person", "kind", "channel", "shown_state", "why", "attempts", "sent_at", "opened_at")
    list_filter = ("state", "channel", "why", ("opened_at", admin.EmptyFieldListFilter))
    search_fields = ("notification__person__name", "notification__person__email", "=notification__booking_id")
    search_help_text = _("A person's name or address, or a booking's id")
    list_select_related = ("notification__person",)
    ordering = ("-id",)
    fields = readonly_fields = (
        "told", "person", "kind", "channel", "shown_state", "why", "attempts", "error", "next_at", "not_before",
        "sent_at", "opened_at",
    )  # fmt: skip

    @display(description=_("told"), ordering="notification__created_at")  # type: ignore[untyped-decorator]
    def told_at(self, obj: Delivery) -> Any:
        return obj.notification.created_at

    @display(description=_("notification"))  # type: ignore[untyped-decorator]
    def told(self, obj: Delivery) -> str:
        return link_to("admin:notifications_notification_change", obj.notification_id, obj.notification)

    @display(description=_("person"))  # type: ignore[untyped-decorator]
    def person(self, obj: Delivery) -> str:
        return str(obj.notification.person)

    @display(description=_("kind"))  # type: ignore[untyped-decorator]
    def kind(self, obj: Delivery) -> str:
        return obj.notification.kind

    @display(description=_("state"), ordering="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def shown_state(self, obj: Delivery) -> tuple[str, str]:
        return obj.state, obj.get_state_display()

    def acts(self, obj: Any) -> Iterable[Act]:
        if obj.state != Delivery.State.QUEUED:
            yield Act(_("Send again"), "operator_send_again")
