"""A Paystack that knows every reference as paid, so that draining is measured and not the one who answers. WSGI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

PRICE = 5_000_00


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Whatever is asked about is a payment that succeeded."""
    data = {
        "id": 4_099_260_516,
        "reference": str(environ["PATH_INFO"]).rsplit("/", 1)[-1],
        "status": "success",
        "amount": PRICE,
        "fees": 175_00,
        "currency": "NGN",
        "domain": "test",
        "channel": "card",
        "gateway_response": "Successful",
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"status": True, "message": "Verification successful", "data": data}).encode()]
