"""Paystack's transfer recipients: a bank account that money can be sent to, once for every account."""

import json
import secrets
import sqlite3
from typing import Any

from sandbox.banks import BY_CODE, REFUSED_RECIPIENT, holder, is_account
from sandbox.calls import Call, Reply, whole_number
from sandbox.paystack import bad_request, keyed, not_found, paging, posted, read_currency, read_metadata
from sandbox.shapes import INTEGRATION
from sandbox.store import instant, next_id

FIRST_ID = 56_824_902


@keyed
def create_recipient(call: Call) -> Reply:
    """POST /transferrecipient {type, name, account_number, bank_code, description?, currency?, metadata?}.

    An account that is known already answers with the recipient that it has, unchanged.
    """
    wish = posted(call)
    if wish.get("type") != "nuban":
        raise bad_request("Invalid recipient type", "invalid_params", "Send nuban")
    name, description = read_text(wish, "name"), read_text(wish, "description", optional=True)
    number, bank_code = read_account(wish)
    currency, metadata = read_currency(wish), json.dumps(read_metadata(wish))
    with call.store.writing() as db:
        row = db.execute(
            "SELECT * FROM recipients WHERE account_number = ? AND bank_code = ? AND currency = ?",
            (number, bank_code, currency),
        ).fetchone()
        if row is None:
            recipient_id = next_id(db, "recipients", FIRST_ID)
            db.execute(
                "INSERT INTO recipients VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (recipient_id, f"RCP_{secrets.token_hex(8)[:15]}", name, description, metadata, number, bank_code,
                 currency, instant()),
            )  # fmt: skip
            row = recipient_by_id(db, recipient_id)
    message = "Transfer recipient created successfully"
    return Reply(201, {"status": True, "message": message, "data": described(row)})


def read_text(wish: dict[str, Any], name: str, *, optional: bool = False) -> str:
    text = wish.get(name) or ""
    if not isinstance(text, str) or len(text) > 1000 or not (text.strip() or optional):
        raise bad_request(f"Invalid {name}", "invalid_params", f"Send a text as {name}")
    return text


def read_account(wish: dict[str, Any]) -> tuple[str, str]:
    """The account's number and its bank's code, both texts: as numbers they would lose the zeros in front."""
    number, bank_code = wish.get("account_number"), wish.get("bank_code")
    if not isinstance(number, str) or not isinstance(bank_code, str):
        step = "Send account_number and bank_code as texts"
        raise bad_request("Account number and bank code are required", "missing_params", step)
    if bank_code not in BY_CODE:
        step = "Send the code of a bank from the list of banks"
        raise bad_request("Cannot resolve bank code", "invalid_bank_code", step)
    if number == REFUSED_RECIPIENT or not is_account(number):
        step = "Ensure that you're passing the correct account number and bank code"
        raise bad_request("Account details are invalid", "invalid_account_number", step)
    return number, bank_code


def recipient_by_id(db: sqlite3.Connection, number: int | None) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM recipients WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise not_found("Recipient not found")
    return row


def recipient_by_code(db: sqlite3.Connection, code: str) -> sqlite3.Row:
    """A recipient by its code or its number."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM recipients WHERE recipient_code = ?", (code,)).fetchone()
    return row or recipient_by_id(db, whole_number(code))


@keyed
def list_recipients(call: Call) -> Reply:
    """GET /transferrecipient?perPage&page, newest first."""
    with call.store.reading() as db:
        total = db.execute("SELECT COUNT(*) FROM recipients").fetchone()[0]
        per_page, page, meta = paging(call, total)
        rows = db.execute(
            "SELECT * FROM recipients ORDER BY id DESC LIMIT ? OFFSET ?", (per_page, (page - 1) * per_page)
        ).fetchall()
    data = [described(row) for row in rows]
    meta |= {"perPage": per_page}
    return Reply(200, {"status": True, "message": "Recipients retrieved", "data": data, "meta": meta})


@keyed
def fetch_recipient(call: Call) -> Reply:
    """GET /transferrecipient/CODE"""
    with call.store.reading() as db:
        row = recipient_by_code(db, call.path["code"])
    data = described(row) | {"recipient_account": row["account_number"], "institution_code": row["bank_code"]}
    return Reply(200, {"status": True, "message": "Recipient retrieved", "data": data})


def described(row: sqlite3.Row) -> dict[str, Any]:
    """A recipient as every answer has it."""
    return {
        "active": True,
        "createdAt": row["created_at"],
        "currency": row["currency"],
        "description": row["description"],
        "domain": "test",
        "email": "",
        "id": row["id"],
        "integration": INTEGRATION,
        "metadata": json.loads(row["metadata"]) or None,
        "name": row["name"],
        "recipient_code": row["recipient_code"],
        "type": "nuban",
        "updatedAt": row["created_at"],
        "is_deleted": False,
        "isDeleted": False,
        "details": {
            "authorization_code": None,
            "account_number": row["account_number"],
            "account_name": holder(row["account_number"], row["bank_code"]),
            "bank_code": row["bank_code"],
            "bank_name": BY_CODE[row["bank_code"]].name,
        },
    }
