"""What was told of by webhook, and telling it again at once: many times over, or with a signature that is forged."""

import sqlite3
from typing import Any

import httpx

from sandbox.calls import Call, Refusal, Reply, whole_number
from sandbox.control import unprocessable
from sandbox.settings import Settings
from sandbox.store import instant
from sandbox.webhooks import headers_of

SHOWN, MOST_SHOWN = 10, 100
MOST_COPIES = 20
#: Seconds for one delivery by hand; whoever pressed the button waits for it.
PATIENCE = 2.0


def list_events(call: Call) -> Reply:
    """GET /_control/events?limit: the newest events with their bodies and how telling them went, newest first."""
    limit = whole_number(call.query.get("limit", SHOWN))
    if not limit or limit > MOST_SHOWN:
        raise unprocessable("limit", f"A whole number from 1 to {MOST_SHOWN}.")
    with call.store.reading() as db:
        rows = db.execute(
            "SELECT events.id, name AS event, reference, created_at, body, COUNT(deliveries.id) AS copies, "
            "COUNT(delivered_at) AS arrived, COALESCE(SUM(attempts), 0) AS attempts, "
            "COALESCE((SELECT last_answer FROM deliveries WHERE event_id = events.id ORDER BY id DESC LIMIT 1), '') "
            "AS last_answer FROM events LEFT JOIN deliveries ON event_id = events.id "
            "WHERE events.id IN (SELECT id FROM events ORDER BY id DESC LIMIT ?) "
            "GROUP BY events.id ORDER BY events.id DESC",
            (limit,),
        ).fetchall()
    return Reply(200, {"events": [dict(row) for row in rows]})


def deliver_event(call: Call) -> Reply:
    """POST /_control/events/ID/deliver {"copies"?, "forged"?}: send it now, one copy after another; the answers.

    A forged one carries a signature that another key made, and is not counted among those sent.
    """
    copies, forged = read_delivery(call)
    with call.store.reading() as db:
        event = db.execute("SELECT * FROM events WHERE id = ?", (whole_number(call.path["id"]),)).fetchone()
    if event is None:
        raise Refusal(Reply(404, {"error": "No such event was ever made."}))
    body = event["body"].encode()
    headers = headers_of(body, "not the key" if forged else call.settings.paystack_key)
    # Outside any transaction: whoever takes it may well call here before answering.
    answers = send_copies(call.settings, body, headers, copies)
    if not forged:
        with call.store.writing() as db:
            note_deliveries(db, event["id"], answers)
    return Reply(200, {"answers": answers})


def read_delivery(call: Call) -> tuple[int, bool]:
    """How many copies, and whether forged."""
    try:
        wish: dict[str, Any] = call.fields()
    except ValueError:
        raise unprocessable("", "The body must be a JSON object.") from None
    copies, forged = wish.get("copies", 1), wish.get("forged", False)
    if isinstance(copies, str) or not whole_number(copies) or copies > MOST_COPIES:
        raise unprocessable("copies", f"A whole number from 1 to {MOST_COPIES}.")
    if not isinstance(forged, bool):
        raise unprocessable("forged", "true or false.")
    return copies, forged


def send_copies(settings: Settings, body: bytes, headers: dict[str, str], copies: int) -> list[str]:
    """The status of each, or what went wrong; after a time-out no further one is sent."""
    answers: list[str] = []
    with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
        for _ in range(copies):
            try:
                answers.append(str(client.post(settings.webhook_url, content=body, headers=headers).status_code))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return [*answers, type(error).__name__]
    return answers


def note_deliveries(db: sqlite3.Connection, event_id: int, answers: list[str]) -> None:
    """Keep what was sent by hand; it is not sent again by itself, whatever the answer. Call inside a transaction."""
    now = instant()
    db.executemany(
        "INSERT INTO deliveries (event_id, attempts, due_at, delivered_at, last_answer) VALUES (?, 1, 0, ?, ?)",
        [(event_id, now, answer) for answer in answers],
    )
