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
    """A tutor's weekly hours as local wall time in `time_zone`: {"mon": [["09:00", "12:00"], …], …}.

    `exceptions` are other hours on one local date, {"2026-05-05": [["09:00", "12:00"]], …}; no ranges means a day
    off. `outside_busy` is what the tutor's own calendars say, as merged pairs of UTC quarter hours [first, end).
    All of it stands in one row, because every search for a free time reads it.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="availability"
    )
    time_zone = models.CharField(_("time zone"), max_length=64)
    weekly = models.JSONField(_("weekly hours"), default=default_week)
    buffer_minutes = models.PositiveSmallIntegerField(_("break after a session (minutes)"), default=0)
    minimum_notice_hours = models.PositiveSmallIntegerField(_("minimum notice (hours)"), default=2)
    horizon_days = models.PositiveSmallIntegerField(_("bookable ahead (days)"), default=60)
    slot_step_minutes = models.PositiveSmallIntegerField(_("start times every (minutes)"), default=30)
    daily_cap = models.PositiveSmallIntegerField(_("sessions a day, at most"), null=True, blank=True)
    exceptions = models.JSONField(_("other hours on some dates"), default=dict, blank=True)
    outside_busy = models.JSONField(_("busy elsewhere"), default=list, blank=True, editable=False)

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


class OutsideCalendar(models.Model):
    """A calendar that a tutor keeps elsewhere, read from an ICS address; `busy` as in Availability.outside_busy.

    The address is a secret of the tutor's: it is shown to nobody else and written to no log.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="outside_calendars")
    name = models.CharField(_("name"), max_length=60)
    address = models.CharField(_("address"), max_length=2000)
    busy = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    next_read_at = models.DateTimeField(help_text=_("real time; from here the job reads it again"))
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_read_at"], name="outside_calendar_due")]

    def __str__(self) -> str:
        return self.name


class Claim(models.Model):
    """One quarter hour of one person's calendar, held by one live booking.

    UNIQUE(person, quarter) is the proof that nobody is in two live bookings at once, on every database.
    `quarter` is the number of quarter hours since 1970-01-01T00:00Z. `expires_at` is the booking's
    deadline while it is unpaid or unapproved: past it, the claim no longer blocks. `opens` marks the first quarter
    of a session that the person teaches: what a daily cap counts.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    quarter = models.BigIntegerField()
    booking_id = models.UUIDField(db_index=True)
    expires_at = models.DateTimeField(null=True)
    opens = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "quarter"], name="one_booking_a_quarter")]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.quarter}"
