"""Paystack's refunds: pending when asked for, processed a moment later, never more than was paid."""

import sqlite3
import time
from typing import Any

from sandbox import shapes
from sandbox.calls import Call, Reply, whole_number
from sandbox.control import take_mode
from sandbox.paystack import (
    bad_request,
    find_transaction,
    keyed,
    not_found,
    paging,
    posted,
    read_amount,
    time_range,
    transaction_by_id,
)
from sandbox.store import Store, instant, next_id
from sandbox.webhooks import LONGEST_BACK_OFF, queue_event

FIRST_ID = 15_581_137


@keyed
def create_refund(call: Call) -> Reply:
    """POST /refund {transaction, amount?, currency?, customer_note?, merchant_note?}; no amount means all of it."""
    wish = posted(call)
    named = wish.get("transaction")
    if not named or isinstance(named, bool) or not isinstance(named, str | int):
        raise bad_request("Transaction is required", "missing_params", "Send the number or reference of a transaction")
    notes = {name: read_note(wish, name) for name in ("customer_note", "merchant_note")}
    with call.store.writing() as db:
        row = find_transaction(db, named)
        if wish.get("currency") not in (None, "", row["currency"]):
            raise bad_request("Invalid currency", "invalid_params", "Send the currency of the transaction")
        amount = allowed_amount(db, row, wish.get("amount"))
        fails = take_mode(db, "paystack", "failed-refunds") is not None
        refund_id = next_id(db, "refunds", FIRST_ID)
        db.execute(
            "INSERT INTO refunds (id, transaction_id, amount, status, outcome, customer_note, merchant_note, "
            "settles_at, created_at, updated_at) VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)",
            (refund_id, row["id"], amount, "failed" if fails else "processed", notes["customer_note"],
             notes["merchant_note"], time.time() + call.settings.refund_delay, instant(), instant()),
        )  # fmt: skip
        refund = db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
        queue_event(db, "refund.pending", row["reference"], shapes.refund_event(refund, row))
        data = shapes.created_refund(refund, row)
    return Reply(200, {"status": True, "message": "Refund has been queued for processing", "data": data})


def read_note(wish: dict[str, Any], name: str) -> str:
    note = wish.get(name) or ""
    if not isinstance(note, str) or len(note) > 1000:
        raise bad_request(f"Invalid {name}", "invalid_params", "Send a text of at most 1,000 characters")
    return note


def allowed_amount(db: sqlite3.Connection, row: sqlite3.Row, asked: Any) -> int:
    """What may be refunded of a transaction, in kobo; refunds that failed do not count."""
    if row["amount_paid"] is None:
        raise bad_request("Transaction has not been paid", "invalid_transaction", "Refund a successful transaction")
    amount = int(row["amount_paid"]) if asked in (None, "") else read_amount(asked)
    refunded = db.execute(
        "SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE transaction_id = ? AND status != 'failed'", (row["id"],)
    ).fetchone()[0]
    if refunded >= row["amount_paid"]:
        step = "Ask for the refunds of this transaction"
        raise bad_request("Transaction has been fully reversed", "transaction_reversed", step)
    if refunded + amount > row["amount_paid"]:
        step = "Refund no more than is left of the transaction"
        raise bad_request("Refund amount is more than what is left of the transaction", "invalid_amount", step)
    return amount


@keyed
def fetch_refund(call: Call) -> Reply:
    """GET /refund/ID"""
    with call.store.reading() as db:
        refund = db.execute("SELECT * FROM refunds WHERE id = ?", (whole_number(call.path["id"]),)).fetchone()
        if refund is None:
            raise not_found("Refund not found")
        data = shapes.kept_refund(refund, transaction_by_id(db, refund["transaction_id"]))
    return Reply(200, {"status": True, "message": "Refund retrieved", "data": data})


@keyed
def list_refunds(call: Call) -> Reply:
    """GET /refund?transaction&from&to&perPage&page, newest first; transaction is a number or a reference."""
    where, values = time_range(call)
    with call.store.reading() as db:
        if named := call.query.get("transaction"):
            where, values = (f"{where} AND transaction_id = ?", [*values, find_transaction(db, named)["id"]])
        total, failed = db.execute(
            f"SELECT COUNT(*), COALESCE(SUM(status = 'failed'), 0) FROM refunds WHERE {where}", values
        ).fetchone()
        per_page, page, meta = paging(call, total)
        rows = db.execute(
            f"SELECT * FROM refunds WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",
            [*values, per_page, (page - 1) * per_page],
        ).fetchall()
        data = [shapes.kept_refund(row, transaction_by_id(db, row["transaction_id"])) for row in rows]
    meta |= {"perPage": str(per_page), "failedRefundCount": failed}
    return Reply(200, {"status": True, "message": "Refunds retrieved", "data": data, "meta": meta})


def settle_due_refunds(store: Store) -> float:
    """Give refunds their outcome when their time has come; the seconds until the next one's."""
    with store.reading() as db:
        row = db.execute("SELECT id, settles_at FROM refunds WHERE status = 'pending' ORDER BY settles_at").fetchone()
    if row is None:
        return LONGEST_BACK_OFF
    if row["settles_at"] > time.time():
        return float(row["settles_at"]) - time.time()
    with store.writing() as db:
        settle_refund(db, row["id"])
    return 0.0


def settle_refund(db: sqlite3.Connection, refund_id: int) -> None:
    """Processed or failed; a transaction of which nothing is left becomes reversed. Call inside a transaction."""
    now = instant()
    db.execute(
        "UPDATE refunds SET status = outcome, updated_at = ?, refunded_at = CASE outcome WHEN 'processed' THEN ? END "
        "WHERE id = ?",
        (now, now, refund_id),
    )
    refund = db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    db.execute(
        "UPDATE transactions SET status = 'reversed' WHERE id = ? AND amount_paid = (SELECT SUM(amount) FROM refunds "
        "WHERE transaction_id = transactions.id AND status = 'processed')",
        (refund["transaction_id"],),
    )
    row = db.execute("SELECT * FROM transactions WHERE id = ?", (refund["transaction_id"],)).fetchone()
    queue_event(db, f"refund.{refund['status']}", row["reference"], shapes.refund_event(refund, row))
