"""The meeting of a paid booking at its provider."""

from __future__ import annotations

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
