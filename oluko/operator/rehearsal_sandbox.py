"""Talking to the sandbox about itself: how it misbehaves, what it told us, and telling it to do otherwise.

Only in sandbox mode. None of this is a provider's interface; what goes to Paystack and Zoom goes through their rooms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from oluko.core.errors import Conflict, Unavailable
from oluko.core.gateway import GatewayError, Line

SECONDS = 3.0
#: As the sandbox waits for each of the answers, and ten copies go one after the other.
DELIVERY_SECONDS = 8.0


class SandboxDown(Unavailable):
    """The sandbox does not answer: it is not running, or is being started again."""

    def __init__(self) -> None:
        super().__init__("sandbox_down", _("The sandbox does not answer. `oluko serve` starts it again by itself."))


@dataclass(frozen=True)
class Mode:
    """How a provider behaves, and for how many more calls (None: until it is changed)."""

    name: str
    times: int | None


@dataclass(frozen=True)
class Told:
    """An event of Paystack's: whether and how it was told to us. `made_at` is real time, aware."""

    id: int
    name: str
    reference: str
    body: bytes
    made_at: datetime
    copies: int
    arrived: int
    last_answer: str


class Sandbox:
    """One a process, by `sandbox()`. Every method raises SandboxDown when no answer comes."""

    def __init__(self, url: str) -> None:
        self._line = Line(url)

    def modes(self) -> dict[str, Mode]:
        """Paystack's and Zoom's present behaviour."""
        return _modes(self._ask("GET", "/_control"))

    def tell(self, wishes: dict[str, Any]) -> dict[str, Mode]:
        """Change modes, open a dispute, add to the balance; the modes as they are then. Raises Conflict if refused."""
        return _modes(self._ask("POST", "/_control", json=wishes))

    def charged(self) -> list[str]:
        """References of what was charged and can be disputed, newest first."""
        rows = self._ask("GET", "/_control/transactions")["transactions"]
        return [str(row["reference"]) for row in reversed(rows) if row["status"] == "success"]

    def balance(self) -> int:
        """What Paystack holds for us, in kobo."""
        return int(self._ask("GET", "/_control/transfers")["balance"])

    def events(self, limit: int) -> list[Told]:
        """The newest events, newest first."""
        return [
            Told(
                id=int(row["id"]),
                name=str(row["event"]),
                reference=str(row["reference"]),
                body=str(row["body"]).encode(),
                made_at=datetime.fromisoformat(row["created_at"]),
                copies=int(row["copies"]),
                arrived=int(row["arrived"]),
                last_answer=str(row["last_answer"]),
            )
            for row in self._ask("GET", "/_control/events", params={"limit": str(limit)})["events"]
        ]

    def deliver(self, event_id: int, *, copies: int, forged: bool) -> list[str]:
        """Let it send an event to us at once, over HTTP; our answers, each a status or what went wrong."""
        wish = {"copies": copies, "forged": forged}
        path = f"/_control/events/{event_id}/deliver"
        return [str(answer) for answer in self._ask("POST", path, seconds=DELIVERY_SECONDS, json=wish)["answers"]]

    def _ask(self, method: str, path: str, *, seconds: float = SECONDS, **request: Any) -> dict[str, Any]:
        try:
            response = self._line.call(method, path, seconds=seconds, **request)
            answer: dict[str, Any] = response.json()
        except (GatewayError, ValueError):
            raise SandboxDown from None
        if response.status_code >= 500:
            raise SandboxDown
        if response.status_code >= 400:
            refused = _("The sandbox refused: %(why)s") % {"why": answer.get("error", response.status_code)}
            raise Conflict("sandbox_refused", refused)
        return answer


def _modes(answer: dict[str, Any]) -> dict[str, Mode]:
    return {provider: Mode(str(one["mode"]), one["times"]) for provider, one in answer.items()}


@cache
def sandbox() -> Sandbox:
    """This process's line to it."""
    return Sandbox(settings.OLUKO_SANDBOX_URL)
