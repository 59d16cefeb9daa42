"""Many signed webhooks at a served site, with a note of what became of each; and what its database has of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.serving import Site

PATH = "/api/webhooks/paystack"
# Quicker than the workers act upon them, and slow enough that they come to an end soon.
PAUSE = 0.1


def body_of(reference: str, *, padding: int = 0) -> bytes:
    """A paid charge of a reference that nobody knows, so that handling it needs no provider."""
    data = {"id": 1, "reference": reference, "status": "success", "amount": 1, "padding": "x" * padding}
    return json.dumps({"event": "charge.success", "data": data}).encode()


def deliver(client: httpx.Client, site: Site, body: bytes) -> httpx.Response | None:
    """Send it once, signed as Paystack would; None where there was no answer."""
    key = f"sk_sandbox_{(site.data / 'sandbox-key').read_text().strip()}"
    signed = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
    headers = {"x-paystack-signature": signed, "content-type": "application/json"}
    try:
        return client.post(site.url + PATH, content=body, headers=headers)
    except httpx.TransportError:
        return None


@dataclass
class Load:
    """Clients that send webhook after webhook until they are told to stop."""

    site: Site
    clients: int = 6
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    _stopping: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        count = 0
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self._stopping:
                count += 1
                body = body_of(f"load-{number}-{count}")
                answer = deliver(client, self.site, body)
                self.answers[answer.status_code if answer else 0] += 1
                if answer is not None and answer.status_code == 200:
                    self.acknowledged.add(digest_of(body))
                time.sleep(PAUSE)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(b"paystack\n" + body).hexdigest()


def stored_events(site: Site) -> dict[str, bool]:
    """The digest of every stored webhook, and whether it was acted upon, as the database itself says."""
    query = "SELECT digest, handled_at IS NOT NULL FROM payments_providerevent"
    if "DATABASE_URL" in site.env:
        import psycopg

        with psycopg.connect(site.env["DATABASE_URL"]) as connection:
            return {str(digest): bool(handled) for digest, handled in connection.execute(query).fetchall()}
    with closing(sqlite3.connect(site.data / "oluko.sqlite3")) as file:
        return {str(digest): bool(handled) for digest, handled in file.execute(query).fetchall()}
