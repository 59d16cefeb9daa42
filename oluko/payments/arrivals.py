"""Webhooks that arrive at the same moment are stored in one transaction, and so wait for the disk once.

Each thread lays down what it was sent and waits for its turn to write. Whoever has it stores all that lies there; whose
webhook was among that finds it stored when the turn comes. Nobody goes on before what they laid down is on the disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.tasks import Task

from oluko.core.database import repeat_on_deadlock
from oluko.core.logs import current_request_id
from oluko.core.statements import insert
from oluko.core.steps import Step, reached
from oluko.jobs.backend import Job, enqueue_all
from oluko.payments.models import ProviderEvent
from oluko.payments.tasks import handle_event_job


@dataclass(eq=False)
class _Arrival:
    """A webhook that waits to be stored, and what became of it."""

    event: ProviderEvent
    job: Task[..., None]
    request_id: str
    settled: bool = False
    new: bool = False
    problem: BaseException | None = None


_arrived: list[_Arrival] = []
_turn = threading.Lock()


def store_event(provider: str, body: bytes, *, job: Task[..., None] = handle_event_job) -> bool:
    """Keep a webhook's raw body and the job that handles it; False if the same body is here already.

    On the disk when it returns. Raises what storing it raised, also to those whose webhooks were stored with it: their
    providers send them again.
    """
    digest = hashlib.sha256(provider.encode() + b"\n" + body).hexdigest()
    event = ProviderEvent(provider=provider, digest=digest, body=body)
    arrival = _Arrival(event, job, current_request_id())
    # Adding to a list is one step for threads; only who has the turn takes from it.
    _arrived.append(arrival)
    with _turn:
        if not arrival.settled:
            together = _arrived.copy()
            del _arrived[: len(together)]
            _settle(together)
    if arrival.problem is not None:
        raise arrival.problem
    return arrival.new


def _settle(together: Sequence[_Arrival]) -> None:
    try:
        for arrival in _store(together):
            arrival.new = True
    except BaseException as problem:  # noqa: BLE001  Whatever it was, nobody may take their webhook for stored.
        for arrival in together:
            arrival.problem = problem
    for arrival in together:
        arrival.settled = True


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _store(together: Sequence[_Arrival]) -> list[_Arrival]:
    """Store them with their jobs; those that were new. In the order of digests, as every process does it."""
    firsts = {arrival.event.digest: arrival for arrival in reversed(together)}
    # One statement decides what is new; a repeat that comes at this very moment waits here for the first.
    events = [firsts[digest].event for digest in sorted(firsts)]
    made = {digest: pk for pk, digest in insert(events, unless_known="digest", returning="id, digest")}
    new = [firsts[digest] for digest in made]
    enqueue_all([Job(each.job, (made[each.event.digest],), each.request_id) for each in new])
    reached(Step.WEBHOOK_WRITTEN)
    return new
