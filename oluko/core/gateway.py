"""Calling a provider over HTTP without letting it take the site down.

A site freezes once every serving thread waits on a stuck call. So a process has at most two calls to one
provider in flight; another waits 0.2 s and then gives up; a call inside a request ends after 4 s by our own
deadline, whatever the provider drips; and after five time-outs in a row calls fail at once for 30 s.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlinePassed
from typing import Any

import httpx

IN_FLIGHT = 2
QUEUE_SECONDS = 0.2
REQUEST_SECONDS = 4.0
JOB_SECONDS = 15.0
TIMEOUTS_TO_OPEN = 5
OPEN_SECONDS = 30.0


class GatewayError(Exception):
    """A provider did not do what we asked. `temporary`: the same call may work later."""

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message)
        self.temporary = temporary


class OutcomeUnknown(GatewayError):
    """The call was sent and no usable answer came: it may or may not have had its effect."""

    def __init__(self, message: str) -> None:
        super().__init__(message, temporary=True)


class ProviderBusy(GatewayError):
    """Nothing was sent: too many calls are in flight, or the provider has just failed too often."""

    def __init__(self, message: str) -> None:
        super().__init__(message, temporary=True)


class Line:
    """The line to one provider: a pooled client, a limit of calls in flight, a fuse, a deadline."""

    def __init__(self, base_url: str, headers: dict[str, str] | None = None) -> None:
        self.base_url = base_url
        self._client = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=httpx.Timeout(3.0, connect=1.0),
            limits=httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT),
        )
        self._slots = threading.BoundedSemaphore(IN_FLIGHT)
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="gateway")
        self._lock = threading.Lock()
        self._timeouts = 0
        self._open_until = 0.0

    def call(self, method: str, path: str, *, seconds: float = REQUEST_SECONDS, **request: Any) -> httpx.Response:
        """One call; the answer whatever its status.

        Raises ProviderBusy if nothing was sent, OutcomeUnknown after a time-out or a broken connection.
        """
        if time.monotonic() < self._open_until:
            raise ProviderBusy("The provider has not answered lately; calls rest for half a minute.")
        if not self._slots.acquire(timeout=QUEUE_SECONDS):
            raise ProviderBusy("Too many calls to the provider are in flight.")
        # A job may wait longer than a person: the read time-out follows the deadline.
        timeout = httpx.Timeout(max(seconds - 1.0, 1.0), connect=1.0)
        future = self._pool.submit(self._client.request, method, path, timeout=timeout, **request)
        # The slot is free only when the call has really ended, not when we stopped waiting for it.
        future.add_done_callback(lambda _: self._slots.release())
        return self._answer(future, seconds)

    def _answer(self, future: Future[httpx.Response], seconds: float) -> httpx.Response:
        try:
            response = future.result(timeout=seconds)
        except (DeadlinePassed, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as problem:
            self._count_timeout()
            raise OutcomeUnknown(f"The provider did not answer in time ({type(problem).__name__}).") from problem
        except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
            self._count_timeout()
            raise ProviderBusy(f"The provider cannot be reached ({type(problem).__name__}).") from problem
        except httpx.HTTPError as problem:
            raise OutcomeUnknown(f"The connection to the provider broke ({type(problem).__name__}).") from problem
        with self._lock:
            self._timeouts = 0
        return response

    def _count_timeout(self) -> None:
        with self._lock:
            self._timeouts += 1
            if self._timeouts >= TIMEOUTS_TO_OPEN:
                self._timeouts = 0
                self._open_until = time.monotonic() + OPEN_SECONDS
