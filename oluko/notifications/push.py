"""Web push: browsers that asked to be told, and what they are sent (RFC 8030, 8291, 8292).

The push service is chosen by the browser, so its address is a stranger's: it is reached by the rules of
`oluko.core.outside` alone. What is sent is encrypted for the browser; the service in between cannot read it.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from email.utils import parseaddr
from functools import cache
from hashlib import sha256

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from py_vapid import Vapid02, VapidException

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.errors import Invalid
from oluko.core.outside import Outside, Unreadable, check_address, opened
from oluko.notifications.kinds import LOCKED, Group
from oluko.notifications.marks import marked
from oluko.notifications.models import Delivery, Notification, PushSubscription

MOST_DEVICES = 10
MOST_ENDPOINT = 1000
MOST_BODY = 300
LONGEST_KEPT = 24 * 3600
SECONDS = 5.0
_GONE = (404, 410)
# What the other side may yet take; anything else it says of this very message.
_TEMPORARY = (408, 425, 429)
_TEMPORARY_CODES = ("too_slow", "unreachable", "no_such_host")


class NoDevice(Exception):
    """The person has no device left that would take it."""


class Refused(Exception):
    """Every device's push service refuses it for good."""


class NotNow(Exception):
    """A push service did not take it now."""


def public_key() -> str:
    """The key by which browsers tie their subscription to this site, base64url; the private one never leaves us."""
    point = _vapid().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).decode().rstrip("=")


@transaction.atomic(durable=True)
def subscribe(person: Person, *, endpoint: str, p256dh: str, auth: str, device: str = "") -> PushSubscription:
    """Keep a browser's subscription; told twice it is kept once, and whoever used the browser before loses it.

    Ten devices at most: the oldest goes. Raises Invalid for what no browser gives.
    """
    _check(endpoint, p256dh, auth)
    row, _created = PushSubscription.objects.update_or_create(
        digest=_digest(endpoint),
        defaults={
            "person": person,
            "endpoint": endpoint,
            "p256dh": p256dh,
            "auth": auth,
            "device": " ".join(device.split())[:80],
        },
    )
    kept = PushSubscription.objects.filter(person=person).order_by("-created_at", "-pk").values_list("pk", flat=True)
    PushSubscription.objects.filter(pk__in=list(kept)[MOST_DEVICES:]).delete()
    return row


def unsubscribe(person: Person, endpoint: str) -> bool:
    """Forget a browser of the person's; False where there was none."""
    return bool(PushSubscription.objects.filter(person=person, digest=_digest(endpoint)).delete()[0])


def send_push(delivery: Delivery) -> None:
    """Send to every device of the person. Raises NoDevice, Refused, or NotNow, after which all are tried again:

    a device that has it already shows the same message once, because it bears the same tag.
    """
    notification = delivery.notification
    devices = list(PushSubscription.objects.filter(person=notification.person))
    payload = _payload(delivery)
    outcomes = [_send(device, payload, notification) for device in devices]
    if "later" in outcomes:
        raise NotNow("a push service did not take it")
    if devices and set(outcomes) == {"refused"}:
        raise Refused("every push service refused it")
    if "taken" not in outcomes:
        raise NoDevice


def _payload(delivery: Delivery) -> bytes:
    notification = delivery.notification
    said = {
        "title": notification.title,
        "body": notification.body[:MOST_BODY],
        "url": marked(delivery, notification.url or reverse("notifications")),
        "tag": f"oluko-{notification.pk}",
    }
    return json.dumps(said).encode()


def _send(device: PushSubscription, payload: bytes, notification: Notification) -> str:
    """`taken`, `gone` (and forgotten), `later` or `refused`."""
    outside = _outside()
    try:
        url = check_address(device.endpoint, outside)
        headers = _headers(f"{url.scheme}://{url.netloc.decode('ascii')}", notification)
        body = _encrypted(device, payload)
        with opened("POST", url, headers, outside, time.monotonic() + SECONDS, body) as answer:
            status = answer.status
    except VapidException:
        # The library signs for no address that is a bare number of six parts; no push service has one.
        return "refused"
    except Unreadable as problem:
        return "later" if problem.code in _TEMPORARY_CODES else "refused"
    if status in _GONE:
        PushSubscription.objects.filter(pk=device.pk).delete()
        return "gone"
    if 200 <= status < 300:
        return "taken"
    return "later" if status in _TEMPORARY or status >= 500 else "refused"


def _headers(audience: str, notification: Notification) -> dict[str, str]:
    urgent = notification.group in LOCKED | {Group.REMINDERS}
    kept = LONGEST_KEPT
    if notification.useful_until:
        kept = max(0, min(kept, int((notification.useful_until - clock.now()).total_seconds())))
    claims = {"aud": audience, "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"}
    return {
        "TTL": str(kept),
        "Urgency": "high" if urgent else "normal",
        "Topic": f"oluko-{notification.pk}"[:32],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        **_vapid().sign(claims),
    }


def _encrypted(device: PushSubscription, payload: bytes) -> bytes:
    sealed: bytes = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decoded(device.p256dh),
        auth_secret=_decoded(device.auth),
        version="aes128gcm",
    )
    return sealed


def _check(endpoint: str, p256dh: str, auth: str) -> None:
    try:
        point, secret = _decoded(p256dh), _decoded(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        if len(secret) != 16 or len(p256dh) > 120 or len(auth) > 40 or len(endpoint) > MOST_ENDPOINT:
            raise ValueError
        check_address(endpoint, _outside())
    except (ValueError, Unreadable):
        raise Invalid(
            "bad_subscription", _("This is no subscription that a browser gives."), field="endpoint"
        ) from None


def _outside() -> Outside:
    """Public addresses; in sandbox mode also what stands beside the sandbox on this machine."""
    return Outside(sandbox=f"{settings.OLUKO_SANDBOX_URL}/push/" if settings.OLUKO_SANDBOX else "", seconds=SECONDS)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _digest(endpoint: str) -> str:
    return sha256(endpoint.encode()).hexdigest()


@cache
def _vapid() -> Vapid02:
    key = Vapid02.from_string(settings.OLUKO_VAPID_PRIVATE_KEY)
    # The library's own pattern refuses addresses of hosts without a dot.
    key.conf = {"no-strict": True}
    return key
