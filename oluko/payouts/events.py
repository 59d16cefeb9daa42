"""Webhooks about transfers: news, not proof; Paystack is asked what is true."""

from __future__ import annotations

from django.utils import timezone

from oluko.payments.events import read_event
from oluko.payments.models import ProviderEvent
from oluko.payouts.sending import follow_payout_of


def handle_transfer_event(event_id: int) -> None:
    """Act upon a stored `transfer.` event. Raises GatewayError while Paystack does not answer; the job comes again."""
    event = ProviderEvent.objects.get(pk=event_id)
    if event.handled_at is not None:
        return
    _name, data = read_event(bytes(event.body))
    reference = str(data.get("reference") or "")
    if reference:
        follow_payout_of(reference)
    ProviderEvent.objects.filter(pk=event_id).update(handled_at=timezone.now())
