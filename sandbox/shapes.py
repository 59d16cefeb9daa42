"""How Paystack writes a transaction, a refund, a customer. Amounts are whole numbers of kobo.

The same thing is written in slightly different ways by verify, list and fetch; what its API
description allows for each is kept here, null for null.
"""

import json
import sqlite3
import zlib
from datetime import datetime, timedelta
from typing import Any

from sandbox.control import present_mode
from sandbox.store import instant

INTEGRATION = 412829
SHORTFALL = 100


def fees_of(amount: int) -> int:
    """Paystack's Nigerian fee in kobo: 1.5 % (rounded up), from 2,500 naira also 100 naira, at most 2,000 naira."""
    return min(-(-amount * 15 // 1000) + (10_000 if amount >= 250_000 else 0), 200_000)


def reported_amount(db: sqlite3.Connection, row: sqlite3.Row) -> int:
    """What Paystack says was paid: 100 kobo short if it was paid, or is asked about, in the mode wrong-amount."""
    if row["amount_paid"] is None:
        return int(row["amount"])
    if row["amount_paid"] == row["amount"] and present_mode(db, "paystack")[0] == "wrong-amount":
        return int(row["amount"]) - SHORTFALL
    return int(row["amount_paid"])


def customer(email: str) -> dict[str, Any]:
    """The customer as verify has it; the same address is always the same customer."""
    number = zlib.crc32(email.lower().encode())
    return {
        "id": number,
        "first_name": None,
        "last_name": None,
        "email": email,
        "customer_code": f"CUS_{number:012x}",
        "phone": None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }


def card(row: sqlite3.Row) -> dict[str, Any]:
    """The card that paid, Paystack's test card; before that, its fields without values."""
    paid = row["paid_at"] is not None
    number = zlib.crc32(row["reference"].encode())
    values = {
        "authorization_code": f"AUTH_{number:010x}",
        "bin": "408408",
        "last4": "4081",
        "exp_month": "12",
        "exp_year": "2030",
        "channel": row["channel"],
        "card_type": "visa",
        "bank": "TEST BANK",
        "country_code": "NG",
        "brand": "visa",
        "signature": f"SIG_{number:020x}",
    }
    shown: dict[str, Any] = {name: value if paid else None for name, value in values.items()}
    return shown | {"reusable": paid, "account_name": None, "receiver_bank_account_number": None, "receiver_bank": None}


def transaction(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """What verify, list and fetch have in common."""
    return {
        "id": row["id"],
        "domain": "test",
        "status": row["status"],
        "reference": row["reference"],
        "receipt_number": None,
        "amount": reported_amount(db, row),
        "message": None,
        "gateway_response": row["gateway_response"],
        "paid_at": row["paid_at"],
        "created_at": row["created_at"],
        "channel": row["channel"],
        "currency": row["currency"],
        "ip_address": "127.0.0.1",
        "metadata": json.loads(row["metadata"]) or "",
        "log": None,
        "fees": row["fees"],
        "fees_split": None,
        "order_id": None,
        "paidAt": row["paid_at"],
        "createdAt": row["created_at"],
        "requested_amount": row["amount"],
        "pos_transaction_data": None,
        "source": {
            "type": "api",
            "source": "merchant_api",
            "identifier": None,
            "entry_point": "transaction_initialize",
        },
        "fees_breakdown": None,
        "connect": None,
        "split": {},
        "subaccount": {},
    }


def verified(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transaction/verify/REFERENCE and the webhook charge.success have it."""
    return transaction(db, row) | {
        "authorization": card(row) if row["paid_at"] else {},
        "customer": customer(row["email"]),
        "plan": None,
        "plan_object": {},
        "transaction_date": row["created_at"],
    }


def listed(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transaction has it, except that paidAt of what was not paid is null, as in life."""
    return transaction(db, row) | {
        "authorization": card(row),
        "customer": customer(row["email"]),
        "metadata": json.loads(row["metadata"]) or None,
        "plan": {},
    }


def fetched(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transaction/ID has it, except that what was not paid has nulls for payment time, fees and card."""
    return transaction(db, row) | {
        "authorization": card(row),
        "customer": described_customer(row["email"]) | {"metadata": {}},
        "metadata": {"custom_fields": []} | json.loads(row["metadata"]),
        "helpdesk_link": None,
        "plan": {},
    }


def described_customer(email: str) -> dict[str, Any]:
    """The customer as fetch and refunds have it, with empty texts for null."""
    return {name: "" if value is None else value for name, value in customer(email).items()}


def created_refund(refund: sqlite3.Row, row: sqlite3.Row) -> dict[str, Any]:
    """As POST /refund answers."""
    paid_with = {
        "id": row["id"],
        "domain": "test",
        "reference": row["reference"],
        "amount": row["amount_paid"],
        "paid_at": row["paid_at"],
        "channel": row["channel"],
        "currency": row["currency"],
        "authorization": {"exp_month": None, "exp_year": None, "account_name": None},
        "customer": {"international_format_phone": None},
        "plan": {},
        "subaccount": {"currency": None},
        "split": {},
        "order_id": None,
        "paidAt": row["paid_at"],
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
    }
    expected = datetime.fromisoformat(refund["created_at"]) + timedelta(days=7)
    return {
        "transaction": paid_with,
        "integration": INTEGRATION,
        "deducted_amount": 0,
        "channel": None,
        "merchant_note": refund["merchant_note"],
        "customer_note": refund["customer_note"],
        "status": refund["status"],
        "refunded_by": "sandbox@paystack.test",
        "expected_at": instant(expected),
        "currency": row["currency"],
        "domain": "test",
        "amount": refund["amount"],
        "fully_deducted": False,
        "id": refund["id"],
        "createdAt": refund["created_at"],
        "updatedAt": refund["updated_at"],
    }


def kept_refund(refund: sqlite3.Row, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /refund and GET /refund/ID have it."""
    processed = refund["status"] == "processed"
    return {
        "integration": INTEGRATION,
        "transaction": row["id"],
        "dispute": None,
        "settlement": None,
        "id": refund["id"],
        "domain": "test",
        "currency": row["currency"],
        "amount": refund["amount"],
        "status": refund["status"],
        "refunded_at": refund["refunded_at"],
        "refunded_by": "sandbox@paystack.test",
        "customer_note": refund["customer_note"],
        "merchant_note": refund["merchant_note"],
        "deducted_amount": refund["amount"] if processed else 0,
        "fully_deducted": 1 if processed else 0,
        "createdAt": refund["created_at"],
        "bank_reference": None,
        "transaction_reference": row["reference"],
        "reason": refund["merchant_note"],
        "customer": described_customer(row["email"]),
        "refund_type": "full" if refund["amount"] == row["amount_paid"] else "partial",
        "transaction_amount": row["amount"],
        "initiated_by": "sandbox@paystack.test",
        "refund_channel": "migs",
        "session_id": None,
        "collect_account_number": False,
    }


def refund_event(refund: sqlite3.Row, row: sqlite3.Row) -> dict[str, Any]:
    """The data of refund.pending, refund.processed and refund.failed."""
    return {
        "id": refund["id"],
        "status": refund["status"],
        "transaction_reference": row["reference"],
        "refund_reference": None,
        "amount": refund["amount"],
        "currency": row["currency"],
        "customer_note": refund["customer_note"],
        "merchant_note": refund["merchant_note"],
        "processor": "sandbox",
        "customer": {"first_name": None, "last_name": None, "email": row["email"]},
        "integration": INTEGRATION,
        "domain": "test",
    }
