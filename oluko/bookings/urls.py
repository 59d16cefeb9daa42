"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.bookings import calendar_views, views

urlpatterns = [
    path("calendar", calendar_views.my_calendar, name="my_calendar"),
    path("calendar/renew", calendar_views.renew, name="calendar_renew"),
    path("calendar/outside", calendar_views.add_outside, name="calendar_add"),
    path("calendar/outside/<int:calendar_id>/read", calendar_views.read_outside, name="calendar_read"),
    path("calendar/outside/<int:calendar_id>/remove", calendar_views.remove_outside, name="calendar_remove"),
    path("calendar/<str:token>.ics", calendar_views.feed, name="calendar_feed"),
    path("mentorship/session/<uuid:booking_id>/approve", views.approve, name="session_approve"),
    path("mentorship/session/<uuid:booking_id>/reject", views.reject, name="session_reject"),
]
