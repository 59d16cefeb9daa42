"""One line an event, with the request id that follows a click from page to payment to job."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")
# Whatever looks like a key or token never reaches a log; behind /calendar/ stands a feed's.
_SECRETS = re.compile(r"(sk_(?:live|test|sandbox)_|Bearer\s+|oluko_|/calendar/)[A-Za-z0-9_\-.]+")


def current_request_id() -> str:
    return _request_id.get()


def set_request_id(value: str) -> None:
    _request_id.set(value)


@contextmanager
def of_request(value: str) -> Iterator[None]:
    """What is done inside belongs to that request."""
    token = _request_id.set(value)
    try:
        yield
    finally:
        _request_id.reset(token)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id() or "-"
        return True


class LineFormatter(logging.Formatter):
    """`2026-11-22T10:00:00Z INFO oluko.payments request-id message`, secrets blanked."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(r"\1…", super().format(record))
