"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.accounts import views

urlpatterns: list[URLPattern] = [
    path("zone", views.zone, name="zone"),
]
