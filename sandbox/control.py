"""Telling the sandbox to misbehave, and seeing what it has done. No provider has these routes."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sandbox.calls import Call, Refusal, Reply, whole_number
from sandbox.store import Store

NORMAL = "normal"
MODES = {
    "paystack": (
        NORMAL, "timeout", "timeout-before", "error", "duplicate-webhooks", "no-webhook", "wrong-amount",
        "failed-refunds", "no-balance", "transfer-failed", "transfer-reversed", "transfer-reversed-later",
        "transfer-pending", "transfer-otp", "transfer-received", "transfer-abandoned", "transfer-blocked",
        "transfer-rejected", "transfer-unseen",
    ),
    "zoom": (NORMAL, "timeout", "error", "rate-limit", "daily-limit"),
}  # fmt: skip
#: What can be done beside setting a mode, by provider and name; each is called inside a transaction.
Directions = Mapping[str, Mapping[str, Callable[[sqlite3.Connection, Call, Any], None]]]


def present_mode(db: sqlite3.Connection, provider: str) -> tuple[str, int | None]:
    """The mode of a provider and for how many more calls it lasts (None: until it is changed)."""
    row = db.execute("SELECT mode, remaining FROM modes WHERE provider = ?", (provider,)).fetchone()
    return (row["mode"], row["remaining"]) if row else (NORMAL, None)


def take_mode(db: sqlite3.Connection, provider: str, *wanted: str) -> str | None:
    """The provider's mode if it is one of the wanted, which uses one of a limited number up.

    Call inside a transaction.
    """
    mode, remaining = present_mode(db, provider)
    if mode not in wanted:
        return None
    if remaining is not None:
        set_mode(db, provider, mode if remaining > 1 else NORMAL, remaining - 1 if remaining > 1 else None)
    return mode


def set_mode(db: sqlite3.Connection, provider: str, mode: str, times: int | None) -> None:
    """Call inside a transaction."""
    db.execute(
        "INSERT INTO modes VALUES (?, ?, ?) "
        "ON CONFLICT (provider) DO UPDATE SET mode = excluded.mode, remaining = excluded.remaining",
        (provider, mode, times),
    )


def describe_modes(store: Store) -> dict[str, Any]:
    with store.reading() as db:
        present = {provider: present_mode(db, provider) for provider in MODES}
    return {provider: {"mode": mode, "times": times} for provider, (mode, times) in present.items()}


def show_modes(call: Call) -> Reply:
    """GET /_control"""
    return Reply(200, describe_modes(call.store))


def change_modes(call: Call, directions: Directions) -> Reply:
    """POST /_control: all of it is right, or nothing changes."""
    try:
        wishes = call.fields()
    except ValueError:
        raise unprocessable("", "The body must be a JSON object.") from None
    with call.store.writing() as db:
        for provider, wish in wishes.items():
            others = directions.get(provider, {})
            if (read := read_wish(provider, wish, others)) is not None:
                set_mode(db, provider, *read)
            for name in others.keys() & (wish or {}).keys():
                others[name](db, call, wish[name])
    return Reply(200, describe_modes(call.store))


def read_wish(provider: str, wish: Any, others: Collection[str]) -> tuple[str, int | None] | None:
    """A mode and its number of calls from what was sent for a provider; null resets.

    None where something else is wanted, and the mode is to stay.
    """
    if provider not in MODES:
        raise unprocessable(provider, f"Known are {', '.join(MODES)}.")
    wish = {} if wish is None else wish
    if not isinstance(wish, dict) or not wish.keys() <= {"mode", "times", *others}:
        known = "".join(f', "{name}": …' for name in others)
        raise unprocessable(provider, f'Send {{"mode": …, "times": …{known}}} or null.')
    if wish.keys() & set(others) and "mode" not in wish:
        return None
    mode = NORMAL if wish.get("mode") is None else wish["mode"]
    if mode not in MODES[provider]:
        raise unprocessable(f"{provider}.mode", f"Known are {', '.join(MODES[provider])}.")
    times = wish.get("times")
    if times is not None and (isinstance(times, str) or not whole_number(times)):
        raise unprocessable(f"{provider}.times", "A whole number from 1, or null for no limit.")
    return mode, None if mode == NORMAL else times


def unprocessable(field: str, message: str) -> Refusal:
    return Refusal(Reply(422, {"error": message, "errors": [{"field": field, "message": message}]}))


def list_transactions(call: Call) -> Reply:
    """GET /_control/transactions: every transaction with its refunds, oldest first; amounts in kobo."""
    with call.store.reading() as db:
        refunds: dict[int, list[dict[str, Any]]] = {}
        for row in db.execute("SELECT id, transaction_id, amount, status, merchant_note FROM refunds ORDER BY id"):
            refunds.setdefault(row["transaction_id"], []).append(
                {"id": row["id"], "amount": row["amount"], "status": row["status"], "note": row["merchant_note"]}
            )
        found = [dict(row) for row in db.execute("SELECT * FROM transactions ORDER BY id")]
    for transaction in found:
        transaction["metadata"] = json.loads(transaction["metadata"])
        transaction["refunds"] = refunds.get(transaction["id"], [])
    return Reply(200, {"transactions": found})


def list_meetings(call: Call) -> Reply:
    """GET /_control/meetings: every meeting ever made, the deleted ones too, oldest first."""
    with call.store.reading() as db:
        found = [dict(row) for row in db.execute("SELECT * FROM meetings ORDER BY created_at, id")]
    return Reply(200, {"meetings": [{**row, **json.loads(row.pop("details"))} for row in found]})


def list_webhooks(call: Call) -> Reply:
    """GET /_control/webhooks: every delivery and how it goes, oldest first."""
    with call.store.reading() as db:
        rows = db.execute(
            "SELECT deliveries.id, name AS event, reference, attempts, delivered_at, last_answer "
            "FROM deliveries JOIN events ON events.id = event_id ORDER BY deliveries.id"
        ).fetchall()
    return Reply(200, {"webhooks": [dict(row) for row in rows]})
