"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.notifications import push_views, settings_views, views

urlpatterns: list[URLPattern] = [
    path("notifications", views.notifications, name="notifications"),
    path("notifications/read", views.read, name="notifications_read"),
    path("notifications/bell", views.bell, name="bell"),
    path("notifications/settings", settings_views.choose, name="notification_settings"),
    path("notifications/off/<str:signed>", settings_views.off, name="notifications_off"),
    path("notifications/push", push_views.turn_on, name="push_on"),
    path("notifications/push/off", push_views.turn_off, name="push_off"),
    # A worker may only act for addresses below its own, so it stands at the root.
    path("push-worker.js", push_views.worker, name="push_worker"),
]
