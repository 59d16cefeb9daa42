"""What two browsers tell each other through us until they have found each other: checked, kept, handed on.

We read nothing of it but its shape and its size: offers, answers and candidates of WebRTC (RFC 8829, RFC 8838).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core.errors import Conflict, Invalid, TooMany
from oluko.meetings.models import Seat, Signal

# Bytes of one request; a description with every candidate in it has about ten thousand characters.
BODY_LIMIT = 64 * 1024
SDP_LIMIT, CANDIDATE_LIMIT, NAME_LIMIT = 30_000, 1_000, 256
AT_ONCE, WAITING_LIMIT = 32, 500
_DESCRIPTIONS = ("offer", "answer")


@dataclass(frozen=True)
class Sending:
    """A checked request to hand something on."""

    sender: UUID
    receiver: UUID
    bodies: list[dict[str, Any]]


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request. Raises Invalid, for forms too: these have been read for their token by now."""
    if request.content_type != "application/json":
        raise _bad()
    body = request.body
    if len(body) > BODY_LIMIT:
        raise _bad()
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise _bad() from None
    if not isinstance(given, dict):
        raise _bad()
    return given


def read_id(given: Mapping[str, Any], name: str) -> UUID:
    """A seat's id. Raises Invalid."""
    try:
        return UUID(str(given.get(name) or ""))
    except ValueError:
        raise _bad() from None


def read_sending(given: Mapping[str, Any]) -> Sending:
    """What is to be handed on, of known shape and size. Raises Invalid."""
    signals = given.get("signals")
    if not isinstance(signals, list) or not 0 < len(signals) <= AT_ONCE:
        raise _bad()
    return Sending(read_id(given, "seat"), read_id(given, "to"), [_read_signal(signal) for signal in signals])


def hand_on(booking_id: UUID, person: Person, sending: Sending) -> None:
    """Keep the signals until the other page asks for them.

    Raises Conflict unless the sender's seat is the person's and the receiver's another person's, both of this
    booking; TooMany while too much waits.
    """
    seats = dict(Seat.objects.filter(booking_id=booking_id).values_list("pk", "person_id"))
    receiver = seats.get(sending.receiver)
    if seats.get(sending.sender) != person.pk or receiver in (None, person.pk):
        raise Conflict("no_seat", _("One of the two is not in the room any more."))
    if Signal.objects.filter(booking_id=booking_id).count() + len(sending.bodies) > WAITING_LIMIT:
        raise TooMany("too_many", _("Too many tries to connect; wait some minutes."))
    Signal.objects.bulk_create(
        Signal(booking_id=booking_id, sender=sending.sender, receiver=sending.receiver, body=body)
        for body in sending.bodies
    )


def waiting_for(seat_id: UUID, after: int) -> list[dict[str, Any]]:
    """The signals to a seat that came after the one of the number `after`, oldest first."""
    rows = Signal.objects.filter(receiver=seat_id, pk__gt=after).order_by("pk")[: 4 * AT_ONCE]
    return [{"id": row.pk, "from": str(row.sender), **row.body} for row in rows]


def read_after(given: Mapping[str, Any]) -> int:
    """The number of the last signal that a page has. Raises Invalid."""
    after = given.get("after", 0)
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**63:
        raise _bad()
    return after


def _read_signal(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _bad()
    if given.get("type") in _DESCRIPTIONS:
        return {"type": given["type"], "sdp": _text(given.get("sdp"), SDP_LIMIT)}
    candidate = given.get("candidate")
    if given.get("type") != "candidate" or not isinstance(candidate, dict):
        raise _bad()
    line = candidate.get("sdpMLineIndex")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool) or not 0 <= line < 64):
        raise _bad()
    names = {name: candidate.get(name) for name in ("sdpMid", "usernameFragment")}
    read = {name: None if value is None else _text(value, NAME_LIMIT) for name, value in names.items()}
    words = _text(candidate.get("candidate"), CANDIDATE_LIMIT)
    return {"type": "candidate", "candidate": {"candidate": words, "sdpMLineIndex": line, **read}}


def _text(value: object, longest: int) -> str:
    # PostgreSQL keeps no NUL in JSON.
    if not isinstance(value, str) or len(value) > longest or "\x00" in value or not _encodable(value):
        raise _bad()
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad() -> Invalid:
    return Invalid("bad_signal", _("That is no signal between two browsers."))
