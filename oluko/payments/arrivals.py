"""Webhooks that arrive at the same moment are stored in one transaction, and so wait for the disk once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.tasks import Task

from oluko.core.database import repeat_on_deadlock
from oluko.core.logs import current_request_id
from oluko.core.statements import Row, insert
from oluko.core.steps import Step, reached
from oluko.core.together import Together
from oluko.jobs.backend import Job, enqueue_all
from oluko.payments.models import ProviderEvent
from oluko.payments.tasks import handle_event_job


class _Arrival(NamedTuple):
    digest: str
    event: Row
    job: Task[..., None]
    request_id: str


def store_event(provider: str, body: bytes, *, job: Task[..., None] = handle_event_job) -> bool:
    """Keep a webhook's raw body and the job that handles it; False if the same body is here already.

    On the disk when it returns. Raises what storing it raised, also to those whose webhooks were stored with it: their
    providers send them again.
    """
    digest = hashlib.sha256(provider.encode() + b"\n" + body).hexdigest()
    event = Row(ProviderEvent, provider=provider, digest=digest, body=body)
    return _store_together(_Arrival(digest, event, job, current_request_id()))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _store(together: Sequence[_Arrival]) -> list[bool]:
    """Store them with their jobs; which were new. In the order of digests, as every process does it."""
    firsts = {arrival.digest: arrival for arrival in reversed(together)}
    # One statement decides what is new; a repeat that comes at this very moment waits here for the first.
    events = [firsts[digest].event for digest in sorted(firsts)]
    made = {digest: pk for pk, digest in insert(events, unless_known="digest", returning="id, digest")}
    new = [firsts[digest] for digest in made]
    enqueue_all([Job(each.job, (made[each.digest],), each.request_id) for each in new])
    reached(Step.WEBHOOK_WRITTEN)
    # By identity: of two that are equal only the first was stored.
    return [any(each is arrival for each in new) for arrival in together]


_store_together = Together(_store)
