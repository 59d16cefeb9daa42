"""Paystack's transfers: money sent from the balance to a recipient, and what is left of the balance.

A transfer takes its amount and its fee from the balance at once. Where it ends without success, both come back;
where a bank returns it after success, the fee is gone. Amounts are kobo.
"""

import re
import secrets
import sqlite3
import time
from typing import Any

from sandbox.calls import Call, Reply, whole_number
from sandbox.control import take_mode, unprocessable
from sandbox.paystack import (
    bad_request,
    keyed,
    not_found,
    paging,
    posted,
    read_amount,
    read_currency,
    time_range,
)
from sandbox.recipients import described, read_text, recipient_by_code, recipient_by_id
from sandbox.shapes import INTEGRATION
from sandbox.store import Store, instant, next_id
from sandbox.webhooks import LONGEST_BACK_OFF, queue_event

FIRST_ID = 860_703_114
REFERENCE = re.compile(r"[a-z0-9_-]{16,50}")

#: What becomes of a transfer: its first status, and those that follow, each after the delay. Without any it stays.
PLANS = {
    "success": ("pending", "success"),
    "failed": ("pending", "failed"),
    "reversed": ("pending", "reversed"),
    "reversed-later": ("pending", "success reversed"),
    "pending": ("pending", ""),
    "otp": ("otp", ""),
    "received": ("received", ""),
    "abandoned": ("otp", "abandoned"),
    "blocked": ("received", "blocked"),
    "rejected": ("received", "rejected"),
}
#: Accounts whose transfers always end in the same way, whatever the mode.
DESTINED = {
    "0000000101": "failed",
    "0000000102": "reversed",
    "0000000103": "reversed-later",
    "0000000104": "otp",
    "0000000105": "pending",
    "0000000106": "received",
    "0000000107": "abandoned",
    "0000000108": "blocked",
    "0000000109": "rejected",
}
MODES = {f"transfer-{plan}": plan for plan in PLANS if plan != "success"}
OPEN = ("pending", "otp", "received")
UNSUCCESSFUL = ("failed", "reversed", "abandoned", "blocked", "rejected")
STATUSES = {"success", *OPEN, *UNSUCCESSFUL}
#: Of the other ends Paystack sends no event: whoever wants to know them has to ask.
TOLD = ("success", "failed", "reversed")
GATEWAY_RESPONSES = {"success": "Approved", "failed": "Transfer failed", "reversed": "Returned by the bank"}

IS_BACK = f"status IN {UNSUCCESSFUL}"
BALANCE = f"""
SELECT (SELECT COALESCE(SUM(amount_paid - COALESCE(fees, 0)), 0) FROM transactions WHERE amount_paid IS NOT NULL)
     - (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE status != 'failed')
     - (SELECT COALESCE(SUM(CASE WHEN {IS_BACK} THEN 0 ELSE amount END + fee), 0) FROM transfers)
     - (SELECT COALESCE(SUM(refund_amount), 0) FROM disputes WHERE resolution IN ('merchant-accepted', 'auto-accepted'))
     + (SELECT COALESCE(SUM(amount), 0) FROM top_ups)
"""


def fee_of(amount: int) -> int:
    """Paystack's price of a Nigerian transfer: ₦10 up to ₦5,000, ₦25 up to ₦50,000, ₦50 above."""
    if amount <= 500_000:
        return 1_000
    return 2_500 if amount <= 5_000_000 else 5_000


def balance_of(db: sqlite3.Connection) -> int:
    return int(db.execute(BALANCE).fetchone()[0])


@keyed
def fetch_balance(call: Call) -> Reply:
    """GET /balance"""
    with call.store.reading() as db:
        data = [{"currency": "NGN", "balance": balance_of(db)}]
    return Reply(200, {"status": True, "message": "Balances retrieved", "data": data})


@keyed
def create_transfer(call: Call) -> Reply:
    """POST /transfer {source, amount, recipient, reference, reason?, currency?}"""
    wish = posted(call)
    if wish.get("source") != "balance":
        raise bad_request("Invalid source", "invalid_source", "Send balance as source")
    amount, reference = read_amount(wish.get("amount")), read_reference(wish)
    code, reason = read_text(wish, "recipient"), read_text(wish, "reason", optional=True)
    read_currency(wish)
    with call.store.writing() as db:
        refuse_used_reference(db, reference)
        recipient = db.execute("SELECT * FROM recipients WHERE recipient_code = ?", (code,)).fetchone()
        if recipient is None:
            step = "Send the code of a transfer recipient"
            raise bad_request("Recipient specified is invalid", "invalid_recipient", step)
    with call.store.writing() as db:
        # Apart from the checks before it, or the refusal would undo that one of a limited number of calls is used up.
        short = take_mode(db, "paystack", "no-balance") is not None
    with call.store.writing() as db:
        refuse_used_reference(db, reference)
        fee = fee_of(amount)
        if short or balance_of(db) < amount + fee:
            step = "Add money to your balance, and try again"
            raise bad_request("Your balance is not enough to fulfil this request", "insufficient_balance", step)
        plan = DESTINED.get(recipient["account_number"]) or MODES.get(
            take_mode(db, "paystack", *MODES) or "", "success"
        )
        status, ahead = PLANS[plan]
        transfer_id = next_id(db, "transfers", FIRST_ID)
        db.execute(
            "INSERT INTO transfers (id, transfer_code, reference, recipient_id, amount, fee, reason, status, ahead, "
            "settles_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (transfer_id, f"TRF_{secrets.token_hex(8)[:15]}", reference, recipient["id"], amount, fee, reason, status,
             ahead, time.time() + call.settings.transfer_delay, instant(), instant()),
        )  # fmt: skip
        data = created(transfer_by_id(db, transfer_id))
    message = "Transfer requires OTP to continue" if status == "otp" else "Transfer has been queued"
    return Reply(200, {"status": True, "message": message, "data": data})


