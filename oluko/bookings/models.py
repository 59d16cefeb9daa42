"""One student's purchase of one time from one offering: its facts, its states, who may see it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oluko.core import clock
from oluko.ledger.audit import record_change
from oluko.offerings.models import DURATIONS, BookingMode, CancellationPolicy


class Status(models.TextChoices):
    PENDING_MENTOR_REVIEW = "PENDING_MENTOR_REVIEW", _("Awaiting approval")
    SCHEDULED = "SCHEDULED", _("Scheduled")
    IN_PROGRESS = "IN_PROGRESS", _("In progress")
    COMPLETED = "COMPLETED", _("Completed")
    NO_SHOW = "NO_SHOW", _("No-show")
    CANCELLED = "CANCELLED", _("Cancelled")
    REJECTED = "REJECTED", _("Rejected")


class PaymentStatus(models.TextChoices):
    PENDING = "PENDING", _("Not paid")
    PAID = "PAID", _("Paid")
    FAILED = "FAILED", _("Not paid in time")
    REFUNDED = "REFUNDED", _("Refunded")


LIVE = (Status.PENDING_MENTOR_REVIEW, Status.SCHEDULED, Status.IN_PROGRESS)
FINAL = (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED, Status.REJECTED)

# The one way out of a final state is money: a payment that arrives after its hold has lapsed claims the time
# again, where it is still free (docs/decisions, "A late payment revives its booking").
TRANSITIONS: dict[Status, tuple[Status, ...]] = {
    Status.PENDING_MENTOR_REVIEW: (Status.SCHEDULED, Status.REJECTED, Status.CANCELLED),
    Status.SCHEDULED: (Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED),
    Status.IN_PROGRESS: (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED),
    Status.COMPLETED: (),
    Status.NO_SHOW: (),
    Status.CANCELLED: (),
    Status.REJECTED: (),
}
REVIVAL = (Status.CANCELLED, Status.SCHEDULED)


class CancelReason(models.TextChoices):
    """Why a booking was cancelled, where a program needs to know; people's own words stand beside it."""

    PAYMENT_WINDOW_PASSED = "PAYMENT_WINDOW_PASSED", _("Not paid in time")
    BY_STUDENT = "BY_STUDENT", _("Cancelled by the student")
    BY_TUTOR = "BY_TUTOR", _("Cancelled by the tutor")
    BY_OPERATOR = "BY_OPERATOR", _("Cancelled by the operator")
    TAKEN_BY_BANK = "TAKEN_BY_BANK", _("The bank took the payment back")


class Outcome(models.TextChoices):
    """What the traces of who was there say about a session's end; a proposal until somebody confirms it."""

    HELD = "HELD", _("Both were there")
    STUDENT_ABSENT = "STUDENT_ABSENT", _("The student was not there")
    TUTOR_ABSENT = "TUTOR_ABSENT", _("The tutor was not there")
    UNKNOWN = "UNKNOWN", _("Nobody knows")


class Absent(models.TextChoices):
    """Whose no-show a session was."""

    STUDENT = "STUDENT", _("The student")
    TUTOR = "TUTOR", _("The tutor")


