"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.dashboards import statement_views, views

urlpatterns = [
    path("student/mentorship", views.student_mentorship, name="student_mentorship"),
    path("student/mentorship/live", views.student_live, name="student_mentorship_live"),
    path("tutor/mentorship", views.tutor_mentorship, name="tutor_mentorship"),
    path("tutor/mentorship/live", views.tutor_live, name="tutor_mentorship_live"),
    path("tutor/wallet", views.tutor_wallet, name="tutor_wallet"),
    path("tutor/wallet/statements", statement_views.statements, name="tutor_statements"),
    path("tutor/wallet/statements/<slug:month>", statement_views.statement, name="tutor_statement"),
    path("tutor/wallet/statements/<slug:month>.csv", statement_views.statement_csv, name="tutor_statement_csv"),
    path("tutor/wallet/statements/<slug:month>.pdf", statement_views.statement_pdf, name="tutor_statement_pdf"),
    path("tutor/analytics", views.tutor_analytics, name="tutor_analytics"),
    path("mentorship/session/<uuid:booking_id>/money", views.session_money, name="session_money"),
]
