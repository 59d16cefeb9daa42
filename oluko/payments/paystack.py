"""Paystack over HTTP: initialize, verify, refund, in the shapes of its published OpenAPI description.

Reads may be repeated; a write whose outcome is unknown raises OutcomeUnknown and is asked about, never repeated
blindly. Amounts are minor units. Errors: GatewayError (see `oluko.core.gateway`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import httpx
from django.conf import settings

from oluko.core.gateway import JOB_SECONDS, REQUEST_SECONDS, GatewayError, Line, OutcomeUnknown


@dataclass(frozen=True)
class Initialized:
    authorization_url: str
    reference: str


@dataclass(frozen=True)
class Charge:
    """Paystack's verified answer about a reference. `status`: success, failed, abandoned, ongoing, pending, …"""

    reference: str
    status: str
    amount: int
    currency: str
    domain: str
    fee: int
    paystack_id: str
    channel: str
    answer: str


@dataclass(frozen=True)
class SentRefund:
    """`status`: pending, processing, needs-attention, failed or processed."""

    paystack_id: str
    status: str
    amount: int
    note: str


class Refused(GatewayError):
    """Paystack understood and said no."""

    def __init__(self, message: str) -> None:
        super().__init__(message, temporary=False)


class Paystack:
    """The thin client. One a process, by `paystack()`."""

    def __init__(self, url: str, secret_key: str) -> None:
        self._line = Line(url, {"Authorization": f"Bearer {secret_key}"})

    def initialize(
        self, *, reference: str, email: str, amount: int, currency: str, callback_url: str, metadata: dict[str, str]
    ) -> Initialized:
        """Open a checkout page. Moves no money: after an unknown outcome, start another attempt."""
        body = {
            "email": email,
            "amount": str(amount),
            "currency": currency,
            "reference": reference,
            "callback_url": callback_url,
            "metadata": json.dumps(metadata),
        }
        data = self._data("POST", "/transaction/initialize", seconds=REQUEST_SECONDS, json=body)
        return Initialized(_text(data, "authorization_url"), _text(data, "reference"))

    def verify(self, reference: str) -> Charge | None:
        """What became of a reference; None when Paystack has never heard of it."""
        try:
            return _charge(self._data("GET", f"/transaction/verify/{reference}", seconds=JOB_SECONDS))
        except Refused as refusal:
            if "not found" in str(refusal).lower():
                return None
            raise

    def charges_since(self, since: datetime, page: int) -> list[Charge]:
        """One page of the successful charges since an instant (aware), newest first; empty beyond the last."""
        query = {"from": since.isoformat(), "status": "success", "perPage": "100", "page": str(page)}
        answer = self._answer("GET", "/transaction", seconds=JOB_SECONDS, params=query)
        return [_charge(row) for row in _rows(answer)]

    def refund(self, *, transaction_id: str, amount: int, currency: str, note: str) -> SentRefund:
        """Send money back. `note` is ours, so that the refund is found again if the answer is lost."""
        body = {"transaction": transaction_id, "amount": amount, "currency": currency, "merchant_note": note}
        return _refund(self._data("POST", "/refund", seconds=JOB_SECONDS, json=body))

    def refunds_of(self, transaction_id: str) -> list[SentRefund]:
        """Every refund of a transaction that Paystack knows."""
        query = {"transaction": transaction_id, "perPage": "100"}
        answer = self._answer("GET", "/refund", seconds=JOB_SECONDS, params=query)
        return [_refund(row) for row in _rows(answer)]

    def refund_status(self, paystack_id: str) -> SentRefund:
        """How a refund stands."""
        return _refund(self._data("GET", f"/refund/{paystack_id}", seconds=JOB_SECONDS))

    def _data(self, method: str, path: str, *, seconds: float, **request: Any) -> dict[str, Any]:
        data = self._answer(method, path, seconds=seconds, **request).get("data")
        if not isinstance(data, dict):
            raise OutcomeUnknown("Paystack's answer has an unexpected shape.")
        return data

    def _answer(self, method: str, path: str, *, seconds: float, **request: Any) -> dict[str, Any]:
        response = self._line.call(method, path, seconds=seconds, **request)
        body = _json(response)
        if response.status_code >= 500 or response.status_code == 429:
            raise OutcomeUnknown(f"Paystack answered {response.status_code}.")
        if response.status_code >= 400 or body.get("status") is not True:
            raise Refused(str(body.get("message") or f"Paystack answered {response.status_code}."))
        return body


@cache
def paystack() -> Paystack:
    """This process's client."""
    return Paystack(settings.OLUKO_PAYSTACK_URL, settings.OLUKO_PAYSTACK_SECRET_KEY)


def signature_is_valid(body: bytes, signature: str) -> bool:
    """Whether `signature` is the hex HMAC-SHA512 of the raw body with our key, compared in constant time."""
    key = settings.OLUKO_PAYSTACK_SECRET_KEY.encode()
    if not key or not signature.isascii():
        return False
    # Compared as sent: were case ignored, a signature with a flipped bit could still pass.
    return hmac.compare_digest(hmac.new(key, body, hashlib.sha512).hexdigest(), signature)


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    rows = answer.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OutcomeUnknown("Paystack's list has an unexpected shape.")
    return rows


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise OutcomeUnknown(f"Paystack answered {response.status_code} without JSON.")
    return body


def _charge(data: dict[str, Any]) -> Charge:
    return Charge(
        reference=_text(data, "reference"),
        status=_text(data, "status"),
        amount=_number(data, "amount"),
        currency=_text(data, "currency"),
        domain=_text(data, "domain"),
        # Unset until the money has arrived.
        fee=int(data.get("fees") or 0),
        paystack_id=str(data.get("id") or ""),
        channel=str(data.get("channel") or ""),
        answer=str(data.get("gateway_response") or data.get("message") or "")[:200],
    )


def _refund(data: dict[str, Any]) -> SentRefund:
    return SentRefund(
        paystack_id=str(data.get("id") or ""),
        status=_text(data, "status"),
        amount=_number(data, "amount"),
        note=str(data.get("merchant_note") or ""),
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise OutcomeUnknown(f"Paystack's answer lacks '{name}'.")
    return value


def _number(data: dict[str, Any], name: str) -> int:
    # Amounts come as numbers in most answers and as strings in some.
    try:
        return int(data[name])
    except (KeyError, TypeError, ValueError):
        raise OutcomeUnknown(f"Paystack's answer lacks '{name}'.") from None
