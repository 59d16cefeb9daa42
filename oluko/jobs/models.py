"""Recurring work; single jobs are rows of django-tasks-db."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Recurrence(models.Model):
    """The latest tick of a recurring job. The update from one tick to the next is conditional: one worker wins it."""

    name = models.CharField(_("name"), max_length=60, primary_key=True)
    tick = models.BigIntegerField(_("tick"), default=0, help_text=_("number of its periods since 1970, real time"))
    worker = models.CharField(_("worker that is at it"), max_length=60, blank=True)
    finished_at = models.DateTimeField(_("last success"), null=True)
    failed_at = models.DateTimeField(_("last failure"), null=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("recurring job")

    def __str__(self) -> str:
        return self.name
