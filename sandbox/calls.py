"""A call to one of the stood-in interfaces: what comes in, what goes out, and what has to be refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.settings import Settings
from sandbox.store import Store

BODY_LIMIT = 256 * 1024
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Reply:
    """An answer in JSON; a body of None is no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends a call with its reply; inside a transaction it also undoes what was done so far."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, with what is needed to answer it."""

    store: Store
    settings: Settings
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The body as JSON or as a form; raises ValueError when it is neither, or no object."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=100))
        try:
            parsed = json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(parsed, dict):
            raise ValueError("not an object")
        return parsed

    def bearer(self) -> str:
        """The token of the Authorization header, or an empty text."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


Operation = Callable[[Call], Reply]


def whole_number(text: Any) -> int | None:
    """A number from 0 to 2**63 - 1 given as one or as digits; None for anything else."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20:
        text = int(text)
    if isinstance(text, bool) or not isinstance(text, int) or not 0 <= text <= LARGEST_ID:
        return None
    return text
