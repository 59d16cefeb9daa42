"""Acting upon stored webhooks, by asking Paystack itself. How they are stored stands in arrivals.py."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from oluko.core.statements import change, read
from oluko.core.steps import Step, reached
from oluko.payments.disputes import check_dispute
from oluko.payments.finalize import review_unknown_reference
from oluko.payments.models import Payment, ProviderEvent
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import follow_refunds_of


def handle_event(event_id: int) -> None:
    """Act upon a stored webhook. It is news, not proof: Paystack is asked what is true.

    Raises GatewayError when Paystack does not answer; the job runs again then.
    """
    (event,) = read(ProviderEvent, "id = %s", event_id)
    if event.handled_at is not None:
        return
    name, data = read_event(bytes(event.body))
    if name.startswith("charge.dispute."):
        check_dispute(str(data.get("id") or ""))
    elif name.startswith("charge."):
        _handle_charge(str(data.get("reference") or ""), data)
    elif name.startswith("refund."):
        follow_refunds_of(_refunded_reference(data))
    reached(Step.WEBHOOK_ACTED_ON)
    change("UPDATE payments_providerevent SET handled_at = %s WHERE id = %s", timezone.now(), event_id)


def _handle_charge(reference: str, data: dict[str, Any]) -> None:
    if read(Payment, "reference = %s", reference):
        check_payment(reference)
    else:
        facts = {name: data.get(name) for name in ("status", "amount", "currency", "domain")}
        review_unknown_reference(reference, facts)


def _refunded_reference(data: dict[str, Any]) -> str:
    transaction_of = data.get("transaction")
    nested = transaction_of.get("reference") if isinstance(transaction_of, dict) else None
    return str(data.get("transaction_reference") or nested or "")


def read_event(body: bytes) -> tuple[str, dict[str, Any]]:
    """The event's name and data; empty where it is no event, so that rubbish that was signed does no harm."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return "", {}
    return str(event.get("event") or ""), event["data"]
