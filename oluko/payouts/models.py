"""Where a tutor's money goes, and each journey of it from the wallet to the bank."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BankAccount(models.Model):
    """The account a tutor is paid to, as Paystack resolved it. Account numbers are text: they may begin with zeros.

    After a change no payout is sent before `held_until`, so that who steals a sign-in does not at once steal the money.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="bank_account"
    )
    bank_code = models.CharField(max_length=20)
    bank_name = models.CharField(_("bank"), max_length=120)
    account_number = models.CharField(_("account number"), max_length=20)
    account_name = models.CharField(_("account holder"), max_length=120)
    currency = models.CharField(max_length=3)
    recipient_code = models.CharField(max_length=60, help_text=_("Paystack's name of the account"))
    weekly = models.BooleanField(_("pay out every week"), default=False)
    changed_at = models.DateTimeField(help_text=_("business time"))
    held_until = models.DateTimeField(null=True, blank=True, help_text=_("business time; null for the first account"))

    def __str__(self) -> str:
        return f"{self.bank_name} …{self.account_number[-4:]}"


class Payout(models.Model):
    """One payout, in minor units. Its money is reserved before Paystack is asked; `reference` never changes.

    The bank's facts are those of the moment it was asked for.
    """

    class Status(models.TextChoices):
        IN_REVIEW = "IN_REVIEW", _("Waits for the operator")
        QUEUED = "QUEUED", _("To be sent")
        SENDING = "SENDING", _("Sent, answer unknown")
        NO_BALANCE = "NO_BALANCE", _("Waits for money at Paystack")
        ON_THE_WAY = "ON_THE_WAY", _("On the way to the bank")
        PAID = "PAID", _("Paid")
        RETURNED = "RETURNED", _("Returned to the wallet")

    OPEN = (Status.IN_REVIEW, Status.QUEUED, Status.SENDING, Status.NO_BALANCE, Status.ON_THE_WAY)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tutor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=50, unique=True)
    status = models.CharField(max_length=12, choices=Status)
    weekly = models.BooleanField(_("the weekly one"), default=False)
    bank_name = models.CharField(max_length=120)
    account_number = models.CharField(max_length=20)
    account_name = models.CharField(max_length=120)
    recipient_code = models.CharField(max_length=60)
    transfer_code = models.CharField(max_length=60, blank=True)
    fee = models.BigIntegerField(_("Paystack's fee"), default=0)
    outcome = models.CharField(_("what Paystack said"), max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField(help_text=_("business time"))
    send_after = models.DateTimeField(null=True, blank=True, help_text=_("business time; null: at once"))
    next_try_at = models.DateTimeField(default=timezone.now, help_text=_("real time"))
    sent_at = models.DateTimeField(null=True, blank=True, help_text=_("real time"))
    settled_at = models.DateTimeField(null=True, blank=True, help_text=_("business time"))
    decided_by_id = models.UUIDField(null=True, blank=True)
    decided_note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tutor", "-requested_at"], name="payout_of_tutor"),
            models.Index(fields=["status", "next_try_at"], name="payout_to_try"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["IN_REVIEW", "QUEUED", "SENDING", "NO_BALANCE", "ON_THE_WAY", "PAID", "RETURNED"]
                ),
                name="payout_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
