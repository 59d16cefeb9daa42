"""The operator's front page: what needs a decision, how the money stands, whether the workers are well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.bookings.models import Booking, Status
from oluko.core import clock
from oluko.dashboards.platform import platform_sums
from oluko.jobs.health import workers_alive
from oluko.jobs.models import Recurrence
from oluko.payments.models import Refund, ReviewItem
from oluko.payouts.models import Payout

SHOWN = 6
NEAR = timedelta(hours=12)
LONG_AGO = timedelta(minutes=5)


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the front page shows to the admin's own context."""
    return context | {
        "sums": platform_sums(),
        "reviews": _some(ReviewItem.objects.filter(resolved_at__isnull=True).order_by("created_at")),
        "payouts": _some(_payouts_in_review()),
        "failed_jobs": _some(DBTaskResult.objects.failed().defer("traceback").order_by("-finished_at")),
        "stuck_refunds": _some(_stuck_refunds()),
        "requests": _some(_requests_near_deadline()),
        "workers": workers_alive(),
        "late": list(_failing_recurrences()[:SHOWN]),
    }


def _stuck_refunds() -> QuerySet[Refund]:
    return (
        Refund.objects.filter(status=Refund.Status.NEEDS_ATTENTION)
        .select_related("payment__booking__student")
        .order_by("created_at")
    )


def _payouts_in_review() -> QuerySet[Payout]:
    return Payout.objects.filter(status=Payout.Status.IN_REVIEW).select_related("tutor").order_by("requested_at")


def _requests_near_deadline() -> QuerySet[Booking]:
    """Requests that lapse soon unless their tutor answers."""
    waiting = Booking.objects.filter(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__lte=clock.now() + NEAR)
    return waiting.select_related("student", "tutor").order_by("approval_deadline")


def _failing_recurrences() -> QuerySet[Recurrence]:
    """Recurring work whose last run failed a short while ago."""
    return Recurrence.objects.filter(failed_at__gt=timezone.now() - LONG_AGO).order_by("-failed_at")


def _some(rows: Any) -> dict[str, Any]:
    """The first few rows, and how many there are, up to a hundred."""
    return {"rows": list(rows[:SHOWN]), "count": rows[:100].count()}
