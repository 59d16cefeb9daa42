"""Paystack's disputes: a customer's claim on a charge, answered by the merchant until it is due.

A dispute that nobody answers in time is accepted by itself. What is accepted leaves the balance without a refund of
its own; what is declined stays, at once (a real bank takes days to agree). Amounts are kobo.
"""

import json
import re
import secrets
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import shapes
from sandbox.calls import Call, Reply, whole_number
from sandbox.control import unprocessable
from sandbox.paystack import bad_request, keyed, not_found, paging, posted, read_amount, time_range, transaction_by_id
from sandbox.store import Store, instant, next_id
from sandbox.webhooks import LONGEST_BACK_OFF, queue_event

FIRST_ID = 2_867_410
ANSWER_WITHIN = timedelta(hours=24)
CATEGORIES = ("chargeback", "fraud", "general")
OPEN = ("awaiting-merchant-feedback", "awaiting-bank-feedback", "pending")
STATUSES = (*OPEN, "resolved")
#: What a merchant may answer, and what the time does where none is given.
ANSWERS = ("merchant-accepted", "declined")
RESOLUTIONS = (*ANSWERS, "auto-accepted")
EVIDENCE = ("customer_email", "customer_name", "customer_phone", "service_details")


def dispute_by_id(db: sqlite3.Connection, number: int | None) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM disputes WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise not_found("Dispute not found")
    return row


@keyed
def list_disputes(call: Call) -> Reply:
    """GET /dispute?from&to&status&transaction&perPage&page, newest first; transaction is a number."""
    where, values = time_range(call)
    if status := call.query.get("status"):
        if status not in STATUSES:
            raise bad_request("Invalid status", "invalid_params", f"Known are {', '.join(STATUSES)}")
        where, values = f"{where} AND status = ?", [*values, status]
    if named := call.query.get("transaction"):
        where, values = f"{where} AND transaction_id = ?", [*values, whole_number(named)]
    with call.store.reading() as db:
        total = db.execute(f"SELECT COUNT(*) FROM disputes WHERE {where}", values).fetchone()[0]
        per_page, page, meta = paging(call, total)
        rows = db.execute(
            f"SELECT * FROM disputes WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
            [*values, per_page, (page - 1) * per_page],
        ).fetchall()
        data = [listed(db, row) for row in rows]
    meta |= {"perPage": per_page}
    return Reply(200, {"status": True, "message": "Disputes retrieved", "data": data, "meta": meta})


@keyed
def fetch_dispute(call: Call) -> Reply:
    """GET /dispute/ID"""
    with call.store.reading() as db:
        data = described(db, dispute_by_id(db, whole_number(call.path["id"])))
    return Reply(200, {"status": True, "message": "Dispute retrieved", "data": data})


@keyed
def resolve_dispute(call: Call) -> Reply:
    """PUT /dispute/ID/resolve {resolution, message, refund_amount, uploaded_filename, evidence?}"""
    wish = posted(call)
    resolution = wish.get("resolution")
    if resolution not in ANSWERS:
        raise bad_request("Invalid resolution", "invalid_params", f"Known are {', '.join(ANSWERS)}")
    said, attached = read_text(wish, "message"), read_text(wish, "uploaded_filename")
    amount = read_amount(wish.get("refund_amount"))
    with call.store.writing() as db:
        row = dispute_by_id(db, whole_number(call.path["id"]))
        if row["status"] == "resolved":
            raise bad_request("Dispute has been resolved", "invalid_dispute", "Fetch the dispute")
        if amount > row["refund_amount"]:
            raise bad_request("Invalid refund_amount", "invalid_amount", "Refund no more than is disputed")
        add_message(db, row, call.settings.merchant, said)
        db.execute("UPDATE disputes SET attachments = ?, refund_amount = ? WHERE id = ?", (attached, amount, row["id"]))
        resolve(db, row["id"], resolution, by=call.settings.merchant)
        data = resolved(db, dispute_by_id(db, row["id"]))
    return Reply(200, {"status": True, "message": "Dispute successfully resolved", "data": data})


@keyed
def add_evidence(call: Call) -> Reply:
    """POST /dispute/ID/evidence {customer_email, customer_name, customer_phone, service_details, delivery_…?}"""
    wish = posted(call)
    details = {name: read_text(wish, name) for name in EVIDENCE}
    details |= {name: str(wish.get(name) or "")[:1000] for name in ("delivery_address", "delivery_date")}
    with call.store.writing() as db:
        row = dispute_by_id(db, whole_number(call.path["id"]))
        evidence_id, now = next_id(db, "evidence", 21), instant()
        db.execute("INSERT INTO evidence VALUES (?, ?, ?, ?)", (evidence_id, row["id"], json.dumps(details), now))
    data = details | {"dispute": row["id"], "id": evidence_id, "createdAt": now, "updatedAt": now}
    return Reply(200, {"status": True, "message": "Evidence created", "data": data})


