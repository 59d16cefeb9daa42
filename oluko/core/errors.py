"""What the domain may refuse, and nothing else.

Rules raise these; `oluko.core.middleware` turns them into pages and `oluko.api.problems` into
problem+json (RFC 9457). A specific refusal subclasses one of the children, beside its rule.
"""

from __future__ import annotations


class DomainError(Exception):
    """A refusal that a person can understand. `code` is stable, `message` is translated text."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Invalid(DomainError):
    """422: the input itself is wrong; `errors` maps a field (wire name) to its message."""

    status = 422

    def __init__(
        self, code: str, message: str, *, field: str | None = None, errors: dict[str, str] | None = None
    ) -> None:
        super().__init__(code, message)
        self.errors = errors or ({field: message} if field else {})


class NotAllowed(DomainError):
    """403: signed in, but without the role that this needs."""

    status = 403


class NotFound(DomainError):
    """404: absent, or another's; the two look the same."""

    status = 404


class Conflict(DomainError):
    """409: the state has moved on, or the time is taken."""

    status = 409


class TooLarge(DomainError):
    """413: more bytes than are taken."""

    status = 413


class TooMany(DomainError):
    """429: more of this than one person may have or do."""

    status = 429


class Unavailable(DomainError):
    """503: a provider is slow, busy or down. What was booked is kept."""

    status = 503
