"""Paystack's events: queued with the change that they tell of, delivered outside the paying request."""

import hashlib
import hmac
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from sandbox.calls import Call, Refusal, Reply
from sandbox.control import take_mode, unprocessable
from sandbox.settings import Settings
from sandbox.store import Store, instant

FIRST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 30.0
DELIVERERS = 4
DUPLICATES = 3


def sign(body: bytes, key: str) -> str:
    """What the header x-paystack-signature carries: the hex HMAC-SHA512 of the raw body."""
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def headers_of(body: bytes, key: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "Paystack/2.0 (sandbox)",
        "x-paystack-signature": sign(body, key),
    }


def queue_event(db: sqlite3.Connection, name: str, reference: str, data: Mapping[str, Any]) -> None:
    """Queue an event as the present mode has it: once, three times, or never.

    Call inside the transaction of the change that the event tells of.
    """
    mode = take_mode(db, "paystack", "duplicate-webhooks", "no-webhook")
    copies = {"duplicate-webhooks": DUPLICATES, "no-webhook": 0}.get(mode or "", 1)
    body = json.dumps({"event": name, "data": data}, separators=(",", ":"))
    added = db.execute(
        "INSERT INTO events (name, reference, body, created_at) VALUES (?, ?, ?, ?)", (name, reference, body, instant())
    )
    for _ in range(copies):
        queue_delivery(db, int(added.lastrowid or 0))


def queue_delivery(db: sqlite3.Connection, event_id: int) -> None:
    """Call inside a transaction."""
    db.execute("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", (event_id, time.time()))


def replay_webhook(call: Call) -> Reply:
    """POST /_control/webhooks/replay {"reference", "event"?}: send what was made for a reference again.

    An event that the mode no-webhook kept back is found too: it was made, only never sent.
    """
    try:
        wish = call.fields()
    except ValueError:
        raise unprocessable("", "The body must be a JSON object.") from None
    reference, name = wish.get("reference"), wish.get("event", "charge.success")
    if not isinstance(reference, str) or not isinstance(name, str):
        raise unprocessable("reference", "A reference is needed.")
    with call.store.writing() as db:
        event = db.execute(
            "SELECT id FROM events WHERE reference = ? AND name = ? ORDER BY id DESC", (reference, name)
        ).fetchone()
        if event is None:
            raise Refusal(Reply(404, {"error": f"No {name} was ever made for this reference."}))
        queue_delivery(db, event["id"])
    return Reply(200, {"queued": 1})


class Courier:
    """Delivers what is due, a few at a time, and tries again until a 200 arrives."""

    def __init__(self, store: Store, settings: Settings, settle: Callable[[Store], float]) -> None:
        self._store = store
        self._settings = settings
        self._settle = settle
        self._stopping = False
        self._under_way: set[int] = set()
        self._pool = ThreadPoolExecutor(DELIVERERS, thread_name_prefix="deliverer")
        # Proxies of the environment are ignored: the sandbox reaches the address that it was given.
        self._client = httpx.Client(timeout=httpx.Timeout(10, connect=2), trust_env=False)

    def start(self) -> None:
        threading.Thread(target=self._work, name="courier", daemon=True).start()

    def stop(self) -> None:
        """Start nothing more; what is under way is delivered again after the next start."""
        self._stopping = True
        self._store.changed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        while not self._stopping:
            self._store.changed.clear()
            try:
                pause = min(self._settle(self._store), self._hand_out())
            except (sqlite3.Error, RuntimeError) as error:
                if self._stopping:
                    return
                print(f"sandbox: webhooks pause for a second: {error}", file=sys.stderr, flush=True)
                pause = 1.0
            self._store.changed.wait(max(pause, 0.01))

    def _hand_out(self) -> float:
        """Give due deliveries to idle deliverers; the seconds until the next one is due."""
        with self._store.reading() as db:
            # Noted together with the reading, or a delivery that ends in between would be handed out again.
            busy = set(self._under_way)
            waiting = db.execute(
                "SELECT deliveries.id, due_at, body FROM deliveries JOIN events ON events.id = event_id "
                "WHERE delivered_at IS NULL ORDER BY due_at, deliveries.id LIMIT ?",
                (DELIVERERS + len(busy) + 1,),
            ).fetchall()
        for row in waiting:
            if row["id"] in busy:
                continue
            if row["due_at"] > time.time():
                return float(row["due_at"]) - time.time()
            if len(self._under_way) == DELIVERERS:
                break
            self._under_way.add(row["id"])
            self._pool.submit(self._deliver, row["id"], row["body"].encode())
        return LONGEST_BACK_OFF

    def _deliver(self, delivery_id: int, body: bytes) -> None:
        try:
            self._record(delivery_id, self._send(body))
        except sqlite3.Error as error:
            # Nothing was noted, so it is due again at once: a full disk must not become a flood of webhooks.
            print(f"sandbox: a delivery could not be noted: {error}", file=sys.stderr, flush=True)
            time.sleep(1)
        finally:
            self._under_way.discard(delivery_id)
            self._store.changed.set()

    def _record(self, delivery_id: int, answer: str) -> None:
        with self._store.writing() as db:
            if answer == "200":
                db.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, last_answer = '200', delivered_at = ? WHERE id = ?",
                    (instant(), delivery_id),
                )
            else:
                # 0.5 s after the first failure, twice as long after each further one, at most 30 s.
                db.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, last_answer = ?, "
                    "due_at = ? + MIN(?, ? * (1 << MIN(attempts, 10))) WHERE id = ?",
                    (answer, time.time(), LONGEST_BACK_OFF, FIRST_BACK_OFF, delivery_id),
                )

    def _send(self, body: bytes) -> str:
        """The status that came back, or what went wrong."""
        headers = headers_of(body, self._settings.paystack_key)
        try:
            return str(self._client.post(self._settings.webhook_url, content=body, headers=headers).status_code)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
