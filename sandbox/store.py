"""The sandbox's state: one SQLite file that outlives restarts."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS modes (
    provider TEXT PRIMARY KEY,
    mode TEXT NOT NULL,
    remaining INTEGER
);
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    access_code TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    amount_paid INTEGER,
    currency TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    metadata TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    gateway_response TEXT NOT NULL,
    fees INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    paid_at TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (created_at, id);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    customer_note TEXT NOT NULL,
    merchant_note TEXT NOT NULL,
    settles_at REAL NOT NULL,
    refunded_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_by_transaction ON refunds (transaction_id);
CREATE INDEX IF NOT EXISTS refunds_to_settle ON refunds (settles_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS recipients (
    id INTEGER PRIMARY KEY,
    recipient_code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    account_number TEXT NOT NULL,
    bank_code TEXT NOT NULL,
    currency TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (account_number, bank_code, currency)
);
CREATE TABLE IF NOT EXISTS transfers (
    id INTEGER PRIMARY KEY,
    transfer_code TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL UNIQUE,
    recipient_id INTEGER NOT NULL REFERENCES recipients (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    fee INTEGER NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    ahead TEXT NOT NULL,
    settles_at REAL NOT NULL,
    transferred_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transfers_by_time ON transfers (created_at, id);
CREATE INDEX IF NOT EXISTS transfers_to_settle ON transfers (settles_at) WHERE ahead != '';
CREATE TABLE IF NOT EXISTS top_ups (
    id INTEGER PRIMARY KEY,
    amount INTEGER NOT NULL CHECK (amount > 0),
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS disputes (
    id INTEGER PRIMARY KEY,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    refund_amount INTEGER NOT NULL CHECK (refund_amount > 0),
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT,
    due_at TEXT NOT NULL,
    resolved_at TEXT,
    attachments TEXT,
    history TEXT NOT NULL,
    messages TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS disputes_by_transaction ON disputes (transaction_id);
CREATE INDEX IF NOT EXISTS disputes_due ON disputes (due_at) WHERE status != 'resolved';
CREATE TABLE IF NOT EXISTS evidence (
    id INTEGER PRIMARY KEY,
    dispute_id INTEGER NOT NULL REFERENCES disputes (id),
    details TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS uploads (
    name TEXT PRIMARY KEY,
    dispute_id INTEGER NOT NULL REFERENCES disputes (id),
    size INTEGER
);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    reference TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS host_days (
    user_id TEXT NOT NULL,
    day TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (user_id, day)
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL REFERENCES events (id),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    delivered_at TEXT,
    last_answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE delivered_at IS NULL;
CREATE TABLE IF NOT EXISTS meetings (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at TEXT NOT NULL,
    deleted_at TEXT
);
"""


class Store:
    """One connection shared by all threads; a lock makes every transaction of theirs follow another.

    Its transactions take microseconds, so that taking turns is cheaper than a pool.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(SCHEMA)
        #: Set after every commit, so that the courier looks for work at once instead of polling.
        self.changed = threading.Event()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database for looking things up."""
        with self._turn:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The database inside a transaction, which an exception rolls back."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.changed.set()


def instant(moment: datetime | None = None) -> str:
    """A moment (now, if none is given) as both providers write it: UTC, milliseconds, Z."""
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def next_id(db: sqlite3.Connection, table: str, first: int) -> int:
    """The next number of a table whose numbers start far from 1, as the providers' do."""
    row = db.execute(f"SELECT COALESCE(MAX(id) + 1, ?) FROM {table}", (first,)).fetchone()
    return int(row[0])
