"""A sandbox of each test's own, and a place for its webhooks to arrive."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conversation import KEY, wait_until
from tests.sandbox_process import Sandbox, run_sandbox


@dataclass
class Receiver:
    """Takes webhooks in; `status` is what it answers, and may be changed while it runs."""

    url: str
    status: int = 200
    arrived: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def wait_for(self, number: int) -> list[tuple[bytes, dict[str, str]]]:
        wait_until(lambda: len(self.arrived) >= number)
        return self.arrived


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            there.arrived.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(there.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Receiver(f"http://127.0.0.1:{server.server_port}/webhooks")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield there
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path, KEY, receiver.url) as running:
        yield running


@pytest.fixture
def paystack(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def initialize(paystack: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Start a transaction of ada's over 5,000 naira, changed as told; its data."""

    def start(**changes: Any) -> dict[str, Any]:
        wish = {"email": "ada@demo.test", "amount": 500_000, "callback_url": "http://127.0.0.1:9/back?step=2"} | changes
        answer = paystack.post("/transaction/initialize", json=wish)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    return start


@pytest.fixture
def pay(sandbox: Sandbox, initialize: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Start a transaction and pay it; its reference."""

    def start_and_pay(**changes: Any) -> str:
        data = initialize(**changes)
        sandbox.check_out(data["authorization_url"], "success")
        return str(data["reference"])

    return start_and_pay