@keyed
def upload_url(call: Call) -> Reply:
    """GET /dispute/ID/upload_url?upload_filename: where a file may be put, which the answer then names."""
    with call.store.writing() as db:
        row = dispute_by_id(db, whole_number(call.path["id"]))
        ending = re.search(r"\.[a-z0-9]{1,5}$", call.query.get("upload_filename", ""))
        name = secrets.token_hex(12) + (ending.group() if ending else "")
        db.execute("INSERT INTO uploads (name, dispute_id) VALUES (?, ?)", (name, row["id"]))
    data = {"signedUrl": f"{call.settings.public_url}/dispute-files/{name}", "fileName": name}
    return Reply(200, {"status": True, "message": "Upload url generated", "data": data})


def take_file(call: Call) -> Reply:
    """PUT /dispute-files/NAME: a file for an address that was given out; only its size is kept."""
    with call.store.writing() as db:
        found = db.execute("UPDATE uploads SET size = ? WHERE name = ?", (len(call.body), call.path["name"]))
        if not found.rowcount:
            raise not_found("No such upload")
    return Reply(200, {"status": True, "message": "File received"})


def read_text(wish: dict[str, Any], name: str) -> str:
    text = wish.get(name)
    if not isinstance(text, str) or not text.strip() or len(text) > 1000:
        raise bad_request(f"{name} is required", "missing_params", f"Send a text as {name}")
    return text


def add_message(db: sqlite3.Connection, row: sqlite3.Row, sender: str, body: str) -> None:
    messages = [*json.loads(row["messages"]), {"sender": sender, "body": body, "createdAt": instant()}]
    db.execute("UPDATE disputes SET messages = ? WHERE id = ?", (json.dumps(messages), row["id"]))


def resolve(db: sqlite3.Connection, dispute_id: int, resolution: str, *, by: str) -> None:
    """End a dispute, and queue the event; a charge of which nothing is left becomes reversed. Inside a transaction."""
    row, now = dispute_by_id(db, dispute_id), instant()
    history = [*json.loads(row["history"]), {"status": "resolved", "by": by, "createdAt": now}]
    db.execute(
        "UPDATE disputes SET status = 'resolved', resolution = ?, resolved_at = ?, updated_at = ?, history = ? "
        "WHERE id = ?",
        (resolution, now, now, json.dumps(history), dispute_id),
    )
    if resolution != "declined" and unclaimed(db, row["transaction_id"]) <= 0:
        db.execute("UPDATE transactions SET status = 'reversed' WHERE id = ?", (row["transaction_id"],))
    tell(db, "resolve", dispute_id)


def unclaimed(db: sqlite3.Connection, transaction_id: int) -> int:
    """What is left of a charge beside refunds and the disputes that went against the merchant."""
    return int(
        db.execute(
            "SELECT COALESCE(amount_paid, 0) "
            "- (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE transaction_id = t.id AND status != 'failed') "
            "- (SELECT COALESCE(SUM(refund_amount), 0) FROM disputes WHERE transaction_id = t.id "
            "   AND resolution IN ('merchant-accepted', 'auto-accepted')) FROM transactions t WHERE id = ?",
            (transaction_id,),
        ).fetchone()[0]
    )


def tell(db: sqlite3.Connection, event: str, dispute_id: int) -> None:
    """Queue charge.dispute.create, charge.dispute.remind or charge.dispute.resolve."""
    data = described(db, dispute_by_id(db, dispute_id))
    data["created_at"], data["updated_at"] = data.pop("createdAt"), data.pop("updatedAt")
    queue_event(db, f"charge.dispute.{event}", data["transaction"]["reference"], data)


