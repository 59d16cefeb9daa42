"""Sending what is queued: whether it is still true, wanted and of use is decided in the moment of sending.

A delivery is claimed by a conditional update before anything goes out; who dies in between leaves it to the sweep
once the claim's lease has run out. So nothing is lost, and where nothing dies everything goes out once.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import batched
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from oluko.core import clock
from oluko.core.steps import Step, reached
from oluko.notifications import kinds
from oluko.notifications.kinds import WAITS, Channel
from oluko.notifications.mail import send_mail
from oluko.notifications.models import Delivery
from oluko.notifications.preferences import is_wanted, preferences_of, quiet_end
from oluko.notifications.push import NoDevice, Refused, send_push

logger = logging.getLogger(__name__)

State, Why = Delivery.State, Delivery.Why
BATCH = 10
MOST_DUE = 200
# Whoever dies over a mail leaves it for a minute; one that lives is at it for 25 seconds at most.
LEASE = timedelta(minutes=1)
# A job ends well before it would be stopped; what it did not come to, the sweep brings back.
JOB_SECONDS = 15.0
# After 15 s, 30 s, 1 min and so on, then every hour: a mail server may be away for a day.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
MOST_ATTEMPTS = 32


def deliver_all(delivery_ids: Iterable[int]) -> None:
    """Deliver each that still waits; a failure is the delivery's own and keeps no other back."""
    ends = time.monotonic() + JOB_SECONDS
    for delivery_id in delivery_ids:
        if time.monotonic() > ends:
            Delivery.objects.filter(pk=delivery_id, state=State.QUEUED).update(given_at=None)
        else:
            deliver(delivery_id)


def deliver(delivery_id: int) -> None:
    """One attempt at one delivery, if it still waits and nobody else is at it; what came of it is written down."""
    rows = Delivery.objects.select_related("notification__person__notification_preferences")
    delivery = rows.filter(pk=delivery_id, state=State.QUEUED, next_at__lte=timezone.now()).first()
    if delivery is None:
        return
    if why := _no_more(delivery):
        _waiting(delivery).update(state=State.DROPPED, why=why, next_at=None)
    elif wait := _quiet_until(delivery, clock.now()):
        _waiting(delivery).update(not_before=wait, given_at=None)
    elif _claim(delivery):
        _attempt(delivery)


def take_due(give: Callable[[list[int]], object]) -> None:
    """Give out the deliveries whose pause, lease or quiet hours are over, in parts for a job each."""
    now = timezone.now()
    due = _due(now).order_by("next_at").values_list("pk", flat=True)[:MOST_DUE]
    for some in batched(list(due), BATCH):
        with transaction.atomic(durable=True):
            if _due(now).filter(pk__in=some).update(given_at=now):
                give(list(some))


def why_not(delivery: Delivery) -> str:
    """Why a delivery would not be sent if it were queued now, as a Why; empty if it would be."""
    return _no_more(delivery)


def send_again(delivery: Delivery) -> bool:
    """Queue a delivery once more, with all its attempts ahead; False if it waits anyway. Call inside a transaction.

    Whether it is still true and wanted is decided in the moment of sending, as ever.
    """
    rows = Delivery.objects.filter(pk=delivery.pk).exclude(state=State.QUEUED)
    again = {"why": "", "error": "", "attempts": 0, "sent_at": None, "opened_at": None, "not_before": None}
    return bool(rows.update(state=State.QUEUED, next_at=timezone.now(), given_at=None, **again))


def _due(now: datetime) -> QuerySet[Delivery]:
    awake = Q(not_before__isnull=True) | Q(not_before__lte=clock.now())
    free = Q(given_at__isnull=True) | Q(given_at__lte=now - LEASE)
    return Delivery.objects.filter(awake, free, state=State.QUEUED, next_at__lte=now)


def _no_more(delivery: Delivery) -> str:
    """Why this is not to be sent any more, or nothing."""
    notification, channel = delivery.notification, Channel(delivery.channel)
    if not notification.person.is_active:
        return Why.INACTIVE
    if not is_wanted(preferences_of(notification.person), channel, notification.group):
        return Why.NOT_WANTED
    if notification.useful_until and notification.useful_until <= clock.now():
        return Why.LATE
    return "" if kinds.still_true(notification) else Why.STALE


def _quiet_until(delivery: Delivery, now: datetime) -> datetime | None:
    """The end of the quiet hours that this waits for; None where it goes now, because it would come too late then."""
    notification = delivery.notification
    if notification.group not in WAITS[Channel(delivery.channel)]:
        return None
    end = quiet_end(preferences_of(notification.person), notification.person.time_zone, now)
    if end is None or (notification.useful_until and notification.useful_until <= end):
        return None
    return end


def _waiting(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=State.QUEUED, next_at=delivery.next_at)


def _claim(delivery: Delivery) -> bool:
    lease = timezone.now() + LEASE
    if not _waiting(delivery).update(next_at=lease, attempts=F("attempts") + 1, not_before=None):
        return False
    delivery.next_at, delivery.attempts = lease, delivery.attempts + 1
    return True


def _attempt(delivery: Delivery) -> None:
    try:
        if delivery.channel == Channel.MAIL:
            send_mail(delivery)
        else:
            send_push(delivery)
    except NoDevice:
        _waiting(delivery).update(state=State.DROPPED, why=Why.NO_DEVICE, next_at=None)
    except Exception as problem:  # noqa: BLE001  The edge of a delivery: whatever it is, it is written down.
        _failed(delivery, problem)
    else:
        reached(Step.MAIL_SENT)
        _waiting(delivery).update(state=State.SENT, sent_at=clock.now(), next_at=None, error="", why="")


def _failed(delivery: Delivery, problem: Exception) -> None:
    error = f"{type(problem).__name__}: {problem}"[:300]
    # What a mail server says repeats addresses, which belong into no log.
    kind = type(problem).__name__
    refused, tries = _is_final(problem), delivery.attempts
    final = refused or tries >= MOST_ATTEMPTS
    logger.log(logging.ERROR if final else logging.WARNING, "delivery %s, attempt %d: %s", delivery.pk, tries, kind)
    if final:
        why = Why.REFUSED if refused else Why.GAVE_UP
        _waiting(delivery).update(state=State.FAILED, why=why, error=error, next_at=None)
        return
    pause = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * random.uniform(0.9, 1.1)  # noqa: S311
    _waiting(delivery).update(error=error, next_at=timezone.now() + pause, given_at=None)


def _is_final(problem: Exception) -> bool:
    """Whether no repetition can help: the mail server has said 5xx of this mail, or the push service that we are wrong.

    What it says of us all, such as of our password, an operator can put right.
    """
    if isinstance(problem, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in problem.recipients.values())
    if isinstance(problem, SMTPDataError):
        return problem.smtp_code >= 500
    return isinstance(problem, Refused)
