"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.offerings import course_complete, schedule, views

_OWN = "tutor/mentorship/schedule/<uuid:offering_id>"

urlpatterns: list[URLPattern] = [
    path("mentorship", views.marketplace, name="marketplace"),
    path("mentorship/offerings/<uuid:offering_id>", views.offering, name="offering"),
    path("tutor/mentorship/schedule", schedule.tutor_schedule, name="tutor_schedule"),
    path(_OWN, schedule.tutor_offering, name="tutor_offering"),
    path(f"{_OWN}/delete", schedule.tutor_offering_delete, name="tutor_offering_delete"),
    path("courses/<slug:slug>/complete", course_complete.course_complete, name="course_complete"),
    path("courses/<slug:slug>/complete/dismiss", course_complete.suggestions_dismiss, name="suggestions_dismiss"),
]
