"""Jobs of this room: deliveries, and the sweep that brings back those that wait."""

from __future__ import annotations

from django.tasks import task

from oluko.jobs.recurring import recurring
from oluko.notifications import delivering

BATCH = delivering.BATCH


@task(queue_name="outside")
def deliver_these(delivery_ids: list[int]) -> None:
    """Send what still waits of these; run again, it sends nothing twice."""
    delivering.deliver_all(delivery_ids)


@recurring("notifications.waiting", every=5)
def deliver_waiting() -> None:
    """What failed and comes again, what waited for the end of quiet hours, and what lost its job."""
    delivering.take_due(deliver_these.enqueue)
