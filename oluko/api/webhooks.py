"""What providers tell us. The raw body is checked and stored; a job acts on it later."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.tasks import Task
from django.utils.translation import gettext as _
from ninja import Router

from oluko.api import answers
from oluko.api.describing import responses, signed
from oluko.api.problems import problem
from oluko.api.rendering import answer
from oluko.api.tasks import zoom_event_job
from oluko.core.steps import Step, reached
from oluko.meetings.zoom_events import answer_challenge
from oluko.meetings.zoom_events import signature_is_valid as signature_is_zooms
from oluko.payments.arrivals import store_event
from oluko.payments.events import read_event
from oluko.payments.paystack import signature_is_valid
from oluko.payments.tasks import handle_event_job
from oluko.payouts.tasks import transfer_event_job

router = Router(tags=["Webhooks"], by_alias=True)

_log = logging.getLogger("oluko.api")


@router.post(
    "/api/webhooks/paystack",
    operation_id="paystackWebhook",
    url_name="paystack_webhook",
    summary="Paystack's webhook",
    response=responses(answers.Received, 401, 413),
    openapi_extra=signed(
        x_paystack_signature=("^[0-9a-f]{128}$", "Hex HMAC-SHA512 of the raw body with the secret key.")
    ),
)
def paystack_webhook(request: HttpRequest) -> HttpResponse:
    """For Paystack alone: 200 once stored, also for a repeat, and for what is signed but no event we know.

    No session and no token is looked at; the signature over the raw body is the proof.
    """
    body = request.body
    if not signature_is_valid(body, request.headers.get("x-paystack-signature", "")):
        return problem(401, "bad_signature", _("The signature does not fit the body."))
    reached(Step.WEBHOOK_RECEIVED)
    # Transfers are the business of a room that payments knows nothing of.
    about_transfer = read_event(body)[0].startswith("transfer.")
    return _store("paystack", body, transfer_event_job if about_transfer else handle_event_job)


@router.post(
    "/api/webhooks/zoom",
    operation_id="zoomWebhook",
    url_name="zoom_webhook",
    summary="Zoom's webhook",
    response=responses(answers.Received | answers.Challenged, 401, 413),
    openapi_extra=signed(
        x_zm_signature=("^v0=[0-9a-f]{64}$", "v0= and the hex HMAC-SHA256 of v0:TIMESTAMP:BODY with the secret."),
        x_zm_request_timestamp=("^[0-9]{1,14}$", "Seconds since 1970; at most five minutes from now."),
    ),
)
def zoom_webhook(request: HttpRequest) -> HttpResponse:
    """For Zoom alone: 200 once stored, also for a repeat. Answers the challenge by which Zoom tries an address."""
    body = request.body
    signature, timestamp = (request.headers.get(f"x-zm-{name}", "") for name in ("signature", "request-timestamp"))
    proven = signature_is_zooms(body, signature, timestamp)
    said = _read_object(body)
    if said.get("event") == "endpoint.url_validation" and (proven or not signature):
        payload = said.get("payload")
        challenge = answer_challenge(payload) if isinstance(payload, dict) else None
        if challenge is not None:
            return answer(challenge)
    if not proven:
        return problem(401, "bad_signature", _("The signature does not fit the body, or is too old."))
    return _store("zoom", body, zoom_event_job) if said else answer({"received": True})


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _store(provider: str, body: bytes, job: Task[..., None]) -> HttpResponse:
    try:
        store_event(provider, body, job=job)
    except (Error, OSError) as trouble:
        _log.exception("A webhook could not be stored.", exc_info=trouble)
        return problem(503, "not_stored", _("The event could not be stored; send it again."))
    reached(Step.WEBHOOK_STORED)
    return answer({"received": True})
