"""A job of the demo: the sandbox learns of what is paid, so that it can be refunded like anything else."""

from __future__ import annotations

from uuid import UUID

import httpx
from django.conf import settings
from django.tasks import task
from django.urls import reverse

from oluko.core.gateway import JOB_SECONDS
from oluko.jobs.retry import GiveUp
from oluko.payments.models import Payment, Refund
from oluko.payments.paystack import Refused, paystack
from oluko.payments.refunds import note_of


@task(queue_name="outside")
def pay_in_sandbox(payment_id: str) -> None:
    """Open and pay, in the sandbox, the checkout of a seeded payment, and refund what was; it keeps its reference.

    The sandbox's webhook then finds the payment PAID already and changes nothing. Run again, the sandbox
    refuses the reference as a duplicate, which is as good.
    """
    if not settings.OLUKO_SANDBOX:
        raise GiveUp("Demo payments belong to the sandbox.")
    payment = Payment.objects.select_related("booking__student").get(pk=UUID(payment_id))
    try:
        page = paystack().initialize(
            reference=payment.reference,
            email=payment.booking.student.email,
            amount=payment.amount,
            currency=payment.currency,
            callback_url=settings.OLUKO_BASE_URL + reverse("verify_payment"),
            metadata={"booking": str(payment.booking_id)},
        )
    except Refused:
        return
    answer = httpx.post(page.authorization_url, data={"outcome": "success"}, timeout=JOB_SECONDS, trust_env=False)
    if answer.is_error:
        answer.raise_for_status()
    for refund in payment.refunds.filter(status=Refund.Status.PROCESSED):
        paystack().refund(
            transaction_id=payment.reference, amount=refund.amount, currency=refund.currency, note=note_of(refund)
        )
