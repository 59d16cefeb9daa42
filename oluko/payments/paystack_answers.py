"""What Paystack's answers say, read once and strictly: the same thing comes in several shapes.

Amounts are whole minor units, given as numbers or as their digits; times are aware. Everything that money or a
decision hangs on must be there: raises OutcomeUnknown where it is not, because such an answer is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oluko.core.gateway import GatewayError, OutcomeUnknown

Data = dict[str, Any]


class Refused(GatewayError):
    """Paystack understood and said no. `code` is its word for why, or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message, temporary=False)
        self.code = code


class AccountUnknown(Refused):
    """No bank account belongs to that number at that bank."""


# The next two are no Refused: what a refusal allows, giving the money back to its owner, they forbid.
class NotEnoughBalance(GatewayError):
    """Nothing was sent: the balance at Paystack is too small. The same reference may be sent again later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, temporary=True)


class DuplicateReference(GatewayError):
    """A transfer with this reference exists: an earlier call had its effect. Ask what became of that one."""

    def __init__(self, message: str) -> None:
        super().__init__(message, temporary=False)


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
    paid_at: datetime | None = None


@dataclass(frozen=True)
class SentRefund:
    """`status`: pending, processing, needs-attention, failed or processed. `reference` is that of the charge."""

    paystack_id: str
    status: str
    amount: int
    note: str
    reference: str = ""
    currency: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True)
class Bank:
    """`code` is a text: most begin with zeros, some have letters."""

    code: str
    name: str


@dataclass(frozen=True)
class ResolvedAccount:
    account_number: str
    account_name: str


@dataclass(frozen=True)
class Recipient:
    """Where transfers go; `code` names it to Paystack."""

    code: str
    name: str
    account_number: str
    account_name: str
    bank_code: str
    bank_name: str
    currency: str


@dataclass(frozen=True)
class SentTransfer:
    """`status`: success, failed, reversed, abandoned, blocked or rejected; others (pending, otp, received) are no ends.

    `fee` is None until Paystack says what it took; `recipient` is empty where the answer has only its number.
    """

    reference: str
    status: str
    amount: int
    currency: str
    fee: int | None
    code: str
    paystack_id: str
    recipient: str
    reason: str
    answer: str
    created_at: datetime | None


@dataclass(frozen=True)
class ChargeDispute:
    """A customer's claim on a charge, whose `reference` is empty only where Paystack does not say it.

    `status`: awaiting-merchant-feedback, awaiting-bank-feedback, pending or resolved. `resolution`: empty while open,
    then declined (the money stays) or merchant-accepted, auto-accepted (`amount` goes back to the customer).
    """

    paystack_id: str
    reference: str
    status: str
    resolution: str
    amount: int
    currency: str
    category: str
    due_at: datetime | None
    resolved_at: datetime | None
    created_at: datetime | None


def read_charge(data: Data) -> Charge:
    return Charge(
        reference=text(data, "reference"),
        status=text(data, "status"),
        amount=number(data, "amount"),
        currency=text(data, "currency"),
        domain=text(data, "domain"),
        # Unset until the money has arrived.
        fee=known_number(data, "fees") or 0,
        paystack_id=str(data.get("id") or ""),
        channel=str(data.get("channel") or ""),
        answer=str(data.get("gateway_response") or data.get("message") or "")[:200],
        paid_at=moment(data, "paid_at", "paidAt"),
    )


def read_refund(data: Data) -> SentRefund:
    return SentRefund(
        paystack_id=str(data.get("id") or ""),
        status=text(data, "status"),
        amount=number(data, "amount"),
        note=str(data.get("merchant_note") or ""),
        reference=_reference_of_charge(data),
        currency=str(data.get("currency") or ""),
        created_at=moment(data, "createdAt", "created_at"),
    )


def read_bank(data: Data) -> Bank:
    return Bank(code=text(data, "code"), name=text(data, "name"))


def read_account(data: Data) -> ResolvedAccount:
    return ResolvedAccount(account_number=text(data, "account_number"), account_name=text(data, "account_name"))


def read_recipient(data: Data) -> Recipient:
    given = data.get("details")
    details = given if isinstance(given, dict) else {}
    return Recipient(
        code=text(data, "recipient_code"),
        name=str(data.get("name") or ""),
        account_number=text(details, "account_number"),
        account_name=str(details.get("account_name") or ""),
        bank_code=text(details, "bank_code"),
        bank_name=str(details.get("bank_name") or ""),
        currency=str(data.get("currency") or ""),
    )


def read_transfer(data: Data) -> SentTransfer:
    recipient = data.get("recipient")
    return SentTransfer(
        reference=text(data, "reference"),
        status=text(data, "status"),
        amount=number(data, "amount"),
        currency=text(data, "currency"),
        fee=known_number(data, "fee_charged"),
        code=text(data, "transfer_code"),
        paystack_id=str(data.get("id") or ""),
        recipient=str(recipient.get("recipient_code") or "") if isinstance(recipient, dict) else "",
        reason=str(data.get("reason") or ""),
        answer=str(data.get("gateway_response") or data.get("failures") or "")[:200],
        created_at=moment(data, "createdAt", "created_at"),
    )


def read_dispute(data: Data) -> ChargeDispute:
    return ChargeDispute(
        paystack_id=str(number(data, "id")),
        reference=_reference_of_charge(data),
        status=text(data, "status"),
        resolution=str(data.get("resolution") or ""),
        amount=number(data, "refund_amount"),
        currency=str(data.get("currency") or ""),
        category=str(data.get("category") or ""),
        due_at=moment(data, "dueAt", "due_at"),
        resolved_at=moment(data, "resolvedAt", "resolved_at"),
        created_at=moment(data, "createdAt", "created_at"),
    )


def _reference_of_charge(data: Data) -> str:
    """The charge is an object in some answers and a number, with the reference beside it, in others."""
    charge = data.get("transaction")
    inner = charge.get("reference") if isinstance(charge, dict) else None
    return str(inner or data.get("merchant_transaction_reference") or data.get("transaction_reference") or "")


def text(data: Data, name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise OutcomeUnknown(f"Paystack's answer lacks '{name}'.")
    return value


def number(data: Data, name: str) -> int:
    """A whole number, or the digits of one; nothing is rounded to become one."""
    value = known_number(data, name)
    if value is None:
        raise OutcomeUnknown(f"Paystack's answer lacks '{name}'.")
    return value


def known_number(data: Data, name: str) -> int | None:
    """As `number`, or None for what is absent, null or empty."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) < 20:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise OutcomeUnknown(f"Paystack's answer has no number as '{name}'.")
    return value


def moment(data: Data, *names: str) -> datetime | None:
    """The first of these times that the answer has; None where there is none, or none that can be read."""
    for name in names:
        value = data.get(name)
        if not isinstance(value, str):
            continue
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
