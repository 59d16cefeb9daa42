"""Asking Paystack what became of payments, because webhooks get lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.core.logs import current_request_id, of_request
from oluko.core.steps import Step, reached
from oluko.jobs.groups import ENOUGH_SECONDS
from oluko.payments.finalize import Told, apply_charges
from oluko.payments.models import Payment
from oluko.payments.paystack import paystack

FIRST_CHECK = timedelta(seconds=30)
# With the sweep's period, news that no webhook brought is here within a minute.
ASK_AGAIN = timedelta(seconds=40)
# A page that nobody paid within two days is closed at Paystack as well.
GIVE_UP = timedelta(days=2)
BATCH = 30


def check_payment(reference: str) -> bool:
    """Ask about one payment and apply the answer; True if it changed something. Raises GatewayError."""
    (outcome,) = check_payments([(reference, current_request_id())])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def check_payments(asked: Sequence[tuple[str, str]]) -> list[bool | Exception]:
    """Ask about payments, by reference and the request that it goes back to, and apply the answers together.

    Whether each changed something, or what went wrong with it. Once Paystack has failed, or took long, no more of them
    are asked about: they come again one by one, and what the others were told is applied now.
    """
    outcomes: list[bool | Exception] = [False] * len(asked)
    told: dict[int, Told] = {}
    ends = time.monotonic() + ENOUGH_SECONDS
    for place, (reference, request_id) in enumerate(asked):
        try:
            if place and time.monotonic() > ends:
                raise ProviderBusy("Paystack takes long to answer")
            with of_request(request_id):
                charge = paystack().verify(reference)
        except GatewayError as problem:
            if problem.temporary:
                outcomes[place:] = [problem] * len(asked[place:])
                break
            outcomes[place] = problem
            continue
        if charge is None:
            Payment.objects.filter(reference=reference).update(checked_at=timezone.now())
        else:
            told[place] = Told(reference, charge, request_id)
    if told:
        for place, outcome in zip(told, apply_charges(list(told.values())), strict=True):
            outcomes[place] = outcome
        reached(Step.CHARGE_BOOKED)
    return outcomes


def check_pending() -> int:
    """Ask about attempts left pending, the longest unasked first; ever more rarely as they grow older."""
    now = timezone.now()
    _give_up(now - GIVE_UP)
    waiting = Payment.objects.filter(status=Payment.Status.PENDING, created_at__lte=now - FIRST_CHECK).filter(
        Q(checked_at__isnull=True)
        | Q(checked_at__lte=now - ASK_AGAIN, created_at__gt=now - timedelta(hours=1))
        | Q(checked_at__lte=now - timedelta(minutes=20))
    )
    applied = 0
    for payment in waiting.order_by("checked_at", "created_at")[:BATCH]:
        try:
            applied += check_payment(payment.reference)
        except ProviderBusy:
            break
        except GatewayError as problem:
            Payment.objects.filter(pk=payment.pk).update(outcome=str(problem)[:200])
    return applied


def _give_up(before: object) -> None:
    Payment.objects.filter(status=Payment.Status.PENDING, created_at__lte=before, checked_at__isnull=False).update(
        status=Payment.Status.FAILED, outcome="Never paid"
    )
