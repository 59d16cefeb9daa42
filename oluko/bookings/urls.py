"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.bookings import views

urlpatterns = [
    path("mentorship/session/<uuid:booking_id>/approve", views.approve, name="session_approve"),
    path("mentorship/session/<uuid:booking_id>/reject", views.reject, name="session_reject"),
]
