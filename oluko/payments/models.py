"""Attempts to pay, what Paystack told us, refunds, and what an operator must look at."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oluko.bookings.models import Booking


class Payment(models.Model):
    """One attempt to pay a booking, keyed by our own `reference`; amounts in minor units.

    FAILED attempts may still turn PAID: a page that was left open can be paid later, and money that
    arrived is never lost.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Under way")
        PAID = "PAID", _("Paid")
        FAILED = "FAILED", _("Not paid")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="payments")
    reference = models.CharField(max_length=60, unique=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    authorization_url = models.CharField(max_length=300, blank=True)
    fee = models.BigIntegerField(_("Paystack's fee"), default=0)
    paystack_id = models.CharField(max_length=30, blank=True)
    channel = models.CharField(max_length=30, blank=True)
    outcome = models.CharField(_("what Paystack said"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(_("asked Paystack"), null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["status", "created_at"], name="payment_by_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], name="one_attempt_under_way", condition=models.Q(status="PENDING")
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(status__in=["PENDING", "PAID", "FAILED"]), name="payment_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Receipt(models.Model):
    """The number under which a payment's receipt is printed; given out in order, once, a moment after it arrived."""

    number = models.PositiveIntegerField(unique=True)
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="receipt")
    issued_at = models.DateTimeField(help_text=_("business time"))

    def __str__(self) -> str:
        return str(self.number)


class ProviderEvent(models.Model):
    """A webhook as it came, stored before it is acted upon; the digest makes a repeat the same row."""

    provider = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("event of a provider")

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"


class Refund(models.Model):
    """Money on its way back. A row a payment and cause; an unknown outcome is asked for, never repeated blindly."""

    class Status(models.TextChoices):
        QUEUED = "QUEUED", _("To be sent")
        SENDING = "SENDING", _("Sent, answer unknown")
        PROCESSING = "PROCESSING", _("Under way at Paystack")
        PROCESSED = "PROCESSED", _("Refunded")
        NEEDS_ATTENTION = "NEEDS_ATTENTION", _("Needs the operator")

    class Cause(models.TextChoices):
        CANCELLED = "CANCELLED", _("The booking was cancelled")
        TIME_LOST = "TIME_LOST", _("Paid when the time was gone")
        PAID_TWICE = "PAID_TWICE", _("Paid a second time")
        REVIEW = "REVIEW", _("Decided by the operator")
        NO_SHOW = "NO_SHOW", _("The tutor was not there")
        PROBLEM = "PROBLEM", _("A problem was reported")
        GOODWILL = "GOODWILL", _("Given back by the operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    cause = models.CharField(max_length=20, choices=Cause)
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    paystack_id = models.CharField(max_length=30, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(_("asked Paystack"), null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # An operator may give back more than once, each time a part.
            models.UniqueConstraint(
                fields=["payment", "cause"], name="refund_once_a_cause", condition=~models.Q(cause="GOODWILL")
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id}"


class Dispute(models.Model):
    """A chargeback as Paystack tells it: the student's bank asks for the money back. Amounts in minor units.

    What is left of the booking's money is frozen meanwhile; the two parts remember how much of it was whose.
    """

    class Status(models.TextChoices):
        AWAITING_US = "AWAITING_US", _("Waits for our answer")
        AWAITING_BANK = "AWAITING_BANK", _("Waits for the bank")
        WON = "WON", _("Decided for the tutor")
        LOST = "LOST", _("Decided for the student")

    OPEN = (Status.AWAITING_US, Status.AWAITING_BANK)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    paystack_id = models.CharField(max_length=30, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    amount = models.BigIntegerField(_("amount disputed"))
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status, default=Status.AWAITING_US)
    category = models.CharField(_("what the bank says"), max_length=60, blank=True)
    due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    held_tutor = models.BigIntegerField(_("frozen, tutor's part"), default=0)
    held_platform = models.BigIntegerField(_("frozen, platform's part"), default=0)
    answer = models.CharField(_("our answer"), max_length=300, blank=True)
    opened_at = models.DateTimeField(help_text=_("business time"))
    checked_at = models.DateTimeField(_("asked Paystack"), null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["status", "due_at"], name="dispute_due")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["AWAITING_US", "AWAITING_BANK", "WON", "LOST"]),
                name="dispute_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.paystack_id}"


class Problem(models.Model):
    """What a student or tutor reported within a day of a session; its money is not released until it is decided."""

    class Status(models.TextChoices):
        OPEN = "OPEN", _("Waits for the operator")
        RELEASED = "RELEASED", _("Paid to the tutor")
        SPLIT = "SPLIT", _("Shared")
        REFUNDED = "REFUNDED", _("Given back to the student")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    booking = models.OneToOneField(Booking, models.PROTECT, related_name="problem")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    words = models.TextField(_("what happened"), max_length=2000)
    answer = models.TextField(_("what the other says"), max_length=2000, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    refund = models.BigIntegerField(_("given back"), default=0)
    note = models.TextField(_("the operator's reason"), max_length=1000, blank=True)
    decided_by_id = models.UUIDField(null=True, blank=True)
    reported_at = models.DateTimeField(help_text=_("business time"))
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["OPEN", "RELEASED", "SPLIT", "REFUNDED"]), name="problem_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} ({self.booking_id})"


class ReviewItem(models.Model):
    """Something about money that a person must decide; nothing was fulfilled because of it."""

    class Kind(models.TextChoices):
        AMOUNT = "AMOUNT", _("Amount differs")
        CURRENCY = "CURRENCY", _("Currency differs")
        DOMAIN = "DOMAIN", _("Test money on a live site, or the reverse")
        UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE", _("Unknown reference")
        REFUND = "REFUND", _("Refund failed")
        PROBLEM = "PROBLEM", _("Problem with a session")
        DISPUTE = "DISPUTE", _("Disputed by a bank")
        PAID_NOT_BOOKED = "PAID_NOT_BOOKED", _("Paid at Paystack, not booked here")
        BOOKED_NOT_PAID = "BOOKED_NOT_PAID", _("Booked here, not paid at Paystack")
        REVERSED = "REVERSED", _("Reversed without a refund of ours")
        MISSING_FEE = "MISSING_FEE", _("Paystack's fee differs")
        REFUND_DIFFERS = "REFUND_DIFFERS", _("Refund differs")
        PAYOUT_DIFFERS = "PAYOUT_DIFFERS", _("Payout differs")
        DISPUTE_DIFFERS = "DISPUTE_DIFFERS", _("Dispute differs")
        SETTLEMENT = "SETTLEMENT", _("Settlement differs")
        STUCK = "STUCK", _("Stuck in between")
        OTHER = "OTHER", _("Other")

    key = models.CharField(max_length=120, unique=True, help_text=_("the same finding makes one row"))
    kind = models.CharField(max_length=20, choices=Kind)
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="reviews")
    reference = models.CharField(max_length=120, blank=True)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(
        null=True, blank=True, help_text=_("real time; when a comparison with Paystack last found it")
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_id = models.UUIDField(null=True, blank=True)
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
