"""The part of Paystack's API description that is used, as JSON Schemas, and Zoom's meeting.

The sandbox's answers and the client's requests are both checked against these, so that the two cannot
drift together. `test_shapes.py` compares them with the published files where those are at hand.
"""

from typing import Any

Schema = dict[str, Any]


def text(*, null: bool = False) -> Schema:
    return {"type": ["string", "null"] if null else "string"}


def whole(*, null: bool = False) -> Schema:
    return {"type": ["integer", "null"] if null else "integer"}


def record(properties: Schema, *, optional: tuple[str, ...] = ()) -> Schema:
    """An object in which every property but the optional ones is required, and others may be there too."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def answer(data: Schema, **more: Schema) -> Schema:
    return record({"status": {"const": True, "type": "boolean"}, "message": text(), "data": data, **more})


CUSTOMER = record(
    {
        "id": whole(),
        "first_name": text(null=True),
        "last_name": text(null=True),
        "email": text(),
        "customer_code": text(),
        "phone": text(null=True),
        "risk_action": text(),
    }
)

# What every way of asking about a transaction has. Paystack's description has paid_at, paidAt and fees as
# never null in some answers; what was not paid has null there all the same.
TRANSACTION: Schema = {
    "id": whole(),
    "domain": text(),
    "status": text(),
    "reference": text(),
    "amount": whole(),
    "message": text(null=True),
    "gateway_response": text(),
    "paid_at": text(null=True),
    "created_at": text(),
    "channel": text(),
    "currency": text(),
    "ip_address": text(),
    "fees": whole(null=True),
    "paidAt": text(null=True),
    "createdAt": text(),
    "requested_amount": whole(),
    "authorization": {"type": "object"},
    "customer": CUSTOMER,
    "split": {"type": "object"},
    "subaccount": {"type": "object"},
}

INITIALIZE_REQUEST = record(
    {
        "email": text(),
        "amount": whole(),
        "currency": {"type": "string", "enum": ["NGN"]},
        "reference": text(),
        "callback_url": text(),
        "channels": {
            "type": "array",
            "items": {
                "type": "string",
                "enum": ["card", "bank", "ussd", "qr", "eft", "mobile_money", "bank_transfer"],
            },
        },
        "metadata": {"type": "object"},
    },
    optional=("currency", "reference", "callback_url", "channels", "metadata"),
)
INITIALIZE = answer(record({"authorization_url": text(), "access_code": text(), "reference": text()}))
VERIFY = answer(
    record(
        TRANSACTION
        | {
            "metadata": {"type": ["string", "object"]},
            "plan": text(null=True),
            "transaction_date": text(),
            "plan_object": {"type": "object"},
        }
    )
)
TRANSACTION_LIST = answer(
    {"type": "array", "items": record(TRANSACTION | {"metadata": {"type": ["object", "null"]}})},
    meta=record(
        {
            "total": whole(),
            "total_volume": {"type": "number"},
            "skipped": whole(),
            "perPage": {"type": ["string", "integer"]},
            "page": whole(),
            "pageCount": whole(),
        }
    ),
)
TRANSACTION_FETCH = answer(record(TRANSACTION | {"metadata": {"type": "object"}}))

REFUND_REQUEST = record(
    {
        "transaction": text(),
        "amount": whole(),
        "currency": {"type": "string", "enum": ["NGN"]},
        "customer_note": text(),
        "merchant_note": text(),
    },
    optional=("amount", "currency", "customer_note", "merchant_note"),
)
REFUND_CREATE = answer(
    record(
        {
            "id": whole(),
            "status": text(),
            "amount": whole(),
            "currency": text(),
            "domain": text(),
            "merchant_note": text(),
            "customer_note": text(),
            "refunded_by": text(),
            "expected_at": text(),
            "deducted_amount": whole(),
            "createdAt": text(),
            "updatedAt": text(),
            "transaction": record(
                {
                    "id": whole(),
                    "domain": text(),
                    "reference": text(),
                    "amount": whole(),
                    "paid_at": text(),
                    "channel": text(),
                    "currency": text(),
                }
            ),
        }
    )
)
REFUND = record(
    {
        "id": whole(),
        "transaction": whole(),
        "transaction_reference": text(),
        "transaction_amount": whole(),
        "status": text(),
        "amount": whole(),
        "currency": text(),
        "domain": text(),
        "merchant_note": text(),
        "customer_note": text(),
        "deducted_amount": whole(),
        "createdAt": text(),
        "refund_type": text(),
    }
)
REFUND_FETCH = answer(REFUND)
REFUND_LIST = answer(
    {"type": "array", "items": REFUND},
    meta=record({"total": whole(), "skipped": whole(), "perPage": text(), "page": whole(), "pageCount": whole()}),
)
ERROR = record({"status": {"const": False, "type": "boolean"}, "message": text()})

MEETING = record(
    {
        "id": text(),
        "uuid": text(),
        "host_id": text(),
        "topic": text(),
        "type": whole(),
        "start_time": text(),
        "duration": whole(),
        "timezone": text(),
        "created_at": text(),
        "agenda": text(),
        "start_url": text(),
        "join_url": text(),
        "password": text(),
        "settings": {"type": "object"},
    }
)

#: What Paystack sends as {"event": "charge.success", "data": …}: the data of verify.
CHARGE_EVENT = record({"event": {"const": "charge.success"}, "data": VERIFY["properties"]["data"]})
#: refund.pending, refund.processed and refund.failed are in Paystack's guide, not in its API description.
REFUND_EVENT = record(
    {
        "event": {"enum": ["refund.pending", "refund.processed", "refund.failed"]},
        "data": record(
            {"status": text(), "transaction_reference": text(), "amount": whole(), "currency": text(), "domain": text()}
        ),
    }
)

#: Where each schema is in the published description: the component's name.
PUBLISHED = {
    "TransactionInitialize": INITIALIZE_REQUEST,
    "TransactionInitializeResponse": INITIALIZE,
    "VerifyResponse": VERIFY,
    "TransactionListResponse": TRANSACTION_LIST,
    "TransactionFetchResponse": TRANSACTION_FETCH,
    "RefundCreate": REFUND_REQUEST,
    "RefundCreateResponse": REFUND_CREATE,
    "RefundFetchResponse": REFUND_FETCH,
    "RefundListResponse": REFUND_LIST,
    "Error": ERROR,
}
