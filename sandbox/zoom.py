"""Zoom's meetings, by the server-to-server sign-in of today and the meeting shapes of its API."""

import base64
import binascii
import functools
import hashlib
import hmac
import json
import re
import secrets
import sqlite3
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from sandbox import control
from sandbox.calls import Call, Operation, Refusal, Reply, whole_number
from sandbox.settings import Settings
from sandbox.store import instant

TOKEN_LIFETIME = 3600
LOWEST_ID, HIGHEST_ID = 80_000_000_000, 89_999_999_999
SCHEDULED = 2
MEETING_TYPES = {1, 2, 3, 8}
AGENDA_LIMIT, TOPIC_LIMIT = 2000, 200
LISTED_AGENDA = 250
SETTINGS = {
    "host_video": False,
    "participant_video": False,
    "cn_meeting": False,
    "in_meeting": False,
    "join_before_host": False,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "enforce_login": False,
    "waiting_room": False,
}


def refused(status: int, code: int, message: str, **more: Any) -> Refusal:
    """Zoom's error shape."""
    return Refusal(Reply(status, {"code": code, "message": message, **more}))


def invalid(field: str, message: str) -> Refusal:
    return refused(400, 300, "Validation Failed.", errors=[{"field": field, "message": message}])


def missing(meeting_id: str) -> Refusal:
    return refused(404, 3001, f"Meeting does not exist: {meeting_id}.")


def outage(call: Call) -> Reply:
    """What the mode error answers: 503 to a write, 500 to a read."""
    return Reply(500 if call.method == "GET" else 503, {"code": -1, "message": "Service temporarily unavailable."})


def rate_limited(call: Call) -> Reply:
    message = "You have reached the maximum per-second rate limit for this API. Try again later."
    return Reply(429, {"code": 429, "message": message}, {"Retry-After": "1"})


def count_call(call: Call, user: str) -> None:
    """Making and changing meetings is limited a user and day (UTC); more is refused, as Zoom does."""
    today = datetime.now(UTC).date()
    key = (user, today.isoformat())
    with call.store.writing() as db:
        db.execute("INSERT INTO host_days VALUES (?, ?, 0) ON CONFLICT DO NOTHING", key)
        used = db.execute("SELECT used FROM host_days WHERE user_id = ? AND day = ?", key).fetchone()["used"]
        refused = used >= call.settings.zoom_calls_a_day or control.take_mode(db, "zoom", "daily-limit")
        if not refused:
            db.execute("UPDATE host_days SET used = used + 1 WHERE user_id = ? AND day = ?", key)
    if refused:
        message = "You have exceeded the daily rate limit for Meeting Create/Update API requests."
        again = f"{today + timedelta(days=1):%Y-%m-%d}T00:00:00Z"
        raise Refusal(Reply(429, {"code": 429, "message": message}, {"Retry-After": again}))


def forget_calls(db: sqlite3.Connection, call: Call, wish: Any) -> None:
    """POST /_control {"zoom": {"newDay": true}}: as if the date had changed. Call inside a transaction."""
    db.execute("DELETE FROM host_days")


def create_token(call: Call) -> Reply:
    """POST /oauth/token: grant_type=account_credentials and account_id, with the client's id and secret by Basic."""
    settings = call.settings
    asked = dict(call.query) | dict(parse_qsl(call.body.decode("utf-8", "replace")))
    if not settings.zoom_client_secret or basic(call) != f"{settings.zoom_client_id}:{settings.zoom_client_secret}":
        raise Refusal(Reply(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}))
    if asked.get("grant_type") != "account_credentials":
        raise Refusal(Reply(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}))
    if asked.get("account_id") != settings.zoom_account_id:
        raise Refusal(Reply(400, {"reason": "Bad Request", "error": "invalid_request"}))
    ends = str(int(time.time()) + TOKEN_LIFETIME)
    token = {
        "access_token": f"{ends}.{seal(settings, ends)}",
        "token_type": "bearer",
        "expires_in": TOKEN_LIFETIME - 1,
        "scope": "meeting:read:admin meeting:write:admin",
        "api_url": settings.public_url,
    }
    return Reply(200, token)


