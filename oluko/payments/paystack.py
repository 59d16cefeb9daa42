"""Paystack over HTTP: payments, refunds, transfers, disputes, in the shapes of its published OpenAPI description.

Reads may be repeated; a write whose outcome is unknown raises OutcomeUnknown and is asked about, never repeated
blindly. Amounts are minor units. Errors: GatewayError (see `oluko.core.gateway`), and those of `paystack_answers`.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from oluko.core.gateway import JOB_SECONDS, REQUEST_SECONDS, GatewayError, Line, OutcomeUnknown
from oluko.payments.paystack_answers import (
    AccountUnknown,
    Bank,
    Charge,
    ChargeDispute,
    DuplicateReference,
    Initialized,
    NotEnoughBalance,
    Recipient,
    Refused,
    ResolvedAccount,
    SentRefund,
    SentTransfer,
    number,
    read_account,
    read_bank,
    read_charge,
    read_dispute,
    read_recipient,
    read_refund,
    read_transfer,
    text,
)

__all__ = [
    "AccountUnknown",
    "Bank",
    "Charge",
    "ChargeDispute",
    "DuplicateReference",
    "Initialized",
    "NotEnoughBalance",
    "Paystack",
    "Recipient",
    "Refused",
    "ResolvedAccount",
    "SentRefund",
    "SentTransfer",
    "paystack",
    "signature_is_valid",
]

#: As many as Paystack gives at once.
PAGE = "100"
#: More banks than Nigeria has; a cursor that never ends must not keep a process.
MOST_BANK_PAGES = 20


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
            "amount": amount,
            "currency": currency,
            "reference": reference,
            "callback_url": callback_url,
            "metadata": metadata,
        }
        data = self._data("POST", "/transaction/initialize", seconds=REQUEST_SECONDS, json=body)
        return Initialized(text(data, "authorization_url"), text(data, "reference"))

    def verify(self, reference: str) -> Charge | None:
        """What became of a reference; None when Paystack has never heard of it."""
        data = self._known(f"/transaction/verify/{quote(reference, safe='')}")
        return None if data is None else read_charge(data)

    def charges_since(self, since: datetime, page: int, *, status: str = "success") -> list[Charge]:
        """One page of the charges of one status since an instant (aware), newest first; empty beyond the last."""
        query = {"from": since.isoformat(), "status": status, "per_page": PAGE, "page": str(page)}
        return [read_charge(row) for row in self._rows("/transaction", query)]

    def refund(self, *, transaction_id: str, amount: int, currency: str, note: str) -> SentRefund:
        """Send money back. `note` is ours, so that the refund is found again if the answer is lost."""
        body = {"transaction": transaction_id, "amount": amount, "currency": currency, "merchant_note": note}
        return read_refund(self._data("POST", "/refund", seconds=JOB_SECONDS, json=body))

    def refunds_of(self, transaction_id: str) -> list[SentRefund]:
        """Every refund of a transaction that Paystack knows."""
        return [read_refund(row) for row in self._rows("/refund", {"transaction": transaction_id, "perPage": PAGE})]

    def refund_status(self, paystack_id: str) -> SentRefund:
        """How a refund stands."""
        return read_refund(self._data("GET", f"/refund/{quote(paystack_id, safe='')}", seconds=JOB_SECONDS))

    def refunds_since(self, since: datetime, page: int) -> list[SentRefund]:
        """One page of the refunds asked for since an instant (aware), newest first; empty beyond the last."""
        return [read_refund(row) for row in self._rows("/refund", _page(since, page))]

    def banks(self) -> list[Bank]:
        """Every Nigerian bank that transfers reach, in Paystack's order."""
        query = {"country": "nigeria", "currency": "NGN", "use_cursor": "true", "perPage": PAGE}
        found: dict[str, Bank] = {}
        for _ in range(MOST_BANK_PAGES):
            answer = self._answer("GET", "/bank", seconds=REQUEST_SECONDS, params=query)
            for row in _rows(answer):
                if row.get("active") is not False and row.get("supports_transfer") is not False:
                    bank = read_bank(row)
                    found.setdefault(bank.code, bank)
            meta = answer.get("meta")
            following = meta.get("next") if isinstance(meta, dict) else None
            if not isinstance(following, str) or not following:
                break
            query["next"] = following
        return list(found.values())

    def resolve_account(self, *, account_number: str, bank_code: str) -> ResolvedAccount:
        """Whose account it is. Raises AccountUnknown where there is none; other errors say nothing of the account."""
        query = {"account_number": account_number, "bank_code": bank_code}
        try:
            data = self._data("GET", "/bank/resolve", seconds=REQUEST_SECONDS, params=query)
        except Refused as refusal:
            if _says(refusal, "could not resolve", "unknown bank code", "invalid_bank_code", "invalid_account"):
                raise AccountUnknown(str(refusal), refusal.code) from refusal
            raise
        return read_account(data)

    def create_recipient(
        self, *, name: str, account_number: str, bank_code: str, currency: str = "NGN", description: str = ""
    ) -> Recipient:
        """Tell Paystack where transfers go. The same account always has the same recipient: this may be repeated."""
        body = {
            "type": "nuban",
            "name": name,
            "account_number": account_number,
            "bank_code": bank_code,
            "currency": currency,
            "description": description,
        }
        return read_recipient(self._data("POST", "/transferrecipient", seconds=REQUEST_SECONDS, json=body))

    def transfer(
        self, *, reference: str, amount: int, recipient: str, reason: str, currency: str = "NGN"
    ) -> SentTransfer:
        """Send money from the balance. `reference`: 16 to 50 characters of a-z, 0-9, - and _, one for one payout.

        Raises NotEnoughBalance and Refused when nothing was sent, DuplicateReference when an earlier call sent it,
        and OutcomeUnknown when only `transfer_by_reference` can tell.
        """
        body = {
            "source": "balance",
            "amount": amount,
            "recipient": recipient,
            "reference": reference,
            "reason": reason,
            "currency": currency,
        }
        try:
            sent = read_transfer(self._data("POST", "/transfer", seconds=JOB_SECONDS, json=body))
        except Refused as refusal:
            raise _of_transfer(refusal) from None
        return _same_reference(sent, reference)

    def transfer_by_reference(self, reference: str) -> SentTransfer | None:
        """What became of a transfer, with the fee once it is over; None when Paystack has never heard of it."""
        data = self._known(f"/transfer/verify/{quote(reference, safe='')}")
        if data is None:
            return None
        found = _same_reference(read_transfer(data), reference)
        if found.status in ("success", "reversed") and found.fee is None:
            # Verifying does not tell the fee, which is gone though a bank returns the money; fetching does.
            whole = self._data("GET", f"/transfer/{quote(found.code, safe='')}", seconds=JOB_SECONDS)
            found = _same_reference(read_transfer(whole), reference)
        return found

    def transfers_since(self, since: datetime, page: int) -> list[SentTransfer]:
        """One page of the transfers begun since an instant (aware), newest first; empty beyond the last."""
        query = {"from": since.isoformat(), "per_page": PAGE, "page": str(page)}
        return [read_transfer(row) for row in self._rows("/transfer", query)]

    def balance(self, currency: str = "NGN") -> int:
        """What can be sent and refunded from, in minor units."""
        for row in self._rows("/balance", {}):
            if row.get("currency") == currency:
                return number(row, "balance")
        raise OutcomeUnknown(f"Paystack told no balance in {currency}.")

    def disputes_since(self, since: datetime, page: int) -> list[ChargeDispute]:
        """One page of the disputes opened since an instant (aware), newest first; empty beyond the last."""
        return [read_dispute(row) for row in self._rows("/dispute", _page(since, page))]

    def dispute(self, paystack_id: str) -> ChargeDispute | None:
        """How a dispute stands; None when Paystack has never heard of it."""
        data = self._known(f"/dispute/{quote(paystack_id, safe='')}")
        return None if data is None else read_dispute(data)

    def _known(self, path: str) -> dict[str, Any] | None:
        try:
            return self._data("GET", path, seconds=JOB_SECONDS)
        except Refused as refusal:
            if _says(refusal, "not found"):
                return None
            raise

    def _rows(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        return _rows(self._answer("GET", path, seconds=JOB_SECONDS, params=query))

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
            said = str(body.get("message") or f"Paystack answered {response.status_code}.")
            raise Refused(said, str(body.get("code") or ""))
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


def _page(since: datetime, page: int) -> dict[str, str]:
    return {"from": since.isoformat(), "perPage": PAGE, "page": str(page)}


def _says(refusal: Refused, *words: str) -> bool:
    said = f"{refusal} {refusal.code}".lower()
    return any(word in said for word in words)


def _of_transfer(refusal: Refused) -> GatewayError:
    """The refusal of a transfer as what it means for the money."""
    # Rather once too often a duplicate, which is asked about, than a refusal, after which the money is free again.
    if _says(refusal, "duplicate", "already exists on a transfer", "unique reference"):
        return DuplicateReference(str(refusal))
    if _says(refusal, "balance is not enough", "insufficient_balance", "insufficient balance"):
        return NotEnoughBalance(str(refusal))
    return refusal


def _same_reference(found: SentTransfer, reference: str) -> SentTransfer:
    if found.reference != reference:
        raise OutcomeUnknown("Paystack answered about another transfer.")
    return found
