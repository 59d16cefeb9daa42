"""Paystack's transactions: started by the merchant, paid on the checkout page, asked about afterwards."""

import functools
import hmac
import json
import re
import secrets
import sqlite3
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox import shapes
from sandbox.calls import Call, Operation, Refusal, Reply, whole_number
from sandbox.control import take_mode
from sandbox.store import instant, next_id
from sandbox.webhooks import queue_event

FIRST_ID = 4_099_260_516
CHANNELS = {"card", "bank", "ussd", "qr", "eft", "mobile_money", "bank_transfer"}
STATUSES = {"success", "failed", "abandoned", "reversed"}
NOT_COMPLETED = "The transaction was not completed"
#: What a button of the checkout page makes of a transaction. A transfer is begun there, and ends somewhere else.
UNDER_WAY = ("pending", "ongoing", "processing", "queued")
OUTCOMES = ("success", "failed", "abandoned", *UNDER_WAY)
#: Statuses from which a transaction may still be paid.
UNPAID = ("abandoned", "failed", *UNDER_WAY)
ANSWERS = {"failed": "Declined", "abandoned": NOT_COMPLETED}
NOT_ARRIVED = "The transfer has not arrived yet"
#: A page is at most this long, whatever is asked for.
LONGEST_PAGE = 500


def bad_request(message: str, code: str, next_step: str, status: int = 400) -> Refusal:
    """Paystack's error shape."""
    body = {
        "status": False,
        "message": message,
        "meta": {"nextStep": next_step},
        "type": "validation_error",
        "code": code,
        "errorCodeMappingNotFound": False,
    }
    return Refusal(Reply(status, body))


def not_found(message: str) -> Refusal:
    step = "Ensure that you are passing a value that exists on your integration"
    return Refusal(Reply(404, {"status": False, "message": message, "meta": {"nextStep": step}}))


def keyed(operation: Operation) -> Operation:
    """The operation, refused without the secret key; an empty one never counts as a key."""

    @functools.wraps(operation)
    def guarded(call: Call) -> Reply:
        given, key = call.bearer(), call.settings.paystack_key
        if not given or not key or not hmac.compare_digest(given.encode(), key.encode()):
            step = "Ensure that you provide the correct authorization key for the request"
            raise Refusal(Reply(401, {"status": False, "message": "Invalid key", "meta": {"nextStep": step}}))
        return operation(call)

    return guarded


def outage(call: Call) -> Reply:
    """What the mode error answers: 503 to a write, 500 to a read."""
    message = "Service unavailable. Please try again later"
    status = 503 if call.method == "POST" else 500
    return Reply(status, {"status": False, "message": message, "type": "api_error", "meta": {"nextStep": "Try again"}})


def posted(call: Call) -> dict[str, Any]:
    try:
        return call.fields()
    except ValueError:
        raise bad_request("Invalid JSON in request body", "invalid_params", "Send a JSON object") from None


