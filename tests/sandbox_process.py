"""Runs the sandbox as the process that it is, for the tests of the sandbox and of whatever talks to it."""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
ZOOM_ACCOUNT_ID = "sandbox-account"
ZOOM_CLIENT_ID = "sandbox-client"
ZOOM_CLIENT_SECRET = "sandbox-zoom-secret"


class _Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: a line for each webhook would bury what a test says."""


@contextmanager
def webhook_sink() -> Iterator[str]:
    """The address of a server that takes every webhook and does nothing, for tests that bring the news themselves.

    Where nobody took them the sandbox would repeat each twice a minute, and after an hour of tests do little else.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhook"
        server.shutdown()


@dataclass
class Sandbox:
    """A running sandbox. Every option of the start is kept, so that it can be started again on its data."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """SIGTERM, and wait for the end; may be called twice."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def control(self, **providers: Any) -> dict[str, Any]:
        """Set modes, as in control(paystack={"mode": "timeout", "times": 1}); answers the present ones."""
        return self._ask("POST", "/_control", json=providers)

    def transactions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_control/transactions")["transactions"]
        return found

    def transfers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_control/transfers")["transfers"]
        return found

    def disputes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_control/disputes")["disputes"]
        return found

    def meetings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_control/meetings")["meetings"]
        return found

    def webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/_control/webhooks")["webhooks"]
        return found

    def replay_webhook(self, reference: str, event: str = "charge.success") -> None:
        self._ask("POST", "/_control/webhooks/replay", json={"reference": reference, "event": event})

    def events(self, limit: int = 10) -> list[dict[str, Any]]:
        """The newest events with their bodies and how telling them went, newest first."""
        found: list[dict[str, Any]] = self._ask("GET", f"/_control/events?limit={limit}")["events"]
        return found

    def deliver(self, event_id: int, **wish: Any) -> list[str]:
        """Send an event at once, as in deliver(1, copies=10) or deliver(1, forged=True); the answers."""
        answers: list[str] = self._ask("POST", f"/_control/events/{event_id}/deliver", json=wish)["answers"]
        return answers

    def check_out(self, authorization_url: str, outcome: str) -> str:
        """Do what a button of the checkout page does; the address that the browser is sent to."""
        answer = httpx.post(authorization_url, data={"outcome": outcome}, timeout=10, trust_env=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = httpx.request(method, self.url + path, timeout=10, trust_env=False, **more)
        assert answer.status_code == 200, answer.text
        asked: dict[str, Any] = answer.json()
        return asked


def start_sandbox(
    data_dir: Path,
    paystack_key: str,
    webhook_url: str,
    *,
    port: int = 0,
    refund_delay: float = 0.2,
    zoom_calls: int = 100_000,
) -> Sandbox:
    """Start it and wait until it says that it is ready; the caller stops it."""
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OLUKO_", "SANDBOX_"))}
    environment |= {
        "SANDBOX_PAYSTACK_KEY": paystack_key,
        "SANDBOX_REFUND_DELAY": str(refund_delay),
        "SANDBOX_TRANSFER_DELAY": str(refund_delay),
        "SANDBOX_ZOOM_ACCOUNT_ID": ZOOM_ACCOUNT_ID,
        "SANDBOX_ZOOM_CLIENT_ID": ZOOM_CLIENT_ID,
        "SANDBOX_ZOOM_CLIENT_SECRET": ZOOM_CLIENT_SECRET,
        "SANDBOX_ZOOM_CALLS_A_DAY": str(zoom_calls),
    }
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        str(port),
        "--data",
        str(data_dir),
        "--webhook-url",
        webhook_url,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    sandbox = Sandbox(f"http://127.0.0.1:{port}", process)
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    if not readable or "ready" not in process.stdout.readline():
        sandbox.stop()
        raise RuntimeError("the sandbox did not start")
    return sandbox


@contextmanager
def run_sandbox(
    data_dir: Path,
    paystack_key: str,
    webhook_url: str,
    *,
    port: int = 0,
    refund_delay: float = 0.2,
    zoom_calls: int = 100_000,
) -> Iterator[Sandbox]:
    """A sandbox for the length of a with block; a free port is picked if none is given."""
    sandbox = start_sandbox(
        data_dir, paystack_key, webhook_url, port=port, refund_delay=refund_delay, zoom_calls=zoom_calls
    )
    try:
        yield sandbox
    finally:
        sandbox.stop()
