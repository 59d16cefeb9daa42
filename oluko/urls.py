"""Every address of Oluko on one screen."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from oluko.jobs.health import healthz, readyz

# The operator signs in where everybody does, so that tries are counted and the second factor is asked for.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("oluko.core.urls")),
    path("", include("oluko.accounts.urls")),
    path("", include("oluko.notifications.urls")),
    path("", include("oluko.courses.urls")),
    path("", include("oluko.calendars.urls")),
    path("", include("oluko.offerings.urls")),
    path("", include("oluko.bookings.urls")),
    path("", include("oluko.meetings.urls")),
    path("", include("oluko.payments.urls")),
    path("", include("oluko.dashboards.urls")),
    path("", include("oluko.api.urls")),
]
