"""As `schemas`, for disputes, and for settlements, of which Paystack publishes only that an answer has data."""

from tests.sandbox.schemas import Schema, answer, record, text, whole
from tests.sandbox.transfer_schemas import ANY, PAGES

STEPS: Schema = {
    "history": {"type": "array", "items": record({"status": text(), "by": text(), "createdAt": text()})},
    "messages": {"type": "array", "items": record({"sender": text(), "body": text(), "createdAt": text()})},
}
# What every way of asking about a dispute has.
DISPUTE: Schema = {
    "id": whole(),
    "refund_amount": whole(),
    "currency": text(),
    "status": text(),
    "resolution": ANY,
    "domain": text(),
    "transaction_reference": ANY,
    "category": text(),
    "bin": text(),
    "last4": text(),
    "dueAt": ANY,
    "resolvedAt": ANY,
    "createdAt": text(),
    "updatedAt": text(),
}
CHARGED = record({"id": whole(), "status": text(), "reference": text(), "amount": whole(), "fees": whole()})
CLAIMANT = record({"id": whole(), "email": text(), "customer_code": text()})
FULL = record(DISPUTE | STEPS | {"transaction": CHARGED, "customer": CLAIMANT, "evidence": ANY, "attachments": ANY})
DISPUTE_LIST = answer({"type": "array", "items": FULL}, meta=PAGES)
DISPUTE_FETCH = answer(FULL)
RESOLVE_REQUEST = record(
    {
        "resolution": text(),
        "message": text(),
        "refund_amount": whole(),
        "uploaded_filename": text(),
        "evidence": whole(),
    },
    optional=("evidence",),
)
SAID = record({"dispute": whole(), "sender": text(), "body": text(), "id": whole(), "createdAt": text()})
DISPUTE_RESOLVE = answer(
    record(
        DISPUTE
        | {
            "resolution": text(),
            "resolvedAt": text(),
            "transaction": whole(),
            "merchant_transaction_reference": text(),
            "attachments": text(),
            "integration": whole(),
            "created_by": whole(),
            "evidence": whole(),
            "message": SAID,
        }
    )
)
EVIDENCE: Schema = {
    "customer_email": text(),
    "customer_name": text(),
    "customer_phone": text(),
    "service_details": text(),
    "delivery_address": text(),
    "delivery_date": text(),
}
EVIDENCE_REQUEST = record(EVIDENCE, optional=("delivery_address", "delivery_date"))
EVIDENCE_ADDED = answer(
    record(EVIDENCE | {"dispute": whole(), "id": whole(), "createdAt": text(), "updatedAt": text()})
)
UPLOAD_URL = answer(record({"signedUrl": text(), "fileName": text()}))

#: charge.dispute.* are in Paystack's guide, not in its API description: the data of fetch, but for two names.
DISPUTE_EVENT = record(
    {
        "event": {"enum": ["charge.dispute.create", "charge.dispute.remind", "charge.dispute.resolve"]},
        "data": record(
            {name: schema for name, schema in DISPUTE.items() if name not in ("createdAt", "updatedAt")}
            | {"transaction": CHARGED, "customer": CLAIMANT, "created_at": text(), "updated_at": text()}
        ),
    }
)

SETTLEMENT = record(
    {
        "id": whole(),
        "domain": text(),
        "status": text(),
        "currency": text(),
        "integration": whole(),
        "total_amount": whole(),
        "effective_amount": whole(),
        "total_fees": whole(),
        "total_processed": whole(),
        "deductions": ANY,
        "settlement_date": text(),
        "settled_by": ANY,
        "createdAt": text(),
        "updatedAt": text(),
    }
)
SETTLEMENT_LIST = answer({"type": "array", "items": SETTLEMENT}, meta=PAGES)

#: Where each schema is in the published description: the component's name.
PUBLISHED = {
    "DisputeListResponse": DISPUTE_LIST,
    "DisputeFetchResponse": DISPUTE_FETCH,
    "DisputeResolve": RESOLVE_REQUEST,
    "DisputeResolveResponse": DISPUTE_RESOLVE,
    "DisputeEvidence": EVIDENCE_REQUEST,
    "DisputeAddEvidenceResponse": EVIDENCE_ADDED,
    "DisputeUploadURLResponse": UPLOAD_URL,
}
