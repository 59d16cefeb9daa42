"""Drives what is measured about money: finalizing, acknowledging webhooks over HTTP, draining a burst of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bench.inside import run_inside
from bench.load import Plan, put_load
from bench.sites import Environment, new_site, served, temporary_folder

KEY = "sk_test_bench"
CLIENTS = 16
# As large as Paystack's own.
FILLING = "x" * 1200


def measure_money(server: str, *, payments: int, burst: int, warm_up: float, seconds: float) -> Iterator[str]:
    """A line for each figure, on a new database of this server, or on SQLite without one."""
    with new_site(server) as environment:
        rate = run_inside(environment, "payments", str(payments))["rate"]
        yield f"{payments:,} payments finalized as a function by {CLIENTS} clients: {rate:,.0f}/s."
    with new_site(server) as environment:
        yield _acknowledged(environment | {"OLUKO_PAYSTACK_SECRET_KEY": KEY}, warm_up, seconds)
    # A site of its own: what was acknowledged before would be drained as well.
    with new_site(server) as environment:
        own = environment | {"OLUKO_PAYSTACK_SECRET_KEY": KEY}
        with served(os.environ | {}, application="bench.paystack:application") as port:
            drained = run_inside(own | {"OLUKO_PAYSTACK_URL": f"http://127.0.0.1:{port}"}, "draining", str(burst))
        yield f"A burst of {burst:,} webhooks drained by one worker: {drained['rate']:,.0f}/s."


def _acknowledged(environment: Environment, warm_up: float, seconds: float) -> str:
    """Distinct, signed events of payments that nobody knows; no worker acts upon them meanwhile."""
    run_inside(environment, "payments", "1")
    with served(environment) as port, temporary_folder() as folder:
        file = folder / "requests.json"
        _write_requests(file, port, int((warm_up + seconds) * 3000))
        result = put_load(Plan(port, "", 200, CLIENTS, warm_up, seconds, str(file)))
    return (
        f"Webhooks acknowledged over HTTP to {CLIENTS} clients: {result.rate:,.0f}/s, "
        f"p50 {result.p50:.1f} ms, p99 {result.p99:.1f} ms."
    )


def _write_requests(file: Path, port: int, number: int) -> None:
    requests = []
    for place in range(number):
        data = {"id": place, "reference": f"olk-{place:024x}", "amount": 500_000, "metadata": {"about": FILLING}}
        body = json.dumps({"event": "charge.success", "data": data})
        signature = hmac.new(KEY.encode(), body.encode(), hashlib.sha512).hexdigest()
        requests.append(
            f"POST /api/webhooks/paystack HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"x-paystack-signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
    file.write_text(json.dumps(requests))