def basic(call: Call) -> str:
    """The user and password of the Authorization header, or an empty text."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        return base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        return ""


def seal(settings: Settings, ends: str) -> str:
    """Tokens are sealed rather than kept, and so survive a restart."""
    return hmac.new(settings.zoom_client_secret.encode(), f"zoom {ends}".encode(), hashlib.sha256).hexdigest()


def signed_in(operation: Operation) -> Operation:
    @functools.wraps(operation)
    def guarded(call: Call) -> Reply:
        ends, _, given = call.bearer().partition(".")
        known = bool(call.settings.zoom_client_secret) and ends.isascii() and ends.isdigit()
        if not known or not hmac.compare_digest(given.encode(), seal(call.settings, ends).encode()):
            raise refused(401, 124, "Invalid access token.")
        if int(ends) < time.time():
            raise refused(401, 124, "Access token is expired.")
        return operation(call)

    return guarded


@signed_in
def create_meeting(call: Call) -> Reply:
    """POST /v2/users/USER/meetings"""
    details: dict[str, Any] = {
        "topic": "Zoom Meeting",
        "type": SCHEDULED,
        "duration": 60,
        "timezone": "UTC",
        "agenda": "",
    }
    details |= read_details(call)
    details["settings"] = SETTINGS | details.get("settings", {})
    details.setdefault("password", f"{secrets.randbelow(900_000) + 100_000}")
    if details["type"] == SCHEDULED and "start_time" not in details:
        details["start_time"] = instant(datetime.now(UTC).replace(microsecond=0))
    unique = base64.b64encode(uuid.uuid4().bytes).decode()
    count_call(call, call.path["user"])
    with call.store.writing() as db:
        number = free_number(db)
        db.execute(
            "INSERT INTO meetings (id, uuid, user_id, details, created_at) VALUES (?, ?, ?, ?, ?)",
            (number, unique, call.path["user"], json.dumps(details), instant()),
        )
        meeting = describe(call.settings, find_meeting(db, str(number)))
    return Reply(201, meeting)


def free_number(db: sqlite3.Connection) -> int:
    while True:
        number = LOWEST_ID + secrets.randbelow(HIGHEST_ID - LOWEST_ID)
        if db.execute("SELECT 1 FROM meetings WHERE id = ?", (number,)).fetchone() is None:
            return number


def find_meeting(db: sqlite3.Connection, meeting_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM meetings WHERE id = ? AND deleted_at IS NULL", (whole_number(meeting_id),)
    ).fetchone()
    if row is None:
        raise missing(meeting_id)
    return row


def describe(settings: Settings, row: sqlite3.Row) -> dict[str, Any]:
    """A meeting as create and retrieve answer; its id is a text, as the API description has it."""
    details: dict[str, Any] = json.loads(row["details"])
    return details | {
        "id": str(row["id"]),
        "uuid": row["uuid"],
        "host_id": hashlib.sha256(row["user_id"].encode()).hexdigest()[:22],
        "status": "waiting",
        "created_at": row["created_at"],
        "start_url": f"{settings.public_url}/zoom/s/{row['id']}?zak={seal(settings, str(row['id']))[:32]}",
        "join_url": f"{settings.public_url}/zoom/j/{row['id']}",
    }


@signed_in
def list_meetings(call: Call) -> Reply:
    """GET /v2/users/USER/meetings?page_size&next_page_token, by number; agendas are cut short, as Zoom does."""
    size = whole_number(call.query.get("page_size", "30"))
    if not size or size > 300:
        raise invalid("page_size", "A whole number from 1 to 300.")
    after = whole_number(call.query.get("next_page_token") or "0")
    if after is None:
        raise refused(400, 300, "The next page token is invalid or expired.")
    with call.store.reading() as db:
        total = db.execute(
            "SELECT COUNT(*) FROM meetings WHERE user_id = ? AND deleted_at IS NULL", (call.path["user"],)
        ).fetchone()[0]
        rows = db.execute(
            "SELECT * FROM meetings WHERE user_id = ? AND deleted_at IS NULL AND id > ? ORDER BY id LIMIT ?",
            (call.path["user"], after, size + 1),
        ).fetchall()
    found = [describe(call.settings, row) for row in rows[:size]]
    private = {"settings", "start_url", "password", "status"}
    meetings = [{name: value for name, value in one.items() if name not in private} for one in found]
    for one in meetings:
        one["agenda"] = one["agenda"][:LISTED_AGENDA]
    token = str(rows[size - 1]["id"]) if len(rows) > size else ""
    body = {"page_size": size, "page_count": -(-total // size), "total_records": total, "next_page_token": token}
    return Reply(200, body | {"meetings": meetings})


@signed_in
def fetch_meeting(call: Call) -> Reply:
    """GET /v2/meetings/ID"""
    with call.store.reading() as db:
        return Reply(200, describe(call.settings, find_meeting(db, call.path["id"])))


@signed_in
def update_meeting(call: Call) -> Reply:
    """PATCH /v2/meetings/ID: only what is sent changes."""
    changes = read_details(call)
    with call.store.reading() as db:
        user = find_meeting(db, call.path["id"])["user_id"]
    count_call(call, user)
    with call.store.writing() as db:
        row = find_meeting(db, call.path["id"])
        details = json.loads(row["details"])
        settings = details["settings"] | changes.get("settings", {})
        details |= changes | {"settings": settings}
        db.execute("UPDATE meetings SET details = ? WHERE id = ?", (json.dumps(details), row["id"]))
    return Reply(204)


@signed_in
def delete_meeting(call: Call) -> Reply:
    """DELETE /v2/meetings/ID"""
    with call.store.writing() as db:
        row = find_meeting(db, call.path["id"])
        db.execute("UPDATE meetings SET deleted_at = ? WHERE id = ?", (instant(), row["id"]))
    return Reply(204)


def read_details(call: Call) -> dict[str, Any]:
    """What was sent about a meeting, checked, start_time in UTC. Unknown fields are ignored, as Zoom does."""
    try:
        sent = call.fields()
    except ValueError:
        raise refused(400, 300, "Request Body should be a valid JSON object.") from None
    details = {}
    for name, is_right in FIELDS.items():
        if sent.get(name) is None:
            continue
        if not is_right(sent[name]):
            raise invalid(name, f"Invalid field: {name}.")
        details[name] = sent[name]
    if "start_time" in details:
        details["start_time"] = in_utc(details["start_time"], details.get("timezone", "UTC"))
    return details


def text_up_to(limit: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def is_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (KeyError, ValueError, OSError):
        return False


def is_password(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9@_*-]{1,10}", value) is not None


FIELDS: dict[str, Callable[[Any], bool]] = {
    "topic": text_up_to(TOPIC_LIMIT),
    "type": lambda value: not isinstance(value, bool) and isinstance(value, int) and value in MEETING_TYPES,
    "start_time": text_up_to(40),
    "duration": lambda value: not isinstance(value, str) and 0 < (whole_number(value) or 0) <= 1440,
    "timezone": is_zone,
    "password": is_password,
    "agenda": text_up_to(AGENDA_LIMIT),
    "tracking_fields": lambda value: isinstance(value, list),
    "settings": lambda value: isinstance(value, dict),
}


def in_utc(text: str, zone: str) -> str:
    """A start as Zoom reads it: with Z it is UTC, without any it is the meeting's local time."""
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise invalid("start_time", "Invalid field: start_time.") from None


def shown_time(start_time: str, duration: int, zone: str) -> str:
    """When a meeting is, in its own zone, the zone named."""
    start = datetime.fromisoformat(start_time).astimezone(ZoneInfo(zone))
    end = start + timedelta(minutes=duration)
    return f"{start:%A %-d %B %Y, %H:%M} – {end:%H:%M} ({zone})"
