"""Jobs of webhooks that no room below handles whole."""

from __future__ import annotations

import json

from django.tasks import task
from django.utils import timezone

from oluko.meetings.zoom_events import apply_event
from oluko.payments.models import ProviderEvent


@task(queue_name="urgent")
def zoom_event_job(event_id: int) -> None:
    """Act upon a stored webhook of Zoom; run again, it changes nothing."""
    event = ProviderEvent.objects.get(pk=event_id)
    if event.handled_at is not None:
        return
    said = json.loads(bytes(event.body))
    apply_event(str(said.get("event") or ""), said.get("payload"))
    ProviderEvent.objects.filter(pk=event_id).update(handled_at=timezone.now())
