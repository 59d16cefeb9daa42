"""When a tutor works, and which quarter hours of whom are taken."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def default_week() -> dict[str, list[list[str]]]:
    """Working days from nine to five, so that a new tutor can be booked at once."""
    return {day: [["09:00", "17:00"]] if day not in ("sat", "sun") else [] for day in WEEKDAYS}


class Availability(models.Model):
    """A tutor's weekly hours as local wall time in `time_zone`: {"mon": [["09:00", "12:00"], …], …}."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="availability"
    )
    time_zone = models.CharField(_("time zone"), max_length=64)
    weekly = models.JSONField(_("weekly hours"), default=default_week)
    buffer_minutes = models.PositiveSmallIntegerField(_("break after a session (minutes)"), default=0)
    minimum_notice_hours = models.PositiveSmallIntegerField(_("minimum notice (hours)"), default=2)
    horizon_days = models.PositiveSmallIntegerField(_("bookable ahead (days)"), default=60)
    slot_step_minutes = models.PositiveSmallIntegerField(_("start times every (minutes)"), default=30)

    class Meta:
        verbose_name_plural = _("availabilities")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(buffer_minutes__in=[0, 15, 30, 45, 60]), name="buffer_on_quarter"
            ),
            models.CheckConstraint(condition=models.Q(slot_step_minutes__in=[15, 30, 60]), name="slot_step_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}"


class AvailabilityException(models.Model):
    """Other hours on one local date; no ranges means a day off."""

    availability = models.ForeignKey(Availability, models.CASCADE, related_name="exceptions")
    date = models.DateField(_("date"))
    ranges = models.JSONField(_("hours"), default=list, blank=True)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["availability", "date"], name="exception_once_a_day")]

    def __str__(self) -> str:
        return f"{self.date}"


class Claim(models.Model):
    """One quarter hour of one person's calendar, held by one live booking.

    UNIQUE(person, quarter) is the proof that nobody is in two live bookings at once, on every database.
    `quarter` is the number of quarter hours since 1970-01-01T00:00Z. `expires_at` is the booking's
    deadline while it is unpaid or unapproved: past it, the claim no longer blocks.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    quarter = models.BigIntegerField()
    booking_id = models.UUIDField(db_index=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "quarter"], name="one_booking_a_quarter")]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.quarter}"
