"""How we learn that a message was opened: its links name the delivery, and its own person follows one signed in.

No picture is fetched and nobody is sent through another address; a mail program that looks at links ahead has no
session, and so opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from oluko.core import clock
from oluko.notifications.models import Delivery, Notification

PARAMETER = "from"
_SALT = "oluko.notifications.opened"
_DIGITS = 16


def marked(delivery: Delivery, path: str) -> str:
    """A path of this site that tells, when it is asked for, by which delivery the person came."""
    parts = urlsplit(path)
    query = f"{parts.query}&" if parts.query else ""
    mark = f"{delivery.channel.lower()}-{delivery.pk}-{_digest(delivery.pk)}"
    return parts._replace(query=f"{query}{PARAMETER}={mark}").geturl()


def opened(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Note the delivery that a page was reached by; the notification is read then."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        # Most requests have no such word, and cost nothing here.
        if f"{PARAMETER}=" in request.META.get("QUERY_STRING", ""):
            _note(request)
        return get_response(request)

    return handle


def _note(request: HttpRequest) -> None:
    _channel, _dash, rest = request.GET.get(PARAMETER, "").partition("-")
    number, _dash, digest = rest.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or not request.user.is_authenticated:
        return
    if not constant_time_compare(digest, _digest(int(number))):
        return
    now = clock.now()
    own = Delivery.objects.filter(pk=int(number), notification__person_id=request.user.pk)
    own.filter(opened_at__isnull=True).update(opened_at=now)
    Notification.objects.filter(deliveries__in=own, read_at__isnull=True).update(read_at=now)


def _digest(pk: int) -> str:
    return salted_hmac(_SALT, str(pk), algorithm="sha256").hexdigest()[:_DIGITS]
