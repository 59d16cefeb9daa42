"""What the room of jobs itself does every night."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.jobs.recurring import recurring

KEPT_AFTER_SUCCESS = timedelta(days=7)
# A failure stays long enough for an operator who was away.
KEPT_AFTER_FAILURE = timedelta(days=90)


@recurring("prune", every=86_400)
def prune() -> None:
    """Delete jobs that ended long ago, and sessions that have expired."""
    now = timezone.now()
    DBTaskResult.objects.successful().filter(finished_at__lt=now - KEPT_AFTER_SUCCESS).delete()
    DBTaskResult.objects.failed().filter(finished_at__lt=now - KEPT_AFTER_FAILURE).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
