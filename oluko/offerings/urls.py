"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.offerings import course_complete

urlpatterns: list[URLPattern] = [
    path("courses/<slug:slug>/complete", course_complete.course_complete, name="course_complete"),
    path("courses/<slug:slug>/complete/dismiss", course_complete.suggestions_dismiss, name="suggestions_dismiss"),
]
