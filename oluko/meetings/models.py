"""The meeting of a paid booking at its provider."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oluko.bookings.models import Booking


class Meeting(models.Model):
    """One meeting a booking. Wanted at finalization; opened by a job; closed when the booking is cancelled.

    The host's start link is a secret of the provider's account and is never stored.
    """

    class State(models.TextChoices):
        WANTED = "WANTED", _("Being prepared")
        OPEN = "OPEN", _("Ready")
        PASTED = "PASTED", _("Link by the tutor")
        CLOSED = "CLOSED", _("Closed")

    booking = models.OneToOneField(Booking, models.PROTECT, primary_key=True, related_name="meeting")
    state = models.CharField(max_length=10, choices=State, default=State.WANTED)
    provider = models.CharField(max_length=20, blank=True)
    host = models.CharField(max_length=120, blank=True, help_text=_("the provider's user who holds it"))
    provider_id = models.CharField(max_length=60, blank=True)
    join_url = models.CharField(max_length=500, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True, help_text=_("the start that the provider was told"))
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True, help_text=_("real time; a worker is at it until then"))
    next_try_at = models.DateTimeField(default=timezone.now, help_text=_("real time; from here the sweep asks again"))

    class Meta:
        indexes = [models.Index(fields=["state", "next_try_at"], name="meeting_to_try")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["WANTED", "OPEN", "PASTED", "CLOSED"]), name="meeting_state_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.provider_id}"


class ProviderToken(models.Model):
    """The access token that every process shares; renewed early, by one of them at a time. Instants are real time."""

    provider = models.CharField(primary_key=True, max_length=20)
    token = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    renewing_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.provider


class HostTime(models.Model):
    """A quarter of an hour of one of the provider's hosts, who can hold one meeting at a time.

    `quarter` counts as a claim's does: quarter hours since 1970, UTC.
    """

    host = models.CharField(max_length=120)
    quarter = models.PositiveIntegerField()
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "quarter"], name="host_one_meeting_at_a_time")]

    def __str__(self) -> str:
        return f"{self.host} {self.quarter}"


class HostDay(models.Model):
    """How often a host's meetings were made or changed on one date (UTC): providers limit it."""

    host = models.CharField(max_length=120)
    day = models.DateField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "day"], name="host_day_once")]

    def __str__(self) -> str:
        return f"{self.host} {self.day}"


class Attendance(models.Model):
    """One stay of one person at a session, as one witness saw it. Instants are business time.

    A stay that is not renewed ends where it was last seen.
    """

    class Source(models.TextChoices):
        PAGE = "PAGE", _("Session page")
        ROOM = "ROOM", _("Built-in room")
        ZOOM = "ZOOM", _("Zoom")

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="attendance")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    source = models.CharField(max_length=10, choices=Source)
    arrived_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["arrived_at", "id"]
        indexes = [models.Index(fields=["booking", "person", "source"], name="attendance_of_booking")]

    def __str__(self) -> str:
        return f"{self.source} {self.booking_id}"


class Signal(models.Model):
    """What one browser in the built-in room tells the other while the two find each other (WebRTC); real time.

    Rows of a session are thrown away once it is over.
    """

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="+")
    sender = models.UUIDField(help_text=_("the page that speaks, made anew at each load"))
    receiver = models.UUIDField()
    body = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["receiver", "id"], name="signal_to_receiver")]

    def __str__(self) -> str:
        return f"{self.sender} to {self.receiver}"


class Seat(models.Model):
    """A page that is in the built-in room; kept alive by its polling (real time)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["booking", "seen_at"], name="seat_of_booking")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.booking_id}"
