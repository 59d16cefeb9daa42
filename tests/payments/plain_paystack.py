"""Paystack in this process: what our client's calls would find there, kept as plainly as can be, and as moody.

It stands behind the client's own HTTP transport, so that everything of ours runs as it is; only the network is left
out. `moods` are the answers of the next calls: what is there is used up one a call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

UNDER_WAY = ("pending", "otp", "received")
# Of these the amount leaves the balance, and stays away.
GONE = ("success",)


@dataclass
class PlainCharge:
    number: int
    reference: str
    amount: int
    status: str = "abandoned"
    paid: int = 0
    taken: int = 0

    @property
    def fee(self) -> int:
        return self.paid * 15 // 1000


@dataclass
class PlainRefund:
    number: int
    reference: str
    amount: int
    note: str
    status: str = "pending"


@dataclass
class PlainTransfer:
    number: int
    reference: str
    amount: int
    status: str = "pending"
    arrived: bool = False

    @property
    def fee(self) -> int:
        return 10_00 if self.arrived else 0


@dataclass
class PlainDispute:
    number: int
    reference: str
    amount: int
    status: str = "awaiting-merchant-feedback"
    resolution: str = ""


class Refusal(Exception):
    """Answered with 400."""


@dataclass
class PlainPaystack:
    charges: dict[str, PlainCharge] = field(default_factory=dict)
    refunds: list[PlainRefund] = field(default_factory=list)
    transfers: dict[str, PlainTransfer] = field(default_factory=dict)
    disputes: list[PlainDispute] = field(default_factory=list)
    moods: list[str] = field(default_factory=list)
    top_up: int = 0

    # What people and banks do there.

    def pay(self, reference: str, amount: int) -> bool:
        """A card is charged; a page that was paid once is not paid again."""
        charge = self.charges[reference]
        if charge.status in ("success", "reversed"):
            return False
        charge.status, charge.paid = "success", amount
        return True

    def left(self, reference: str) -> int:
        """What can still be refunded of a charge."""
        back = sum(row.amount for row in self.refunds if row.reference == reference and row.status != "failed")
        charge = self.charges[reference]
        return charge.paid - charge.taken - back

    def open_dispute(self, reference: str, amount: int) -> None:
        self.disputes.append(PlainDispute(len(self.disputes) + 1, reference, amount))

    def end_refund(self, refund: PlainRefund, status: str) -> None:
        refund.status = status
        self._reverse_spent(refund.reference)

    def end_transfer(self, transfer: PlainTransfer, status: str) -> None:
        transfer.arrived = transfer.arrived or status == "success"
        transfer.status = status

    def end_dispute(self, dispute: PlainDispute, resolution: str) -> None:
        """Where it is lost the disputed amount goes, and what waits to be refunded there is not refunded as well."""
        dispute.status, dispute.resolution = "resolved", resolution
        if resolution != "declined":
            self.charges[dispute.reference].taken += dispute.amount
            for row in self.refunds:
                if row.reference == dispute.reference and row.status == "needs-attention":
                    row.status = "failed"
            self._reverse_spent(dispute.reference)

    def balance(self) -> int:
        """What can be sent: refunds under way have left it already."""
        came = sum(charge.paid - charge.fee - charge.taken for charge in self.charges.values())
        back = sum(row.amount for row in self.refunds if row.status != "failed")
        out = sum(row.fee + (row.amount if row.status in (*GONE, *UNDER_WAY) else 0) for row in self.transfers.values())
        return self.top_up + came - back - out

    def _reverse_spent(self, reference: str) -> None:
        done = sum(row.amount for row in self.refunds if row.reference == reference and row.status == "processed")
        charge = self.charges[reference]
        if charge.paid and charge.taken + done >= charge.paid:
            charge.status = "reversed"

    # What our client asks.

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Raises what the network would."""
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "unreachable":
            raise httpx.ConnectError("nobody there", request=request)
        if mood == "unheard":
            raise httpx.ReadTimeout("no answer, and nothing done", request=request)
        if mood == "error":
            return httpx.Response(503, json={"status": False, "message": "Try again"})
        try:
            data = self._do(request)
        except Refusal as refusal:
            return httpx.Response(400, json={"status": False, "message": str(refusal)})
        if mood == "unsaid":
            raise httpx.ReadTimeout("done, and no answer", request=request)
        return httpx.Response(200, json={"status": True, "message": "Done", "data": data})

    def _do(self, request: httpx.Request) -> Any:
        path = request.url.path.strip("/").split("/")
        if request.method == "POST":
            body = json.loads(request.content)
            return {"transaction": self._initialize, "refund": self._refund, "transfer": self._transfer}[path[0]](body)
        asked = path[-1]
        match path[0]:
            case "transaction":
                return self._charge(self._found(self.charges.get(asked), "Transaction reference not found."))
            case "refund" if len(path) == 1:
                of = request.url.params["transaction"]
                return [self._refund_row(row) for row in self.refunds if of in self._names(row.reference)]
            case "refund":
                return self._refund_row(self.refunds[int(asked) - 1])
            case "transfer":
                found = [row for row in self.transfers.values() if asked in (row.reference, f"TRF_{row.number}")]
                return self._transfer_row(self._found(found[0] if found else None, "Transfer not found"))
            case "dispute" if len(path) == 1:
                return [self._dispute(row) for row in self.disputes] if request.url.params["page"] == "1" else []
        return self._dispute(self.disputes[int(asked) - 1])

    def _initialize(self, body: dict[str, Any]) -> dict[str, Any]:
        reference = body["reference"]
        self.charges[reference] = PlainCharge(len(self.charges) + 1, reference, body["amount"])
        return {"authorization_url": f"http://127.0.0.1:9/{reference}", "reference": reference}

    def _refund(self, body: dict[str, Any]) -> dict[str, Any]:
        found = [row for row in self.charges.values() if body["transaction"] in self._names(row.reference)]
        charge = self._found(found[0] if found else None, "Transaction not found")
        if body["amount"] > self.left(charge.reference):
            raise Refusal("Refund amount cannot be more than what is left of the transaction")
        row = PlainRefund(len(self.refunds) + 1, charge.reference, body["amount"], body["merchant_note"])
        self.refunds.append(row)
        return self._refund_row(row)

    def _transfer(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["reference"] in self.transfers:
            raise Refusal("Please provide a unique reference. Reference already exists on a transfer")
        if body["amount"] + 10_00 > self.balance():
            raise Refusal("Your balance is not enough to fulfil this request")
        row = PlainTransfer(len(self.transfers) + 1, body["reference"], body["amount"])
        self.transfers[row.reference] = row
        return self._transfer_row(row)

    def _names(self, reference: str) -> tuple[str, str]:
        return reference, str(9000 + self.charges[reference].number)

    def _found[T](self, row: T | None, otherwise: str) -> T:
        if row is None:
            raise Refusal(otherwise)
        return row

    def _charge(self, charge: PlainCharge) -> dict[str, Any]:
        return {
            "id": 9000 + charge.number,
            "reference": charge.reference,
            "status": charge.status,
            "amount": charge.paid or charge.amount,
            "fees": charge.fee or None,
            "currency": "NGN",
            "domain": "test",
            "channel": "card",
            "gateway_response": "Successful" if charge.paid else "",
        }

    def _refund_row(self, row: PlainRefund) -> dict[str, Any]:
        return {
            "id": row.number,
            "status": row.status,
            "amount": row.amount,
            "merchant_note": row.note,
            "transaction": {"reference": row.reference},
            "currency": "NGN",
        }

    def _transfer_row(self, row: PlainTransfer) -> dict[str, Any]:
        return {
            "id": row.number,
            "reference": row.reference,
            "status": row.status,
            "amount": row.amount,
            "currency": "NGN",
            "transfer_code": f"TRF_{row.number}",
            "fee_charged": row.fee or None,
        }

    def _dispute(self, row: PlainDispute) -> dict[str, Any]:
        return {
            "id": row.number,
            "status": row.status,
            "resolution": row.resolution or None,
            "refund_amount": row.amount,
            "currency": "NGN",
            "category": "chargeback",
            "transaction": {"reference": row.reference},
        }
