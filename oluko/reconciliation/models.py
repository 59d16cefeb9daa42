"""Comparisons of our books with Paystack's lists: how each went."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Run(models.Model):
    """One comparison, or one settlement file. All times are real time; `until` is the moment at which it began.

    It goes on where it stood, step by step: `standing` is what is left to do. What it found are rows to decide.
    """

    class Cause(models.TextChoices):
        DAILY = "DAILY", _("Every day")
        HOURLY = "HOURLY", _("Every hour")
        COMMAND = "COMMAND", _("From the command line")
        OPERATOR = "OPERATOR", _("Asked for")
        FILE = "FILE", _("Settlement file")

    cause = models.CharField(_("why"), max_length=10, choices=Cause)
    asked_by_id = models.UUIDField(null=True, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(_("compared"), default=dict, help_text=_("how many of each sort"))
    mended = models.PositiveIntegerField(default=0, help_text=_("differences that the comparison itself has settled"))
    found = models.PositiveIntegerField(default=0, help_text=_("differences that wait for a decision"))
    closed = models.PositiveIntegerField(default=0, help_text=_("earlier findings that are gone"))
    error = models.CharField(_("why it ended early"), max_length=300, blank=True)
    standing = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["finished_at", "started_at"], name="run_under_way")]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} {self.pk}"
