"""What tutors list. A product, never a session."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DURATIONS = (30, 45, 60, 90, 120, 180)
LOWEST_PRICE, HIGHEST_PRICE = 100_00, 10_000_000_00  # kobo


class BookingMode(models.TextChoices):
    INSTANT = "INSTANT", _("At once")
    REQUEST = "REQUEST", _("On request")


class CancellationPolicy(models.TextChoices):
    FLEXIBLE = "FLEXIBLE", _("Flexible")
    MODERATE = "MODERATE", _("Moderate")
    STRICT = "STRICT", _("Strict")


class Offering(models.Model):
    """A listing: price in minor units, duration in minutes. Withdrawn ones stay, unseen, for their bookings' sake.

    `booking_mode` INSTANT means at once or on request, as the student likes; REQUEST means on request only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tutor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="offerings")
    course = models.ForeignKey("courses.Course", models.SET_NULL, null=True, blank=True, related_name="offerings")
    title = models.CharField(_("title"), max_length=120)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    duration = models.PositiveSmallIntegerField(_("duration (minutes)"))
    price = models.BigIntegerField(_("price"))
    currency = models.CharField(max_length=3, default="NGN")
    booking_mode = models.CharField(_("booking"), max_length=10, choices=BookingMode, default=BookingMode.INSTANT)
    cancellation_policy = models.CharField(
        _("cancellation"), max_length=10, choices=CancellationPolicy, default=CancellationPolicy.MODERATE
    )
    meeting_link = models.CharField(
        _("standing meeting link"), max_length=500, blank=True, help_text=_("https; takes the provider's place")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # One index for each order of the marketplace and each filter that stands alone, live offerings only.
        indexes = [
            models.Index(
                fields=["-created_at", "-id"], name="offering_newest", condition=models.Q(withdrawn_at__isnull=True)
            ),
            models.Index(fields=["price", "id"], name="offering_price", condition=models.Q(withdrawn_at__isnull=True)),
            models.Index(
                fields=["course", "-created_at", "-id"],
                name="offering_course",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["tutor", "-created_at", "-id"],
                name="offering_tutor",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["duration", "-created_at", "-id"],
                name="offering_duration",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(duration__in=DURATIONS), name="offering_duration_known"),
            models.CheckConstraint(
                condition=models.Q(price__gte=LOWEST_PRICE, price__lte=HIGHEST_PRICE), name="offering_price_range"
            ),
            models.CheckConstraint(
                condition=models.Q(booking_mode__in=BookingMode.values), name="offering_booking_mode_known"
            ),
            models.CheckConstraint(
                condition=models.Q(cancellation_policy__in=CancellationPolicy.values), name="offering_policy_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title
