"""Zoom: server-to-server sign-in; making, finding, moving and deleting meetings, by its published API description."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from django.conf import settings
from django.utils import timezone

from oluko.core.gateway import JOB_SECONDS, REQUEST_SECONDS, GatewayError, Line, OutcomeUnknown
from oluko.meetings.hosts import ME
from oluko.meetings.shared_token import Issued, current_token, forget_token
from oluko.meetings.zoom_sdk import meeting_password

SCHEDULED = 2
TOPIC_LIMIT, PAGE_SIZE, MOST_PAGES = 200, 300, 60
# A limit that ends later than this is one of the day, not of the second.
SHORT_LIMIT = timedelta(minutes=15)
REST_SECONDS = 5.0
SHORTEST_REST = 1.5


class MeetingMissing(GatewayError):
    """Zoom knows no meeting of this number."""

    def __init__(self) -> None:
        super().__init__("Zoom knows no such meeting.", temporary=False)


class ZoomLimited(GatewayError):
    """Zoom answered 429: it did nothing, and wants to be left alone until `until` (real time)."""

    def __init__(self, until: datetime, *, daily: bool) -> None:
        super().__init__("Zoom's limit of calls is reached.", temporary=True)
        self.until = until
        self.daily = daily


@dataclass(frozen=True)
class ZoomMeeting:
    """A meeting at Zoom. The host's start link is a secret of the account and is left behind here."""

    id: str
    join_url: str
    created_at: str


