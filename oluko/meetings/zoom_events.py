"""What Zoom tells of its meetings by webhooks: proof of the sender, and who came and went.

Source: Zoom's description of webhooks (signature, URL validation) and of the events meeting.*.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from oluko.bookings.models import Booking
from oluko.core import clock
from oluko.meetings.models import Attendance, Meeting
from oluko.meetings.presence import note_arrival, note_departure, note_end

WINDOW_SECONDS = 300
_ZOOM = Attendance.Source.ZOOM
# What signs a challenge must never sign a request: those begin with "v0:".
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_\-+/=.]{1,200}")


def signature_is_valid(body: bytes, signature: str, timestamp: str) -> bool:
    """Whether Zoom signed this body within the last five minutes (real time). False where no secret is set."""
    secret = settings.OLUKO_ZOOM_WEBHOOK_SECRET
    if not secret or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 14:
        return False
    if abs(time.time() - int(timestamp)) > WINDOW_SECONDS:
        return False
    return hmac.compare_digest(f"v0={_seal(b'v0:' + timestamp.encode() + b':' + body)}".encode(), signature.encode())


def answer_challenge(payload: Mapping[str, Any]) -> dict[str, str] | None:
    """What proves to Zoom that this address is ours; None without a secret, or for what is no token of Zoom's."""
    token = payload.get("plainToken")
    if not settings.OLUKO_ZOOM_WEBHOOK_SECRET or not isinstance(token, str) or not _PLAIN_TOKEN.fullmatch(token):
        return None
    return {"plainToken": token, "encryptedToken": _seal(token.encode())}


def apply_event(name: str, payload: object) -> None:
    """Note who came and went. Events of meetings, people and kinds that we do not know do nothing."""
    about = payload.get("object") if isinstance(payload, Mapping) else None
    if not isinstance(about, Mapping):
        return
    meeting = _meeting(about)
    if meeting is None:
        return
    if name == "meeting.ended":
        at = _instant(about.get("end_time"))
        if at is not None:
            note_end(meeting.pk, _ZOOM, at)
        return
    participant = about.get("participant")
    person_id = _who(meeting.booking, participant) if isinstance(participant, Mapping) else None
    if person_id is None or not isinstance(participant, Mapping):
        return
    joined, left = _instant(participant.get("join_time")), _instant(participant.get("leave_time"))
    if name == "meeting.participant_joined" and joined is not None:
        note_arrival(meeting.pk, person_id, _ZOOM, joined)
    elif name == "meeting.participant_left" and left is not None:
        note_departure(meeting.pk, person_id, _ZOOM, left)


def _meeting(about: Mapping[str, Any]) -> Meeting | None:
    # Zoom sends the number as a text or as a number.
    rows = Meeting.objects.select_related("booking__tutor", "booking__student")
    return rows.filter(provider_id=str(about.get("id") or "-")[:60], provider="zoom").first()


def _who(booking: Booking, participant: Mapping[str, Any]) -> UUID | None:
    """Which of the two it is: by the key that our own page gives, by address, or by a name that one alone has."""
    people = (booking.tutor, booking.student)
    key = str(participant.get("customer_key") or "")
    email = str(participant.get("email") or "").casefold()
    name = " ".join(str(participant.get("user_name") or "").split()).casefold()
    for person in people:
        if key == person.pk.hex or (email and email == person.email.casefold()):
            return person.pk
    named = [person.pk for person in people if name and name == " ".join(person.name.split()).casefold()]
    return named[0] if len(named) == 1 else None


def _instant(said: object) -> datetime | None:
    """Zoom's real time as business time, which is what presence is kept in."""
    if not isinstance(said, str):
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) + clock.offset()


def _seal(message: bytes) -> str:
    return hmac.new(settings.OLUKO_ZOOM_WEBHOOK_SECRET.encode(), message, hashlib.sha256).hexdigest()
