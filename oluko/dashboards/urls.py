"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.dashboards import views

urlpatterns = [
    path("student/mentorship", views.student_mentorship, name="student_mentorship"),
    path("student/mentorship/live", views.student_live, name="student_mentorship_live"),
    path("tutor/mentorship", views.tutor_mentorship, name="tutor_mentorship"),
    path("tutor/mentorship/live", views.tutor_live, name="tutor_mentorship_live"),
    path("tutor/wallet", views.tutor_wallet, name="tutor_wallet"),
    path("tutor/analytics", views.tutor_analytics, name="tutor_analytics"),
    path("mentorship/session/<uuid:booking_id>/money", views.session_money, name="session_money"),
]
