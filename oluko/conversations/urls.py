"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.conversations import views

_SESSION = "mentorship/session/<uuid:booking_id>"

urlpatterns = [
    path(f"{_SESSION}/messages", views.conversation, name="session_messages"),
    path(f"{_SESSION}/messages/thread", views.thread, name="session_thread"),
    path(f"{_SESSION}/messages/read", views.read, name="session_read"),
    path(f"{_SESSION}/messages/open", views.open_thread, name="session_messages_open"),
    path(f"{_SESSION}/messages/files/<uuid:attachment_id>", views.attachment, name="session_file"),
    path(f"{_SESSION}/notes", views.notes, name="session_notes"),
    path(f"{_SESSION}/tasks/<int:task_id>", views.task, name="session_task"),
]
