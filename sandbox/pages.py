"""The pages that people see: the checkout and the meeting room. No script, one style sheet, nothing from elsewhere."""

import hashlib
import html
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.calls import Call, Refusal
from sandbox.paystack import OUTCOMES, UNDER_WAY, UNPAID, find_by_code, settle
from sandbox.zoom import find_meeting, missing, shown_time

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "static" / "sandbox.css").read_bytes()
STYLE_URL = f"/static/sandbox.{hashlib.sha256(STYLE).hexdigest()[:12]}.css"
TEMPLATES = {path.stem: Template(path.read_text("utf-8")) for path in (FOLDER / "templates").glob("*.html")}
# There is no form-action: browsers would also apply it to the redirect back to the merchant.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors "
NOTICES = {"failed": "That attempt was declined. You can try again."} | dict.fromkeys(
    UNDER_WAY, "A transfer is under way. Pay lets it arrive, Decline lets it fail."
)
RESULTS = {
    "success": ("Payment received", "The payment went through."),
    "reversed": ("Payment refunded", "This payment was made, and has been given back."),
    "failed": ("Payment declined", "The card was declined. Nothing was charged."),
    "abandoned": ("Payment not made", "The checkout was closed. Nothing was charged."),
} | dict.fromkeys(UNDER_WAY, ("Transfer begun", "The money has not arrived. Open this page again to let it, or fail."))


def page(name: str, values: Mapping[str, str], *, title: str, status: int = 200, framed: bool = False) -> Response:
    """A page around the template of this name; every value is escaped."""
    inner = TEMPLATES[name].substitute({key: html.escape(value) for key, value in values.items()})
    whole = TEMPLATES["page"].substitute(title=html.escape(title), style=STYLE_URL, main=inner)
    headers = {
        "content-security-policy": POLICY + ("*" if framed else "'none'"),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(whole, status, headers)


def message(title: str, text: str, *, status: int = 200, framed: bool = False) -> Response:
    return page("message", {"title": title, "text": text}, title=title, status=status, framed=framed)


def naira(kobo: int) -> str:
    return f"₦{kobo // 100:,}.{kobo % 100:02}"


def show_checkout(call: Call) -> Response:
    """GET /checkout/CODE"""
    with call.store.reading() as db:
        row = find_by_code(db, call.path["code"])
    if row is None:
        return unknown_checkout()
    if row["status"] not in UNPAID:
        return show_result(row)
    values = {
        "merchant": call.settings.merchant,
        "amount": naira(row["amount"]),
        "reference": row["reference"],
        "email": row["email"],
        "notice": NOTICES.get(row["status"], ""),
    }
    return page("checkout", values, title=f"Pay {call.settings.merchant}")


def post_checkout(call: Call) -> Response:
    """POST /checkout/CODE outcome=success|failed|pending|abandoned: what the four buttons do."""
    try:
        outcome = call.fields().get("outcome")
    except ValueError:
        outcome = None
    if not isinstance(outcome, str) or outcome not in OUTCOMES:
        return message("Nothing was chosen", "Go back, and choose one of the buttons.", status=400)
    with call.store.writing() as db:
        row = settle(db, call.path["code"], outcome)
    if row is None:
        return unknown_checkout()
    if not row["callback_url"]:
        return show_result(row)
    return RedirectResponse(return_address(row), status_code=303, headers={"cache-control": "no-store"})


def unknown_checkout() -> Response:
    return message("No such checkout", "This address belongs to no payment.", status=404)


def show_result(row: sqlite3.Row) -> Response:
    title, text = RESULTS[row["status"]]
    if not row["callback_url"]:
        return message(title, text)
    return page("result", {"title": title, "text": text, "address": return_address(row)}, title=title)


def return_address(row: sqlite3.Row) -> str:
    """The merchant's callback with the reference added twice, as Paystack does, behind what is there already."""
    parts = urlsplit(str(row["callback_url"]))
    added = urlencode({"trxref": row["reference"], "reference": row["reference"]})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def show_meeting(call: Call) -> Response:
    """GET /zoom/j/ID and /zoom/s/ID: the rehearsal room, which any page may embed."""
    try:
        if call.path["role"] not in ("j", "s"):
            raise missing(call.path["id"])
        with call.store.reading() as db:
            row = find_meeting(db, call.path["id"])
    except Refusal:
        return message("No such meeting", "This meeting does not exist, or was deleted.", status=404, framed=True)
    details = json.loads(row["details"])
    start = details.get("start_time")
    values = {
        "topic": details["topic"],
        "time": shown_time(start, details["duration"], details["timezone"]) if start else "Any time",
        "role": "You are in, as the host" if call.path["role"] == "s" else "You are in",
        "number": str(row["id"]),
    }
    return page("meeting", values, title=details["topic"], framed=True)


def show_style(call: Call) -> Response:
    headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(STYLE, media_type="text/css", headers=headers)
