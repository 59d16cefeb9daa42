"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.notifications import views

urlpatterns: list[URLPattern] = [
    path("notifications", views.notifications, name="notifications"),
    path("notifications/read", views.read, name="notifications_read"),
    path("notifications/bell", views.bell, name="bell"),
]
