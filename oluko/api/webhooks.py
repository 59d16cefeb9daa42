"""What providers tell us. The raw body is checked and stored; a job acts on it later."""

from __future__ import annotations

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from oluko.api import answers
from oluko.api.describing import SIGNED, responses
from oluko.api.problems import problem
from oluko.api.rendering import answer
from oluko.core.steps import Step, reached
from oluko.payments.events import read_event, store_event
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
    openapi_extra=SIGNED,
)
def paystack_webhook(request: HttpRequest) -> HttpResponse:
    """For Paystack alone: 200 once stored, also for a repeat, and for what is signed but no event we know.

    No session and no token is looked at; the signature over the raw body is the proof.
    """
    body = request.body
    if not signature_is_valid(body, request.headers.get("x-paystack-signature", "")):
        return problem(401, "bad_signature", _("The signature does not fit the body."))
    reached(Step.WEBHOOK_RECEIVED)
    try:
        # Transfers are the business of a room that payments knows nothing of.
        about_transfer = read_event(body)[0].startswith("transfer.")
        store_event("paystack", body, job=transfer_event_job if about_transfer else handle_event_job)
    except (Error, OSError) as trouble:
        _log.exception("A webhook could not be stored.", exc_info=trouble)
        return problem(503, "not_stored", _("The event could not be stored; send it again."))
    reached(Step.WEBHOOK_STORED)
    return answer({"received": True})