@keyed
def initialize(call: Call) -> Reply:
    """POST /transaction/initialize: note what is to be paid. Moves no money."""
    wish = posted(call)
    row = {
        "access_code": secrets.token_hex(8),
        "email": read_email(wish),
        "amount": read_amount(wish.get("amount")),
        "currency": read_currency(wish),
        "reference": read_reference(wish),
        "callback_url": read_callback(wish),
        "metadata": json.dumps(read_metadata(wish)),
        "channel": read_channel(wish),
        # Paystack calls a transaction abandoned from its first second until it is paid or declined.
        "status": "abandoned",
        "gateway_response": NOT_COMPLETED,
        "created_at": instant(),
    }
    with call.store.writing() as db:
        row["id"] = next_id(db, "transactions", FIRST_ID)
        try:
            names = ", ".join(row)
            db.execute(f"INSERT INTO transactions ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
        except sqlite3.IntegrityError:
            step = "Try and create the Transaction or Charge with a new reference"
            raise bad_request("Duplicate Transaction Reference", "duplicate_reference", step) from None
    data = {
        "authorization_url": f"{call.settings.public_url}/checkout/{row['access_code']}",
        "access_code": row["access_code"],
        "reference": row["reference"],
    }
    return Reply(200, {"status": True, "message": "Authorization URL created", "data": data})


def read_email(wish: dict[str, Any]) -> str:
    email = wish.get("email")
    if not isinstance(email, str) or len(email) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
        raise bad_request("Invalid Email Address Passed", "invalid_email_address", "Pass a valid email address")
    return email


def read_amount(amount: Any) -> int:
    """Kobo, as a whole number or as its digits."""
    number = whole_number(amount)
    if not number or number > 10**15:
        raise bad_request("Invalid Amount Sent", "invalid_amount", "Send a positive whole number in kobo")
    return number


def read_currency(wish: dict[str, Any]) -> str:
    currency = wish.get("currency") or "NGN"
    if currency != "NGN":
        raise bad_request("Currency not supported by merchant", "unsupported_currency", "Send NGN")
    return "NGN"


def read_reference(wish: dict[str, Any]) -> str:
    """The merchant's reference, or one of our own if there is none."""
    reference = wish.get("reference")
    if reference is None or reference == "":
        return secrets.token_hex(5)
    if not isinstance(reference, str) or not re.fullmatch(r"[A-Za-z0-9.=-]{1,100}", reference):
        step = "Only letters, digits and - . = are allowed"
        raise bad_request("Invalid Transaction Reference", "invalid_reference", step)
    return reference


def read_callback(wish: dict[str, Any]) -> str:
    callback = wish.get("callback_url") or ""
    try:
        parts = urlsplit(callback) if isinstance(callback, str) else None
    except ValueError:
        parts = None
    spoilt = parts is None or any(character.isspace() or ord(character) < 32 for character in callback)
    if callback and (parts is None or spoilt or parts.scheme not in ("http", "https") or not parts.netloc):
        raise bad_request("Invalid callback url", "invalid_callback_url", "Send a complete http or https address")
    return str(callback)


def read_metadata(wish: dict[str, Any]) -> dict[str, Any]:
    """An object, or its JSON in a text, which is how Paystack's own guide sends it."""
    metadata = wish.get("metadata") or {}
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            metadata = None
    if not isinstance(metadata, dict):
        raise bad_request("Invalid metadata", "invalid_metadata", "Send an object or its JSON")
    return metadata


def read_channel(wish: dict[str, Any]) -> str:
    """The channel that the page will pay through: a card where that is allowed."""
    channels = wish.get("channels") or ["card"]
    if not isinstance(channels, list) or not all(isinstance(one, str) and one in CHANNELS for one in channels):
        raise bad_request("Invalid channels", "invalid_channels", f"Known are {', '.join(sorted(CHANNELS))}")
    return "card" if "card" in channels else str(channels[0])


@keyed
def verify(call: Call) -> Reply:
    """GET /transaction/verify/REFERENCE"""
    with call.store.writing() as db:
        row = db.execute("SELECT * FROM transactions WHERE reference = ?", (call.path["reference"],)).fetchone()
        if row is None:
            raise not_found("Transaction reference not found.")
        data = shapes.verified(db, row)
        use_wrong_amount_up(db, row)
    return Reply(200, {"status": True, "message": "Verification successful", "data": data})


def use_wrong_amount_up(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Telling a wrong amount of what was paid rightly is one of a limited number of calls."""
    if row["amount_paid"] == row["amount"]:
        take_mode(db, "paystack", "wrong-amount")


@keyed
def fetch(call: Call) -> Reply:
    """GET /transaction/ID"""
    with call.store.writing() as db:
        row = transaction_by_id(db, whole_number(call.path["id"]))
        data = shapes.fetched(db, row)
        use_wrong_amount_up(db, row)
    return Reply(200, {"status": True, "message": "Transaction retrieved", "data": data})


def transaction_by_id(db: sqlite3.Connection, number: int | None) -> sqlite3.Row:
    found: sqlite3.Row | None = db.execute("SELECT * FROM transactions WHERE id = ?", (number,)).fetchone()
    if found is None:
        raise not_found("Transaction not found")
    return found


def find_transaction(db: sqlite3.Connection, named: Any) -> sqlite3.Row:
    """A transaction by its reference or its number."""
    found: sqlite3.Row | None = db.execute("SELECT * FROM transactions WHERE reference = ?", (str(named),)).fetchone()
    return found or transaction_by_id(db, whole_number(named))


@keyed
def list_transactions(call: Call) -> Reply:
    """GET /transaction?from&to&status&perPage&page, newest first."""
    where, values = time_range(call)
    if status := call.query.get("status"):
        if status not in STATUSES:
            raise bad_request("Invalid status", "invalid_params", f"Known are {', '.join(sorted(STATUSES))}")
        where, values = f"{where} AND status = ?", [*values, status]
    with call.store.reading() as db:
        total, volume = db.execute(
            f"SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM transactions WHERE {where}", values
        ).fetchone()
        per_page, page, meta = paging(call, total)
        rows = db.execute(
            f"SELECT * FROM transactions WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
            [*values, per_page, (page - 1) * per_page],
        ).fetchall()
        data = [shapes.listed(db, row) for row in rows]
    meta |= {"total_volume": volume, "perPage": per_page}
    return Reply(200, {"status": True, "message": "Transactions retrieved", "data": data, "meta": meta})


def time_range(call: Call) -> tuple[str, list[Any]]:
    """The condition of from and to, which are instants or days, both ends included."""
    conditions, values = ["1 = 1"], []
    for name, comparison in (("from", ">="), ("to", "<=")):
        if not (text := call.query.get(name)):
            continue
        try:
            moment = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
            written = instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise bad_request(f"Invalid {name} date", "invalid_params", "Send a date in ISO 8601") from None
        conditions.append(f"created_at {comparison} ?")
        values.append(written)
    return " AND ".join(conditions), values


def paging(call: Call, total: int) -> tuple[int, int, dict[str, Any]]:
    """How many a page, which page, and what meta says of both. The guide writes perPage, the description per_page."""
    per_page = whole_number(call.query.get("perPage", call.query.get("per_page", "50")))
    page = whole_number(call.query.get("page", "1"))
    if not per_page or not page or page > 10**9:
        raise bad_request("Invalid page", "invalid_params", "perPage and page are whole numbers from 1")
    per_page = min(per_page, LONGEST_PAGE)
    skipped = (page - 1) * per_page
    return (per_page, page, {"total": total, "skipped": skipped, "page": page, "pageCount": -(-total // per_page)})


def settle(db: sqlite3.Connection, access_code: str, outcome: str) -> sqlite3.Row | None:
    """Give a transaction what the customer chose, one of OUTCOMES; None if there is none.

    What is paid stays paid, whatever is posted after it; what failed may still be paid, and so may what is under
    way. Closing the page stops no transfer. Call inside a transaction.
    """
    row = find_by_code(db, access_code)
    if row is None or row["status"] not in UNPAID or (row["status"] in UNDER_WAY and outcome == "abandoned"):
        return row
    if outcome == "success":
        pay(db, row)
    else:
        db.execute(
            "UPDATE transactions SET status = ?, gateway_response = ?, attempts = attempts + 1 WHERE id = ?",
            (outcome, ANSWERS.get(outcome, NOT_ARRIVED), row["id"]),
        )
    return find_by_code(db, access_code)


def find_by_code(db: sqlite3.Connection, access_code: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM transactions WHERE access_code = ?", (access_code,)).fetchone()
    return row


def pay(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Charge, and queue the event. The mode wrong-amount charges 100 kobo less, for good."""
    short = take_mode(db, "paystack", "wrong-amount") is not None
    paid = max(row["amount"] - shapes.SHORTFALL, 0) if short else row["amount"]
    db.execute(
        "UPDATE transactions SET status = 'success', gateway_response = 'Successful', attempts = attempts + 1, "
        "amount_paid = ?, fees = ?, paid_at = ? WHERE id = ?",
        (paid, shapes.fees_of(paid), instant(), row["id"]),
    )
    charged = db.execute("SELECT * FROM transactions WHERE id = ?", (row["id"],)).fetchone()
    queue_event(db, "charge.success", row["reference"], shapes.verified(db, charged))
