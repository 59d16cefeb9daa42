"""The STUN and TURN servers by which two browsers find each other, as a page is told of them.

A TURN server lends its line to whoever knows a name and a password. Ours are made for one person and some hours, in
the way of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest): nothing that lasts is ever in a page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any
from uuid import UUID

from django.conf import settings

# Longer than the longest session with its lobby and its grace.
LASTS_SECONDS = 6 * 3600


def ice_servers(person_id: UUID) -> list[dict[str, Any]]:
    """What `RTCPeerConnection` takes as iceServers; empty where none is set up."""
    servers: list[dict[str, Any]] = []
    if settings.OLUKO_STUN_URLS:
        servers.append({"urls": settings.OLUKO_STUN_URLS})
    if settings.OLUKO_TURN_URLS:
        username, credential = turn_credentials(person_id, settings.OLUKO_TURN_SECRET, int(time.time()))
        servers.append({"urls": settings.OLUKO_TURN_URLS, "username": username, "credential": credential})
    return servers


def turn_credentials(person_id: UUID, secret: str, now: int) -> tuple[str, str]:
    """Name and password at the TURN server, good for six hours from `now` (seconds since 1970)."""
    username = f"{now + LASTS_SECONDS}:{person_id}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
