"""What people were told, as the operator sees it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from oluko.core.admin import Endless, Record
from oluko.notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(Endless, Record):
    list_display = ("created_at", "person", "kind", "title", "read_at", "mailed_at")
    list_filter = ("kind", ("mailed_at", admin.EmptyFieldListFilter))
    search_fields = ("person__name", "person__email", "=booking_id")
    search_help_text = _("A person's name or address, or a booking's id")
    list_select_related = ("person",)
    ordering = ("-id",)
    fields = ("person", "kind", "title", "body", "url", "booking_id", "key", "created_at", "read_at", "mailed_at")
