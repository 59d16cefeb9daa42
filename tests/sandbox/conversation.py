"""What the sandbox's tests say to it again and again."""

import time
from collections.abc import Callable

import httpx

KEY = "sk_test_of_the_sandbox_tests"


def wait_until(true: Callable[[], bool], seconds: float = 15) -> None:
    """Return as soon as it is true; fail when it has not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def status_of(paystack: httpx.Client, reference: str) -> str:
    return str(paystack.get(f"/transaction/verify/{reference}").json()["data"]["status"])


def refund_status(paystack: httpx.Client, refund_id: int) -> str:
    return str(paystack.get(f"/refund/{refund_id}").json()["data"]["status"])
