"""Zoom's Meeting SDK on a page of ours: signed on the server, loaded from Zoom, under headers of its own.

Source: Zoom's description of the Meeting SDK for web, component view.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.csp import CSP

from oluko.meetings.links import origin

PARTICIPANT = 0
LIFETIME_SECONDS = 2 * 60 * 60
# A server's clock may be a little ahead of Zoom's.
SKEW_SECONDS = 30
_VENDOR = ("react", "react-dom", "redux", "redux-thunk", "lodash")


def is_embedded() -> bool:
    """Whether meetings at Zoom are shown on our own page."""
    return bool(settings.OLUKO_ZOOM_SDK_KEY)


def meeting_password(booking_id: UUID) -> str:
    """The password of a booking's meeting, which is made from our secret and so need not be kept; ten letters."""
    seal = hmac.new(settings.SECRET_KEY.encode(), f"zoom password {booking_id}".encode(), hashlib.sha256)
    return seal.hexdigest()[:10]


def sign_join(meeting_number: str) -> str:
    """The signature that lets a browser into one meeting, as a participant, for two hours (real time)."""
    now = int(time.time()) - SKEW_SECONDS
    ends = now + LIFETIME_SECONDS
    claims = {
        "appKey": settings.OLUKO_ZOOM_SDK_KEY,
        "sdkKey": settings.OLUKO_ZOOM_SDK_KEY,
        "mn": meeting_number,
        "role": PARTICIPANT,
        "iat": now,
        "exp": ends,
        "tokenExp": ends,
    }
    return jwt.encode(claims, settings.OLUKO_ZOOM_SDK_SECRET, algorithm="HS256")


def scripts() -> list[str]:
    """The addresses of the SDK's scripts, in the order in which they are to run."""
    home = settings.OLUKO_ZOOM_SDK_URL
    version = urlsplit(home).path.rpartition("/")[2]
    return [*(f"{home}/lib/vendor/{name}.min.js" for name in _VENDOR), f"{home}/zoom-meeting-embedded-{version}.min.js"]


def policy() -> dict[str, Any]:
    """The content policy of the page that holds the meeting, and of no other."""
    zoom = [origin(settings.OLUKO_ZOOM_SDK_URL), "https://*.zoom.us"]
    return settings.SECURE_CSP | {
        "script-src": [CSP.SELF, CSP.NONCE, "'wasm-unsafe-eval'", "blob:", *zoom],
        # The SDK writes its styles into the page.
        "style-src": [CSP.SELF, CSP.UNSAFE_INLINE, *zoom],
        "connect-src": [CSP.SELF, *zoom, "wss://*.zoom.us"],
        "img-src": [CSP.SELF, "data:", "blob:", *zoom],
        "font-src": [CSP.SELF, "data:", *zoom],
        "media-src": [CSP.SELF, "blob:", *zoom],
        "worker-src": [CSP.SELF, "blob:"],
        "frame-ancestors": [CSP.SELF],
    }
