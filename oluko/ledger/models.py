"""The books: accounts, immutable transfers between them, and the audit trail. People by id only."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """A ledger account; `balance` caches the sum of its transfers, in minor units, on its normal side.

    Assets and expenses (what Paystack holds for us, fees) grow by debits; the others by credits.
    """

    class Kind(models.TextChoices):
        PAYSTACK_CLEARING = "PAYSTACK_CLEARING", _("Held at Paystack")
        PAYSTACK_FEES = "PAYSTACK_FEES", _("Paystack's fees")
        TUTOR_PENDING = "TUTOR_PENDING", _("Tutor, pending")
        TUTOR_AVAILABLE = "TUTOR_AVAILABLE", _("Tutor, available")
        TUTOR_ON_THE_WAY = "TUTOR_ON_THE_WAY", _("Tutor, on the way to the bank")
        TUTOR_HELD = "TUTOR_HELD", _("Tutor, frozen by a dispute")
        TUTOR_OWES = "TUTOR_OWES", _("Tutor, owed to the platform")
        PLATFORM_PENDING = "PLATFORM_PENDING", _("Platform, pending")
        PLATFORM_HELD = "PLATFORM_HELD", _("Platform, frozen by a dispute")
        PLATFORM_REVENUE = "PLATFORM_REVENUE", _("Platform, earned")
        REFUNDS_DUE = "REFUNDS_DUE", _("Refunds due")
        UNAPPLIED = "UNAPPLIED", _("Money not applied")

    DEBIT_NORMAL = frozenset({Kind.PAYSTACK_CLEARING, Kind.PAYSTACK_FEES, Kind.TUTOR_OWES})
    # Wallets and debts can't be below zero. Clearing can, briefly: Paystack may settle before we book a fee; and so
    # can what the platform has earned, when it gives back more than it has.
    NEVER_NEGATIVE = (
        Kind.TUTOR_PENDING,
        Kind.TUTOR_AVAILABLE,
        Kind.TUTOR_ON_THE_WAY,
        Kind.TUTOR_HELD,
        Kind.TUTOR_OWES,
        Kind.PLATFORM_PENDING,
        Kind.PLATFORM_HELD,
        Kind.REFUNDS_DUE,
        Kind.UNAPPLIED,
    )

    kind = models.CharField(max_length=20, choices=Kind)
    person_id = models.UUIDField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "person_id", "currency"],
                name="one_wallet_a_person",
                condition=models.Q(person_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["kind", "currency"], name="one_house_account", condition=models.Q(person_id__isnull=True)
            ),
            models.CheckConstraint(
                condition=models.Q(balance__gte=0)
                | ~models.Q(
                    kind__in=[
                        *("TUTOR_PENDING", "TUTOR_AVAILABLE", "TUTOR_ON_THE_WAY", "TUTOR_HELD", "TUTOR_OWES"),
                        *("PLATFORM_PENDING", "PLATFORM_HELD", "REFUNDS_DUE", "UNAPPLIED"),
                    ]
                ),
                name="no_wallet_below_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"


class Transfer(models.Model):
    """One immutable row: `amount` (minor units, above zero) debited to one account and credited to another.

    Balanced by construction. `idempotency_key` names the business event, so that it posts once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    debit = models.ForeignKey(Account, models.PROTECT, related_name="debits")
    credit = models.ForeignKey(Account, models.PROTECT, related_name="credits")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=30)
    booking_id = models.UUIDField(null=True, blank=True, db_index=True)
    payment_reference = models.CharField(max_length=60, blank=True, db_index=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(help_text=_("business time"))
    recorded_at = models.DateTimeField(default=timezone.now, help_text=_("real time"))

    class Meta:
        indexes = [
            models.Index(fields=["debit", "at"], name="transfer_by_debit"),
            models.Index(fields=["credit", "at"], name="transfer_by_credit"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~models.Q(debit=models.F("credit")), name="transfer_between_two"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class AuditEntry(models.Model):
    """Who moved what from which state to which, when and why; immutable."""

    subject = models.CharField(max_length=30, help_text=_("such as booking, payment, offering"))
    subject_id = models.CharField(max_length=60)
    actor_id = models.UUIDField(null=True, blank=True, help_text=_("null: Oluko itself"))
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40)
    why = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(help_text=_("business time"))
    recorded_at = models.DateTimeField(default=timezone.now, help_text=_("real time"))

    class Meta:
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["subject", "subject_id", "id"], name="audit_of_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.from_state} → {self.to_state}"
