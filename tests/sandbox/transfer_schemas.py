"""As `schemas`, for what money going out needs: banks, accounts, recipients, transfers, the balance."""

from tests.sandbox.schemas import Schema, answer, record, text, whole

FLAG: Schema = {"type": "boolean"}
ANY: Schema = {}
PAGES = record({"total": whole(), "skipped": whole(), "perPage": whole(), "page": whole(), "pageCount": whole()})

BANK = record(
    {
        "id": whole(),
        "name": text(),
        "slug": text(),
        "code": text(),
        "longcode": text(),
        "gateway": text(null=True),
        "pay_with_bank": FLAG,
        "supports_transfer": FLAG,
        "available_for_direct_debit": FLAG,
        "active": FLAG,
        "is_deleted": FLAG,
        "country": text(),
        "currency": text(),
        "type": text(),
        "createdAt": text(),
        "updatedAt": text(),
    }
)
BANK_LIST = answer({"type": "array", "items": BANK})
RESOLVED = answer(record({"account_number": text(), "account_name": text(), "bank_id": whole()}))

RECIPIENT_REQUEST = record(
    {
        "type": {"type": "string", "enum": ["nuban"]},
        "name": text(),
        "account_number": text(),
        "bank_code": text(),
        "description": text(),
        "currency": text(),
    },
    optional=("description", "currency"),
)
ACCOUNT: Schema = {"account_number": text(), "account_name": text(), "bank_code": text(), "bank_name": text()}
RECIPIENT: Schema = {
    "active": FLAG,
    "createdAt": text(),
    "currency": text(),
    "description": text(),
    "domain": text(),
    "email": text(),
    "id": whole(),
    "integration": whole(),
    "name": text(),
    "recipient_code": text(),
    "type": text(),
    "updatedAt": text(),
}
GONE: Schema = {"is_deleted": FLAG, "isDeleted": FLAG}
DETAILED = record(ACCOUNT | {"authorization_code": ANY})
RECIPIENT_CREATE = answer(record(RECIPIENT | GONE | {"details": DETAILED}))
RECIPIENT_LIST = answer({"type": "array", "items": record(RECIPIENT | GONE | {"details": DETAILED})}, meta=PAGES)
RECIPIENT_FETCH = answer(
    record(
        RECIPIENT
        | {"isDeleted": FLAG, "details": record(ACCOUNT), "recipient_account": text(), "institution_code": text()}
    )
)

TRANSFER_REQUEST = record(
    {
        "source": {"type": "string", "enum": ["balance"]},
        "amount": whole(),
        "recipient": text(),
        "reference": {"type": "string", "pattern": "^[a-z0-9_-]{16,50}$"},
        "reason": text(),
        "currency": {"type": "string", "enum": ["NGN"]},
    },
    optional=("reason", "currency"),
)
# What every way of asking about a transfer has.
TRANSFER: Schema = {
    "amount": whole(),
    "createdAt": text(),
    "currency": text(),
    "domain": text(),
    "failures": ANY,
    "id": whole(),
    "integration": whole(),
    "reason": text(),
    "reference": text(),
    "source": text(),
    "source_details": ANY,
    "status": text(),
    "titan_code": ANY,
    "transfer_code": text(),
    "transferred_at": ANY,
    "updatedAt": text(),
}
SESSION = record({"provider": ANY, "id": ANY})
TO = record(RECIPIENT | {"is_deleted": FLAG, "details": DETAILED})
TRANSFER_CREATE = answer(record(TRANSFER | {"recipient": whole(), "request": whole()}))
TRANSFER_VERIFY = answer(record(TRANSFER | {"recipient": TO, "session": SESSION, "gateway_response": text(null=True)}))
PRICED: Schema = {"recipient": TO, "session": SESSION, "request": whole(), "fee_charged": whole()}
TRANSFER_LIST = answer({"type": "array", "items": record(TRANSFER | PRICED | {"fees_breakdown": ANY})}, meta=PAGES)
TRANSFER_FETCH = answer(record(TRANSFER | PRICED | {"fees_breakdown": ANY, "gateway_response": text(null=True)}))
BALANCE = answer({"type": "array", "items": record({"currency": text(), "balance": whole()})})

#: transfer.success, transfer.failed and transfer.reversed are in Paystack's guide, not in its API description.
TRANSFER_EVENT = record(
    {
        "event": {"enum": ["transfer.success", "transfer.failed", "transfer.reversed"]},
        "data": record(
            {
                "amount": whole(),
                "currency": text(),
                "domain": text(),
                "id": whole(),
                "integration": {"type": "object"},
                "reference": text(),
                "status": text(),
                "transfer_code": text(),
                "recipient": record({"recipient_code": text(), "created_at": text(), "details": DETAILED}),
                "created_at": text(),
                "updated_at": text(),
            }
        ),
    }
)

#: Where each schema is in the published description: the component's name.
PUBLISHED = {
    "MiscellaneousListBanksResponse": BANK_LIST,
    "VerificationResolveAccountNumberResponse": RESOLVED,
    "TransferRecipientCreate": RECIPIENT_REQUEST,
    "TransferRecipientCreateResponse": RECIPIENT_CREATE,
    "TransferRecipientListResponse": RECIPIENT_LIST,
    "TransferRecipientFetchResponse": RECIPIENT_FETCH,
    "TransferInitiate": TRANSFER_REQUEST,
    "TransferCreateResponse": TRANSFER_CREATE,
    "TransferListResponse": TRANSFER_LIST,
    "TransferFetchResponse": TRANSFER_FETCH,
    "TransferVerifyResponse": TRANSFER_VERIFY,
    "BalanceCheckResponse": BALANCE,
}