def read_reference(wish: dict[str, Any]) -> str:
    reference = wish.get("reference")
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
        step = "Send 16 to 50 characters: small letters, digits, - and _"
        raise bad_request("Invalid transfer reference", "invalid_reference", step)
    return reference


def refuse_used_reference(db: sqlite3.Connection, reference: str) -> None:
    if db.execute("SELECT 1 FROM transfers WHERE reference = ?", (reference,)).fetchone():
        message = "Please provide a unique reference. Reference already exists on a transfer"
        step = "Create a new reference for the new transfer"
        raise bad_request(message, "duplicate_transfer_reference", step)


def transfer_by_id(db: sqlite3.Connection, number: int | None) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM transfers WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise not_found("Transfer not found")
    return row


@keyed
def list_transfers(call: Call) -> Reply:
    """GET /transfer?from&to&status&recipient&perPage&page, newest first; recipient is a code or a number."""
    where, values = time_range(call)
    if status := call.query.get("status"):
        if status not in STATUSES:
            raise bad_request("Invalid status", "invalid_params", f"Known are {', '.join(sorted(STATUSES))}")
        where, values = f"{where} AND status = ?", [*values, status]
    with call.store.reading() as db:
        if named := call.query.get("recipient"):
            where, values = f"{where} AND recipient_id = ?", [*values, recipient_by_code(db, named)["id"]]
        total = db.execute(f"SELECT COUNT(*) FROM transfers WHERE {where}", values).fetchone()[0]
        per_page, page, meta = paging(call, total)
        rows = db.execute(
            f"SELECT * FROM transfers WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
            [*values, per_page, (page - 1) * per_page],
        ).fetchall()
        data = [listed(db, row) for row in rows]
    meta |= {"perPage": per_page}
    return Reply(200, {"status": True, "message": "Transfers retrieved", "data": data, "meta": meta})


@keyed
def fetch_transfer(call: Call) -> Reply:
    """GET /transfer/CODE; the number of a transfer is taken too."""
    with call.store.reading() as db:
        named = call.path["code"]
        row = db.execute("SELECT * FROM transfers WHERE transfer_code = ?", (named,)).fetchone()
        data = fetched(db, row or transfer_by_id(db, whole_number(named)))
    return Reply(200, {"status": True, "message": "Transfer retrieved", "data": data})


@keyed
def verify_transfer(call: Call) -> Reply:
    """GET /transfer/verify/REFERENCE"""
    with call.store.writing() as db:
        # Apart, as in `create_transfer`: the refusal must not undo it.
        unseen = take_mode(db, "paystack", "transfer-unseen") is not None
    if unseen:
        raise not_found("Transfer not found")
    with call.store.reading() as db:
        row = db.execute("SELECT * FROM transfers WHERE reference = ?", (call.path["reference"],)).fetchone()
        if row is None:
            raise not_found("Transfer not found")
        data = verified(db, row)
    return Reply(200, {"status": True, "message": "Transfer retrieved", "data": data})


def common(row: sqlite3.Row) -> dict[str, Any]:
    """What every answer about a transfer has."""
    return {
        "amount": row["amount"],
        "createdAt": row["created_at"],
        "currency": "NGN",
        "domain": "test",
        "failures": None,
        "id": row["id"],
        "integration": INTEGRATION,
        "reason": row["reason"],
        "reference": row["reference"],
        "source": "balance",
        "source_details": None,
        "status": row["status"],
        "titan_code": None,
        "transfer_code": row["transfer_code"],
        "transferred_at": row["transferred_at"],
        "updatedAt": row["updated_at"],
    }


def created(row: sqlite3.Row) -> dict[str, Any]:
    """As POST /transfer answers: the recipient is only its number."""
    return common(row) | {
        "transfersessionid": [],
        "transfertrials": [],
        "request": row["id"] + 1_000_000,
        "recipient": row["recipient_id"],
    }


