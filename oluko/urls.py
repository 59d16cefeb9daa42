"""Every address of Oluko on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from oluko.jobs.health import healthz, readyz

handler500 = "oluko.core.views.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    # Hot reads first: addresses are tried in this order.
    path("", include("oluko.api.urls")),
    path("admin/", include("oluko.operator.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("oluko.core.urls")),
    path("", include("oluko.accounts.urls")),
    path("", include("oluko.notifications.urls")),
    path("", include("oluko.courses.urls")),
    path("", include("oluko.calendars.urls")),
    path("", include("oluko.offerings.urls")),
    path("", include("oluko.bookings.urls")),
    path("", include("oluko.conversations.urls")),
    path("", include("oluko.meetings.urls")),
    path("", include("oluko.payments.urls")),
    path("", include("oluko.payouts.urls")),
    path("", include("oluko.dashboards.urls")),
]