class Zoom:
    """One account at Zoom. Methods return or raise GatewayError; a write is never repeated here."""

    def __init__(self, *, account_id: str, client_id: str, client_secret: str, url: str, oauth_url: str) -> None:
        self._account_id = account_id
        self._credentials = httpx.BasicAuth(client_id, client_secret)
        self._api, self._oauth = Line(url), Line(oauth_url)
        # Other credentials or another Zoom have another token.
        of = f"{account_id}\n{client_id}\n{client_secret}\n{oauth_url}"
        self._token_name = f"zoom {hashlib.sha256(of.encode()).hexdigest()[:14]}"
        self._rests_until = 0.0

    def create_meeting(
        self, booking_id: UUID, *, topic: str, starts_at: datetime, duration: int, agenda: str = "", host: str = ME
    ) -> ZoomMeeting:
        """Make the meeting of a booking, held by `host`; `duration` in minutes. Its agenda begins with our mark.

        After a temporary GatewayError the meeting may exist all the same: look for it before the next try.
        """
        body = {
            "topic": topic[:TOPIC_LIMIT],
            "type": SCHEDULED,
            "start_time": _utc(starts_at),
            "duration": duration,
            "timezone": "UTC",
            "password": meeting_password(booking_id),
            "agenda": f"{mark(booking_id)}\n{agenda}".strip()[:2000],
            # A tutor need not be the host at Zoom, so both must be able to begin without one.
            "settings": {"join_before_host": True, "waiting_room": False, "approval_type": 2, "auto_recording": "none"},
        }
        return _read_meeting(self._ask("POST", f"/v2/users/{quote(host, safe='')}/meetings", json=body))

    def find_meetings(self, booking_id: UUID, *, host: str = ME) -> list[ZoomMeeting]:
        """The meetings of a host that carry a booking's mark, oldest first."""
        sought = mark(booking_id)
        found = [_read_meeting(row) for row in self._list(host) if str(row.get("agenda") or "").startswith(sought)]
        return sorted(found, key=lambda meeting: (meeting.created_at, meeting.id))

    def move_meeting(self, meeting_id: str, *, starts_at: datetime, duration: int) -> None:
        """Give a meeting another start, `duration` in minutes; everything else of it stays. Raises MeetingMissing.

        After a temporary GatewayError Zoom may have it or not; telling it again does no harm.
        """
        body = {"type": SCHEDULED, "start_time": _utc(starts_at), "duration": duration, "timezone": "UTC"}
        self._ask("PATCH", f"/v2/meetings/{quote(meeting_id, safe='')}", json=body)

    def delete_meeting(self, meeting_id: str) -> None:
        """Delete a meeting; one that is not there any more is as good as deleted."""
        try:
            self._ask("DELETE", f"/v2/meetings/{quote(meeting_id, safe='')}")
        except MeetingMissing:
            return

    def start_url(self, meeting_id: str) -> str:
        """The link that makes who follows it the host. A secret of the account: fetched when needed, never kept.

        Somebody waits for it, so the call is short. Raises MeetingMissing.
        """
        path = f"/v2/meetings/{quote(meeting_id, safe='')}"
        url = self._ask("GET", path, somebody_waits=True).get("start_url")
        if not isinstance(url, str) or not url.startswith("http"):
            raise OutcomeUnknown("Zoom's answer lacks the host's link.")
        return url

    def _list(self, host: str) -> Iterator[dict[str, Any]]:
        token = ""
        for _page in range(MOST_PAGES):
            query = {"type": "scheduled", "page_size": str(PAGE_SIZE), "next_page_token": token}
            answer = self._ask("GET", f"/v2/users/{quote(host, safe='')}/meetings", params=query)
            yield from (row for row in answer.get("meetings", []) if isinstance(row, dict))
            token = str(answer.get("next_page_token") or "")
            if not token:
                return
        raise GatewayError("Zoom lists more meetings than can be searched.", temporary=False)

    def _ask(self, method: str, path: str, *, somebody_waits: bool = False, **request: Any) -> dict[str, Any]:
        self._rest(longest=0.0 if somebody_waits else SHORTEST_REST)
        seconds = REQUEST_SECONDS if somebody_waits else JOB_SECONDS
        token = self._current_token()
        answer = self._send(method, path, token, seconds, **request)
        if answer.status_code == 401:
            # Zoom forgets tokens when the app's secret changes; a refused call did nothing, so it may go again, once.
            forget_token(self._token_name, token)
            answer = self._send(method, path, self._current_token(), seconds, **request)
        if answer.status_code == 429:
            raise self._limited(answer)
        return _read(answer)

    def _rest(self, *, longest: float) -> None:
        """Keep the pause that Zoom asked for; a job sits out a short one, else ZoomLimited is raised."""
        left = self._rests_until - time.monotonic()
        if left > longest:
            raise ZoomLimited(timezone.now() + timedelta(seconds=left), daily=False)
        time.sleep(max(left, 0.0))

    def _send(self, method: str, path: str, token: str, seconds: float, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return self._api.call(method, path, seconds=seconds, headers=headers, **request)

    def _limited(self, answer: httpx.Response) -> ZoomLimited:
        until = _retry_at(answer.headers.get("Retry-After", ""))
        wait = until - timezone.now()
        daily = "daily" in _reason(answer).lower() or wait > SHORT_LIMIT
        if not daily:
            # A limit of the second is the whole account's: this process is quiet as long.
            self._rests_until = time.monotonic() + wait.total_seconds()
        return ZoomLimited(until, daily=daily)

    def _current_token(self) -> str:
        return current_token(self._token_name, self._issue_token)

    def _issue_token(self) -> Issued:
        query = {"grant_type": "account_credentials", "account_id": self._account_id}
        answer = self._oauth.call("POST", "/oauth/token", seconds=JOB_SECONDS, params=query, auth=self._credentials)
        if answer.status_code == 429:
            raise self._limited(answer)
        issued = _read(answer)
        token = str(issued.get("access_token") or "")
        if not token:
            raise GatewayError("Zoom gave no access token.", temporary=False)
        return Issued(token, float(issued.get("expires_in") or 0))


def zoom() -> Zoom | None:
    """The gateway of this site's settings; None where no meeting provider is set up."""
    if not settings.OLUKO_ZOOM_ACCOUNT_ID:
        return None
    return _zoom_of(
        settings.OLUKO_ZOOM_ACCOUNT_ID,
        settings.OLUKO_ZOOM_CLIENT_ID,
        settings.OLUKO_ZOOM_CLIENT_SECRET,
        settings.OLUKO_ZOOM_URL,
        settings.OLUKO_ZOOM_OAUTH_URL,
    )


def mark(booking_id: UUID) -> str:
    """What the agenda of a booking's meeting begins with; lists cut agendas at 250 characters, this is shorter."""
    return f"Oluko booking {booking_id}"


@cache
def _zoom_of(account_id: str, client_id: str, client_secret: str, url: str, oauth_url: str) -> Zoom:
    return Zoom(account_id=account_id, client_id=client_id, client_secret=client_secret, url=url, oauth_url=oauth_url)


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that says yes; raises GatewayError for any other."""
    if answer.status_code == 404:
        raise MeetingMissing
    if answer.status_code >= 400:
        temporary = answer.status_code in (408, 429) or answer.status_code >= 500
        raise GatewayError(f"Zoom answered {answer.status_code}: {_reason(answer)}", temporary=temporary)
    if not answer.content:
        return {}
    try:
        body = answer.json()
    except ValueError:
        raise OutcomeUnknown("Zoom's answer could not be read.") from None
    if not isinstance(body, dict):
        raise OutcomeUnknown("Zoom's answer has another shape than its description.")
    return body


def _retry_at(said: str) -> datetime:
    """When the next call is welcome: Retry-After in seconds, as HTTP's date, or in ISO 8601, which Zoom sends too."""
    now = timezone.now()
    if said.strip().isdigit():
        return now + timedelta(seconds=min(int(said), 86_400))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(said.strip())
        except (ValueError, TypeError):
            continue
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(at, now), now + timedelta(days=1))
    return now + timedelta(seconds=REST_SECONDS)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return "no reason given"
    said = (body.get("message") or body.get("reason")) if isinstance(body, dict) else None
    return str(said or "no reason given")[:200]


def _read_meeting(row: dict[str, Any]) -> ZoomMeeting:
    # The description says that ids are texts; the service itself sends numbers. Both are read.
    number, join_url = row.get("id"), row.get("join_url")
    if not isinstance(number, (str, int)) or not isinstance(join_url, str) or not join_url.startswith("http"):
        raise OutcomeUnknown("Zoom's answer lacks the meeting's number or link.")
    return ZoomMeeting(id=str(number), join_url=join_url, created_at=str(row.get("created_at") or ""))
