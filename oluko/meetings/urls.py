"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from oluko.meetings import move_views, presence_views, room_views, views, zoom_views

_SESSION = "mentorship/session/<uuid:booking_id>"

urlpatterns = [
    path(_SESSION, views.session, name="session"),
    path(f"{_SESSION}/state", views.session_state, name="session_state"),
    path(f"{_SESSION}/start", views.start, name="session_start"),
    path(f"{_SESSION}/complete", views.complete, name="session_complete"),
    path(f"{_SESSION}/no-show", views.no_show, name="session_no_show"),
    path(f"{_SESSION}/move", move_views.move, name="session_move"),
    path(f"{_SESSION}/proposal", move_views.proposal, name="session_proposal"),
    path(f"{_SESSION}/zoom", zoom_views.zoom_meeting, name="session_zoom"),
    path(f"{_SESSION}/host", zoom_views.host_link, name="session_host"),
    path(f"{_SESSION}/here", presence_views.here, name="session_here"),
    path(f"{_SESSION}/room/enter", room_views.enter, name="room_enter"),
    path(f"{_SESSION}/room/poll", room_views.poll, name="room_poll"),
    path(f"{_SESSION}/room/send", room_views.send, name="room_send"),
    path(f"{_SESSION}/room/leave", room_views.leave, name="room_leave"),
    path(f"{_SESSION}/meeting-link", views.paste_link, name="session_meeting_link"),
]
