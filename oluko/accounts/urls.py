"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from oluko.accounts import views

urlpatterns: list[URLPattern] = [
    path("zone", views.zone, name="zone"),
    path("profile", views.profile, name="profile"),
    path("profile/tutor", views.tutor_profile, name="tutor_profile"),
    path("profile/mentor", views.mentor, name="become_mentor"),
    path("profile/tokens", views.tokens, name="tokens"),
    path("profile/tokens/<int:token_id>/revoke", views.revoke, name="token_revoke"),
    path("photos/<str:name>", views.photo, name="photo"),
]