class Booking(models.Model):
    """Offering's facts are snapshotted: what was bought does not change when the listing does.

    Prices are minor units; instants are UTC; `deadline` is `pay_by` or `approval_deadline`, whichever applies.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    offering = models.ForeignKey("offerings.Offering", models.PROTECT, null=True, blank=True, related_name="bookings")
    tutor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="tutored_bookings")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="booked_bookings")
    course = models.ForeignKey("courses.Course", models.SET_NULL, null=True, blank=True, related_name="bookings")

    title = models.CharField(_("title"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    duration = models.PositiveSmallIntegerField(_("duration (minutes)"))
    buffer_minutes = models.PositiveSmallIntegerField(default=0)
    price = models.BigIntegerField(_("price"))
    currency = models.CharField(max_length=3)
    tutor_share_bps = models.PositiveSmallIntegerField()
    cancellation_policy = models.CharField(max_length=10, choices=CancellationPolicy)
    booking_mode = models.CharField(max_length=10, choices=BookingMode)

    status = models.CharField(_("state"), max_length=30, choices=Status)
    payment_status = models.CharField(_("payment"), max_length=10, choices=PaymentStatus, default=PaymentStatus.PENDING)
    scheduled_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    notes = models.TextField(_("what the student wants help with"), max_length=2000, blank=True)
    approval_notes = models.TextField(_("answer to the request"), max_length=1000, blank=True)
    approval_deadline = models.DateTimeField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    pay_by = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=30, choices=CancelReason, blank=True)
    cancel_note = models.TextField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=0, help_text=_("rises with every change that calendars must learn"))
    proposed_at = models.DateTimeField(_("start that the tutor proposes"), null=True, blank=True)
    hold_extended = models.BooleanField(_("hold extended"), default=False)
    refunded = models.BigIntegerField(_("refunded"), default=0)
    refunded_late = models.BigIntegerField(_("refunded after the release"), default=0)
    proposed_outcome = models.CharField(
        _("how it seems to have ended"), max_length=20, choices=Outcome, blank=True, help_text=_("from who was there")
    )
    absent = models.CharField(_("who was not there"), max_length=10, choices=Absent, blank=True)
    release_held = models.BooleanField(_("release held"), default=False)
    release_at = models.DateTimeField(_("to be released"), null=True, blank=True)
    released_at = models.DateTimeField(_("released to the tutor"), null=True, blank=True)
    meeting_url = models.CharField(_("meeting"), max_length=500, blank=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["student", "status", "scheduled_at"], name="booking_of_student"),
            models.Index(fields=["tutor", "status", "scheduled_at"], name="booking_of_tutor"),
            models.Index(fields=["status", "pay_by"], name="booking_pay_by"),
            models.Index(fields=["status", "approval_deadline"], name="booking_approval"),
            models.Index(fields=["status", "ends_at"], name="booking_ends"),
            models.Index(fields=["release_at"], name="booking_release", condition=models.Q(released_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="booking_status_known"),
            models.CheckConstraint(
                condition=models.Q(payment_status__in=PaymentStatus.values), name="booking_payment_status_known"
            ),
            models.CheckConstraint(condition=models.Q(duration__in=DURATIONS), name="booking_duration_known"),
            models.CheckConstraint(condition=~models.Q(tutor=models.F("student")), name="booking_of_two_people"),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0)
                & models.Q(refunded_late__gte=0)
                & models.Q(refunded__lte=models.F("price") - models.F("refunded_late")),
                name="booking_refund_within_price",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["IN_PROGRESS", "COMPLETED", "NO_SHOW"])
                | models.Q(payment_status__in=["PAID", "REFUNDED"]),
                name="booking_held_only_if_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.id})"

    @property
    def awaits_payment(self) -> bool:
        return self.status == Status.SCHEDULED and self.payment_status == PaymentStatus.PENDING

    @property
    def given_back(self) -> int:
        """What the student has back, or is to get back, in minor units."""
        return self.refunded + self.refunded_late

    @property
    def deadline(self) -> datetime | None:
        """The instant at which this booking lapses by itself, if it can."""
        if self.status == Status.PENDING_MENTOR_REVIEW:
            return self.approval_deadline
        return self.pay_by if self.awaits_payment else None

    @property
    def opens_at(self) -> datetime:
        """From here the lobby is open and the tutor may start."""
        return self.scheduled_at - timedelta(minutes=15)

    def move_to(
        self,
        status: Status,
        *,
        actor_id: uuid.UUID | None,
        why: str = "",
        only_if: models.Q | None = None,
        **fields: object,
    ) -> bool:
        """Change the state if state and time are still what we read; False if somebody else got there first.

        Call inside a transaction. `fields` change with it, the version rises, and the tutor's proposal of another
        time is void; `only_if` narrows the condition further. Writes the audit row. Raises ValueError for a
        transition that does not exist, which is a mistake of ours.
        """
        old = Status(self.status)
        if status not in TRANSITIONS[old] and (old, status) != REVIVAL:
            raise ValueError(f"No transition from {old} to {status}.")
        # The version also tells whether the booking was moved since: who read the old time decides nothing by it.
        rows = Booking.objects.filter(pk=self.pk, status=old, version=self.version)
        if only_if is not None:
            rows = rows.filter(only_if)
        changed = {"status": status, "version": self.version + 1, "proposed_at": None} | fields
        if not rows.update(**changed):
            return False
        for name, value in changed.items():
            setattr(self, name, value)
        record_change("booking", str(self.pk), old, status, actor_id=actor_id, why=why, at=clock.now())
        return True
