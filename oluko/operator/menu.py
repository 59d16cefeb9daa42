"""The operator's menu, in the order of a working day."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _


def styles(request: HttpRequest) -> str:
    """Our few styles beside django-unfold's."""
    return static("operator/operator.css")


def mark(request: HttpRequest) -> str:
    """The sign of the house, for the corner and the tab."""
    return static("oluko/mark.svg")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; icons are names of Material Symbols, which django-unfold brings along."""
    return [
        {"items": _day()},
        {"title": _("Market"), "items": _market()},
        {"title": _("Money"), "items": _money()},
        *_rehearsal(),
    ]


def _day() -> list[dict[str, Any]]:
    return [
        _entry(_("Today"), "admin:index", "dashboard"),
        _entry(_("To decide"), "admin:payments_reviewitem_changelist", "gavel"),
        _entry(_("Jobs"), "admin:django_tasks_database_dbtaskresult_changelist", "manufacturing"),
        _entry(_("Recurring work"), "admin:jobs_recurrence_changelist", "update"),
    ]


def _market() -> list[dict[str, Any]]:
    return [
        _entry(_("People"), "admin:accounts_person_changelist", "group"),
        _entry(_("Offerings"), "admin:offerings_offering_changelist", "storefront"),
        _entry(_("Bookings"), "admin:bookings_booking_changelist", "event"),
        _entry(_("Meetings"), "admin:meetings_meeting_changelist", "videocam"),
        _entry(_("Courses"), "admin:courses_course_changelist", "school"),
        _entry(_("Enrolments"), "admin:courses_enrolment_changelist", "how_to_reg"),
        _entry(_("Weekly hours"), "admin:calendars_availability_changelist", "schedule"),
        _entry(_("Calendars elsewhere"), "admin:calendars_outsidecalendar_changelist", "calendar_month"),
        _entry(_("Taken time"), "admin:calendars_claim_changelist", "event_busy"),
        _entry(_("Notifications"), "admin:notifications_notification_changelist", "notifications"),
        _entry(_("Deliveries"), "admin:notifications_delivery_changelist", "outgoing_mail"),
        *([_entry(_("Mails"), "operator_mails", "preview")] if settings.OLUKO_SANDBOX else []),
    ]


def _money() -> list[dict[str, Any]]:
    return [
        _entry(_("Overview"), "operator_money", "monitoring"),
        _entry(_("Payments"), "admin:payments_payment_changelist", "payments"),
        _entry(_("Refunds"), "admin:payments_refund_changelist", "undo"),
        _entry(_("Problems"), "admin:payments_problem_changelist", "feedback"),
        _entry(_("Disputes"), "admin:payments_dispute_changelist", "balance"),
        _entry(_("Payouts"), "admin:payouts_payout_changelist", "outbound"),
        _entry(_("Bank accounts"), "admin:payouts_bankaccount_changelist", "account_balance_wallet"),
        _entry(_("Reconciliation"), "operator_reconciliation", "compare_arrows"),
        _entry(_("Events of providers"), "admin:payments_providerevent_changelist", "webhook"),
        _entry(_("Accounts"), "admin:ledger_account_changelist", "account_balance"),
        _entry(_("Transfers"), "admin:ledger_transfer_changelist", "sync_alt"),
        _entry(_("Audit trail"), "admin:ledger_auditentry_changelist", "history"),
    ]


def _rehearsal() -> list[dict[str, Any]]:
    """In sandbox mode only: elsewhere the page does not exist."""
    if not settings.OLUKO_SANDBOX:
        return []
    return [{"title": _("Rehearsal"), "items": [_entry(_("A bad day"), "rehearsal", "theater_comedy")]}]


def _entry(title: str, url_name: str, icon: str) -> dict[str, Any]:
    return {"title": title, "link": reverse(url_name), "icon": icon}
