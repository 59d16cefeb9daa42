"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.calendars import views

urlpatterns: list[URLPattern] = [
    path("tutor/availability", views.tutor_availability, name="tutor_availability"),
    path("tutor/availability/preview", views.tutor_availability_preview, name="tutor_availability_preview"),
]