def verified(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transfer/verify/REFERENCE has it, which says nothing of the fee."""
    return common(row) | {
        "recipient": described(recipient_by_id(db, row["recipient_id"])),
        "session": {"provider": "nip" if row["transferred_at"] else None, "id": None},
        "gateway_response": GATEWAY_RESPONSES.get(row["status"]),
    }


def listed(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transfer has it."""
    data = verified(db, row)
    del data["gateway_response"]
    return data | {"request": row["id"] + 1_000_000, "fee_charged": row["fee"], "fees_breakdown": None}


def fetched(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """As GET /transfer/CODE has it."""
    parts = [{"amount": str(row["fee"]), "formula": None, "type": "transfer"}] if row["fee"] else None
    return listed(db, row) | {"fees_breakdown": parts, "gateway_response": GATEWAY_RESPONSES.get(row["status"])}


def event(db: sqlite3.Connection, row: sqlite3.Row, business: str = "Oluko") -> dict[str, Any]:
    """The data of transfer.success, transfer.failed and transfer.reversed."""
    data = verified(db, row)
    recipient = data["recipient"]
    for one in (data, recipient):
        one["created_at"], one["updated_at"] = one.pop("createdAt"), one.pop("updatedAt")
    return data | {"integration": {"id": INTEGRATION, "is_live": False, "business_name": business}}


def settle_due_transfers(store: Store, delay: float) -> float:
    """Move transfers on when their time has come; the seconds until the next one's."""
    with store.reading() as db:
        row = db.execute("SELECT id, settles_at FROM transfers WHERE ahead != '' ORDER BY settles_at").fetchone()
    if row is None:
        return LONGEST_BACK_OFF
    if row["settles_at"] > time.time():
        return float(row["settles_at"]) - time.time()
    with store.writing() as db:
        ahead = transfer_by_id(db, row["id"])["ahead"]
        # It may have been directed elsewhere since it was read.
        if ahead:
            move(db, row["id"], *ahead.split(maxsplit=1), settles_at=time.time() + delay)
    return 0.0


def move(db: sqlite3.Connection, transfer_id: int, status: str, ahead: str = "", *, settles_at: float = 0.0) -> None:
    """Give a transfer its next status, and queue the event if there is one. Call inside a transaction."""
    before = transfer_by_id(db, transfer_id)
    keeps_fee = status == "success" or before["status"] == "success"
    db.execute(
        "UPDATE transfers SET status = ?, ahead = ?, settles_at = ?, updated_at = ?, fee = ?, "
        "transferred_at = COALESCE(transferred_at, ?) WHERE id = ?",
        (status, ahead, settles_at, instant(), before["fee"] if keeps_fee else 0,
         instant() if status == "success" else None, transfer_id),
    )  # fmt: skip
    if status in TOLD:
        row = transfer_by_id(db, transfer_id)
        queue_event(db, f"transfer.{status}", row["reference"], event(db, row))


def direct(db: sqlite3.Connection, call: Call, wish: Any) -> None:
    """POST /_control {"paystack": {"transfer": {"reference", "status"}}}: end one, or return a successful one."""
    if not isinstance(wish, dict) or wish.keys() != {"reference", "status"}:
        raise unprocessable("paystack.transfer", 'Send {"reference": …, "status": …}.')
    row = db.execute("SELECT * FROM transfers WHERE reference = ?", (str(wish["reference"]),)).fetchone()
    if row is None:
        raise unprocessable("paystack.transfer.reference", "There is no such transfer.")
    possible = ("success", *UNSUCCESSFUL) if row["status"] in OPEN else ("reversed",) * (row["status"] == "success")
    if wish["status"] not in possible:
        known = f"It is {row['status']}; possible are: {', '.join(possible) or 'none'}."
        raise unprocessable("paystack.transfer.status", known)
    move(db, row["id"], wish["status"])


def top_up(db: sqlite3.Connection, call: Call, amount: Any) -> None:
    """POST /_control {"paystack": {"topUp": 5000000}}: add kobo to the balance, as a merchant does by bank transfer."""
    if isinstance(amount, str) or not (number := whole_number(amount)) or number > 10**15:
        raise unprocessable("paystack.topUp", "A whole number of kobo from 1.")
    db.execute("INSERT INTO top_ups (amount, created_at) VALUES (?, ?)", (number, instant()))


def show_transfers(call: Call) -> Reply:
    """GET /_control/transfers: every transfer with its recipient's account and the balance, oldest first."""
    with call.store.reading() as db:
        rows = db.execute(
            "SELECT transfers.*, account_number, bank_code, recipient_code FROM transfers "
            "JOIN recipients ON recipients.id = recipient_id ORDER BY transfers.id"
        ).fetchall()
        return Reply(200, {"transfers": [dict(row) for row in rows], "balance": balance_of(db)})
