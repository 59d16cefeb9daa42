"""Addresses that belong to no room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.core import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("sandbox/look", views.look, name="look"),
]
