"""A burst of webhooks, and how fast one worker acts upon them: each asks Paystack and finalizes its payment.

`python -m bench.inside draining 2000`; OLUKO_PAYSTACK_URL leads to `bench.paystack`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from bench.payments import make_attempts
from oluko.bookings.models import Booking, PaymentStatus
from oluko.payments.arrivals import store_event
from oluko.payments.models import ProviderEvent
from oluko.startup import prepare

LOOK_SECONDS, PATIENCE = 0.1, 600.0


def main(number: str) -> dict[str, float]:
    """Webhooks a second, from the first that was acted upon to the last."""
    prepare()
    for place, reference in enumerate(make_attempts(int(number))):
        data = {"id": place, "reference": reference, "amount": 1, "metadata": {"about": "x" * 400}}
        store_event("paystack", json.dumps({"event": "charge.success", "data": data}).encode())
    with subprocess.Popen([sys.executable, "-m", "oluko", "run_worker", "--queue", "urgent"]) as worker:
        try:
            rate = _rate(int(number))
        finally:
            worker.terminate()
    paid = Booking.objects.filter(payment_status=PaymentStatus.PAID).count()
    if paid != int(number):
        raise SystemExit(f"{paid} of {number} sessions are paid")
    return {"rate": rate}


def _rate(number: int) -> float:
    waiting = ProviderEvent.objects.filter(handled_at=None)
    deadline = time.monotonic() + PATIENCE
    while (left := waiting.count()) == number and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    began, first = time.monotonic(), number - left
    while waiting.exists() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return (number - first) / (time.monotonic() - began)
