"""Addresses of this room; the completion page is the offerings room's, because of the card on it."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.courses import views

urlpatterns: list[URLPattern] = [
    path("courses", views.courses, name="courses"),
    path("courses/<slug:slug>", views.course, name="course"),
    path("courses/<slug:slug>/enrol", views.enrol_in, name="course_enrol"),
    path("courses/<slug:slug>/lessons/<int:lesson_id>/done", views.lesson_done, name="lesson_done"),
]
