"""Acting upon stored webhooks, by asking Paystack itself. How they are stored stands in arrivals.py."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.utils import timezone

from oluko.core.gateway import ProviderBusy
from oluko.core.logs import current_request_id, of_request
from oluko.core.statements import change, placeholders, read
from oluko.core.steps import Step, reached
from oluko.jobs.groups import ENOUGH_SECONDS
from oluko.payments.disputes import check_dispute
from oluko.payments.models import Payment, ProviderEvent
from oluko.payments.reconcile import check_payments
from oluko.payments.refunds import follow_refunds_of
from oluko.payments.unmatched import review_unknown_reference


class _News(NamedTuple):
    """A webhook that was not acted upon yet, and the request that brought it."""

    event_id: int
    request_id: str
    name: str
    data: dict[str, Any]

    @property
    def is_charge(self) -> bool:
        return self.name.startswith("charge.") and not self.name.startswith("charge.dispute.")

    @property
    def reference(self) -> str:
        return str(self.data.get("reference") or "")


def handle_event(event_id: int) -> None:
    """Act upon a stored webhook. It is news, not proof: Paystack is asked what is true.

    Raises GatewayError when Paystack does not answer; the job runs again then.
    """
    (problem,) = handle_events([(event_id, current_request_id())])
    if problem is not None:
        raise problem


def handle_events(wanted: Sequence[tuple[int, str]]) -> list[Exception | None]:
    """Several at once, by id and the request that brought each; what went wrong with each, or None.

    Paystack is asked about one charge after the other, and what it says is finalized together. What is not begun
    because Paystack takes long comes again, alone.
    """
    ids = [event_id for event_id, _ in wanted]
    events = {row.pk: row for row in read(ProviderEvent, f"id IN ({placeholders(len(ids))})", *ids)}
    new = [
        _News(event_id, request_id, *read_event(bytes(events[event_id].body)))
        for event_id, request_id in wanted
        if events[event_id].handled_at is None
    ]
    ends = time.monotonic() + ENOUGH_SECONDS
    problems = _act_on_charges([each for each in new if each.is_charge])
    for each in new:
        if not each.is_charge:
            late = time.monotonic() > ends
            problems[each.event_id] = ProviderBusy("Paystack takes long") if late else _attempt(each, _act_on_other)
    reached(Step.WEBHOOK_ACTED_ON)
    _mark_handled([event_id for event_id, problem in problems.items() if problem is None])
    return [problems.get(event_id) for event_id in ids]


def _act_on_charges(news: Sequence[_News]) -> dict[int, Exception | None]:
    if not news:
        return {}
    references = [each.reference for each in news]
    known = {row.reference for row in read(Payment, f"reference IN ({placeholders(len(news))})", *references)}
    asked = [each for each in news if each.reference in known]
    outcomes = check_payments([(each.reference, each.request_id) for each in asked])
    problems: dict[int, Exception | None] = {
        each.event_id: outcome if isinstance(outcome, Exception) else None
        for each, outcome in zip(asked, outcomes, strict=True)
    }
    return problems | {each.event_id: _attempt(each, _list_unknown) for each in news if each.reference not in known}


def _attempt(news: _News, act: Callable[[_News], None]) -> Exception | None:
    with of_request(news.request_id):
        try:
            act(news)
        except Exception as problem:  # noqa: BLE001  It is that job's, and keeps no other.
            return problem
    return None


def _list_unknown(news: _News) -> None:
    facts = {name: news.data.get(name) for name in ("status", "amount", "currency", "domain")}
    review_unknown_reference(news.reference, facts)


def _act_on_other(news: _News) -> None:
    if news.name.startswith("charge.dispute."):
        check_dispute(str(news.data.get("id") or ""))
    elif news.name.startswith("refund."):
        follow_refunds_of(_refunded_reference(news.data))


def _mark_handled(ids: Sequence[int]) -> None:
    if ids:
        sql = f"UPDATE payments_providerevent SET handled_at = %s WHERE id IN ({placeholders(len(ids))})"  # noqa: S608
        change(sql, timezone.now(), *ids)


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