def common(row: sqlite3.Row, charge: sqlite3.Row) -> dict[str, Any]:
    """What every answer about a dispute has."""
    card = shapes.card(charge)
    return {
        "id": row["id"],
        "refund_amount": row["refund_amount"],
        "currency": charge["currency"],
        "status": row["status"],
        "resolution": row["resolution"],
        "domain": "test",
        "transaction_reference": None,
        "category": row["category"],
        "bin": card["bin"],
        "last4": card["last4"],
        "dueAt": row["due_at"],
        "resolvedAt": row["resolved_at"],
        "evidence": None,
        "attachments": row["attachments"],
        "note": None,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def described(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /dispute/ID has it."""
    charge = transaction_by_id(db, row["transaction_id"])
    return common(row, charge) | {
        "transaction": shapes.fetched(db, charge),
        "customer": shapes.described_customer(charge["email"]) | {"metadata": {}},
        "history": json.loads(row["history"]),
        "messages": json.loads(row["messages"]),
    }


def listed(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /dispute has it."""
    data = described(db, row)
    return data | {"customer": data["customer"] | {"metadata": ""}}


def resolved(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As PUT /dispute/ID/resolve answers: the charge is only its number, its reference stands beside it."""
    charge = transaction_by_id(db, row["transaction_id"])
    kept = db.execute("SELECT MAX(id) FROM evidence WHERE dispute_id = ?", (row["id"],)).fetchone()[0]
    last = json.loads(row["messages"])[-1]
    said = {"dispute": row["id"], "id": row["id"], "updatedAt": last["createdAt"]} | last
    return common(row, charge) | {
        "transaction": charge["id"],
        "merchant_transaction_reference": charge["reference"],
        "integration": shapes.INTEGRATION,
        "created_by": shapes.INTEGRATION,
        "evidence": kept or 0,
        "message": said,
    }


def settle_due_disputes(store: Store) -> float:
    """Accept what nobody answered in time; the seconds until the next one is due."""
    with store.reading() as db:
        row = db.execute("SELECT id, due_at FROM disputes WHERE status != 'resolved' ORDER BY due_at").fetchone()
    if row is None:
        return LONGEST_BACK_OFF
    if (left := datetime.fromisoformat(row["due_at"]).timestamp() - time.time()) > 0:
        return left
    with store.writing() as db:
        if dispute_by_id(db, row["id"])["status"] != "resolved":
            resolve(db, row["id"], "auto-accepted", by="Paystack")
    return 0.0


def direct(db: sqlite3.Connection, call: Call, wish: Any) -> None:
    """POST /_control {"paystack": {"dispute": {"reference", "event": "create" | "remind" | "resolve", …}}}.

    `create`, which is meant without an event, takes amount, category and dueAt; `resolve` needs a resolution.
    """
    allowed = {"create": {"amount", "category", "dueAt"}, "remind": set(), "resolve": {"resolution"}}
    event = wish.get("event", "create") if isinstance(wish, dict) else None
    if event not in allowed or not {"reference"} <= wish.keys() <= allowed[event] | {"reference", "event"}:
        raise unprocessable("paystack.dispute", 'Send {"reference": …, "event": "create", "remind" or "resolve", …}.')
    charge = db.execute("SELECT * FROM transactions WHERE reference = ?", (str(wish["reference"]),)).fetchone()
    if charge is None or charge["amount_paid"] is None:
        raise unprocessable("paystack.dispute.reference", "There is no such paid transaction.")
    present = db.execute(
        "SELECT id FROM disputes WHERE transaction_id = ? AND status != 'resolved'", (charge["id"],)
    ).fetchone()
    if (present is None) != (event == "create"):
        raise unprocessable("paystack.dispute.event", "There is one already." if present else "There is no open one.")
    if event == "create":
        open_dispute(db, charge, wish)
    elif event == "remind":
        tell(db, "remind", present["id"])
    elif wish.get("resolution") not in RESOLUTIONS:
        raise unprocessable("paystack.dispute.resolution", f"Known are {', '.join(RESOLUTIONS)}.")
    else:
        resolve(db, present["id"], wish["resolution"], by="Paystack")


def open_dispute(db: sqlite3.Connection, charge: sqlite3.Row, wish: dict[str, Any]) -> None:
    left = unclaimed(db, charge["id"])
    amount, category = whole_number(wish.get("amount", left)), wish.get("category", CATEGORIES[0])
    if not amount or amount > left:
        raise unprocessable("paystack.dispute.amount", f"Kobo from 1 to {left}, which is left of the transaction.")
    if category not in CATEGORIES:
        raise unprocessable("paystack.dispute.category", f"Known are {', '.join(CATEGORIES)}.")
    try:
        due = datetime.fromisoformat(wish["dueAt"]) if "dueAt" in wish else datetime.now(UTC) + ANSWER_WITHIN
        due_at = instant(due if due.tzinfo else due.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        raise unprocessable("paystack.dispute.dueAt", "A date in ISO 8601.") from None
    now, status = instant(), OPEN[0]
    history = [{"status": status, "by": charge["email"], "createdAt": now}]
    messages = [{"sender": charge["email"], "body": "I did not get what I paid for.", "createdAt": now}]
    dispute_id = next_id(db, "disputes", FIRST_ID)
    db.execute(
        "INSERT INTO disputes (id, transaction_id, refund_amount, category, status, due_at, history, messages, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (dispute_id, charge["id"], amount, category, status, due_at, json.dumps(history), json.dumps(messages), now,
         now),
    )  # fmt: skip
    tell(db, "create", dispute_id)


def show_disputes(call: Call) -> Reply:
    """GET /_control/disputes: every dispute with its transaction's reference, its evidence and files, oldest first."""
    with call.store.reading() as db:
        rows = db.execute(
            "SELECT disputes.*, reference FROM disputes JOIN transactions ON transactions.id = transaction_id "
            "ORDER BY disputes.id"
        ).fetchall()
        found = [dict(row) for row in rows]
        for one in found:
            one |= {name: json.loads(one[name]) for name in ("history", "messages")}
            kept = db.execute("SELECT details FROM evidence WHERE dispute_id = ? ORDER BY id", (one["id"],))
            one["evidence"] = [json.loads(row["details"]) for row in kept]
            files = db.execute("SELECT name, size FROM uploads WHERE dispute_id = ? ORDER BY rowid", (one["id"],))
            one["files"] = [dict(row) for row in files]
    return Reply(200, {"disputes": found})
