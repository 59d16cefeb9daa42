"""The load: a fixed number of connections that ask for one address again and again, in a process of its own.

Every connection waits for its answer before it asks again, so the load is bounded, and ends after its seconds.
One thread over non-blocking reads; an answer's length is taken from its head, and nothing else is parsed.
Times are in seconds inside, in milliseconds in a Result.
"""

from __future__ import annotations

import itertools
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

_READ = 1 << 18
_PATIENCE = 20.0


@dataclass(frozen=True)
class Plan:
    """What to ask for: `request` is the whole text of it, `status` the only answer that is right.

    `file`: JSON of many such texts, asked for in turn instead.
    """

    port: int
    request: str
    status: int
    connections: int
    warm_up: float
    seconds: float
    file: str = ""

    def requests(self) -> Iterator[bytes]:
        """Without end."""
        texts = json.loads(Path(self.file).read_text()) if self.file else [self.request]
        return itertools.cycle([text.encode() for text in texts])


@dataclass(frozen=True)
class Result:
    """`cpu` is the share of one core that the load itself took; near 1 it was the load that was measured."""

    rate: float
    p50: float
    p99: float
    cpu: float


class Unexpected(Exception):
    """An answer with another status, a closed connection, or silence."""


@dataclass
class Connection:
    """One keep-alive connection and the answer that is arriving on it."""

    line: socket.socket
    asked: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    missing: int = -1

    def ask(self, request: bytes) -> None:
        self.answer.clear()
        self.missing = -1
        self.asked = time.perf_counter()
        self.line.sendall(request)

    def read(self) -> bool:
        """Take what has arrived; whether the answer is complete. Raises Unexpected when the server hangs up."""
        part = self.line.recv(_READ)
        if not part:
            raise Unexpected("the server closed a connection")
        if self.missing >= 0:
            self.missing -= len(part)
            return self.missing <= 0
        self.answer += part
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.missing = end + 4 + _length(bytes(self.answer[:end])) - len(self.answer)
        return self.missing <= 0

    @property
    def status(self) -> int:
        return int(self.answer[9:12])


def put_load(plan: Plan) -> Result:
    """Run a plan in a process of its own. Raises Unexpected with what went wrong."""
    words = [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unexpected(done.stderr.strip().rsplit("\n", 1)[-1])
    return Result(**json.loads(done.stdout))


def run(plan: Plan) -> Result:
    """Warm up, measure, hang up."""
    with selectors.DefaultSelector() as selector:
        for _ in range(plan.connections):
            line = socket.create_connection(("127.0.0.1", plan.port), timeout=_PATIENCE)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line, selectors.EVENT_READ, Connection(line))
        try:
            return _measured(plan, selector)
        finally:
            for key in list(selector.get_map().values()):
                key.data.line.close()


def _measured(plan: Plan, selector: selectors.BaseSelector) -> Result:
    requests = plan.requests()
    for key in selector.get_map().values():
        key.data.ask(next(requests))
    _ask_until(time.perf_counter() + plan.warm_up, plan, selector, requests)
    began, cpu = time.perf_counter(), time.process_time()
    waits = _ask_until(began + plan.seconds, plan, selector, requests)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    waits.sort()
    return Result(len(waits) / elapsed, _quantile(waits, 0.5), _quantile(waits, 0.99), cpu / elapsed)


def _ask_until(end: float, plan: Plan, selector: selectors.BaseSelector, requests: Iterator[bytes]) -> list[float]:
    """How long each answer took that was complete before the end."""
    waits = []
    while True:
        ready = selector.select(_PATIENCE)
        if not ready:
            raise Unexpected(f"no answer within {_PATIENCE:g} s")
        for key, _ in ready:
            connection: Connection = key.data
            if not connection.read():
                continue
            now = time.perf_counter()
            if connection.status != plan.status:
                raise Unexpected(f"{connection.status} instead of {plan.status}")
            waits.append(now - connection.asked)
            connection.ask(next(requests))
        if time.perf_counter() >= end:
            return waits


def _length(head: bytes) -> int:
    """The length of the body that follows; none follows a 304."""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if rest and head[9:12] != b"304" else 0


def _quantile(rising: list[float], share: float) -> float:
    """In milliseconds."""
    return rising[min(int(len(rising) * share), len(rising) - 1)] * 1000 if rising else 0.0


if __name__ == "__main__":
    print(json.dumps(asdict(run(Plan(**json.loads(sys.argv[1]))))))
